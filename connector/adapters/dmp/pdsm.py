"""DMP deposits by FHIR PDSm: ITI-65 and ITI-105 requests and the answers of the DMP, one message a file.

Rule: `docs/sources.md`, DMP, « FHIR PDSm ».
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from connector.adapters.base import Grouping, Item, Problem, SourceFile
from connector.adapters.dmp.deposits import DEPOTS, Request, Response
from connector.adapters.dmp.ledger import Ledger
from connector.adapters.dmp.pdsm_message import Message, UnusableError
from connector.adapters.fhir_family import Family, family_of
from connector.adapters.file_pairs import is_response
from connector.adapters.json_stream import JsonLines, open_json
from connector.adapters.spoiled import spoiled_json
from connector.config import SourceSettings

_BARRED = frozenset({DEPOTS})


class PdsmAdapter:
    """ITI-65 Bundles, ITI-105 DocumentReferences, and their transaction-response, resource or OperationOutcome."""

    name: ClassVar[str] = "pdsm"
    label: ClassVar[str] = "FHIR PDSm (ITI-65, ITI-105)"
    provides: ClassVar[frozenset[str]] = _BARRED
    grouping: ClassVar[Grouping] = Grouping.TREE
    coherent: ClassVar[bool] = False
    spoiled = staticmethod(spoiled_json)

    def __init__(self, files: Sequence[SourceFile], settings: SourceSettings) -> None:
        self._files = files
        self._settings = settings

    @classmethod
    def sniff(cls, path: Path, head: bytes) -> bool:
        """JSON that shows a submission of documents or the answer to one."""
        return family_of(head, path.name) is Family.DMP

    def read(self, tables: Collection[str]) -> Iterator[Item]:
        """Every file is read, then deposits come with their outcome."""
        if DEPOTS not in tables:
            return
        ledger = Ledger([file.name for file in self._files], "ITI-65")
        for index, file in enumerate(self._files):
            message = self._message(file)
            if isinstance(message, Problem):
                yield message
            else:
                ledger.add(message, index)
        yield from ledger.items()

    def _message(self, file: SourceFile) -> Request | Response | Problem:
        document = open_json(file, self._settings.limites, _BARRED)
        if isinstance(document, Problem):
            return document
        if isinstance(document, JsonLines):
            expected, advice = "un message par fichier", "réexportez chaque message dans son fichier."
            return Problem(file.name, "", None, expected, "plusieurs lignes", advice, _BARRED)
        try:
            message = Message(self._settings.finess_et or "", answers=is_response(file.name))
            return message.read(document)
        except UnusableError as error:
            found = (error.field, error.expected, error.found, error.advice)
            return Problem(file.name, error.place, *found, _BARRED)
