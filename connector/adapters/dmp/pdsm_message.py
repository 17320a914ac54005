"""What an ITI-65 or ITI-105 message submits, and what the DMP answered.

Rule: `docs/sources.md`, DMP, « FHIR PDSm ». A message is one JSON document; its entries are read one
by one and reduced at once, so that the documents that it carries are never kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from connector.adapters.base import Problem
from connector.adapters.dmp.deposits import SUCCESS, Outcome, Request, Response
from connector.adapters.dmp.pdsm_submission import Submission, entry_name
from connector.adapters.fhir_fields import codes_of, text_of
from connector.adapters.json_stream import Json, JsonDocument, kind_name

_ACCEPTED = re.compile(r"20[01]\b")
_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,40}", re.ASCII)
_ERRORS = frozenset({"fatal", "error"})
_REDO = "réexportez ce message, ou retirez-le de la source."


class UnusableError(Exception):
    """A message that cannot be used: where, which field, and what was expected there."""

    def __init__(self, place: str, field: str | None, expected: str, found: str) -> None:
        super().__init__(expected)
        self.place, self.field, self.expected, self.found, self.advice = place, field, expected, found, _REDO


class Message:
    """One file, entry by entry. `answers` is what its name says: a lone DocumentReference is then a response."""

    def __init__(self, finess_et: str, *, answers: bool) -> None:
        self._finess_et, self._answers = finess_et, answers
        self._submission = Submission()
        self._statuses: list[tuple[int, str, tuple[str, ...]]] = []  # rank, HTTP status, error codes

    def read(self, document: JsonDocument) -> Request | Response | Problem:
        """The request or the response that a document holds, or what stops its reading.

        Raises:
            UnusableError: it is JSON, but neither a submission nor an answer.
        """
        for item in document:
            if isinstance(item, Problem):
                return item
            rank, entry = item
            try:
                self._take(entry, rank)
            except (KeyError, TypeError, AttributeError):
                raise _misshapen(rank, _type_of(entry.get("resource"))) from None
        return self._understood(document.members)

    def _take(self, entry: Json, rank: int) -> None:
        if response := entry.get("response"):
            codes = tuple(_codes(response.get("outcome") or {}))
            self._statuses.append((rank, text_of(response, "status") or "", codes))
        resource, method = entry.get("resource"), (entry.get("request") or {}).get("method", "POST")
        if resource is not None and (method == "POST" or resource["resourceType"] != "DocumentReference"):
            self._submission.take(resource, text_of(entry, "fullUrl"), rank)

    def _understood(self, root: Json) -> Request | Response:
        try:
            return self._by_type(root)
        except (KeyError, TypeError, AttributeError):
            kind = _type_of(root)
            raise _misshapen(self._submission.rank, "DocumentReference" if kind == "Bundle" else kind) from None

    def _by_type(self, root: Json) -> Request | Response:
        kind = root.get("resourceType")
        if kind == "OperationOutcome":
            return Response("", _refusal(root))
        if kind == "DocumentReference" and self._answers:
            return Response("", SUCCESS)
        if kind == "DocumentReference":
            self._submission.take(root, None, 1)
            return Request("", tuple(self._submission.deposits(self._finess_et)))
        if kind != "Bundle":
            expected = "un Bundle, un DocumentReference ou un OperationOutcome"
            raise UnusableError("", "resourceType", expected, _shown(kind))
        if root.get("type") == "transaction-response":
            return Response("", self._answered())
        if root.get("type") == "transaction":
            return Request("", tuple(self._submission.deposits(self._finess_et)))
        raise UnusableError("", "Bundle.type", "transaction ou transaction-response", _shown(root.get("type")))

    def _answered(self) -> Outcome:
        """200 and 201 accept; another status refuses its entry, and none at all says nothing."""
        refused = [(rank, status, codes) for rank, status, codes in self._statuses if not _ACCEPTED.match(status)]
        if self._statuses and not refused:
            return SUCCESS
        errors = [(code, entry_name(rank)) for rank, status, codes in refused for code in codes or (_plain(status),)]
        return Outcome("PartialSuccess", tuple(errors))


def _misshapen(rank: int, kind: str | None) -> UnusableError:
    return UnusableError(f"entrée {rank}" if rank else "", kind, "une ressource FHIR R4", "une valeur d'un autre type")


def _refusal(outcome: Json) -> Outcome:
    """An OperationOutcome with an error refuses all; one that only informs says neither yes nor no."""
    codes = tuple(_codes(outcome))
    return Outcome("Failure", tuple((code, "") for code in codes)) if codes else Outcome("PartialSuccess")


def _codes(outcome: Json) -> Iterator[str]:
    """The codes of the errors: that of the DMP when there is one, else that of FHIR."""
    for issue in outcome.get("issue") or ():
        if issue.get("severity") in _ERRORS:
            own = codes_of(issue.get("details"))
            text = text_of(issue.get("details") or {}, "text") or ""
            yield own[0] if own else text if _CODE.fullmatch(text) else text_of(issue, "code") or ""


def _plain(status: str) -> str:
    """The number of an HTTP status."""
    number = status[:3]
    return number if number.isascii() and number.isdigit() else ""


def _type_of(resource: object) -> str | None:
    """The type of a resource, when it may be shown."""
    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    return kind if isinstance(kind, str) and kind.isascii() and kind.isalpha() else None


def _shown(value: object) -> str:
    """A type or a code, when it looks like one; else only what sort of value it is."""
    simple = isinstance(value, str) and len(value) <= 40 and value.isascii() and value.replace("-", "").isalpha()
    return f"'{value}'" if simple else kind_name(value)
