"""Reading the body of an answer: a success whose lines were refused is a rejection.

Known forms: FHIR OperationOutcome and response Bundle, DHIS2 import summaries (bare, wrapped, JSON, XML),
and the report of an observatory: `{"statut": "accepte" | "rejete", "rejets": [{"motif": "…"}]}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import Any

import orjson

from connector.model.plain import hide_identifiers

_LONGEST = 2000  # characters kept of what a receiver says
_BAD_ISSUES = ("error", "fatal")
_BAD_IMPORTS = ("ERROR", "WARNING")
_EMPTY_IS_FINE = ("fhir", "adx", "csv")  # DHIS2 always says what it imported
_SUMMARY = ("importCount", "importSummaries", "importSummaryList")  # what DHIS2 did, not what it is about to do
_NESTED = "réponse imbriquée à l'excès"


class Meaning(Enum):
    """What the body of a 2xx answer says."""

    ACCEPTED = "accepte"
    REJECTED = "rejete"
    UNREADABLE = "illisible"


def read_body(kind: str, content_type: str, body: bytes, *, whole: bool = True) -> tuple[Meaning, str]:
    """What the body of a success says, for a destination of this type."""
    if not whole:
        return Meaning.UNREADABLE, "réponse trop longue pour être lue"
    if not body.strip():
        fine = kind in _EMPTY_IS_FINE
        return (Meaning.ACCEPTED, "") if fine else (Meaning.UNREADABLE, "réponse vide, attendu un compte rendu")
    content = _parsed(content_type, body)
    if content is None:
        return Meaning.UNREADABLE, f"réponse illisible ({_short_type(content_type)}), attendu JSON ou XML"
    try:
        refusals = [word for word in _refusals(content) if word]
    except RecursionError:
        return Meaning.UNREADABLE, _NESTED
    if refusals:
        return Meaning.REJECTED, _clean(" ; ".join(dict.fromkeys(refusals)))
    if _deferred(content):
        return Meaning.UNREADABLE, "import lancé en différé : son issue n'est pas dans cette réponse"
    if not _recognised(kind, content):
        return Meaning.UNREADABLE, "réponse qui n'est pas celle d'un destinataire de ce type"
    return Meaning.ACCEPTED, ""


def words_of(content_type: str, body: bytes) -> str:
    """What an answer that is no success says, in its own words."""
    content = _parsed(content_type, body)
    if content is not None:
        try:
            said = [word for word in _refusals(content) if word] or list(_messages(content))
        except RecursionError:
            return _NESTED
        return _clean(" ; ".join(dict.fromkeys(said)))
    if content_type.partition(";")[0].strip() == "text/plain":
        return _clean(body.decode("utf-8", "replace"))
    return ""


def _short_type(content_type: str) -> str:
    return _clean(content_type.partition(";")[0].strip())[:60] or "sans type"


def _clean(text: str) -> str:
    """One line of printable text; a receiver that names a person is not repeated."""
    line = re.sub(r"\s+", " ", "".join(c if c.isprintable() else " " for c in text)).strip()
    return hide_identifiers(line)[:_LONGEST]


def _parsed(content_type: str, body: bytes) -> Any:
    """The body as dictionaries and lists, or None."""
    media = content_type.partition(";")[0].strip().lower()
    try:
        if media.endswith("json"):
            return orjson.loads(body)
        if media.endswith("xml"):
            return _from_xml(body)
    except ValueError:
        return None
    return None


def _from_xml(body: bytes) -> dict[str, Any]:
    """An element as a dictionary, in the shape that the JSON of the same thing has. Raises ValueError."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError:
        raise ValueError("xml") from None
    if root.getroottree().docinfo.doctype:
        raise ValueError("doctype")
    name = etree.QName(root).localname
    return _element(root) | ({"resourceType": name} if "hl7.org/fhir" in root.tag else {"racine": name})


def _element(element: Any) -> dict[str, Any]:
    from lxml import etree

    found: dict[str, Any] = {str(name): str(value) for name, value in element.attrib.items()}
    for child in element.iterchildren(tag=etree.Element):
        name = etree.QName(child).localname
        value = child.get("value") or (_element(child) if len(child) or child.attrib else (child.text or "").strip())
        found.setdefault(name, []).append(value)
    return found


# ---------------------------------------------------------------------- refusals


