"""Declared formats: read whole columns, accept what the standard library accepts and nothing more."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.adapters.dui.mapped_dates import read_dates

FORMATS = ("%d/%m/%Y", "%Y%m%d", "%d.%m.%y", "%d/%m/%Y %H:%M", "%Y-%m-%dT%H:%M:%S", "%d/%m/%Y à %Hh%M")
MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2068, 12, 31, 23, 59))


@given(moment=MOMENTS, form=st.sampled_from(FORMATS))
def test_what_a_format_writes_it_reads(moment: datetime, form: str) -> None:
    """To the minute, or to the day when the format has no hour."""
    expected = moment.strftime("%Y-%m-%dT%H:%M" if "%H" in form else "%Y-%m-%d")
    assert read_dates(pa.array([moment.strftime(form), None]), [form]).to_pylist() == [expected, None]


@given(text=st.text("0123456789/.: -Tàh", max_size=20), form=st.sampled_from(FORMATS))
def test_nothing_is_read_that_the_standard_library_refuses(text: str, form: str) -> None:
    """A value read is the one that `strptime` reads."""
    (read,) = read_dates(pa.array([text]), [form]).to_pylist()
    if read is not None:
        assert datetime.fromisoformat(read) == datetime.strptime(text.strip(), form).replace(second=0)


@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        ("%d/%m/%Y", "1/2/2025", "2025-02-01"),
        ("%d/%m/%Y", " 01/02/2025 ", "2025-02-01"),
        ("%d/%m/%Y", "29/02/2024", "2024-02-29"),
        ("%d/%m/%Y", "29/02/2025", None),
        ("%d/%m/%Y", "2025-02-01", None),
        ("%d/%m/%Y", "01/02/25", None),
        ("%d/%m/%Y", "01/02/2025 10:00", None),
        ("%d/%m/%y", "01/02/68", "2068-02-01"),
        ("%d/%m/%y", "01/02/69", "1969-02-01"),
        ("%Y%m%d", "2025121", None),  # the 21st of January, or the 1st of December?
        ("%d/%m/%Y %H:%M", "01/02/2025 9:05", "2025-02-01T09:05"),
        ("%d/%m/%Y %H:%M", "01/02/2025 9:5", None),
        ("%d/%m/%Y %H:%M", "01/02/2025 24:00", None),
        ("%Y-%m-%dT%H:%M:%S.%f%z", "2025-02-01T09:05:59.123+01:00", "2025-02-01T09:05+01:00"),
        ("%d%%%m%%%Y", "01%02%2025", "2025-02-01"),
    ],
)
def test_a_value_is_of_the_format_or_it_is_not(form: str, text: str, expected: str | None) -> None:
    """One digit may stand for two where nothing else touches it; nothing is guessed."""
    assert read_dates(pa.array([text]), [form]).to_pylist() == [expected]


def test_the_first_format_that_reads_a_value_wins() -> None:
    """Each value is tried with the formats in order."""
    column = pa.array(["01/02/2025", "01/02/2025 10:00", "x", None])
    assert read_dates(column, ["%d/%m/%Y %H:%M", "%d/%m/%Y"]).to_pylist() == [
        "2025-02-01",
        "2025-02-01T10:00",
        None,
        None,
    ]
    assert read_dates(column, []).to_pylist() == [None] * 4
