"""TDDUI FHIR: what the files look like, and how they are recognised. Rule: `docs/sources.md`, « TDDUI FHIR »."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from connector.adapters.base import HEAD_SIZE
from connector.adapters.dui.tddui import TdduiAdapter
from tests.unit.test_tddui_lib import ET, PROFILES, Resource, bundle, ins, patient, read, ref, stay


def line(resource: Resource) -> bytes:
    return orjson.dumps(resource) + b"\n"


GOOD = line(patient())


# Layouts


def test_keys_come_in_any_order(tmp_path: Path) -> None:
    """The entries first, what the document is last; other members are skipped."""
    content = {"entry": bundle(patient())["entry"], "link": [{"url": "x"}], "total": 1, "resourceType": "Bundle"}
    found = read(tmp_path, {"a.json": content})
    assert len(found.rows("usagers")) == 1
    assert not found.problems


@pytest.mark.parametrize("kind", ["document", "lines", "list of lines"])
def test_a_file_is_read_by_its_content(tmp_path: Path, kind: str) -> None:
    """Laid out or not, one entry a line or not, whatever the extension."""
    people = [patient(), patient("2", f"3{ET}/2")]
    laid_out = orjson.dumps(bundle(*people), option=orjson.OPT_INDENT_2)
    entries = b",\n".join(orjson.dumps(entry) for entry in bundle(*people)["entry"])
    by_line = b'{"resourceType":"Bundle","entry":[\n' + entries + b"\n]}"
    content = {"document": laid_out, "lines": b"".join(map(line, people)), "list of lines": by_line}[kind]
    for name in ("a.json", "a.txt", "a.ndjson") if kind != "list of lines" else ("a.json", "a.txt"):
        found = read(tmp_path, {name: content})
        assert [row["id_usager"] for row in found.rows("usagers")] == ["1", "2"]
        assert not found.problems


def test_a_document_larger_than_the_window_is_read_whole(tmp_path: Path) -> None:
    """Entries, numbers, accents and long texts across the borders of the blocks that are read."""
    people = [patient(str(rank), f"3{ET}/{rank}", text="é" * (rank * 977 % 5000), n=1234567890) for rank in range(800)]
    people.append(patient("long", f"3{ET}/long", text="à" * 900_000))
    for indent in (0, orjson.OPT_INDENT_2):
        found = read(tmp_path, {"a.json": orjson.dumps(bundle(*people, total=10**12), option=indent)})
        assert not found.problems
        assert len(found.rows("usagers")) == 801


def test_a_one_x_bundle_is_left_aside_by_name(tmp_path: Path) -> None:
    """A CDA in a DocumentReference, whether the Bundle says so or only what it holds."""
    cda = "https://interop.esante.gouv.fr/ig/cda/tddui/StructureDefinition/"
    document = {"resourceType": "DocumentReference", "meta": {"profile": [cda + "tddui-documentreference"]},
                "subject": ref("Patient/1")}  # fmt: skip
    said = {"meta": {"profile": [cda + "tddui-bundle"]}}
    files = {"a.json": said | bundle(patient()), "b.json": bundle(document), "c.json": document, "d.ndjson": [document],
             "e.ndjson": [said | bundle(document)]}  # fmt: skip
    found = read(tmp_path, files)
    assert found.told() == {("fichier_laisse_de_cote", name, None): 1 for name in files}
    assert not found.tables
    assert not found.problems


# Recognition


@pytest.mark.parametrize(
    ("content", "ours"),
    [
        (patient(), True),
        (stay(), True),
        ({"resourceType": "Appointment", "status": "booked"}, True),
        ({"resourceType": "DocumentReference", "contained": [patient()]}, False),
        ({"resourceType": "DocumentReference", "meta": {"profile": [PROFILES + "tddui-document-reference"]}}, True),
        ({"resourceType": "MeasureReport"}, False),
        ({"resourceType": "RequestGroup", "subject": ref("Patient/1")}, False),
        (bundle(), True),
        (bundle(type="transaction-response"), False),
        (bundle(patient(), type="searchset"), True),
        (bundle({"resourceType": "DocumentReference"}, {"resourceType": "Binary"}), False),
        (bundle({"resourceType": "List"}, patient(), meta={"profile": ["https://x/ig/fhir/pdsm/Struct/y"]}), False),
        (bundle({"resourceType": "DocumentReference", "contained": [patient()]}, type="searchset"), False),
        (bundle(patient(), meta={"profile": [PROFILES + "tddui-bundle"]}), True),
        ({"entry": [{"resource": patient()}]}, True),
        ({"x": {"resourceType": "Patient"}}, False),
        ({"a": 1}, False),
        ([patient()], True),
        ([{"resourceType": "Practitioner"}, {"resourceType": "Patient"}], True),
        (b"\xef\xbb\xbf \n" + GOOD, True),
        (b'{"resourceType":"Patient","extension":' + b"[" * 5000, True),
        (b'{"resourceType":"Patient","name":"\xe9"}', True),
        (b'{"text":"\\"resourceType\\":\\"Patient\\""}', False),
        (b'["resourceType"]', False),
        (b"<Bundle/>", False),
        (b"", False),
        (GOOD.decode().encode("utf-16"), True),
    ],
)  # fmt: skip
def test_a_file_is_recognised_by_its_head(tmp_path: Path, content: Any, ours: bool) -> None:
    """By the types and profiles at their right place, even cut short; PDSm and the rest is left to others."""
    if isinstance(content, list):
        content = b"".join(map(line, content))
    head = content if isinstance(content, bytes) else orjson.dumps(content)
    assert TdduiAdapter.sniff(tmp_path / "a.json", head[:HEAD_SIZE]) is ours
    pretty = head if isinstance(content, bytes) else orjson.dumps(content, option=orjson.OPT_INDENT_2)
    assert TdduiAdapter.sniff(tmp_path / "a", pretty[:HEAD_SIZE]) is ours


def test_a_head_cut_anywhere_never_fails(tmp_path: Path) -> None:
    """Recognition is asked of any file."""
    head = orjson.dumps(bundle(patient("1", f"3{ET}/1", ins()), stay()))
    results = [TdduiAdapter.sniff(tmp_path / "a", head[:size]) for size in range(len(head))]
    assert all(results[head.index(b'"Patient"') + len('"Patient"') :])
