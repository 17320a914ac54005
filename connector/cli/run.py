"""What `audit`, `explain` and `reconcile` do alike: find the sources, collect them, say what was found."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from connector.cli.options import parse_day, parse_window
from connector.errors import SourceDataError, UsageError

if TYPE_CHECKING:
    from connector.adapters.detect import Detection
    from connector.agent import Asked
    from connector.collect import Collected
    from connector.config import Settings
    from connector.indicators.evaluate import Site
    from connector.model.inventory import SourceInventory


STOPPED = "Arrêt au premier fichier fautif (--strict) : rien n'a été écrit."


@dataclass(frozen=True)
class Options:
    """The options of a measuring verb, as typed."""

    sources: list[Path] | None
    dates: list[str]
    programme: str | None
    window: str | None
    first_measure: bool
    mapping: Path | None
    config: Path | None
    strict: bool


@dataclass(frozen=True)
class Opened:
    """Sources collected and ready to be measured."""

    site: Site
    collected: Collected
    settings: Settings
    asked: Asked
    folder: Path  # of the state
    refused: bool = False  # whether the sources hold something that nobody may open


@contextmanager
def opened(options: Options) -> Iterator[Opened]:
    """Collect the sources of a verb into a folder that goes when the verb ends.

    Raises:
        ConnectorError: bad options, settings or sources.
    """
    from connector.config import load_settings
    from connector.config.folder import state_folder

    settings = load_settings(options.config)
    asked = _asked(options, settings)
    folder = state_folder(settings, options.config.parent if options.config else None)
    from connector.agent import open_site
    from connector.collect import FaultySourceError, sources_of
    from connector.scratch import working_folder

    detection = detected(options.sources, settings, options.mapping, options.config)
    if options.strict and detection.faults:
        raise SourceDataError(STOPPED)
    with working_folder() as scratch, progress() as advance:
        try:
            with open_site(
                sources_of(detection.sources, settings),
                settings,
                secrets.token_bytes(32),
                scratch,
                stop_at_fault=options.strict,
                progress=advance,
            ) as (site, collected):
                say_problems(collected.inventories)
                yield Opened(site, collected, settings, asked, folder, bool(detection.faults))
        except FaultySourceError as fault:
            say_problems(fault.inventories)
            raise SourceDataError(STOPPED) from None


def _asked(options: Options, settings: Settings) -> Asked:
    from connector.agent import Asked
    from connector.indicators.programme import load_programme

    identifier = options.programme or settings.programme.id
    if identifier is None:
        raise UsageError("Programme non précisé : ajoutez --programme, par exemple --programme esms-2025.")
    dates = tuple(sorted({parse_day(text) for text in options.dates}))
    for day in dates:
        if day > date.today():
            sys.stderr.write(f"Attention : le {day:%d/%m/%Y} est à venir ; la période n'est pas finie.\n")
    return Asked(
        load_programme(identifier),
        dates,
        options.first_measure or settings.programme.premiere_mesure,
        parse_window(options.window),
    )


def detected(
    sources: Sequence[Path] | None, settings: Settings, mapping: Path | None, config: Path | None
) -> Detection:
    """The sources asked, all those of the settings when none is; what was recognised is told.

    Raises:
        UsageError: no source at all.
        SourceDataError: nothing recognised.
    """
    from connector.adapters.base import Grouping
    from connector.adapters.dui.mapped_sources import find_sources
    from connector.adapters.tabular import public_text

    base = config.parent if config else None
    asked = sources or [Path(one.nom or str(one.chemin)) for one in settings.source]
    if not asked:
        raise UsageError("Aucune source : donnez un dossier d'exports, ou --config avec des [[source]].")
    detection = find_sources(asked, settings, mapping=mapping, base=base)
    connected = any(source.adapter.grouping is Grouping.CONNECTION for source in detection.sources)
    if not connected and not any(source.files for source in detection.sources):
        names = ", ".join(str(path) for path in asked)
        for problem in (*detection.faults, *(one for source in detection.sources for one in source.refused)):
            sys.stderr.write(f"{public_text(problem.text())}\n")
        missed = mapping or next((one.settings.mapping for one in detection.sources if one.settings), None)
        if missed:
            raise SourceDataError(
                f"{names} : aucun fichier reconnu, ni nommé par {missed} ; "
                "vérifiez le dossier, ou lancez dui-connector mapping check."
            )
        raise SourceDataError(
            f"{names} : aucun fichier reconnu ; attendu des fichiers pivot (usagers.csv, sejours.csv…), un classeur, "
            "des Bundles TDDUI, des messages HL7 v2 ou XDS, un journal Postfix, des courriels, "
            "ou un export décrit par --mapping."
        )
    _say_detected(detection)
    return detection


def _say_detected(detection: Detection) -> None:
    from connector.adapters.tabular import public_text

    for source in detection.sources:
        files = f", {len(source.files)} fichier{'s' if len(source.files) > 1 else ''}" if source.files else ""
        if source.files or not source.refused:
            sys.stderr.write(f"Reconnu : {public_text(source.nom)} ({source.adapter.label}{files})\n")
    for name, reason in detection.left_aside:
        sys.stderr.write(f"Laissé de côté : {public_text(name)} ({reason})\n")
    for problem in detection.faults:
        sys.stderr.write(f"{public_text(problem.text())}\n")


def say_problems(inventories: Sequence[SourceInventory]) -> None:
    """Each problem on one line, then how many more each file has."""
    for inventory in inventories:
        for problem in inventory.problemes:
            sys.stderr.write(f"{problem}\n")
        for file, count in sorted(inventory.non_montres.items()):
            more = "autres problèmes de ce fichier ne sont pas montrés"
            one = "autre problème de ce fichier n'est pas montré"
            sys.stderr.write(f"{file} : {count} {more if count > 1 else one}.\n")


@contextmanager
def progress() -> Iterator[Callable[[str, int], None]]:
    """A progress bar on a terminal, nothing in a log."""
    if not sys.stderr.isatty():
        yield lambda source, rows: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bar:
        task = bar.add_task("Lecture des sources", total=None)
        total = 0

        def advance(source: str, rows: int) -> None:
            nonlocal total
            total += rows
            bar.update(task, description=f"Lecture de {source} : {total} lignes")

        yield advance
