"""The key of the INS of whole columns: the same rule as `ins.is_well_formed`, one pass in Arrow.

Apart from it, so that what reads no column does not load Arrow.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connector.model.ins import CORSICA, SHAPE


def well_formed(matricules: pa.Array) -> pa.Array:
    """`is_well_formed` of a whole column of text without nulls."""
    shaped = pc.match_substring_regex(matricules, f"^{SHAPE}$")
    candidates = matricules.filter(shaped)
    for code, number in CORSICA.items():
        corsican = pc.equal(pc.utf8_slice_codeunits(candidates, 5, 7), code)
        candidates = pc.if_else(corsican, pc.utf8_replace_slice(candidates, 5, 7, number), candidates)
    numbers = pc.utf8_slice_codeunits(candidates, 0, 13).cast(pa.int64()).to_numpy()
    keys = pc.utf8_slice_codeunits(candidates, 13, 15).cast(pa.int64()).to_numpy()
    result = shaped.to_numpy(zero_copy_only=False).copy()
    result[result] = keys == 97 - np.mod(numbers, 97)
    return pa.array(result)
