"""The updates that a site observes from one night to the next, for a DUI that only keeps the last one.

Rule: `docs/lac.md`, « Le journal observé ». Each night gives the last update of every dossier as of the day the source
was read: a value never seen before is an entry. Two updates between two nights leave one entry, the later; so the end
of a window is known when a night saw the dossier after the last update of the window and before the next one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connector.lake.room import enough_room
from connector.model.period import months_before
from connector.scratch import working_folder

FOLDER = "journal"

ENTRIES = pa.schema(
    [
        ("finess_et", pa.string()),
        ("id_dossier", pa.string()),
        ("jour", pa.date32()),  # local date of the update
        ("vu_avant", pa.date32()),  # last day the dossier was read before this value; null: never
    ]
)
DOSSIERS = pa.schema(
    [
        ("finess_et", pa.string()),
        ("id_dossier", pa.string()),
        ("creation", pa.date32()),
        ("vu_le", pa.date32()),  # last day its last update was read; null: never
        ("present_le", pa.date32()),  # last night it was there
        ("present", pa.bool_()),  # whether it was there in this snapshot
        ("illisible", pa.bool_()),  # its date was in the future, or one of a mass update
    ]
)
UPDATES = pa.schema(
    [("finess_et", pa.string()), ("id_dossier", pa.string()), ("horodatage", pa.date32()), ("origine", pa.string())]
)
# What a night gives: the rows of `dossiers`, `vu` the day their source was read, `nuit` that of the collection.
ROWS = pa.schema(
    [
        ("finess_et", pa.string()),
        ("id_dossier", pa.string()),
        ("id_usager", pa.string()),
        ("date_creation", pa.date32()),
        ("date_derniere_maj", pa.date32()),
        ("minute_derniere_maj", pa.int64()),
        ("_rang", pa.int64()),
        ("vu", pa.date32()),
        ("nuit", pa.date32()),
    ]
)


@dataclass(frozen=True)
class Journal:
    """The entries observed so far, and how far each dossier was seen."""

    entries: pa.Table
    dossiers: pa.Table


EMPTY = Journal(ENTRIES.empty_table(), DOSSIERS.empty_table())


def read_journal(snapshot: Path) -> Journal:
    """The journal of a snapshot; empty when it holds none."""
    folder = snapshot / FOLDER
    if not folder.is_dir():
        return EMPTY
    return Journal(pq.read_table(folder / "entrees.parquet"), pq.read_table(folder / "dossiers.parquet"))


def without(journal: Journal, mark: str) -> Journal:
    """The journal without the dossiers whose id holds this mark: under another key, their names are others."""
    parts = (journal.entries, journal.dossiers)
    kept = [part.filter(pc.invert(pc.match_substring(part.column("id_dossier"), mark))) for part in parts]
    return Journal(*kept)


def write_journal(snapshot: Path, journal: Journal) -> None:
    """Keep a journal with its snapshot."""
    folder = snapshot / FOLDER
    folder.mkdir()
    pq.write_table(journal.entries, folder / "entrees.parquet")
    pq.write_table(journal.dossiers, folder / "dossiers.parquet")


# `massive`: twenty dossiers of an ET or more, over half on one minute, as the finding `mise_a_jour_massive` says.
_OBSERVE = """
CREATE TEMP TABLE merged AS
  SELECT finess_et, id_dossier, id_usager, min(vu) AS vu, max(nuit) AS nuit, min(date_creation) AS creation,
         arg_min(date_derniere_maj, _rang) FILTER (date_derniere_maj IS NOT NULL) AS maj,
         arg_min(minute_derniere_maj, _rang) FILTER (minute_derniere_maj IS NOT NULL) AS minute
  FROM lignes GROUP BY ALL;
CREATE TEMP TABLE massive AS
  SELECT finess_et, minute
  FROM (SELECT finess_et, minute, count(DISTINCT id_dossier) AS n FROM merged WHERE minute IS NOT NULL GROUP BY ALL)
  JOIN (SELECT finess_et, count(DISTINCT id_dossier) AS total FROM merged WHERE minute IS NOT NULL GROUP BY ALL)
  USING (finess_et) WHERE total >= 20 AND 2 * n > total;
CREATE TEMP TABLE lus AS
  SELECT merged.*, coalesce(maj > nuit, FALSE) OR massive.minute IS NOT NULL AS illisible
  FROM merged LEFT JOIN massive USING (finess_et, minute);
CREATE TEMP TABLE cette_nuit AS
  SELECT finess_et, id_dossier, min(creation) AS creation, min(vu) AS vu, max(nuit) AS nuit,
         bool_or(illisible) AS illisible
  FROM lus GROUP BY ALL;
"""

_NEW_ENTRIES = """
SELECT finess_et, id_dossier, jour, vu_avant FROM entrees WHERE jour >= $horizon
UNION ALL
SELECT n.finess_et, n.id_dossier, n.maj AS jour, any_value(d.vu_le) AS vu_avant
FROM lus n LEFT JOIN dossiers d USING (finess_et, id_dossier)
WHERE n.maj >= $horizon AND NOT n.illisible AND NOT EXISTS (
  SELECT 1 FROM entrees e WHERE e.finess_et = n.finess_et AND e.id_dossier = n.id_dossier AND e.jour = n.maj)
