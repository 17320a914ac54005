"""MSSanté messages from the log of a Postfix relay: plain or gzipped, rotated, resumed where it was left.

Rule: `docs/sources.md`, MSSanté, « Postfix log ». Every file of the source is one log, read in the
order of time whatever the names that rotation gave.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from connector.adapters.base import Batch, Grouping, Item, Notice, Position, Problem, SourceFile, text_batch
from connector.adapters.mssante.attribution import refuse_finess
from connector.adapters.mssante.hl7v2_fields import UnusableError
from connector.adapters.mssante.postfix_lines import Lines, fingerprint, is_shorter, read_lines, unzipped_head
from connector.adapters.mssante.postfix_queue import Place, Queue, Row
from connector.adapters.mssante.postfix_set import damage, in_set, spoiled
from connector.adapters.mssante.postfix_stamps import STAMP, StampError, Stamps, file_date
from connector.adapters.mssante.regular import opened
from connector.adapters.registry import options_of
from connector.config import SourceSettings

MESSAGES = "messages_mssante"
_ROWS_PER_BATCH = 20_000
_PROCESS = rb"/[^\s\[]+(?:\[\d+\]:| \d+ \S+ \S+) +"  # « /qmgr[790]: », or that of RFC 5424, « /qmgr 790 - - »
_HEAD = rb"(?:<\d{1,3}>(?:1 )?)?(?P<stamp>" + STAMP + rb") (?P<queue>\S+ +postfix[^\s/\[]*)" + _PROCESS
_LINE = re.compile(
    _HEAD + rb"(?P<id>[0-9A-Za-z]{1,20}): "
    rb"(?:to=<(?P<recipient>[^>]*)>, .*?\bstatus=(?P<status>[a-zA-Z-]+)"
    rb"|from=<(?P<sender>[^>]*)>(?:, status=(?P<expired>[a-z-]+))?"
    rb"|message-id=(?P<message_id>.*)"
    rb"|(?P<removed>removed))"
)
_TORN = re.compile(
    rb"postfix[^\s/\[]*" + _PROCESS + rb"[0-9A-Za-z]{1,20}: (?:from=<|to=<|message-id=|removed\b)"
)  # what should have been a line of ours
_START = (0, 1, 0)  # offset and line to resume from, offset before which all was told
_KNOWN = re.compile(rb"^" + _HEAD, re.MULTILINE)
_UNREADABLE = UnusableError("", "un fichier lisible", "une erreur de lecture", "vérifiez les droits et le support.")
_OVER_A_YEAR = UnusableError(
    "",
    "un journal d'un an au plus, dont les dates n'ont pas d'année",
    "un journal plus long",
    "écrivez ses dates au format ISO, ou coupez-le par année.",
)


class PostfixOptions(BaseModel):
    """Options of a Postfix log."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    relais_internes: tuple[Annotated[str, Field(pattern=r"^[^\s,\[\]]+$")], ...] = Field(
        default=(), description="relays that are no delivery: content filters, gateways of the same log"
    )

    @property
    def internal(self) -> re.Pattern[bytes] | None:
        """What a line handed to one of them holds: its name or its address."""
        names = b"|".join(re.escape(name.encode()) for name in self.relais_internes)
        return re.compile(rb", relay=(?:(?:" + names + rb")[\[:,]|[^\s,\[]*\[(?:" + names + rb")\])") if names else None


@dataclass
class _Log:
    """One file of the log, and where its reading resumes."""

    file: SourceFile
    name: str  # what names it after a rotation; empty when nothing does
    resume: int
    line: int
    end: int  # what stands before was told by an earlier reading
    read: int  # how far this reading went
    read_line: int


@dataclass
class _Rows:
    """Rows on their way to a batch of one file."""

    rows: list[Row] = field(default_factory=list)

    def batch(self, file: str) -> Batch:
        rows, self.rows = self.rows, []
        places = [f"ligne {row.line}" for row in rows]
        columns: dict[str, list[str | None]] = {
            "id_message": [row.id_message for row in rows],
            "horodatage": [row.horodatage for row in rows],
            "expediteur": [row.expediteur for row in rows],
            "statut": [row.statut for row in rows],
        }
        return text_batch(MESSAGES, columns, file, lambda asked: [places[row] for row in asked])


class PostfixAdapter:
    """Lines of `qmgr`, `cleanup` and the delivery agents; all others are skipped."""

    name: ClassVar[str] = "postfix"
    label: ClassVar[str] = "Journal Postfix"
    provides: ClassVar[frozenset[str]] = frozenset({MESSAGES})
    grouping: ClassVar[Grouping] = Grouping.TREE
    coherent: ClassVar[bool] = False
    incremental: ClassVar[bool] = True
    options: ClassVar[type[BaseModel]] = PostfixOptions
    naive_zone: ClassVar[str] = "Europe/Paris"  # of stamps without offset, unless the settings say otherwise
    in_set = staticmethod(in_set)
    damage = staticmethod(damage)
    spoiled = staticmethod(spoiled)

    def __init__(self, files: Sequence[SourceFile], settings: SourceSettings) -> None:
        self._files = files
        self._settings = settings
        refuse_finess(settings, self.name)
        options = options_of(PostfixAdapter, settings)
        self._internal = options.internal if isinstance(options, PostfixOptions) else None

    @classmethod
    def sniff(cls, path: Path, head: bytes) -> bool:
        return _KNOWN.search(unzipped_head(head)) is not None

    def read(self, tables: Collection[str]) -> Iterator[Item]:
        if MESSAGES not in tables:
            return
        reading = _Reading(self._settings, self._internal)
        logs = sorted((self._log(file) for file in self._files), key=lambda log: (_starts(log.file), log.file.name))
        for rank, log in enumerate(logs):
            yield from reading.read(rank, log)
        yield from reading.finish(logs)

    def _log(self, file: SourceFile) -> _Log:
        """A file with its position; one that is shorter than it was is read again."""
        name = fingerprint(file.path)
        resume, line, end = _parsed(self._settings.positions.get(name, "")) if name else _START
        if end and is_shorter(file.path, end):
            resume, line, end = _START
        return _Log(file, name, resume, line, end, resume, line)


