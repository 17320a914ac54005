"""`check`: everything that the service will need, tried before it runs alone."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from connector.cli import options as given
from connector.errors import ConnectorError

if TYPE_CHECKING:
    from connector.cli.site import OpenedState
    from connector.config import Destination
    from connector.indicators.evaluate import Site


@dataclass(frozen=True)
class Point:
    """One thing tried: `code` is the exit code that its failure deserves, 0 when it is well.

    `a_voir`: nothing failed, but a person has to decide whether it is well.
    """

    sujet: str
    code: int
    texte: str
    a_voir: bool = False


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command()(check)


def check(
    config: given.ServiceConfig = Path("connecteur.toml"),
    rapide: bool = typer.Option(False, "--rapide", help="Sans lire les sources ni dire ce qui sera calculable."),
    as_json: bool = typer.Option(False, "--json", help="Écrit les vérifications en JSON."),
) -> None:
    """Essaie tout ce dont le service aura besoin : réglages, secrets, sources, destinations, alertes."""
    from connector.cli.site import clock, opened_state

    with opened_state(config, clock()) as site:
        points = [Point("réglages", 0, f"{config} : lus sans faute")]
        points += _secrets(site)
        points += _destinations(site)
        points += _alerts(site)
        if not rapide:
            points += _sources(site, config, clock().date().replace(day=1))
    _tell(points, as_json=as_json)
    worst = next((point.code for point in points if point.code), 0)
    if worst:
        raise typer.Exit(worst)


def _secrets(site: OpenedState) -> Iterator[Point]:
    """Every secret that the settings refer to can be read; none is shown."""
    named = [("[site], clé « cle »", site.settings.site.cle)]
    named.append(("[signature], clé « mot_de_passe »", site.settings.signature.mot_de_passe))
    named += [(f"[[alerte]] {one.id}, clé « mot_de_passe »", one.mot_de_passe) for one in site.settings.alerte]
    for what, reference in named:
        if reference is None:
            continue
        try:
            site.secret(reference, what)
        except ConnectorError as error:
            yield Point("secret", error.exit_code, str(error))
        else:
            yield Point("secret", 0, f"{what} : lu")


def _destinations(site: OpenedState) -> Iterator[Point]:
    for one in site.settings.destination:
        if not one.actif:
            yield Point("destination", 0, f"{one.id} : inactive, rien ne lui sera transmis")
            continue
        yield _destination(site, one)


def _destination(site: OpenedState, destination: Destination) -> Point:
    from connector.cli.site import clock
    from connector.publish.answers import NoAnswer
    from connector.publish.client import reach

    try:
        answer = reach(destination, site.base, site.secret, clock).probe()
    except NoAnswer as error:
        return Point("destination", 12, f"{destination.id} : {error}")
    code, words = _answered(destination.type, answer.status, answer.headers.get("content-type", ""))
    return Point("destination", code, f"{destination.id} : {words}", a_voir=not code and answer.status != 200)


def _answered(kind: str, status: int, content_type: str) -> tuple[int, str]:
    """The exit code and the words for what a destination answers when it is asked, and sent nothing."""
    if status in (401, 403):
        return 10, f"répond, mais refuse notre identité ({status}) ; vérifiez « jeton », « oauth2 » ou « tls »"
    if status == 407:
        return 10, "le mandataire (proxy) demande une identité (407) ; vérifiez « proxy »"
    if status >= 500:
        return 12, f"répond par une erreur ({status}) ; réessayez plus tard, ou prévenez-la"
    if status // 100 == 3:
        return 10, f"répond par une redirection ({status}), qui n'est pas suivie ; corrigez « url »"
    if content_type.startswith("text/html") and status == 200:
        return 10, "répond par une page de navigateur, pas comme un destinataire ; corrigez « url »"
    if status == 404 and kind == "fhir":
        return 10, "ne connaît pas l'adresse « url »/metadata (404), que tout serveur FHIR a ; corrigez « url »"
    if status >= 400:
        return (
            0,
            f"répond, mais ne dit rien à qui n'envoie rien ({status}) ; l'envoi dira si « url » est juste",
        )
    return 0, f"répond ({status})"


def _alerts(site: OpenedState) -> Iterator[Point]:
    """A test message to each channel."""
    from connector.cli.site import clock
    from connector.errors import AlertError
    from connector.publish.alerts import Message
    from connector.publish.channels import tell

    now = clock()
    message = Message("essai", "essai", "Message d'essai de dui-connector check : rien à faire.", now.isoformat())
    for one in site.settings.alerte:
        try:
            tell(one, message, site.settings.site.nom, now, site.secret)
        except AlertError as error:
            yield Point("alerte", 12, f"{one.id} : {error}")
        else:
            yield Point("alerte", 0, f"{one.id} : message d'essai envoyé, vérifiez qu'il est arrivé")


def _sources(site: OpenedState, config: Path, day: date) -> Iterator[Point]:
    """Read every source with a key that is forgotten, and say what can be computed of which ET."""
    from connector.agent import open_site
    from connector.cli.run import detected, progress
    from connector.collect import sources_of
    from connector.model.counting import count_of
    from connector.scratch import working_folder

    try:
        found = detected(None, site.settings, None, config)
        sources = sources_of(found.sources, site.settings)
        with (
            working_folder(site.folder) as scratch,
            progress() as advance,
            open_site(sources, site.settings, secrets.token_bytes(32), scratch, progress=advance) as (
                opened,
                collected,
            ),
        ):
            for inventory in collected.inventories:
                faults = len(inventory.problemes) + sum(inventory.non_montres.values())
                rows = sum(inventory.lignes.values())
                words = f"{inventory.nom} : {count_of(rows, 'ligne', 'lignes')}" + (
                    f", {count_of(faults, 'problème', 'problèmes')}" if faults else ""
                )
                yield Point("source", 11 if inventory.bars else 0, words)
                yield from (Point("source", 11, problem) for problem in inventory.problemes)
            try:
                yield from _computable(site, opened, day)
            except ConnectorError as error:  # no programme, or an unknown one
                yield Point("indicateurs", error.exit_code, str(error))
    except ConnectorError as error:
        yield Point("source", error.exit_code, str(error))


def _computable(site: OpenedState, opened: Site, day: date) -> Iterator[Point]:
    """For each ET, the indicators that have no figure, and why."""
    from connector.campaign import by_programme
    from connector.indicators.evaluate import Request, evaluate, in_order, terms_by_et
    from connector.model.wording import INDICATORS, why_none

    for programme, ets in by_programme(site.settings, opened.directory.ets):
        request = Request(programme, day, site.settings.convention)
        lacks: dict[str, list[str]] = {finess: [] for finess in ets}
        for one in in_order(evaluate(opened, request, terms_by_et(opened, request)), programme):
            if one.finess_et in lacks and one.motif and one.numerateur is None:
                lacks[one.finess_et].append(f"{INDICATORS[one.indicateur].short} ({why_none(one)})")
        for finess, lacking in lacks.items():
            told = f"non calculables : {' ; '.join(lacking)}" if lacking else "tout est calculable"
            yield Point("indicateurs", 0, f"{finess}, {programme.id} : {told}", a_voir=bool(lacking))


def _tell(points: list[Point], *, as_json: bool) -> None:
    if as_json:
        import orjson

        content = {"points": [asdict(point) for point in points]}
        sys.stdout.buffer.write(orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n")
        return
    for point in points:
        mark = "ÉCHEC" if point.code else "À VOIR" if point.a_voir else "OK"
        sys.stdout.write(f"{mark:<7}{point.sujet} : {point.texte}\n")
