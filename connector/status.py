"""Where a site stands: are we on time, what was sent, what did they answer, who misses which target."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from connector.agenda import due_dates, started
from connector.config import Settings
from connector.model.counting import count_of
from connector.model.edition import Edition
from connector.model.result import Result
from connector.model.wording import INDICATORS
from connector.publish.ledger import Item, counts, listed
from connector.state import runs
from connector.state.editions import Kept, current
from connector.state.runs import Run
from connector.state.tables import alerts

STALE = timedelta(hours=36)
_WORDS = ("rejete", "inconnu")  # states whose last words are worth showing


@dataclass(frozen=True)
class Status:
    """The whole answer. `en_retard` are measure dates that are due and not measured."""

    site: str
    collecte: Run | None
    mesure: Run | None
    en_retard: tuple[date, ...]
    editions: tuple[Kept, ...]  # of the last measure date
    envois: dict[str, dict[str, int]]
    reponses: tuple[Item, ...]
    alertes: tuple[tuple[str, str], ...]  # since when, and in which words

    def stale(self, now: datetime) -> bool:
        """Whether the nightly collection stopped: a night missed, and half a day to notice."""
        return self.collecte is not None and now - self.collecte.debut > STALE


def status(connection: Connection, settings: Settings, today: date) -> Status:
    """Read it from the state database."""
    kept = list(current(connection))
    measured = {one.edition.date_mesure for one in kept}
    last = max(measured, default=None)
    open_alerts = select(alerts.c.debut, alerts.c.texte).where(alerts.c.fin == "").order_by(alerts.c.id)
    return Status(
        site=settings.site.nom,
        collecte=runs.last(connection, "collect", done=True),
        mesure=runs.last(connection, "measure", done=True),
        en_retard=tuple(day for day in expected(connection, settings, today) if day not in measured),
        editions=tuple(one for one in kept if one.edition.date_mesure == last),
        envois=counts(connection),
        reponses=tuple(listed(connection, _WORDS)),
        alertes=tuple((row.debut, row.texte) for row in connection.execute(open_alerts)),
    )


def expected(connection: Connection, settings: Settings, today: date) -> list[date]:
    """The measure dates that a site owes so far: none before its first collection."""
    first = runs.first(connection, "collect")
    return [] if first is None else due_dates(settings.calendrier, started(first.debut.date()), today)


def _code(result: Result) -> str:
    return result.motif.value if result.motif else "sans motif"


def missed(edition: Edition, why: Callable[[Result], str] = _code) -> Iterator[tuple[str, str]]:
    """Each indicator that does not reach its binding target, and what it lacks, in words; `why` says why no figure."""
    for result in edition.resultats:
        if result.numerateur is None:
            yield result.indicateur, f"non calculable ({why(result)})"
        elif result.cible_atteinte is False and result.opposable:
            lacking = count_of(result.manquants or 0, *INDICATORS[result.indicateur].unit)
            figures = f"{result.numerateur} / {result.denominateur}"
            yield result.indicateur, f"{figures} pour {result.cible} %, il manque {lacking}"
        elif result.calcul.value == "indetermine":
            unknown = count_of(result.indetermines or 0, "personne", "personnes")
            yield result.indicateur, f"indéterminé : {unknown} dont la mise à jour est inconnue"


def as_json(found: Status) -> dict[str, Any]:
    """The same for a script."""
    return {
        "site": found.site,
        "collecte": found.collecte and found.collecte.debut.isoformat(),
        "mesure": found.mesure and found.mesure.debut.isoformat(),
        "en_retard": [day.isoformat() for day in found.en_retard],
        "envois": found.envois,
        "reponses": [
            {"destination": one.destination, "finess_et": one.finess_et, "etat": one.etat, "motif": one.motif}
            for one in found.reponses
        ],
        "alertes": [{"depuis": since, "texte": text} for since, text in found.alertes],
        "etablissements": [
            {
                "finess_et": one.edition.finess_et,
                "date_mesure": one.edition.date_mesure.isoformat(),
                "revision": one.edition.revision,
                "retenue": list(one.retenue),
                "manques": dict(missed(one.edition)),
            }
            for one in found.editions
        ],
    }


def local(instant: datetime) -> str:
    """An instant as a person reads it, on the clock of this machine."""
    return f"{instant.astimezone():%d/%m/%Y à %H:%M}"
