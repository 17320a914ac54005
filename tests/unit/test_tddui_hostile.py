"""TDDUI FHIR: bad and hostile files. Rule: `docs/sources.md`, « Bad and hostile input, every reader »."""

from __future__ import annotations

import codecs
import os
import time
from pathlib import Path
from typing import Any

import orjson
import pytest

from connector.adapters.base import HEAD_SIZE
from connector.adapters.dui.tddui import TdduiAdapter
from connector.config import Limits
from tests.unit.test_tddui_lib import (
    ET,
    MATRICULE,
    Resource,
    bundle,
    ins,
    patient,
    projet,
    read,
    read_files,
    ref,
    stay,
)

REDO = "refaites l'export."
CUT = "ce fichier est tronqué : refaites l'export."
CORRECT = "corrigez cette ressource, ou signalez-la à l'éditeur."
LONG = "vérifiez ce fichier, ou relevez « ligne_max » dans [limites]."
DEEP = "ce fichier est suspect : refaites l'export, ou relevez « profondeur_max » dans [limites]."
UTF8 = "exportez ce fichier en UTF-8."
ALL = TdduiAdapter.provides
TRAILING = f"attendu la fin du fichier, trouvé d'autres caractères ; {REDO}"
INTERRUPTED = f"attendu un document JSON complet, trouvé un fichier qui s'interrompt ; {CUT}"
TOO_DEEP = f"attendu au plus 200 niveaux imbriqués, trouvé davantage de niveaux ; {DEEP}"
INVALID = "attendu du JSON valide, trouvé du JSON invalide au caractère {} ; " + REDO
INVALID_LINE = "attendu un objet JSON complet, trouvé du JSON invalide au caractère {} ; " + REDO
BINARY = f"attendu du texte en UTF-8, trouvé un octet nul ; ce fichier est binaire : {REDO}"
TYPE = "champ « resourceType » : attendu un type de ressource FHIR, trouvé "
OTHER_TYPE = "attendu une ressource FHIR R4, trouvé une valeur d'un autre type"


def line(resource: Resource) -> bytes:
    return orjson.dumps(resource) + b"\n"


def deep(levels: int) -> bytes:
    """An object nested in so many levels, itself included."""
    return b'{"resourceType":"Basic","x":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"


GOOD = line(patient())
HEAD = b'{"resourceType":"Bundle","entry":[' + b'{"resource":' + GOOD + b"}"


