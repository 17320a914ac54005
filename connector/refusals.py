"""What never replaces the last good snapshot: a source that stopped short, changed, or lacks a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from connector.adapters.base import Grouping
from connector.collect import Collected, Source
from connector.errors import SourceDataError, SourceUnreachableError
from connector.lake.snapshots import Kept
from connector.model.inventory import identities
from connector.updates import TABLE


def may_change(source: Source) -> bool:
    """Whether a file may be written while it is read: a log that only grows, a database with its transactions."""
    return source.adapter.grouping is Grouping.CONNECTION or bool(getattr(source.adapter, "incremental", False))


def stamps(sources: Sequence[Source]) -> Mapping[Path, tuple[int, int]]:
    """Size and date of every file, to know whether one is being written; some may be."""
    stamps = {}
    for path in (file.path for source in sources if not may_change(source) for file in source.files):
        with suppress(OSError):  # its adapter says that it cannot be read
            known = path.stat()
            stamps[path] = (known.st_size, known.st_mtime_ns)
    return stamps


def refuse_half(sources: Sequence[Source], collected: Collected, before: Mapping[Path, tuple[int, int]]) -> None:
    if collected.coupures:
        raise SourceDataError("\n".join([*collected.coupures, "L'instantané précédent reste le dernier."]))
    after = stamps(sources)
    names = {file.path: file.name for source in sources for file in source.files}
    for path in sorted(before.keys() | after.keys()):
        if before.get(path) != after.get(path):
            raise SourceUnreachableError(
                f"{names[path]} : ce fichier change pendant la lecture ; l'instantané précédent reste le dernier, "
                "relancez collect quand l'export est fini."
            )


def refuse_missing(previous: Kept, collected: Collected, digests: Sequence[str]) -> None:
    """A source read as before gives at least the tables that it gave before."""
    tonight = identities((one.nom, one.adaptateur) for one in collected.inventories)
    given = {
        name: (digest, inventory.tables)
        for name, inventory, digest in zip(tonight, collected.inventories, digests, strict=True)
    }
    records = previous.manifest.sources
    names = identities((one.inventaire.nom, one.inventaire.adaptateur) for one in records)
    for name, record in zip(names, records, strict=True):
        digest, tables = given.get(name, ("", set()))
        given_before = record.inventaire.tables - ({TABLE} if record.inventaire.observes else set())
        missing = sorted(given_before - tables) if digest == record.reglages else []
        if missing:
            raise SourceDataError(
                f"{record.inventaire.nom} : table « {missing[0]} » absente, que cette source donnait le "
                f"{previous.manifest.collecte_le:%d/%m/%Y} ; l'instantané précédent reste le dernier. "
                "Refaites l'export, ou acceptez ce manque : dui-connector collect --accepter-manques."
            )
