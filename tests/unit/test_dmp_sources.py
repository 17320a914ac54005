"""Each source of DMP deposits: refusals by code, closed DMPs on the worklist, acknowledgements never asked.

Rule: `docs/sources-dmp.md`. The same site and the same deposits, told by each format.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from connector.agent import Asked, Audit, audit, open_site
from connector.collect import Source
from connector.config import Settings, SourceSettings
from connector.contract.harness import INS_1, PARIS, Records, et_data
from connector.demo import hl7v2, mapped, pdsm, pivot, xds
from connector.indicators.programme import load_programme
from connector.mapping import settled
from tests.lib.run import KEY, measure, source

_IN = "2025-03-03T10:00:00"
JOURNAL = (
    "uniqueId;Soumis le;INS;OID INS;Identifiant local;Réponse;Code retour;Transaction\n"
    f"1.2.1;2025-03-03T09:00:00+0100;{INS_1};;U1;KO;DMPClosed;TD2\n"
    f"1.2.2;2025-03-03T10:00:00+0100;{INS_1};;U1;KO;DMPClosed;TD2\n"
    f"1.2.3;2025-03-03T11:00:00+0100;{INS_1};;U1;KO;XDSRepositoryError;TD2.1\n"
    f"1.2.4;2025-03-03T12:00:00+0100;{INS_1};;U1;Sans réponse;Aucun;TD2\n"
)


def deposits(*outcomes: tuple[str, str, str]) -> Records:
    """One usager, present, whose INS is qualified, and deposits with these outcomes."""
    rows = [
        (f"1.2.{n}", _IN, PARIS, INS_1, "1.2.250.1.213.1.4.8", "U1", *outcome)
        for n, outcome in enumerate(outcomes, start=1)
    ]
    usager = (PARIS, "U1", INS_1, "1.2.250.1.213.1.4.8", "qualifiee", "", "")
    tables = {"usagers": [usager], "sejours": [(PARIS, "U1", "2025-01-01", "", "actif")], "depots_dmp": rows}
    tables["etablissements"] = [(PARIS, "", "", "500", "pa", *[""] * 9)]
    et = et_data(0, PARIS, tables | {"dossiers": [(PARIS, "D1", "U1", "2025-01-01", _IN)]})
    return Records((et,))


REFUSED = deposits(
    ("echec", "DMPClosed", "depot"),
    ("echec", "DMPClosed", "depot"),
    ("echec", "XDSRepositoryError", "remplacement"),
    ("inconnu", "", "depot"),
    ("inconnu", "", "depot"),  # the writer of HL7 v2 asks no acknowledgement of this one
)


def _journal(folder: Path) -> Source:
    folder.mkdir()
    (folder / "depots-dmp-2025.csv").write_text(JOURNAL, encoding="utf-8")
    return source("correspondance", folder, _journal_settings())


def _journal_settings() -> SourceSettings:
    return settled(SourceSettings(mapping=mapped.MAPPINGS / "journal-dmp.toml", finess_et=PARIS))


def _written(adapter: str, write: Callable[..., None]) -> Callable[[Path], Source]:
    def make(folder: Path) -> Source:
        write(REFUSED, folder)
        return source(adapter, folder)

    return make


SOURCES: dict[str, Callable[[Path], Source]] = {
    "xds": _written("xds", xds.write),
    "pdsm": _written("pdsm", pdsm.write),
    "hl7v2": _written("hl7v2", hl7v2.write),
    "correspondance": _journal,
}


def _audited(folder: Path, of_deposits: Source) -> Audit:
    """The audit of the site: its usagers from pivot files, its deposits from their source."""
    others = [replace(et, tables=et.tables | {"depots_dmp": []}) for et in REFUSED.ets]
    pivot.write(Records(tuple(others)), folder / "pivot")  # type: ignore[arg-type]
    (folder / "pivot" / "depots_dmp.csv").unlink()
    asked = Asked(load_programme("esms-2025"), (date(2025, 4, 1),))
    sources = [source("pivot", folder / "pivot"), of_deposits]
    with open_site(sources, Settings(), KEY, folder / "scratch") as (site, collected):
        return audit(site, collected, Settings(), asked)


@pytest.mark.parametrize("name", SOURCES)
def test_refusals_are_counted_by_code(name: str, tmp_path: Path) -> None:
    """One finding a code, with the number of deposits refused for it."""
    found = _audited(tmp_path, SOURCES[name](tmp_path / "depots")).measures[0].constats
    refused = {one.detail: one.count for one in found if one.code == "depots_echec" and one.finess_et == PARIS}
    technical = "207" if name == "hl7v2" else "XDSRepositoryError"  # refused by its technical acknowledgement
    assert refused == {"DMPClosed": 2, technical: 1}


@pytest.mark.parametrize("name", SOURCES)
def test_a_closed_dmp_is_on_the_worklist(name: str, tmp_path: Path) -> None:
    """The person is listed once, with the code of the closing, whatever the other refusals."""
    listed = _audited(tmp_path, SOURCES[name](tmp_path / "depots")).worklists
    reasons = [(item.liste, item.id_usager, item.detail) for item in listed if item.liste.startswith("dmp_")]
    assert reasons == [("dmp_ferme", "U1", "DMPClosed")]


def test_an_acknowledgement_never_asked_is_told(tmp_path: Path) -> None:
    """HL7 v2 alone can leave the outcome unasked: SOAP and FHIR always answer, a journal says what it knows."""
    unasked = {
        name: [
            one.count
            for one in _audited(tmp_path / name, make(tmp_path / f"{name}-depots")).measures[0].constats
            if one.code == "accuse_jamais_demande"
        ]
        for name, make in SOURCES.items()
    }
    assert unasked.pop("hl7v2") == [1]
    assert set(map(tuple, unasked.values())) == {()}


def test_the_journal_gives_back_every_attempt(tmp_path: Path) -> None:
    """The example of a CSV of deposits: instants with their offset, outcomes, operations, no row lost."""
    (_,), (inventory,) = measure([_journal(tmp_path / "depots")])
    assert (inventory.lignes, inventory.problemes) == ({"depots_dmp": 4}, [])
    assert inventory.nommes == {"depots_dmp": {PARIS}}
