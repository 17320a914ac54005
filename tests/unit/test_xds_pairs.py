"""XDS: what the responses of the DMP make of the deposits, and how they are paired with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.adapters.dmp import ledger
from tests.unit.test_xds_lib import (
    FAILURE,
    IHE_ACTION,
    PARTIAL,
    SUCCESS,
    entry,
    error,
    lot,
    read_files,
    request,
    response,
    soap,
)

TWO = request(entry("1.2.3"), entry("1.2.34", "urn:uuid:AF516D8D-c449-4a8b-bbb4-9e36489d474d"), lot())


def outcomes(folder: Path, answer: str | bytes, sent: str = TWO) -> list[tuple[str, str]]:
    """Status and error code of each document of a request that got this answer."""
    found = read_files(folder, {"a-request.xml": sent, "a-response.xml": answer})
    assert found.problems == []
    assert found.notices == []
    return list(zip(found.column("statut"), found.column("code_erreur"), strict=True))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (response(SUCCESS), ("succes", "")),
        (response(SUCCESS, listed=True), ("succes", "")),
        (response(SUCCESS, error("XDSExtraMetadataNotSaved", severity="Warning")), ("succes", "")),
        (response(SUCCESS, error("DMPClosed")), ("echec", "DMPClosed")),
        (response(FAILURE), ("echec", "")),
        (response(FAILURE, error("DMPClosed")), ("echec", "DMPClosed")),
        (response(FAILURE, error("B"), error("A"), error("B"), error("C", severity="Warning")), ("echec", "A+B")),
    ],
)
def test_a_response_speaks_for_every_document(tmp_path: Path, answer: str, expected: tuple[str, str]) -> None:
    """Success without error; Failure with its codes, each once, sorted; a warning is no error."""
    assert outcomes(tmp_path, answer) == [expected, expected]


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        ((error("DMPFound", "Document 1.2.3 existe."),), [("echec", "DMPFound"), ("succes", "")]),
        ((error("DMPFound", "refus", "1.2.34"),), [("succes", ""), ("echec", "DMPFound")]),
        ((error("X", "af516d8d-c449-4a8b-bbb4-9e36489d474d"),), [("succes", ""), ("echec", "X")]),
        ((error("X", "urn:oid:1.2.3"), error("Y", "(1.2.3,1.2.34)")), [("echec", "X+Y"), ("echec", "Y")]),
        ((error("X", "Document01 refusé"),), [("echec", "X"), ("succes", "")]),
        ((error("X", "quelque chose"), error("Y", "11.2.3 et 1.2.3.4")), [("inconnu", ""), ("inconnu", "")]),
        ((), [("inconnu", ""), ("inconnu", "")]),
    ],
)
def test_a_partial_success_fails_the_documents_it_names(
    tmp_path: Path, errors: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    """By uniqueId or entryUUID, whole; when no document is named, nobody knows which ones failed."""
    assert outcomes(tmp_path, response(PARTIAL, *errors)) == expected


def test_a_soap_fault_is_a_failure(tmp_path: Path) -> None:
    """The most precise code of the fault is the error code."""
    fault = (
        "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>wst:InvalidRequest</s:Value>"
        "</s:Subcode></s:Code></s:Fault>"
    )
    assert outcomes(tmp_path, soap(fault), request()) == [("echec", "InvalidRequest")]


def test_a_request_without_response_is_unknown(tmp_path: Path) -> None:
    """Nothing says that the deposit succeeded."""
    found = read_files(tmp_path, {"a-request.xml": request()})
    assert (found.column("statut"), found.column("code_erreur"), found.notices) == (["inconnu"], [""], [])


def test_a_response_without_request_is_told_and_gives_no_row(tmp_path: Path) -> None:
    """One notice a file; responses alone do not hold the table."""
    files: dict[str, bytes | str] = {"a-response.xml": response(), "b.xml": soap(response(), relates="urn:uuid:1")}
    found = read_files(tmp_path, files)
    assert found.batches == 0
    assert found.notices == [
        ("reponse_sans_demande", 1, None, "a-response.xml"),
        ("reponse_sans_demande", 1, None, "b.xml"),
    ]


@pytest.mark.parametrize(
    ("message", "relates"),
    [("urn:uuid:A1", "urn:uuid:a1"), (" A1 ", "urn:uuid:a1"), ("uuid-7@dui", "uuid-7@dui")],
)
def test_pairs_by_relates_to(tmp_path: Path, message: str, relates: str) -> None:
    """wsa:RelatesTo is the wsa:MessageID of the request, wherever the files are."""
    files: dict[str, bytes | str] = {
        "z/9.xml": soap(response(), relates=relates, action=f"{IHE_ACTION}Response"),
        "a/1.xml": soap(request(), message=message, action=IHE_ACTION),
    }
    found = read_files(tmp_path, files)
    assert (found.column("statut"), found.notices) == (["succes"], [])


@pytest.mark.parametrize(
    ("sent", "answered", "paired"),
    [
        ("1-request.xml", "1-response.xml", True),
        ("a/Request_1.xml", "a/Response_1.xml", True),
        ("1.REQUEST", "1.Response", True),
        ("td2-requete-1.xml", "td2-reponse-1.xml", True),
        ("td2-requête-1.xml", "td2-réponse-1.xml", True),
        ("1-request.mime", "1-response.xml", True),
        ("1-request.xml", "2-response.xml", False),
        ("a/1-request.xml", "b/1-response.xml", False),
        ("1.xml", "1-response.xml", False),
        ("1-request.xml", "1.xml", False),
    ],
)
def test_pairs_by_file_name(tmp_path: Path, sent: str, answered: str, paired: bool) -> None:
    """The same name in the same folder, up to request and response, in either language, case or order."""
    sent, answered = (name if "." in name[2:] else f"{name}.xml" for name in (sent, answered))
    for files in ({sent: request(), answered: response()}, {answered: response(), sent: request()}):
        found = read_files(tmp_path, dict(files))
        assert found.column("statut") == ["succes" if paired else "inconnu"]
        assert found.notices == ([] if paired else [("reponse_sans_demande", 1, None, answered)])


def test_the_id_comes_before_the_name(tmp_path: Path) -> None:
    """A response that names a known request is that one's, even beside another request."""
    files: dict[str, bytes | str] = {
        "1-request.xml": soap(request(entry("1.1"), lot()), message="urn:uuid:1"),
        "2-request.xml": soap(request(entry("1.2"), lot()), message="urn:uuid:2"),
        "2-response.xml": soap(response(), relates="urn:uuid:1"),
    }
    found = read_files(tmp_path, files)
    assert (found.column("statut"), found.notices) == (["succes", "inconnu"], [])


