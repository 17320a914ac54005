"""Which column of an export is one of the pivot, with the evidence of each guess.

A guess is « sûr » only when its values prove what its name says: a key that is right, a format that
reads, codes that are all known, identifiers that join. A name alone is « probable » at best.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from connector.adapters.dui.suggest_profile import Profile, Sheet
from connector.adapters.dui.suggest_words import CODE_WORDS, COLUMN_WORDS, EMPTY_WORDS, OWN_WORD
from connector.adapters.tabular import plain_name, public_name
from connector.model.tables import Column, Kind

SURE, PROBABLE, CHECK = "sûr", "probable", "à vérifier"
ENOUGH = 0.45  # below, a guess is not made
JOINED = 0.9  # of the values of a reference that its table must hold


@dataclass(frozen=True)
class Guess:
    """A column of the export for one of the pivot. `codes` are the export's, None for one whose sense is unknown."""

    column: str
    profile: Profile
    score: float
    confidence: str
    evidence: tuple[str, ...]
    codes: Mapping[str, str | None]
    via: Join | None = None


@dataclass(frozen=True)
class Join:
    """The table that has a column which another lacks: `reference` of this one is `key` of that one."""

    sheet: Sheet
    reference: str
    key: str


def column_guess(
    table: str, column: Column, sheet: Sheet, keys: Mapping[str, tuple[Sheet, Profile]], taken: set[str]
) -> Guess | None:
    """The best column of a table for one of the pivot; weaker when another is nearly as good."""
    candidates = [
        guess
        for one in sheet.columns
        if one.name not in taken and (guess := guess_of(table, column, sheet, one, keys)) and guess.score >= ENOUGH
    ]
    candidates.sort(key=lambda guess: -guess.score)
    if not candidates:
        return None
    best = candidates[0]
    if len(candidates) > 1 and candidates[1].score > best.score - 0.15:
        rival = f"« {public_name(candidates[1].profile.name)} » y ressemble aussi"
        best = replace(best, confidence=at_most(best.confidence, PROBABLE), evidence=(*best.evidence, rival))
    return best


def at_most(confidence: str, limit: str) -> str:
    """The weaker of two confidences."""
    order = (SURE, PROBABLE, CHECK)
    return order[max(order.index(confidence), order.index(limit))]


def guess_of(
    table: str, column: Column, sheet: Sheet, one: Profile, keys: Mapping[str, tuple[Sheet, Profile]]
) -> Guess | None:
    """How well one column fits; None when its values cannot be those of the pivot."""
    name = name_score(table, column, one.words)
    said = f"nom « {public_name(one.name)} »" if name >= 0.5 else ""
    match column.kind:
        case Kind.FINESS:
            return finess_guess(column, one, name, said)
        case Kind.MATRICULE:
            return _shaped(column, one, one.ins, name, said, f"{_percent(one.ins)} de clés INS justes", sole=True)
        case Kind.ADDRESS:
            return _shaped(column, one, one.mail, name, said, f"{_percent(one.mail)} d'adresses", sole=False)
        case Kind.DATE:
            return _date(column, one, name, said)
        case Kind.CODE:
            return _code(table, column, one, name, said)
        case Kind.ID:
            return _identifier(column, sheet, one, name, said, keys)
        case _:
            return _label(column, one, name, said)


def _percent(share: float) -> str:
    return f"{int(share * 100)} %"


def _evidence(*said: str) -> tuple[str, ...]:
    return tuple(word for word in said if word)


def finess_guess(column: Column, one: Profile, name: float, said: str) -> Guess | None:
    """A column of FINESS whose keys are right; `said` is what its name adds."""
    if one.finess < 0.8:
        return None
    legal = "juridique" in one.words
    if legal != (column.name == "finess_ej"):
        return None
    named = name >= 0.5 or "finess" in one.words
    confidence = SURE if one.finess >= 0.98 and named else PROBABLE
    evidence = _evidence(said, f"{_percent(one.finess)} de FINESS à clé juste")
    return Guess(column.name, one, 0.7 + 0.3 * max(name, 0.8 * ("finess" in one.words)), confidence, evidence, {})


def _shaped(
    column: Column, one: Profile, share: float, name: float, said: str, proof: str, *, sole: bool
) -> Guess | None:
    if not one.filled:
        return Guess(column.name, one, 0.5, CHECK, _evidence(said, "aucune valeur"), {}) if name >= 0.8 else None
    if share < 0.8:
        return None
    confidence = SURE if share >= 0.95 and name >= 0.5 else PROBABLE if sole or name >= 0.5 else CHECK
    return Guess(column.name, one, 0.6 + 0.4 * name, confidence, _evidence(said, proof), {})


def _date(column: Column, one: Profile, name: float, said: str) -> Guess | None:
    if name < 0.5:
        return None
    if not one.date:
        return Guess(column.name, one, 0.46, CHECK, _evidence(said, "aucune date lue"), {}) if not one.filled else None
    confidence = SURE if name >= 0.95 else PROBABLE if name >= 0.7 else CHECK
    shown = "dates de la base ou du tableur" if one.date == "vraie date" else f"dates au format {one.date}"
    return Guess(column.name, one, 0.4 + 0.6 * name, confidence, _evidence(said, shown), {})


