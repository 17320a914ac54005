"""`measure`: what is due is measured from the last snapshot, proved, reported and queued."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from connector import __version__
from connector.cli import options as given
from connector.disk import why
from connector.errors import ConnectorError, StateError, UsageError
from connector.model.counting import count_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from connector.agent import Measured
    from connector.campaign import Enqueue, Ground, Outcome, Passed, Proposed, Prove
    from connector.cli.site import OpenedState
    from connector.indicators.evaluate import Request
    from connector.keys import KeyRing
    from connector.model.edition import Edition
    from connector.signature import Signer

Days = Annotated[
    Optional[list[str]],  # noqa: UP045 - typer reads this form on every Python
    typer.Option("--date-mesure", metavar="D", help="Mesure de nouveau cette date ; répétable. Sinon, ce qui est dû."),
]


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command()(measure)


def measure(
    config: given.ServiceConfig = Path("connecteur.toml"),
    date_mesure: Days = None,
    as_json: bool = typer.Option(False, "--json", help="Écrit le compte rendu en JSON sur la sortie standard."),
) -> None:
    """Mesure ce qui est dû d'après le dernier instantané, le prouve, et le met en file d'envoi."""
    from connector.cli.site import opened_state
    from connector.cli.trouble import failing, working
    from connector.lock import only_one
    from connector.state import runs

    asked = sorted({given.parse_day(text) for text in date_mesure or ()})
    now = datetime.now(timezone.utc).replace(microsecond=0)  # the instant that an edition carries
    _refuse_to_come(asked, now)
    with opened_state(config, now) as site, only_one(site.folder, "mesure"):
        with site.database.transaction() as connection:
            number = runs.begin(connection, "measure", now)
        try:
            outcomes = _measure(site, asked, now)
        except (ConnectorError, OSError) as error:
            code = error.exit_code if isinstance(error, ConnectorError) else StateError.exit_code
            with site.database.transaction() as connection:
                runs.end(connection, number, datetime.now(timezone.utc), code, type(error).__name__, failed=True)
            failing(site, "measure")
            if isinstance(error, ConnectorError):
                raise
            raise StateError(
                f"{site.folder} : écriture impossible ({why(error)}) ; vérifiez la place et les droits."
            ) from None
        with site.database.transaction() as connection:
            runs.end(connection, number, datetime.now(timezone.utc), 0, count_of(len(outcomes), "édition", "éditions"))
        site.database.keep_copy()
        working(site, "measure")
    _tell(outcomes, as_json=as_json)


def _refuse_to_come(asked: Sequence[date], now: datetime) -> None:
    """A date to come has no snapshot yet, in any time zone. Raises UsageError."""
    for day in asked:
        if day > (now + timedelta(days=1)).date():
            raise UsageError(
                f"Le {day:%d/%m/%Y} est à venir : il se mesure avec un instantané collecté ce jour-là ou après."
            )


def _measure(site: OpenedState, asked: Sequence[date], now: datetime) -> list[Outcome]:
    from connector.campaign import measure_dates
    from connector.evidence.places import retire
    from connector.publish.latecomers import queue_missing
    from connector.publish.ledger import forget_bodies
    from connector.register import recall

    outcomes: list[Outcome] = []
    with _ground(site, now, asked) as (ground, ring):
        signer = site.signer()
        enqueue, prove = _enqueue(site, signer, now), _prove(site, ground, ring, signer)
        for word in recall(site.folder, site.database, enqueue, now):
            sys.stderr.write(f"{word}\n")
        dates = asked or _due(site, ground)
        for passed in measure_dates(ground, site.database, dates, enqueue, prove):
            _report(site, passed, now)
            outcomes += passed.outcomes
    retire(site.folder, (now - timedelta(days=site.settings.conservation.preuves)).date())
    with site.database.transaction() as connection:
        late = queue_missing(connection, site.settings.destination, signer, now)
        forget_bodies(connection, now - timedelta(days=site.settings.conservation.corps_transmis))
    for destination, count in sorted(late.items()):
        queued = count_of(count, "transmission mise en file, celle", "transmissions mises en file, celles")
        sys.stderr.write(f"{destination} : {queued} de la dernière mesure, qu'elle n'avait pas.\n")
    return outcomes


@contextmanager
def _ground(site: OpenedState, now: datetime, asked: Sequence[date]) -> Iterator[tuple[Ground, KeyRing]]:
    """The last snapshot, open under the settings and keys of today."""
    from connector.agent import open_snapshot
    from connector.campaign import Ground
    from connector.night import read_last
    from connector.scratch import working_folder

    last = read_last(site.folder, site.settings, asked)
    for word in last.mots:
        sys.stderr.write(f"{word}\n")
    ring = site_ring(site, now)
    pseudonymiser = ring.pseudonymiser(site.settings.organisme, last.cle)
    with (
        working_folder(site.folder) as scratch,
        open_snapshot(last.collected, site.settings, pseudonymiser, scratch) as opened,
    ):
        logiciel = f"dui-connector {__version__}"
        yield Ground(opened, last.collected, last.nom, last.collecte_le, site.settings, now, logiciel), ring


def site_ring(site: OpenedState, now: datetime) -> KeyRing:
    """The keys of the site, with the master key that rests outside when there is one.

    Raises:
        StateError: there is none.
        SettingsError: the one outside is not the site's.
    """
    from connector.cli.site import outside_key
    from connector.keys import read_ring, settled

    ring = read_ring(site.folder)
    if ring is None:
        raise StateError(
            f"{site.folder} : la clé du site a disparu ; rétablissez-la : dui-connector key restore FICHIER."
        )
    return settled(ring, (), outside_key(site), secrets.token_bytes, now)


def _due(site: OpenedState, ground: Ground) -> list[date]:
    """What is owed and not measured; the last dates again with a new one, or while something is wrong with them."""
    from connector.campaign import unsettled
    from connector.state.editions import current
    from connector.status import expected

    with site.database.transaction() as connection:
        owed = expected(connection, site.settings, ground.now.date())
        kept = list(current(connection))
    measured = {one.edition.date_mesure for one in kept}
    new = [day for day in owed if day not in measured]
    recent = sorted(measured)[-site.settings.calendrier.reprises :] if site.settings.calendrier.reprises else []
    again = (
        recent if new else [day for day in recent if unsettled(one for one in kept if one.edition.date_mesure == day)]
    )
    return sorted({*new, *again})


def _enqueue(site: OpenedState, signer: Signer, now: datetime) -> Enqueue:
    from connector.publish.outbox import queue

    def enqueue(connection: Connection, number: int, edition: Edition, held: bool) -> None:
        queue(connection, number, edition, site.settings.destination, signer, now, held)

    return enqueue


def _prove(site: OpenedState, ground: Ground, ring: KeyRing, signer: Signer) -> Prove:
    from connector.evidence.archive import SiteKey
    from connector.evidence.store import keep_proofs
    from connector.keys import proof_key
    from connector.register import Entry, keep

    def key(finess_et: str) -> SiteKey:
        return SiteKey(ring.current.empreinte, proof_key(ring, site.settings.organisme, finess_et))

    def prove(request: Request, measured: Measured, proposed: Sequence[Proposed]) -> None:
        editions = {one.edition.finess_et: (one.edition, one.measured) for one in proposed}
        keep_proofs(
            ground.site,
            request,
            measured.windows,
            editions,
            site.folder,
            key=key,
            entropy=secrets.token_bytes,
            sign=signer.sign,
        )
        keep(site.folder, [Entry(one.edition, ground.instantane, one.retenue) for one in proposed])

    return prove


def _report(site: OpenedState, passed: Passed, now: datetime) -> None:
    """The reports of a date, in the state folder: they are those of an audit."""
    from connector.access import record
    from connector.reports.bundle import write_all

    day = passed.measure.date_mesure
    folder = site.folder / "rapports" / f"{day}-{passed.programme.id}"
    write_all(folder, [passed.measure], passed.programme, passed.worklists)
    record(now, "measure", folder=site.folder)


def _why_held(one: Outcome) -> str:
    blocking = [finding for finding in one.edition.constats if finding.code in one.retenue]
    return " ".join(finding.kind.words(finding.count, finding.detail)[0] for finding in blocking)


def _tell(outcomes: Sequence[Outcome], *, as_json: bool) -> None:
    if as_json:
        import orjson

        content = [
            {
                "finess_et": one.edition.finess_et,
                "programme": one.edition.programme,
                "debut": one.edition.debut.isoformat(),
                "fin": one.edition.fin.isoformat(),
                "revision": one.edition.revision,
                "motif": one.edition.motif_revision,
                "retenue": list(one.retenue),
            }
            for one in outcomes
        ]
        sys.stdout.buffer.write(orjson.dumps({"editions": content}, option=orjson.OPT_INDENT_2) + b"\n")
        return
    if not outcomes:
        sys.stdout.write("Rien de nouveau : ce qui était dû est mesuré, et aucun chiffre n'a changé.\n")
    for one in outcomes:
        edition = one.edition
        held = f", retenue : {_why_held(one)}" if one.retenue else ""
        why = f" ({edition.motif_revision})" if edition.motif_revision else ""
        sys.stdout.write(
            f"{edition.finess_et}, du {edition.debut:%d/%m/%Y} au {edition.fin:%d/%m/%Y} : "
            f"révision {edition.revision}{why}{held}\n"
        )
