"""The public extract of FINESS becomes the register of a site.

Form of `etalab-cs1100502`: `;`, no header, first line `finess;etalab;<n>;<date>`, one line
`structureet;…` an ET, UTF-8 or else Latin-1. An ET that an earlier extract had and that this one lacks
stays, with the date of this one: the extract lists open establishments and says nothing of a closing.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import BinaryIO, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from connector.disk import write_synced
from connector.errors import SourceDataError, SourceUnreachableError, StateError
from connector.lake.register import EXTRACT_DATE, SCHEMA, Entry, open_register
from connector.model.finess import normalise_finess

_ET, _EJ, _NAME, _LONG_NAME, _DEPARTMENT, _CATEGORY, _LAST = 1, 2, 3, 4, 14, 18, 31
_LINE_MAX = 64 * 1024  # bytes
_BLOCK = 1 << 20
_LOST_MAX = 10  # per cent of the ETs that may leave between two extracts
_AGAIN = "téléchargez de nouveau l'extrait."


class Imported(NamedTuple):
    """What an import did: ETs in the extract, those that left it and were not known to have, its date."""

    etablissements: int
    disparus: int
    extrait: str
    fichier: Path


def import_extract(path: Path, target: Path) -> Imported:
    """Read an extract into a register, whole or not at all.

    Raises:
        SourceUnreachableError: the file cannot be opened.
        SourceDataError: it is not an extract, is broken, or is older than the register.
        StateError: the register cannot be written.
    """
    former = open_register(target) if target.exists() else None
    try:
        if not path.is_file():
            found = "un dossier" if path.is_dir() else "autre chose" if path.exists() else "rien"
            raise SourceUnreachableError(f"{path} : attendu un fichier, trouvé {found} ; vérifiez le chemin.")
        encoding = _encoding(path)
        with path.open("rb") as stream:
            lines = _lines(stream, path, encoding)
            extract = _date(next(lines, (1, [])), path)
            if former and former.extract > extract:
                raise SourceDataError(
                    f"{path} : attendu un extrait du {former.extract} ou plus récent, trouvé du {extract} ; "
                    f"téléchargez le dernier, ou supprimez {target} pour repartir de celui-ci."
                )
            rows = _entries(lines, path)
    except OSError:
        raise SourceUnreachableError(f"{path} : lecture impossible ; vérifiez le fichier et ses droits.") from None
    gone = _gone(former.rows if former else None, rows, extract, path, target)
    _write(target, [*rows.values(), *gone], extract)
    new = sum(entry.disparu_le == extract for entry in gone)
    return Imported(len(rows), new, extract, target)


def _encoding(path: Path) -> str:
    """UTF-8 when the whole file is, else Latin-1."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as stream:
        try:
            while block := stream.read(_BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "latin-1"
    return "utf-8-sig"


def _lines(stream: BinaryIO, path: Path, encoding: str) -> Iterator[tuple[int, list[str]]]:
    """The number and the fields of each line; a quoted field never goes on to the next line."""
    number = 0
    while raw := stream.readline(_LINE_MAX + 1):
        number += 1
        if len(raw) > _LINE_MAX:
            raise _fault(path, number, f"une ligne d'au plus {_LINE_MAX} octets", "une ligne plus longue")
        if b"\0" in raw:
            raise _fault(path, number, "du texte", "un octet nul")
        text = raw.decode(encoding if number == 1 else encoding.removesuffix("-sig")).strip("\r\n")
        if text:
            yield number, next(csv.reader([text], delimiter=";"))


def _date(line: tuple[int, list[str]], path: Path) -> str:
    """The date of the extract, on its first line."""
    number, fields = line
    if fields[:2] != ["finess", "etalab"] or len(fields) < 4:
        raise _fault(path, number, "« finess;etalab;… » (extrait etalab-cs1100502)", "une autre première ligne")
    try:
        return date.fromisoformat(fields[3]).isoformat()
    except ValueError:
        raise _fault(path, number, "la date de l'extrait, AAAA-MM-JJ", "un autre texte") from None


def _entries(lines: Iterator[tuple[int, list[str]]], path: Path) -> dict[str, Entry]:
    """The ETs by their number; the lines of the geolocated variant are let by."""
    found: dict[str, Entry] = {}
    for number, fields in lines:
        if fields[0] == "geolocalisation":
            continue
        if fields[0] != "structureet":
            raise _fault(path, number, "« structureet »", "un autre début de ligne")
        entry = _entry(fields, number, path)
        if entry.finess_et in found:
            raise _fault(path, number, "chaque établissement une fois", f"{entry.finess_et} une seconde fois")
        found[entry.finess_et] = entry
    if not found:
        raise SourceDataError(f"{path} : attendu des établissements, trouvé aucune ligne « structureet » ; {_AGAIN}")
    return found


def _entry(fields: list[str], number: int, path: Path) -> Entry:
    if len(fields) <= _LAST:
        raise _fault(path, number, f"au moins {_LAST + 1} champs", f"{len(fields)} champs")
    et, ej = normalise_finess(fields[_ET]), normalise_finess(fields[_EJ])
    if et is None or ej is None:
        raise _fault(path, number, "un FINESS de 9 caractères", "un autre texte")
    name = " ".join((fields[_LONG_NAME] or fields[_NAME]).split())
    return Entry(et, ej, name, fields[_CATEGORY].strip(), fields[_DEPARTMENT].strip(), "")


def _gone(former: pa.Table | None, rows: dict[str, Entry], extract: str, path: Path, target: Path) -> list[Entry]:
    """The ETs that the register had and that the extract lacks."""
    if former is None:
        return []
    missing = [Entry(*row.values()) for row in former.to_pylist() if row["finess_et"] not in rows]
    left = sum(not entry.disparu_le for entry in missing)
    if left * 100 > _LOST_MAX * former.num_rows:
        raise SourceDataError(
            f"{path} : attendu au plus {_LOST_MAX} % d'établissements disparus, trouvé {left} sur {former.num_rows} ; "
            f"l'extrait est sans doute incomplet : {_AGAIN} Sinon, supprimez {target} pour repartir de celui-ci."
        )
    return [entry._replace(disparu_le=entry.disparu_le or extract) for entry in missing]


def _write(target: Path, entries: list[Entry], extract: str) -> None:
    columns = zip(*entries, strict=True)
    schema = SCHEMA.with_metadata({EXTRACT_DATE: extract.encode()})
    table = pa.table([pa.array(values, pa.string()) for values in columns], schema=schema)
    content = io.BytesIO()
    pq.write_table(table, content, compression="zstd")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_synced(target, content.getvalue())
    except OSError:
        raise StateError(f"{target} : écriture impossible ; vérifiez le dossier et la place libre.") from None


def _fault(path: Path, line: int, expected: str, found: str) -> SourceDataError:
    return SourceDataError(f"{path}, ligne {line} : attendu {expected}, trouvé {found} ; {_AGAIN}")
