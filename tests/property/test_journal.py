"""The journal that a site observes never claims what it cannot know, whatever was updated and whichever nights ran."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connector.lake.journal import EMPTY, ROWS, Journal, observed, starts
from connector.model.period import months_before

START = datetime(2025, 1, 1)
DAYS = 125
ENDS = [date(2025, month, 1) for month in (2, 3, 4, 5)]
HORIZON, NEVER = date(2000, 1, 1), date(1990, 1, 1)

moments = st.integers(0, DAYS * 8).map(lambda rank: START + timedelta(hours=3 * rank))
dossiers = st.lists(st.tuples(st.lists(moments, max_size=6), st.booleans()), min_size=1, max_size=4)
nights = st.lists(st.integers(0, DAYS), min_size=1, max_size=6).map(lambda days: sorted(set(days)))
around_ends = st.lists(st.sampled_from([30, 31, 32, 58, 59, 60, 90, 91]), min_size=2).map(
    lambda days: sorted(set(days))
)


def _row(rank: int, updates: list[datetime], born: bool, at: datetime) -> dict[str, object] | None:
    """What an export says of a dossier at an instant; one that is `born` exists from its first update on."""
    known = [one for one in updates if one < at]
    if born and not known:
        return None
    return {
        "finess_et": "750000044",
        "id_dossier": f"d{rank}",
        "id_usager": f"u{rank}",
        "date_creation": min(updates).date() if born else date(2020, 1, 1),
        "date_derniere_maj": max(known).date() if known else None,
        "minute_derniere_maj": None,
        "_rang": rank,
        "vu": at.date(),
        "nuit": at.date(),
    }


def _read(journal: Journal, known: list[tuple[list[datetime], bool]], at: datetime) -> tuple[Journal, pa.Table]:
    rows = [row for rank, one in enumerate(known) if (row := _row(rank, *one, at))]
    table = pa.Table.from_pylist(rows, schema=ROWS)
    return observed(journal, table, horizon=HORIZON, forgotten=NEVER), table


@settings(deadline=None, max_examples=30)
@example(known=[([START + timedelta(days=2)], False)], days=[3, 45], hour=2)
@example(
    known=[([START + timedelta(days=30, hours=9), START + timedelta(days=31, hours=9)], False)], days=[20, 33], hour=2
)
@given(known=dossiers, days=st.one_of(nights, around_ends), hour=st.sampled_from([0, 2, 22]))
def test_what_the_journal_says_is_true(known: list[tuple[list[datetime], bool]], days: list[int], hour: int) -> None:
    """Counted means updated; not counted and not undetermined means not updated (`mis_a_jour`, `indetermines`)."""
    journal = EMPTY
    for day in days:
        at = START + timedelta(days=day, hours=hour)
        journal, last = _read(journal, known, at)
    again, _ = _read(journal, known, at)
    assert again == journal
    since = starts(journal, (), HORIZON).get("750000044")
    entries = {(row["id_dossier"], row["jour"]) for row in journal.entries.to_pylist()}
    for end in (one for one in ENDS if datetime.combine(one, datetime.min.time()) <= at):
        for months in (1, 3):
            first = months_before(end, months)
            for row in last.to_pylist():
                rank = int(row["id_dossier"][1:])
                truth = any(first <= one.date() < end for one in known[rank][0])
                within = [day for name, day in entries if name == row["id_dossier"] and first <= day < end]
                created = first <= row["date_creation"] < end
                maj = row["date_derniere_maj"]
                covered = since is not None and since <= first
                counted = bool(within) or created or (not covered and maj is not None and first <= maj < end)
                unknown = not covered and not counted and maj is not None and maj >= end
                assert not counted or truth or created
                assert counted or unknown or not truth


def test_a_dossier_touched_every_day_is_known_from_its_first_month() -> None:
    """With a night each day, a dossier left alone all January is not one that nobody can know."""
    touched = [START + timedelta(days=day, hours=10) for day in range(80)]
    left = [datetime(2024, 12, 20), datetime(2025, 2, 10, 10)]
    journal = EMPTY
    for day in (0, 1, 29, 30, 31, 32, 41):
        journal, _ = _read(journal, [(touched, False), (left, False)], START + timedelta(days=day, hours=2))
    assert starts(journal, (), HORIZON) == {"750000044": date(2024, 12, 1)}
