"""The pivot tables as `pivot-format.md` declares them, and how their rows are read."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from zoneinfo import available_timezones

from .reference_text import Moment, fold, is_finess, normalise_finess, parse_moment

Cell = str | Moment | None
Cells = dict[str, Cell]
Source = Mapping[str, list[dict[str, str]]]

ZONES = available_timezones()


@dataclass(frozen=True)
class Column:
    kind: str = "texte"
    required: bool = False
    codes: tuple[str, ...] = ()
    default: str = ""


def code(*codes: str, default: str = "", required: bool = False) -> Column:
    return Column("code", required, codes, default)


TEXT, DATE, FINESS, OUI_NON = Column(), Column("date"), Column("finess"), ("oui", "non")
TEXT_REQUIRED, DATE_REQUIRED, FINESS_REQUIRED = Column("texte", True), Column("date", True), Column("finess", True)

TABLES: dict[str, dict[str, Column]] = {
    "etablissements": {
        "finess_et": FINESS_REQUIRED,
        "finess_ej": FINESS,
        "raison_sociale": TEXT,
        "categorie": TEXT,
        "secteur": code("pa", "ph", "domicile", "pds", "ase", "ahi", "pjm", "autre"),
        "eligible_sons": code(*OUI_NON),
        "fuseau": Column("fuseau"),
        "projet": TEXT,
        "type_projet": code("acquisition", "evolution"),
        "date_convention": DATE,
        "date_vsr": DATE,
        "logiciel_dui": TEXT,
        "version_dui": TEXT,
        "journal_depuis": DATE,
    },
    "usagers": {
        "finess_et": FINESS_REQUIRED,
        "id_usager": TEXT_REQUIRED,
        "matricule_ins": TEXT,
        "oid_ins": TEXT,
        "statut_identite": Column("code tolerant", codes=("provisoire", "recuperee", "validee", "qualifiee")),
        "eligible_projet": code(*OUI_NON),
        "prestations_confort_seules": code(*OUI_NON),
    },
    "matricules_anterieurs": {
        "finess_et": FINESS_REQUIRED,
        "id_usager": TEXT_REQUIRED,
        "matricule_ins": TEXT_REQUIRED,
        "oid_ins": TEXT,
    },
    "sejours": {
        "finess_et": FINESS_REQUIRED,
        "id_usager": TEXT_REQUIRED,
        "date_entree": DATE_REQUIRED,
        "date_sortie": DATE,
        "statut": code("actif", "termine", "annule", "attente"),
    },
    "dossiers": {
        "finess_et": FINESS_REQUIRED,
        "id_dossier": TEXT_REQUIRED,
        "id_usager": TEXT_REQUIRED,
        "date_creation": DATE,
        "date_derniere_maj": DATE,
    },
    "mises_a_jour": {
        "finess_et": FINESS_REQUIRED,
        "id_dossier": TEXT_REQUIRED,
        "horodatage": DATE_REQUIRED,
        "origine": code("utilisateur", "systeme", default="utilisateur"),
    },
    "projets_personnalises": {
        "finess_et": FINESS_REQUIRED,
        "id_dossier": TEXT_REQUIRED,
        "statut": code("en_preparation", "actif", "suspendu", "termine", "abandonne", required=True),
        "date_debut": DATE,
        "date_fin": DATE,
    },
    "evenements_agenda": {
        "finess_et": FINESS_REQUIRED,
        "id_dossier": TEXT_REQUIRED,
        "date_debut": DATE_REQUIRED,
        "statut": code("planifie", "realise", "annule"),
    },
    "messages_mssante": {
        "id_message": TEXT_REQUIRED,
        "horodatage": DATE_REQUIRED,
        "expediteur": TEXT,
        "statut": code("envoye", "echec", "inconnu", "recu", required=True),
        "type": code("message", "accuse", "test", default="message"),
        "finess_et": FINESS,
    },
    "boites_mssante": {"adresse": TEXT_REQUIRED, "finess_et": FINESS_REQUIRED},
    "depots_dmp": {
        "id_document": TEXT_REQUIRED,
        "horodatage": DATE_REQUIRED,
        "finess_et": FINESS_REQUIRED,
        "matricule_ins": TEXT,
        "oid_ins": TEXT,
        "id_usager": TEXT,
        "statut": code("succes", "echec", "inconnu", required=True),
        "code_erreur": TEXT,
        "operation": code("depot", "remplacement", "suppression", default="depot"),
    },
    "prescriptions_importees": {
        "finess_et": FINESS_REQUIRED,
        "id_prescription": TEXT_REQUIRED,
        "horodatage": DATE_REQUIRED,
    },
    "echanges_eparcours": {
        "finess_et": FINESS_REQUIRED,
        "id_echange": TEXT_REQUIRED,
        "horodatage": DATE_REQUIRED,
    },
}


@dataclass(frozen=True)
class Row:
    """A good row: every cell read, `finess_et` normalised and passed through the correspondances."""

    source: int
    cells: Cells


@dataclass(frozen=True)
class Fault:
    """A bad row, or (no FINESS, no sender) a file without one of its required columns."""

    table: str
    source: int
    finess: str = ""
    expediteur: str = ""


@dataclass
class Export:
    """Every source, row by row; `held` and `named` are per source: its tables, the FINESS it names anywhere."""

    held: list[set[str]] = field(default_factory=list)
    named: list[set[str]] = field(default_factory=list)
    named_in: dict[tuple[int, str], set[str]] = field(default_factory=dict)  # (source, table) → the FINESS named
    seen: set[str] = field(default_factory=set)  # named by anything but a mailbox
    rows: dict[str, list[Row]] = field(default_factory=lambda: {table: [] for table in TABLES})
    faults: list[Fault] = field(default_factory=list)


def read_cell(column: Column, text: str) -> Cell:
    """Raises ValueError when the cell makes its row a bad one; the emptiness of required cells is judged elsewhere."""
    text = text.strip()
    if column.kind == "date":
        return parse_moment(text) if text else None
    if not text:
        return column.default
    if column.kind.startswith("code"):
        return read_code(column, text)
    if column.kind == "finess":
        text = normalise_finess(text)
    if (column.kind == "finess" and not is_finess(text)) or (column.kind == "fuseau" and text not in ZONES):
        raise ValueError(text)
    return text


def read_code(column: Column, text: str) -> str:
    folded = fold(text)
    if folded in column.codes:
        return folded
    if column.kind == "code tolerant":
        return ""
    raise ValueError(text)


def readable_cells(table: str, raw: dict[str, str]) -> Cells:
    cells: Cells = dict.fromkeys(TABLES[table])
    for name, column in TABLES[table].items():
        with suppress(ValueError):
            cells[name] = read_cell(column, raw.get(name) or "")
    return cells


def read_row(table: str, raw: dict[str, str]) -> Cells:
    """Raises ValueError when the row is bad."""
    cells = {name: read_cell(column, raw.get(name) or "") for name, column in TABLES[table].items()}
    for name, column in TABLES[table].items():
        if column.required and not cells[name] and not may_be_empty(table, name, cells):
            raise ValueError(name)
    return cells


def may_be_empty(table: str, name: str, cells: Cells) -> bool:
    return (table, name) == ("sejours", "date_entree") and cells["statut"] in ("annule", "attente")


def check_sender(table: str, cells: Cells) -> None:
    if table == "messages_mssante" and not cells["finess_et"] and not cells["expediteur"]:
        raise ValueError("expediteur")


def read_sources(sources: list[Source], correspondances: Mapping[str, str]) -> Export:
    export = Export()
    for number, source in enumerate(sources):
        export.held.append({table for table in source if table in TABLES})
        export.named.append(set())
        for table in sorted(export.held[-1]):
            read_table(export, number, table, source[table], correspondances)
    return export


def read_table(
    export: Export, source: int, table: str, raws: list[dict[str, str]], correspondances: Mapping[str, str]
) -> None:
    header = {name for raw in raws for name in raw} if raws else set(TABLES[table])
    usable = all(name in header for name, column in TABLES[table].items() if column.required)
    if not usable:
        export.faults.append(Fault(table, source))
    for raw in raws:
        if any((text or "").strip() for text in raw.values()):
            finess = named_finess(raw, correspondances)
            note_name(export, source, table, finess)
            if usable:
                read_into(export, source, table, raw, finess)


def named_finess(raw: dict[str, str], correspondances: Mapping[str, str]) -> str:
    """The row's FINESS when it has a well-formed one, even in a bad row; else nothing."""
    finess = normalise_finess(raw.get("finess_et") or "")
    return correspondances.get(finess, finess) if is_finess(finess) else ""


def note_name(export: Export, source: int, table: str, finess: str) -> None:
    if finess:
        export.named[source].add(finess)
        export.named_in.setdefault((source, table), set()).add(finess)
        export.seen.add(finess)


def read_into(export: Export, source: int, table: str, raw: dict[str, str], finess: str) -> None:
    try:
        cells = read_row(table, raw)
        check_sender(table, cells)
    except ValueError:
        export.faults.append(Fault(table, source, finess, (raw.get("expediteur") or "").strip()))
        if table != "etablissements" or not finess:
            return
        cells = readable_cells(table, raw)  # its ET is barred; the EJ and the projet that it shares are still known
    cells["finess_et"] = finess
    export.rows[table].append(Row(source, cells))


def merge_rows(rows: list[Cells], *key: str) -> dict[tuple, Cells]:
    """One row per key; for each attribute the first value that is not empty."""
    merged: dict[tuple, Cells] = {}
    for cells in rows:
        first = merged.setdefault(tuple(cells[name] for name in key), dict(cells))
        for name, value in cells.items():
            first[name] = first[name] or value
    return merged
