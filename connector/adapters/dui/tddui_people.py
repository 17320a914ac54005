"""Usagers, ETs and instants: what many resources say of one person, kept once.

Patients that carry the same qualified local id (« 3FINESS/id ») are one usager, wherever they are.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from datetime import tzinfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from connector.adapters.dui.tddui_fields import NEVER, instant
from connector.adapters.fhir_fields import Identity
from connector.adapters.fhir_references import NONE
from connector.model.finess import normalise_finess


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


class Latest:
    """The latest instant of each of some numbered things, as it was written, and where."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self.moments = array("q")  # microseconds
        self.texts: list[str | None] = []
        self.places = array("q")

    def grow(self, place: int = 0) -> None:
        """One thing more; `place` stands until an instant is seen."""
        self.moments.append(NEVER)
        self.texts.append(None)
        self.places.append(place)

    def see(self, index: int, moment: int, text: str, place: int) -> None:
        """Keep this instant when it is later; of two ways to write the same, always the same one."""
        best = self.moments[index]
        if moment > best or (moment == best and text > (self.texts[index] or "")):
            self.moments[index] = moment
            self.texts[index] = text
            self.places[index] = place

    def see_many(self, indices: Sequence[int], texts: Sequence[str | None], places: Sequence[int]) -> None:
        """`see` for whole columns, `NONE` and no text left out; one by one only for the latest of each."""
        owners = np.array(indices, np.int64)
        moments = self._moments(texts)
        best = np.full(len(self.texts) + 1, NEVER + 1, np.int64)  # a last one for NONE
        np.maximum.at(best, owners, moments)
        for rank in np.flatnonzero((moments == best[owners]) & (owners != NONE)).tolist():
            self.see(indices[rank], int(moments[rank]), texts[rank] or "", places[rank])

    def _moments(self, texts: Sequence[str | None]) -> npt.NDArray[np.int64]:
        try:
            moments = pa.array(texts, pa.string()).cast(pa.timestamp("us", "UTC")).cast(pa.int64())
        except pa.ArrowInvalid:  # one of them is unreadable, or without offset
            moments = pa.array([instant(text, self._zone) if text else None for text in texts], pa.int64())
        return np.asarray(pc.fill_null(moments, NEVER), np.int64)


class People:
    """Usagers as integers, with their local ids and their latest update."""

    def __init__(self, zone: tzinfo, etablissements: Etablissements) -> None:
        self._etablissements = etablissements
        self._by_local_id: dict[str, int] = {}
        self._by_name: list[dict[str, int]] = [{}]  # of the Bundles being read: who has no qualified local id
        self.ids: list[str | None] = []
        self.local_ets = array("i")  # the ET that the local id names
        self.several: dict[int, dict[int, str]] = {}  # person → ET → id, for who has several local ids
        self.latest = Latest(zone)

    def enter(self) -> None:
        """A Bundle begins."""
        self._by_name.append({})

    def leave(self) -> None:
        """The Bundle ends."""
        self._by_name.pop()

    def of(self, identity: Identity, name: str | None, place: int) -> int:
        """The usager that a Patient is; `name` is what its Bundle knows it by."""
        local = identity.local[0] if identity.local else None
        if local and local.finess:
            person = self._by_local_id.setdefault(local.value, len(self.ids))
        elif name:
            person = self._by_name[-1].setdefault(name, len(self.ids))
        else:
            person = len(self.ids)
        if person == len(self.ids):
            self.ids.append(local.id_usager if local else name)
            self.local_ets.append(self._etablissements.index(local.finess) if local and local.finess else NONE)
            self.latest.grow(place)
        if len(identity.local) > 1:
            ids = self.several.setdefault(person, {})
            for other in identity.local:
                if other.finess:
                    ids.setdefault(self._etablissements.index(other.finess), other.id_usager)
        return person
