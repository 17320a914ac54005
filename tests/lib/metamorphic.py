"""What may not change a figure (`docs/indicateurs.md`), as changes made to a generated case."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from random import Random

from tests.lib.cases import Case
from tests.lib.reference_tables import TABLES, read_sources
from tests.lib.reference_text import normalise_address, normalise_finess

Row = dict[str, str]
Tables = dict[str, list[Row]]
Change = Callable[[Case, Random], Case]

ENTITIES = {"etablissements": (), "usagers": ("id_usager",), "dossiers": ("id_dossier", "id_usager")}
SPLIT = "#"  # table#2 is the second file of a table


def shuffled(case: Case, draw: Random) -> Case:
    """Rows in another order; two rows of one key keep theirs, since the first non-empty value is kept."""
    return _each_table(case, lambda table, rows: _shuffle(case, table, rows, draw))


def _shuffle(case: Case, table: str, rows: list[Row], draw: Random) -> list[Row]:
    others = draw.sample(rows, len(rows))
    if table not in ENTITIES:
        return others
    in_order: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        in_order[_key(case, table, row)].append(row)
    return [in_order[_key(case, table, row)].pop(0) for row in others]


def _key(case: Case, table: str, row: Row) -> tuple[str, ...]:
    return _et_of(case, row), *((row.get(name) or "").strip() for name in ENTITIES[table])


def _et_of(case: Case, row: Row) -> str:
    finess = normalise_finess(row.get("finess_et") or "")
    return case.settings.get("correspondances", {}).get(finess, finess)


def in_more_files(case: Case, draw: Random) -> Case:
    """Each table of a folder in one to three files, read in the order of their names."""
    sources = []
    for tables in case.sources:
        parts: Tables = {}
        for table, rows in tables.items():
            cuts = sorted(draw.sample(range(1, len(rows)), min(draw.randrange(3), len(rows) - 1))) if rows else []
            for rank, (start, end) in enumerate(zip([0, *cuts], [*cuts, len(rows)], strict=True)):
                parts[f"{table}{SPLIT}{rank}" if cuts else table] = rows[start:end]
        sources.append(parts)
    return replace(case, sources=sources)


def in_other_order(case: Case, draw: Random) -> Case:
    """The sources in another order, when no entity could then be first in another one."""
    if any(sum(table in tables for tables in case.sources) > 1 for table in ENTITIES):
        return case
    return replace(case, sources=draw.sample(case.sources, len(case.sources)))


def repeated(case: Case, draw: Random) -> Case:
    """Rows of event tables written again, anywhere in their table."""

    def again(table: str, rows: list[Row]) -> list[Row]:
        if table in ENTITIES or table == "boites_mssante":
            return rows
        more = [*rows, *(row for row in rows if draw.random() < 0.4)]
        return draw.sample(more, len(more))

    return _each_table(case, again)


def with_another_et(case: Case, draw: Random, finess: str) -> Case:
    """An ET that shares no mailbox, EJ or project, in every table of every source of the case."""
    cells = {
        "finess_et": finess,
        "id_usager": draw.choice(("u1", "nouveau")),
        "id_dossier": draw.choice(("d1", "nouveau")),
        "statut_identite": "qualifiee",
        "adresse": f"contact@{finess}.mssante.fr",
        "expediteur": f"contact@{finess}.mssante.fr",
        "id_message": "m1",
        "id_document": "doc1",
        "id_prescription": "x1",
        "id_echange": "x1",
        "horodatage": "2025-02-01T23:30:00Z",
        "date_entree": "2024-01-01",
        "date_debut": "2025-02-01",
        "date_creation": "2024-01-01",
        "fuseau": draw.choice(("", "Pacific/Wallis", "America/Cayenne")),
    }
    statuses = {"messages_mssante": "envoye", "depots_dmp": "succes", "projets_personnalises": "actif"}

    def added(table: str, rows: list[Row]) -> list[Row]:
        names = dict.fromkeys(name for row in rows for name in row) if rows else dict.fromkeys(TABLES[table])
        row = {name: statuses.get(table, "") if name == "statut" else cells.get(name, "") for name in names}
        if "finess_et" not in names:
            return rows  # a file without this column bars everyone as it is
        place = draw.randrange(len(rows) + 1)
        return [*rows[:place], row, *rows[place:]]

    return _each_table(case, added)


def split_by_et(case: Case, draw: Random) -> Case:
    """One folder a group of ETs that share a mailbox, EJ or project; only an export without a fault can be cut."""
    if len(case.sources) != 1 or "couverture" in case.settings:
        return case
    export = read_sources(list(case.sources), case.settings.get("correspondances", {}))
    if export.faults:
        return case
    (tables,) = case.sources
    group_of = _groups(case, tables)
    folders: dict[str, Tables] = {}
    for group in sorted(set(group_of.values())):
        folders[group] = {table: [] for table in tables}
    if not folders:
        return case
    stray = draw.choice(sorted(folders))
    for table, rows in tables.items():
        for row in rows:
            folders[group_of.get(_owner(case, table, row), stray)][table].append(row)
    return replace(case, sources=draw.sample(list(folders.values()), len(folders)))


def _owner(case: Case, table: str, row: Row) -> str:
    finess = _et_of(case, row)
    if table == "messages_mssante" and not finess:
        return "@" + normalise_address(row.get("expediteur") or "")
    return finess


def _groups(case: Case, tables: Mapping[str, list[Row]]) -> dict[str, str]:
    """FINESS, or « @address » of a mailbox → the group of ETs to keep together."""
    links = _Links()
    for table, rows in tables.items():
        for row in rows:
            if finess := _et_of(case, row):
                links.add(finess)
                if table == "etablissements":
                    for name in ("finess_ej", "projet"):
                        if value := normalise_finess(row.get(name) or ""):
                            links.join(finess, value if name == "finess_ej" else f"projet {value}")
                if table == "boites_mssante":
                    links.join(finess, "@" + normalise_address(row.get("adresse") or ""))
    for address, finess in case.settings.get("boites", {}).items():
        address = normalise_address(address)
        senders = (normalise_address(row.get("expediteur") or "") for row in tables.get("messages_mssante", []))
        for sender in {one for one in senders if one == address or one.endswith(address)} | {address}:
            links.join(_et_of(case, {"finess_et": finess}), "@" + sender)
    return links.groups()


class _Links:
    """Names joined two by two; `groups` gives each the least name that it is joined to, near or far."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def add(self, name: str) -> str:
        parent = self._parent.setdefault(name, name)
        return name if parent == name else self.add(parent)

    def join(self, one: str, other: str) -> None:
        first, second = sorted((self.add(one), self.add(other)))
        self._parent[second] = first

    def groups(self) -> dict[str, str]:
        return {name: self.add(name) for name in list(self._parent)}


def _each_table(case: Case, change: Callable[[str, list[Row]], list[Row]]) -> Case:
    sources = [{table: change(table, rows) for table, rows in tables.items()} for tables in case.sources]
    return replace(case, sources=sources)


def files_of(tables: Mapping[str, list[Row]]) -> Iterable[tuple[str, list[Row]]]:
    """The file of each part of a table: « usagers-0 », « usagers-1 »."""
    return ((name.replace(SPLIT, "-"), rows) for name, rows in tables.items())


CHANGES: dict[str, Change] = {
    "l'ordre des lignes": shuffled,
    "le nombre des fichiers": in_more_files,
    "l'ordre des sources": in_other_order,
    "des lignes d'événement répétées": repeated,
    "un dossier coupé par établissement": split_by_et,
}
