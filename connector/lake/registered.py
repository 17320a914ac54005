"""What the FINESS register adds to the directory of a site: it fills, confirms, resolves, and says what it finds odd.

Rule: `docs/finess.md`. What the site declares always wins; the difference is a finding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from connector.lake.register import Entry, Known, Register, proposed_sector
from connector.model.directory import Directory
from connector.model.findings import Finding
from connector.model.finess import zone_of
from connector.model.result import Etablissement


def filled(directory: Directory, register: Register) -> Directory:
    """A directory that the site declares, its empty attributes filled."""
    known = register.about(set(directory.ets))
    ets = {finess: _filled(et, known.ets.get(finess)) for finess, et in directory.ets.items()}
    remarks = [finding for et in directory.ets.values() for finding in _remarks(et, known)]
    return replace(directory, ets=ets, remarks=tuple(remarks), registre=register.source)


def recognised(directory: Directory, register: Register) -> Directory:
    """A directory of every number seen: ETs are confirmed, an EJ with one ET is that ET.

    An EJ that has several, some of which are seen, is no ET; when none is, it is measured as it was,
    unconfirmed.
    """
    known = register.about(set(directory.ets))
    ets: dict[str, Etablissement] = {}
    others: dict[str, frozenset[str]] = {}
    resolved: dict[str, str] = {}
    remarks: list[Finding] = []
    for finess, et in directory.ets.items():
        its_ets = () if et.confirme else known.of_ej.get(finess, ())
        if finess in known.ets or not its_ets:
            ets[finess] = replace(_filled(et, known.ets.get(finess)), confirme=et.confirme or finess in known.ets)
            remarks += _remarks(et, known)
            continue
        only = known.only_et(finess)
        whose = only or finess
        its_numbers = frozenset(entry.finess_et for entry in its_ets)
        if only:
            resolved[finess] = only
            ets.setdefault(only, _alone(only, its_ets))
        elif its_numbers & directory.ets.keys():
            others[finess], whose = its_numbers, ""
        else:
            ets[finess] = et
        remarks.append(Finding(whose, "finess_entite_juridique", 1, finess))
    return replace(
        directory,
        ets=dict(sorted(ets.items())),
        correspondances={**resolved, **directory.correspondances},
        others_of_ej=others,
        remarks=tuple(sorted(set(remarks))),
        registre=register.source,
    )


def _alone(finess: str, entries: Sequence[Entry]) -> Etablissement:
    """An ET that only its EJ names."""
    entry = next(one for one in entries if one.finess_et == finess)
    return _filled(Etablissement(finess, zone_of(finess)), entry)


def _filled(et: Etablissement, entry: Entry | None) -> Etablissement:
    if entry is None:
        return et
    return replace(
        et,
        finess_ej=et.finess_ej or entry.finess_ej,
        raison_sociale=et.raison_sociale or entry.raison_sociale,
        categorie=et.categorie or entry.categorie,
        departement=et.departement or entry.departement,
    )


def _remarks(et: Etablissement, known: Known) -> Iterator[Finding]:
    entry = known.ets.get(et.finess_et)
    if entry is not None:
        if entry.disparu_le:
            yield Finding(et.finess_et, "finess_ferme", 1, entry.disparu_le)
        yield from _conflicts(et, entry)
        yield from _sector(et, entry)
    elif et.finess_et in known.of_ej:
        yield Finding(et.finess_et, "finess_entite_juridique", 1, et.finess_et)
    else:
        yield Finding(et.finess_et, "finess_absent_du_registre", 1)


def _conflicts(et: Etablissement, entry: Entry) -> Iterator[Finding]:
    """What the site says and the register denies. Names are written in too many ways to be compared."""
    proposed = proposed_sector(entry.categorie)
    pairs: Mapping[str, tuple[str, str]] = {
        "finess_ej": (et.finess_ej, entry.finess_ej),
        "categorie": (et.categorie, entry.categorie),
        "secteur": (et.secteur, proposed),
    }
    for name, (said, registered) in pairs.items():
        if said and registered and said != registered:
            yield Finding(et.finess_et, "registre_contredit", 1, name)


def _sector(et: Etablissement, entry: Entry) -> Iterator[Finding]:
    proposed = proposed_sector(entry.categorie)
    if proposed and not et.secteur:
        yield Finding(et.finess_et, "secteur_propose", 1, proposed)
