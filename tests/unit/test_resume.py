"""A source that only says what is new gives, night after night, the same tables as one read whole."""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

import pyarrow.parquet as pq
import pytest

from connector.adapters.base import Batch, Grouping, Item, Position, SourceFile, text_batch
from connector.collect import Source
from connector.config import Settings, SourceSettings, validate
from connector.lake.manifest import loads
from connector.lake.snapshots import Lake
from connector.model.inventory import identities
from connector.night import Asked, Night, collect_night, read_last
from connector.pseudonymise import Pseudonymiser
from tests.lib.nights import ET, at, people, write
from tests.lib.run import KEY

TABLES = ("usagers", "dossiers", "messages_mssante")


class Ledger:
    """Reads files that only grow, from the row where it stopped."""

    name: ClassVar[str] = "registre"
    label: ClassVar[str] = "Registre"
    provides: ClassVar[frozenset[str]] = frozenset({*TABLES, "etablissements"})
    grouping: ClassVar[Grouping] = Grouping.FOLDER
    coherent: ClassVar[bool] = True
    incremental: ClassVar[bool] = True

    def __init__(self, files: Sequence[SourceFile], settings: SourceSettings) -> None:
        self._files, self._settings = files, settings

    @classmethod
    def sniff(cls, path: Path, head: bytes) -> bool:
        return False

    def read(self, tables: Collection[str]) -> Iterator[Item]:
        for file in self._files:
            table = file.path.stem
            if table in tables:
                yield from self._rows(file, table)

    def _rows(self, file: SourceFile, table: str) -> Iterator[Batch | Position]:
        with file.path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream, delimiter=";"))
        start = int(self._settings.positions.get(table, "0"))
        names = list(rows[0]) if rows else []
        columns = {name: [row[name] for row in rows[start:]] for name in names}
        yield text_batch(table, columns, file.name, lambda ranks: [f"ligne {rank}" for rank in ranks])
        yield Position(table, str(len(rows)))


Progress = Callable[[str, int], None]


def _quiet(source: str, rows: int) -> None:
    """No progress bar."""


@dataclass
class Growing:
    """A folder read by `Ledger`, and its lake."""

    root: Path
    content: dict[str, object] = field(default_factory=dict)
    key: bytes = KEY
    adapter: type[Ledger] = Ledger

    def night(
        self, day: str, tables: dict[str, list[dict[str, str]]], *, progress: Progress = _quiet, **asked: bool
    ) -> Night:
        folder = self.root / "registre"
        write(folder, tables, at(day))
        files = tuple(SourceFile(path, path.name) for path in sorted(folder.iterdir()))
        of_source = validate(SourceSettings, self.content.get("registre", {}), self.root)
        source = Source(self.adapter, "registre", files, of_source)
        rest = {name: value for name, value in self.content.items() if name != "registre"}
        settings = validate(Settings, rest, self.root)
        by = Pseudonymiser(self.key)
        return collect_night([source], settings, by, self.root / "etat", Asked(at(day), **asked), progress=progress)

    def rows(self, table: str) -> list[dict[str, object]]:
        """The rows of the last snapshot, in the order in which the first of two is kept."""
        snapshot = read_last(self.root / "etat", Settings()).collected.snapshot
        rows = [row for path in snapshot.files(table) for row in pq.read_table(path).to_pylist()]
        return sorted(rows, key=lambda row: row.get("_rang", 0))

    def whole_since(self) -> str:
        etat = self.root / "etat"
        manifest = loads((etat / "lac" / Lake(etat).names()[-1] / "manifeste.json").read_bytes())
        return manifest.sources[0].entier_depuis.date().isoformat()


def _message(name: str, day: str) -> dict[str, str]:
    return {"id_message": name, "horodatage": day, "finess_et": ET, "statut": "envoye"}


