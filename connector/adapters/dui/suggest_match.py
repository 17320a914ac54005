"""Which table and which column of an export is which of the pivot, with the evidence of each guess.

A guess is « sûr » only when its values prove what its name says: a key that is right, a format that
reads, codes that are all known, identifiers that join. A name alone is « probable » at best.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from connector.adapters.dui.suggest_profile import Profile, Sheet
from connector.adapters.dui.suggest_words import (
    ALLOWED_BESIDE,
    CODE_WORDS,
    COLUMN_WORDS,
    EMPTY_WORDS,
    MEANINGS,
    OWN_WORD,
    TABLE_WORDS,
    words,
)
from connector.adapters.tabular import plain_name
from connector.model.tables import TABLES, Column, Kind

SURE, PROBABLE, CHECK = "sûr", "probable", "à vérifier"
_ENOUGH = 0.45  # below, a guess is not made
_JOIN = 0.9  # of the values of a reference that its table must hold


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


@dataclass(frozen=True)
class TableGuess:
    """A table of the export for one of the pivot."""

    table: str
    sheet: Sheet
    named: bool
    score: float
    guesses: tuple[Guess, ...]

    def of(self, column: str) -> Guess | None:
        return next((guess for guess in self.guesses if guess.column == column), None)


def suggest(sheets: Sequence[Sheet]) -> list[TableGuess]:
    """The best table for each of the pivot, in the order of the pivot; none where nothing is like it."""
    sheets = _without_prefixes(sheets)
    keys = _keys(sheets)
    found = []
    for table in TABLES:
        candidates = [one for sheet in sheets if (one := _table(table, sheet, sheets, keys))]
        if candidates:
            found.append(max(candidates, key=lambda one: (one.score, one.sheet.rows)))
    return _settled(found)


def _without_prefixes(sheets: Sequence[Sheet]) -> list[Sheet]:
    """What most columns of a table begin with stands for what the table holds, there and in the other tables."""
    meant = {}
    for sheet in sheets:
        tables = [table for table in TABLES if _named(table, sheet.words)]
        first = Counter(plain_name(column.name).partition("_")[0] for column in sheet.columns if "_" in column.name)
        for prefix, times in first.most_common(1):
            if len(tables) == 1 and times > len(sheet.columns) / 2 and len(words(prefix) & MEANINGS) == 0:
                meant[prefix] = OWN_WORD[tables[0]]
    return [replace(sheet, columns=tuple(_read_again(column, meant) for column in sheet.columns)) for sheet in sheets]


def _read_again(column: Profile, meant: Mapping[str, str]) -> Profile:
    known = {meant[word] for word in column.words if word in meant}
    return replace(column, words=(column.words - meant.keys()) | known) if known else column


def _settled(found: Sequence[TableGuess]) -> list[TableGuess]:
    """One table of the export for two of the pivot is kept only where its name says so."""
    kept = []
    for one in found:
        rivals = [other for other in found if other.sheet is one.sheet and other is not one]
        if one.named or (
            all(other.score < one.score for other in rivals if not other.named)
            and not any(other.named for other in rivals)
        ):
            kept.append(one)
    return kept


def _keys(sheets: Sequence[Sheet]) -> dict[str, tuple[Sheet, Profile]]:
    """The column that identifies a person, a record: of its own table, the one that other tables refer to."""
    keys = {}
    for table, word, column in (("usagers", "usager", "id_usager"), ("dossiers", "dossier", "id_dossier")):
        best: tuple[float, Sheet, Profile] | None = None
        for sheet in sheets:
            if not _named(table, sheet.words) or not any(word in one.words or one.key for one in sheet.columns):
                continue
            for one in sheet.columns:
                if (
                    not one.free
                    or one.counts
                    or not one.filled
                    or (sheet.complete and not one.key and table == "usagers")
                ):
                    continue
                score = _name_score(table, TABLES[table].by_name[column], one.words) + _referred(
                    one, sheet, sheets, word
                )
                if best is None or score > best[0]:
                    best = (score, sheet, one)
        if best and best[0] >= _ENOUGH:
            keys[column] = best[1:]
    return keys


def _referred(one: Profile, sheet: Sheet, sheets: Sequence[Sheet], word: str) -> float:
    """How many columns of other tables, of this word, hold values of this column: two are enough."""
    held = [other for table in sheets if table is not sheet for other in table.columns if word in other.words]
    joined = [other for other in held if other.filled and len(other.values & one.values) >= _JOIN * len(other.values)]
    return min(len(joined), 2) * 0.6


def _table(
    table: str, sheet: Sheet, sheets: Sequence[Sheet], keys: Mapping[str, tuple[Sheet, Profile]]
) -> TableGuess | None:
    named = _named(table, sheet.words)
    guesses: list[Guess] = []
    for column in TABLES[table].columns:
        best = _column(table, column, sheet, keys, taken={guess.profile.name for guess in guesses})
        if best is None and column.name == "finess_et":
            best = _joined_finess(sheet, sheets)
        if best is None and named and column.required and column.kind is Kind.DATE:
            best = _only_date(column, sheet)
        if best:
            guesses.append(best)
    have = {guess.column: guess for guess in guesses}
    needed = [name for name in TABLES[table].required if name != "finess_et"] or ["finess_et"]
    if any(name not in have for name in needed):
        return None
    strength = sum(have[name].score for name in needed) / len(needed)
    telling = _telling(table, have)
    if not named and not telling:
        return None
    score = strength + (0.6 if named else 0.0) + (0.4 if telling else 0.0) + 0.02 * len(guesses)
    if not named:
        guesses = [replace(guess, confidence=_at_most(guess.confidence, PROBABLE)) for guess in guesses]
    return TableGuess(table, sheet, named, score, tuple(guesses))


def _only_date(column: Column, sheet: Sheet) -> Guess | None:
    """A required date that no name tells, where the table has one date."""
    dated = [one for one in sheet.columns if one.date]
    if len(dated) != 1:
        return None
    return Guess(column.name, dated[0], 0.5, CHECK, ("la seule date de la table",), {})


def _telling(table: str, have: Mapping[str, Guess]) -> bool:
    """Whether the columns alone say which table it is."""
    strong = {
        "usagers": ("id_usager", "matricule_ins", "statut_identite"),
        "sejours": ("id_usager", "date_entree", "date_sortie"),
        "dossiers": ("id_dossier", "id_usager", "date_derniere_maj"),
    }.get(table)
    return strong is not None and all(name in have and have[name].score >= 0.7 for name in strong)


def _named(table: str, said: frozenset[str]) -> bool:
    """Whether the name of a table says what it holds, and nothing that makes it another."""
    ways = TABLE_WORDS[table]
    if not any(way <= said for way in ways):
        return False
    others = {
        word
        for name, known in TABLE_WORDS.items()
        if name != table
        for way in known
        if len(way) == 1
        for word in way
        if word not in set().union(*ways)
    }
    extra = said & others - {"usager", "etablissement", "dossier"} - ALLOWED_BESIDE.get(table, frozenset())
    return not extra and not (table in ("usagers", "dossiers") and said & {"journal", "ancien", "sejour", "type"})


def _column(
    table: str, column: Column, sheet: Sheet, keys: Mapping[str, tuple[Sheet, Profile]], taken: set[str]
) -> Guess | None:
    candidates = [
        guess
        for one in sheet.columns
        if one.name not in taken and (guess := _guess(table, column, sheet, one, keys)) and guess.score >= _ENOUGH
    ]
    candidates.sort(key=lambda guess: -guess.score)
    if not candidates:
        return None
    best = candidates[0]
    if len(candidates) > 1 and candidates[1].score > best.score - 0.15:
        rival = f"« {candidates[1].profile.name} » y ressemble aussi"
        best = replace(best, confidence=_at_most(best.confidence, PROBABLE), evidence=(*best.evidence, rival))
    return best


def _at_most(confidence: str, limit: str) -> str:
    order = (SURE, PROBABLE, CHECK)
    return order[max(order.index(confidence), order.index(limit))]


def _guess(
    table: str, column: Column, sheet: Sheet, one: Profile, keys: Mapping[str, tuple[Sheet, Profile]]
) -> Guess | None:
    """How well one column fits; None when its values cannot be those of the pivot."""
    name = _name_score(table, column, one.words)
    said = f"nom « {one.name} »" if name >= 0.5 else ""
    match column.kind:
        case Kind.FINESS:
            return _finess(column, one, name, said)
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


def _finess(column: Column, one: Profile, name: float, said: str) -> Guess | None:
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
            name, said = max(name, 0.9), f"nom « {one.name} »"
        if name < 0.4 or (owner is sheet and key.name != one.name):
            return None
        if owner is sheet:
            proof = "une valeur par ligne" if one.key else "la clé à laquelle les autres tables se rapportent"
            confidence = SURE if _referred_at_all(name, one) else PROBABLE
            return Guess(column.name, one, 0.5 + 0.5 * name, confidence, _evidence(said, proof), {})
        shared = len(one.values & key.values) / len(one.values)
        if shared < 0.5 and owner.complete:
            return None
        confidence = SURE if shared >= _JOIN and name >= 0.7 else PROBABLE
        proof = f"{_percent(shared)} des valeurs sont dans {owner.name}.{key.name}"
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


def _name_score(table: str, column: Column, said: frozenset[str]) -> float:
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


def _joined_finess(sheet: Sheet, sheets: Sequence[Sheet]) -> Guess | None:
    """The FINESS in a table that this one refers to; only a base can join."""
    if "requete" not in sheet.place:
        return None
    finess = TABLES["etablissements"].by_name["finess_et"]
    for other in sheets:
        if other is sheet or "requete" not in other.place or not _named("etablissements", other.words):
            continue
        held = [guess for one in other.columns if (guess := _finess(finess, one, 1.0, ""))]
        for key in (one for one in other.columns if one.key and held and one.name != held[0].profile.name):
            for one in sheet.columns:
                same = "etablissement" in one.words or plain_name(one.name) == plain_name(key.name)
                linked = one.filled and same and one.values <= key.values
                if linked and len(held) == 1:
                    proof = f"{sheet.name}.{one.name} = {other.name}.{key.name} pour toutes les valeurs"
                    return replace(
                        held[0],
                        confidence=PROBABLE,
                        evidence=(proof, *held[0].evidence),
                        via=Join(other, one.name, key.name),
                    )
    return None
