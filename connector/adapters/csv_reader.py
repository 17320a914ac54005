"""CSV as people write it: BOM or not, `;` or `,`, UTF-8 or Windows-1252, blank lines, quotes.

Arrow parses in blocks and holds a score of them at once: blocks are small, grow up to `ligne_max`
only for a longer record, and are given several together. The rare question « which line is that? »
is answered by reading the file again with the standard library.
"""

from __future__ import annotations

import codecs
import csv
import io
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

_BLOCK = 1 << 20
_TOGETHER = 1 << 23  # bytes given at once: what follows costs as much for a small batch as for a large one
_HEADER_MAX = 1 << 20
SHOWN = 20  # wrong lines told in full
Blanks = Callable[[Sequence[int]], list[bool]]  # whether these records, given by rank, have nothing in any column
_SEPARATOR = re.compile(r"sep=([;,])[;,]*", re.IGNORECASE)  # the first line that Excel understands, and writes


class CsvFault(NamedTuple):
    """Why a file cannot be read: place, expected, found, advice, in French."""

    place: str
    expected: str
    found: str
    advice: str


@dataclass(frozen=True)
class WrongRows:
    """Records whose number of fields is not that of the heading.

    `first` holds (line, number of fields) of the first ones; `keys` the values of the key
    column of all of them (None where there is none).
    """

    count: int
    first: list[tuple[str, int]]
    keys: Counter[str | None]


