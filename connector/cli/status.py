"""`status`: are we on time, what was sent, what did they answer, which ETs miss which target."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from connector.cli import options as given

if TYPE_CHECKING:
    from connector.publish.ledger import Item
    from connector.status import Status

_STATES = {
    "retenu": "à libérer",
    "en_attente": "en attente",
    "en_cours": "en cours",
    "inconnu": "sans réponse sûre",
    "accepte": "acceptées",
    "rejete": "refusées",
    "abandonne": "abandonnées",
}
_SAID = {"rejete": ("refusée", "refusées"), "inconnu": ("sans réponse sûre", "sans réponse sûre")}
_NAMED = 3  # ETs named of those that got the same answer


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command()(status)


def status(
    config: given.ServiceConfig = Path("connecteur.toml"),
    as_json: bool = typer.Option(False, "--json", help="Écrit l'état en JSON."),
) -> None:
    """Dit où en est le site : retards, transmissions, réponses, cibles manquées."""
    import orjson

    from connector.cli.site import opened_state
    from connector.status import as_json as to_json
    from connector.status import status as read

    now = datetime.now().astimezone()
    with opened_state(config, now) as site, site.database.transaction() as connection:
        found = read(connection, site.settings, now.date())
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(to_json(found), option=orjson.OPT_INDENT_2) + b"\n")
    else:
        sys.stdout.write("\n".join(_lines(found, now)) + "\n")


def _lines(found: Status, now: datetime) -> Iterator[str]:
    from connector.status import local

    yield f"Site : {found.site or '(sans nom)'}"
    yield f"Dernière collecte : {local(found.collecte.debut) if found.collecte else 'aucune'}"
    yield f"Dernière mesure : {local(found.mesure.debut) if found.mesure else 'aucune'}"
    yield from _on_time(found, now)
    yield from _sent(found)
    yield from (f"Alerte depuis le {local(datetime.fromisoformat(since))} : {text}" for since, text in found.alertes)
    yield from _establishments(found)


def _on_time(found: Status, now: datetime) -> Iterator[str]:
    late = ", ".join(f"{day:%d/%m/%Y}" for day in found.en_retard)
    if found.collecte is None:
        yield "Rien n'a encore été collecté : lancez dui-connector collect, ou le service."
        return
    if found.stale(now):
        yield "En retard : la collecte ne se fait plus chaque nuit ; lancez dui-connector collect pour lire pourquoi."
    if late:
        yield f"En retard : {late}, lancez dui-connector measure."
    elif not found.stale(now):
        yield "À jour : aucune mesure en retard."


def _sent(found: Status) -> Iterator[str]:
    if not found.envois:
        yield "Transmissions : aucune."
    for destination, states in sorted(found.envois.items()):
        told = ", ".join(f"{_STATES[state]} {count}" for state, count in sorted(states.items()))
        yield f"Transmissions vers {destination} : {told}"
    yield from _answers(found.reponses)


def _answers(answers: Iterable[Item]) -> Iterator[str]:
    """One line a destination, window and answer: a receiver that refuses a hundred ETs says one thing."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for one in answers:
        window = f"du {date.fromisoformat(one.debut):%d/%m/%Y} au {date.fromisoformat(one.fin):%d/%m/%Y}"
        alike.setdefault((one.destination, window, one.etat, one.motif), []).append(one.finess_et)
    for (destination, window, state, motif), ets in alike.items():
        several = len(set(ets)) > 1
        more = f" et {len(ets) - _NAMED} de plus" if len(ets) > _NAMED else ""
        yield f"  {destination}, {window} : {_SAID[state][several]} ({motif}) : {', '.join(ets[:_NAMED])}{more}"


def _establishments(found: Status) -> Iterator[str]:
    from connector.model.wording import INDICATORS, why_none
    from connector.status import missed

    if not found.editions:
        return
    yield f"\nMesure du {found.editions[0].edition.date_mesure:%d/%m/%Y} :"
    for kept in found.editions:
        edition = kept.edition
        lacks = [f"    {INDICATORS[code].short} : {words}" for code, words in missed(edition, why_none)]
        told = " :" if lacks or kept.retenue else " : toutes les cibles opposables sont atteintes"
        yield f"  {edition.finess_et} {edition.raison_sociale}{told}"
        for finding in edition.constats:
            if finding.code in kept.retenue:
                yield f"    Envoi retenu : {finding.kind.words(finding.count, finding.detail)[0]}"
        yield from lacks
