"""Bodies of submissions: 4 000 editions in each format, beside the full validation of the same reports."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.process import Outcome, watch
from tests.bench.runs import Bench, Side
from tests.bench.table import Line, rate, times


def bodies(bench: Bench) -> Iterator[Line]:
    """A run of the service builds one body per ET and destination: under 30 s of processor for 4 000, under 200 MB."""
    number = bench.store.sizes.etablissements
    sample = Side("tests.bench.payloads:validated", (str(min(number, 400)),))
    for format_, secrecy in (("fhir", "0"), ("fhir", "11"), ("adx", "0"), ("dhis2", "0"), ("csv", "0")):
        (ours,) = bench.pairs(Side("tests.bench.payloads:built", (format_, secrecy, str(number))))
        spent = sum(float(one["processeur"]) for one in ours.outcomes) / len(ours.outcomes)
        detail = {"écriture": ours.told}
        told = ""
        if (format_, secrecy) == ("fhir", "0"):
            (full,) = bench.pairs(sample)
            detail["validation complète"] = full.told
            told = f"{times(ours.rate(number) / full.rate(full.outcomes[0]['nombre']))} une validation complète"
        name = f"{number} corps {format_}" + (", petits nombres tus" if secrecy != "0" else "")
        within = spent < 30 * number / 4000
        figure = rate(ours.rate(number), "corps")
        yield Line(name, figure, "< 30 s de processeur pour 4 000", told, ours.memory, 200_000_000, within, "", detail)


def built(format_: str, secrecy: str, number: str) -> Outcome:
    """The bodies of `number` ETs whose figures differ."""
    from connector.publish.payload import build
    from tests.lib.editions import destination, edition, results

    wanted = destination(format_, secret_en_dessous=int(secrecy))
    editions = [
        edition(
            finess_et=f"97{rank:07d}",
            resultats=tuple(
                one._replace(numerateur=one.numerateur and one.numerateur - rank % 7, cumul=one.cumul and rank)
                for one in results()
            ),
        )
        for rank in range(int(number))
    ]
    with watch() as outcome:
        for one in editions:
            build(one, wanted)
    return outcome


def validated(number: str) -> Outcome:
    """The yardstick: every report through the whole model of fhir.resources, instead of its shape once."""
    import orjson
    from fhir.resources.R4B.measurereport import MeasureReport

    from connector.publish.payload import build
    from tests.lib.editions import destination, edition

    body = build(edition(), destination("fhir")).body
    MeasureReport.model_validate(orjson.loads(body))  # what a model builds at its first use is not measured
    with watch() as outcome:
        for _ in range(int(number)):
            MeasureReport.model_validate(orjson.loads(body))
    return outcome | {"nombre": int(number)}
