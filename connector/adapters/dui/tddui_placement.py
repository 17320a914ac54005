"""Whose each row is, and in which ET: every slot answered, every usager given his ETs.

An event goes to the ET of its stay, else of its own structure. What names no ET goes to every ET of
its usager: those of his stays, else that of his local id, else the one of the settings.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from connector.adapters.dui.tddui_staging import UNKNOWN_ET, Staging
from connector.adapters.dui.tddui_tables import CHUNK, Chunk, Ints
from connector.adapters.fhir_references import NONE, References


class Placement:
    """Answers about slots, usagers and ETs, as whole columns."""

    def __init__(self, staging: Staging) -> None:
        self._staging, self._default = staging, staging.default
        for staged in (staging.usagers, staging.sejours, staging.projets, staging.evenements, staging.autres):
            staged.chunks()  # every row and instant is in
        for role in (staging.subjects, staging.providers, staging.stays):
            role.finish()
        self._crowds: list[tuple[int, ...]] = []  # persons
        self._who = self._people_of_slots()
        self._ets = self._ets_of_structures()
        self._stays = _agreed(staging.stays, self._ets[_column(staging.stays.values)], NONE)
        self._persons, self._places, self._first, self._count = self._memberships()
        self._ids = pa.array(staging.people.ids, pa.string())
        self._date_people()

    def named(self, chunk: Chunk) -> Ints:
        """The ET that each row names, NONE, or UNKNOWN_ET when nothing gives its FINESS."""
        _, stays, providers, _ = chunk.numbers
        own, of_stay = self._ets[providers], self._stays[stays]
        ets: Ints = np.where(of_stay >= 0, of_stay, np.where(own == NONE, of_stay, own))
        return ets if self._default == NONE else np.where(ets == UNKNOWN_ET, np.int32(self._default), ets)

    def absent(self, slots: Ints) -> npt.NDArray[np.bool_]:
        """Which slots stand for nobody."""
        return np.equal(self._who[slots], NONE)

    def absent_members(self) -> int:
        """Members of Groups that are not in the export."""
        return sum(int(self._who[slot]) == NONE for group in self._staging.subjects.groups for slot in group)

    def people(self, slots: Ints) -> Iterator[tuple[Ints, Ints]]:
        """Rows and their persons, a row for each person of a crowd, so many rows at a time."""
        who = self._who[slots]
        sizes = np.where(who == NONE, 0, 1)
        crowds = np.flatnonzero(who < NONE)
        for row in crowds:
            sizes[row] = len(self._crowds[-2 - who[row]])
        parts = np.cumsum(sizes) // (4 * CHUNK)
        for part in np.unique(parts):
            rows = np.flatnonzero(parts == part).astype(np.int32)
            repeated: Ints = np.repeat(rows, sizes[rows])
            persons = who[repeated]
            if len(crowds):
                mixed = persons < NONE
                members = [self._crowds[-2 - who[row]] for row in rows if who[row] < NONE]
                persons[mixed] = [person for crowd in members for person in crowd]
            yield repeated, persons

    def places(self, persons: Ints, ets: Ints) -> tuple[Ints, Ints, Ints]:
        """For each row its ET or, when it names none, those of its person: ranks of rows and ETs; rows without."""
        repeats = np.where(ets >= 0, 1, np.where(ets == NONE, self._count[persons], 0))
        ranks: Ints = np.repeat(np.arange(len(ets), dtype=np.int32), repeats)
        nth = np.arange(len(ranks)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
        own = self._places[np.minimum(self._first[persons[ranks]] + nth, len(self._places) - 1)]
        return ranks, np.where(ets[ranks] >= 0, ets[ranks], own), np.flatnonzero(repeats == 0).astype(np.int32)

    def every(self) -> tuple[Ints, Ints]:
        """Each usager in each of his ETs."""
        return self._persons, self._places[:-1]

    def ids(self, persons: Ints, ets: Ints) -> pa.Array:
        """The id of each person in an ET: one who has several local ids has one by ET."""
        ids = self._ids.take(pa.array(persons))
        several = self._staging.people.several
        concerned = np.flatnonzero(np.isin(persons, list(several))) if several else ()
        if not len(concerned):
            return ids
        texts = ids.to_pylist()
        for row in concerned:
            texts[row] = several[int(persons[row])].get(int(ets[row]), texts[row])
        return pa.array(texts, pa.string())

    def _people_of_slots(self) -> Ints:
        """The person of each slot; −2 − rank in the crowds when there are several."""
        subjects = self._staging.subjects
        direct = _agreed(subjects, _column(subjects.values), NONE)
        who = direct.copy()
        for slot in (*np.flatnonzero(direct < NONE).tolist(), *subjects.crowds):
            persons = _members(slot, direct, subjects.crowds, subjects.groups)
            if len(persons) > 1:
                who[slot] = -2 - len(self._crowds)
                self._crowds.append(persons)
            else:
                who[slot] = persons[0] if persons else NONE
        return who

    def _ets_of_structures(self) -> Ints:
        """The ET of each slot of a structure; a reference that names a FINESS needs no Organization."""
        providers = self._staging.providers
        ets = _agreed(providers, _column(providers.values), UNKNOWN_ET)
        for slot, et in providers.named.items():
            if ets[slot] < 0:
                ets[slot] = et
        return ets

    def _memberships(self) -> tuple[Ints, Ints, Ints, Ints]:
        """Usagers and their ETs, sorted; for each usager his first rank there and how many."""
        people, width = self._staging.people, max(1, len(self._staging.etablissements.texts))
        pairs = [np.empty(0, np.int64)]
        for chunk in self._staging.sejours.chunks():
            named = self.named(chunk)
            for rows, persons in self.people(chunk.numbers[0]):
                ets = named[rows]
                pairs.append(np.unique(persons[ets >= 0].astype(np.int64) * width + ets[ets >= 0]))
        lacking = np.ones(len(people.ids), np.bool_)
        lacking[np.concatenate(pairs) // width] = False
        for person in np.flatnonzero(lacking).tolist():
            local = people.local_ets[person] if people.local_ets[person] != NONE else self._default
            ets_of = {*people.several.get(person, ()), local} - {NONE}
            pairs.append(np.array([person * width + et for et in sorted(ets_of)], np.int64))
        every = np.unique(np.concatenate(pairs))
        persons, ets = (every // width).astype(np.int32), (every % width).astype(np.int32)
        ranks = np.arange(len(people.ids), dtype=np.int32)
        first, last = (np.searchsorted(persons, ranks, side).astype(np.int32) for side in ("left", "right"))
        return persons, np.append(ets, np.int32(NONE)), first, last - first

    def _date_people(self) -> None:
        """The latest instant of each usager, over all the slots that stand for him."""
        given, latest = self._staging.subjects.latest, self._staging.people.latest
        for slot, text in enumerate(given.texts):
            if text is not None:
                who = int(self._who[slot])
                for person in self._crowds[-2 - who] if who < NONE else (who,) if who >= 0 else ():
                    latest.see(person, given.moments[slot], text, given.places[slot])


def _column(values: array[int]) -> Ints:
    return np.array(values, np.int32)


def _agreed(role: References, values: Ints, otherwise: int) -> Ints:
    """The value of each slot, `otherwise` when resources disagree or none answers; a last one for NONE."""
    targets = _column(role.targets)
    answers: Ints = np.append(values, np.int32(otherwise))[targets]
    for slot, entities in role.several.items():
        said = {int(values[entity]) for entity in entities}
        answers[slot] = said.pop() if len(said) == 1 else otherwise
    return np.append(answers, np.int32(NONE))


def _members(
    slot: int, direct: Ints, crowds: Mapping[int, tuple[int, ...]], groups: Sequence[tuple[int, ...]]
) -> tuple[int, ...]:
    """Every person that a slot stands for, Groups inside Groups included."""
    pending, seen, persons = [slot], set[int](), set[int]()
    while pending:
        slot = pending.pop()
        if slot in seen:
            continue
        seen.add(slot)
        value = int(direct[slot])
        if slot in crowds:
            pending.extend(crowds[slot])
        elif value >= 0:
            persons.add(value)
        elif value < NONE:
            pending.extend(groups[-2 - value])
    return tuple(sorted(persons))