def _code(table: str, column: Column, one: Profile, name: float, said: str) -> Guess | None:
    if not one.counts:
        return None
    known = CODE_WORDS.get(f"{table}.{column.name}") or CODE_WORDS.get(column.name) or {}
    known = dict.fromkeys(EMPTY_WORDS, "") | known
    codes = {code: known.get(_plain(code), _pivot(column, code, known)) for code in one.counts}
    covered = sum(one.counts[code] for code, pivot in codes.items() if pivot is not None) / one.filled
    if covered < 0.5 and name < 0.8:
        return None
    spelled = all(len(_plain(code)) > 2 and _plain(code) in known for code in codes)
    distinct = len(set(codes.values())) > 1
    confidence = SURE if spelled and distinct and name >= 0.7 else PROBABLE if covered >= 0.9 and name >= 0.5 else CHECK
    proof = f"{_percent(covered)} de codes connus"
    return Guess(column.name, one, 0.5 * name + 0.5 * covered, confidence, _evidence(said, proof), codes)


def _plain(code: str) -> str:
    return " ".join(plain_name(code).replace("_", " ").split())


def _pivot(column: Column, code: str, known: Mapping[str, str]) -> str | None:
    """The pivot's own code, or the only one of which this is the beginning."""
    plain = plain_name(code).replace(" ", "_")
    begun = {pivot for word, pivot in known.items() if len(plain) > 2 and word.startswith(_plain(code))}
    return plain if plain in column.codes else begun.pop() if len(begun) == 1 else None


def _identifier(
    column: Column,
    sheet: Sheet,
    one: Profile,
    name: float,
    said: str,
    keys: Mapping[str, tuple[Sheet, Profile]],
) -> Guess | None:
    if not (one.free or (column.name == "id_message" and one.mail > 0.5)) or not one.filled:
        return None
    if column.name in keys:
        owner, key = keys[column.name]
        if plain_name(key.name) == plain_name(one.name) and {"id", "numero", "code"} & one.words:
            name, said = max(name, 0.9), f"nom « {public_name(one.name)} »"
        if name < 0.4 or (owner is sheet and key.name != one.name):
            return None
        if owner is sheet:
            proof = "une valeur par ligne" if one.key else "la clé à laquelle les autres tables se rapportent"
            confidence = SURE if _referred_at_all(name, one) else PROBABLE
            return Guess(column.name, one, 0.5 + 0.5 * name, confidence, _evidence(said, proof), {})
        shared = len(one.values & key.values) / len(one.values)
        if shared < 0.5 and owner.complete:
            return None
        confidence = SURE if shared >= JOINED and name >= 0.7 else PROBABLE
        proof = f"{_percent(shared)} des valeurs sont dans {public_name(f'{owner.name}.{key.name}')}"
        return Guess(column.name, one, 0.4 * name + 0.6 * shared, confidence, _evidence(said, proof), {})
    if name < 0.4 or (one.counts and len(one.values) < one.filled):
        return None
    confidence = PROBABLE if name >= 0.7 else CHECK
    proof = "une valeur par ligne" if one.key else ""
    return Guess(column.name, one, 0.4 + 0.5 * name + 0.1 * one.key, confidence, _evidence(said, proof), {})


def _referred_at_all(name: float, one: Profile) -> bool:
    return one.key and name >= 0.7


def _label(column: Column, one: Profile, name: float, said: str) -> Guess | None:
    if column.name == "oid_ins":
        proof = f"{_percent(one.oid)} d'OID de l'INS"
        return (
            Guess(column.name, one, 0.9, SURE if name >= 0.5 else PROBABLE, _evidence(said, proof), {})
            if one.oid >= 0.9
            else None
        )
    if column.kind is Kind.ZONE or name < 0.8 or not one.filled or one.date or not one.free:
        return None
    return Guess(column.name, one, 0.3 + 0.4 * name, PROBABLE if name >= 0.95 else CHECK, _evidence(said), {})


def name_score(table: str, column: Column, said: frozenset[str]) -> float:
    """How well a heading says a column: 1 for one of its names, less for each word more; 0 for none of them."""
    own = OWN_WORD.get(table, "")
    best = 0.0
    for way in _ways(table, column):
        bare = said if own in way else said - {own}
        if not way <= (bare or said):
            continue
        free = {"date", "heure", "instant"} if column.kind is Kind.DATE else {"numero", "code", "id"}
        extra = len((bare or said) - way - free)
        best = max(best, 1.0 - 0.3 * extra)
    return max(best, 0.0)


def _ways(table: str, column: Column) -> Iterator[frozenset[str]]:
    yield from COLUMN_WORDS.get(column.name, ())
    own = OWN_WORD.get(table)
    if column.kind is Kind.ID and column.name == f"id_{own}":  # in its own table, « id » is enough
        yield from (frozenset({"id"}), frozenset({"numero"}), frozenset({"code"}))
    if column.name == "finess_et" and table != "etablissements":
        yield frozenset({"etablissement"})
