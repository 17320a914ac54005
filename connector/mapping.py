"""The mapping file of an export that is not pivot-shaped, typed: `config/mappings/*.toml`.

Rule: `docs/format-pivot.md`, « Exports that are not pivot-shaped ». One file describes one DUI
software: for each pivot table the file, sheet or query that holds it, pivot column = heading,
export code = pivot code, declared date formats. Nothing is guessed and unknown keys are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, NamedTuple
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from connector.config import Finess, SourceSettings, Zone, load_toml, validate
from connector.model.finess import normalise_finess
from connector.model.tables import REFERENCE_TABLES, TABLES, Column, Kind
from connector.query import SINCE, has_since, refusal

# Rows of these may change, and nothing tells a changed row from the one it replaces; or they are few.
READ_WHOLE = REFERENCE_TABLES | {"sejours", "projets_personnalises", "evenements_agenda"}
WORKBOOKS = (".xlsx", ".xlsm", ".ods")

DIRECTIVE = re.compile(r"%(.?)", re.DOTALL)
_WORDS = {"d": "JJ", "m": "MM", "Y": "AAAA", "y": "AA"}  # as a spreadsheet writes them
_WORDS |= {"H": "HH", "M": "MM", "S": "SS", "f": "ffffff", "z": "±HH:MM", "%": "%"}
_INSTANTS = {"horodatage", "dossiers.date_derniere_maj", "evenements_agenda.date_debut"}
_NEEDS = {"S": "M", "M": "H", "H": "M", "f": "S", "z": "H"}  # a time is read from its hour down


def _format(value: str) -> str:
    used = DIRECTIVE.findall(value)
    known = set(used) <= _WORDS.keys() and all(used.count(one) == 1 for one in set(used) - {"%"})
    dated = {"d", "m"} <= set(used) and ("Y" in used) != ("y" in used)
    if not known or not dated or any(_NEEDS[one] not in used for one in _NEEDS if one in used):
        raise ValueError(
            "attendu un format de date fait de %d, %m, %Y (ou %y), et pour l'heure de %H, %M, %S, %f, %z, "
            "par exemple « %d/%m/%Y » ou « %d/%m/%Y %H:%M »"
        )
    return value


def _date_format(value: str) -> str:
    if "H" in DIRECTIVE.findall(_format(value)):
        raise ValueError("attendu un format de date sans heure (celui des heures est « format_horodatage »)")
    return value


def _time_format(value: str) -> str:
    if "H" not in DIRECTIVE.findall(_format(value)):
        raise ValueError("attendu un format de date et d'heure, par exemple « %d/%m/%Y %H:%M »")
    return value


def carries_time(table: str, column: str) -> bool:
    """Whether software usually writes an hour in this date column."""
    return bool(_INSTANTS & {column, f"{table}.{column}"})


def worded(form: str) -> str:
    """A declared format as a person reads it: « JJ/MM/AAAA HH:MM »."""
    return DIRECTIVE.sub(lambda match: _WORDS[match[1]], form)


def is_day(value: str) -> bool:
    """Whether the calendar has this day, AAAA-MM-JJ."""
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Format = Annotated[str, AfterValidator(_format)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _is_section(cls, value: object) -> object:
        if not isinstance(value, dict):
            raise ValueError("attendu une section [...]")
        return value


class TableMapping(_Section):
    """Where one pivot table is in the export, and what its columns are called there."""

    fichier: Name | None = None  # a file name, « * » and « ? » allowed; with « / », a path below the source
    feuille: Name | None = None  # a sheet of that workbook, or of any workbook; « * » and « ? » allowed
    requete: Name | None = None  # a query: read by SQL sources only
    depuis: Name | None = None  # the column that « :depuis » of the query is compared with
    colonnes: dict[str, Name] = {}  # pivot column = heading
    constantes: dict[str, Name] = {}  # pivot column = the same text on every row
    codes: dict[str, dict[str, str]] = {}  # pivot column → export code = pivot code, "" standing for empty
    formats: dict[str, Format] = {}  # pivot column = its own date format

    @property
    def target(self) -> str:
        """What messages call the place of the table."""
        if self.requete:
            return "requête SQL"
        sheet = f"feuille « {self.feuille} »" if self.feuille else ""
        return ", ".join(part for part in (self.fichier or "", sheet) if part)


class MappingFile(_Section):
    """A whole mapping file."""

    logiciel: Name
    version: str = ""
    format_date: Annotated[str, AfterValidator(_date_format)] | None = None
    format_horodatage: Annotated[str, AfterValidator(_time_format)] | None = None
    fuseau: Zone | None = None  # of stamps without offset; the ET's own when there is none
    finess_et: Finess | None = None  # for rows that name none
    tables: dict[str, TableMapping]

    def formats_of(self, table: str, column: str) -> tuple[str, ...]:
        """The declared formats of a date column: its own, else those of the whole export.

        A column that usually has an hour may also hold a bare date.
        """
        own = self.tables[table].formats.get(column)
        shared = [form for form in (self.format_horodatage, self.format_date) if form]
        return (own,) if own else tuple(shared if carries_time(table, column) else shared[-1:])

    @model_validator(mode="after")
    def _fits_the_pivot(self) -> MappingFile:
        faults = [fault for name, section in self.tables.items() for fault in _table_faults(self, name, section)]
        if not self.tables:
            faults = [_Fault(("tables",), "au moins une section [tables.<table pivot>]", "rien")]
        if faults:
            raise ValidationError.from_exception_data("MappingFile", [_detail(fault) for fault in faults])
        return self


def load_mapping(path: Path) -> MappingFile:
    """A mapping file, checked.

    Raises:
        SettingsError: one line per fault, with the key path, in French.
    """
    return validate(MappingFile, load_toml(path), path)


def settled(settings: SourceSettings) -> SourceSettings:
    """The settings of a source completed by what its mapping file says of the whole export.

    Raises:
        SettingsError: the mapping file is not usable.
    """
    if settings.mapping is None:
        return settings
    mapping = load_mapping(settings.mapping)
    zone, finess = settings.fuseau or mapping.fuseau, settings.finess_et or mapping.finess_et
    return settings.model_copy(update={"fuseau": zone, "finess_et": finess})


class _Fault(NamedTuple):
    """A key that does not fit the pivot format; `keys` is its path."""

    keys: tuple[str, ...]
    expected: str
    found: str


def _detail(fault: _Fault) -> InitErrorDetails:
    error = PydanticCustomError("value_error", "{error}", {"error": fault.expected})
    return InitErrorDetails(type=error, loc=fault.keys, input=fault.found)


def _table_faults(mapping: MappingFile, name: str, section: TableMapping) -> Iterator[_Fault]:
    base = ("tables", name)
    if name not in TABLES:
        yield _Fault(base, "le nom d'une table pivot : " + ", ".join(TABLES), name)
        return
    yield from _place_faults(base, section)
    if not section.colonnes:
        yield _Fault((*base, "colonnes"), "au moins une colonne de l'export", "rien")
    columns = TABLES[name].by_name
    for part in ("colonnes", "constantes", "codes", "formats"):
        for unknown in sorted(set(getattr(section, part)) - columns.keys()):
            yield _Fault((*base, part, unknown), f"une colonne de « {name} » : " + ", ".join(columns), unknown)
    for column in columns.values():
        yield from _column_faults(mapping, base, column)


def _place_faults(base: tuple[str, ...], section: TableMapping) -> Iterator[_Fault]:
    in_file = section.fichier is not None or section.feuille is not None
    if in_file == (section.requete is not None):
        found = "les deux" if in_file else "rien"
        yield _Fault(base, "soit « fichier » ou « feuille », soit « requete »", found)
    if section.fichier is not None:
        workbook = section.fichier.casefold().endswith(WORKBOOKS)
        if workbook and section.feuille is None:
            yield _Fault((*base, "feuille"), "la feuille à lire dans ce classeur (« * » : toutes)", "rien")
        if not workbook and section.feuille is not None:
            yield _Fault((*base, "fichier"), "un classeur : " + ", ".join(WORKBOOKS), section.fichier)
    yield from _query_faults(base, section)


def _query_faults(base: tuple[str, ...], section: TableMapping) -> Iterator[_Fault]:
    refused = refusal(section.requete) if section.requete else None
    if refused:
        yield _Fault((*base, "requete"), *refused)
    asked = section.requete is not None and has_since(section.requete)
    if asked and section.depuis is None:
        yield _Fault((*base, "depuis"), f"la colonne de la requête comparée à « :{SINCE} »", "rien")
    if asked and base[1] in READ_WHOLE:
        yield _Fault(
            (*base, "depuis"), "une requête sans « :depuis » : cette table est toujours lue entière", f":{SINCE}"
        )
    if section.depuis is not None and not asked:
        yield _Fault((*base, "depuis"), f"une requête qui utilise « :{SINCE} »", section.depuis)


def _column_faults(mapping: MappingFile, base: tuple[str, str], column: Column) -> Iterator[_Fault]:
    name, section = column.name, mapping.tables[base[1]]
    read, constant = name in section.colonnes, section.constantes.get(name)
    if read and constant is not None:
        yield _Fault((*base, "constantes", name), "une colonne qui n'est pas aussi dans « colonnes »", constant)
    if constant is not None and not _lawful(column, constant):
        yield _Fault((*base, "constantes", name), _lawful_words(column), constant)
    if column.required and name != "finess_et" and not read and constant is None:
        yield _Fault((*base, "colonnes", name), "cette colonne, qui est obligatoire", "rien")
    for part in ("codes", "formats"):
        if name in getattr(section, part) and not read:
            yield _Fault((*base, part, name), "une colonne citée dans « colonnes »", name)
    for export, code in section.codes.get(name, {}).items():
        if code and not _lawful(column, code):
            yield _Fault((*base, "codes", name, export), _lawful_words(column), code)
    if name in section.formats and column.kind is not Kind.DATE:
        yield _Fault((*base, "formats", name), "une colonne de date", name)
    in_text = section.fichier is not None and section.feuille is None
    if column.kind is Kind.DATE and read and in_text and not mapping.formats_of(base[1], name):
        yield _Fault((*base, "formats", name), "un format déclaré, ici, ou dans « format_date »", "rien")


def _lawful(column: Column, value: str) -> bool:
    """Whether a constant or the pivot side of a code is a value of its column."""
    if column.kind is Kind.CODE:
        return value in column.codes
    if column.kind is Kind.FINESS:
        return normalise_finess(value) is not None
    if column.kind is Kind.DATE:
        return re.fullmatch(r"\d{4}-\d\d-\d\d", value) is not None and is_day(value)
    return column.kind is not Kind.ZONE or value in available_timezones()


def _lawful_words(column: Column) -> str:
    if column.kind is Kind.CODE:
        return "un code pivot : " + ", ".join(column.codes)
    words = {Kind.FINESS: "un FINESS de 9 caractères", Kind.DATE: "une date AAAA-MM-JJ"}
    return words.get(column.kind, "un fuseau IANA, par exemple « Europe/Paris »")
