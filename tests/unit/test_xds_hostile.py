"""XDS: broken and hostile files: one clear problem each, never an error, never a value."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.adapters.base import SourceFile
from connector.adapters.dmp.xds import XdsAdapter
from connector.config import SourceSettings
from tests.unit.test_xds_forms import FIRST, SECOND, mime
from tests.unit.test_xds_lib import INS, REGREP, Found, error, read_files, request, response, soap

GOOD = soap(request())
AGAIN = "réexportez ce fichier."
MALFORMED = f"attendu un document XML bien formé, trouvé un document coupé ou mal formé ; {AGAIN}"
ENCODING = f"attendu un texte dans l'encodage déclaré, trouvé d'autres octets ; {AGAIN}"
DOCTYPE = "attendu un document XML sans DOCTYPE, trouvé un DOCTYPE ; retirez-le : il n'est jamais suivi."
DEEP = f"attendu au plus 200 niveaux imbriqués, trouvé un document plus profond ; {AGAIN}"
EMPTY = f"attendu un message XML, trouvé un fichier vide ; {AGAIN}"
NO_MIME_END = f"attendu la fin des parties MIME, trouvé un fichier coupé ; {AGAIN}"
OTHER = "attendu ProvideAndRegisterDocumentSetRequest ou RegistryResponse, trouvé un autre message ; "
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))


def declared(subset: str) -> bytes:
    """A request behind a DOCTYPE with an internal subset."""
    return GOOD.replace(b"?>\n", f"?>\n<!DOCTYPE x [{subset}]>\n".encode(), 1)


def nested(depth: int) -> bytes:
    inner = "<a>" * depth + "</a>" * depth
    return request().replace("<rim:ExtrinsicObject", f"{inner}<rim:ExtrinsicObject", 1).encode()


BROKEN: dict[str, tuple[bytes, str]] = {
    "vide": (b"", f" : {EMPTY}"),
    "blanc": (b" \r\n\t", f" : {EMPTY}"),
    "coupé": (GOOD[: len(GOOD) // 2], f", ligne 2 : {MALFORMED}"),
    "coupé à la fin": (GOOD[:-3], f", ligne 2 : {MALFORMED}"),
    "mal imbriqué": (b"<a>\n<b></a>", f", ligne 2 : {MALFORMED}"),
    "binaire": (bytes(range(256)), ", octet 0 : attendu un message XML ou MIME, trouvé un autre contenu ; " + AGAIN),
    "DOCTYPE": (declared(""), f" : {DOCTYPE}"),
    "milliard de rires": (declared('<!ENTITY l0 "ha">' + LAUGHS), f" : {DOCTYPE}"),
    "entité externe": (declared('<!ENTITY x SYSTEM "file:///etc/passwd">'), f" : {DOCTYPE}"),
    "DOCTYPE en UTF-16": (
        declared("").decode().replace("UTF-8", "UTF-16").encode("utf-16"),
        f" : {DOCTYPE}",
    ),
    "entité inconnue": (GOOD.replace(b"DUPONT", b"&nom;"), f", ligne 2 : {MALFORMED}"),
    "encodage faux": (GOOD.replace(b"DUPONT", b"\xc9LIE"), f", ligne 2 : {ENCODING}"),
    "encodage inconnu": (GOOD.replace(b"UTF-8", b"KLINGON"), f", ligne 1 : {ENCODING}"),
    "210 niveaux": (nested(210), f" : {DEEP}"),
    "10 000 niveaux": (nested(10_000), f", ligne 1 : {DEEP}"),
    "MIME sans fin": (mime(FIRST, SECOND, end=b""), f" : {NO_MIME_END}"),
    "MIME coupé dans la racine": (mime(FIRST)[:400], f" : {NO_MIME_END}"),
    "MIME coupé dans les en-têtes": (mime(FIRST)[:150], f" : {NO_MIME_END}"),
    "MIME sans partie": (mime(), f" : attendu une partie racine, trouvé aucune partie ; {AGAIN}"),
    "MIME sans séparation": (
        b"Content-Type: multipart/related\r\n\r\nx",
        f", octet 0 : attendu des parties MIME, trouvé aucune séparation ; {AGAIN}",
    ),
    "MIME aux en-têtes sans fin": (
        mime(("X: " + "a" * 300_000, GOOD)),
        f" : attendu des en-têtes MIME, trouvé un autre contenu ; {AGAIN}",
    ),
    "racine qui n'est pas du base64": (
        mime(("Content-Transfer-Encoding: base64", b"a")),
        f" : attendu une partie racine en base64, trouvé un autre contenu ; {AGAIN}",
    ),
    "autre message": (b"<ClinicalDocument/>", f" : {OTHER}retirez ce fichier de la source."),
    "enveloppe vide": (soap(""), f" : {OTHER}retirez ce fichier de la source."),
    "demande vide": (
        b'<x:ProvideAndRegisterDocumentSetRequest xmlns:x="urn:ihe:iti:xds-b:2007"/>',
        f" : attendu un élément RegistryObjectList, trouvé une demande sans métadonnées ; {AGAIN}",
    ),
    "réponse sans statut": (
        f'<RegistryResponse xmlns="{REGREP}:xsd:rs:3.0"/>'.encode(),
        f" : attendu un statut Success, Failure ou PartialSuccess, trouvé un autre statut ; {AGAIN}",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_told_and_the_others_go_on(tmp_path: Path, case: str) -> None:
    """The problem names the file, the line when there is one, and what to do."""
    content, sentence = BROKEN[case]
    found = read_files(tmp_path, {"a/1-request.xml": content, "b/2-request.xml": GOOD})
    assert found.problems == [f"a/1-request.xml{sentence}"]
    assert found.column("id_document") == ["1.2.250.1.999.1"]


def test_a_document_as_deep_as_the_limit_is_read(tmp_path: Path) -> None:
    """The bound is a setting, and what stays within it is no fault."""
    assert read_files(tmp_path, {"a.xml": nested(190)}).problems == []
    assert len(read_files(tmp_path, {"a.xml": nested(20)}, profondeur_max=16).problems) == 1


@pytest.mark.parametrize("content", [GOOD + b" " * 4096, mime((FIRST[0], GOOD + b" " * 4096))])
def test_a_message_larger_than_the_limit_is_told(tmp_path: Path, content: bytes) -> None:
    """The size of a message is bounded by a setting."""
    found = read_files(tmp_path, {"a.xml": content}, ligne_max=len(GOOD) + 1024)
    assert len(found.problems) == 1
    assert f"d'au plus {len(GOOD) + 1024} octets" in found.problems[0]


def test_a_deposit_sent_inline_may_be_large(tmp_path: Path) -> None:
    """A document of 6 MB in base64 within the request is no fault; the parser stops at 10 MB."""
    assert read_files(tmp_path, {"a.xml": request(document="QUJD" * 1_500_000)}).problems == []
    advice = "gardez les messages en MTOM, ou sans leurs documents."
    expected = f"attendu des valeurs d'au plus 10 Mo, trouvé une valeur plus longue ; {advice}"
    found = read_files(tmp_path, {"a.xml": request(document="QUJD" * 3_000_000)})
    assert found.problems == [f"a.xml, ligne 1 : {expected}"]


def test_files_that_cannot_be_read_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder, a named pipe, a file that is gone, one that refuses: a problem each, and no waiting."""
    (tmp_path / "dossier").mkdir()
    if hasattr(os, "mkfifo"):  # Windows has none: the file is then absent
        os.mkfifo(tmp_path / "tube")
    names = ("dossier", "tube", "absent")
    found = Found(XdsAdapter([SourceFile(tmp_path / name, name) for name in names], SourceSettings()))
    expected = "attendu un fichier ordinaire, trouvé autre chose ; retirez-le de la source."
    assert found.problems == [f"{name} : {expected}" for name in names]

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    (tmp_path / "a.xml").write_bytes(GOOD)
    monkeypatch.setattr(Path, "open", refuse)
    found = Found(XdsAdapter([SourceFile(tmp_path / "a.xml", "a.xml")], SourceSettings()))
    expected = "attendu un fichier lisible, trouvé une erreur de lecture ; vérifiez les droits et le support."
    assert found.problems == [f"a.xml : {expected}"]


