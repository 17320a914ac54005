"""What the elements of TDDUI and plain R4 resources mean: identity, INS, FINESS, kind of Encounter.

Rule: `docs/sources.md`, « TDDUI FHIR » and « INS in FHIR ». A wrong type raises TypeError or
AttributeError, which the staging turns into a Problem.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import NamedTuple

from connector.adapters.json_stream import Json

TDDUI, TDDUI_CDA = "/ig/fhir/tddui/", "/ig/cda/tddui/"
LOCAL_USAGER = "https://identifiant-medicosocial-localusager.esante.gouv.fr"
_SEJOUR = "https://identifiant-medicosocial-sejour.esante.gouv.fr"
_EVENEMENT = "https://identifiant-medicosocial-evenement.esante.gouv.fr"
_FINESS = "https://finess.esante.gouv.fr"
_STRUCTURE = "urn:oid:1.2.250.1.71.4.2.2"
_URN = "urn:oid:"
_INS: dict[str | None, int] = {f"{_URN}1.2.250.1.213.1.4.{arc}": arc for arc in (8, 9, 10, 11)}  # by preference
_USAGERS = ("Patient", "Group")
_NOT_INS = frozenset({"NSS", "NH"})
_RELIABILITY = "fr-core-identity-reliability"
_LOCAL_TYPES, _STAY_TYPES = frozenset({"PI", "PLI"}), frozenset({"SEJ", "NUMDOSS"})
_PROJETS = frozenset({"tddui-careplan-projet-personnalise", "tddui-careplan-projet-perso"})
_ENCOUNTERS = {"tddui-encounter-sejour": False, "tddui-encounter-evenement": True}
_QUALIFIED = re.compile(r"3([A-Za-z0-9]{9})/(.+)", re.ASCII | re.DOTALL)
NEVER = -(2**62)  # before any instant
_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=timezone.utc), timedelta(microseconds=1)


class LocalId(NamedTuple):
    """A local id of a usager. `finess` is that of « 3FINESS/id », None in any other form."""

    value: str
    finess: str | None
    id_usager: str


class Ins(NamedTuple):
    """A matricule, in clear, and its OID."""

    matricule: str
    oid: str


class Identity(NamedTuple):
    """What the identifiers of a Patient say."""

    local: tuple[LocalId, ...]
    ins: Ins | None
    former: tuple[Ins, ...]


def text_of(node: Json, name: str) -> str | None:
    """A text member; an empty one is absent.

    Raises:
        TypeError: it is something else.
    """
    value = node.get(name)
    if value is not None and not isinstance(value, str):
        raise TypeError(name)
    return value or None


def codes_of(concept: Json | None) -> list[str]:
    """The codes of a CodeableConcept."""
    return [coding["code"] for coding in concept.get("coding") or () if coding.get("code")] if concept else []


def _profile_id(profile: str) -> str:
    """The end of a profile's address, without its version."""
    return profile.partition("|")[0].rpartition("/")[2]


@lru_cache(maxsize=1024)
def _encounter_kind(profile: str) -> bool | None:
    """Whether a profile is that of events; None when it is of neither kind."""
    return _ENCOUNTERS.get(_profile_id(profile))


def profiles_of(resource: Json) -> Sequence[str]:
    """The profiles that a resource claims."""
    profiles: Sequence[str] = (resource.get("meta") or {}).get("profile") or ()
    return profiles


def is_left_aside(resource: Json) -> bool:
    """Whether this belongs to the 1.x form: a CDA carried by a DocumentReference."""
    return any(TDDUI_CDA in profile for profile in profiles_of(resource))


def is_projet(resource: Json) -> bool:
    """Whether a CarePlan is a projet personnalisé: by its profile, or without any."""
    profiles = profiles_of(resource)
    return not profiles or any(_profile_id(profile) in _PROJETS for profile in profiles)


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


def identity_of(identifiers: Iterable[Json]) -> Identity:
    """Local ids (those of TDDUI first), current INS and former ones."""
    local: list[LocalId] = []
    other: list[LocalId] = []
    current: list[tuple[int, bool, Ins]] = []
    former: list[Ins] = []
    for identifier in identifiers:
        system, value, use = text_of(identifier, "system"), text_of(identifier, "value"), identifier.get("use")
        if value is None:
            continue
        rank = _INS.get(system)
        if rank is not None and system is not None and _may_be_ins(codes_of(identifier.get("type"))):
            ins = Ins(value, system.removeprefix(_URN))
            if use == "old":
                former.append(ins)
            else:
                current.append((rank, use != "official", ins))
        elif use != "old" and system == LOCAL_USAGER:
            local.append(_local_id(value))
        elif use != "old" and not _LOCAL_TYPES.isdisjoint(codes_of(identifier.get("type"))):
            other.append(_local_id(value))
    if len(current) > 1:
        current.sort(key=lambda ranked: ranked[:2])
        former = [ins for _, _, ins in current[1:]] + former
    return Identity(tuple(local or other), current[0][2] if current else None, tuple(former))


def _may_be_ins(codes: list[str]) -> bool:
    """Typed INS-* or not typed at all; a social security number has the same OID."""
    return not codes or (_NOT_INS.isdisjoint(codes) and any(code.startswith("INS") for code in codes))


def _local_id(value: str) -> LocalId:
    value = value.strip()
    match = _QUALIFIED.fullmatch(value)
    if match:
        return LocalId(value, match[1], match[2])
    return LocalId(value, None, value.partition("/")[2] or value)


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


def finess_of(identifiers: Iterable[Json]) -> str | None:
    """The FINESS of a structure as it is written: geographic rather than legal."""
    ranked: list[tuple[int, str]] = []
    for identifier in identifiers:
        value = text_of(identifier, "value")
        finess = structure_finess(text_of(identifier, "system"), value)
        if finess is not None and identifier.get("use") != "old":
            codes = codes_of(identifier.get("type"))
            ranked.append((0 if "FINEG" in codes else 2 if "FINEJ" in codes else 1, finess))
    return min(ranked, key=lambda rank: rank[0])[1] if ranked else None


def structure_finess(system: str | None, value: str | None) -> str | None:
    """A FINESS by its own system, or a structure id `1` + FINESS (`3` is a SIRET, `2` a SIREN)."""
    if not value:
        return None
    if system and system.rstrip("/").replace("http://", "https://") == _FINESS:
        return value
    value = value.strip()
    bare, prefixed = len(value) == 9, len(value) == 10 and value[0] == "1"
    return value if system == _STRUCTURE and (bare or prefixed) else None


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
