"""The writers of the demo: same seed, same bytes; and each file says what its pivot counterpart says."""

from __future__ import annotations

import csv
import json
import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from python_calamine import CalamineWorkbook

from connector.demo import courriels, fhir_echanges, hl7v2, mapped, pdsm, pivot, postfix, tddui, xds
from connector.demo.moments import is_bare_date
from connector.demo.organisation import Organisation
from connector.model.finess import normalise_finess, zone_of
from connector.model.tables import TABLES, Kind
from tests.bench import dataset

DEMO = Organisation(1)
WRITERS: dict[str, Callable[[Organisation, Path], None]] = {
    "pivot": pivot.write,
    "mapped": mapped.write,
    "mapped reduced": mapped.reduced_pivot,
    "tddui": tddui.write,
    "tddui ndjson": lambda organisation, folder: tddui.write(organisation, folder, ndjson=True),
    "tddui reduced": tddui.reduced_pivot,
    "hl7v2": hl7v2.write,
    "hl7v2 one by one": lambda organisation, folder: hl7v2.write(organisation, folder, one_file_per_message=True),
    "hl7v2 reduced": hl7v2.reduced_pivot,
    "courriels": courriels.write,
    "courriels reduced": courriels.reduced_pivot,
    "postfix": postfix.write,
    "postfix reduced": postfix.reduced_pivot,
    "xds": xds.write,
    "xds reduced": xds.reduced_pivot,
    "pdsm": pdsm.write,
    "echanges": fhir_echanges.write,
    "echanges ndjson": lambda organisation, folder: fhir_echanges.write(organisation, folder, ndjson=True),
}
Rows = list[dict[str, str]]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def rows_of(folder: Path, table: str) -> Rows:
    with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter=";"))


@pytest.mark.parametrize("name", WRITERS)
def test_the_same_seed_gives_the_same_bytes(name: str, tmp_path: Path) -> None:
    """No clock and no shared state: two runs write equal files, another seed other ones."""
    for folder, graine in (("a", 1), ("b", 1), ("c", 2)):
        WRITERS[name](Organisation(graine, 8), tmp_path / folder)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert contents(tmp_path / "a") != contents(tmp_path / "c")
    assert all(contents(tmp_path / "a").values())


def test_the_pivot_folder_holds_every_table_and_row(tmp_path: Path) -> None:
    """One file per table, the rows of each ET in the order drawn."""
    pivot.write(DEMO, tmp_path)
    ets = list(DEMO.iter_etablissements())
    assert {path.stem for path in tmp_path.iterdir()} == TABLES.keys()
    for table in TABLES:
        assert rows_of(tmp_path, table) == [row for et in ets for row in et.dicts(table)]


@pytest.mark.parametrize("logiciel", [mapped.CSV_DUI, mapped.XLSX_DUI])
def test_a_mapping_names_pivot_columns_and_covers_the_required_ones(logiciel: str) -> None:
    """Every key of a mapping is a pivot column, every pivot code one of the list."""
    for table, section in _mapping(logiciel)["tables"].items():
        columns = TABLES[table].by_name
        given = section["colonnes"].keys() | section.get("constantes", {}).keys()
        assert set(TABLES[table].required) <= given <= columns.keys()
        assert section.get("formats", {}).keys() | section.get("codes", {}).keys() <= given
        assert ("fichier" in section) != ("feuille" in section)
        for name, codes in section.get("codes", {}).items():
            assert columns[name].kind is not Kind.CODE or set(codes.values()) <= {"", *columns[name].codes}


