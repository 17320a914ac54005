"""E-prescriptions and notes of a cahier de liaison. Rule: `docs/sources-echanges.md`."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.adapters.base import HEAD_SIZE, Batch, Notice, Problem, SourceFile
from connector.adapters.echanges.fhir import EchangesAdapter
from connector.adapters.registry import each, options_of
from connector.config import SourceSettings
from connector.errors import SettingsError

IG = "https://interop.esante.gouv.fr/ig/fhir/"
PRESCRIPTION = f"{IG}eprescription/StructureDefinition/fr-requestgroup-for-prescription"
NOTE = f"{IG}cdl/StructureDefinition/cdl-document-reference"
NOTE_BUNDLE = f"{IG}cdl/StructureDefinition/cdl-bundle-creation-note"
STRUCTURE = "urn:oid:1.2.250.1.71.4.2.2"
FINESS, OTHER, SECRET = "300017985", "970390017", "279035121518989"
BOTH = ("prescriptions_importees", "echanges_eparcours")
Json = dict[str, Any]


def organization(finess: str = FINESS, name: str = "org") -> Json:
    return {"resourceType": "Organization", "id": name, "identifier": [{"system": STRUCTURE, "value": f"1{finess}"}]}


def role(name: str = "role", reference: str = "Organization/org") -> Json:
    return {"resourceType": "PractitionerRole", "id": name, "organization": {"reference": reference}}


def prescription(number: str = "P1", /, **changes: Any) -> Json:
    whole: Json = {
        "resourceType": "RequestGroup",
        "meta": {"profile": [PRESCRIPTION]},
        "groupIdentifier": {"value": number},
        "status": "active",
        "authoredOn": "2025-03-01T10:30:00+01:00",
        "author": {"reference": "PractitionerRole/role"},
    }
    return {name: value for name, value in (whole | changes).items() if value is not None}


def note(number: str | None = "N1", /, **changes: Any) -> Json:
    whole: Json = {
        "resourceType": "DocumentReference",
        "meta": {"profile": [NOTE]},
        "identifier": [{"value": number}] if number else None,
        "status": "current",
        "date": "2025-03-02T10:30:00+01:00",
        "author": [{"reference": "Practitioner/1"}, {"reference": "Organization/org"}],
    }
    return {name: value for name, value in (whole | changes).items() if value is not None}


def bundle(*resources: Json, **changes: Any) -> Json:
    entries = [{"fullUrl": f"urn:uuid:{n}", "resource": one} for n, one in enumerate(resources, start=1)]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries} | changes


@dataclass
class Found:
    """What the adapter yielded: rows as tuples, by table."""

    rows: dict[str, list[tuple[str, ...]]] = field(default_factory=dict)
    places: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notices: list[tuple[str, int, str]] = field(default_factory=list)


def read(folder: Path, files: dict[str, Any], tables: Collection[str] = BOTH, **options: Any) -> Found:
    """Everything that the adapter yields for these files: bytes, a resource, or a list of lines."""
    for name, content in files.items():
        if isinstance(content, list):
            content = b"".join(orjson.dumps(line) + b"\n" for line in content)
        (folder / name).write_bytes(content if isinstance(content, bytes) else orjson.dumps(content))
    found = Found()
    sources = [SourceFile(folder / name, name) for name in files]
    for item in EchangesAdapter(sources, SourceSettings(**options)).read(tables):
        match item:
            case Batch():
                rows = [tuple(row.values()) for row in item.rows.to_pylist()]
                found.rows.setdefault(item.table, []).extend(rows)
                places = item.locate(range(item.rows.num_rows))
                found.places += [", ".join(filter(None, (item.file, place))) for place in places]
            case Problem():
                found.problems.append(item.text())
            case Notice():
                found.notices.append((item.code, item.count, item.detail))
    return found


def test_a_prescription_and_a_note_are_rows(tmp_path: Path) -> None:
    """The ET of the author, by a role or by itself; the id of the group; the instant of the resource."""
    found = read(tmp_path, {"a.json": bundle(prescription(), note(), role(), organization())})
    assert found.rows == {
        "prescriptions_importees": [(f"1{FINESS}", "P1", "2025-03-01T10:30:00+01:00")],
        "echanges_eparcours": [(f"1{FINESS}", "N1", "2025-03-02T10:30:00+01:00")],
    }
    assert found.places == ["a.json, entrée 2", "a.json, entrée 1"]
    assert (found.problems, found.notices) == ([], [])


def test_lines_refer_to_each_other_whatever_their_order(tmp_path: Path) -> None:
    """In NDJSON the structures may come last, and in another file."""
    files = {"a.ndjson": [prescription(), note()], "b.ndjson": [role(), organization()]}
    found = read(tmp_path, files)
    assert [row[0] for rows in found.rows.values() for row in rows] == [f"1{FINESS}"] * 2
    assert found.places == ["a.ndjson, ligne 2", "a.ndjson, ligne 1"]


def test_a_bundle_looks_among_its_own_resources_first(tmp_path: Path) -> None:
    """Two Bundles may use the same ids for other structures."""
    one, two = (bundle(note(name), organization(finess)) for name, finess in (("A", FINESS), ("B", OTHER)))
    found = read(tmp_path, {"a.json": one, "b.json": two, "c.ndjson": [bundle(note("C"), organization("750900017"))]})
    assert [row[:2] for row in found.rows["echanges_eparcours"]] == [
        (f"1{FINESS}", "A"),
        (f"1{OTHER}", "B"),
        ("1750900017", "C"),
    ]


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (note(author=None), OTHER),
        (note(author=[{"display": "SOPHIE"}]), OTHER),
        (note(author=None, custodian={"identifier": {"system": STRUCTURE, "value": f"1{FINESS}"}}), f"1{FINESS}"),
        (note(author=[{"reference": "#r"}], contained=[role("r", "#o"), organization(name="o")]), f"1{FINESS}"),
        (prescription(author={"reference": "Device/1"}), OTHER),
        (prescription(author={"identifier": {"system": STRUCTURE, "value": f"1{FINESS}"}}), f"1{FINESS}"),
    ],
)
def test_without_a_structure_the_settings_decide(tmp_path: Path, resource: Json, expected: str) -> None:
    """An author who names no structure leaves the ET to `finess_et`."""
    found = read(tmp_path, {"a.json": resource}, finess_et=OTHER)
    assert [row[0] for rows in found.rows.values() for row in rows] == [expected]


def test_authors_from_elsewhere_can_be_set_aside(tmp_path: Path) -> None:
    """A prescriber of a hospital names the hospital: the settings may say that all goes to `finess_et`."""
    sent = {"a.json": bundle(prescription(), role(), organization())}
    for outside, expected in ((False, f"1{FINESS}"), (True, OTHER)):
        found = read(tmp_path, sent, finess_et=OTHER, auteurs_exterieurs=outside)
        assert [row[0] for row in found.rows["prescriptions_importees"]] == [expected]


def test_an_unknown_option_is_refused() -> None:
    """The keys of the source are those that the adapter declares."""
    with pytest.raises(SettingsError, match="auteur_exterieur"):
        options_of(EchangesAdapter, SourceSettings(nom="x", auteur_exterieur=True))


@pytest.mark.parametrize(
    ("resource", "identifier"),
    [
        (note("N1", masterIdentifier={"value": "M1"}), "M1"),
        (note("N1", id="7"), "N1"),
        (note(None, id="7"), "7"),
        (note(None), "urn:uuid:1"),
        (prescription("P1", identifier=[{"value": "x"}], id="7"), "P1"),
    ],
)
def test_the_id_is_the_most_stable_one(tmp_path: Path, resource: Json, identifier: str) -> None:
    """Of a note: masterIdentifier, identifier, id, then fullUrl; of a prescription: its group."""
    found = read(tmp_path, {"a.json": bundle(resource)}, finess_et=OTHER)
    assert [row[1] for rows in found.rows.values() for row in rows] == [identifier]


def test_the_instant_falls_back_on_the_last_update(tmp_path: Path) -> None:
    """Unless the settings say that the server dates what it loads."""
    updated = "2025-03-09T08:00:00Z"
    sent = {"a.json": bundle(note(date=None, meta={"profile": [NOTE], "lastUpdated": updated}))}
    assert read(tmp_path, sent).rows["echanges_eparcours"][0][2] == updated
    assert read(tmp_path, sent, dates_techniques=True).rows["echanges_eparcours"][0][2] == ""


def test_what_does_not_count_is_told(tmp_path: Path) -> None:
    """Entered in error, or of another profile: a finding with a count, once for the table asked."""
    other = {"profile": [f"{IG}eprescription/StructureDefinition/autre"]}
    lines = [
        prescription(status="entered-in-error"),
        prescription(meta=other),
        note(meta={}),
        note(meta={}, type={"coding": [{"system": "https://mos/NOS/TRE_R234-TypeNote", "code": "X"}]}),
        prescription("sans profil", meta={}),
    ]
    found = read(tmp_path, {"a.ndjson": lines})
    assert {table: [row[1] for row in rows] for table, rows in found.rows.items()} == {
        "echanges_eparcours": ["N1"],
        "prescriptions_importees": ["sans profil"],
    }
    assert found.notices == [
        ("ressource_saisie_par_erreur", 1, "RequestGroup"),
        ("message_hors_champ", 1, "RequestGroup"),
        ("message_hors_champ", 1, "DocumentReference"),
    ]
    assert read(tmp_path, {"a.ndjson": lines}, ("echanges_eparcours",)).notices == found.notices[2:]


@pytest.mark.parametrize(
    ("content", "mine"),
    [
        (prescription(), True),
        (prescription(meta={}), True),
        (note(), True),
        (note(meta={}), False),
        (bundle(note(meta={}), meta={"profile": [NOTE_BUNDLE]}), True),
        (bundle({"resourceType": "Patient"}, note()), True),
        (bundle({"resourceType": "Encounter"}, prescription()), True),
        (bundle(prescription(meta={}), {"resourceType": "Patient"}), True),
        (bundle({"resourceType": "Encounter"}, prescription(meta={})), False),
        (bundle(prescription(), meta={"profile": [f"{IG}tddui/StructureDefinition/tddui-bundle"]}), False),
        (bundle(organization()), False),
    ],
)
def test_a_file_is_recognised_by_its_profiles_and_types(tmp_path: Path, content: Json, mine: bool) -> None:
    """Never two readers, whichever is asked first."""
    head = orjson.dumps(content)[:HEAD_SIZE]
    claimed = [adapter.name for adapter in each() if adapter.sniff(tmp_path / "a.json", head)]
    assert len(claimed) <= 1
    assert ("echanges" in claimed) is mine


OBJECT = "attendu une ressource FHIR R4, trouvé une valeur d'un autre type"
ADVICE = "corrigez cette ressource, ou signalez-la à l'éditeur."
BROKEN: dict[str, tuple[Any, str]] = {
    "vide": (b"", " : attendu du JSON, trouvé un fichier vide ; refaites l'export."),
    "un nombre pour auteur": (note(author=3), f", champ « DocumentReference » : {OBJECT} ; {ADVICE}"),
    "un groupe qui est un texte": (
        [prescription(), prescription(groupIdentifier=SECRET)],
        f", ligne 2, champ « RequestGroup » : {OBJECT} ; {ADVICE}",
    ),
    "une structure mal formée": (
        bundle({"resourceType": "Organization", "identifier": [SECRET]}),
        f", entrée 1, champ « Organization » : {OBJECT} ; {ADVICE}",
    ),
    "sans type": (
        bundle({"id": SECRET}),
        f", entrée 1, champ « resourceType » : attendu un type de ressource FHIR, trouvé une valeur nulle ; {ADVICE}",
    ),
    "un texte pour ressource": (
        bundle(entry=[{"resource": SECRET}]),
        ", entrée 1, champ « resourceType » : attendu un type de ressource FHIR, trouvé un texte ; " + ADVICE,
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_one_clear_problem(name: str, tmp_path: Path) -> None:
    """Where, what was expected, what is there, what to do; the other files are read."""
    content, expected = BROKEN[name]
    file = "a.ndjson" if isinstance(content, list) else "a.json"
    found = read(tmp_path, {file: content, "b.json": note("B")}, finess_et=OTHER)
    assert found.problems == [f"{file}{expected}"]
    assert "B" in [row[1] for row in found.rows["echanges_eparcours"]]


def test_a_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    """What is no ordinary file is said so."""
    os.mkfifo(tmp_path / "tube.json")
    adapter = EchangesAdapter([SourceFile(tmp_path / "tube.json", "tube.json")], SourceSettings())
    (problem,) = [item.text() for item in adapter.read(BOTH) if isinstance(item, Problem)]
    assert problem == "tube.json : attendu un fichier ordinaire, trouvé autre chose ; retirez-le de la source."


@given(
    st.recursive(
        st.none() | st.integers(-5, 5) | st.just(SECRET),
        lambda one: st.lists(one) | st.dictionaries(st.sampled_from(["reference", "identifier", "value", "code"]), one),
    )
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_shape_raises_nor_shows_a_value(tmp_path: Path, value: object) -> None:
    """Any JSON in the place of any member is rows or a problem that shows nothing of it."""
    for name in ("author", "identifier", "groupIdentifier", "authoredOn", "date", "contained", "type", "custodian"):
        lines = [prescription(**{name: value}), note(**{name: value}), bundle(note(**{name: value}))]
        found = read(tmp_path, {"a.ndjson": lines}, finess_et=OTHER)
        assert len(found.problems) + sum(map(len, found.rows.values())) == 3
        assert not any(SECRET in text for text in found.problems)
