"""`publish`: send what is due, or show it to the byte."""

from __future__ import annotations

import json
import secrets
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

import typer

from connector.cli import options as given
from connector.cli import publish_files as by_hand
from connector.cli.site import DEFAULT, OpenedState, clock, opened_state
from connector.cli.watch import watch
from connector.errors import QueuedError, RejectedError
from connector.model.counting import count_of

if TYPE_CHECKING:
    from connector.config import Destination
    from connector.publish.answers import Verdict
    from connector.publish.delivery import Sending


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command()(publish)


def publish(
    config: given.ServiceConfig = DEFAULT,
    simulation: bool = typer.Option(
        False, "--simulation", help="Montre à l'octet près ce qui partirait, sans rien envoyer."
    ),
    files: Optional[Path] = by_hand.Folder,  # noqa: UP045 - typer reads this form on every Python
    threshold: int = by_hand.Threshold,
    form: Optional[Path] = by_hand.FormTable,  # noqa: UP045
    as_json: bool = typer.Option(False, "--json", help="Écrit le bilan, ou la simulation, en JSON."),
) -> None:
    """Envoie ce qui attend dans la file d'envoi, le plus ancien d'abord."""
    with opened_state(config, clock()) as site:
        if simulation:
            _simulate(site, as_json=as_json)
            return
        if files:
            sys.stdout.write(by_hand.write_files(site, files, threshold, form))
            return
        found = _deliver(site)
        watch(site)
        _tell(site, found, as_json=as_json)


def _deliver(site: OpenedState) -> Counter[Verdict]:
    from connector.lock import only_one
    from connector.publish.client import reach
    from connector.publish.delivery import Surroundings, deliver

    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: stopped.append(number))  # ends after the present one
    destinations = site.settings.destination
    with only_one(site.folder, "envoi"):
        transports = {one.id: reach(one, site.base, site.secret, clock) for one in destinations if one.actif}
        around = Surroundings(clock, secrets.SystemRandom().random, lambda: bool(stopped))
        found = deliver(site.database, destinations, transports, site.signer(), around)
        if found:
            site.database.keep_copy()
    return found


def _tell(site: OpenedState, found: Counter[Verdict], *, as_json: bool) -> None:
    """Say what became of it, then end with the code of the command line page."""
    from connector.publish import ledger
    from connector.publish.answers import Verdict
    from connector.publish.outbox import HELD, UNKNOWN, WAITING

    with site.database.transaction() as connection:
        counted = ledger.counts(connection)
        rejected = ledger.listed(connection, [Verdict.REJECTED.value])
    states: Counter[str] = Counter()
    for of_one in counted.values():
        states.update(of_one)
    if as_json:
        tried = {verdict.value: number for verdict, number in found.items()}
        sys.stdout.write(json.dumps({"tentatives": tried, "file": counted}, ensure_ascii=False, indent=2) + "\n")
    else:
        sys.stdout.write(_sentence(found[Verdict.ACCEPTED], found[Verdict.REJECTED], states[HELD]))
    if found[Verdict.REJECTED]:
        refused = count_of(found[Verdict.REJECTED], "transmission refusée", "transmissions refusées")
        last = rejected[-1]
        raise RejectedError(
            f"{refused} ; la dernière, {last.id} vers {last.destination} : {last.motif}. "
            "Corrigez, puis « dui-connector outbox retry »."
        )
    waiting = states[WAITING] + states[UNKNOWN]
    if waiting:
        one = "transmission attend encore ; elle repartira d'elle-même"
        several = "transmissions attendent encore ; elles repartiront d'elles-mêmes"
        raise QueuedError(f"{count_of(waiting, one, several)}. « dui-connector outbox list » dit pourquoi.")


def _sentence(accepted: int, rejected: int, held: int) -> str:
    words = [count_of(accepted, "acceptée", "acceptées"), count_of(rejected, "refusée", "refusées")]
    if held:
        words.append(f"{count_of(held, 'retenue', 'retenues')} par un constat bloquant")
    return f"Transmissions : {', '.join(words)}.\n"


def _simulate(site: OpenedState, *, as_json: bool) -> None:
    shown = list(_requests(site))
    if as_json:
        sys.stdout.write(json.dumps([_as_entry(*one) for one in shown], ensure_ascii=False, indent=2) + "\n")
        return
    for number, destination, sending in shown:
        _write(_head(number, destination, sending).encode() + sending.body + b"\n\n")
    if not any(one.actif for one in site.settings.destination):
        sys.stderr.write("Simulation : aucune [[destination]] active dans les réglages ; rien ne peut partir.\n")
        return
    leaving = count_of(len(shown), "transmission partirait", "transmissions partiraient")
    sys.stderr.write(f"Simulation : {leaving} ; rien n'a été envoyé.\n")


def _requests(site: OpenedState) -> list[tuple[int, Destination, Sending]]:
    """What would leave, oldest first; what is held or waits for a later hour is not left out: a person looks."""
    from sqlalchemy import select

    from connector.publish.delivery import sending_of
    from connector.publish.outbox import UNKNOWN, WAITING
    from connector.state.tables import outbox

    known = {one.id: one for one in site.settings.destination if one.actif}
    moving = outbox.c.etat.in_((WAITING, UNKNOWN)) & outbox.c.destination.in_(list(known))
    signer = site.signer()
    with site.database.transaction() as connection:
        rows = connection.execute(select(outbox).where(moving).order_by(outbox.c.id)).all()
    return [(row.id, known[row.destination], sending_of(row, signer)) for row in rows]


def _headers(destination: Destination, sending: Sending) -> dict[str, str]:
    from connector.publish.client import headers_of

    let_in = {"Authorization": "Bearer (secret)"} if destination.jeton or destination.oauth2 else {}
    return headers_of(sending) | let_in


def _head(number: int, destination: Destination, sending: Sending) -> str:
    from connector.publish.client import url_of

    lines = [f"# transmission {number} vers {destination.id}", f"{sending.method} {url_of(destination, sending)}"]
    lines += [f"{name}: {value}" for name, value in _headers(destination, sending).items()]
    return "\n".join(lines) + "\n\n"


def _as_entry(number: int, destination: Destination, sending: Sending) -> dict[str, Any]:
    from connector.publish.client import url_of

    return {
        "id": number,
        "destination": destination.id,
        "methode": sending.method,
        "url": url_of(destination, sending),
        "entetes": _headers(destination, sending),
        "corps": sending.body.decode(),
    }


def _write(content: bytes) -> None:
    """Bytes as they are, whatever the encoding of the console."""
    sys.stdout.flush()
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()
