"""Reading what receivers say: a success whose lines were refused is a rejection, with words."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.publish.answers import HUNDREDS, STATUSES, Answer, Rule, Verdict, judge
from connector.publish.bodies import Meaning, read_body, words_of
from connector.publish.same import same_resource
from tests.lib.submissions import NOW

FHIR = "application/fhir+json; charset=utf-8"
ACCEPTED, REJECTED, UNREADABLE = Meaning.ACCEPTED, Meaning.REJECTED, Meaning.UNREADABLE
OUTCOME = '{"resourceType":"OperationOutcome","issue":[{"severity":"%s","code":"invalid","diagnostics":"%s"}]}'

CASES = {
    "an outcome that only informs": ("fhir", FHIR, OUTCOME % ("information", "Created"), ACCEPTED, ""),
    "an outcome with an error": ("fhir", FHIR, OUTCOME % ("error", "subject inconnu"), REJECTED, "subject inconnu"),
    "an outcome with details only": (
        "fhir",
        FHIR,
        '{"resourceType":"OperationOutcome","issue":[{"severity":"fatal","code":"x","details":{"text":"illisible"}}]}',
        REJECTED,
        "illisible",
    ),
    "the resource itself": ("fhir", FHIR, '{"resourceType":"MeasureReport","id":"a"}', ACCEPTED, ""),
    "a transaction where all was taken": (
        "fhir",
        FHIR,
        '{"resourceType":"Bundle","entry":[{"response":{"status":"201 Created"}},{"response":{"status":"200"}}]}',
        ACCEPTED,
        "",
    ),
    "a batch with one entry refused": (
        "fhir",
        FHIR,
        '{"resourceType":"Bundle","entry":[{"response":{"status":"201"}},{"response":{"status":"422 Unprocessable"}}]}',
        REJECTED,
        "entrée refusée (422 Unprocessable)",
    ),
    "a batch whose entry says why": (
        "fhir",
        FHIR,
        '{"resourceType":"Bundle","entry":[{"response":{"status":"412","outcome":%s}}]}'
        % (OUTCOME % ("error", "trop tard")),
        REJECTED,
        "trop tard",
    ),
    "an outcome in XML": (
        "fhir",
        "application/fhir+xml",
        '<OperationOutcome xmlns="http://hl7.org/fhir"><issue><severity value="error"/><code value="x"/>'
        '<diagnostics value="non"/></issue></OperationOutcome>',
        REJECTED,
        "non",
    ),
    "JSON that is not FHIR": (
        "fhir",
        "application/json",
        '{"ok":true}',
        UNREADABLE,
        "réponse qui n'est pas celle d'un destinataire de ce type",
    ),
    "an import without fault": (
        "dhis2",
        "application/json",
        '{"status":"OK","response":{"status":"SUCCESS","importCount":{"imported":3,"updated":0,"ignored":0}}}',
        ACCEPTED,
        "",
    ),
    "an unchanged import, counted as ignored": (
        "dhis2",
        "application/json",
        '{"status":"SUCCESS","importCount":{"imported":0,"updated":0,"ignored":3},"conflicts":[]}',
        ACCEPTED,
        "",
    ),
    "a partial import, said with 200": (
        "dhis2",
        "application/json",
        '{"httpStatus":"OK","status":"WARNING","response":{"status":"WARNING","importCount":{"ignored":1},'
        '"conflicts":[{"object":"dsA1","value":"Data element not assigned","errorCode":"E8003"}]}}',
        REJECTED,
        "E8003 dsA1 Data element not assigned ; import incomplet",
    ),
    "a bare summary in error": (
        "dhis2",
        "application/json",
        '{"status":"ERROR","description":"Org unit not found","importCount":{"ignored":3}}',
        REJECTED,
        "Org unit not found",
    ),
    "an import that is only promised": (
        "dhis2",
        "application/json",
        '{"httpStatus":"OK","status":"OK","response":{"id":"Y1","jobType":"DATAVALUE_IMPORT"}}',
        UNREADABLE,
        "import lancé en différé : son issue n'est pas dans cette réponse",
    ),
    "a status without any summary": (
        "dhis2",
        "application/json",
        '{"status":"OK"}',
        UNREADABLE,
        "réponse qui n'est pas celle d'un destinataire de ce type",
    ),
    "an error said with 200": ("csv", "application/json", '{"error":"ligne 3 refusée"}', REJECTED, "ligne 3 refusée"),
    "a failure with its list": (
        "adx",
        "application/json",
        '{"success":false,"errors":["période close"]}',
        REJECTED,
        "période close",
    ),
    "no error in a list of errors": ("csv", "application/json", '{"success":true,"errors":[]}', ACCEPTED, ""),
    "a page of a portal that passes for XML": (
        "adx",
        "application/xhtml+xml",
        '<html xmlns="http://www.w3.org/1999/xhtml"><body>Connectez-vous</body></html>',
        UNREADABLE,
        "réponse qui n'est pas celle d'un destinataire de ce type",
    ),
    "a nest without end": (
        "csv",
        "application/json",
        "[" * 1000 + "]" * 1000,
        UNREADABLE,
        "réponse imbriquée à l'excès",
    ),
    "entries that are no entries": (
        "fhir",
        "application/json",
        '{"resourceType":"Bundle","entry":["x",{"response":["y"]}]}',
        ACCEPTED,
        "",
    ),
    "an empty answer of DHIS2": ("dhis2", "", "", UNREADABLE, "réponse vide, attendu un compte rendu"),
    "an empty answer of others": ("adx", "", "", ACCEPTED, ""),
    "a report that takes all": ("csv", "application/json", '{"statut":"accepte"}', ACCEPTED, ""),
    "a report that refuses lines": (
        "csv",
        "application/json",
        '{"statut":"partiel","rejets":[{"ligne":3,"motif":"FINESS inconnu"},{"motif":"FINESS inconnu"},"taux"]}',
        REJECTED,
        "FINESS inconnu ; taux",
    ),
    "a report that refuses without a word": (
        "csv",
        "application/json",
        '{"statut":"rejete"}',
        REJECTED,
        "rejeté sans explication",
    ),
    "a page of a portal": (
        "csv",
        "text/html",
        "<html>Connectez-vous</html>",
        UNREADABLE,
        "réponse illisible (text/html), attendu JSON ou XML",
    ),
    "an entity bomb": (
        "adx",
        "application/xml",
        '<!DOCTYPE a [<!ENTITY b "boum">]><importSummary><status>&b;</status></importSummary>',
        UNREADABLE,
        "réponse illisible (application/xml), attendu JSON ou XML",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_body_of_a_success_decides(case: str) -> None:
    """What was refused is said in the receiver's words, once each."""
    kind, content_type, body, meaning, words = CASES[case]
    assert read_body(kind, content_type, body.encode()) == (meaning, words)


