"""PDSm: broken and hostile files: one clear problem each, never an error, never a value."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.adapters.base import SourceFile
from connector.adapters.dmp.pdsm import PdsmAdapter
from connector.config import SourceSettings
from tests.unit.test_pdsm_lib import INS, Found, Json, answer, bundle, document, lot, read_files

REDO = "réexportez ce message, ou retirez-le de la source."
OTHER = "une valeur d'un autre type"
GOOD = orjson.dumps(bundle())


def deep(depth: int) -> bytes:
    return GOOD.replace(b'"status":"current"', b'"x":' + b"[" * depth + b"]" * depth, 1)


BROKEN: dict[str, tuple[bytes | Json, str]] = {
    "vide": (b"", " : attendu du JSON, trouvé un fichier vide ; refaites l'export."),
    "binaire": (
        b"\0\1\2",
        ", octet 0 : attendu du texte en UTF-8, trouvé un octet nul ; ce fichier est binaire : refaites l'export.",
    ),
    "UTF-16": (
        GOOD.decode().encode("utf-16"),
        ", octet 0 : attendu de l'UTF-8, trouvé de l'UTF-16 ; exportez ce fichier en UTF-8.",
    ),
    "coupé": (
        GOOD[: len(GOOD) // 2],
        ", entrée 2 : attendu un document JSON complet, trouvé un fichier qui s'interrompt ; "
        "ce fichier est tronqué : refaites l'export.",
    ),
    "10 000 niveaux": (
        deep(10_000),
        ", entrée 2 : attendu au plus 200 niveaux imbriqués, trouvé davantage de niveaux ; "
        "ce fichier est suspect : refaites l'export, ou relevez « profondeur_max » dans [limites].",
    ),
    "plusieurs messages": (
        GOOD + b"\n" + GOOD,
        " : attendu un message par fichier, trouvé plusieurs lignes ; réexportez chaque message dans son fichier.",
    ),
    "une entrée qui n'est pas un objet": (
        bundle(entry=[3]),
        ", entrée 1 : attendu un objet JSON, trouvé un nombre ; refaites l'export.",
    ),
    "une ressource sans type": (
        bundle(entry=[{"resource": {"id": INS}}]),
        f", entrée 1 : attendu une ressource FHIR R4, trouvé {OTHER} ; {REDO}",
    ),
    "un sujet d'un autre type": (
        bundle(lot(), document(subject=[INS])),
        f", entrée 2, champ « DocumentReference » : attendu une ressource FHIR R4, trouvé {OTHER} ; {REDO}",
    ),
    "un auteur d'un autre type": (
        document(author=[INS]),
        f", champ « DocumentReference » : attendu une ressource FHIR R4, trouvé {OTHER} ; {REDO}",
    ),
    "un refus mal formé": (
        {"resourceType": "OperationOutcome", "issue": [INS]},
        f", champ « OperationOutcome » : attendu une ressource FHIR R4, trouvé {OTHER} ; {REDO}",
    ),
    "une autre ressource": (
        {"resourceType": "Patient", "id": INS},
        ", champ « resourceType » : attendu un Bundle, un DocumentReference ou un OperationOutcome, "
        f"trouvé 'Patient' ; {REDO}",
    ),
    "un autre Bundle": (
        bundle(type="searchset"),
        f", champ « Bundle.type » : attendu transaction ou transaction-response, trouvé 'searchset' ; {REDO}",
    ),
    "un type qui est un matricule": (
        bundle(type=INS),
        f", champ « Bundle.type » : attendu transaction ou transaction-response, trouvé un texte ; {REDO}",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_one_clear_problem(name: str, tmp_path: Path) -> None:
    """Where, what was expected, what is there, what to do; the others are read."""
    content, expected = BROKEN[name]
    found = read_files(tmp_path, {"a.json": content, "b-request.json": bundle(), "b-response.json": answer("201")})
    assert found.problems == [f"a.json{expected}"]
    assert found.column("statut") == ["succes"]


def test_a_missing_file_a_folder_and_a_pipe_are_problems(tmp_path: Path) -> None:
    """What is no ordinary file is said so, without waiting."""
    (tmp_path / "dossier.json").mkdir()
    os.mkfifo(tmp_path / "tube.json")
    names = ["absent.json", "dossier.json", "tube.json"]
    found = Found(PdsmAdapter([SourceFile(tmp_path / name, name) for name in names], SourceSettings()))
    advice = "attendu un fichier ordinaire, trouvé autre chose ; retirez-le de la source."
    assert found.problems == [f"{name} : {advice}" for name in names]


def test_documents_are_never_kept(tmp_path: Path) -> None:
    """Memory does not grow with the documents that a submission carries."""
    peaks = []
    for count in (20, 40):
        path = tmp_path / f"{count}-request.json"
        _write_large(path, count)
        tracemalloc.start()
        assert len(_read_in_place(path).rows) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]


def _write_large(path: Path, count: int) -> None:
    binary = {"resourceType": "Binary", "contentType": "application/pdf", "data": "A" * 1_000_000}
    with path.open("wb") as stream:
        stream.write(b'{"resourceType":"Bundle","type":"transaction","entry":[' + orjson.dumps({"resource": lot()}))
        for n in range(count):
            stream.write(b"," + orjson.dumps({"resource": document(f"1.{n}")}))
            stream.write(b"," + orjson.dumps({"resource": binary}))
        stream.write(b"]}")


def _read_in_place(path: Path) -> Found:
    return Found(PdsmAdapter([SourceFile(path, path.name)], SourceSettings()))


@given(st.binary(max_size=60), st.integers(0, len(GOOD)), st.integers(0, 40))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_change_of_bytes_raises(tmp_path: Path, inserted: bytes, at: int, cut: int) -> None:
    """Whatever is written over a submission, the answer is rows or problems."""
    found = read_files(tmp_path, {"a-request.json": GOOD[:at] + inserted + GOOD[at + cut :]}, "750900017")
    assert found.problems or found.rows or found.notices


@given(
    st.recursive(
        st.none() | st.integers(-5, 5) | st.just(INS),
        lambda one: (
            st.lists(one)
            | st.dictionaries(
                st.sampled_from(["reference", "identifier", "value", "system", "coding", "code", "resourceType", "id"]),
                one,
            )
        ),
    )
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_shape_raises_nor_shows_a_value(tmp_path: Path, value: object) -> None:
    """Any JSON in the place of any member is rows or a problem that shows nothing of it."""
    for name in ("subject", "author", "contained", "masterIdentifier", "context", "type", "relatesTo", "date"):
        for whole in (document(**{name: value}), bundle(lot(**{name: value}), document(**{name: value}))):
            found = read_files(tmp_path, {"a-request.json": whole}, "750900017")
            assert found.problems or found.rows
            assert not any(INS in text for text in found.problems)
