"""HL7 v2 document flow: what was sent by MSSanté or to the DMP, and the acknowledgements.

Rule: `docs/sources.md`, MSSanté and DMP, « HL7 v2 ». Files hold one message or many, with or
without MLLP frames and batch envelopes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from connector.adapters.base import Grouping, Item, Notice, Problem, SourceFile
from connector.adapters.mssante.hl7v2_fields import REEXPORT, UnusableError
from connector.adapters.mssante.hl7v2_ledger import DEPOTS, MESSAGES, Ledger
from connector.adapters.mssante.hl7v2_message import BATCH_SEGMENTS, FRAMING, read_message
from connector.adapters.mssante.hl7v2_segments import Readers
from connector.adapters.mssante.hl7v2_split import BOM, FRAME_END, FRAME_START, Piece, split
from connector.adapters.spoiled import fault, no_text
from connector.config import Limits, SourceSettings

_START = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:MSH|FHS|BHS)([!-/:-@\[-^`{-~])[^\w\s]{2,8}?(?:\1|[\r\n])")


class Hl7v2Adapter:
    """Messages ORU^R01 and MDM^T02, T04, T10; acknowledgements ACK, ZAM^Z01, Z02, Z03."""

    name: ClassVar[str] = "hl7v2"
    label: ClassVar[str] = "HL7 v2 (ORU, MDM, ACK, ZAM)"
    provides: ClassVar[frozenset[str]] = frozenset({MESSAGES, DEPOTS})
    grouping: ClassVar[Grouping] = Grouping.TREE
    coherent: ClassVar[bool] = False

    def __init__(self, files: Sequence[SourceFile], settings: SourceSettings) -> None:
        self._files = files
        self._settings = settings

    @classmethod
    def sniff(cls, path: Path, head: bytes) -> bool:
        return _START.match(head) is not None

    @staticmethod
    def spoiled(file: SourceFile, _limits: Limits) -> Problem | None:
        """Why a file named as HL7 v2 is none."""
        if file.path.suffix.casefold() not in (".hl7", ".er7"):
            return None
        what = "un message HL7 v2, qui commence par MSH"
        return no_text(file, what) or fault(file, what, "un autre contenu")

    def read(self, tables: Collection[str]) -> Iterator[Item]:
        wanted = self.provides & set(tables)
        if not wanted:
            return
        ledger = Ledger(wanted, self._settings.finess_et, [file.name for file in self._files])
        readers = Readers()
        for index, file in enumerate(self._files):
            reader = _FileReader(file, index, ledger, readers, self._settings.limites.ligne_max)
            for place, error in reader.read():
                yield _problem(file.name, place, error, wanted)
            if reader.windows_1252:
                yield Notice("encodage_windows_1252", detail=file.name)
        yield from ledger.items()


def _problem(file: str, place: str, error: UnusableError, tables: frozenset[str]) -> Problem:
    where = ", ".join(part for part in (place, error.place) if part)
    return Problem(file, where, error.field, error.expected, error.found, error.advice, tables)


class _FileReader:
    """One file: its messages go to the ledger, what cannot be used is yielded with its place."""

    def __init__(self, file: SourceFile, index: int, ledger: Ledger, readers: Readers, limit: int) -> None:
        self._path, self._index, self._limit = file.path, index, limit
        self._ledger, self._readers = ledger, readers
        self._framed = False  # the next message starts after 0x0B
        self.windows_1252 = False

    def read(self) -> Iterator[tuple[str, UnusableError]]:
        try:
            if not self._path.is_file():
                raise UnusableError("", "un fichier ordinaire", "autre chose", "retirez-le de la source.")
            with self._path.open("rb") as stream:
                for piece in split(stream, self._limit):
                    yield from self._take(piece)
            rank, _, data, _ = piece
            if rank == 0 and not data.removeprefix(BOM).strip(FRAMING):
                raise UnusableError(
                    "", "au moins un message (segment MSH)", "un fichier vide", "réexportez ce fichier."
                )
        except OSError:
            yield (
                "",
                UnusableError("", "un fichier lisible", "une erreur de lecture", "vérifiez les droits et le support."),
            )
        except UnusableError as error:
            yield "", error

    def _take(self, piece: Piece) -> Sequence[tuple[str, UnusableError]]:
        """Read one piece; what is wrong with it."""
        rank, offset, body, whole = piece
        framed, self._framed = self._framed, body[-1:] == FRAME_START
        if rank == 0:
            return _strays(body, offset)
        faults: Sequence[tuple[str, UnusableError]] = ()
        try:
            if FRAME_END in body:
                body, _, after = body.partition(FRAME_END)
                faults = _strays(after, offset + len(body) + 1)
            elif framed and whole:
                raise UnusableError("", "la fin de l'enveloppe MLLP (0x1C)", "un message coupé", REEXPORT)
            if not whole:
                expected = f"un message d'au plus {self._limit} octets"
                advice = "vérifiez ce fichier, ou relevez « ligne_max » dans [limites]."
                raise UnusableError("", expected, "un message plus long", advice)
            if b"\0" in body:
                raise UnusableError("", "du texte", "des octets nuls", "réexportez ce message en texte.")
            message, encoding = read_message(body, self._readers)
            self.windows_1252 = self.windows_1252 or encoding == "cp1252"
            self._ledger.add(message, self._index, rank)
        except UnusableError as error:
            return [*faults, (f"message {rank}", error)]
        return faults


def _strays(data: bytes, offset: int) -> Sequence[tuple[str, UnusableError]]:
    """Bytes that belong to no message, batch envelopes apart."""
    for line in data.splitlines(keepends=True):
        content = line.strip(FRAMING).removeprefix(BOM)
        if content and content[:3] not in BATCH_SEGMENTS:
            advice = "retirez ce contenu, ou réexportez ce fichier."
            return [(f"octet {offset}", UnusableError("", "un segment MSH", "un autre contenu", advice))]
        offset += len(line)
    return ()