@pytest.mark.parametrize(
    ("content", "place", "message"),
    [
        (b"", "", f"attendu du JSON, trouvé un fichier vide ; {REDO}"),
        (b"\xef\xbb\xbf \n", "", f"attendu du JSON, trouvé un fichier vide ; {REDO}"),
        (b'{"a"\0', "octet 4", BINARY),
        (codecs.BOM_UTF16_LE + b"{", "octet 0", f"attendu de l'UTF-8, trouvé de l'UTF-16 ; {UTF8}"),
        (b"[1]", "octet 0", f"attendu « {{ », trouvé un autre caractère ; {REDO}"),
        (b'\xef\xbb\xbf  {"a" 1}', "octet 10", f"attendu « : », trouvé un autre caractère ; {REDO}"),
        (b"{1}", "octet 1", f"attendu une clé entre guillemets, trouvé un autre caractère ; {REDO}"),
        (b'{"a":1,}', "octet 7", f"attendu une clé entre guillemets, trouvé un autre caractère ; {REDO}"),
        (b'{"a":[1,}]}', "octet 5", INVALID.format(4)),
        (b'{"a":[NaN]}', "octet 5", f"attendu un nombre JSON, trouvé un nombre impossible ; {REDO}"),
        (b'{"a":"\\ud800"}', "octet 5", f"attendu du texte Unicode, trouvé la moitié d'un caractère ; {REDO}"),
        (b'{"a":', "octet 5", INTERRUPTED),
        (b'{"a":"x', "octet 5", INTERRUPTED),
        (b'{"a":{"b":tr', "octet 5", INVALID.format(6)),
        (b'{"a":"\xe9"}', "octet 6", f"attendu de l'UTF-8, trouvé un octet d'un autre encodage ; {UTF8}"),
        (GOOD.strip() + b" ]", f"octet {len(GOOD)}", TRAILING),
        (b'{"a":' + b"[" * 100_000, "octet 5", TOO_DEEP),
        (deep(201), "octet 28", TOO_DEEP),
        (HEAD, "entrée 2", INTERRUPTED),
        (HEAD + b',{"x', "entrée 2", INTERRUPTED),
        (HEAD + b";", "entrée 2", f"attendu « , » ou « ] », trouvé un autre caractère ; {REDO}"),
        (HEAD + b",3]}", "entrée 2", f"attendu un objet JSON, trouvé un nombre ; {REDO}"),
        (HEAD + b",{1}]}", "entrée 2", INVALID.format(2)),
        (HEAD + b',{"resource":' + deep(198) + b"}]}",
         "entrée 2", TOO_DEEP),
        (HEAD + b"]} x", f"octet {len(HEAD) + 3}", TRAILING),
    ],
)  # fmt: skip
def test_a_broken_document_is_told_once_with_its_place(
    tmp_path: Path, content: bytes, place: str, message: str
) -> None:
    """One message, all the tables barred, no exception, no value of the file."""
    found = read(tmp_path, {"a.json": content})
    assert found.texts == [f"{', '.join(filter(None, ('a.json', place)))} : {message}"]
    assert found.problems[0].tables == ALL
    assert found.problems[0].bars


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (b"{1}", INVALID_LINE.format(2)),
        (b'{"a":"\xe9"}', f"attendu de l'UTF-8, trouvé un octet d'un autre encodage au rang 7 ; {UTF8}"),
        (b'{"a":"\\ud800"}', INVALID_LINE.format(7)),
        (b'{"a":NaN}', INVALID_LINE.format(6)),
        (b"[1]", f"attendu un objet JSON, trouvé une liste ; {REDO}"),
        (b"true", f"attendu un objet JSON, trouvé un booléen ; {REDO}"),
        (b"null", f"attendu un objet JSON, trouvé une valeur nulle ; {REDO}"),
        (b'"x"', f"attendu un objet JSON, trouvé un texte ; {REDO}"),
        (deep(201), TOO_DEEP),
        (deep(10_000), TOO_DEEP),
        (GOOD.strip() + GOOD.strip(), INVALID_LINE.format(len(GOOD))),
    ],
)  # fmt: skip
def test_the_lines_after_a_bad_one_are_read(tmp_path: Path, bad: bytes, message: str) -> None:
    """A bad line is told with its number; the others count."""
    content = codecs.BOM_UTF8 + GOOD + b"\r\n" + bad + b"\r\n" + line(patient("2", f"3{ET}/2")).strip()
    found = read(tmp_path, {"a.ndjson": content})
    assert found.texts == [f"a.ndjson, ligne 3 : {message}"]
    assert found.places["usagers"] == ["a.ndjson, ligne 1", "a.ndjson, ligne 4"]
    assert found.problems[0].tables == ALL


def test_a_cut_last_line_is_told(tmp_path: Path) -> None:
    """The end of the file in the middle of a line."""
    found = read(tmp_path, {"a.ndjson": GOOD + GOOD[:30]})
    assert found.texts == [
        f"a.ndjson, ligne 2 : attendu un objet JSON complet, trouvé une ligne qui s'interrompt ; {CUT}"
    ]


@pytest.mark.parametrize("name", ["a.json", "a.ndjson"])
def test_the_limits_are_respected_to_the_byte_and_level(tmp_path: Path, name: str) -> None:
    """An entry or a line of exactly the limit is read; accents count as the bytes they are."""
    limits = Limits(ligne_max=1024, profondeur_max=20)

    def read_one(text: str) -> list[str]:
        resource = patient(text=text)
        content = (
            b'{"resourceType":"Bundle","entry":[' + orjson.dumps(resource) + b"]}"
            if name == "a.json"
            else line(resource)
        )
        return read(tmp_path, {name: content}, limites=limits).texts

    exact = "é" * 10 + "x" * (1024 - len(orjson.dumps(patient(text="é" * 10))))
    what, place = ("une ligne", "ligne 1") if name == "a.ndjson" else ("une entrée", "entrée 1")
    assert read_one(exact) == []
    assert read_one(exact[:-2] + "éx") == [
        f"{name}, {place} : attendu {what} d'au plus 1024 octets, trouvé {what} plus longue ; {LONG}"
    ]
    assert not read(tmp_path, {name: deep(20)}, limites=limits).problems
    assert len(read(tmp_path, {name: deep(21)}, limites=limits).problems) == 1