GROUP BY n.finess_et, n.id_dossier, n.maj
ORDER BY finess_et, id_dossier, jour
"""

_NEW_DOSSIERS = """
SELECT finess_et, id_dossier,
       CASE WHEN n.nuit IS NULL THEN d.creation ELSE n.creation END AS creation,
       CASE WHEN n.nuit IS NULL OR n.illisible THEN d.vu_le ELSE greatest(d.vu_le, n.vu) END AS vu_le,
       greatest(d.present_le, n.nuit) AS present_le,
       n.nuit IS NOT NULL AS present,
       coalesce(n.illisible, d.illisible) AS illisible
FROM dossiers d FULL JOIN cette_nuit n USING (finess_et, id_dossier)
WHERE greatest(d.present_le, n.nuit) >= $oubli
ORDER BY finess_et, id_dossier
"""


def observed(former: Journal, rows: pa.Table, *, horizon: date, forgotten: date) -> Journal:
    """The journal once a night was read; `rows` are of the schema `ROWS`.

    Entries before `horizon` and dossiers not there since `forgotten` are dropped. The same night read twice adds
    nothing.
    """
    with _engine() as engine:
        engine.register("entrees", former.entries)
        engine.register("dossiers", former.dossiers)
        engine.register("lignes", rows)
        engine.execute(_OBSERVE)
        dossiers = _rows(engine, _NEW_DOSSIERS, DOSSIERS, oubli=forgotten)
        entries = _rows(engine, _NEW_ENTRIES, ENTRIES, horizon=horizon)
        engine.register("gardes", dossiers)
        engine.register("toutes", entries)
        kept = "SELECT toutes.* FROM toutes SEMI JOIN gardes USING (finess_et, id_dossier) ORDER BY ALL"
        return Journal(_rows(engine, kept, ENTRIES), dossiers)


def updates(journal: Journal, finess: Collection[str]) -> pa.Table:
    """The rows of `mises_a_jour` that the journal gives for these FINESS as given: dossiers that are there."""
    with _engine() as engine:
        engine.register("entrees", journal.entries)
        engine.register("dossiers", journal.dossiers)
        engine.register("voulus", pa.table({"finess_et": pa.array(sorted(finess), pa.string())}))
        query = """
        SELECT finess_et, id_dossier, jour AS horodatage, 'utilisateur' AS origine
        FROM entrees SEMI JOIN (SELECT * FROM dossiers WHERE present) d USING (finess_et, id_dossier)
        SEMI JOIN voulus USING (finess_et) ORDER BY ALL
        """
        return _rows(engine, query, UPDATES)


_STARTS = """
WITH marques AS (
  SELECT e.finess_et, e.id_dossier, e.jour, e.vu_avant, d.creation, TRUE AS vraie
  FROM entrees e JOIN dossiers d USING (finess_et, id_dossier) WHERE d.present
  UNION ALL
  SELECT finess_et, id_dossier, present_le, vu_le, creation, FALSE FROM dossiers WHERE present AND illisible
), bornees AS (
  SELECT m.*, f.fin, f.mois_avant FROM marques m ASOF JOIN fins f ON m.jour >= f.fin
), precedees AS (
  SELECT *, max(jour) FILTER (vraie) OVER (
    PARTITION BY finess_et, id_dossier ORDER BY fin GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS avant
  FROM bornees
)
SELECT finess_et, min(fin) AS premiere, max(fin) FILTER (
  (vu_avant IS NULL OR vu_avant < fin) AND (avant IS NULL OR avant < mois_avant)
  AND (creation IS NULL OR creation < mois_avant)) AS inconnue
FROM precedees GROUP BY finess_et
"""


def starts(journal: Journal, dates: Collection[date], horizon: date) -> dict[str, date]:
    """`journal_depuis` of each FINESS as given: every window that starts there or later is exactly known.

    The windows are those that end on the first day of a month or on one of `dates`, and last a month or more. The
    start is the last such end of which a dossier may hide an update (read before it, next read after another update,
    and neither updated nor created in the month before it).
    """
    known = (journal.entries.column("jour"), journal.dossiers.column("present_le"))
    spans = [(first, last) for one in known if (first := pc.min(one).as_py()) and (last := pc.max(one).as_py())]
    if not spans:
        return {}
    earliest, latest = min(first for first, _ in spans), max(last for _, last in spans)
    ends = sorted({*_months(earliest, latest), *(day for day in dates if day >= earliest)})
    with _engine() as engine:
        engine.register("entrees", journal.entries)
        engine.register("dossiers", journal.dossiers)
        before = [months_before(day, 1) for day in ends]
        engine.register("fins", pa.table({"fin": pa.array(ends, pa.date32()), "mois_avant": pa.array(before)}))
        found = engine.execute(_STARTS).fetchall()
    return {finess: max(horizon, unknown or first) for finess, first, unknown in found}


def _months(first: date, last: date) -> Iterator[date]:
    day = last.replace(day=1)
    while day >= first.replace(day=1):
        yield day
        day = months_before(day, 1)


@contextmanager
def _engine() -> Iterator[Any]:
    """An engine that keeps what memory cannot hold in a folder of its own, gone when it ends."""
    with working_folder() as scratch:
        engine = duckdb.connect(config={"threads": 2, "memory_limit": "512MB", "temp_directory": str(scratch)})
        try:
            with enough_room(scratch):
                yield engine
        finally:
            engine.close()


def _rows(engine: Any, query: str, schema: pa.Schema, **values: date) -> pa.Table:
    return engine.sql(query, params=values).to_arrow_table().cast(schema)