def _mapping(logiciel: str) -> dict[str, Any]:
    return tomllib.loads((mapped.MAPPINGS / f"{logiciel}.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("logiciel", [mapped.CSV_DUI, mapped.XLSX_DUI])
def test_an_export_read_by_its_mapping_gives_back_the_pivot_rows(logiciel: str, tmp_path: Path) -> None:
    """Headings, codes, dates and server times undone, the same codes and the same local days are there."""
    mapped.write(DEMO, tmp_path / "exports")
    mapped.reduced_pivot(DEMO, tmp_path / "pivot", logiciel)
    mapping = _mapping(logiciel)
    assert {path.stem for path in (tmp_path / "pivot").iterdir()} == mapping["tables"].keys()
    for table, section in mapping["tables"].items():
        expected = [_by_day(table, row) for row in rows_of(tmp_path / "pivot", table)]
        read = _exported(tmp_path / "exports", logiciel, section)
        got = [_undo(table, row, section, mapping) for row in read]
        constants = section.get("constantes", {})
        assert got == [row | constants for row in expected]


def _exported(folder: Path, logiciel: str, section: dict[str, Any]) -> Rows:
    if "fichier" in section:
        with (folder / logiciel / section["fichier"]).open(encoding="cp1252", newline="") as stream:
            return list(csv.DictReader(stream, delimiter=";"))
    headings, *rows = (
        CalamineWorkbook.from_path(folder / f"{logiciel}.xlsx").get_sheet_by_name(section["feuille"]).to_python()
    )
    return [dict(zip(map(str, headings), map(str, row), strict=True)) for row in rows]


def _undo(table: str, row: dict[str, str], section: dict[str, Any], mapping: dict[str, Any]) -> dict[str, str]:
    values: dict[str, str] = dict.fromkeys(TABLES[table].by_name, "") | section.get("constantes", {})
    for name, heading in section["colonnes"].items():
        value = row[heading]
        values[name] = section.get("codes", {}).get(name, {}).get(value, value)
    values["finess_et"] = normalise_finess(values["finess_et"]) or ""
    zone = ZoneInfo(zone_of(values["finess_et"] or _et_of_message(values)))
    for name, column in TABLES[table].by_name.items():
        if column.kind is Kind.FINESS:
            values[name] = normalise_finess(values[name]) or ""
        if column.kind is Kind.DATE and values[name]:
            default = mapping["format_horodatage" if name == "horodatage" else "format_date"]
            moment = datetime.strptime(values[name], section.get("formats", {}).get(name, default))
            if "fuseau" in mapping and moment.time() != datetime.min.time():
                moment = moment.replace(tzinfo=ZoneInfo(mapping["fuseau"])).astimezone(zone)
            values[name] = moment.date().isoformat()
    return values


def _et_of_message(values: dict[str, str]) -> str:
    """The demo writes the ET inside the id of its messages."""
    return values.get("id_message", "").partition(".")[2].partition("@")[0]


def _by_day(table: str, row: dict[str, str]) -> dict[str, str]:
    zone = ZoneInfo(zone_of(row["finess_et"] or _et_of_message(row)))
    for name, column in TABLES[table].by_name.items():
        if column.kind is Kind.DATE and row[name] and not is_bare_date(row[name]):
            moment = datetime.fromisoformat(row[name])
            row[name] = (moment.astimezone(zone) if moment.tzinfo else moment).date().isoformat()
    return row


def test_a_transfer_says_what_its_reduced_pivot_says(tmp_path: Path) -> None:
    """As many usagers, stays and dated dossiers; the latest lastUpdated of a usager is its dossier's date."""
    tddui.write(DEMO, tmp_path / "fhir")
    tddui.reduced_pivot(DEMO, tmp_path / "pivot")
    assert {path.stem for path in (tmp_path / "pivot").iterdir()} == {
        "usagers",
        "matricules_anterieurs",
        "sejours",
        "dossiers",
        "projets_personnalises",
        "evenements_agenda",
    }
    latest: dict[tuple[str, str], str] = {}
    counts: Counter[str] = Counter()
    for path in (tmp_path / "fhir").iterdir():
        resources = [entry["resource"] for entry in json.loads(path.read_bytes())["entry"]]
        local = {
            r["id"]: r["identifier"][-1]["value"].partition("/")[2] for r in resources if r["resourceType"] == "Patient"
        }
        for resource in resources:
            counts[resource["meta"]["profile"][0].rpartition("/")[2] if "meta" in resource else "group"] += 1
            owner = resource["id"] if resource["id"] in local else _referred(resource)
            updated = resource.get("meta", {}).get("lastUpdated")
            if updated:
                key = (path.stem, local[owner])
                latest[key] = max(latest.get(key, updated), updated, key=datetime.fromisoformat)
    dossiers = rows_of(tmp_path / "pivot", "dossiers")
    assert latest == {
        (r["finess_et"], r["id_usager"]): r["date_derniere_maj"] for r in dossiers if r["date_derniere_maj"]
    }
    assert counts["tddui-patient"] + counts["tddui-patient-ins"] == len(rows_of(tmp_path / "pivot", "usagers"))
    assert counts["tddui-encounter-sejour"] == len(rows_of(tmp_path / "pivot", "sejours"))
    assert counts["tddui-organization"] == 8


def _referred(resource: dict[str, Any]) -> str:
    return str(resource.get("subject", {}).get("reference", "")).removeprefix("Patient/")


def test_ndjson_holds_the_resources_of_the_bundles(tmp_path: Path) -> None:
    """Two carriers, the same resources."""
    tddui.write(DEMO, tmp_path / "bundles")
    tddui.write(DEMO, tmp_path / "ndjson", ndjson=True)
    bundles = [json.loads(path.read_bytes()) for path in (tmp_path / "bundles").iterdir()]
    expected = {(e["resource"]["resourceType"], e["resource"]["id"]) for bundle in bundles for e in bundle["entry"]}
    lines = [line for path in (tmp_path / "ndjson").iterdir() for line in path.read_bytes().splitlines()]
    assert len(lines) == len(expected)
    assert {(r["resourceType"], r["id"]) for r in map(json.loads, lines)} == expected


def test_every_acknowledgement_answers_a_document_of_its_et(tmp_path: Path) -> None:
    """An answer carries the MSH-10 of its document, which other ETs use too, and never without being asked."""
    hl7v2.write(DEMO, tmp_path)
    seen: dict[str, set[str]] = {}
    for folder in tmp_path.iterdir():
        data = b"".join(path.read_bytes() for path in sorted(folder.iterdir(), reverse=True))
        messages = data.replace(b"\r", b"\n").split(b"MSH|")[1:]
        headers = [message.split(b"|") for message in messages]
        documents = {h[8].decode() for h in headers if h[7][:3] in (b"ORU", b"MDM")}
        answered = {m.split(b"MSA|")[1].split(b"|")[1][:6].decode() for m in messages if b"\nMSA|" in m}
        assert answered == documents
        seen[folder.name] = documents
    assert seen.keys() == {et.finess_et for et in DEMO.iter_etablissements()}
    assert set.intersection(*seen.values())


def test_the_flow_and_its_reduced_pivot_hold_as_many_rows(tmp_path: Path) -> None:
    """One row per flag DESTDMP or DESTMSSANTEPS, tests apart."""
    hl7v2.write(DEMO, tmp_path / "flow", one_file_per_message=True)
    hl7v2.reduced_pivot(DEMO, tmp_path / "pivot")
    texts = [path.read_bytes() for path in (tmp_path / "flow").rglob("*-0.hl7")]
    flags: dict[bytes, int] = defaultdict(int)
    for text in texts:
        for flag in (b"DESTDMP", b"DESTMSSANTEPS"):
            line = next(part for part in text.replace(b"\r", b"\n").split(b"\n") if flag + b"^" in part)
            flags[flag] += line.split(b"|")[5].startswith(b"Y") and not (flag == b"DESTDMP" and b"|T|2." in text)
    assert flags[b"DESTDMP"] == len(rows_of(tmp_path / "pivot", "depots_dmp"))
    assert flags[b"DESTMSSANTEPS"] == len(rows_of(tmp_path / "pivot", "messages_mssante"))


def test_deposits_pair_with_their_answers(tmp_path: Path) -> None:
    """One request per row, one response unless its outcome is unknown, one MTOM per ET."""
    xds.write(DEMO, tmp_path / "xds")
    xds.reduced_pivot(DEMO, tmp_path / "pivot")
    rows = rows_of(tmp_path / "pivot", "depots_dmp")
    responses = list((tmp_path / "xds").rglob("*-response.xml"))
    assert len(list((tmp_path / "xds").rglob("*-request.*"))) == len(rows)
    assert len(responses) == sum(row["statut"] != "inconnu" for row in rows)
    assert len(list((tmp_path / "xds").rglob("*.mime"))) == 8
    successes = sum(b":Success" in path.read_bytes() for path in responses)
    assert successes == sum(row["statut"] == "succes" for row in rows)
    for path in (tmp_path / "xds").rglob("*.xml"):
        ElementTree.parse(path)


def test_the_bench_data_are_lawful_and_reproducible(tmp_path: Path) -> None:
    """The volumes asked, FINESS and INS keys right, the same bytes twice."""
    for name in ("a", "b"):
        dataset.build(tmp_path / name, 40, 4000, 20_000, 10_000, 7_500, 3_000)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert len(rows_of(tmp_path / "a", "etablissements")) == 40
    assert len(rows_of(tmp_path / "a", "mises_a_jour")) == 20_000
    usagers = {(row["finess_et"], row["id_usager"]) for row in rows_of(tmp_path / "a", "usagers")}
    assert len(usagers) == 4000
    assert {(r["finess_et"], r["id_usager"]) for r in rows_of(tmp_path / "a", "dossiers")} == usagers
