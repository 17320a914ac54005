"""Who the resources of a transfer are about: usagers, and groups of them."""

from __future__ import annotations

from datetime import tzinfo

from connector.adapters.dui.tddui_people import Latest
from connector.adapters.fhir_references import NONE, References


class Subjects(References):
    """Patients and Groups. The value of a Patient is its person; that of a Group is −2 − its rank.

    Each slot keeps the latest `meta.lastUpdated` of the resources that refer by it. A crowd is a
    slot that stands for several others.
    """

    def __init__(self, zone: tzinfo) -> None:
        super().__init__(("Patient", "Group"))
        self.groups: list[tuple[int, ...]] = []  # slots of the members
        self.crowds: dict[int, tuple[int, ...]] = {}
        self.latest = Latest(zone)

    def _new(self, keys: tuple[str, ...]) -> int:
        self.latest.grow()
        return super()._new(keys)

    def crowd(self, slots: tuple[int, ...]) -> int:
        """One slot for all these."""
        if slots not in self._scope.slots:
            self.latest.grow()
            self._scope.slots[slots] = slot = len(self.targets)
            self.targets.append(NONE)
            self.crowds[slot] = slots
        return self._scope.slots[slots]
