"""What the bench reads, built once under `.bench/` and again only when what makes it has changed."""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.bench.process import ROOT

HOME = ROOT / ".bench"


@dataclass(frozen=True)
class Sizes:
    """How much of everything."""

    etablissements: int = 4000
    usagers: int = 400_000
    mises_a_jour: int = 4_000_000
    evenements: int = 2_000_000
    messages: int = 1_500_000
    depots: int = 600_000
    ressources: int = 300_000  # FHIR, as NDJSON
    bundle: int = 1_000_000_000  # bytes of one Bundle
    hl7_courts: int = 60_000  # messages of 2.7 kB
    hl7_longs: int = 2000  # messages of 100 kB
    xds: int = 5000  # pairs
    journal: int = 2_000_000  # lines of a Postfix log
    courriels: int = 60_000  # mails of a mailbox
    lignes_sql: int = 2_000_000  # of a PostgreSQL base
    volume: int = 1_000_000_000  # bytes of each large source

    @property
    def pivot(self) -> tuple[int, ...]:
        """The arguments of the data set of pivot files."""
        return (
            self.etablissements,
            self.usagers,
            self.mises_a_jour,
            self.evenements,
            self.messages,
            self.depots,
        )


FULL = Sizes()
FAST = Sizes(
    etablissements=12,
    usagers=900,
    mises_a_jour=9000,
    evenements=4500,
    messages=3400,
    depots=1400,
    ressources=3000,
    bundle=2_000_000,
    hl7_courts=400,
    hl7_longs=20,
    xds=60,
    journal=4000,
    courriels=400,
    lignes_sql=4000,
    volume=3_000_000,
)


class Store:
    """A folder of data sets, each with the digest of what made it."""

    def __init__(self, folder: Path, sizes: Sizes) -> None:
        self.folder = folder
        self.sizes = sizes
        self._ready: set[str] = set()  # checked already: one run reads one version of everything

    def get(self, name: str, build: Callable[[Path], None], made_by: Iterable[str], *parameters: object) -> Path:
        """The data set of this name; `made_by` are patterns of the source files that decide its content."""
        target, seal = self.folder / name, self.folder / f"{name}.sceau"
        if name in self._ready:
            return target
        digest = _digest(made_by, parameters)
        if not (target.exists() and seal.exists() and seal.read_text() == digest):
            sys.stderr.write(f"Préparation de {name}…\n")
            seal.unlink(missing_ok=True)
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir(parents=True)
            build(target)
            seal.write_text(digest)
        self._ready.add(name)
        return target

    def seal(self, name: str) -> str:
        """The digest of what made a data set."""
        return (self.folder / f"{name}.sceau").read_text()

    def scratch(self, name: str) -> Path:
        """An empty folder."""
        target = self.folder / "travail" / name
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        return target


def warm(folder: Path) -> None:
    """Read every file once, so that the first side does not pay the disk for the others."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as stream:
                while stream.read(1 << 22):
                    pass


def _digest(patterns: Iterable[str], parameters: object) -> str:
    digest = hashlib.sha256(repr(parameters).encode())
    for path in sorted({path for pattern in patterns for path in ROOT.glob(pattern)}):
        digest.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()
