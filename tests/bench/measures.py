"""The measures and their goals; each gives the lines of the table that it fills."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

from tests.bench import commands, exchanges, floor, large, payloads, sending, sql_server
from tests.bench.lake import lake_folder, pivot_folder
from tests.bench.process import SideFailedError
from tests.bench.resolve import floor_folder
from tests.bench.runs import Bench, Side
from tests.bench.store import warm
from tests.bench.table import Line, rate, seconds, size, times

_MEMORY, _SMALL_MEMORY = "512MB", "256MB"  # the default of the program, and the least it must do with
_ALL, _FLOOR_GOAL = "Tous les indicateurs depuis le lac", "≤ 2 × plancher"
_READ = "tests.bench.sides_exchanges:read"
_TDDUI = "connector.adapters.dui.tddui:TdduiAdapter"
_HL7V2 = "connector.adapters.mssante.hl7v2:Hl7v2Adapter"
_MAILS = "connector.adapters.mssante.courriels:MailAdapter"
_POSTFIX = "connector.adapters.mssante.postfix:PostfixAdapter"
_XDS = "connector.adapters.dmp.xds:XdsAdapter"


def indicators(bench: Bench) -> Iterator[Line]:
    """From the lake to every result judged, beside one hand-written query."""
    lake = lake_folder(bench.store)
    engine = Side("tests.bench.sides_measure:indicators", (lake, _MEMORY), "moteur")
    if floor.QUERY.exists():
        yield _beside_floor(bench, engine)
    else:
        (ours,) = bench.pairs(engine)
        missing = f"{floor.QUERY.name} est absent de {floor.QUERY.parent}"
        detail = {"moteur": ours.told}
        figure = seconds(ours.seconds)
        yield Line(_ALL, figure, _FLOOR_GOAL, "", ours.memory, 800_000_000, missing=missing, detail=detail)
    yield _with_little_memory(bench, lake)


def _beside_floor(bench: Bench, engine: Side) -> Line:
    resolved = floor_folder(bench.store)
    ours, query = bench.pairs(engine, Side("tests.bench.floor:measure", (resolved, _MEMORY), "plancher"))
    ratio = ours.ratio(query)
    return Line(
        _ALL,
        seconds(ours.seconds),
        _FLOOR_GOAL,
        f"{times(ratio)} (plancher {seconds(query.seconds)})",
        ours.memory,
        800_000_000,
        ratio <= 2,
        _different(bench),
        {"moteur": ours.told, "plancher": query.told, "rapport": ratio},
    )


def _different(bench: Bench) -> str:
    """What differs between the figures of the program and the floor's."""
    work = bench.store.folder / "travail"
    found = floor.differences(work / "moteur" / "chiffres.json", work / "plancher" / "chiffres.json")
    for difference in found:
        sys.stderr.write(f"CHIFFRES DIFFÉRENTS : {difference}\n")
    return f"chiffres différents du plancher : {found[0]}" if found else ""


def _with_little_memory(bench: Bench, lake: Path) -> Line:
    (ours,) = bench.pairs(Side("tests.bench.sides_measure:indicators", (lake, _SMALL_MEMORY), "moteur-256"))
    work = bench.store.folder / "travail"
    same = (work / "moteur" / "chiffres.json").read_bytes() == (work / "moteur-256" / "chiffres.json").read_bytes()
    return Line(
        f"Les mêmes, moteur limité à {_SMALL_MEMORY}",
        seconds(ours.seconds),
        "aboutit, mêmes chiffres",
        "mêmes chiffres" if same else "",
        ours.memory,
        None,
        same,
        "" if same else "chiffres différents de ceux de la limite par défaut",
        {"moteur": ours.told},
    )


