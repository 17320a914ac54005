"""A small site, night after night: pivot files that change, a lake that grows, figures read from it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from connector.agent import Asked, audit, open_snapshot
from connector.config import Settings
from connector.indicators.programme import load_programme
from connector.model.result import Result
from connector.night import Asked as NightAsked
from connector.night import Night, collect_night, read_last
from connector.pseudonymise import Pseudonymiser
from tests.lib.run import KEY, source

ET = "750000044"
Rows = Iterable[Mapping[str, str]]


def at(text: str, hour: int = 2) -> datetime:
    """A night of the tests, in UTC."""
    return datetime.combine(date.fromisoformat(text), datetime.min.time(), timezone.utc).replace(hour=hour)


def write(folder: Path, tables: Mapping[str, Rows], when: datetime | None = None) -> None:
    """Pivot files of these tables, dated as an export made at that instant."""
    folder.mkdir(parents=True, exist_ok=True)
    for table, rows in tables.items():
        known = list(rows)
        names = list(dict.fromkeys(name for row in known for name in row)) or ["finess_et"]
        lines = [";".join(names), *(";".join(row.get(name, "") for name in names) for row in known)]
        (folder / f"{table}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for path in folder.iterdir() if when else ():
        os.utime(path, (when.timestamp(), when.timestamp()))


def people(*dossiers: tuple[str, str], ids: str = "A B C") -> dict[str, list[dict[str, str]]]:
    """Persons present since 2024, one dossier each; `dossiers` gives last updates."""
    maj = dict(dossiers)
    known = ids.split()
    return {
        "usagers": [{"finess_et": ET, "id_usager": one} for one in known],
        "sejours": [{"finess_et": ET, "id_usager": one, "date_entree": "2024-01-01"} for one in known],
        "dossiers": [
            {
                "finess_et": ET,
                "id_dossier": f"d{one}",
                "id_usager": one,
                "date_creation": "2024-01-01",
                "date_derniere_maj": maj.get(one, ""),
            }
            for one in known
        ],
    }


def _quiet(source: str, rows: int) -> None:
    """No progress bar."""


@dataclass
class Site:
    """A folder of exports and a state folder."""

    root: Path
    settings: Settings = field(default_factory=Settings)
    key: bytes = KEY
    adapter: str = "pivot"

    @property
    def exports(self) -> Path:
        return self.root / "exports"

    @property
    def etat(self) -> Path:
        return self.root / "etat"

    def night(
        self, day: str, tables: Mapping[str, Rows] | None = None, hour: int = 2, progress: Any = _quiet, **asked: Any
    ) -> Night:
        """Write the exports of that night when they are given, then collect them."""
        now = at(day, hour)
        if tables is not None:
            write(self.exports, tables, now)
        found = source(self.adapter, self.exports)
        return collect_night(
            [found], self.settings, Pseudonymiser(self.key), self.etat, NightAsked(now, **asked), progress=progress
        )

    def results(self, day: str, *, programme: str = "esms-2022") -> dict[str, Result]:
        """The results of the ET at a measure date, from the last snapshot."""
        last = read_last(self.etat, self.settings)
        asked = Asked(load_programme(programme), (date.fromisoformat(day),))
        with (
            TemporaryDirectory() as scratch,
            open_snapshot(last.collected, self.settings, Pseudonymiser(self.key), Path(scratch)) as site,
        ):
            measured = audit(site, last.collected, self.settings, asked).measures[0]
        return {one.indicateur: one for one in measured.resultats if one.finess_et == ET}
