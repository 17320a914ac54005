"""Resources, one after the other, become compact staged rows; nothing is resolved yet.

Rows keep slots (see `tddui_references`) where a resource refers to another, so that the order of
resources and files does not matter. Full lists of rows are flushed to Arrow arrays.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from connector.adapters.dui.tddui_fields import (
    finess_of,
    identity_of,
    identity_status,
    is_evenement,
    is_left_aside,
    is_projet,
    text_of,
)
from connector.adapters.dui.tddui_people import People
from connector.adapters.dui.tddui_references import NONE, Latest, Providers, References, Scope, Subjects
from connector.adapters.json_stream import Json
from connector.config import SourceSettings
from connector.model.finess import DEFAULT_ZONE, normalise_finess

CHUNK = 65_536
UNKNOWN_ET = -2  # an ET is named, but its FINESS is not known
_WRONG = "entered-in-error"
_STAYS = {"planned": "attente", "waitlist": "attente", "cancelled": "annule"}
_EVENTS = {"cancelled": "annule", "finished": "realise", "fulfilled": "realise"}
_PLANS = {
    "draft": "en_preparation",
    "active": "actif",
    "on-hold": "suspendu",
    "completed": "termine",
    "revoked": "abandonne",
}


class Chunk:
    """Staged rows as columns: integers, then the place of each row, then text."""

    def __init__(self, rows: list[tuple[Any, ...]], numbers: int) -> None:
        columns = list(zip(*rows, strict=True))
        self.numbers = [np.array(column, np.int32) for column in columns[:numbers]]
        self.places: npt.NDArray[np.int64] = np.array(columns[numbers], np.int64)
        self.texts = [pa.array(column, pa.string()) for column in columns[numbers + 1 :]]


class Staged:
    """Rows of one table: tuples of integers, a place, then texts."""

    def __init__(self, numbers: int) -> None:
        self._numbers = numbers
        self._rows: list[tuple[Any, ...]] = []
        self._chunks: list[Chunk] = []
        self.held = False

    def append(self, row: tuple[Any, ...]) -> None:
        self._rows.append(row)
        if len(self._rows) == CHUNK:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            self.held = True
            self._chunks.append(Chunk(self._rows, self._numbers))
            self._rows = []

    def chunks(self) -> list[Chunk]:
        self._flush()
        return self._chunks


class Etablissements:
    """FINESS met, as integers. The text kept is as written, the shortest when it varies."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._ranks: dict[str, int] = {}

    def index(self, finess: str) -> int:
        rank = self._ranks.setdefault(normalise_finess(finess) or finess, len(self.texts))
        if rank == len(self.texts):
            self.texts.append(finess)
        self.texts[rank] = min(self.texts[rank], finess, key=lambda text: (len(text), text))
        return rank


class Staging:
    """What was read so far."""

    def __init__(self, settings: SourceSettings) -> None:
        zone = ZoneInfo(settings.fuseau or DEFAULT_ZONE)
        self._dated = not settings.dates_techniques
        self.etablissements = Etablissements()
        self.default = self.etablissements.index(settings.finess_et) if settings.finess_et else NONE
        self.subjects = Subjects(zone)
        self.providers = Providers(self.etablissements.index)
        self.stays = References(("Encounter", "EpisodeOfCare"))
        self.people = People(Latest(zone), self.etablissements.index)
        # numbers: slots of the usager, of the stay, of the structure; type of the resource
        self.sejours, self.evenements, self.projets = Staged(4), Staged(4), Staged(4)
        self.usagers, self.anciens = Staged(1), Staged(1)  # numbers: the person
        self.others = array("i"), array("H")  # slot of the usager, type of the resource
        self.types: list[str] = []
        self._ranks: dict[str, int] = {}
        self.wrong: Counter[str] = Counter()
        self.left_aside = False  # set by a resource of the 1.x form
        self._scopes = self._current()
        self._handlers: dict[str, Callable[[Json, str | None, int], None]] = {
            "Patient": self._patient,
            "Group": self._group,
            "Organization": self._organization,
            "Encounter": self._encounter,
            "EpisodeOfCare": self._episode,
            "CarePlan": self._care_plan,
            "Appointment": self._appointment,
            "DocumentReference": self._document,
        }

    def take(self, resource: Json, url: str | None, place: int) -> None:
        """Stage one resource.

        Raises:
            KeyError, TypeError, AttributeError: it is not what FHIR says.
        """
        kind = resource["resourceType"]
        if _WRONG in (resource.get("status"), resource.get("lifecycleStatus")):
            self.wrong[kind] += 1
        else:
            self._handlers.get(kind, self._other)(resource, url, place)