def test_a_real_adx_answer_of_dhis2_is_a_rejection(samples: Path) -> None:
    """The published example: two groups imported, four refused, all under one answer."""
    body = (samples / "payloads" / "08_dhis2_adx_importSummaries.xml").read_bytes()
    assert read_body("adx", "application/xml", body) == (
        REJECTED,
        "Exception: Invalid attributes:{sex=M, ageGroup=xunder5} ; Exception: catcombo AgeSex must have Age Group ; "
        "Exception: 2015-01-01 not in valid <date>/<duration> format",
    )


@pytest.mark.parametrize(
    ("content_type", "body", "words"),
    [
        ("application/problem+json", b'{"title":"Bad Request","detail":"corps vide"}', "corps vide ; Bad Request"),
        ("text/plain", b"trop\n\ttard\x00\x1b[31m", "trop tard [31m"),
        ("text/html", b"<html>secret</html>", ""),
        ("text/plain", b"185057800608436, 2 69 05 2A 588 157 80, a.b@c.fr", "(INS), (INS), (adresse)"),
        ("application/json", b"[", ""),
        ("application/fhir+json", (OUTCOME % ("error", "non")).encode(), "non"),
    ],
)
def test_the_words_of_a_refusal_are_one_clean_line(content_type: str, body: bytes, words: str) -> None:
    """A page in HTML says nothing to an operator; control characters do not reach a terminal."""
    assert words_of(content_type, body) == words


def test_every_status_has_a_verdict() -> None:
    """From 100 to 599, in the table or by its hundred: none is taken for a success but 2xx, or 409 with our digest."""
    accepted = [
        status
        for status in range(100, 600)
        if judge("csv", Answer(status), "sha256:ab", NOW).verdict is Verdict.ACCEPTED
    ]
    assert accepted == list(range(200, 300))
    assert {STATUSES.get(status) or HUNDREDS[status // 100] for status in range(100, 600)} == set(Rule)


def test_a_conflict_that_cites_our_digest_is_an_acceptance() -> None:
    """409 « already there » with the same digest, in the body or a header; with another, it is a rejection."""
    answer = Answer(409, {"content-type": "application/json"}, b'{"empreinte":"ab12"}')
    assert judge("csv", answer, "sha256:ab12", NOW).verdict is Verdict.ACCEPTED
    assert judge("csv", Answer(409, {"etag": '"ab12"'}), "sha256:ab12", NOW).verdict is Verdict.ACCEPTED
    assert judge("csv", answer, "sha256:cd34", NOW).verdict is Verdict.REJECTED


def test_a_server_may_add_to_a_resource_but_not_change_it() -> None:
    """What we asked about is there when each of our values is, whatever the server stamped."""
    ours = b'{"resourceType":"MeasureReport","id":"a","text":{"div":"x"},"group":[{"population":[{"count":3}]}]}'
    theirs = (
        b'{"resourceType":"MeasureReport","id":"a","meta":{"versionId":"1"},'
        b'"group":[{"id":"g","population":[{"count":3}]}]}'
    )
    assert same_resource(ours, theirs)
    assert not same_resource(ours, theirs.replace(b"3}", b"4}"))
    assert not same_resource(ours, b"<html>")
    assert not same_resource(b"a;b", b"a;b")
