"""Fictional but well-keyed numbers: FINESS and INS matricules.

Each is a one-to-one function of (graine, rank): no two ETs and no two persons of a demo
share a number, nobody has to remember what was given, and ET n never depends on the total.
"""

from __future__ import annotations

from random import Random

from stdnum.fr import nir

from connector.model.finess import has_valid_key

# The eight designed ETs come first: a leading 0, a letter, and two zones of their own.
_FIRST = ("01", "2A", "9703", "9706", "38", "59", "75", "33")
_ALL = (*(f"{number:02}" for number in range(1, 96) if number != 20), "2B", "9701", "9702", "9704")
DEPARTEMENTS = (*_FIRST, *(prefix for prefix in _ALL if prefix not in _FIRST))
_PER_DEPARTEMENT = 1000
MAX_ETABLISSEMENTS = _PER_DEPARTEMENT * len(DEPARTEMENTS)

_ET, _EJ = "9", "8"  # leading digit of the serial: keeps both kinds apart
_ETS_PER_EJ = 3

# Places of birth inside a matricule; 97 and 99 are overseas and abroad.
_LIEUX = (*(f"{number:02}" for number in range(1, 96) if number != 20), "2A", "2B", "97", "99")
_SPACE = 12 * len(_LIEUX) * 899 * 999
_SPREAD = 479_001_599  # prime, hence coprime with _SPACE: neighbours get distant numbers
PERSONS_PER_ET = 8192  # 8192 x MAX_ETABLISSEMENTS stays below _SPACE


def _finess(graine: int, rank: int, kind: str) -> str:
    serial, place = divmod(rank, len(DEPARTEMENTS))
    prefix = DEPARTEMENTS[place]
    filler = "00" if len(prefix) == 2 else ""  # metropolitan numbers start with « DD0 »
    body = f"{prefix}{filler[:1]}{kind}{filler[1:]}{(serial * 37 + graine * 11) % _PER_DEPARTEMENT:03}"
    # The Luhn rule of Corsican numbers is not published: their letter is read as 0.
    digits = body.replace("A", "0").replace("B", "0")
    key = next(key for key in "0123456789" if has_valid_key(digits + key))
    return body + key


def finess_et(graine: int, rank: int) -> str:
    """FINESS of an ET, with its Luhn key."""
    return _finess(graine, rank, _ET)


def finess_ej(graine: int, rank: int) -> str:
    """FINESS of the legal entity of an ET: three neighbours share one."""
    return _finess(graine, rank - rank % _ETS_PER_EJ, _EJ)


def matricule(rng: Random, graine: int, index: int, naissances: range) -> str:
    """A matricule of 15 characters with its key, whose sex and year of birth are drawn."""
    value = (index * _SPREAD + graine * 7919) % _SPACE
    value, mois = divmod(value, 12)
    value, lieu = divmod(value, len(_LIEUX))
    ordre, commune = divmod(value, 899)
    annee = rng.choice(naissances) % 100
    number = f"{rng.choice('12')}{annee:02}{mois + 1:02}{_LIEUX[lieu]}{commune + 1:03}{ordre + 1:03}"
    return number + str(nir.calc_check_digits(number))
