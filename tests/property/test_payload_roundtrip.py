"""Whatever an edition holds, every format says exactly what may leave of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone

from hypothesis import given, settings
from hypothesis import strategies as st

from connector.model.edition import Edition
from connector.model.findings import FINDINGS, Finding
from connector.model.period import Period
from connector.model.result import Annuel, Calcul, Motif, Result
from connector.publish.disclosure import disclose
from connector.publish.payload import build, parse
from connector.publish.payload.workbook import to_xlsx
from connector.publish.terms import BASES, CODES, COHORT, PROPORTION, form_of
from tests.lib.editions import ET, destination, edition

DAYS = st.dates(date(2021, 1, 1), date(2030, 12, 31))
COUNTS = st.integers(0, 30) | st.integers(0, 10**6)
MAYBE = st.none() | COUNTS
# Text as people write it, and text that breaks formats: quotes, separators, controls, formulas, lone surrogates.
TEXTS = st.text(max_size=40) | st.sampled_from(
    [
        "",
        "secret",
        "=1+1",
        "'=1+1",
        "'",
        'a;b="c"; d=e',
        "a\\",
        'x="',
        "\ud800",
        "  ",
        "é" * 600,
        "\u2028",
        "]]>",
        "&amp;",
    ]
)


@st.composite
def results(draw: st.DrawFn, code: str) -> Result:
    """Any result, consistent or not: what is written must be what is read."""
    first = draw(DAYS)
    d = None if form_of(code) == COHORT else draw(MAYBE)  # a count alone has none
    n = draw(MAYBE) if d is None or form_of(code) != PROPORTION else draw(st.none() | st.integers(0, d))
    annual = draw(st.none() | st.builds(Annuel, MAYBE, MAYBE))
    base = draw(st.none() | st.sampled_from(BASES))
    return Result(
        finess_et=ET,
        indicateur=code,
        convention=None,
        periode=Period(first, first + timedelta(days=draw(st.integers(1, 400)))),
        calcul=draw(st.sampled_from(Calcul)),
        numerateur=n,
        denominateur=d,
        indetermines=draw(MAYBE),
        cible=draw(st.none() | st.integers(0, 100)),
        cible_atteinte=draw(st.none() | st.booleans()),
        opposable=draw(st.booleans()),
        reference=draw(st.none() | TEXTS),
        motif=draw(st.none() | st.sampled_from(Motif)),
        annuel=annual,
        cumul=draw(MAYBE),
        parametres={"denominateurs": {code: base}} if base else None,
    )


@st.composite
def editions(draw: st.DrawFn) -> Edition:
    """Any edition of some indicators."""
    codes = draw(st.lists(st.sampled_from(CODES), min_size=1, unique=True))
    offset = timezone(timedelta(minutes=draw(st.integers(-12 * 4, 14 * 4)) * 15))
    moment = draw(st.datetimes(datetime(2021, 1, 1), datetime(2030, 1, 1), timezones=st.just(offset)))
    first = draw(DAYS)
    return replace(
        edition(),
        finess_ej=draw(st.sampled_from(["", "970300018"])),
        raison_sociale=draw(TEXTS),
        convention=draw(st.none() | TEXTS),
        debut=first,
        fin=first + timedelta(days=draw(st.integers(0, 400))),
        date_mesure=draw(DAYS),
        revision=draw(st.integers(1, 40)),
        motif_revision=draw(TEXTS),
        etabli_le=moment,
        resultats=tuple(draw(results(code)) for code in codes),
        constats=tuple(
            draw(st.lists(st.builds(Finding, st.just(ET), st.sampled_from(sorted(FINDINGS)), COUNTS), max_size=4))
        ),
        sources=tuple(draw(st.lists(st.from_regex(r"sha256:[0-9a-f]{64}", fullmatch=True), max_size=2, unique=True))),
    )


@settings(deadline=None, max_examples=60)
@given(given_edition=editions(), threshold=st.sampled_from([0, 2, 11]))
def test_every_format_reads_back_as_what_may_leave(given_edition: Edition, threshold: int) -> None:
    """FHIR, ADX, DHIS2, the flat file and the workbook say the same thing, for any text and any figure."""
    declared = disclose(given_edition, threshold)
    for format_ in ("fhir", "adx", "dhis2", "csv"):
        assert parse(build(given_edition, destination(format_, secret_en_dessous=threshold)).body, format_) == declared
    assert parse(to_xlsx(declared), "xlsx") == declared


@settings(deadline=None, max_examples=60)
@given(given_edition=editions(), format_=st.sampled_from(["fhir", "adx", "dhis2", "csv"]), data=st.data())
def test_half_a_body_is_never_a_declaration(given_edition: Edition, format_: str, data: st.DataObject) -> None:
    """A body cut anywhere is refused, except between two whole rows of a flat file, which are whole."""
    body = build(given_edition, destination(format_)).body
    cut = body[: data.draw(st.integers(0, len(body) - 1))]
    whole = disclose(given_edition)
    try:
        read = parse(cut, format_)
    except ValueError:
        return
    assert replace(read, lignes=()) == replace(whole, lignes=())
    assert read.lignes in (whole.lignes, whole.lignes[: cut.count(b"\n") - 1])
