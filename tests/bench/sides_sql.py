"""Sides of the database: the program from the server to its lake, and batches of ADBC from the same queries."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
from adbc_driver_postgresql import dbapi

from connector.adapters.dui.sql import SqlAdapter
from connector.adapters.dui.sql_adbc import _postgres_uri
from connector.adapters.dui.sql_options import SqlOptions
from connector.collect import Source, collect
from connector.config import Settings, SourceSettings
from connector.pseudonymise import Pseudonymiser
from tests.bench.process import Outcome, watch
from tests.bench.sql_server import queries
from tests.lib.run import KEY
from tests.lib.servers import DATABASE, READER, SECRET


def _options(port: str) -> dict[str, object]:
    told = {"base": "postgresql", "hote": "127.0.0.1", "port": int(port), "base_de_donnees": DATABASE}
    return told | {"utilisateur": READER, "mot_de_passe": "env:MDP_DUI"}


def _connected(port: str) -> dbapi.Connection:
    return dbapi.connect(_postgres_uri(SqlOptions.model_validate(_options(port)), SECRET))


def collected(port: str, mapping: str, scratch: str) -> Outcome:
    """From the server to a snapshot of Parquet files, checked and pseudonymised."""
    settings = SourceSettings.model_validate({"nom": "DUI", "type": "sql", "mapping": Path(mapping)} | _options(port))
    with watch() as outcome:
        known = collect(
            [Source(SqlAdapter, "DUI", (), settings)], Settings(), Pseudonymiser(KEY), Path(scratch) / "lake"
        )
    (inventory,) = known.inventories
    return outcome | {"lignes": sum(inventory.lignes.values()), "problemes": inventory.problemes}


def raw(port: str) -> Outcome:
    """The batches of the same queries, each thrown away as it comes."""
    rows = 0
    with (
        dbapi.connect(_postgres_uri(SqlOptions.model_validate(_options(port)), SECRET)) as connection,
        watch() as outcome,
    ):
        for query in queries():
            with connection.cursor() as cursor:
                cursor.execute(query)
                rows += sum(batch.num_rows for batch in cursor.fetch_record_batch())
    return outcome | {"lignes": rows}


def parquet(port: str, scratch: str) -> Outcome:
    """The same batches, written as Parquet as they come."""
    rows = 0
    with (
        dbapi.connect(_postgres_uri(SqlOptions.model_validate(_options(port)), SECRET)) as connection,
        watch() as outcome,
    ):
        for rank, query in enumerate(queries()):
            with connection.cursor() as cursor:
                cursor.execute(query)
                batches = cursor.fetch_record_batch()
                with pq.ParquetWriter(Path(scratch, f"{rank}.parquet"), batches.schema) as writer:
                    for batch in batches:
                        writer.write_batch(batch)
                        rows += batch.num_rows
    return outcome | {"lignes": rows}
