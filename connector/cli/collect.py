"""`collect`: the sources of the settings become the next snapshot of the lake."""

from __future__ import annotations

import secrets
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from connector.cli import options as given
from connector.errors import ConnectorError

if TYPE_CHECKING:
    from connector.cli.site import OpenedState
    from connector.night import Night
    from connector.pseudonymise import Pseudonymiser


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command()(collect)


def collect(
    config: given.ServiceConfig = Path("connecteur.toml"),
    accepter_manques: bool = typer.Option(
        False, "--accepter-manques", help="Accepte qu'une source ne donne plus une table qu'elle donnait."
    ),
    entier: bool = typer.Option(False, "--entier", help="Relit en entier les sources qui se reprennent."),
    as_json: bool = typer.Option(False, "--json", help="Écrit le compte rendu en JSON sur la sortie standard."),
) -> None:
    """Lit toutes les sources et en fait l'instantané de la nuit."""
    from connector.cli.site import opened_state
    from connector.cli.trouble import failing, working
    from connector.lock import only_one
    from connector.state import runs

    now = datetime.now(timezone.utc)
    with opened_state(config, now) as site, only_one(site.folder, "collecte"):
        with site.database.transaction() as connection:
            number = runs.begin(connection, "collect", now)
        try:
            night = _collect(site, config, now, accept_missing=accepter_manques, whole=entier)
        except ConnectorError as error:
            with site.database.transaction() as connection:
                code, name = error.exit_code, type(error).__name__
                runs.end(connection, number, datetime.now(timezone.utc), code, name, failed=True)
            failing(site, "collect")
            raise
        code = 11 if any(one.bars for one in night.collected.inventories) else 0
        _keep(site, night, number, code)
        working(site, "collect")
    _tell(night, code, as_json=as_json)
    if code:
        raise typer.Exit(code)


def _collect(site: OpenedState, config: Path, now: datetime, *, accept_missing: bool, whole: bool) -> Night:
    from connector.cli.run import detected, progress, say_problems
    from connector.collect import sources_of
    from connector.night import Asked, collect_night
    from connector.state.snapshots import held_snapshots

    found = detected(None, site.settings, None, config)
    with site.database.transaction() as connection:
        protected = held_snapshots(connection)
    sources = sources_of(found.sources, site.settings)
    asked = Asked(now, accept_missing=accept_missing, whole=whole, protected=frozenset(protected))
    with progress() as advance:
        night = collect_night(sources, site.settings, _pseudonymiser(site, now), site.folder, asked, progress=advance)
    for word in night.mots:
        sys.stderr.write(f"{word}\n")
    say_problems(night.collected.inventories)
    return night


def _pseudonymiser(site: OpenedState, now: datetime) -> Pseudonymiser:
    """What replaces identifiers tonight; the keys are made at the first collection."""
    from connector.cli.site import outside_key
    from connector.keys import read_ring, settled, write_ring
    from connector.lake.snapshots import Lake

    ring = read_ring(site.folder)
    if ring is None and Lake(site.folder).names():
        from connector.errors import StateError

        raise StateError(
            f"{site.folder} : la clé du site a disparu, les pseudonymes ne seraient plus les mêmes ; rétablissez-la "
            "(dui-connector key restore FICHIER) ou recommencez avec une neuve (dui-connector key rotate)."
        )
    known = settled(ring, site.settings.organisme, outside_key(site), secrets.token_bytes, now)
    if known != ring:
        write_ring(site.folder, known)
    return known.pseudonymiser(site.settings.organisme)


def _keep(site: OpenedState, night: Night, number: int, code: int) -> None:
    """The run, the positions, and a fresh copy of the state for the day it is damaged."""
    from connector.state import runs
    from connector.state.snapshots import mirror_positions

    names = [one.nom for one in night.collected.inventories]
    rows = sum(sum(one.lignes.values()) for one in night.collected.inventories)
    with site.database.transaction() as connection:
        mirror_positions(connection, night.nom, dict(zip(names, night.collected.positions, strict=True)))
        runs.end(connection, number, datetime.now(timezone.utc), code, f"{night.nom}, {rows} lignes")
    site.database.keep_copy()
    _forget(site)


def _forget(site: OpenedState) -> None:
    """A former key goes with the last snapshot and the last proof made under it."""
    from connector.evidence.places import keys_needed
    from connector.keys import forgetting, read_ring, write_ring
    from connector.lake.snapshots import Lake

    ring = read_ring(site.folder)
    if ring is None or len(ring.generations) < 2:
        return
    left = forgetting(ring, {*Lake(site.folder).keys(), *keys_needed(site.folder)})
    if left != ring:
        write_ring(site.folder, left)


def _tell(night: Night, code: int, *, as_json: bool) -> None:
    import orjson

    from connector.model.counting import count_of

    if not as_json:
        rows = sum(sum(one.lignes.values()) for one in night.collected.inventories)
        sources = count_of(len(night.collected.inventories), "source", "sources")
        sys.stdout.write(f"Instantané {night.nom} : {count_of(rows, 'ligne', 'lignes')} de {sources}.\n")
        return
    content = {
        "instantane": night.nom,
        "code": code,
        "mots": list(night.mots),
        "sources": [
            {
                "nom": one.nom,
                "adaptateur": one.adaptateur,
                "empreinte": one.empreinte,
                "lignes": dict(sorted(one.lignes.items())),
                "problemes": one.problemes,
            }
            for one in night.collected.inventories
        ],
    }
    sys.stdout.buffer.write(orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n")
