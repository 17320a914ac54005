"""`mapping`: what a mapping file says, and how far an export has drifted from it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Optional

import typer

from connector.errors import SettingsError

if TYPE_CHECKING:
    from connector.adapters.dui.mapped_check import ColumnCheck, TableCheck
    from connector.mapping import MappingFile

_SHOWN = 20  # unknown codes told for one column


def register(app: typer.Typer) -> None:
    """Add the verbs to the command line."""
    mapping = typer.Typer(no_args_is_help=True, help="Fichiers de correspondance des exports qui ne sont pas pivot.")
    mapping.callback()(_group)
    mapping.command()(check)
    app.add_typer(mapping, name="mapping")


def _group() -> None:
    """Keeps `check` a verb of its own while it is the only one."""


def check(
    fichier: Path = typer.Argument(metavar="FICHIER", help="Fichier de correspondance (TOML)."),
    source: Optional[Path] = typer.Argument(None, metavar="SOURCE", help="Export à comparer : dossier ou fichier."),  # noqa: UP045
    as_json: bool = typer.Option(False, "--json", help="Écrit le compte rendu en JSON sur la sortie standard."),
) -> None:
    """Vérifie un fichier de correspondance et, avec SOURCE, ce qu'un export y trouve."""
    from connector.mapping import load_mapping

    try:
        mapping = load_mapping(fichier)
    except SettingsError as error:
        if as_json:
            _write_json({"valide": False, "problemes": str(error).splitlines()})
            raise typer.Exit(error.exit_code) from None
        raise
    tables, aside = ([], []) if source is None else _compare(mapping, fichier, source)
    drifted = sum(table.drifted for table in tables)
    if as_json:
        conforme = None if source is None else not drifted
        content = {"valide": True, "logiciel": mapping.logiciel, "version": mapping.version, "conforme": conforme}
        _write_json(content | {"tables": [asdict(table) for table in tables], "laisses_de_cote": aside})
    else:
        lines = _described(mapping, fichier) if source is None else _compared(tables, aside, fichier)
        sys.stdout.write("".join(f"{line}\n" for line in (*lines, *_nameless(mapping))))
    if drifted:
        raise typer.Exit(11)


def _compare(mapping: MappingFile, fichier: Path, source: Path) -> tuple[list[TableCheck], list[str]]:
    """Each mapped table against the export, and the names of the files that are not mapped."""
    from connector.adapters.dui.mapped_check import check_export
    from connector.adapters.dui.mapped_sources import find_sources
    from connector.config import Settings

    settings = Settings()
    detection = find_sources([source], settings, mapping=fichier)
    mapped, *rest = detection.sources
    aside = sorted({file.name for one in rest for file in one.files} | {name for name, _ in detection.left_aside})
    return check_export(mapped.files, mapping, settings.limites, aside), aside


def _write_json(content: dict[str, object]) -> None:
    import orjson

    sys.stdout.buffer.write(orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def _described(mapping: MappingFile, fichier: Path) -> Iterator[str]:
    """What the mapping says, when there is no export to compare."""
    version = f", version {mapping.version}" if mapping.version else ""
    yield f"{fichier} : correspondance valide ({mapping.logiciel}{version})."
    for name, section in mapping.tables.items():
        count = len(section.colonnes) + len(section.constantes)
        yield f"  {name} : {section.target}, {_many(count, 'colonne')}"


def _nameless(mapping: MappingFile) -> Iterator[str]:
    """What the settings of the source will have to say."""
    from connector.adapters.dui.mapped_table import MappedTable

    nameless = [name for name in mapping.tables if not MappedTable(name, mapping, mapping.finess_et).names_an_et]
    if nameless:
        yield f"Rien ne donne « finess_et » dans {', '.join(nameless)} : indiquez-le dans [[source]] des réglages."


def _compared(tables: list[TableCheck], aside: list[str], fichier: Path) -> Iterator[str]:
    for table in tables:
        files = ", ".join(dict.fromkeys(table.fichiers)) or table.cible
        state = "à revoir" if table.drifted else "conforme"
        yield f"{table.table} : {files}, {_many(table.lignes, 'ligne')}, {state}"
        yield from (f"  {problem}" for problem in table.problemes)
        for column in table.colonnes:
            yield from (f"  {column.colonne} ({column.intitule}) : {text}" for text in _drifts(column))
        if table.non_utilises:
            yield f"  colonnes non utilisées : {', '.join(table.non_utilises)}"
    if aside:
        yield f"Fichiers que la correspondance ne nomme pas : {', '.join(aside)}"
    drifted = sum(table.drifted for table in tables)
    if drifted:
        yield f"{_many(drifted, 'table')} à revoir : complétez {fichier}, ou refaites l'export."
    else:
        yield f"{_many(len(tables), 'table')} conforme{'s' if len(tables) > 1 else ''} à {fichier}."


def _drifts(column: ColumnCheck) -> Iterator[str]:
    """What is wrong with a column, one sentence each."""
    from connector.adapters.dui.mapped_files import close_words

    if column.fois == 0:
        yield f"colonne introuvable{close_words(column.proches)}"
    elif column.fois > 1:
        yield f"{column.fois} colonnes de cet intitulé, une seule attendue"
    if codes := list(column.codes_inconnus.items()):
        shown = ", ".join(f"'{code}' ({_many(count, 'ligne')})" for code, count in codes[:_SHOWN])
        more = f" et {_many(len(codes) - _SHOWN, 'autre')}" if len(codes) > _SHOWN else ""
        unknown = "code inconnu" if len(codes) == 1 else "codes inconnus"
        yield f"{len(codes)} {unknown} de la correspondance : {shown}{more} ; attendu {column.attendu}"
    if column.illisibles:
        yield f"{_many(column.illisibles, 'valeur')} hors du format attendu ({column.attendu}), ainsi {column.exemple}"
    if column.vides:
        yield f"{_many(column.vides, 'valeur')} vide{'s' if column.vides > 1 else ''}, dans une colonne obligatoire"


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' if count > 1 else ''}"