def _refusals(content: Any) -> Iterator[str]:
    """The words of each refusal found in a body; nothing when everything was taken."""
    if isinstance(content, list):
        for one in content:
            yield from _refusals(one)
    elif isinstance(content, dict):
        if content.get("resourceType") == "OperationOutcome":
            yield from _issues(content)
        elif content.get("resourceType") == "Bundle":
            yield from _entries(content)
        elif "resourceType" not in content:
            yield from _imports(content)
            yield from _report(content)
            yield from _failure(content)


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _first(value: Any) -> str:
    """The text of a value, which XML gives in a list."""
    found = _many(value)
    return str(found[0]) if found and isinstance(found[0], str | int) else ""


def _issues(outcome: dict[str, Any]) -> Iterator[str]:
    for issue in _many(outcome.get("issue")):
        if isinstance(issue, dict) and _first(issue.get("severity")) in _BAD_ISSUES:
            details = _many(issue.get("details"))
            text = _first(details[0].get("text")) if details and isinstance(details[0], dict) else ""
            yield _first(issue.get("diagnostics")) or text or _first(issue.get("code")) or "sans explication"


def _entries(bundle: dict[str, Any]) -> Iterator[str]:
    for entry in _many(bundle.get("entry")):
        for response in _many(entry.get("response") if isinstance(entry, dict) else None):
            if not isinstance(response, dict):
                continue
            said = [word for outcome in _many(response.get("outcome")) for word in _refusals(outcome)]
            status = _first(response.get("status"))
            yield from said
            if status and not status.startswith("2") and not said:
                yield f"entrée refusée ({status})"


def _imports(summary: dict[str, Any]) -> Iterator[str]:
    """DHIS2. An unchanged value is counted as ignored: without a conflict that is no refusal."""
    for name in ("response", "importSummaries", "importSummaryList", "importSummary"):
        for below in _many(summary.get(name)):
            yield from _refusals(below)
    conflicts = [one for one in _many(summary.get("conflicts")) if one]
    for one in conflicts:
        yield " ".join(_conflict(one))
    if _first(summary.get("status")) in _BAD_IMPORTS and not conflicts:
        yield _first(summary.get("description")) or _first(summary.get("message")) or "import incomplet"


def _conflict(conflict: Any) -> Iterator[str]:
    if isinstance(conflict, dict):
        if "conflict" in conflict:  # XML
            for below in _many(conflict["conflict"]):
                yield from _conflict(below)
        yield from (_first(conflict[name]) for name in ("errorCode", "object", "value") if conflict.get(name))


def _report(report: dict[str, Any]) -> Iterator[str]:
    for refusal in _many(report.get("rejets")):
        yield _first(refusal.get("motif")) if isinstance(refusal, dict) else str(refusal)
    if _first(report.get("statut")) == "rejete" and not report.get("rejets"):
        yield _first(report.get("motif")) or "rejeté sans explication"


def _failure(content: dict[str, Any]) -> Iterator[str]:
    """What other servers say with a success: `{"success": false}`, or errors that are listed."""
    wrong = [one for name in ("error", "errors") for one in _many(content.get(name)) if one and one != "0"]
    if wrong or _first(content.get("success")).lower() == "false":
        yield from list(_messages(content)) or [_first(wrong) or "échec sans explication"]


def _messages(content: Any) -> Iterator[str]:
    """The usual places where a server says what is wrong (RFC 9457 and others)."""
    if isinstance(content, dict):
        for name in ("motif", "detail", "message", "description", "title", "error_description", "error"):
            if word := _first(content.get(name)):
                yield word


def _deferred(content: Any) -> bool:
    """Whether DHIS2 only says that it will import: the name of a job, and no summary yet."""
    below = _many(content.get("response")) if isinstance(content, dict) else []
    return any(isinstance(one, dict) and "jobType" in one for one in below)


def _recognised(kind: str, content: Any) -> bool:
    """Whether a body without any refusal is that of such a receiver at all."""
    if not isinstance(content, dict):
        return False
    if kind == "fhir":
        return isinstance(content.get("resourceType"), str)
    if kind == "dhis2":
        below = [one for one in _many(content.get("response")) if isinstance(one, dict)]
        return any(name in one for one in (content, *below) for name in _SUMMARY)
    return content.get("racine") != "html"
