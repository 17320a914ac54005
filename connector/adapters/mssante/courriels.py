"""MSSanté messages from mailboxes kept as files: Maildir, mbox, `.eml`.

Rule: `docs/sources.md`, MSSanté, « Mailbox ». Every mail is read twice: first the returns, to know which
mails nobody got, then all of them. Memory depends on the returns, never on the size of the mailbox.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from connector.adapters.base import Batch, Grouping, Item, Notice, Problem, SourceFile, text_batch
from connector.adapters.mssante.attribution import refuse_finess
from connector.adapters.mssante.courriel_lines import BOM, is_mbox, split
from connector.adapters.mssante.courriel_read import Outcome, Reader, Row, SenderError, report_in
from connector.adapters.mssante.hl7v2_fields import UnusableError
from connector.adapters.mssante.regular import opened
from connector.adapters.registry import options_of
from connector.adapters.spoiled import no_text
from connector.config import Limits, SourceSettings

MESSAGES = "messages_mssante"
_ROWS_PER_BATCH = 2_000
_FIELD = re.compile(rb"([!-9;-~]{1,80})[ \t]*:")
_NUMBERED = re.compile(r"[0-9A-F_.-]+\.eml", re.IGNORECASE)
_DRAFT = re.compile(r"[:;!]2,[A-Za-z]*D")  # flags of a Maildir; Windows has no « : » in a name
_UNREADABLE = UnusableError("", "un fichier lisible", "une erreur de lecture", "vérifiez les droits et le support.")


class MailOptions(BaseModel):
    """Options of a source of mails."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    structure_xdm: bool = Field(
        default=True, description="the structure named by an IHE_XDM.ZIP is the ET of its mail, before its mailbox"
    )


class MailAdapter:
    """The mails of a tree of files: sent ones are rows, returns and receipts too, of type `accuse`."""

    name: ClassVar[str] = "courriels"
    label: ClassVar[str] = "Boîte aux lettres (Maildir, mbox, .eml)"
    provides: ClassVar[frozenset[str]] = frozenset({MESSAGES})
    grouping: ClassVar[Grouping] = Grouping.TREE
    coherent: ClassVar[bool] = False
    options: ClassVar[type[BaseModel]] = MailOptions

    def __init__(self, files: Sequence[SourceFile], settings: SourceSettings) -> None:
        self._files = files
        self._shown = _shown_names(files)
        self._limits = settings.limites
        refuse_finess(settings, self.name)
        options = options_of(MailAdapter, settings)
        self._archives = isinstance(options, MailOptions) and options.structure_xdm

    @classmethod
    def sniff(cls, path: Path, head: bytes) -> bool:
        """A mail or an mbox, by its header; what is still in the `tmp` of a Maildir is not delivered."""
        if path.parent.name == "tmp" and (path.parent.parent / "cur").is_dir():
            return False
        head = head.removeprefix(BOM)
        return looks_like_mail(head.partition(b"\n")[2] if is_mbox(head) else head)

    @staticmethod
    def spoiled(file: SourceFile, _limits: Limits) -> Problem | None:
        """Why a file in the place of a mail, or named as one, is none: empty or binary."""
        delivered = file.path.parent.name in ("cur", "new") and (file.path.parent.parent / "cur").is_dir()
        named = file.path.suffix.casefold() in (".eml", ".mbox")
        return no_text(file, "un courriel") if named or delivered else None

    def read(self, tables: Collection[str]) -> Iterator[Item]:
        if MESSAGES not in tables:
            return
        reader = Reader(self._limits, self._outcomes(), archives=self._archives)
        rows: list[Row] = []
        for file in self._files:
            for item in self._mails(file, reader):
                if isinstance(item, Row):
                    rows.append(item)
                else:
                    yield item
                if len(rows) >= _ROWS_PER_BATCH:
                    yield batch_of(rows)
                    rows = []
        yield batch_of(rows)
        yield from notices_of(reader)

    def _outcomes(self) -> dict[str, Outcome]:
        """What the returns say, by id of the mail; whatever is wrong is told when the mails are read."""
        outcomes: dict[str, Outcome] = {}
        for file in self._files:
            try:
                with opened(file.path) as stream:
                    for _, lines in split(stream):
                        note_return(outcomes, lines, self._limits)
            except (OSError, UnusableError):
                continue
        return outcomes

    def _mails(self, file: SourceFile, reader: Reader) -> Iterator[Row | Problem]:
        draft, name = _DRAFT.search(file.path.name) is not None, self._shown[file.name]
        try:
            with opened(file.path) as stream:
                for place, lines in split(stream):
                    where = f"{name}, {place}" if place else name
                    try:
                        if (row := reader.read(lines, where, draft=draft)) is not None:
                            yield row
                    except SenderError as error:
                        yield problem_of(name, place, error.error, error.sender)
                    except UnusableError as error:
                        yield problem_of(name, place, error)
        except UnusableError as error:
            yield problem_of(name, "", error, cut=True)
        except OSError:
            yield problem_of(name, "", _UNREADABLE, cut=True)


