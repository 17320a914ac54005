"""The key of a matricule, one at a time and by whole columns."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st
from stdnum.fr import nir

from connector.model.ins import is_well_formed
from connector.model.ins_columns import well_formed

_STARTS = st.from_regex(r"[0-9]{5}([0-9]{2}|2[AB])[0-9]{6}", fullmatch=True)
_KEYED = _STARTS.map(lambda start: start + nir.calc_check_digits(start))


@given(st.lists(st.one_of(_KEYED, st.from_regex(r"[0-9]{5}([0-9]{2}|2[AB])[0-9]{8}", fullmatch=True), st.text())))
def test_a_column_is_judged_like_each_of_its_values(values: list[str]) -> None:
    """The key is 97 − N mod 97, 2A and 2B read as 19 and 18; any other text is malformed."""
    assert well_formed(pa.array(values, pa.string())).to_pylist() == [is_well_formed(value) for value in values]
