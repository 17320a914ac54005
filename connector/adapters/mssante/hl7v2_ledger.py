"""What the messages of all files say together: acknowledgements may come before or elsewhere.

Rows wait as Arrow columns; acknowledgements as one packed count per message answered. Rule:
`docs/sources.md`, MSSanté and DMP, « HL7 v2 ».
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NamedTuple

import pyarrow as pa

from connector.adapters.base import Batch, Item, Notice, text_batch
from connector.adapters.mssante.hl7v2_document import Document, Other
from connector.adapters.mssante.hl7v2_message import Acknowledgement, Event
from connector.adapters.mssante.hl7v2_segments import ACK_ASKED, DMP, MSSANTE

MESSAGES, DEPOTS = "messages_mssante", "depots_dmp"
_OPERATIONS = {"F": "depot", "C": "remplacement", "D": "suppression"}
_ROWS_PER_BATCH = 20_000
_COUNT_BITS = 32
_COUNT_MASK = (1 << _COUNT_BITS) - 1
_MESSAGE_COLUMNS = ("id_message", "horodatage", "expediteur", "type", "finess_et")
_DEPOT_COLUMNS = (
    *("id_document", "horodatage", "finess_et", "matricule_ins", "oid_ins", "id_usager", "operation"),
    "cle",  # of the message, when it is not the document's
)
_KEYS = {MESSAGES: "id_message", DEPOTS: "cle"}
_ACK_NAMES = {
    Event.DMP_YES: "ZAM^Z01",
    Event.DMP_NO: "ZAM^Z01",
    Event.MSS_YES: "ZAM^Z02",
    Event.MSS_NO: "ZAM^Z02",
    Event.READ: "ZAM^Z03",
    Event.ACCEPTED: "ACK",
    Event.REFUSED: "ACK",
}


class _Stored(NamedTuple):
    """Rows under Arrow, and of each whether an acknowledgement was asked, its file, its rank."""

    rows: pa.RecordBatch
    asked: bytearray
    files: Sequence[int]
    ranks: Sequence[int]


class _Waiting:
    """Rows of one table that wait for their acknowledgements."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        self.columns = columns
        self.held = False  # whether the source holds this table, even without a row
        self.stored: list[_Stored] = []
        self._rows: list[tuple[str | bool | int, ...]] = []

    def add(self, *row: str | bool | int) -> None:
        """The columns, then the three others of `_Stored`."""
        self._rows.append(row)
        if len(self._rows) >= _ROWS_PER_BATCH:
            self.flush()

    def flush(self) -> None:
        if self._rows:
            *values, asked, files, ranks = zip(*self._rows, strict=True)
            rows = pa.RecordBatch.from_arrays([pa.array(value, pa.string()) for value in values], names=self.columns)
            self.stored.append(_Stored(rows, bytearray(asked), array("I", files), array("Q", ranks)))
            self._rows = []


