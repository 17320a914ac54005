"""Which ET a FINESS stands for.

Rule: `docs/sources.md`, « Chaque FINESS »: a correspondence of the settings decides, then a known
ET is itself, then an EJ with exactly one known ET is that ET.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from connector.model.findings import Finding
from connector.model.finess import zone_of
from connector.model.result import Etablissement, SourceSummary


@dataclass(frozen=True)
class Directory:
    """The ETs of a run. `declared` tells whether an `etablissements` table lists them.

    `contradicted` are the ETs of which two rows of that table disagree; `others_of_ej` the ETs that the FINESS
    register gives to an EJ, seen here or not; `remarks` what that register finds odd; `registre` is that register.
    """

    ets: Mapping[str, Etablissement]
    correspondances: Mapping[str, str]
    declared: bool
    contradicted: frozenset[str] = frozenset()
    others_of_ej: Mapping[str, frozenset[str]] = field(default_factory=dict)
    remarks: tuple[Finding, ...] = ()
    registre: SourceSummary | None = None
    by_ej: Mapping[str, tuple[str, ...]] = field(init=False)

    def __post_init__(self) -> None:
        groups: dict[str, list[str]] = defaultdict(list)
        for et in self.ets.values():
            if et.finess_ej:
                groups[et.finess_ej].append(et.finess_et)
        for ej, names in self.others_of_ej.items():
            groups[ej] += names - {*groups[ej]}
        object.__setattr__(self, "by_ej", {ej: tuple(sorted(ets)) for ej, ets in groups.items()})

    def resolve(self, finess: str) -> str | None:
        """The known ET that this FINESS stands for, or None."""
        finess = self.correspondances.get(finess, finess)
        if finess in self.ets:
            return finess
        candidates = self.by_ej.get(finess, ())
        return candidates[0] if len(candidates) == 1 and candidates[0] in self.ets else None

    def candidates(self, finess: str) -> tuple[str, ...]:
        """The known ETs of an EJ that `resolve` cannot settle."""
        finess = self.correspondances.get(finess, finess)
        return () if finess in self.ets else tuple(et for et in self.by_ej.get(finess, ()) if et in self.ets)

    def zone(self, finess: str) -> str:
        """Time zone of whoever this FINESS stands for; of its own prefix when unknown."""
        et = self.resolve(finess)
        return self.ets[et].zone if et else zone_of(self.correspondances.get(finess, finess))

    @property
    def zones(self) -> tuple[str, ...]:
        """The time zones of the ETs, sorted."""
        return tuple(sorted({et.zone for et in self.ets.values()}))


def undeclared(finess: Iterable[str], correspondances: Mapping[str, str]) -> Directory:
    """The directory of a run without `etablissements`: every FINESS seen is an ET."""
    confirmed = set(correspondances.values())
    seen = {correspondances.get(number, number) for number in finess}
    ets = {number: Etablissement(number, zone_of(number), confirme=number in confirmed) for number in sorted(seen)}
    return Directory(ets, correspondances, declared=False)


def declared(rows: Iterable[Mapping[str, Any]], correspondances: Mapping[str, str], barred: Iterable[str]) -> Directory:
    """The directory that `etablissements` rows declare, in their order.

    Of two rows for one ET each attribute keeps its first non-empty value. `barred` are ETs
    whose only row could not be used: they exist, with nothing known of them.
    """
    merged: dict[str, dict[str, Any]] = {}
    contradicted: set[str] = set()
    for row in rows:
        finess = correspondances.get(row["finess_et"], row["finess_et"])
        known = merged.setdefault(finess, {"finess_et": finess})
        for name, value in row.items():
            if known.get(name) is None:
                known[name] = value
            elif name != "finess_et" and value is not None and value != known[name]:
                contradicted.add(finess)
    for finess in barred:
        merged.setdefault(correspondances.get(finess, finess), {})
    ets = {finess: _etablissement(finess, merged[finess]) for finess in sorted(merged)}
    return Directory(ets, correspondances, declared=True, contradicted=frozenset(contradicted))


def with_unlisted(directory: Directory, finess: Iterable[str]) -> Directory:
    """The directory completed with ETs whose list could not be read."""
    missing = {number: Etablissement(number, zone_of(number), confirme=False) for number in finess}
    return replace(directory, ets=dict(sorted((missing | dict(directory.ets)).items())))


def _etablissement(finess: str, row: Mapping[str, Any]) -> Etablissement:
    return Etablissement(
        finess_et=finess,
        zone=row.get("fuseau") or zone_of(finess),
        finess_ej=row.get("finess_ej") or "",
        raison_sociale=row.get("raison_sociale") or "",
        categorie=row.get("categorie") or "",
        secteur=row.get("secteur") or "",
        eligible_sons=row.get("eligible_sons") or "",
        projet=row.get("projet") or "",
        date_convention=row.get("date_convention"),
        date_vsr=row.get("date_vsr"),
        journal_depuis=row.get("journal_depuis"),
        logiciel_dui=row.get("logiciel_dui") or "",
    )
