"""Resources, one after the other, become compact staged rows; nothing is resolved yet.

Rows keep slots (see `tddui_references`) where a resource refers to another, so that the order of
resources and files does not matter. Full lists of rows are flushed to Arrow arrays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from zoneinfo import ZoneInfo

from connector.adapters.dui.tddui_fields import (
    identity_status,
    is_evenement,
    is_left_aside,
    is_projet,
    may_be_usager,
    type_name,
)
from connector.adapters.dui.tddui_people import Etablissements, People
from connector.adapters.dui.tddui_references import Subjects
from connector.adapters.dui.tddui_tables import Staged
from connector.adapters.fhir_fields import codes_of, finess_of, identity_of, text_of
from connector.adapters.fhir_references import NONE, Providers, References
from connector.adapters.json_stream import Json
from connector.config import SourceSettings
from connector.model.finess import DEFAULT_ZONE

UNKNOWN_ET = -2  # an ET is named, but its FINESS is not known
_WRONG = "entered-in-error"
_STAYS: dict[str | None, str] = {"planned": "attente", "waitlist": "attente", "cancelled": "annule"}
_EMPTY: Json = {}
_ENCOUNTER = 0  # rank of this type
_EVENTS: dict[str | None, str] = {"cancelled": "annule", "finished": "realise", "fulfilled": "realise"}
_PLANS = {
    "draft": "en_preparation",
    "active": "actif",
    "on-hold": "suspendu",
    "completed": "termine",
    "revoked": "abandonne",
}


class Staging:
    """What was read so far."""

    def __init__(self, settings: SourceSettings) -> None:
        zone = ZoneInfo(settings.fuseau or DEFAULT_ZONE)
        self.etablissements = Etablissements()
        self.default = self.etablissements.index(settings.finess_et) if settings.finess_et else NONE
        self.people = People(zone, self.etablissements)
        self.subjects = Subjects(zone)
        self.providers = Providers(self.etablissements.index)
        self.stays = References(("Encounter", "EpisodeOfCare"))
        seen, of_people = self.subjects.latest.see_many, self.people.latest.see_many
        if settings.dates_techniques:
            seen = of_people = _ignore
        # Integers of a row: slot of the usager, of the stay, of the structure, type of the resource.
        self.sejours, self.evenements, self.projets = Staged(4, seen), Staged(4, seen), Staged(4, seen)
        self.autres = Staged(4, seen)  # resources that give no row
        self.usagers, self.anciens = Staged(1, of_people), Staged(1)  # the person
        self.types = {"Encounter": _ENCOUNTER}
        self.wrong: Counter[str] = Counter()  # entered in error, by type
        self.left_aside = False  # a resource of the 1.x form was met
        self._url: str | None = None  # of the resource being staged, and its place
        self._place = 0
        self._handlers: dict[str, Callable[[Json], None]] = {
            "Patient": self._patient,
            "Group": self._group,
            "Organization": self._organization,
            "Encounter": self._encounter,
            "EpisodeOfCare": self._episode,
            "CarePlan": self._care_plan,
            "Appointment": self._appointment,
            "DocumentReference": self._document,
            "Bundle": self._bundle,
        }

    def take(self, resource: Json, url: str | None, place: int) -> None:
        """Stage one resource.

        Raises:
            KeyError, TypeError, AttributeError: it is not what FHIR says.
        """
        kind = resource["resourceType"]
        if resource.get("status") == _WRONG:
            self.wrong[type_name(kind)] += 1
        else:
            self._url, self._place = url, place
            self._handlers.get(kind, self._other)(resource)

    def relieve(self) -> None:
        """Keep memory bounded; to be called now and then."""
        for staged in (self.evenements, self.autres, self.sejours, self.projets, self.usagers, self.anciens):
            staged.relieve()

    def enter(self) -> None:
        """A Bundle begins: its references look among its own resources first."""
        for part in (self.subjects, self.providers, self.stays, self.people):
            part.enter()

    def leave(self) -> None:
        """The Bundle ends."""
        for part in (self.subjects, self.providers, self.stays, self.people):
            part.leave()

    def _type(self, resource: Json) -> int:
        return self.types.setdefault(resource["resourceType"], len(self.types))

    def _bundle(self, resource: Json) -> None:
        """A Bundle inside a line or an entry."""
        if is_left_aside(resource):
            self.left_aside = True
            return
        self.enter()
        try:
            for entry in resource.get("entry") or ():
                if inner := entry.get("resource"):
                    self.take(inner, text_of(entry, "fullUrl"), self._place)
        finally:
            self.leave()

    def _patient(self, resource: Json) -> None:
        identity = identity_of(resource.get("identifier") or ())
        statut = identity_status(resource, has_ins=identity.ins is not None)
        name = text_of(resource, "id") or (self._url or "").rpartition("/")[2].rpartition(":")[2] or None
        person = self.people.of(identity, name, self._place)
        self.subjects.add(resource, self._url, person)
        matricule, oid = identity.ins or (None, None)
        self.usagers.rows.append((person, self._place, matricule, oid, statut, self._updated(resource)))
        for ins in identity.former:
            self.anciens.rows.append((person, self._place, ins.matricule, ins.oid))

    def _group(self, resource: Json) -> None:
        present = (member for member in resource.get("member") or () if not member.get("inactive"))
        slots = (self.subjects.slot(member.get("entity"), resource) for member in present)
        members = tuple(slot for slot in slots if slot != NONE)
        self.subjects.add(resource, self._url, -2 - len(self.subjects.groups))
        self.subjects.groups.append(members)

    def _organization(self, resource: Json) -> None:
        finess = finess_of(resource.get("identifier") or ())
        self.providers.add(resource, self._url, self.etablissements.index(finess) if finess else UNKNOWN_ET)

    def _encounter(self, resource: Json) -> None:
        """The bulk of an export: written for speed."""
        get = resource.get
        meta, period = get("meta") or _EMPTY, get("period") or _EMPTY
        updated, start = meta.get("lastUpdated") or None, period.get("start")
        if (updated.__class__ is not str and updated is not None) or (start.__class__ is not str and start is not None):
            raise TypeError("period.start")
        subject, provider = self._subject(resource), self.providers.slot(get("serviceProvider"), resource)
        if is_evenement(resource, meta.get("profile") or ()):
            stay, statut = self.stays.slot(get("partOf"), resource), _EVENTS.get(get("status"), "planifie")
            self.evenements.rows.append((subject, stay, provider, _ENCOUNTER, self._place, start, statut, updated))
        else:
            self.stays.add(resource, self._url, provider)
            end, statut_sejour = text_of(period, "end"), _STAYS.get(get("status"))
            row = (subject, NONE, provider, _ENCOUNTER, self._place, start, end, statut_sejour, updated)
            self.sejours.rows.append(row)

    def _episode(self, resource: Json) -> None:
        period, statut = resource.get("period") or _EMPTY, _STAYS.get(resource.get("status"))
        dates, updated = (text_of(period, "start"), text_of(period, "end")), self._updated(resource)
        provider = self.providers.slot(resource.get("managingOrganization"), resource)
        self.stays.add(resource, self._url, provider)
        subject, kind = self._subject(resource), self._type(resource)
        self.sejours.rows.append((subject, NONE, provider, kind, self._place, *dates, statut, updated))

    def _care_plan(self, resource: Json) -> None:
        if not is_projet(resource):
            self._other(resource)
            return
        period, status = resource.get("period") or _EMPTY, text_of(resource, "status")
        dates, updated = (text_of(period, "start"), text_of(period, "end")), self._updated(resource)
        statut = _PLANS.get(status, status) if status else None  # a code of no plan is told by the core
        subject, kind = self._subject(resource), self._type(resource)
        self.projets.rows.append((subject, NONE, NONE, kind, self._place, statut, *dates, updated))

    def _appointment(self, resource: Json) -> None:
        start, statut = text_of(resource, "start"), _EVENTS.get(resource.get("status"), "planifie")
        subject, updated = self._subject(resource), self._updated(resource)
        self.evenements.seen = True
        if subject != NONE:  # a meeting without any usager is nobody's event
            row = (subject, NONE, NONE, self._type(resource), self._place, start, statut, updated)
            self.evenements.rows.append(row)

    def _document(self, resource: Json) -> None:
        if is_left_aside(resource):
            self.left_aside = True
        else:
            self._other(resource)

    def _other(self, resource: Json) -> None:
        """Any other resource only dates the dossier of its usager."""
        kind = type_name(resource["resourceType"])
        if resource.get("lifecycleStatus") == _WRONG or _WRONG in codes_of(resource.get("verificationStatus")):
            self.wrong[kind] += 1
            return
        subject = self._subject(resource)
        if subject != NONE:
            row = (subject, NONE, NONE, self._type(resource), self._place, self._updated(resource))
            self.autres.rows.append(row)

    def _updated(self, resource: Json) -> str | None:
        """`meta.lastUpdated`."""
        meta = resource.get("meta")
        if not meta:
            return None
        text = meta.get("lastUpdated")
        if text.__class__ is not str and text is not None:
            raise TypeError("lastUpdated")
        return text or None

    def _subject(self, resource: Json) -> int:
        """The slot of the usager whose resource this is."""
        reference = resource.get("subject") or resource.get("patient") or resource.get("for")
        if reference.__class__ is list:
            slot = self._together([self.subjects.slot(each, resource) for each in reference])
        else:
            slot = self.subjects.slot(reference, resource)
        participants = resource.get("participant")
        return self._with_participants(slot, participants, resource) if participants else slot

    def _with_participants(self, slot: int, participants: list[Json], resource: Json) -> int:
        slots = [slot]
        for participant in participants:
            actor = participant.get("individual") or participant.get("actor") or participant.get("member")
            text = actor.get("reference") if actor else None
            if text.__class__ is str and text.startswith("Practitioner"):
                continue  # nearly always
            if actor and may_be_usager(actor, alone=slot == NONE):
                slots.append(self.subjects.slot(actor, resource))
        return slot if len(slots) == 1 else self._together(slots)

    def _together(self, slots: list[int]) -> int:
        distinct = tuple(sorted({slot for slot in slots if slot != NONE}))
        return self.subjects.crowd(distinct) if len(distinct) > 1 else distinct[0] if distinct else NONE


def _ignore(indices: Sequence[int], texts: Sequence[str | None], places: Sequence[int]) -> None:
    """The instants are those of a server that loads, not of people who write."""