def _parsed(position: str) -> tuple[int, int, int]:
    match = re.fullmatch(r"(\d+):(\d+):(\d+)", position)
    return (int(match[1]), int(match[2]), int(match[3])) if match else _START


def _starts(file: SourceFile) -> str:
    """The first instant of a file, which decides its turn; a file without one comes last and says why."""
    try:
        with opened(file.path) as stream:
            head = unzipped_head(stream.read(64 * 1024))
        first = _KNOWN.search(head)
        return Stamps(file_date(file.path)).text(first["stamp"]) if first else "9"
    except (OSError, StampError, UnusableError):
        return "9"


class _Reading:
    """One pass over the whole log."""

    def __init__(self, settings: SourceSettings, internal: re.Pattern[bytes] | None) -> None:
        self._limits = settings.limites
        self._internal = internal
        self._queue = Queue()
        self._rows = _Rows()
        self._stamps: Stamps

    def read(self, rank: int, log: _Log) -> Iterator[Item]:
        """The messages that end in one file."""
        name = log.file.name
        try:
            self._stamps = Stamps(file_date(log.file.path))
            for lines in read_lines(log.file.path, self._limits, log.resume, log.line):
                for error in self._take(rank, log, lines):
                    yield _problem(name, error, cut=False)
                if len(self._rows.rows) >= _ROWS_PER_BATCH:
                    yield self._rows.batch(name)
        except UnusableError as error:
            yield _problem(name, error)
        except StampError:
            yield _problem(name, _OVER_A_YEAR)
        except OSError:
            yield _problem(name, _UNREADABLE)
        yield self._rows.batch(name)

    def finish(self, logs: Sequence[_Log]) -> Iterator[Item]:
        """What the log leaves in the queue, what gives no row, and where to resume."""
        waiting, self._queue.told = self._queue.first_open(), False
        self._rows.rows = self._queue.rest()
        if self._rows.rows:
            yield self._rows.batch(logs[-1].file.name)
        for count, code in (
            (self._queue.others, "courriels_hors_mssante"),
            (self._queue.patients, "courriels_de_patients"),
            (self._queue.beheaded, "journal_incomplet"),
        ):
            if count:
                yield Notice(code, count)
        for rank, log in enumerate(logs):
            if log.name and log.read:
                place = waiting.get(rank, Place(rank, log.read, log.read_line))
                yield Position(log.name, f"{place.offset}:{place.line}:{log.read}")

    def _take(self, rank: int, log: _Log, lines: Lines) -> Iterator[UnusableError]:
        offset, number, queue, text, told = lines.offset, lines.number, self._queue, self._stamps.text, log.end
        internal = self._internal
        for line in lines.lines:
            match = _LINE.match(line.removeprefix(b"\xef\xbb\xbf") if offset == 0 else line)
            if match is None:
                if lines.whole and b"postfix" in line and _TORN.search(line):
                    yield _torn(number)
            else:
                row = None
                queue.told = offset < told
                queue.place = (rank, offset, number)
                stamp, host, name, recipient, status, sender, expired, identifier, _ = match.groups()
                key = (host, name)
                try:
                    if status is not None:
                        said = b"handed" if internal and internal.search(line) else status
                        queue.status(key, recipient, said, text(stamp))
                    elif identifier is not None:
                        row = queue.message_id(key, identifier, text(stamp))
                    elif sender is None:
                        row = queue.removed(key)
                    elif expired is None:
                        queue.sender(key, sender, text(stamp))
                    else:
                        queue.expired(key, sender, expired, text(stamp))
                except StampError as error:
                    if error.over_a_year:
                        raise
                    yield _torn(number)
                if row is not None:
                    self._rows.rows.append(row)
            offset += len(line) + 1
            number += 1
        if lines.whole:
            log.read, log.read_line, queue.told = offset, number, False
            if lines.lines and (match := _LINE.match(lines.lines[-1])):
                self._rows.rows += queue.forgotten(text(match["stamp"]))


def _torn(number: int) -> UnusableError:
    expected = "un horodatage, un nom de machine et une ligne de Postfix entière"
    return UnusableError(f"ligne {number}", expected, "une ligne abîmée", "recopiez ce journal.")


def _problem(file: str, error: UnusableError, *, cut: bool = True) -> Problem:
    """What is wrong with a line, or why the rest of the file could not be read (`cut`)."""
    said = (error.place, error.field, error.expected, error.found, error.advice)
    return Problem(file, *said, frozenset({MESSAGES}), cut=cut)