@dataclass
class CsvFile:
    """A CSV file whose heading was understood. Iterate with `batches`, then ask `wrong_rows`."""

    path: Path
    encoding: str  # "utf-8" or "cp1252"
    delimiter: str
    headings: list[str]
    start: int  # bytes before the first record
    heading_line: int
    block: int
    _wrong: Counter[str | None] = field(default_factory=Counter)  # key → wrong records

    def batches(self, wanted: Sequence[int], key: int | None) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Text of the wanted columns (by rank), with the rank of the first record of each batch.

        `key` is the column whose value tells whose a wrong record is. Fully blank records are
        left out by the caller, see `blanks`. Raises pa.ArrowInvalid when the file breaks off.
        """
        first, held = 0, list[pa.RecordBatch]()
        try:
            for batch in self._rows(wanted, key):
                held.append(batch)
                if sum(one.nbytes for one in held) >= _TOGETHER:
                    yield first, pa.concat_batches(held)
                    first, held = first + sum(one.num_rows for one in held), []
        except pa.ArrowInvalid:  # the rows before the break are given all the same
            if held:
                yield first, pa.concat_batches(held)
            raise
        if held:
            yield first, pa.concat_batches(held)

    def _rows(self, wanted: Sequence[int], key: int | None) -> Iterator[pa.RecordBatch]:
        """Every record once, in blocks that grow only for a longer record."""
        given, block = 0, min(_BLOCK, self.block)
        while True:
            try:
                for first, batch in self._blocks(wanted, key, block):
                    if (new := first + batch.num_rows - given) > 0:
                        yield batch.slice(batch.num_rows - new)
                        given += new
                return
            except pa.ArrowInvalid as error:
                if block == self.block or "straddling" not in str(error):
                    raise
            block = min(2 * block, self.block)  # a longer record: again, from the first one that was not given

    def _blocks(self, wanted: Sequence[int], key: int | None, block: int) -> Iterator[tuple[int, pa.RecordBatch]]:
        """The file from its first record."""
        names = [f"c{rank}" for rank in range(len(self.headings))]
        wrong = self._wrong = Counter()
        with self._open() as stream:
            reader = pacsv.open_csv(
                stream,
                read_options=pacsv.ReadOptions(block_size=block, column_names=names),
                parse_options=pacsv.ParseOptions(
                    delimiter=self.delimiter,
                    newlines_in_values=True,
                    invalid_row_handler=lambda row: self._keep_wrong(wrong, row.text, key),
                ),
                convert_options=pacsv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()),
                    include_columns=[names[rank] for rank in wanted],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=True,
                    null_values=[""],
                    check_utf8=False,
                ),
            )
            first = 0
            for batch in reader:
                yield first, batch
                first += batch.num_rows

    def _open(self) -> pa.NativeFile:
        raw = pa.OSFile(os.fsencode(self.path), "rb")  # a name may be in no encoding
        raw.seek(self.start)
        return raw if self.encoding == "utf-8" else pa.transcoding_input_stream(raw, self.encoding, "utf-8")

    def _keep_wrong(self, wrong: Counter[str | None], text: str, key: int | None) -> str:
        fields = next(csv.reader([text], delimiter=self.delimiter), [])
        if any(value.strip() for value in fields):
            wrong[fields[key] if key is not None and key < len(fields) else None] += 1
        return "skip"

    def wrong_rows(self) -> WrongRows:
        """The records with a wrong number of fields, once `batches` is exhausted."""
        first: list[tuple[str, int]] = []
        if self._wrong:
            for line, fields in self._records():
                if len(fields) != len(self.headings) and any(value.strip() for value in fields):
                    first.append((line, len(fields)))
                    if len(first) == SHOWN:
                        break
        return WrongRows(self._wrong.total(), first, self._wrong)

    def stops_short(self) -> bool:
        """Whether the last record is one of the wrong ones: the file was cut, or a quote never closed."""
        last: list[str] = []
        for _, fields in self._records() if self._wrong else ():
            last = fields if any(value.strip() for value in fields) else last
        return len(last) not in (0, len(self.headings))

    def lines(self, ranks: Iterable[int]) -> list[str]:
        """« ligne N » for records given by rank."""
        wanted = list(ranks)
        found: dict[int, str] = {}
        missing = set(wanted)
        for rank, line, _ in self._ranked() if missing else ():
            if rank in missing:
                found[rank] = line
                missing.remove(rank)
                if not missing:
                    break
        return [found[rank] for rank in wanted]

    def blanks(self) -> Blanks:
        """Tells which records have nothing in any column. Asked by rank in increasing order: one walk answers all."""
        records = self._ranked()

        def is_blank(wanted: int) -> bool:
            fields = next(fields for rank, _, fields in records if rank == wanted)
            return not any(value.strip() for value in fields)

        return lambda ranks: [is_blank(rank) for rank in ranks]

    def _ranked(self) -> Iterator[tuple[int, str, list[str]]]:
        """Rank, line and fields of the records that are not wrong ones."""
        whole = (record for record in self._records() if len(record[1]) == len(self.headings))
        return ((rank, line, fields) for rank, (line, fields) in enumerate(whole))

    def _records(self) -> Iterator[tuple[str, list[str]]]:
        with self.path.open("rb") as raw:
            raw.seek(self.start)
            text = io.TextIOWrapper(raw, encoding=self.encoding, newline="")
            reader = csv.reader(text, delimiter=self.delimiter)
            line = 1
            for fields in reader:
                if fields:
                    yield f"ligne {self.heading_line + line}", fields
                line = reader.line_num + 1


def open_csv(path: Path, line_max: int) -> CsvFile | CsvFault:
    """Find the encoding, the separator and the heading of a CSV file."""
    csv.field_size_limit(max(line_max, 128 * 1024))
    encoding = _encoding(path)
    if isinstance(encoding, CsvFault):
        return encoding
    with path.open("rb") as raw:
        head = raw.read(_HEADER_MAX)
    told = ""
    start = len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0
    for heading_line, raw_line in enumerate(io.BytesIO(head[start:]), 1):
        start += len(raw_line)
        line = raw_line.decode(encoding, "replace").strip("\r\n")
        if said := _SEPARATOR.fullmatch(line):
            told = said[1]
        elif line.strip(" \t;,"):
            delimiter = told or (";" if line.count(";") >= line.count(",") else ",")
            try:
                headings = [name.strip() for name in next(csv.reader([line], delimiter=delimiter))]
            except csv.Error:  # a lone carriage return inside the heading
                return CsvFault(
                    f"ligne {heading_line}",
                    "un en-tête sur une seule ligne",
                    "un retour à la ligne d'une autre sorte",
                    "refaites l'export avec des fins de ligne ordinaires.",
                )
            return CsvFile(path, encoding, delimiter, headings, start, heading_line, line_max)
    return CsvFault("", "une ligne d'en-tête", "un fichier vide", "refaites l'export.")


def _encoding(path: Path) -> str | CsvFault:
    """« utf-8 » when the whole file is, else « cp1252 » when it can be; binary files are refused."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    encoding = "utf-8"
    offset = 0
    with path.open("rb") as raw:
        while block := raw.read(_BLOCK):
            if (nul := block.find(b"\0")) >= 0:
                return CsvFault(
                    f"octet {offset + nul}",
                    "un fichier CSV (texte)",
                    "un octet nul",
                    "ce fichier est binaire ou en UTF-16 : exportez-le en CSV UTF-8.",
                )
            if encoding == "utf-8":
                try:
                    decoder.decode(block)
                except UnicodeDecodeError:
                    encoding = "cp1252"
            offset += len(block)
    if encoding == "utf-8" and not _ends_whole(decoder):
        encoding = "cp1252"
    return encoding if encoding == "utf-8" else _check_cp1252(path)


def _ends_whole(decoder: codecs.IncrementalDecoder) -> bool:
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _check_cp1252(path: Path) -> str | CsvFault:
    offset = 0
    with path.open("rb") as raw:
        while block := raw.read(_BLOCK):
            try:
                block.decode("cp1252")
            except UnicodeDecodeError as error:
                return CsvFault(
                    f"octet {offset + error.start}",
                    "de l'UTF-8 ou du Windows-1252",
                    "un octet d'un autre encodage",
                    "exportez le fichier en CSV UTF-8.",
                )
            offset += len(block)
    return "cp1252"


def entirely_blank(batch: pa.RecordBatch) -> pa.Array | None:
    """Mask of the rows without any value, blanks being none, or None when there is no such row."""
    mask: pa.Array | None = None
    for column in batch.columns:
        blank = pc.fill_null(pc.utf8_is_space(column), True)
        mask = blank if mask is None else pc.and_(mask, blank)
        if not pc.any(mask).as_py():
            return None
    return mask
