"""The floor as a side of the bench, and the comparison of its figures with the program's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import orjson

from tests.bench.process import ROOT, Outcome, watch
from tests.bench.resolve import FLOOR_TABLES

QUERY = ROOT.parent / "shared" / "bench" / "floor.sql"
THREADS = 2
FIRST, MEASURE = date(2025, 1, 1), date(2025, 4, 1)
_SHOWN = 20

# Each indicator with its columns of the floor: numerator, denominator, undetermined.
_COLUMNS = {
    "dossiers_actifs": ("actifs", "accompagnees", "indetermines"),
    "projet_personnalise": ("projet", "actifs", "indetermines"),
    "evenement_agenda": ("agenda", "actifs", "indetermines"),
    "mssante": ("messages", "eligibles", None),
    "dmp": ("dmp", "eligibles", None),
    "ins_qualifiee": ("qualifiees", "accompagnees", None),
    "dui_actifs": ("actifs", None, "indetermines"),
}


def measure(folder: str, memory_limit: str, scratch: str) -> Outcome:
    """Run the query; only the query is timed. Its rows go to `chiffres.json` in `scratch`."""
    limits = {"memory_limit": memory_limit, "threads": THREADS, "temp_directory": scratch}
    with duckdb.connect(config=limits) as connection:
        for table in FLOOR_TABLES:
            path = Path(folder, f"{table}.parquet")
            connection.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet('{path}')")
        query = QUERY.read_text(encoding="utf-8")
        with watch() as outcome:
            done = connection.execute(query, {"a": FIRST, "b": MEASURE})
            rows = done.fetchall()
        names = [column[0] for column in done.description]
    figures = {row[0]: dict(zip(names[1:], row[1:], strict=True)) for row in rows}
    Path(scratch, "chiffres.json").write_bytes(orjson.dumps(figures))
    return outcome | {"etablissements": len(figures)}


def differences(program: Path, floor: Path) -> list[str]:
    """Every result of the program whose integers are not the floor's, in French; the first ones only."""
    counted: dict[str, dict[str, int]] = orjson.loads(floor.read_bytes())
    found = list(_differences(orjson.loads(program.read_bytes()), counted))
    rest = [f"… et {len(found) - _SHOWN} autres différences"] if len(found) > _SHOWN else []
    return found[:_SHOWN] + rest


def _differences(results: list[dict[str, Any]], floor: dict[str, dict[str, int]]) -> Iterator[str]:
    if missing := floor.keys() - {result["finess_et"] for result in results}:
        yield f"{len(missing)} établissements du plancher sans résultat"
    for result in results:
        columns = _COLUMNS.get(result["indicateur"])
        if columns is None:  # its table is not in the data set
            continue
        counts = floor.get(result["finess_et"], {})
        expected = [counts.get(column, 0) if column else None for column in columns]
        got = [result["numerateur"], result["denominateur"], result["indetermines"]]
        if result["motif"] == "denominateur_nul" and expected[1] == 0:
            expected[0] = None
        if got != expected:
            yield f"{result['finess_et']} {result['indicateur']} : {got}, plancher {expected} ({result['calcul']})"
