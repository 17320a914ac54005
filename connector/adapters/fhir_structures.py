"""Which structure the authors of a resource belong to.

Rule: `docs/sources.md`: the FINESS of an Organization that is named as author, or of the one that a
PractitionerRole works for. References look among the resources beside them first, then in every file.
"""

from __future__ import annotations

from collections.abc import Iterable

from connector.adapters.fhir_fields import finess_of, text_of
from connector.adapters.fhir_references import NONE, Providers, References
from connector.adapters.json_stream import Json

Authors = tuple[int, ...]  # a structure is its slot, a role is −2 − its slot


class Structures:
    """Organizations and roles met, and who refers to them; `finess` answers once `leave` or `finish` was called."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._ranks: dict[str, int] = {}
        self._organizations = Providers(self._index)
        self._roles = References(("PractitionerRole",))

    def _index(self, finess: str) -> int:
        if finess not in self._ranks:
            self._ranks[finess] = len(self._texts)
            self._texts.append(finess)
        return self._ranks[finess]

    def take(self, resource: Json, url: str | None) -> None:
        """Register an Organization or a PractitionerRole; any other resource is let by.

        Raises:
            TypeError, AttributeError: it is not what FHIR says.
        """
        if resource["resourceType"] == "Organization":
            finess = finess_of(resource.get("identifier") or ())
            self._organizations.add(resource, url, NONE if finess is None else self._index(finess))
        elif resource["resourceType"] == "PractitionerRole":
            self._roles.add(resource, url, self._organizations.slot(resource.get("organization"), resource))

    def authors(self, references: Iterable[Json], resource: Json) -> Authors:
        """The structures and roles that these references of a resource point to, in their order."""
        found: list[int] = []
        for reference in references:
            role = _contained_role(reference, resource)
            if role is not None:
                found.append(self._organizations.slot(role.get("organization"), resource))
                continue
            found.append(self._organizations.slot(reference, resource))
            slot = self._roles.slot(reference, resource)
            found.append(NONE if slot == NONE else -2 - slot)
        return tuple(slot for slot in found if slot != NONE)

    def enter(self) -> None:
        """A Bundle begins."""
        for part in (self._organizations, self._roles):
            part.enter()

    def leave(self) -> None:
        """The Bundle ends."""
        for part in (self._organizations, self._roles):
            part.leave()

    def finish(self) -> None:
        """Everything is read."""
        for part in (self._organizations, self._roles):
            part.finish()

    def finess(self, authors: Authors) -> str:
        """The FINESS of the first author that has one, as it is written; empty when none has."""
        return next((text for text in map(self._finess, authors) if text), "")

    def _finess(self, author: int) -> str:
        if author < NONE:
            role = self._roles.targets[-2 - author]
            author = NONE if role == NONE else self._roles.values[role]
        if author == NONE:
            return ""
        entity = self._organizations.targets[author]
        rank = NONE if entity == NONE else self._organizations.values[entity]
        rank = self._organizations.named.get(author, NONE) if rank == NONE else rank
        return "" if rank == NONE else self._texts[rank]


def _contained_role(reference: Json, resource: Json) -> Json | None:
    """The role that lies inside the resource that refers to it."""
    text = text_of(reference, "reference") or ""
    if not text.startswith("#"):
        return None
    inside: Iterable[Json] = resource.get("contained") or ()
    roles = (inner for inner in inside if inner.get("resourceType") == "PractitionerRole")
    return next((role for role in roles if role.get("id") == text[1:]), None)
