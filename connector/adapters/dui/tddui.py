"""TDDUI FHIR: transaction Bundles, NDJSON and lone resources of a DUI; plain R4 as well.

Rule: `docs/sources.md`, « TDDUI FHIR ». All the files of a source are one export: references cross
them, and are resolved once all is read. Inside a Bundle its own resources come first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from connector.adapters.base import Grouping, Item, Notice, Problem, SourceFile
from connector.adapters.dui.tddui_fields import is_left_aside
from connector.adapters.dui.tddui_rows import Files, RowWriter
from connector.adapters.dui.tddui_staging import Staging
from connector.adapters.fhir_family import Family, family_of
from connector.adapters.fhir_fields import text_of
from connector.adapters.json_stream import Json, JsonDocument, JsonLines, kind_name, open_json
from connector.adapters.spoiled import spoiled_json
from connector.config import SourceSettings

_BARRED = {  # a resource that cannot be understood bars what rests on it; all rests on the others
    "CarePlan": frozenset({"projets_personnalises", "dossiers"}),
    "Appointment": frozenset({"evenements_agenda", "dossiers"}),
}
_DECIDING = frozenset({"Patient", "Group", "Organization", "Encounter", "EpisodeOfCare", "Bundle"})
_SHAPES: dict[str, type] = {
    **dict.fromkeys(("id", "status", "start"), str),
    **dict.fromkeys(("meta", "subject", "patient", "for", "period", "serviceProvider", "managingOrganization"), dict),
    **dict.fromkeys(("identifier", "extension", "participant", "member", "entry"), list),
}
_NAMES: dict[type, str] = {str: "un texte", dict: "un objet", list: "une liste"}


class TdduiAdapter:
    """Usagers, stays, projets personnalisés and agenda events of TDDUI 2.x and plain R4."""

    name: ClassVar[str] = "tddui"
    label: ClassVar[str] = "TDDUI FHIR"
    provides: ClassVar[frozenset[str]] = frozenset(
        {"usagers", "matricules_anterieurs", "sejours", "dossiers", "projets_personnalises", "evenements_agenda"}
    )
    grouping: ClassVar[Grouping] = Grouping.TREE
    coherent: ClassVar[bool] = True
    spoiled = staticmethod(spoiled_json)

    def __init__(self, files: Sequence[SourceFile], settings: SourceSettings) -> None:
        self._files = files
        self._settings = settings

    @classmethod
    def sniff(cls, path: Path, head: bytes) -> bool:
        """JSON that shows a Bundle, lines or a lone resource of the types that are read."""
        return family_of(head, path.name) is Family.DUI

    def read(self, tables: Collection[str]) -> Iterator[Item]:
        """Every file is staged, then rows are made; what cannot be used is told as it is met."""
        wanted = self.provides & set(tables)
        if not wanted:
            return
        staging, files = Staging(self._settings), Files([file.name for file in self._files])
        for rank, file in enumerate(self._files):
            yield from _FileReader(file, rank, staging, files, wanted).read(self._settings)
        yield from RowWriter(staging, files).items(wanted)


class _FileReader:
    """One file: its resources are staged, its faults are yielded."""

    def __init__(self, file: SourceFile, rank: int, staging: Staging, files: Files, wanted: frozenset[str]) -> None:
        self._file, self._rank, self._staging, self._files, self._wanted = file, rank, staging, files, wanted

    def read(self, settings: SourceSettings) -> Iterator[Item]:
        opened = open_json(self._file, settings.limites, self._wanted)
        self._staging.left_aside = False
        if isinstance(opened, Problem):
            yield opened
        elif isinstance(opened, JsonLines):
            yield from self._lines(opened)
        else:
            self._staging.enter()
            yield from self._document(opened)
            self._staging.leave()
        self._staging.relieve()
        if self._staging.left_aside:
            yield Notice("fichier_laisse_de_cote", detail=self._file.name)

    def _lines(self, lines: JsonLines) -> Iterator[Item]:
        """The hot loop: nothing here but what each line needs."""
        start, take = self._files.start(self._rank, "ligne"), self._staging.take
        for item in lines:
            if isinstance(item, Problem):
                yield item
                continue
            rank, resource = item
            try:
                take(resource, None, start + rank)
            except (KeyError, TypeError, AttributeError):
                yield self._misshapen(resource, f"ligne {rank}")
            if not rank % 1024:
                self._staging.relieve()

    def _document(self, document: JsonDocument) -> Iterator[Item]:
        """A Bundle entry by entry, or a lone resource, which is a Bundle of one entry."""
        start = self._files.start(self._rank, "entrée")
        for item in document:
            if is_left_aside(document.members):
                break
            if isinstance(item, Problem):
                yield item
                continue
            rank, entry = item
            if not rank % 1024:
                self._staging.relieve()
            if entry.get("resource") is not None:
                yield from self._take(entry["resource"], entry.get("fullUrl"), start, rank)
        if is_left_aside(document.members):
            self._staging.left_aside = True
        elif document.whole and document.lone:
            yield from self._take(document.members, None, start, 1)
        elif document.whole and document.members.get("resourceType") != "Bundle":
            yield self._misshapen(document.members, "")

    def _take(self, resource: Json, url: str | None, start: int, rank: int) -> Iterator[Problem]:
        try:
            self._staging.take(resource, text_of({"url": url}, "url"), start + rank)
        except (KeyError, TypeError, AttributeError):
            yield self._misshapen(resource, f"entrée {rank}")

    def _misshapen(self, resource: object, place: str) -> Problem:
        """What a resource should have been, as far as one can tell."""
        advice = "corrigez cette ressource, ou signalez-la à l'éditeur."
        if not isinstance(resource, dict):
            return self._problem(place, "resource", "un objet", kind_name(resource), advice, self._wanted)
        kind = resource.get("resourceType")
        if not isinstance(kind, str) or not (kind.isascii() and kind.isalpha()):
            expected = "un type de ressource FHIR"
            return self._problem(place, "resourceType", expected, kind_name(kind), advice, self._wanted)
        barred = self._wanted if kind in _DECIDING else _BARRED.get(kind, frozenset({"dossiers"})) & self._wanted
        for name, shape in _SHAPES.items():
            value = resource.get(name)
            if value is not None and not isinstance(value, shape):
                return self._problem(place, f"{kind}.{name}", _NAMES[shape], kind_name(value), advice, barred)
        return self._problem(place, kind, "une ressource FHIR R4", "une valeur d'un autre type", advice, barred)

    def _problem(
        self, place: str, field: str, expected: str, found: str, advice: str, tables: frozenset[str]
    ) -> Problem:
        return Problem(self._file.name, place, field, expected, found, advice, tables, bars=bool(tables))
