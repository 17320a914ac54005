"""Checking the internal part of a proof on site: the commitment, then every figure computed again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from connector.config import Convention
from connector.errors import SourceDataError
from connector.evidence.archive import Opened, commitment, persons_csv, tagged
from connector.evidence.arithmetic import FACTS
from connector.evidence.verify import Check
from connector.indicators.coverage import Coverage, Mailboxes
from connector.indicators.engine import open_engine
from connector.indicators.evaluate import Request, Site, WindowMeasure, evaluate
from connector.indicators.facts import Facts
from connector.indicators.figures import background
from connector.indicators.programme import load_programme, terms_of
from connector.indicators.records import Attribution
from connector.lake.writer import Snapshot, SnapshotWriter, lake_schema
from connector.model.directory import Directory
from connector.model.edition_text import result_content
from connector.model.result import Etablissement

Row = dict[str, Any]
_KEYED = ("usagers", "dossiers")


def verify_internal(proof: Opened, lines: Sequence[bytes], seed: bytes, scratch: Path) -> list[Check]:
    """The internal part against the external one, then against the engine.

    Raises:
        SourceDataError: the proof was made with other rules than those of this version.
    """
    same = commitment(lines, seed) == proof.content["engagement"]
    checks = [Check(same, f"engagement : {'la partie interne est celle qui a été signée' if same else 'rompu'}")]
    context, people, tables = _sorted_out(lines)
    written = persons_csv(people, _known(proof))
    checks.append(Check(written == proof.persons, "lignes des personnes : celles de la partie interne"))
    with _recomputed(proof, context, tables, scratch) as (site, window):
        again = [result_content(result) for result in window.results]
        for before, after in zip(context["resultats"], again, strict=True):
            agreement = "recalculé à l'identique" if before == after else "le recalcul donne un autre résultat"
            checks.append(Check(before == after, f"{before['indicateur']} : {agreement}"))
        rows = site.facts.engine.rows(window.persons.order_by("personne"))
        facts = {row["personne"]: [row[fact] for fact in FACTS] for row in rows}
    numbers = {row["_rang"]: rank for rank, row in enumerate(sorted(tables.get("usagers", ()), key=_rank))}
    said = {numbers[person["personne"]]: [person[fact] for fact in FACTS] for person in people}
    checks.append(Check(said == facts, f"{len(people)} personnes : chaque oui et chaque non recalculés"))
    return checks


def _rank(row: Row) -> int:
    return int(row["_rang"])


def _sorted_out(lines: Sequence[bytes]) -> tuple[Row, list[Row], dict[str, list[Row]]]:
    context: Row = {}
    people: list[Row] = []
    tables: dict[str, list[Row]] = {}
    for kind, content in tagged(lines):
        if kind == "contexte":
            context = content
        elif kind == "personne":
            people.append(content)
        else:
            tables.setdefault(kind, []).append(content)
    return context, people, tables


def _known(proof: Opened) -> list[str]:
    """The facts that the external lines tell; without a line it makes no difference."""
    first = proof.persons.decode().splitlines()[1:2]
    return [fact for fact, value in zip(FACTS, first[0].split(";")[1:], strict=True) if value] if first else []


@contextmanager
def _recomputed(
    proof: Opened, context: Row, tables: Mapping[str, list[Row]], scratch: Path
) -> Iterator[tuple[Site, WindowMeasure]]:
    """The measure of the ET made again from its own rows."""
    programme = load_programme(proof.content["programme"])
    if programme.version != proof.content["catalogue"]:
        raise SourceDataError(
            f"Cette preuve suit les règles {proof.content['programme']}@{proof.content['catalogue']}, cette version du "
            f"logiciel celles de {programme.version} : recalculez avec {proof.content['logiciel']}."
        )
    et = _etablissement(context)
    convention = Convention.model_validate(context["convention"]) if context["convention"] else None
    conventions = (convention,) if convention else ()
    day = date.fromisoformat(proof.content["date_mesure"])
    request = Request(programme, day, conventions, first_measure=context["premiere_mesure"])
    sectors = context["secteurs_du_projet"] or [et.secteur]
    terms = terms_of(
        programme, et, sectors, conventions, day, window_kind=None, first_measure=context["premiere_mesure"]
    )
    snapshot = _snapshot(scratch / "lac", et, tables)
    with open_engine(snapshot, memory_limit="512MB", scratch=scratch / "spill") as engine:
        site = _site(Facts(engine, Attribution({}, {}, {et.finess_et: 0}, {}), 1), et, context)
        (window,) = evaluate(site, request, {et.finess_et: terms})
        yield site, window


def _etablissement(context: Row) -> Etablissement:
    days = {"date_convention", "date_vsr", "journal_depuis"}
    said = context["etablissement"]
    known: Row = {
        one.name: date.fromisoformat(said[one.name]) if one.name in days and said[one.name] else said[one.name]
        for one in fields(Etablissement)
        if one.name in said
    }
    start = context["journal"]
    return replace(Etablissement(**known), journal_depuis=date.fromisoformat(start) if start else None)


def _site(facts: Facts, et: Etablissement, context: Row) -> Site:
    finess = et.finess_et
    coverage = Coverage()
    for table, support in context["tables"].items():
        if support != "ABSENT":
            coverage.covered[table].add(finess)
        if support == "IN_ERROR":
            coverage.barred[table].add(finess)
    coverage.wholly_barred = {finess} if context["etablissement_en_erreur"] else set()
    coverage.messages_named = {finess} if context["boite"] else set()
    seen = background(facts, [et], {finess} if context["journal"] else set())
    shared = frozenset({finess} if context["entite_partagee"] else ())
    return Site(facts, Directory({finess: et}, {}, declared=True), coverage, Mailboxes({}), seen, shared)


def _snapshot(folder: Path, et: Etablissement, tables: Mapping[str, list[Row]]) -> Snapshot:
    zones = (et.zone,)
    with SnapshotWriter(folder, zones) as writer:
        for table, rows in tables.items():
            ordered = sorted(rows, key=_rank) if table in _KEYED else rows
            writer.write(table, 0, _batch(lake_schema(table, zones), [_lake_row(table, row, et) for row in ordered]))
        return writer.close()


def _lake_row(table: str, row: Row, et: Etablissement) -> Row:
    """A row as the lake keeps it; messages and deposits have the one local date of their ET."""
    told = {**row, "finess_et": et.finess_et}
    if "jour" in row:
        told["jour_0"] = row["jour"]
    if table == "depots_dmp":
        told["matricule_bien_forme"] = "matricule" in row
    return told


def _batch(schema: pa.Schema, rows: Sequence[Row]) -> pa.RecordBatch:
    arrays = []
    for column in schema:
        values = [row.get(column.name) for row in rows]
        if pa.types.is_date32(column.type):
            values = [date.fromisoformat(value) if value else None for value in values]
        arrays.append(pa.array(values, column.type))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
