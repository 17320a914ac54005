"""Messages on their way through Postfix, joined by queue id; only those still in the queue are kept.

Rule: `docs/sources.md`, MSSanté, « Postfix log »: sent to at least one recipient → envoye, only
bounced or expired → echec, else inconnu; the instant is the first `status=sent`, else the last status.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import date, timedelta
from typing import NamedTuple

DOMAIN, PATIENTS = b".mssante.fr", b"@patient.mssante.fr"
_FAILED = frozenset({b"bounced", b"expired", b"force-expired"})
_FORGOTTEN = timedelta(days=7)  # Postfix gives a message up after five days unless told otherwise
_CROWD = 50_000  # open messages before those that are forgotten are looked for
_REMEMBERED = 100_000  # queue ids kept to tell one that comes again


class Row(NamedTuple):
    """One message that left the queue, or that the log leaves in it. `line` is the last one that spoke of it."""

    id_message: str
    horodatage: str
    expediteur: str
    statut: str
    line: int


class Place(NamedTuple):
    """A line: rank of its file, offset of its start there, its number."""

    file: int
    offset: int
    line: int


class _Open:
    """A message whose queue file still exists."""

    __slots__ = ("failed", "first", "instant", "line", "message_id", "pending", "sender", "sent", "touched")

    def __init__(self, first: Place, instant: str) -> None:
        self.first = first
        self.line = first.line
        self.instant = self.touched = instant
        self.sender: bytes | None = None
        self.message_id = b""
        self.sent = self.failed = False
        self.pending: set[bytes] = set()  # recipients deferred so far

    @property
    def statut(self) -> str:
        if self.sent:
            return "envoye"
        return "echec" if self.failed and not self.pending else "inconnu"


class Queue:
    """The messages in the queue, by host, instance and queue id.

    `others`, `patients` and `beheaded` count the messages that give no row: of a sender outside
    MSSanté, of a patient, and those whose sender is in an earlier log that is not there. What ends while
    `told` was told by an earlier reading: no row, no count. `place` is the current line, as a `Place`.
    """

    def __init__(self) -> None:
        self._open: dict[tuple[bytes, bytes], _Open] = {}
        self._anonymous: OrderedDict[str, str] = OrderedDict()  # ids that stand for a missing message-id → instant
        self._crowd = _CROWD
        self.told = False
        self.place: tuple[int, int, int] = (0, 0, 1)
        self.others = self.patients = self.beheaded = 0

    def message_id(self, key: tuple[bytes, bytes], value: bytes, instant: str) -> Row | None:
        """`message-id=`, the first line of a message. A queue id used again without a removal ends the one before."""
        known = self._open.get(key)
        row = None
        if known is not None and known.message_id not in (b"", value):
            row = self._close(key, known)
            known = None
        if known is None:
            known = self._open[key] = _Open(Place(*self.place), instant)
        known.message_id = value.strip()
        known.touched = instant
        return row

    def sender(self, key: tuple[bytes, bytes], value: bytes, instant: str) -> None:
        """`from=`: written again each time a message comes back from the deferred queue."""
        known = self._open.get(key)
        if known is None:
            known = self._open[key] = _Open(Place(*self.place), instant)
        known.sender = value
        known.touched = instant

    def status(self, key: tuple[bytes, bytes], recipient: bytes, value: bytes, instant: str) -> None:
        """`status=`, of one recipient."""
        known = self._open.get(key)
        if known is None:
            known = self._open[key] = _Open(Place(*self.place), instant)
        known.touched = instant
        known.line = self.place[2]
        if not known.sent:
            known.instant = instant
        if value == b"sent":
            known.sent = True
        elif value in _FAILED:
            known.failed = True
        else:
            known.pending.add(recipient)
            return
        known.pending.discard(recipient)

    def expired(self, key: tuple[bytes, bytes], sender: bytes, value: bytes, instant: str) -> None:
        """`from=…, status=expired`: every recipient still waited for is given up."""
        self.sender(key, sender, instant)
        if value in _FAILED:
            known = self._open[key]
            known.pending.clear()
            known.failed, known.line = True, self.place[2]
            if not known.sent:
                known.instant = instant

    def removed(self, key: tuple[bytes, bytes]) -> Row | None:
        """`removed`: the message is done with; the same queue id is then another message."""
        known = self._open.get(key)
        return None if known is None else self._close(key, known)

    def forgotten(self, instant: str) -> list[Row]:
        """Messages that nothing spoke of for a week, looked for only when the queue is crowded."""
        if len(self._open) < self._crowd:
            return []
        try:
            limit = (date.fromisoformat(instant[:10]) - _FORGOTTEN).isoformat()
        except (ValueError, OverflowError):  # a stamp that is no day
            return []
        old = [(key, known) for key, known in self._open.items() if known.touched < limit]
        rows = [row for key, known in old if (row := self._close(key, known))]
        self._crowd = max(_CROWD, 2 * len(self._open))
        return rows

    def first_open(self) -> dict[int, Place]:
        """For each file, the earliest line of a message that is still in the queue."""
        earliest: dict[int, Place] = {}
        for known in self._open.values():
            place = known.first
            if place.file not in earliest or place < earliest[place.file]:
                earliest[place.file] = place
        return earliest

    def rest(self) -> list[Row]:
        """The messages that the log leaves in the queue, as far as it tells."""
        return [row for key, known in list(self._open.items()) if (row := self._close(key, known))]

    def _close(self, key: tuple[bytes, bytes], known: _Open) -> Row | None:
        del self._open[key]
        sender = known.sender
        if self.told:
            return None
        if sender is None:
            self.beheaded += known.sent or known.failed or bool(known.pending)
            return None
        domain = sender.lower()
        if domain.endswith(PATIENTS):
            self.patients += 1
            return None
        if not domain.endswith(DOMAIN):
            self.others += 1
            return None
        return Row(self._id(key[1], known), known.instant, _text(sender), known.statut, known.line)

    def _id(self, queue_id: bytes, known: _Open) -> str:
        """The message-id, else the queue id: of two messages in turn under one queue id, the second has its instant."""
        if known.message_id not in (b"", b"<>"):
            return _text(known.message_id)
        name = _text(queue_id)
        before = self._anonymous.setdefault(name, known.instant)
        if len(self._anonymous) > _REMEMBERED:
            self._anonymous.popitem(last=False)
        return name if before == known.instant else f"{name}@{known.instant}"


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("cp1252", "replace")
