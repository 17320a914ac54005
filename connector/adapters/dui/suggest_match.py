"""Which table of an export is which of the pivot, what identifies a row in it, and what it must be joined to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from connector.adapters.dui.suggest_guess import (
    CHECK,
    ENOUGH,
    JOINED,
    PROBABLE,
    Guess,
    Join,
    at_most,
    column_guess,
    finess_guess,
    name_score,
)
from connector.adapters.dui.suggest_profile import Profile, Sheet
from connector.adapters.dui.suggest_words import ALLOWED_BESIDE, MEANINGS, OWN_WORD, TABLE_WORDS, words
from connector.adapters.tabular import plain_name, public_name
from connector.model.tables import TABLES, Column, Kind


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
                score = name_score(table, TABLES[table].by_name[column], one.words) + _referred(
                    one, sheet, sheets, word
                )
                if best is None or score > best[0]:
                    best = (score, sheet, one)
        if best and best[0] >= ENOUGH:
            keys[column] = best[1:]
    return keys


def _referred(one: Profile, sheet: Sheet, sheets: Sequence[Sheet], word: str) -> float:
    """How many columns of other tables, of this word, hold values of this column: two are enough."""
    held = [other for table in sheets if table is not sheet for other in table.columns if word in other.words]
    joined = [other for other in held if other.filled and len(other.values & one.values) >= JOINED * len(other.values)]
    return min(len(joined), 2) * 0.6


def _table(
    table: str, sheet: Sheet, sheets: Sequence[Sheet], keys: Mapping[str, tuple[Sheet, Profile]]
) -> TableGuess | None:
    named = _named(table, sheet.words)
    guesses: list[Guess] = []
    for column in TABLES[table].columns:
        best = column_guess(table, column, sheet, keys, taken={guess.profile.name for guess in guesses})
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
        guesses = [replace(guess, confidence=at_most(guess.confidence, PROBABLE)) for guess in guesses]
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


def _joined_finess(sheet: Sheet, sheets: Sequence[Sheet]) -> Guess | None:
    """The FINESS in a table that this one refers to; only a base can join."""
    if "requete" not in sheet.place:
        return None
    finess = TABLES["etablissements"].by_name["finess_et"]
    for other in sheets:
        if other is sheet or "requete" not in other.place or not _named("etablissements", other.words):
            continue
        held = [guess for one in other.columns if (guess := finess_guess(finess, one, 1.0, ""))]
        for key in (one for one in other.columns if one.key and held and one.name != held[0].profile.name):
            for one in sheet.columns:
                same = "etablissement" in one.words or plain_name(one.name) == plain_name(key.name)
                linked = one.filled and same and one.values <= key.values
                if linked and len(held) == 1:
                    names = f"{sheet.name}.{one.name} = {other.name}.{key.name}"
                    proof = f"{public_name(names)} pour toutes les valeurs"
                    return replace(
                        held[0],
                        confidence=PROBABLE,
                        evidence=(proof, *held[0].evidence),
                        via=Join(other, one.name, key.name),
                    )
    return None
