"""What the elements of TDDUI and plain R4 resources mean: status of an identity, kind of Encounter.

Rule: `docs/sources.md`, « TDDUI FHIR ». A wrong type raises TypeError or
AttributeError, which the staging turns into a Problem.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone, tzinfo
from functools import lru_cache

from connector.adapters.fhir_fields import codes_of, profile_id, profiles_of, text_of
from connector.adapters.json_stream import Json

TDDUI, TDDUI_CDA = "/ig/fhir/tddui/", "/ig/cda/tddui/"
_SEJOUR = "https://identifiant-medicosocial-sejour.esante.gouv.fr"
_EVENEMENT = "https://identifiant-medicosocial-evenement.esante.gouv.fr"
_USAGERS = ("Patient", "Group")
_RELIABILITY = "fr-core-identity-reliability"
_STAY_TYPES = frozenset({"SEJ", "NUMDOSS"})
_PROJETS = frozenset({"tddui-careplan-projet-personnalise", "tddui-careplan-projet-perso"})
_ENCOUNTERS = {"tddui-encounter-sejour": False, "tddui-encounter-evenement": True}
NEVER = -(2**62)  # before any instant
_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=timezone.utc), timedelta(microseconds=1)


@lru_cache(maxsize=1024)
def _encounter_kind(profile: str) -> bool | None:
    """Whether a profile is that of events; None when it is of neither kind."""
    return _ENCOUNTERS.get(profile_id(profile))


def is_left_aside(resource: Json) -> bool:
    """Whether this belongs to the 1.x form: a CDA carried by a DocumentReference."""
    return any(TDDUI_CDA in profile for profile in profiles_of(resource))


def is_projet(resource: Json) -> bool:
    """Whether a CarePlan is a projet personnalisé: by its profile, or without any."""
    profiles = profiles_of(resource)
    return not profiles or any(profile_id(profile) in _PROJETS for profile in profiles)


def is_evenement(resource: Json, profiles: Sequence[str]) -> bool:
    """Whether an Encounter is an agenda event: by profile, else by identifier, else by `partOf`."""
    for profile in profiles:
        kind = _encounter_kind(profile)
        if kind is not None:
            return kind
    for identifier in resource.get("identifier") or ():
        system = identifier.get("system")
        if system == _EVENEMENT:
            return True
        if system == _SEJOUR or not _STAY_TYPES.isdisjoint(codes_of(identifier.get("type"))):
            return False
    return bool(resource.get("partOf"))


def identity_status(resource: Json, *, has_ins: bool) -> str | None:
    """The status of an identity: two code systems, where VALI has two meanings."""
    for extension in resource.get("extension") or ():
        if not (text_of(extension, "url") or "").endswith(_RELIABILITY):
            continue
        for part in extension.get("extension") or ():
            coding = part.get("valueCoding")
            if part.get("url") != "identityStatus" or not coding:
                continue
            code, system = text_of(coding, "code"), text_of(coding, "system") or ""
            if code == "VALI":
                return "qualifiee" if has_ins and "v2-0445" in system else "validee"
            if code in _STATUSES:
                return _STATUSES[code]
    return None


_STATUSES = {"QUAL": "qualifiee", "RECUP": "recuperee", "PROV": "provisoire"}


def instant(text: str, zone: tzinfo) -> int:
    """A moment to compare with others, in microseconds; text that no one can read comes last, so that it is told."""
    try:
        moment = datetime.fromisoformat(text)
        return ((moment if moment.tzinfo else moment.replace(tzinfo=zone)) - _EPOCH) // _MICROSECOND
    except (ValueError, OverflowError):
        return -NEVER


def may_be_usager(actor: Json, *, alone: bool) -> bool:
    """Whether a participant may be a Patient; one of unknown type only when no one else is the usager."""
    text, kind = text_of(actor, "reference"), actor.get("type")
    if kind or (text and not text.startswith("urn:")):
        return kind in _USAGERS or (text is not None and ("Patient" in text or "Group" in text))
    return alone


def type_name(kind: object) -> str:
    """A resource type, which messages may show."""
    if isinstance(kind, str) and kind.isascii() and kind.isalpha():
        return kind
    raise TypeError("resourceType")