def csv(bench: Bench) -> Iterator[Line]:
    """From CSV files to a finished `indicateurs.json`, beside a mere conversion to Parquet."""
    folder = pivot_folder(bench.store)
    warm(folder)
    ours, convert = bench.pairs(
        Side("tests.bench.sides_measure:audit", (folder,), "audit"),
        Side("tests.bench.sides_measure:convert", (folder,), "conversion"),
    )
    ratio = ours.ratio(convert)
    yield Line(
        "Des CSV à indicateurs.json",
        seconds(ours.seconds),
        "≤ 4 × CSV → Parquet par DuckDB",
        f"{times(ratio)} (DuckDB {seconds(convert.seconds)})",
        ours.memory,
        1_200_000_000,
        ratio <= 4,
        "",
        {"audit": ours.told, "conversion": convert.told, "rapport": ratio},
    )


def tddui(bench: Bench) -> Iterator[Line]:
    """FHIR resources as lines, beside their full validation; then one large Bundle."""
    folder = exchanges.ndjson(bench.store)
    (number, total), lines = exchanges.volume(folder), exchanges.data(folder)
    warm(lines)
    sample = Side("tests.bench.sides_exchanges:validate", (lines, str(min(number, 4000))))
    ours, parse = bench.pairs(Side(_READ, (_TDDUI, lines)), sample)
    speed = ours.rate(number)
    ratio = number / parse.outcomes[0]["nombre"] / ours.ratio(parse)
    yield Line(
        f"TDDUI, NDJSON ({size(total / number)} par ressource)",
        rate(speed, "ressources"),
        "≥ 60 000/s et ≥ 15 × fhir.resources",
        times(ratio),
        ours.memory,
        None,
        speed >= 60_000 and ratio >= 15,
        "",
        {"lecture": ours.told, "fhir.resources": parse.told, "rapport": ratio},
    )
    yield _large_bundle(bench)


def _large_bundle(bench: Bench) -> Line:
    folder = exchanges.bundle(bench.store)
    number, total = exchanges.volume(folder)
    warm(exchanges.data(folder))
    (ours,) = bench.pairs(Side(_READ, (_TDDUI, exchanges.data(folder))))
    name, figure = f"TDDUI, un Bundle de {size(total)}", rate(ours.rate(number), "ressources")
    return Line(name, figure, "", "", ours.memory, 400_000_000, None, "", {"lecture": ours.told})


def hl7v2(bench: Bench) -> Iterator[Line]:
    """Messages that carry a short document, then a long one."""
    sizes = bench.store.sizes
    for wanted, length, goal in ((sizes.hl7_courts, 2700, 40_000), (sizes.hl7_longs, 100_000, None)):
        folder = exchanges.hl7v2(bench.store, wanted, length)
        number, total = exchanges.volume(folder)
        warm(exchanges.data(folder))
        (ours,) = bench.pairs(Side(_READ, (_HL7V2, exchanges.data(folder))))
        speed = ours.rate(number)
        yield Line(
            f"HL7 v2, messages de {_kilobytes(length)}",
            rate(speed, "messages"),
            "≥ 40 000/s" if goal else "",
            f"{size(ours.rate(total))}/s",
            ours.memory,
            None,
            speed >= goal if goal else None,
            "",
            {"lecture": ours.told},
        )


def _kilobytes(length: int) -> str:
    return f"{length / 1000:g} ko".replace(".", ",")


def xds(bench: Bench) -> Iterator[Line]:
    """Pairs of requests and responses, beside the mere parsing of the same files."""
    folder = exchanges.pairs(bench.store)
    number, files = exchanges.volume(folder).nombre, exchanges.data(folder)
    warm(files)
    ours, parse = bench.pairs(Side(_READ, (_XDS, files)), Side("tests.bench.sides_exchanges:parse", (files,)))
    ratio = 1 / ours.ratio(parse)
    yield Line(
        f"XDS.b, {number} paires",
        rate(ours.rate(number), "paires"),
        "≥ 0,4 × lxml.etree.parse",
        f"{times(ratio)} (lxml {rate(parse.rate(number), 'paires')})",
        ours.memory,
        None,
        ratio >= 0.4,
        "",
        {"lecture": ours.told, "lxml": parse.told, "rapport": ratio},
    )


