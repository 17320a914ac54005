"""Pairs requests with their responses, whatever the order of the files.

Rule: `docs/sources.md`, DMP: by the id of the request that the answer names (wsa:RelatesTo), else by
the same file name up to request/response. Deposits wait as Arrow columns.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pyarrow as pa

from connector.adapters.base import Batch, Item, Notice
from connector.adapters.dmp.deposits import DEPOTS, Deposit, Outcome, Request, Response
from connector.adapters.file_pairs import pair_of
from connector.adapters.many_files import shared_places

_ROWS_PER_BATCH = 20_000
_COLUMNS = (*Deposit._fields, "message_id", "paire")
_OURS = ("entry", "message_id", "paire")  # not pivot columns
_WORDS = re.compile(r"[0-9A-Za-z][0-9A-Za-z._^-]*")


class _Answer(NamedTuple):
    relates_to: str
    pair: str
    outcome: Outcome
    file: int


class Ledger:
    """Every request and response read so far."""

    def __init__(self, files: Sequence[str], transaction: str) -> None:
        self._names, self._transaction = files, transaction  # what messages call a submission
        self._rows: list[tuple[str | int, ...]] = []
        self._stored: list[tuple[pa.RecordBatch, array[int], array[int]]] = []
        self._requests: set[str] = set()  # their message ids
        self._answers: list[_Answer] = []
        self._without_document = 0

    def add(self, message: Request | Response, file: int) -> None:
        """Take the message of one file."""
        pair = pair_of(self._names[file])
        if isinstance(message, Response):
            self._answers.append(_Answer(message.relates_to, pair, message.outcome, file))
            return
        self._without_document += not message.deposits
        self._requests.add(message.message_id)
        for rank, deposit in enumerate(message.deposits, start=1):
            self._rows.append((*deposit, message.message_id, pair, file, rank))
        if len(self._rows) >= _ROWS_PER_BATCH:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            *values, files, ranks = zip(*self._rows, strict=True)
            rows = pa.RecordBatch.from_arrays([pa.array(value, pa.string()) for value in values], names=_COLUMNS)
            self._stored.append((rows, array("I", files), array("I", ranks)))
            self._rows = []

    def items(self) -> Iterator[Item]:
        """The deposits with their outcome, then what is worth a finding."""
        self._flush()
        by_id, by_name = self._index()
        used: set[str] = set()
        for rows, files, ranks in self._stored:
            outcomes = []
            for message_id, pair in zip(rows["message_id"].to_pylist(), rows["paire"].to_pylist(), strict=True):
                outcome = by_id.get(message_id)
                if outcome is None and (outcome := by_name.get(pair)):
                    used.add(pair)
                outcomes.append(outcome)
            yield self._batch(rows, outcomes, files, ranks)
        if self._without_document:
            yield Notice("message_hors_champ", self._without_document, detail=f"{self._transaction} sans document")
        for answer in self._answers:
            if answer.relates_to not in self._requests and answer.pair not in used:
                yield Notice("reponse_sans_demande", detail=self._names[answer.file])

    def _index(self) -> tuple[dict[str, Outcome], dict[str, Outcome]]:
        """The outcome by id of request, and by file name for the answers that name no known request."""
        self._requests.discard("")
        by_id: dict[str, Outcome] = {}
        by_name: dict[str, Outcome] = {}
        for answer in self._answers:
            known = answer.relates_to in self._requests
            index, key = (by_id, answer.relates_to) if known else (by_name, answer.pair)
            if key and (key not in index or answer.outcome.status == "Success"):
                index[key] = answer.outcome
        return by_id, by_name

    def _batch(
        self, rows: pa.RecordBatch, outcomes: list[Outcome | None], files: Sequence[int], ranks: Sequence[int]
    ) -> Batch:
        documents = zip(rows["id_document"].to_pylist(), rows["entry"].to_pylist(), strict=True)
        results = list(_results(outcomes, list(documents), files))
        for name, values in zip(("statut", "code_erreur"), zip(*results, strict=True), strict=True):
            rows = rows.append_column(name, pa.array(values, pa.string()))
        only, locate = shared_places(self._names, files, lambda row: f"document {ranks[row]}")
        return Batch(DEPOTS, rows.drop_columns(list(_OURS)), only, locate)


def _results(
    outcomes: Sequence[Outcome | None], documents: Sequence[tuple[str, str]], files: Sequence[int]
) -> Iterator[tuple[str, str]]:
    """Status and error code of each deposit; a request never stands astride two batches."""
    names: dict[int, dict[str, set[str]]] = {}
    for file, outcome in zip(files, outcomes, strict=True):
        if outcome and outcome.status == "PartialSuccess" and file not in names:
            names[file] = _codes_by_name(outcome)
    named = {file for file, document in zip(files, documents, strict=True) if _errors_of(document, names.get(file))}
    for outcome, document, file in zip(outcomes, documents, files, strict=True):
        if outcome is None:
            yield "inconnu", ""
        elif outcome.status == "Success":
            yield "succes", ""
        elif file not in names:
            yield "echec", _joined({code for code, _ in outcome.errors})
        elif codes := _errors_of(document, names[file]):
            yield "echec", _joined(codes)
        else:  # when the errors name no document, nobody knows which ones failed
            yield ("succes" if file in named else "inconnu"), ""


def _codes_by_name(outcome: Outcome) -> dict[str, set[str]]:
    """The codes of errors by each word of their texts, a document being named by one of them."""
    codes: dict[str, set[str]] = {}
    for code, text in outcome.errors:
        for word in _WORDS.findall(text):
            codes.setdefault(_plain(word), set()).add(code)
    return codes


def _errors_of(document: tuple[str, str], codes: dict[str, set[str]] | None) -> set[str]:
    """The codes of the errors that name a document, by its uniqueId or by its entry."""
    found = [codes.get(_plain(name), set()) for name in document if name] if codes else []
    return set().union(*found)


def _plain(name: str) -> str:
    return name.casefold().removeprefix("urn:uuid:").removeprefix("urn:oid:").strip(".")


def _joined(codes: set[str]) -> str:
    return "+".join(sorted(codes - {""}))
