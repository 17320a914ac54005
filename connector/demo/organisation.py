"""The fictional organisation: its ETs one at a time, each a function of (graine, rank)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from zoneinfo import ZoneInfo

from connector.demo.designs import Design, Journal, design_of
from connector.demo.draft import Draft, Row, Tables
from connector.demo.exchanges import exchange
from connector.demo.faults import spoil
from connector.demo.moments import Moments
from connector.demo.people import populate
from connector.demo.records import record
from connector.demo.values import MAX_ETABLISSEMENTS, PERSONS_PER_ET, finess_ej, finess_et
from connector.model.finess import zone_of
from connector.model.period import months_before
from connector.model.tables import TABLES

LOGICIEL = "DUI Démo"
_NAMES = ("Les Érables", "Le Grand Chêne", "Les Hêtres", "La Châtaigneraie", "Le Tilleul", "Les Noisetiers")


@dataclass(frozen=True)
class EtData:
    """One ET: its rows of every pivot table, as text in the order of the columns."""

    rank: int
    finess_et: str
    finess_ej: str
    raison_sociale: str
    zone: ZoneInfo
    design: Design
    tables: Tables

    @property
    def attendu(self) -> dict[str, tuple[int, int | None] | None]:
        """(numerator, denominator) by indicator of `esms-2025`; None: non calculable."""
        return self.design.attendu

    def dicts(self, table: str) -> Iterator[dict[str, str]]:
        """The rows of a table, by column name."""
        columns = tuple(TABLES[table].by_name)
        for row in self.tables[table]:
            yield dict(zip(columns, row, strict=True))


@dataclass(frozen=True)
class Organisation:
    """A fictional organisation, drawn from `graine`.

    The first eight ETs have a size of their own; `usagers_par_et` is the mean of the others.
    """

    graine: int
    etablissements: int = 8
    usagers_par_et: int = 50
    date_mesure: date = date(2025, 4, 1)

    def __post_init__(self) -> None:
        if not 0 <= self.etablissements <= MAX_ETABLISSEMENTS:
            raise ValueError(f"etablissements: 0 to {MAX_ETABLISSEMENTS}, not {self.etablissements}")
        if not 1 <= self.usagers_par_et <= PERSONS_PER_ET // 4:
            raise ValueError(f"usagers_par_et: 1 to {PERSONS_PER_ET // 4}, not {self.usagers_par_et}")

    def iter_etablissements(self) -> Iterator[EtData]:
        """Each ET in turn; nothing is kept of those already given."""
        for rank in range(self.etablissements):
            yield self.etablissement(rank)

    def etablissement(self, rank: int) -> EtData:
        """ET number `rank` (from 0), the same whatever the number of ETs."""
        rng = Random(f"{self.graine}-{rank}")
        draft = self._draft(rng, rank)
        populate(draft)
        record(draft)
        exchange(draft)
        if draft.design.fautes:
            spoil(draft)
        name = f"{draft.design.activity.nom} {rng.choice(_NAMES)} (démo {rank + 1})"
        draft.tables["etablissements"].append(self._fiche(draft, name))
        return EtData(rank, draft.finess_et, draft.finess_ej, name, draft.moments.zone, draft.design, draft.tables)

    def _draft(self, rng: Random, rank: int) -> Draft:
        design = design_of(rng, rank, self.usagers_par_et)
        et = finess_et(self.graine, rank)
        moments = Moments(rng, self.date_mesure, ZoneInfo(zone_of(et)), design.style)
        return Draft(
            rng,
            self.graine,
            rank,
            design,
            moments,
            et,
            finess_ej(self.graine, rank),
            finess_et(self.graine, max(rank - 1, 0)),
            rng.choice(("", "R", "U-", "P")),
            self._debut_journal(rng, design.journal),
        )

    def _debut_journal(self, rng: Random, journal: Journal) -> date:
        """The first day of the journal; the measure date when there is none."""
        match journal:
            case Journal.AUCUN:
                return self.date_mesure
            case Journal.PARTIEL:
                return self.date_mesure - timedelta(days=rng.randrange(15, 50))
            case _:
                return months_before(self.date_mesure, rng.randrange(6, 15))

    def _fiche(self, draft: Draft, name: str) -> Row:
        """The row of `etablissements`."""
        rng, design, mesure = draft.rng, draft.design, self.date_mesure
        group = draft.rank // 4
        vsr = draft.moments.in_window() if design.fautes else months_before(mesure, rng.randrange(4, 13))
        return (
            draft.finess_et,
            draft.finess_ej,
            name,
            design.activity.categorie,
            "" if design.fautes else design.activity.secteur,
            design.eligible_sons,
            draft.moments.zone.key if draft.finess_et.startswith("97") and rng.random() < 0.5 else "",
            design.projet or f"ESMSN-{group + 1:05}",
            "evolution" if group % 3 == 2 else "acquisition",
            months_before(mesure, 18 + group % 6).isoformat(),
            vsr.isoformat(),
            LOGICIEL,
            f"{3 + group % 2}.{draft.rank % 4}",
            draft.debut_journal.isoformat() if design.journal is Journal.DECLARE else "",
        )
