"""Everything a run wrote is searched for every identity of what it read, in every format, faults included."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

import pytest
import xlsxwriter

from connector.agent import Asked, audit, open_site
from connector.collect import Source
from connector.config import Settings
from connector.contract.harness import IDENTITIES, PARIS, RECORDS, Harness
from connector.demo.organisation import Organisation
from connector.indicators.programme import load_programme
from tests.contract.harnesses import HARNESSES, VARIANTS
from tests.lib.privacy import Identities, texts_of
from tests.lib.run import KEY, Ran, files_of, in_process

FORMATS = {  # a database is never recognised: its own tests look at what it shows
    name: harness for name, harness in (HARNESSES | VARIANTS).items() if harness.adapter != "sql"
}
CANONICAL = Identities.of(RECORDS.ets, *IDENTITIES)
MEASURE = ("--date-mesure", "2025-04-01", "--programme", "esms-2025")


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Temporary files and the access journal of a run go where the test can look."""
    for name in ("tmp", "etat"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.setenv("DUI_CONNECTOR_ETAT", str(tmp_path / "etat"))


def written(harness: Harness, folder: Path) -> list[Path]:
    """A healthy source and one per fault of the contract, each in a folder of its own."""
    spoils = [lambda place: None, *(fault.spoil for fault in harness.faults)]
    places = [folder / f"source-{rank}" for rank in range(len(spoils))]
    for place, spoil in zip(places, spoils, strict=True):
        place.mkdir(parents=True)
        harness.write(RECORDS, place)
        spoil(place)
    return places


def mapping_of(harness: Harness) -> list[str | Path]:
    mapping = harness.settings().mapping
    return ["--mapping", mapping] if mapping else []


def shown(ran: Ran, identities: Identities, *, local: bool = False) -> set[str]:
    return identities.found_in(ran.out, local=local) | identities.found_in(ran.err)


def left_behind(folder: Path, identities: Identities) -> dict[str, set[str]]:
    """File → what it shows and should not; local ids may stand in `local/` alone."""
    found: dict[str, set[str]] = {}
    for path, text in texts_of(folder):
        if secrets := identities.found_in(text, local=path.parent.name == "local"):
            found.setdefault(path.relative_to(folder).as_posix(), set()).update(secrets)
    return found


@pytest.mark.parametrize("name", FORMATS)
def test_an_audit_shows_nobody(name: str, tmp_path: Path) -> None:
    """Reports, workbook, page, lists, both streams: no matricule, address, name or birth, no local id but in `local/`.

    The source holds them, faults and all, and the temporary files are gone.
    """
    harness = FORMATS[name]
    places = written(harness, tmp_path / "site")
    assert any(CANONICAL.found_in(text) for _, text in texts_of(tmp_path / "site"))
    output = tmp_path / "audit"
    ran = in_process("audit", *places, *MEASURE, "--output", output, *mapping_of(harness))
    assert ran.code == 11 or "Laissé de côté : " in ran.err, ran.err
    assert shown(ran, CANONICAL) == set()
    assert left_behind(output, CANONICAL) == {}
    assert {path.name for path in output.iterdir()} >= {"indicateurs.json", "rapport.html", "rapport.xlsx"}
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize("name", FORMATS)
def test_a_lake_holds_no_clear_identity(name: str, tmp_path: Path) -> None:
    """The snapshot, what the engine spills and the accounts: local ids at most, never a matricule, address or name."""
    harness = FORMATS[name]
    folder = tmp_path / "source"
    folder.mkdir()
    harness.write(RECORDS, folder)
    sources = [Source(harness.adapter_class, "source", files_of(folder), harness.settings())]
    asked = Asked(load_programme("esms-2025"), (date(2025, 4, 1),))
    scratch = tmp_path / "lac"
    with open_site(sources, Settings(), KEY, scratch) as (site, collected):
        result = audit(site, collected, Settings(), asked)
        found = {path.name: CANONICAL.found_in(text, local=True) for path, text in texts_of(scratch)}
        rows = sum(sum(inventory.lignes.values()) for inventory in collected.inventories)
    assert rows
    assert {name: secrets for name, secrets in found.items() if secrets} == {}
    for thing in (repr(collected), repr(result.measures), repr(result.inventories), repr(result.worklists)):
        assert CANONICAL.found_in(thing, local=True) == set()


def test_the_demo_with_its_faults_shows_nobody(tmp_path: Path) -> None:
    """Eight ETs with every typical fault: what `demo` wrote beside its exports names nobody."""
    ran = in_process("demo", tmp_path / "demo")
    assert ran.code == 0, ran.err
    people = Identities.of(Organisation(1, date_mesure=date(2025, 4, 1)).iter_etablissements(), "USAGER^")
    assert len(people.anywhere) > 300
    assert len(people.outside) > 1000
    assert people.found_in((tmp_path / "demo" / "exports" / "usagers.csv").read_text(encoding="utf-8"))
    assert shown(ran, people) == set()
    assert left_behind(tmp_path / "demo" / "audit", people) == {}


@pytest.mark.parametrize(("name", "code"), [("pivot", "dmp"), ("tddui", "ins_qualifiee")])
def test_looking_at_persons_shows_local_ids_only_and_the_journal_none(name: str, code: str, tmp_path: Path) -> None:
    """`explain` and `reconcile` list local ids on the terminal; no matricule or address, and nobody in the journal."""
    folder = tmp_path / "source"
    folder.mkdir()
    FORMATS[name].write(RECORDS, folder)
    said = tmp_path / "editeur.csv"
    said.write_text(f"finess_et;indicateur;id_usager\n{PARIS};{code};Él-paris\n", encoding="utf-8")
    explained = in_process("explain", folder, *MEASURE, "--finess", PARIS, "--indicateur", code)
    reconciled = in_process("reconcile", folder, *MEASURE, "--editeur", said)
    for ran in (explained, reconciled):
        assert ran.code == 0, ran.err
        assert shown(ran, CANONICAL, local=True) == set()
    assert "Él-paris" in explained.out
    assert [line.split(";")[2:] for line in (tmp_path / "etat" / "journal-acces.csv").read_text().splitlines()[1:]] == [
        ["explain", PARIS, code],
        ["reconcile", PARIS, code],
    ]
    assert left_behind(tmp_path / "etat", CANONICAL) == {}
    assert list((tmp_path / "tmp").iterdir()) == []


NAMED = ("185057504800162", "jeanne.durand@exemple.fr", "185057504800162@patient.mssante.fr")


@pytest.mark.parametrize("who", NAMED)
def test_whoever_a_name_holds_is_never_repeated(who: str, tmp_path: Path) -> None:
    """An INS or an address in the name of a file, a folder, a source, a column or a sheet: no stream, no report."""
    site = tmp_path / "site"
    (site / who).mkdir(parents=True)
    (site / who / "usagers.csv").write_text(f"finess_et;id_usager;{who}\n{PARIS};u1;a\n" + "x\n" * 30, encoding="utf-8")
    (site / f"{who}.pdf").write_bytes(b"x")
    (site / f"{who}.hl7").write_bytes(b"MSH|^~\\&|x\n" * 30)
    with xlsxwriter.Workbook(site / f"{who}.xlsx") as book:
        for name in ("usagers", who[:31]):
            book.add_worksheet(name).write_row(0, 0, ["finess_et", "id_usager", who])
    settings = tmp_path / "c.toml"
    settings.write_text(f'[[source]]\nnom = "Boîte {who}"\nchemin = "site"\n', encoding="utf-8")
    secrets = (who, who.partition("@")[0])
    ran = in_process("audit", "--config", settings, *MEASURE, "--output", tmp_path / "audit")
    lost = in_process("audit", site / f"{who}.absent", *MEASURE, "--output", tmp_path / "rien")
    assert (ran.code, lost.code) == (11, 12)
    assert [one for one in secrets for text in (ran.out, ran.err, lost.err) if one in text] == []
    assert [path.name for path, text in texts_of(tmp_path / "audit") for one in secrets if one in text] == []
