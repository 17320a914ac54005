"""What every adapter must do, as a test class that any harness can be given: see `connector.contract`."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pytest

from connector.adapters.base import HEAD_SIZE, Batch, Grouping, Item, Notice, Position, Problem
from connector.adapters.registry import each
from connector.collect import collect
from connector.config import Settings
from connector.contract.harness import (
    CAYENNE,
    FIRST,
    IDENTITIES,
    KEY,
    LAST,
    MANY,
    PARIS,
    RECORDS,
    Harness,
    et_of,
    expected_rows,
    files_of,
    rows_of,
    told,
)
from connector.model.findings import FINDINGS
from connector.model.tables import TABLES
from connector.pseudonymise import Pseudonymiser

_MUTATIONS = 60
_INSERTED = (b"\0", b"\xff", b'"', b"\r", b"\n", b"<", b"{", b"|", b";", "é".encode())
_EVENTS = (
    "mises_a_jour",
    "evenements_agenda",
    "messages_mssante",
    "depots_dmp",
    "prescriptions_importees",
    "echanges_eparcours",
)  # dated at both ends only


def contract_suite(harness: Harness) -> type[Contract]:
    """The contract as a test class for one harness."""
    name = harness.adapter if isinstance(harness.adapter, str) else harness.adapter.name
    return type(f"Contract_{name}", (FileContract if harness.files else Contract,), {"harness": harness})


class Contract:
    """Every rule of `connector.adapters.base`, checked on the canonical records of a harness."""

    harness: ClassVar[Harness]

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """The canonical records in the real format of the source."""
        folder = tmp_path / "source"
        folder.mkdir()
        self.harness.write(RECORDS, folder)
        assert files_of(folder)
        return folder

    @property
    def _naive(self) -> str | None:
        return self.harness.settings().fuseau

    def _problems(self, folder: Path, lake: Path) -> list[str]:
        """What a person reads when this source is collected."""
        return collect([self.harness.source(folder)], Settings(), Pseudonymiser(KEY), lake).inventories[0].problemes

    # --- what it declares

    def test_it_declares_itself(self) -> None:
        """Name, label, tables, grouping and coherence are declared on the class, without an instance."""
        adapter = self.harness.adapter_class
        assert adapter.name == self.harness.adapter or not isinstance(self.harness.adapter, str)
        assert adapter.label.strip() == adapter.label != ""
        assert adapter.provides <= TABLES.keys()
        assert adapter.provides
        assert isinstance(adapter.grouping, Grouping)
        assert isinstance(adapter.coherent, bool)

    # --- what it reads

    def test_it_reads_back_exactly_what_the_source_holds(self, folder: Path, tmp_path: Path) -> None:
        """Table by table the same rows, no more and no fewer, once the core has understood them."""
        got = rows_of(self.harness.items(folder), self._naive)
        assert got == expected_rows(self.harness, RECORDS, tmp_path / "pivot")
        assert got

    def test_it_reads_back_a_whole_organisation(self, tmp_path: Path) -> None:
        """Hundreds of rows of every kind, repeated, partial or cancelled, are all there."""
        folder = tmp_path / "source"
        folder.mkdir()
        self.harness.write(MANY, folder)
        got = rows_of(self.harness.items(folder), self._naive)
        assert got == expected_rows(self.harness, MANY, tmp_path / "pivot")

    def test_a_source_without_rows_gives_no_row(self, tmp_path: Path) -> None:
        """Absent is not zero: a table is held when a batch of it comes, even an empty one."""
        folder = tmp_path / "source"
        folder.mkdir()
        self.harness.empty(folder)
        items = self.harness.items(folder)
        assert [item.text() for item in items if isinstance(item, Problem)] == []
        batches = [item for item in items if isinstance(item, Batch)]
        assert sum(batch.rows.num_rows for batch in batches) == 0
        assert {batch.table for batch in batches} == self.harness.empty_tables

    def test_accents_survive(self, folder: Path) -> None:
        """An identifier with accents comes out letter for letter, whatever the encoding of the source."""
        texts = {text for batch in _batches(self.harness.items(folder)) for text in _texts(batch)}
        assert any("é" in text.casefold() for text in texts)
        assert not any("\ufffd" in text or "Ã" in text for text in texts)

    def test_both_ends_of_the_window_stay_on_their_day(self, folder: Path) -> None:
        """The first and the last instant of a local day are of that day, in Paris as in Cayenne."""
        rows = rows_of(self.harness.items(folder), self._naive)
        dated = {table: counted for table, counted in rows.items() if table in _EVENTS}
        stays = {"sejours": rows["sejours"]} if "sejours" in rows else {}
        assert dated or stays
        for table, counted in (dated | stays).items():
            names = list(TABLES[table].by_name)
            for finess in (PARIS, CAYENNE):
                own = [row for row in counted if et_of(dict(zip(names, row, strict=True))) == finess]
                days = {value for row in own for value in row if hasattr(value, "toordinal")}
                assert days == {FIRST, LAST}, (table, finess)

    def test_it_reads_twice_alike(self, folder: Path) -> None:
        """Two passes, of one instance or of two, give the same things in the same order."""
        one, other = self.harness.open(folder), self.harness.open(folder)
        first, again = list(one.read(TABLES)), list(one.read(TABLES))
        assert _plain(first) == _plain(again) == _plain(list(other.read(TABLES)))

    # --- what it yields

    def test_it_yields_only_what_is_asked(self, folder: Path) -> None:
        """A table not asked never comes, in rows or barred by a problem; nor one that is not provided."""
        provides = self.harness.adapter_class.provides
        held = {batch.table for batch in _batches(self.harness.items(folder))}
        assert held <= provides
        for table in TABLES:
            items = self.harness.items(folder, {table})
            assert {batch.table for batch in _batches(items)} == {table} & held
        assert _batches(self.harness.items(folder, set())) == []

    def test_its_batches_are_pivot_columns_of_text(self, folder: Path) -> None:
        """Every batch names a pivot table, its columns are of that table, all of them strings."""
        names = {file.name for file in files_of(folder)} | {""}
        batches = _batches(self.harness.items(folder))
        assert batches
        for batch in batches:
            assert set(batch.rows.schema.names) <= TABLES[batch.table].by_name.keys()
            assert len(set(batch.rows.schema.names)) == len(batch.rows.schema.names)
            assert all(field.type == pa.string() for field in batch.rows.schema)
            assert batch.file in names
            batch.rows.validate(full=True)

    def test_every_row_has_a_place(self, folder: Path) -> None:
        """`locate` gives one place per row asked, in the order asked; a message would name the file."""
        for batch in _batches(self.harness.items(folder)):
            count = batch.rows.num_rows
            assert batch.locate([]) == []
            places = batch.locate(range(count))
            assert len(places) == count
            assert all(isinstance(place, str) and (place or batch.file) for place in places)
            for row in range(count):
                assert batch.locate([row]) == [places[row]]
            names = [file.name for file in files_of(folder)] if self.harness.files else [""]
            assert batch.file or all(place and any(name in place for name in names) for place in places)

    # --- what it does to the source

    def test_it_can_be_left_before_its_end(self, folder: Path) -> None:
        """`--strict` stops reading at once: nothing stays open, nothing is raised."""
        reading = self.harness.open(folder).read(TABLES)
        next(iter(reading))
        reading.close()  # type: ignore[attr-defined]

    # --- what it says of what is wrong

    def test_what_is_wrong_is_told_once_at_its_place(self, folder: Path, tmp_path: Path) -> None:
        """File, line, field, expected, found, what to do: the whole line, and no other line."""
        assert self.harness.faults
        for rank, fault in enumerate(self.harness.faults):
            place = tmp_path / f"faute-{rank}"
            place.mkdir()
            self.harness.write(RECORDS, place)
            fault.spoil(place)
            assert self._problems(place, tmp_path / f"lac-{rank}") == list(fault.problems), fault.name

    def test_a_problem_bars_only_what_was_asked(self, folder: Path) -> None:
        """The core asks for a few tables at a time: a problem of one pass is not one of the next."""
        for rank, fault in enumerate(self.harness.faults):
            place = folder.with_name(f"faute-{rank}")
            place.mkdir()
            self.harness.write(RECORDS, place)
            fault.spoil(place)
            for table in TABLES:
                for item in self.harness.items(place, {table}):
                    assert not isinstance(item, Problem) or item.tables <= {table}, (fault.name, table)


class FileContract(Contract):
    """The rules of an adapter that reads files, beside those of all."""

    def test_it_recognises_its_files_and_no_other_adapter_does(self, folder: Path) -> None:
        """Whichever adapter is asked first, a file has one reader; one chosen by settings recognises nothing."""
        for file in files_of(folder):
            head = file.path.read_bytes()[:HEAD_SIZE]
            readers = [adapter.name for adapter in each() if adapter.sniff(file.path, head)]
            mine = self.harness.adapter_class
            chosen = not mine.sniff(file.path, head)  # never guessed
            assert chosen or [name for name in readers if name != mine.name] == [], file.name
            assert not chosen or not any(mine.sniff(other.path, head) for other in files_of(folder))

    def test_it_reads_the_same_after_a_byte_order_mark(self, folder: Path) -> None:
        """A text that starts with a byte order mark holds the same rows."""
        before = rows_of(self.harness.items(folder), self._naive)
        for file in files_of(folder) if self.harness.texts else ():
            file.path.write_bytes(b"\xef\xbb\xbf" + file.path.read_bytes())
        items = self.harness.items(folder)
        assert rows_of(items, self._naive) == before
        assert [item.text() for item in items if isinstance(item, Problem)] == []

    def test_it_leaves_the_source_untouched(self, folder: Path) -> None:
        """Bytes, dates and names stay; a folder that nobody may write is read."""
        before = _state(folder)
        places = [folder, *folder.rglob("*")]
        for place in places:
            place.chmod(0o555 if place.is_dir() else 0o444)
        try:
            items = self.harness.items(folder)
            assert [item.text() for item in items if isinstance(item, Problem)] == []
            assert _batches(items)
            assert _state(folder) == before
        finally:
            for place in places:
                place.chmod(0o755 if place.is_dir() else 0o644)

    def test_a_missing_file_is_a_problem(self, folder: Path) -> None:
        """A file that goes away between its discovery and its reading is told by name, never a count of zero."""
        files = files_of(folder)
        adapter = self.harness.open(folder)
        files[0].path.unlink()
        problems = [item for item in adapter.read(TABLES) if isinstance(item, Problem)]
        assert [problem.file for problem in problems if problem.told] == [files[0].name]
        assert all(problem.tables for problem in problems if problem.bars)
        assert any(problem.bars for problem in problems)

    def test_its_notices_are_findings(self, folder: Path, spoiled: list[list[Item] | Exception]) -> None:
        """A notice has a code of the published list and a count."""
        for items in (self.harness.items(folder), *_read(spoiled)):
            for item in items:
                assert isinstance(item, Batch | Problem | Notice | Position)
                assert not isinstance(item, Notice) or (item.code in FINDINGS and item.count > 0)

    def test_it_never_raises(self, spoiled: list[list[Item] | Exception]) -> None:
        """Whatever the bytes, an adapter answers with problems, each on one line of its own."""
        assert [repr(items) for items in spoiled if isinstance(items, Exception)] == []
        problems = [item for items in _read(spoiled) for item in items if isinstance(item, Problem)]
        assert problems  # the changes are not harmless
        for problem in problems:
            assert "\n" not in problem.text()
            assert problem.tables <= self.harness.adapter_class.provides

    def test_it_shows_nobody(
        self,
        folder: Path,
        spoiled: list[list[Item] | Exception],
        caplog: pytest.LogCaptureFixture,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        """No name, birth date, matricule or address of the source in a problem, a notice, a log, a stream."""
        caplog.set_level(logging.DEBUG)
        read = self.harness.items(folder)
        words = [told(items) for items in (read, *self._faulty(folder), *_read(spoiled))]
        words += [repr(error) for error in spoiled if isinstance(error, Exception)]
        words += [caplog.text, *capfd.readouterr()]
        for secret in IDENTITIES:
            assert not any(secret in text for text in words), secret
        held = {text for batch in _batches(read) for text in _texts(batch)}
        assert any(secret in text for secret in IDENTITIES for text in held)  # the source does hold what is looked for

    def _faulty(self, folder: Path) -> Iterator[list[Item]]:
        for rank, fault in enumerate(self.harness.faults):
            place = folder.with_name(f"montre-{rank}")
            place.mkdir()
            self.harness.write(RECORDS, place)
            fault.spoil(place)
            yield self.harness.items(place)

    @pytest.fixture(scope="class")
    @classmethod
    def spoiled(cls, tmp_path_factory: pytest.TempPathFactory) -> list[list[Item] | Exception]:
        """What is read after some bytes of one file were changed, cut, inserted or repeated, many times."""
        folder = tmp_path_factory.mktemp("gate")
        cls.harness.write(RECORDS, folder)
        draw = random.Random(cls.harness.adapter_class.name)
        files = files_of(folder)
        found: list[list[Item] | Exception] = []
        for _ in range(_MUTATIONS):
            path = draw.choice(files).path
            whole = path.read_bytes()
            path.write_bytes(_mutated(whole, draw))
            try:
                found.append(cls.harness.items(folder))
            except Exception as error:
                found.append(error)
            path.write_bytes(whole)
        return found


def _read(spoiled: Sequence[list[Item] | Exception]) -> list[list[Item]]:
    return [items for items in spoiled if not isinstance(items, Exception)]


def _batches(items: Sequence[Item]) -> list[Batch]:
    return [item for item in items if isinstance(item, Batch)]


def _texts(batch: Batch) -> Iterator[str]:
    for column in batch.rows.columns:
        yield from (text for text in column.to_pylist() if text)


def _plain(items: Sequence[Item]) -> list[Any]:
    return [
        (item.table, item.file, item.rows.to_pydict(), item.locate(range(item.rows.num_rows)))
        if isinstance(item, Batch)
        else item
        for item in items
    ]


def _state(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Name, date and content of everything in a source, the dates of its folders included."""
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in (folder, *sorted(folder.rglob("*")))
    }


def _mutated(data: bytes, draw: random.Random) -> bytes:
    kind = draw.choice(("bytes", "cut", "repeat", "insert"))
    place = draw.randrange(max(len(data), 1))
    if kind == "cut":
        return data[:place]
    if kind == "repeat":
        return data[: place + 40] + data[place:]
    if kind == "insert":
        return data[:place] + draw.choice(_INSERTED) + data[place:]
    changed = bytearray(data)
    for _ in range(draw.choice((1, 4, 16))):
        changed[draw.randrange(len(changed))] = draw.randrange(256)
    return bytes(changed)
