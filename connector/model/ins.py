"""The INS matricule: its shape, its key, and how to find one inside another identifier."""

from __future__ import annotations

import re

from stdnum.fr import nir

PRODUCTION_OIDS = frozenset({"1.2.250.1.213.1.4.8", "1.2.250.1.213.1.4.9"})

# Whatever has the shape of an INS, whatever its key, with no digit on either side.
EMBEDDED_INS = re.compile(r"(?<![0-9])[1-8][0-9]{4}(?:[0-9]{2}|2[ABab])[0-9]{6}(?:[0-9]{2})?(?![0-9])")
EMBEDDED_INS_RE2 = r"(^|[^0-9])[1-8][0-9]{4}([0-9]{2}|2[ABab])[0-9]{6}([0-9]{2})?($|[^0-9])"
_GAP = r"[\s./_-]{0,3}"
# The same as people write it: blanks, dots or hyphens between its groups.
WRITTEN_INS = re.compile(
    rf"(?<![0-9])[1-8]{_GAP}[0-9]{{2}}{_GAP}[0-9]{{2}}{_GAP}(?:[0-9]{{2}}|2[ABab]){_GAP}[0-9]{{3}}{_GAP}[0-9]{{3}}"
    rf"(?:{_GAP}[0-9]{{2}})?(?![0-9])"
)
SHAPE = r"[0-9]{5}(?:[0-9]{2}|2[AB])[0-9]{8}"
_WELL_FORMED = re.compile(SHAPE, re.ASCII)
CORSICA = {"2A": "19", "2B": "18"}


def normalise_matricule(text: str) -> str:
    """The matricule without any Unicode blank, in upper case."""
    return "".join(text.split()).upper()


def is_well_formed(matricule: str) -> bool:
    """15 characters whose last two are 97 − N mod 97, 2A and 2B read as 19 and 18.

    The first digit is not tested: temporary numbers exist.
    """
    return bool(_WELL_FORMED.fullmatch(matricule)) and nir.calc_check_digits(matricule) == matricule[13:]