class Ledger:
    """Everything read so far, and what it means once all is read."""

    def __init__(self, tables: Collection[str], finess_et: str | None, files: Sequence[str]) -> None:
        self._finess_et = finess_et or ""
        self._names = files
        self._tables = tables
        self._messages, self._depots = _Waiting(_MESSAGE_COLUMNS), _Waiting(_DEPOT_COLUMNS)
        self._acks: dict[str, int] = {}
        self._codes: dict[str, str] = {}  # of errors
        self._other_keys: set[str] = set()  # documents that give no row
        self._others: Counter[str] = Counter()
        self._never_asked: Counter[str] = Counter()  # deposits without answer, by FINESS
        self._test_depots = 0

    def add(self, message: Document | Acknowledgement | Other, file: int, rank: int) -> None:
        """Take one message, the `rank`-th of a file."""
        if isinstance(message, Document):
            self._add_document(message, file, rank)
        elif isinstance(message, Acknowledgement):
            self._acks[message.key] = self._acks.get(message.key, 0) + (1 << _COUNT_BITS * message.event)
            if message.code:
                self._codes.setdefault(message.key, message.code)
        else:
            self._others[message.detail] += 1
            if message.key:
                self._other_keys.add(message.key)

    def _add_document(self, document: Document, file: int, rank: int) -> None:
        key, stamp, test, action, flags, (finess, address), person, id_document = document
        asked = flags & ACK_ASKED > 0
        finess = finess or self._finess_et
        if flags & MSSANTE and action == "D":
            self._messages.held = True
            self._other_keys.add(key)
        elif flags & MSSANTE:
            kind = "test" if test else "message"
            self._messages.add(key, stamp, address, kind, finess, asked, file, rank)
        if flags & DMP and test:
            self._test_depots += 1
            self._other_keys.add(key)
        elif flags & DMP:
            operation = _OPERATIONS.get(action, action)  # the core refuses another code
            self._depots.add(id_document, stamp, finess, *person, operation, key, asked, file, rank)

    def items(self) -> Iterator[Item]:
        """The rows with their outcome, then what is worth a finding."""
        unmatched = self._acks.keys() - self._other_keys
        for table, waiting, outcome in (
            (MESSAGES, self._messages, self._messages_outcome),
            (DEPOTS, self._depots, self._depots_outcome),
        ):
            waiting.flush()
            for stored in waiting.stored:
                keys = stored.rows[_KEYS[table]].to_pylist()
                unmatched.difference_update(keys)
                if table in self._tables:
                    yield self._batch(table, stored, outcome(stored, keys))
            if table in self._tables and waiting.held and not waiting.stored:
                yield text_batch(table, {}, "", lambda rows: [])
        yield from self._notices(unmatched)

    def _messages_outcome(self, stored: _Stored, keys: list[str]) -> dict[str, list[str]]:
        counts = zip(map(self._acks.get, keys), stored.asked, strict=True)
        return {"statut": [_message_status(acks, asked) for acks, asked in counts]}

    def _depots_outcome(self, stored: _Stored, keys: list[str]) -> dict[str, list[str]]:
        statuses = [_depot_status(acks) if acks else "inconnu" for acks in map(self._acks.get, keys)]
        outcomes = zip(stored.rows["finess_et"].to_pylist(), statuses, stored.asked, strict=True)
        self._never_asked.update(finess for finess, statut, asked in outcomes if statut == "inconnu" and not asked)
        failed = zip(keys, statuses, strict=True)
        codes = [self._codes.get(key, "") if statut == "echec" else "" for key, statut in failed]
        return {"statut": statuses, "code_erreur": codes}

    def _batch(self, table: str, stored: _Stored, outcome: dict[str, list[str]]) -> Batch:
        """Rows of several files share a batch; their places then start with the file."""
        rows = stored.rows.drop_columns(["cle"]) if table == DEPOTS else stored.rows
        for name, values in outcome.items():
            rows = rows.append_column(name, pa.array(values, pa.string()))
        only = self._names[stored.files[0]] if len(set(stored.files)) == 1 else ""
        return Batch(table, rows, only, self._locator(stored, only))

    def _locator(self, stored: _Stored, only: str) -> Callable[[Sequence[int]], list[str]]:
        def locate(rows: Sequence[int]) -> list[str]:
            places = [(self._names[stored.files[row]], f"message {stored.ranks[row]}") for row in rows]
            return [place if only else f"{name}, {place}" for name, place in places]

        return locate

    def _notices(self, unmatched: set[str]) -> Iterator[Notice]:
        without: Counter[str] = Counter()
        for key in unmatched:
            for event, name in _ACK_NAMES.items():
                without[name] += _count(self._acks[key], event)
        for detail, count in sorted(self._others.items()):
            yield Notice("message_hors_champ", count, detail=detail)
        for detail, count in sorted((+without).items()):
            yield Notice("accuse_sans_message", count, detail=detail)
        if DEPOTS in self._tables:
            for finess, count in sorted(self._never_asked.items()):
                yield Notice("accuse_jamais_demande", count, finess or None)
            if self._test_depots:
                yield Notice("message_de_test", self._test_depots, detail="dépôts DMP")


def _count(acks: int, event: Event) -> int:
    return acks >> _COUNT_BITS * event & _COUNT_MASK


def _message_status(acks: int | None, asked: int) -> str:
    """Z02 decides; else a refusal of the platform; else silence, which is an answer only if none was asked."""
    if acks:
        if _count(acks, Event.MSS_YES):
            return "envoye"
        if _count(acks, Event.MSS_NO) or _count(acks, Event.REFUSED):
            return "echec"
    return "inconnu" if asked else "envoye"


def _depot_status(acks: int) -> str:
    """Z01 decides; else a refusal of the platform; an acceptance by the platform is no deposit."""
    if _count(acks, Event.DMP_YES):
        return "succes"
    return "echec" if _count(acks, Event.DMP_NO) or _count(acks, Event.REFUSED) else "inconnu"