def test_the_name_serves_when_no_request_has_the_id(tmp_path: Path) -> None:
    """A proxy may change ids: the file names still pair."""
    files: dict[str, bytes | str] = {
        "1-request.xml": soap(request(), message="urn:uuid:1"),
        "1-response.xml": soap(response(), relates="urn:uuid:9"),
    }
    found = read_files(tmp_path, files)
    assert (found.column("statut"), found.notices) == (["succes"], [])


@pytest.mark.parametrize("order", [1, -1])
def test_one_success_among_the_answers_is_a_success(tmp_path: Path, order: int) -> None:
    """A request sent again keeps its MessageID: the answer that accepted it holds."""
    answers = [response(FAILURE, error("Busy")), response()][::order]
    files: dict[str, bytes | str] = {"1.xml": soap(request(), message="urn:uuid:1")}
    files |= {f"r{n}.xml": soap(answer, relates="urn:uuid:1") for n, answer in enumerate(answers)}
    found = read_files(tmp_path, files)
    assert (found.column("statut"), found.notices) == (["succes"], [])


def test_many_pairs_make_few_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of several files share a batch, and each keeps its outcome and its place."""
    monkeypatch.setattr(ledger, "_ROWS_PER_BATCH", 4)
    files: dict[str, bytes | str] = {}
    for n in range(10):
        files[f"{n}-request.xml"] = request(entry(f"1.{n}"), lot())
        if n % 2:
            files[f"{n}-response.xml"] = response()
    found = read_files(tmp_path, files)
    assert found.batches == 3
    assert found.column("statut") == ["inconnu", "succes"] * 5
    assert found.column("id_document") == [f"1.{n}" for n in range(10)]
    assert found.places == [f"{n}-request.xml, document 1" for n in range(10)]