def test_a_lone_resource_longer_than_the_limit_is_refused(tmp_path: Path) -> None:
    """It would be held whole in memory, whether its members are long or many."""
    many = {f"k{rank}": rank for rank in range(200)}
    for content in (patient(text="x" * 2000), patient() | many):
        found = read(tmp_path, {"a.json": content}, limites=Limits(ligne_max=1024))
        told = f"attendu une ressource d'au plus 1024 octets, trouvé une ressource plus longue ; {LONG}"
        assert [text.partition(" : ")[2] for text in found.texts] == [told]
        assert not found.tables


def test_an_entry_longer_than_the_limit_stops_its_file(tmp_path: Path) -> None:
    """The other files are read."""
    long = bundle(patient(), patient("2", text="x" * 2000), patient("3", f"3{ET}/3"))
    found = read(tmp_path, {"a.json": long, "b.json": bundle(patient("4", f"3{ET}/4"))}, limites=Limits(ligne_max=1024))
    message = f"a.json, entrée 2 : attendu une entrée d'au plus 1024 octets, trouvé une entrée plus longue ; {LONG}"
    assert found.texts == [message]
    assert [row["id_usager"] for row in found.rows("usagers")] == ["1", "4"]


@pytest.mark.parametrize("start", [b"", GOOD])
def test_an_endless_line_is_skipped_in_bounded_memory(tmp_path: Path, start: bytes) -> None:
    """Told once; what follows is read. The file is sparse: 300 MB of nothing."""
    path = tmp_path / "a.ndjson"
    with path.open("wb") as stream:
        stream.write(start + b'{"resourceType":"Patient","x":"' + b"y" * HEAD_SIZE)
        stream.seek(300_000_000)
        stream.write(b"\n" + GOOD)
    before = time.process_time()
    found = read_files([path], tmp_path)
    assert time.process_time() - before < 5
    number = 2 if start else 1
    expected = (
        f"a.ndjson, ligne {number} : attendu une ligne d'au plus 16777216 octets, trouvé une ligne plus longue ; {LONG}"
    )
    assert found.texts == [expected]
    assert found.places["usagers"][-1] == f"a.ndjson, ligne {number + 1}"


def test_an_endless_string_in_a_bundle_stops_in_bounded_time(tmp_path: Path) -> None:
    """A quote that never closes: the limit is met before the file is."""
    path = tmp_path / "a.json"
    with path.open("wb") as stream:
        stream.write(b'{"resourceType":"Bundle","entry":[{"x":"')
        for _ in range(40):
            stream.write(b"y" * 1_000_000)
    before = time.process_time()
    expected = (
        f"a.json, entrée 1 : attendu une entrée d'au plus 16777216 octets, trouvé une entrée plus longue ; {LONG}"
    )
    assert read_files([path], tmp_path).texts == [expected]
    assert time.process_time() - before < 5


@pytest.mark.parametrize("kind", ["dossier", "fifo", "absent"])
def test_what_is_no_ordinary_file_is_refused(tmp_path: Path, kind: str) -> None:
    """Never opened: a FIFO would wait for ever."""
    path = tmp_path / "a.json"
    if kind == "dossier":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    found = read_files([path], tmp_path)
    assert found.texts == ["a.json : attendu un fichier ordinaire, trouvé autre chose ; retirez-le de la source."]


@pytest.mark.parametrize("name", ["a.json", "a.ndjson"])
@pytest.mark.parametrize("opening", [1, 2])
def test_a_file_that_the_system_refuses_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, opening: int
) -> None:
    """At first sight or once half-way."""
    (tmp_path / name).write_bytes(GOOD)
    opened, really = [0], Path.open

    def refuse(path: Path, *args: Any, **more: Any) -> Any:
        opened[0] += 1
        if opened[0] == opening:
            raise PermissionError(13, "Permission denied")
        return really(path, *args, **more)

    monkeypatch.setattr(Path, "open", refuse)
    expected = "attendu un fichier lisible, trouvé un fichier que le système refuse de lire"
    assert read_files([tmp_path / name], tmp_path).texts == [
        f"{name} : {expected} ; vérifiez les droits de lecture et le support."
    ]


# Resources that FHIR would refuse


