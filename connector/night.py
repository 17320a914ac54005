"""One night: every source becomes the next snapshot of the lake, or the last good one stays.

A source that stops short, changes while it is read, or no longer gives a table that it gave the night before,
leaves the lake as it is; faults inside a source bar what they bar, as in an audit, and are committed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from connector import __version__
from connector.collect import Collected, Source, collect
from connector.config import Settings
from connector.disk import why
from connector.errors import StateError
from connector.lake.establishments import directory_of, in_other_zones
from connector.lake.journal import EMPTY, Journal, read_journal, without
from connector.lake.manifest import LaterFormatError, Manifest, SourceRecord
from connector.lake.snapshots import Kept, Lake
from connector.pseudonymise import EMBEDDED_MARK, Pseudonymiser
from connector.refusals import refuse_half, refuse_missing, stamps
from connector.resume import Former, completed, dated_alike, formers, resumed
from connector.updates import grow, since


@dataclass(frozen=True)
class Last:
    """The last good snapshot under the settings of today. `mots` say what had to be set aside to find it.

    `cle` names the key whose pseudonyms it holds (`keys.KeyRing.pseudonymiser`).
    """

    nom: str
    collecte_le: datetime
    collected: Collected
    cle: str
    mots: tuple[str, ...] = ()


def read_last(etat: Path, settings: Settings, dates: Collection[date] = ()) -> Last:
    """The last good snapshot of a state folder.

    `dates` are the measure dates that will be asked, beyond the first days of months and those of the calendar: an
    observed journal speaks for no other.

    Raises:
        StateError: there is none, or the folder cannot be read.
    """
    with _on_disk(etat):
        kept, words = Lake(etat).last()
        if kept is None:
            told = " ".join([*words, f"{etat} : aucun instantané ; lancez dui-connector collect."])
            raise StateError(told)
        return _opened(kept, settings, words, dates)


def read_snapshot(etat: Path, nom: str, settings: Settings, dates: Collection[date] = ()) -> Last | None:
    """One snapshot by its name, or None when it is gone or no longer what was written."""
    with _on_disk(etat):
        kept = Lake(etat).read(nom)
        return _opened(kept, settings, (), dates) if kept else None


def _opened(kept: Kept, settings: Settings, words: Sequence[str], dates: Collection[date]) -> Last:
    manifest = kept.manifest
    accounts = tuple(one.inventaire for one in manifest.sources)
    directory = directory_of(kept.snapshot, accounts, settings)
    barred = in_other_zones(accounts, directory, manifest.fuseaux, manifest.zones)
    journal = read_journal(kept.snapshot.folder)
    directory = since(journal, accounts, directory, settings, manifest.collecte_le, dates)
    positions = tuple(one.positions for one in manifest.sources)
    collected = Collected(kept.snapshot, barred, directory, positions)
    return Last(kept.nom, manifest.collecte_le, collected, manifest.cle, tuple(words))


@dataclass(frozen=True)
class Night:
    """What a collection gives: the snapshot that it committed, and what is worth telling."""

    nom: str
    collected: Collected
    mots: tuple[str, ...]


@dataclass(frozen=True)
class Asked:
    """When a collection runs, and what a person asked of it.

    `accept_missing`: a source may give fewer tables than before; `whole`: sources that can resume are read again
    from the start; `protected`: snapshots that retention leaves alone.
    """

    now: datetime
    accept_missing: bool = False
    whole: bool = False
    protected: frozenset[str] = frozenset()


def collect_night(
    sources: Sequence[Source],
    settings: Settings,
    pseudonymiser: Pseudonymiser,
    etat: Path,
    asked: Asked,
    *,
    progress: Callable[[str, int], None] = lambda source, rows: None,
) -> Night:
    """Collect every source into the next snapshot. The caller holds the lock of the collection.

    Raises:
        SourceDataError: a source stops short, or lacks a table; the last snapshot stays.
        SourceUnreachableError: a source does not answer, or changes while it is read.
        StateError: the state folder cannot be written.
    """
    lake = Lake(etat)
    with _on_disk(etat):
        previous, words = lake.last()
        pending = lake.begin()
        try:
            before = stamps(sources)
            digests = [_settings_digest(one, pseudonymiser) for one in sources]
            known = {} if asked.whole else formers(sources, digests, previous, asked.now)
            collected = collect(resumed(sources, known), settings, pseudonymiser, pending, progress=progress)
            if not dated_alike(collected, known):  # other zones: everything is read and dated again
                lake.abandon(pending)
                pending, known = lake.begin(), {}
                collected = collect(sources, settings, pseudonymiser, pending, progress=progress)
            refuse_half(sources, collected, before)
            since = asked.now - timedelta(days=settings.conservation.journal)
            collected = completed(collected, known, since.date())
            if previous is not None and not asked.accept_missing:
                refuse_missing(previous, collected, digests)
            grow(_former(previous, pseudonymiser), sources, collected, settings, asked.now)
            kept = lake.commit(
                pending,
                _manifest(digests, collected, settings, pseudonymiser, _whole_since(known, len(sources), asked.now)),
            )
        except BaseException:
            lake.abandon(pending)
            raise
        with suppress(OSError):  # what could not be removed goes at the next collection
            lake.retire(asked.now, settings.conservation.instantanes, asked.protected)
    return Night(kept.nom, replace(collected, snapshot=kept.snapshot), tuple(words))


def _former(previous: Kept | None, pseudonymiser: Pseudonymiser) -> Journal:
    """The journal so far. Under other keys, a dossier whose id holds an INS has another name: it starts again."""
    if previous is None:
        return EMPTY
    journal = read_journal(previous.snapshot.folder)
    same = previous.manifest.lignee == pseudonymiser.lineage
    return journal if same else without(journal, EMBEDDED_MARK)


def _whole_since(known: Mapping[int, Former], sources: int, now: datetime) -> list[datetime]:
    """When each source was last read whole; the last of the list is now."""
    return [known[rank].record.entier_depuis if rank in known else now for rank in range(sources)] + [now]


def _manifest(
    digests: Sequence[str],
    collected: Collected,
    settings: Settings,
    pseudonymiser: Pseudonymiser,
    whole: Sequence[datetime],
) -> Manifest:
    """`whole` says when each source was last read whole, then the instant of the collection."""
    named = {finess for one in collected.inventories for names in one.nommes.values() for finess in names}
    return Manifest(
        collecte_le=whole[-1],
        logiciel=__version__,
        reglages=hashlib.sha256(settings.model_dump_json().encode()).hexdigest(),
        cle=pseudonymiser.fingerprint,
        lignee=pseudonymiser.lineage,
        zones=collected.snapshot.zones,
        fuseaux={finess: collected.directory.zone(finess) for finess in named},
        sources=tuple(
            SourceRecord(*one)
            for one in zip(collected.inventories, collected.positions, digests, whole[:-1], strict=True)
        ),
        fichiers=(),
    )


def _settings_digest(source: Source, pseudonymiser: Pseudonymiser) -> str:
    """What decides the rows of a source: its adapter, its settings, the content of its mapping, and the keys."""
    said = hashlib.sha256(
        f"{pseudonymiser.lineage}\n{source.adapter.name}\n{source.settings.model_dump_json()}".encode()
    )
    if source.settings.mapping:
        with suppress(OSError):
            said.update(source.settings.mapping.read_bytes())
    return said.hexdigest()


@contextmanager
def _on_disk(etat: Path) -> Iterator[None]:
    """Errors of the disk as errors of the state folder, in words."""
    try:
        yield
    except LaterFormatError:
        raise StateError(
            f"{etat} : instantané d'une version plus récente de dui-connector ; mettez le programme à jour."
        ) from None
    except OSError as error:
        raise StateError(
            f"{etat} : dossier d'état inutilisable ({why(error)}) ; l'instantané précédent reste le dernier, "
            "vérifiez la place et les droits."
        ) from None
