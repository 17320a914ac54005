"""What elements that every FHIR source shares mean: identifiers of persons and of structures, codes, profiles.

Rule: `docs/sources.md`, « INS in FHIR » and « Every FINESS ». A wrong type raises TypeError or
AttributeError, which a reader turns into a Problem.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from connector.adapters.json_stream import Json

LOCAL_USAGER = "https://identifiant-medicosocial-localusager.esante.gouv.fr"
_FINESS = "https://finess.esante.gouv.fr"
_STRUCTURE = "urn:oid:1.2.250.1.71.4.2.2"
_URN = "urn:oid:"
_INS: dict[str | None, int] = {f"{_URN}1.2.250.1.213.1.4.{arc}": arc for arc in (8, 9, 10, 11)}  # by preference
_NOT_INS = frozenset({"NSS", "NH"})
_LOCAL_TYPES = frozenset({"PI", "PLI"})
_QUALIFIED = re.compile(r"3([A-Za-z0-9]{9})/(.+)", re.ASCII | re.DOTALL)


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


def profile_id(profile: str) -> str:
    """The end of a profile's address, without its version."""
    return profile.partition("|")[0].rpartition("/")[2]


def profiles_of(resource: Json) -> Sequence[str]:
    """The profiles that a resource claims."""
    profiles: Sequence[str] = (resource.get("meta") or {}).get("profile") or ()
    return profiles


def is_ins_system(system: str | None) -> bool:
    """Whether a system is one of those of the INS."""
    return system in _INS


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
