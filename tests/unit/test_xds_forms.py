"""XDS: the forms that a message takes: bare, SOAP, MTOM/MIME with or without HTTP headers."""

from __future__ import annotations

import base64
import quopri
import tracemalloc
from pathlib import Path

import pytest

from connector.adapters.base import HEAD_SIZE, SourceFile
from connector.adapters.dmp.xds import XdsAdapter
from connector.config import SourceSettings
from tests.unit.test_xds_lib import Found, read_files, request, response, soap

XML = soap(request())
INCLUDE = '<xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" href="cid:doc@essms"/>'
ROOT = soap(request(document=INCLUDE))
BOM = b"\xef\xbb\xbf"


def mime(
    *parts: tuple[str, bytes],
    boundary: str = "uuid:2a1acced",
    start: str = "",
    head: str | None = None,
    end: bytes = b"--",
    line: bytes = b"\r\n",
) -> bytes:
    """MIME parts; `head` None writes the Content-Type that names them, "" writes nothing before them."""
    if head is None:
        named = f'; start="<{start}>"' if start else ""
        head = f'Content-Type: multipart/related; type="application/xop+xml"; boundary="{boundary}"{named}\n\n'
    text = head.encode().replace(b"\n", line)
    for headers, content in parts:
        text += b"--" + boundary.encode() + line + headers.encode().replace(b"\n", line) + line + line + content + line
    return text + b"--" + boundary.encode() + end + line


FIRST = ("Content-Type: application/xop+xml; charset=UTF-8\nContent-ID: <root@essms>", ROOT)
SECOND = ("Content-Type: text/xml\nContent-ID: <doc@essms>", b"<ClinicalDocument/>\x00\xff")
HTTP = "DefaultHttpRequest(chunked: false)\nPOST /depot HTTP/1.1\nHost: dmp\n"
FOLDED = 'Content-Type: multipart/related;\n type="application/xop+xml";\n boundary=uuid:2a1acced\n\n'
FORMS = {
    "nu": request().encode(),
    "SOAP": XML,
    "BOM": BOM + XML,
    "lignes vides": b"\r\n \n" + XML,
    "UTF-16": XML.decode().replace("UTF-8", "UTF-16").encode("utf-16"),
    "Latin-1": XML.replace(b"UTF-8", b"ISO-8859-1").replace(b"DUPONT", b"\xc9LIE"),
    "derrière HTTP": b"POST /depot HTTP/1.1\r\nContent-Type: application/soap+xml\r\n\r\n" + XML,
    "MIME": mime(FIRST, SECOND),
    "MIME en LF": mime(FIRST, SECOND, line=b"\n"),
    "MIME sans en-tête": mime(FIRST, SECOND, head=""),
    "MIME de JavaMail": mime(FIRST, SECOND, head="", boundary="--=_Part_1_12.34"),
    "MIME derrière HTTP": mime(FIRST, SECOND, head=HTTP + FOLDED),
    "MIME dont l'en-tête nomme une autre séparation": mime(FIRST, SECOND, head=FOLDED.replace("2a1acced", "other")),
    "MIME en une partie": mime(FIRST),
    "racine en second": mime(SECOND, FIRST, start="root@essms"),
    "racine introuvable": mime(FIRST, SECOND, start="other@essms"),
    "racine en base64": mime(("Content-Transfer-Encoding: base64", base64.encodebytes(ROOT)), SECOND),
    "racine en quoted-printable": mime(
        ("Content-Transfer-Encoding: Quoted-Printable", quopri.encodestring(ROOT)), SECOND
    ),
    "texte après": mime(FIRST, SECOND) + b"Target endpoint: https://dmp\r\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_says_the_same(tmp_path: Path, form: str) -> None:
    """Whatever stands around the message, it is recognised and gives the same deposit."""
    expected = read_files(tmp_path, {"reference.xml": XML})
    found = read_files(tmp_path, {"a-request.xml": FORMS[form]})
    assert found.problems == []
    assert found.rows == expected.rows
    assert XdsAdapter.sniff(tmp_path / "x", FORMS[form][:HEAD_SIZE]) is (
        form not in ("racine en base64", "racine en quoted-printable")
    )


def test_a_response_may_be_in_mime_too(tmp_path: Path) -> None:
    """The DMP answers in MTOM what was sent in MTOM."""
    answer = mime(("Content-Type: application/xop+xml", soap(response(), relates="urn:uuid:1")))
    files: dict[str, bytes | str] = {"1.mime": mime(("X: y", soap(request(), message="urn:uuid:1"))), "2.mime": answer}
    assert read_files(tmp_path, files).column("statut") == ["succes"]


def test_document_parts_are_not_loaded(tmp_path: Path) -> None:
    """A document of 64 MB beside the message goes by in little memory."""
    path = tmp_path / "a-request.mime"
    head = mime(FIRST, ("Content-Type: application/pdf", b""), end=b"")
    with path.open("wb") as stream:
        stream.write(head.rsplit(b"\r\n--", 1)[0])
        for _ in range(64):
            stream.write(b"%PDF" * (256 * 1024))
        stream.write(b"\r\n--uuid:2a1acced--\r\n")
    adapter = XdsAdapter([SourceFile(path, path.name)], SourceSettings())
    tracemalloc.start()
    try:
        found = Found(adapter)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found.problems == []
    assert len(found.rows) == 1
    assert peak < 4 * 1024 * 1024


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"<",
        b"<ClinicalDocument xmlns='urn:hl7-org:v3'/>",
        b'<lcm:SubmitObjectsRequest xmlns:lcm="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"/>',  # METADATA.XML of XDM
        b"<query:AdhocQueryResponse xmlns:query='q'/>",
        b"MSH|^~\\&|ProvideAndRegisterDocumentSetRequest|",
        b"id;<RegistryResponse />\n",
        b'{"a": "<RegistryResponse />"}',
        b"\0\1<RegistryResponse/>",
    ],
)
def test_other_contents_are_not_recognised(tmp_path: Path, head: bytes) -> None:
    """Only an ITI-41 request or a RegistryResponse, by the name of its element."""
    assert not XdsAdapter.sniff(tmp_path / "a-request.xml", head)


def test_no_published_sample_is_recognised(samples: Path) -> None:
    """None of the samples at hand is an ITI-41 message."""
    files = [path for path in samples.rglob("*") if path.is_file()]
    assert not [path.name for path in files if XdsAdapter.sniff(path, path.read_bytes()[:HEAD_SIZE])]


def test_nothing_is_read_for_other_tables(tmp_path: Path) -> None:
    """Asked for tables that it does not give, the adapter opens no file."""
    adapter = XdsAdapter([SourceFile(tmp_path / "absent.xml", "absent.xml")], SourceSettings())
    assert list(adapter.read(("usagers",))) == []
