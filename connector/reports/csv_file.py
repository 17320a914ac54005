"""`indicateurs.csv`: one row per result, every field flat, for spreadsheets and import tools."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from connector.model.result import Measure, Result
from connector.reports.json_file import sort_results
from connector.reports.text import csv_cell

COLUMNS = (
    "programme", "catalogue", "convention", "date_mesure", "finess_et", "raison_sociale", "indicateur",
    "periode_debut", "periode_fin", "calcul", "numerateur", "denominateur", "indetermines", "taux",
    "cible", "cible_atteinte", "manquants", "opposable", "reference", "motif",
    "annuel_numerateur", "annuel_denominateur", "cumul", "parametres",
)  # fmt: skip


def to_csv(measures: Iterable[Measure]) -> bytes:
    """UTF-8 with BOM, `;`, decimal point, ISO dates, yes and no as `oui` and `non`."""
    return csv_bytes(COLUMNS, (row for measure in measures for row in _rows(measure)))


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[object]], before: str = "") -> bytes:
    """A CSV of our dialect; `before` is a line of its own above the header."""
    stream = io.StringIO(newline="")
    if before:
        stream.write(f"{before}\r\n")
    writer = csv.writer(stream, delimiter=";", lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return stream.getvalue().encode("utf-8-sig")


def _rows(measure: Measure) -> Iterator[Sequence[object]]:
    names = {et.finess_et: et.raison_sociale for et in measure.etablissements}
    for result in sort_results(measure):
        fields = _fields(measure, result, names)
        yield [fields[column] for column in COLUMNS]


def _fields(measure: Measure, result: Result, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        **vars(measure),  # programme, catalogue, date_mesure
        **result._asdict(),
        "raison_sociale": names.get(result.finess_et, ""),
        "periode_debut": result.periode.first,
        "periode_fin": result.periode.last,
        "calcul": result.calcul.value,
        "taux": result.taux,
        "manquants": result.manquants,
        "motif": result.motif and result.motif.value,
        "annuel_numerateur": result.annuel and result.annuel.numerateur,
        "annuel_denominateur": result.annuel and result.annuel.denominateur,
        "parametres": result.parametres and orjson.dumps(result.parametres).decode(),
    }


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "oui" if value else "non"
    return csv_cell(value) if isinstance(value, str) else str(value)
