"""Sides of the measuring engine: all indicators from the lake, and CSV to `indicateurs.json`."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from unittest.mock import patch

import duckdb
import ibis.backends.duckdb
import orjson

from connector import agent
from connector.agent import Asked
from connector.config import Settings
from connector.indicators.evaluate import evaluate, in_order, terms_by_et
from connector.indicators.programme import load_programme
from connector.reports.json_file import to_json
from tests.bench.floor import MEASURE, THREADS
from tests.bench.lake import collected, open_lake, with_memory
from tests.bench.process import Outcome, stages, watch
from tests.lib.run import KEY, as_entry, source

_ENGINE_STAGES = {
    "preparation": "connector.agent.prepare",
    "identites": "connector.indicators.evaluate.Facts",
    "fond": "connector.indicators.evaluate.background",
    "personnes": "connector.indicators.evaluate.persons_table",
    "comptes": "connector.indicators.evaluate.figures",
}  # judging is what remains of `evaluation`: watching 36 000 calls would cost more than they do
_CSV_STAGES = {
    "collecte": "connector.agent.collect",
    "collecte_normalise": "connector.collect.normalise",
    "collecte_pseudonymise": "connector.pseudonymise.Pseudonymiser.replace",
    "collecte_parquet": "connector.lake.writer.SnapshotWriter.write",
    "preparation": "connector.agent.prepare",
    "evaluation": "connector.agent.evaluate",
    "examen": "connector.agent.examine",
    "constats": "connector.agent.record_findings",
    "constats_messages": "connector.agent.message_findings",
    "plafonds": "connector.agent.ceilings",
    "rapport": "tests.bench.sides_measure.to_json",
}


def _import_late() -> None:
    """Import what libraries put off until their first use: a measure begins after imports."""
    ibis.backends.duckdb.Backend()


def _asked() -> Asked:
    return Asked(load_programme("esms-2025"), (MEASURE,))


def indicators(lake: str, memory_limit: str, scratch: str) -> Outcome:
    """From the Parquet files to every result judged; the results go to `chiffres.json` in `scratch`."""
    known, asked, settings = collected(Path(lake)), _asked(), with_memory(memory_limit)
    _import_late()
    with stages(**_ENGINE_STAGES) as found, watch() as outcome:
        start = perf_counter()
        with open_lake(known, settings, Path(scratch)) as site:
            opened = perf_counter()
            request = agent.request_at(site, settings, asked, 0, asked.dates)
            windows = evaluate(site, request, terms_by_et(site, request))
            results = in_order(windows, request.programme)
            found.add("evaluation", perf_counter() - opened)
    found.add("ouverture_et_preparation", opened - start)
    Path(scratch, "chiffres.json").write_bytes(orjson.dumps([as_entry(result) for result in results]))
    return outcome | {"resultats": len(results), "etapes": found.told}


def audit(folder: str, scratch: str) -> Outcome:
    """From the CSV files to a finished `indicateurs.json`, findings included; no other report."""
    sources, asked, settings = [source("pivot", Path(folder))], _asked(), Settings()
    _import_late()
    target = Path(scratch, "indicateurs.json")
    with (
        stages(**_CSV_STAGES) as found,
        patch("connector.agent.worklist", return_value=()),
        watch() as outcome,
        agent.open_site(sources, settings, KEY, Path(scratch)) as (site, known),
    ):
        result = agent.audit(site, known, settings, asked)
        target.write_bytes(to_json(result.measures[-1]))
    return outcome | {"octets": target.stat().st_size, "fautes": result.faulty, "etapes": found.told}


def convert(folder: str, scratch: str) -> Outcome:
    """The yardstick: DuckDB rewriting each CSV file as Parquet, every column as text."""
    with duckdb.connect(config={"threads": THREADS}) as connection, watch() as outcome:
        for path in sorted(Path(folder).glob("*.csv")):
            target = Path(scratch, path.with_suffix(".parquet").name)
            connection.execute(
                f"COPY (SELECT * FROM read_csv('{path}', delim = ';', header = true, all_varchar = true))"
                f" TO '{target}' (FORMAT parquet)"
            )
    return outcome
