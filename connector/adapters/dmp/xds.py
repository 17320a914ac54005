"""DMP deposits by XDS.b: ITI-41 requests and the responses of the DMP, one message a file.

Rule: `docs/sources.md`, DMP, « XDS.b / SOAP ».
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from connector.adapters.base import Grouping, Item, Problem, SourceFile
from connector.adapters.dmp.deposits import DEPOTS
from connector.adapters.dmp.ledger import Ledger
from connector.adapters.dmp.xds_envelope import UnusableError, parse, read_root
from connector.adapters.dmp.xds_message import read_message
from connector.adapters.spoiled import beginning, no_text
from connector.config import Limits, SourceSettings

_START = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<|--\S|[\w-]+(?:/[\d.]+)?[ :(])")  # XML, MIME or HTTP headers
_MESSAGE = re.compile(
    rb"<(?:[A-Za-z_][\w.-]*:)?(?:ProvideAndRegisterDocumentSetRequest|RegistryResponse)[\s/>]", re.ASCII
)
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class XdsAdapter:
    """ITI-41, bare, in SOAP or in MTOM/MIME."""

    name: ClassVar[str] = "xds"
    label: ClassVar[str] = "XDS.b (ITI-41)"
    provides: ClassVar[frozenset[str]] = frozenset({DEPOTS})
    grouping: ClassVar[Grouping] = Grouping.TREE
    coherent: ClassVar[bool] = False

    def __init__(self, files: Sequence[SourceFile], settings: SourceSettings) -> None:
        self._files = files
        self._settings = settings

    @classmethod
    def sniff(cls, path: Path, head: bytes) -> bool:
        if head[:2] in _UTF16:
            head = head.decode("utf-16", "ignore").encode()
        return _START.match(head) is not None and _MESSAGE.search(head) is not None

    @staticmethod
    def spoiled(file: SourceFile, limits: Limits) -> Problem | None:
        """Why a file named as XML is none; of a long one, only the beginning is looked at."""
        if file.path.suffix.casefold() != ".xml":
            return None
        head, whole = beginning(file)
        if problem := no_text(file, "un document XML") if head[:2] not in _UTF16 else None:
            return problem
        try:
            if whole:
                parse(head, limits.profondeur_max)
        except UnusableError as error:
            return _problem(file.name, error)
        return None

    def read(self, tables: Collection[str]) -> Iterator[Item]:
        if DEPOTS not in tables:
            return
        ledger = Ledger([file.name for file in self._files], "ITI-41")
        finess_et = self._settings.finess_et or ""
        for index, file in enumerate(self._files):
            try:
                ledger.add(read_message(read_root(file.path, self._settings.limites), finess_et), index)
            except UnusableError as error:
                yield _problem(file.name, error)
            except OSError:
                advice = "vérifiez les droits et le support."
                yield _problem(file.name, UnusableError("", "un fichier lisible", "une erreur de lecture", advice))
        yield from ledger.items()


def _problem(file: str, error: UnusableError) -> Problem:
    return Problem(file, error.place, None, error.expected, error.found, error.advice, frozenset({DEPOTS}))