def journal(bench: Bench) -> Iterator[Line]:
    """Lines of a Postfix log."""
    folder = exchanges.journal(bench.store)
    number, total = exchanges.volume(folder)
    warm(exchanges.data(folder))
    (ours,) = bench.pairs(Side(_READ, (_POSTFIX, exchanges.data(folder))))
    speed = ours.rate(number)
    name, figure = f"Journal Postfix de {size(total)}", rate(speed, "lignes")
    yield Line(name, figure, "≥ 60 000/s", "", ours.memory, 300_000_000, speed >= 60_000, "", {"lecture": ours.told})


def mailbox(bench: Bench) -> Iterator[Line]:
    """An mbox, beside one ten times smaller: the same memory."""
    wanted = bench.store.sizes.courriels
    folder, small = exchanges.mailbox(bench.store, wanted), exchanges.mailbox(bench.store, wanted // 10)
    number, total = exchanges.volume(folder)
    warm(exchanges.data(folder))
    ours, tenth = bench.pairs(*(Side(_READ, (_MAILS, exchanges.data(one))) for one in (folder, small)))
    ratio = ours.memory / tenth.memory
    yield Line(
        f"Boîte mbox de {size(total)}",
        rate(ours.rate(number), "courriels"),
        "mémoire ≤ 1,1 × celle d'une boîte dix fois plus petite",
        times(ratio),
        ours.memory,
        300_000_000,
        ratio <= 1.1,
        "",
        {"lecture": ours.told, "dixième": tenth.told, "rapport": ratio},
    )


def postgresql(bench: Bench) -> Iterator[Line]:
    """From a real server to the lake, beside the batches of the same queries, read and thrown away."""
    name, goal = "PostgreSQL jusqu'au lac", "≥ 0,4 × lots ADBC bruts"
    try:
        with sql_server.filled(bench.store.folder, bench.store.sizes.lignes_sql) as (server, mapping, rows):
            port = str(server.port)
            ours, raw, parquet = bench.pairs(
                Side("tests.bench.sides_sql:collected", (port, mapping), "lac-sql"),
                Side("tests.bench.sides_sql:raw", (port,)),
                Side("tests.bench.sides_sql:parquet", (port,), "parquet-sql"),
            )
    except FileNotFoundError as error:
        yield Line(name, objectif=goal, missing=str(error))
        return
    ratio, written = 1 / ours.ratio(raw), 1 / ours.ratio(parquet)
    yield Line(
        f"{name}, {rows} lignes",
        rate(ours.rate(rows), "lignes"),
        goal,
        f"{times(ratio)} (bruts {rate(raw.rate(rows), 'lignes')}) ; {times(written)} des mêmes écrits en Parquet",
        ours.memory,
        None,
        ratio >= 0.4,
        "" if all(one["lignes"] == rows for one in (*ours.outcomes, *raw.outcomes)) else "des lignes manquent",
        {"lac": ours.told, "bruts": raw.told, "parquet": parquet.told, "rapport": ratio},
    )


MEASURES: dict[str, Callable[[Bench], Iterator[Line]]] = {
    "indicateurs": indicators,
    "csv": csv,
    "tddui": tddui,
    "hl7v2": hl7v2,
    "xds": xds,
    "postfix": journal,
    "courriels": mailbox,
    "envoi": sending.outbox,
    "corps": payloads.bodies,
    "postgresql": postgresql,
    "volumes": large.volumes,
    "commandes": commands.both,
}
_READERS = {"tddui": _TDDUI, "hl7v2": _HL7V2, "xds": _XDS, "postfix": _POSTFIX, "courriels": _MAILS}


def lines_of(name: str, bench: Bench) -> Iterator[Line]:
    """The lines of one measure; what cannot be measured says why instead."""
    reader = _READERS.get(name, "connector.agent:").partition(":")[0]
    try:
        if find_spec(reader) is None:
            yield Line(name, missing=f"{reader} n'existe pas encore")
        else:
            yield from MEASURES[name](bench)
    except SideFailedError as error:
        sys.stderr.write(f"{error}\n")
        yield Line(name, failure=str(error).splitlines()[-1])
