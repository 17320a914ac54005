"""E-prescriptions and notes of a cahier de liaison, in FHIR: Bundles, NDJSON and lone resources.

Rule: `docs/sources-echanges.md`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from connector.adapters.base import Grouping, Item, Problem, SourceFile
from connector.adapters.echanges.fhir_staging import TABLE_OF, Staging
from connector.adapters.fhir_family import Family, family_of
from connector.adapters.fhir_fields import text_of
from connector.adapters.json_stream import Json, JsonDocument, JsonLines, kind_name, open_json
from connector.adapters.registry import options_of
from connector.adapters.spoiled import spoiled_json
from connector.config import SourceSettings


class EchangesOptions(BaseModel):
    """Keys of a `[[source]]` of this type."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    auteurs_exterieurs: bool = Field(
        default=False, description="les auteurs sont d'ailleurs : tout va au `finess_et` de la source"
    )


class EchangesAdapter:
    """Prescriptions imported by the DUI and exchanges with the e-parcours platform."""

    name: ClassVar[str] = "echanges"
    label: ClassVar[str] = "e-prescription et cahier de liaison (FHIR)"
    provides: ClassVar[frozenset[str]] = frozenset(TABLE_OF.values())
    grouping: ClassVar[Grouping] = Grouping.TREE
    coherent: ClassVar[bool] = False
    spoiled = staticmethod(spoiled_json)
    options: ClassVar[type[BaseModel]] = EchangesOptions

    def __init__(self, files: Sequence[SourceFile], settings: SourceSettings) -> None:
        self._files = files
        self._settings = settings
        options = options_of(type(self), settings)
        self._outside = isinstance(options, EchangesOptions) and options.auteurs_exterieurs

    @classmethod
    def sniff(cls, path: Path, head: bytes) -> bool:
        """JSON that shows prescriptions or notes."""
        return family_of(head, path.name) is Family.ECHANGES

    def read(self, tables: Collection[str]) -> Iterator[Item]:
        """Every file is staged, then rows are made."""
        wanted = self.provides & set(tables)
        if not wanted:
            return
        staging = Staging(wanted, technical_dates=self._settings.dates_techniques)
        lines = []
        for rank, file in enumerate(self._files):
            opened = open_json(file, self._settings.limites, wanted)
            lines.append(isinstance(opened, JsonLines))
            if isinstance(opened, Problem):
                yield opened
            else:
                yield from _FileReader(file.name, rank, staging, wanted).read(opened)
        names = [file.name for file in self._files]
        finess_et = self._settings.finess_et or ""
        yield from staging.items(names, lines, finess_et, outside=self._outside and bool(finess_et))


class _FileReader:
    """One file: its resources are staged, its faults are yielded."""

    def __init__(self, name: str, rank: int, staging: Staging, wanted: frozenset[str]) -> None:
        self._name, self._rank, self._staging, self._wanted = name, rank, staging, wanted

    def read(self, opened: JsonLines | JsonDocument) -> Iterator[Problem]:
        if isinstance(opened, JsonLines):
            for item in opened:
                if isinstance(item, Problem):
                    yield item
                else:
                    yield from self._take(item[1], None, item[0], f"ligne {item[0]}")
        else:
            self._staging.enter()
            yield from self._document(opened)
            self._staging.leave()

    def _document(self, document: JsonDocument) -> Iterator[Problem]:
        """A Bundle entry by entry, or a lone resource, which is a Bundle of one entry."""
        for item in document:
            if isinstance(item, Problem):
                yield item
                continue
            rank, entry = item
            if entry.get("resource") is not None:
                yield from self._take(entry["resource"], entry.get("fullUrl"), rank, f"entrée {rank}")
        if document.whole and document.lone and document.members.get("resourceType") != "Bundle":
            yield from self._take(document.members, None, 1, "")

    def _take(self, resource: Json, url: str | None, rank: int, place: str) -> Iterator[Problem]:
        try:
            self._staging.take(resource, text_of({"url": url}, "url"), self._rank, rank)
        except (KeyError, TypeError, AttributeError):
            yield self._misshapen(resource, place)

    def _misshapen(self, resource: object, place: str) -> Problem:
        """A resource of one of the tables bars that table; any other may name an ET, and bars both."""
        kind = resource.get("resourceType") if isinstance(resource, dict) else None
        advice = "corrigez cette ressource, ou signalez-la à l'éditeur."
        if not isinstance(kind, str) or not (kind.isascii() and kind.isalpha()):
            found = kind_name(kind if isinstance(resource, dict) else resource)
            expected = "un type de ressource FHIR"
            return Problem(self._name, place, "resourceType", expected, found, advice, self._wanted)
        tables = frozenset({TABLE_OF[kind]}) & self._wanted if kind in TABLE_OF else self._wanted
        found = "une valeur d'un autre type"
        return Problem(self._name, place, kind, "une ressource FHIR R4", found, advice, tables, bars=bool(tables))