def test_a_partial_success_of_many_errors_takes_linear_time(tmp_path: Path) -> None:
    """Naming documents is a look-up, not a search of every error for every document."""
    errors = [error("X", f"Document 1.2.{n}") for n in range(20_000)]
    entries = request().replace("<rim:ExtrinsicObject", "<rim:Slot/><rim:ExtrinsicObject")
    answer = response("urn:ihe:iti:2007:ResponseStatusType:PartialSuccess", *errors)
    started = time.process_time()
    found = read_files(tmp_path, {"a-request.xml": entries, "a-response.xml": answer})
    assert found.column("statut") == ["inconnu"]
    assert time.process_time() - started < 5


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_no_content_ever_raises(tmp_path: Path, data: st.DataObject) -> None:
    """Bytes taken out, put in or doubled anywhere give rows, problems or notices, and never an error."""
    content = bytearray(data.draw(st.sampled_from([GOOD, mime(FIRST, SECOND), soap(response()), nested(30)])))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(start, min(len(content), start + 60)))
        pieces = st.sampled_from([b"<", b"&", b"]]>", b"\r\n\r\n", b"--uuid:2a1acced", b"<!DOCTYPE a>", b"<?xml?>"])
        content[start:end] = data.draw(st.binary(max_size=10) | pieces)
    found = read_files(tmp_path, {"a-request.xml": bytes(content)})
    assert INS not in "".join(found.problems) + repr(found.notices)