@pytest.mark.parametrize(
    ("resource", "message", "tables"),
    [
        ({}, TYPE + "une valeur nulle", ALL),
        ({"resourceType": 5}, TYPE + "un nombre", ALL),
        ({"resourceType": []}, TYPE + "une liste", ALL),
        ({"resourceType": MATRICULE}, TYPE + "un texte", ALL),
        (patient(identifier={}) | {"identifier": "x"},
         "champ « Patient.identifier » : attendu une liste, trouvé un texte", ALL),
        (patient(None) | {"id": 12}, "champ « Patient.id » : attendu un texte, trouvé un nombre", ALL),
        (patient("1", f"3{ET}/1", {"system": "x", "value": 3}),
         "champ « Patient » : " + OTHER_TYPE, ALL),
        (stay(period=["2025"]), "champ « Encounter.period » : attendu un objet, trouvé une liste", ALL),
        (stay(period={"start": 2025}),
         "champ « Encounter » : " + OTHER_TYPE, ALL),
        (stay(subject="Patient/1"), "champ « Encounter.subject » : attendu un objet, trouvé un texte", ALL),
        (stay(status=["x"]), "champ « Encounter.status » : attendu un texte, trouvé une liste", ALL),
        (projet(meta="x"), "champ « CarePlan.meta » : attendu un objet, trouvé un texte",
         {"projets_personnalises", "dossiers"}),
        (projet(subject=ref("x") | {"reference": ["x"]}),
         "champ « CarePlan » : " + OTHER_TYPE,
         {"projets_personnalises", "dossiers"}),
        ({"resourceType": "Appointment", "start": 3},
         "champ « Appointment.start » : attendu un texte, trouvé un nombre", {"evenements_agenda", "dossiers"}),
        ({"resourceType": "Task", "meta": {"lastUpdated": 3}, "for": ref("Patient/1")},
         "champ « Task » : " + OTHER_TYPE, {"dossiers"}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["a.json", "a.ndjson"])
def test_a_misshapen_resource_is_told_and_the_others_are_read(
    tmp_path: Path, resource: Resource, message: str, tables: Any, name: str
) -> None:
    """With its place and the member at fault, never its value; it bars the tables that rest on it."""
    people = [patient("8", f"3{ET}/8"), resource, patient("9", f"3{ET}/9")]
    found = read(tmp_path, {name: people if name == "a.ndjson" else bundle(*people)})
    place = "ligne 2" if name == "a.ndjson" else "entrée 2"
    assert found.texts == [f"{name}, {place}, {message} ; {CORRECT}"]
    assert found.problems[0].tables == tables
    assert [row["id_usager"] for row in found.rows("usagers")] == ["8", "9"]


def test_an_entry_whose_resource_is_no_object_is_told(tmp_path: Path) -> None:
    """An entry without resource is lawful: a deletion."""
    content = {
        "resourceType": "Bundle",
        "entry": [{"resource": "x"}, {"request": {"method": "DELETE"}}, {"fullUrl": 3}],
    }
    expected = f"a.json, entrée 1, champ « resource » : attendu un objet, trouvé un texte ; {CORRECT}"
    assert read(tmp_path, {"a.json": content}).texts == [expected]


def test_a_document_that_is_no_bundle_is_told(tmp_path: Path) -> None:
    """Entries, but nothing says what they are."""
    found = read(tmp_path, {"a.json": {"entry": []}, "b.json": {"x": 1}})
    told = f"champ « resourceType » : attendu un type de ressource FHIR, trouvé une valeur nulle ; {CORRECT}"
    assert found.texts == [f"a.json, {told}", f"b.json, entrée 1, {told}"]


def test_no_message_shows_a_matricule(tmp_path: Path) -> None:
    """Whatever the fault, clear values stay in memory."""
    hidden = patient("1", f"3{ET}/{MATRICULE}", ins())
    faults = [hidden | {"identifier": MATRICULE}, hidden | {"id": int(MATRICULE)}, {MATRICULE: MATRICULE},
              projet(usager=f"Patient/{MATRICULE}"), stay(org=f"Organization/{MATRICULE}")]  # fmt: skip
    found = read(tmp_path, {"a.ndjson": [hidden, *faults], "b.json": line(hidden)[:-9]})
    assert len(found.problems) == 4
    assert MATRICULE not in str(found.texts) + str(found.notices)