def _shown_names(files: Sequence[SourceFile]) -> dict[str, str]:
    """How messages call each file: an `.eml` often has the subject of its mail, hence a person, for a name.

    Unless it is made of digits, it is called by its rank in its folder, by order of name.
    """
    ranks: Counter[str] = Counter()
    shown = {}
    for name in sorted(file.name for file in files):
        folder, slash, base = name.rpartition("/")
        ranks[folder] += 1
        hidden = base.lower().endswith(".eml") and not _NUMBERED.fullmatch(base)
        shown[name] = f"{folder}{slash}courriel n° {ranks[folder]} du dossier" if hidden else name
    return shown


def looks_like_mail(head: bytes) -> bool:
    """Whether these first bytes are a mail header: its fields, among them From and one that every mail has."""
    names = set()
    for line in head.splitlines():
        field = _FIELD.match(line)
        if field:
            names.add(field[1].lower())
        elif not names or line[:1] not in (b" ", b"\t"):
            break
    return b"from" in names and not names.isdisjoint((b"date", b"message-id", b"received", b"subject", b"to"))


def note_return(outcomes: dict[str, Outcome], lines: Iterator[bytes], limits: Limits) -> None:
    """Keep what a return says of a mail; a fault is told when the mail is read for good."""
    try:
        report = report_in(lines, limits)
    except UnusableError:
        return
    if report and report.original:
        outcomes.setdefault(report.original, Outcome()).add(report)


def batch_of(rows: Sequence[Row], file: str = "") -> Batch:
    """Rows of mails; the place of each starts with its file."""
    columns: dict[str, list[str | None]] = {
        name: [row[rank] for row in rows] for rank, name in enumerate(Row._fields) if name != "place"
    }
    return text_batch(MESSAGES, columns, file, lambda asked: [rows[row].place for row in asked])


def notices_of(reader: Reader) -> Iterator[Notice]:
    """The mails that give no row and the archives that were not read, with their counts."""
    counts = (
        ("brouillons", reader.drafts),
        ("courriels_de_patients", reader.patients),
        ("courriels_sans_identifiant", reader.nameless),
        ("archives_xdm_plusieurs_personnes", reader.several),
    )
    yield from (Notice(code, count) for code, count in counts if count)
    for reason, count in sorted(reader.unread.items()):
        yield Notice("archives_xdm_non_lues", count, detail=reason)


def problem_of(file: str, place: str, error: UnusableError, sender: str | None = None, *, cut: bool = False) -> Problem:
    """A mail that cannot be used, which bars the mailbox of its sender; or mails that could not be read (`cut`)."""
    where = ", ".join(part for part in (place, error.place) if part)
    said = (error.field, error.expected, error.found, error.advice)
    return Problem(file, where, *said, frozenset({MESSAGES}), sender=sender or None, cut=cut)
