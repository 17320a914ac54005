"""The INS matricule: its shape, its key, and how to find one inside another identifier."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from stdnum.fr import nir

PRODUCTION_OIDS = frozenset({"1.2.250.1.213.1.4.8", "1.2.250.1.213.1.4.9"})

# Whatever has the shape of an INS, whatever its key, with no digit on either side.
EMBEDDED_INS = re.compile(r"(?<![0-9])[1-8][0-9]{4}(?:[0-9]{2}|2[ABab])[0-9]{6}(?:[0-9]{2})?(?![0-9])")
EMBEDDED_INS_RE2 = r"(^|[^0-9])[1-8][0-9]{4}([0-9]{2}|2[ABab])[0-9]{6}([0-9]{2})?($|[^0-9])"
_SHAPE = r"[0-9]{5}(?:[0-9]{2}|2[AB])[0-9]{8}"
_WELL_FORMED = re.compile(_SHAPE, re.ASCII)
_CORSICA = {"2A": "19", "2B": "18"}


def normalise_matricule(text: str) -> str:
    """The matricule without any Unicode blank, in upper case."""
    return "".join(text.split()).upper()


def is_well_formed(matricule: str) -> bool:
    """15 characters whose last two are 97 − N mod 97, 2A and 2B read as 19 and 18.

    The first digit is not tested: temporary numbers exist.
    """
    return bool(_WELL_FORMED.fullmatch(matricule)) and nir.calc_check_digits(matricule) == matricule[13:]


def well_formed(matricules: pa.Array) -> pa.Array:
    """`is_well_formed` of a whole column of text without nulls."""
    shaped = pc.match_substring_regex(matricules, f"^{_SHAPE}$")
    candidates = matricules.filter(shaped)
    for code, number in _CORSICA.items():
        corsican = pc.equal(pc.utf8_slice_codeunits(candidates, 5, 7), code)
        candidates = pc.if_else(corsican, pc.utf8_replace_slice(candidates, 5, 7, number), candidates)
    numbers = pc.utf8_slice_codeunits(candidates, 0, 13).cast(pa.int64()).to_numpy()
    keys = pc.utf8_slice_codeunits(candidates, 13, 15).cast(pa.int64()).to_numpy()
    result = shaped.to_numpy(zero_copy_only=False).copy()
    result[result] = keys == 97 - np.mod(numbers, 97)
    return pa.array(result)
