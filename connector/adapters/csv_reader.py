"""CSV as people write it: BOM or not, `;` or `,`, UTF-8 or Windows-1252, blank lines, quotes.

Arrow parses in blocks, so memory is bounded by `ligne_max`; the rare question « which line is
that? » is answered by reading the file again with the standard library.
"""

from __future__ import annotations

import codecs
import csv
import io
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

_BLOCK = 1 << 20
_HEADER_MAX = 1 << 20
SHOWN = 20  # wrong lines told in full
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
    _wrong: list[int] = field(default_factory=list)
    _wrong_keys: Counter[str | None] = field(default_factory=Counter)
    _wrong_count: int = 0

    def batches(self, wanted: Sequence[int], key: int | None) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Text of the wanted columns (by rank), with the rank of the first record of each batch.

        `key` is the column whose value tells whose a wrong record is. Fully blank records are
        left out by the caller, see `blank_rows`. Raises pa.ArrowInvalid when the file breaks off.
        """
        names = [f"c{rank}" for rank in range(len(self.headings))]
        self._wrong_keys, self._wrong_count = Counter(), 0
        with self._open() as stream:
            reader = pacsv.open_csv(
                stream,
                read_options=pacsv.ReadOptions(block_size=self.block, column_names=names),
                parse_options=pacsv.ParseOptions(
                    delimiter=self.delimiter,
                    newlines_in_values=True,
                    invalid_row_handler=lambda row: self._keep_wrong(row.text, key),
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

    def _keep_wrong(self, text: str, key: int | None) -> str:
        fields = next(csv.reader([text], delimiter=self.delimiter), [])
        if any(value.strip() for value in fields):
            self._wrong_count += 1
            self._wrong_keys[fields[key] if key is not None and key < len(fields) else None] += 1
        return "skip"

    def wrong_rows(self) -> WrongRows:
        """The records with a wrong number of fields, once `batches` is exhausted."""
        first: list[tuple[str, int]] = []
        if self._wrong_count:
            for line, fields in self._records():
                if len(fields) != len(self.headings) and any(value.strip() for value in fields):
                    first.append((line, len(fields)))
                    if len(first) == SHOWN:
                        break
        return WrongRows(self._wrong_count, first, self._wrong_keys)

    def stops_short(self) -> bool:
        """Whether the last record is one of the wrong ones: the file was cut, or a quote never closed."""
        last: list[str] = []
        for _, fields in self._records() if self._wrong_count else ():
            last = fields if any(value.strip() for value in fields) else last
        return len(last) not in (0, len(self.headings))

    def lines(self, ranks: Iterable[int]) -> list[str]:
        """« ligne N » for records given by rank in increasing order."""
        return [line for line, _ in self._at(ranks)]

    def blank_rows(self, ranks: Iterable[int]) -> list[bool]:
        """Whether each of these records has nothing in any column."""
        return [not any(value.strip() for value in fields) for _, fields in self._at(ranks)]

    def _at(self, ranks: Iterable[int]) -> list[tuple[str, list[str]]]:
        wanted = list(ranks)
        found: dict[int, tuple[str, list[str]]] = {}
        rank = -1
        for line, fields in self._records():
            rank += len(fields) == len(self.headings)
            if rank in (missing := set(wanted) - found.keys()) and len(fields) == len(self.headings):
                found[rank] = (line, fields)
                if len(missing) == 1:
                    break
        return [found[rank] for rank in wanted]

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
