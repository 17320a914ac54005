"""Pivot files of the size of a large vendor host, written fast: `python -m tests.bench.dataset DIR`.

Not a believable organisation (that is `connector.demo`), but one with valid FINESS and INS keys,
several time zones and rates around the targets. Same arguments, same bytes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
import pyarrow.compute as pc  # type: ignore[import-untyped, unused-ignore]
from pyarrow import csv as pa_csv

from connector.demo.values import finess_ej, finess_et, matricule
from connector.model.tables import TABLES

_CHUNK, _GRAINE, _DAY = 250_000, 2025, 86_400
_OID = "1.2.250.1.213.1.4.8"
_SECTEURS = ("pa", "ph", "domicile", "ase", "ahi", "pjm", "pds")
_OFFSETS = {"9701": "-04:00", "9702": "-04:00", "9703": "-03:00", "9704": "+04:00", "9706": "+03:00"}

Strings: TypeAlias = pa.Array
Numbers: TypeAlias = np.ndarray[Any, Any]
Columns: TypeAlias = dict[str, Strings]
Weights: TypeAlias = dict[str, float]

DEBUT, MESURE = np.array(["2025-01-01", "2025-04-01"], "datetime64[s]")
_CLOCK_CHANGES = np.array(["2024-03-31T03", "2024-10-27T03", "2025-03-30T03"], "datetime64[s]")


@dataclass(frozen=True)
class Site:
    """What the event tables refer to, as arrays: a few bytes per usager."""

    rng: np.random.Generator
    finess: Strings  # per ET
    offsets: Strings  # of the zone of each ET; empty for Paris
    et_of: Numbers  # per usager
    usagers: Strings
    statuts: Strings
    matricules: Strings  # empty when the status has none
    dossier_of: Numbers  # per usager: the number of its dossier, shared by a household

    def et(self, et: Numbers) -> Strings:
        return self.finess.take(pa.array(et))


def build(
    folder: Path,
    etablissements: int = 4000,
    usagers: int = 400_000,
    mises_a_jour: int = 4_000_000,
    evenements: int = 2_000_000,
    messages: int = 1_500_000,
    depots: int = 600_000,
) -> None:
    """Write the pivot folder; `usagers` and the four volumes are numbers of rows."""
    folder.mkdir(parents=True, exist_ok=True)
    site = _site(etablissements, usagers)
    boxes = _concat("contact.", pc.utf8_lower(site.finess), "@bench.mssante.fr")
    origines = {"utilisateur": 0.95, "systeme": 0.05}
    statuts = {"realise": 0.8, "planifie": 0.1, "annule": 0.1}
    tables: dict[str, Iterable[Columns]] = {
        "etablissements": [_etablissements(site)],
        "usagers": [_usagers(site)],
        "sejours": _sejours(site),
        "dossiers": [_dossiers(site)],
        "projets_personnalises": [_projets(site)],
        "mises_a_jour": _on_dossiers(site, mises_a_jour, 0.26, ("horodatage", "origine"), origines),
        "evenements_agenda": _on_dossiers(site, evenements, 0.5, ("date_debut", "statut"), statuts),
        "boites_mssante": [{"adresse": boxes, "finess_et": site.finess}],
        "messages_mssante": _messages(site, boxes, messages),
        "depots_dmp": _depots(site, depots),
    }
    for table, chunks in tables.items():
        _write(folder / f"{table}.csv", list(TABLES[table].by_name), chunks)


def _write(path: Path, names: list[str], chunks: Iterable[Columns]) -> None:
    """One CSV, chunk by chunk; a column that no chunk gives is empty."""
    options = pa_csv.WriteOptions(include_header=False, delimiter=";", quoting_style="none")
    with path.open("wb") as stream:
        stream.write((";".join(names) + "\n").encode())
        for columns in chunks:
            empty = pa.repeat("", len(next(iter(columns.values()))))
            rows = pa.table([columns.get(name, empty) for name in names], names)
            pa_csv.write_csv(rows, stream, options)


def _concat(*parts: Strings | str) -> Strings:
    return pc.binary_join_element_wise(*parts, "")


def _number(values: Numbers, width: int) -> Strings:
    return pc.utf8_lpad(pc.cast(pa.array(values), pa.string()), width, "0")


def _pick(rng: np.random.Generator, weights: Weights, rows: int) -> Strings:
    """A column of codes drawn with these probabilities."""
    return pa.array(list(weights)).take(pa.array(rng.choice(len(weights), rows, p=list(weights.values()))))


def _spans(total: int) -> Iterator[Numbers]:
    """The numbers below a total, a chunk at a time."""
    return (np.arange(start, min(start + _CHUNK, total), dtype=np.int64) for start in range(0, total, _CHUNK))


def _site(etablissements: int, usagers: int) -> Site:
    rng = np.random.default_rng(_GRAINE)
    finess = [finess_et(_GRAINE, rank) for rank in range(etablissements)]
    shares = rng.uniform(0.2, 1.8, etablissements)  # sizes differ by a factor of ten; every ET has someone
    others = rng.choice(etablissements, max(usagers - etablissements, 0), p=shares / shares.sum())
    et_of = np.sort(np.concatenate([np.arange(min(etablissements, usagers)), others])).astype(np.int64)
    local = np.arange(usagers, dtype=np.int64) - np.searchsorted(et_of, et_of)  # rank inside the ET
    household = (rng.random(usagers) < 0.01) & (local > 0)  # shares the dossier of the usager before
    offsets = pa.array([_OFFSETS.get(number[:4], "") for number in finess])
    weights = {"qualifiee": 0.8, "recuperee": 0.07, "validee": 0.05, "provisoire": 0.06, "": 0.02}
    statuts = _pick(rng, weights, usagers)
    known = pc.is_in(statuts, value_set=pa.array(["qualifiee", "recuperee"]))
    draw, births = Random(_GRAINE), range(1925, 2020)
    numbers = [matricule(draw, _GRAINE, index, births) for index in range(usagers)]
    matricules = pc.if_else(known, pa.array(numbers), "")
    ids = _concat("U", _number(local, 6))
    return Site(rng, pa.array(finess), offsets, et_of, ids, statuts, matricules, local - household)


def _days(values: Numbers) -> Strings:
    return pc.cast(pa.array(values.astype("datetime64[D]")), pa.string())


def _before(rng: np.random.Generator, end: Numbers | np.datetime64, days: int, rows: int) -> Numbers:
    """Instants of the `days` that end at an instant, the same for all or one for each row."""
    return end - rng.integers(1, days * _DAY, rows).astype("timedelta64[s]")


def _instants(site: Site, et: Numbers, in_window: float) -> Strings:
    """Local `YYYY-MM-DDTHH:MM:SS` over a year, a share in the last three months; one in ten says its offset."""
    rng, rows = site.rng, len(et)
    local = np.where(rng.random(rows) < in_window, _before(rng, MESURE, 90, rows), _before(rng, DEBUT, 275, rows))
    # Paris is in summer time after an odd number of changes.
    summer = np.searchsorted(_CLOCK_CHANGES, local, side="right") % 2
    own = site.offsets.take(pa.array(et))
    offsets = pc.if_else(pc.equal(own, ""), pa.array(["+01:00", "+02:00"]).take(pa.array(summer)), own)
    said = pc.if_else(pa.array(rng.random(rows) < 0.1), offsets, "")
    return _concat(pa.array(np.datetime_as_string(local, unit="s")), said)


def _etablissements(site: Site) -> Columns:
    ranks = range(len(site.finess))
    return {
        "finess_et": site.finess,
        "finess_ej": pa.array([finess_ej(_GRAINE, rank) for rank in ranks]),
        "secteur": pa.array([_SECTEURS[rank % len(_SECTEURS)] for rank in ranks]),
        "projet": pa.array([f"BENCH-{rank // 5:04}" for rank in ranks]),
    }


def _usagers(site: Site) -> Columns:
    identity = {"matricule_ins": site.matricules, "oid_ins": pc.if_else(pc.equal(site.matricules, ""), "", _OID)}
    eligible = _pick(site.rng, {"": 0.97, "non": 0.03}, len(site.et_of))
    who = {"finess_et": site.et(site.et_of), "id_usager": site.usagers, **identity}
    return {**who, "statut_identite": site.statuts, "eligible_projet": eligible}


def _sejours(site: Site) -> Iterator[Columns]:
    """The latest stay of each usager; then, for one in ten, an older one."""
    rng, total, finess = site.rng, len(site.et_of), site.et(site.et_of)
    entree = _before(rng, MESURE, 1500, total)
    sortie = entree + rng.integers(5 * _DAY, 1500 * _DAY, total).astype("timedelta64[s]")
    present = pa.array((rng.random(total) < 0.8) | (sortie > MESURE))
    others = _pick(rng, {"": 0.96, "annule": 0.02, "attente": 0.02}, total)
    statut = pc.if_else(pc.equal(others, ""), pc.if_else(present, "actif", "termine"), others)
    dates = {"date_entree": _days(entree), "date_sortie": pc.if_else(present, "", _days(sortie))}
    yield {"finess_et": finess, "id_usager": site.usagers, **dates, "statut": statut}
    older = np.flatnonzero(rng.random(total) < 0.1)
    fin = _before(rng, entree[older], 200, len(older))
    dates = {"date_entree": _days(_before(rng, fin, 400, len(older))), "date_sortie": _days(fin)}
    who = {"finess_et": finess.take(pa.array(older)), "id_usager": site.usagers.take(pa.array(older))}
    yield {**who, **dates, "statut": pa.repeat("termine", len(older))}


def _named(site: Site, usager: Numbers) -> Columns:
    """The columns that name the dossier of these usagers."""
    return {"finess_et": site.et(site.et_of[usager]), "id_dossier": _concat("D", _number(site.dossier_of[usager], 6))}


def _dossiers(site: Site) -> Columns:
    total = len(site.et_of)
    creation, derniere = _before(site.rng, DEBUT, 1400, total), _before(site.rng, MESURE, 120, total)
    dates = {"date_creation": _days(creation), "date_derniere_maj": _days(derniere)}
    return {**_named(site, np.arange(total, dtype=np.int64)), "id_usager": site.usagers, **dates}


def _projets(site: Site) -> Columns:
    holders = np.flatnonzero(site.rng.random(len(site.et_of)) < 0.96)
    weights = {"actif": 0.85, "en_preparation": 0.08, "termine": 0.04, "suspendu": 0.02, "abandonne": 0.01}
    debut = _before(site.rng, DEBUT, 700, len(holders))
    return {**_named(site, holders), "statut": _pick(site.rng, weights, len(holders)), "date_debut": _days(debut)}


def _on_dossiers(site: Site, total: int, share: float, names: tuple[str, str], weights: Weights) -> Iterator[Columns]:
    """Rows that fall on random dossiers: an instant and a code."""
    for span in _spans(total):
        usager = site.rng.integers(0, len(site.et_of), len(span))
        values = _instants(site, site.et_of[usager], share), _pick(site.rng, weights, len(span))
        yield {**_named(site, usager), **dict(zip(names, values, strict=True))}


def _messages(site: Site, boxes: Strings, total: int) -> Iterator[Columns]:
    """60 % name their ET, the others their mailbox alone."""
    rng, statuts = site.rng, {"envoye": 0.93, "echec": 0.03, "inconnu": 0.02, "recu": 0.02}
    types = {"message": 0.9, "": 0.05, "accuse": 0.04, "test": 0.01}
    for span in _spans(total):
        et = site.et_of[rng.integers(0, len(site.et_of), len(span))]
        named = pa.array(rng.random(len(span)) < 0.6)
        sent = {"id_message": _concat("<m", _number(span, 8), "@bench>"), "horodatage": _instants(site, et, 0.19)}
        box, finess = pc.if_else(named, "", boxes.take(pa.array(et))), pc.if_else(named, site.et(et), "")
        codes = {"statut": _pick(rng, statuts, len(span)), "type": _pick(rng, types, len(span))}
        yield {**sent, **codes, "expediteur": box, "finess_et": finess}


def _depots(site: Site, total: int) -> Iterator[Columns]:
    """For usagers who have a matricule: 90 % name it, the others the local id alone."""
    rng = site.rng
    known = np.flatnonzero(pc.not_equal(site.matricules, "").to_numpy(zero_copy_only=False))
    for span in _spans(total):
        usager = known[rng.integers(0, len(known), len(span))]
        by_ins = pa.array(rng.random(len(span)) < 0.9)
        statut = _pick(rng, {"succes": 0.92, "echec": 0.06, "inconnu": 0.02}, len(span))
        yield {
            "id_document": _concat("1.2.250.1.999.", _number(span, 8)),
            "horodatage": _instants(site, site.et_of[usager], 0.95),
            "finess_et": site.et(site.et_of[usager]),
            "matricule_ins": pc.if_else(by_ins, site.matricules.take(pa.array(usager)), ""),
            "id_usager": pc.if_else(by_ins, "", site.usagers.take(pa.array(usager))),
            "statut": statut,
            "code_erreur": pc.if_else(pc.equal(statut, "echec"), "DMPClosed", ""),
            "operation": _pick(rng, {"depot": 0.9, "remplacement": 0.08, "suppression": 0.02}, len(span)),
        }


if __name__ == "__main__":
    build(Path(sys.argv[1]), *(int(text) for text in sys.argv[2:]))