def _night_one() -> dict[str, list[dict[str, str]]]:
    tables = people(("A", "2025-01-10"), ids="A B")
    return {
        "usagers": tables["usagers"],
        "dossiers": tables["dossiers"],
        "messages_mssante": [_message("m1", "2025-01-05"), _message("m2", "2025-01-06")],
    }


def test_events_are_added_and_entities_take_the_place_of_the_former(tmp_path: Path) -> None:
    """The new value of a dossier is the only one; each message is there once."""
    site = Growing(tmp_path)
    tables = _night_one()
    first = site.night("2025-02-01", tables)
    tables["messages_mssante"].append(_message("m3", "2025-01-20"))
    tables["dossiers"].append({**tables["dossiers"][0], "date_derniere_maj": "2025-02-01", "date_creation": ""})
    second = site.night("2025-02-02", tables)
    assert first.collected.positions == ({"usagers": "2", "dossiers": "2", "messages_mssante": "2"},)
    assert second.collected.positions == ({"usagers": "2", "dossiers": "3", "messages_mssante": "3"},)
    assert sorted(row["id_message"] for row in site.rows("messages_mssante")) == ["m1", "m2", "m3"]
    dossiers = [
        (row["id_dossier"], str(row["date_creation"]), str(row["date_derniere_maj"])) for row in site.rows("dossiers")
    ]
    assert dossiers == [("dA", "None", "2025-02-01"), ("dB", "2024-01-01", "None")]
    assert second.collected.inventories[0].lignes == {
        "dossiers": 2,
        "messages_mssante": 3,
        "mises_a_jour": 2,
        "usagers": 2,
    }


def test_a_night_with_nothing_new_keeps_every_row(tmp_path: Path) -> None:
    """Collected twice, the lake holds the same rows."""
    site = Growing(tmp_path)
    site.night("2025-02-01", _night_one())
    before = {table: site.rows(table) for table in TABLES}
    site.night("2025-02-01", _night_one())
    assert {table: site.rows(table) for table in TABLES} == before


@pytest.mark.parametrize(
    ("change", "asked"),
    [
        ({"registre": {"fuseau": "Europe/Paris"}}, {}),
        ({}, {"whole": True}),
        ({"registre": {"relecture": 1}}, {}),
    ],
)
def test_a_source_is_read_whole_when_it_must_be(
    tmp_path: Path, change: dict[str, object], asked: dict[str, bool]
) -> None:
    """Other settings, a demand, or the days of `relecture`: everything is read again, and deletions are seen."""
    site = Growing(tmp_path, dict(change) if "relecture" in str(change) else {})
    tables = _night_one()
    site.night("2025-02-01", tables)
    del tables["messages_mssante"][0]
    site.content = dict(change)
    site.night("2025-02-02", tables, **asked)
    assert [row["id_message"] for row in site.rows("messages_mssante")] == ["m2"]
    assert site.whole_since() == "2025-02-02"


def test_another_key_reads_everything_again(tmp_path: Path) -> None:
    """Rows under two keys would be two persons."""
    site = Growing(tmp_path)
    site.night("2025-02-01", _night_one())
    site.key = bytes(32)
    site.night("2025-02-02", _night_one())
    assert site.whole_since() == "2025-02-02"


def test_another_zone_reads_everything_again(tmp_path: Path) -> None:
    """Dates of before were read in the zone of before."""
    site = Growing(tmp_path)
    tables = _night_one() | {"etablissements": [{"finess_et": ET, "fuseau": "Europe/Paris"}]}
    site.night("2025-02-01", tables)
    site.night("2025-02-02", tables)
    assert site.whole_since() == "2025-02-01"
    tables["etablissements"][0]["fuseau"] = "America/Cayenne"
    site.night("2025-02-03", tables)
    assert site.whole_since() == "2025-02-03"


def test_a_corrupt_snapshot_takes_its_positions_with_it(tmp_path: Path) -> None:
    """What was read after the snapshot that serves is read again."""
    site = Growing(tmp_path)
    tables = _night_one()
    site.night("2025-02-01", tables)
    tables["messages_mssante"].append(_message("m3", "2025-01-20"))
    second = site.night("2025-02-02", tables)
    (tmp_path / "etat" / "lac" / second.nom / "messages_mssante" / "00000.parquet").write_bytes(b"PAR1")
    site.night("2025-02-03", tables)
    assert sorted(row["id_message"] for row in site.rows("messages_mssante")) == ["m1", "m2", "m3"]


def test_a_bad_row_still_bars_the_nights_after(tmp_path: Path) -> None:
    """The row is missing until the source is read whole: its table stays barred."""
    site = Growing(tmp_path)
    tables = _night_one()
    tables["messages_mssante"].append(_message("m3", "hier"))
    site.night("2025-02-01", tables)
    night = site.night("2025-02-02", tables)
    assert {(bar.table, bar.finess): count for bar, count in night.collected.inventories[0].bars.items()} == {
        ("messages_mssante", ET): 1
    }
    tables["messages_mssante"].pop()
    assert not site.night("2025-02-03", tables, whole=True).collected.inventories[0].bars


def test_old_events_go_with_their_days(tmp_path: Path) -> None:
    """A log that is never read again does not grow for ever."""
    site = Growing(tmp_path, {"conservation": {"journal": 400}})
    tables = _night_one()
    site.night("2025-02-01", tables)
    tables["messages_mssante"].append(_message("m3", "2026-02-20"))
    day = at("2025-01-06") + timedelta(days=400)
    site.night(day.date().isoformat(), tables)
    assert sorted(row["id_message"] for row in site.rows("messages_mssante")) == ["m2", "m3"]


def test_a_log_that_grows_while_it_is_read_is_read_all_the_same(tmp_path: Path) -> None:
    """What came after is for the next night."""
    site = Growing(tmp_path)
    tables = _night_one()

    def grow(source: str, rows: int) -> None:
        with (tmp_path / "registre" / "messages_mssante.csv").open("a", encoding="utf-8") as stream:
            stream.write(f"m{rows + 7};2025-01-20;{ET};envoye\n")

    first = site.night("2025-02-01", tables, progress=grow)
    assert first.nom == "00000001-20250201T020000Z"


def test_two_sources_of_one_name_are_not_confused() -> None:
    """A folder may hold two formats, and two folders the same name."""
    names = identities([("exports", "pivot"), ("exports", "hl7v2"), ("exports", "pivot")])
    assert names == [("exports", "pivot", 0), ("exports", "hl7v2", 0), ("exports", "pivot", 1)]


class Tables(Ledger):
    """Resumes its messages alone, as a database whose other queries have no `:depuis`."""

    name: ClassVar[str] = "base"
    grouping: ClassVar[Grouping] = Grouping.CONNECTION
    incremental: ClassVar[bool] = False

    def _rows(self, file: SourceFile, table: str) -> Iterator[Batch | Position]:
        resumed = table == "messages_mssante"
        start = {} if resumed else {table: "0"}
        self._settings = self._settings.model_copy(update={"positions": {**self._settings.positions, **start}})
        yield from (one for one in super()._rows(file, table) if resumed or not isinstance(one, Position))


def test_a_table_that_does_not_resume_is_read_whole(tmp_path: Path) -> None:
    """A dossier deleted from a database leaves the lake, beside messages that are only added."""
    site = Growing(tmp_path, adapter=Tables)
    tables = _night_one()
    site.night("2025-02-01", tables)
    tables["messages_mssante"].append(_message("m3", "2025-01-20"))
    del tables["dossiers"][1]
    night = site.night("2025-02-02", tables)
    assert [row["id_dossier"] for row in site.rows("dossiers")] == ["dA"]
    assert sorted(row["id_message"] for row in site.rows("messages_mssante")) == ["m1", "m2", "m3"]
    assert night.collected.inventories[0].lignes["messages_mssante"] == 3
    assert night.collected.positions == ({"messages_mssante": "3"},)
