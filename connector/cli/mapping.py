"""`mapping`: what a mapping file says, and how far an export has drifted from it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Optional

import typer

from connector.cli import options as given
from connector.cli.french import French
from connector.disk import present, write_synced
from connector.errors import SettingsError, UsageError

if TYPE_CHECKING:
    from connector.adapters.detect import Recognised
    from connector.adapters.dui.mapped_check import ColumnCheck, TableCheck
    from connector.adapters.dui.sql_check import Memory
    from connector.mapping import MappingFile

_SHOWN = 20  # unknown codes told for one column


def register(app: typer.Typer) -> None:
    """Add the verbs to the command line."""
    mapping = French(no_args_is_help=True, help="Fichiers de correspondance des exports qui ne sont pas pivot.")
    mapping.command()(check)
    mapping.command()(suggest)
    app.add_typer(mapping, name="mapping")


def check(
    fichier: Path = typer.Argument(metavar="FICHIER", help="Fichier de correspondance (TOML)."),
    source: Optional[Path] = typer.Argument(  # noqa: UP045
        None, metavar="SOURCE", help="À comparer : dossier ou fichier exporté, ou nom d'une base des réglages."
    ),
    config: given.Config = None,
    limite: int = typer.Option(1000, "--limite", min=1, help="Lignes lues de chaque requête d'une base."),
    suivi: Optional[Path] = typer.Option(  # noqa: UP045
        None, "--suivi", metavar="FICHIER", help="JSON qui retient ce qu'une base était, pour dire ce qui a changé."
    ),
    as_json: bool = typer.Option(False, "--json", help="Écrit le compte rendu en JSON sur la sortie standard."),
) -> None:
    """Vérifie un fichier de correspondance et, avec SOURCE, ce qu'un export ou une base y trouve."""
    from connector.mapping import load_mapping

    try:
        mapping = load_mapping(fichier)
    except SettingsError as error:
        if as_json:
            _write_json({"valide": False, "problemes": str(error).splitlines()})
            raise typer.Exit(error.exit_code) from None
        raise
    tables, aside = ([], []) if source is None else _compare(mapping, fichier, source, _Asked(config, limite, suivi))
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


class _Asked(NamedTuple):
    """The options that a database needs."""

    config: Path | None
    limit: int
    memory: Path | None


def _compare(mapping: MappingFile, fichier: Path, source: Path, asked: _Asked) -> tuple[list[TableCheck], list[str]]:
    """Each mapped table against its source, and the names of the files that are not mapped."""
    from connector.adapters.base import Grouping
    from connector.adapters.dui.mapped_check import check_export
    from connector.adapters.dui.mapped_sources import find_sources
    from connector.config import load_settings

    settings = load_settings(asked.config)
    base = asked.config.parent if asked.config else None
    detection = find_sources([source], settings, mapping=fichier, base=base)
    mapped, *rest = detection.sources
    if mapped.adapter.grouping is Grouping.CONNECTION:
        return _compare_database(mapped, mapping, asked), []
    aside = sorted({file.name for one in rest for file in one.files} | {name for name, _ in detection.left_aside})
    return check_export(mapped.files, mapping, settings.limites, aside), aside


def _compare_database(found: Recognised, mapping: MappingFile, asked: _Asked) -> list[TableCheck]:
    """Each query against its database, and what has changed since the last time when a file keeps it."""
    from connector.adapters.dui.sql import SqlAdapter
    from connector.adapters.dui.sql_check import check_database

    if found.adapter is not SqlAdapter or found.settings is None:
        raise UsageError(f"« {found.nom} » n'est pas une base de données : une correspondance n'y a pas de requête.")
    before = _remembered(asked.memory) if asked.memory else {}
    checks, now = check_database(found.files, found.settings, mapping, asked.limit, before)
    if asked.memory:
        _remember(asked.memory, now)
    return checks


def _remembered(path: Path) -> Memory:
    """What the last check kept; nothing the first time."""
    import orjson

    try:
        return dict(orjson.loads(path.read_bytes())["tables"]) if path.exists() else {}
    except (OSError, ValueError, KeyError, TypeError):
        raise UsageError(f"{path} : ce n'est pas un fichier de suivi ; supprimez-le, ou donnez-en un autre.") from None


def _remember(path: Path, now: Memory) -> None:
    import orjson

    content = orjson.dumps({"version": 1, "tables": now}, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    try:
        write_synced(path, content)
    except OSError:
        raise UsageError(f"{path} : impossible d'écrire ici ; vérifiez le dossier et ses droits.") from None


def _write_json(content: dict[str, object]) -> None:
    import orjson

    sys.stdout.buffer.write(orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def suggest(
    source: Path = typer.Argument(metavar="SOURCE", help="Dossier, fichier, ou nom d'une base des réglages."),
    config: given.Config = None,
    output: Optional[Path] = typer.Option(  # noqa: UP045
        None, "--output", metavar="FICHIER", help="Fichier à créer ; sans lui, la sortie standard."
    ),
) -> None:
    """Propose un fichier de correspondance à relire, d'après les noms et la forme des valeurs."""
    from connector.adapters.dui.suggest import suggest_mapping
    from connector.config import load_settings

    settings = load_settings(config)
    text = suggest_mapping(source, settings, config.parent if config else Path())
    if output is None:
        sys.stdout.write(text)
        return
    if present(output):  # someone may have read it again already
        raise UsageError(f"{output} : ce fichier existe déjà ; choisissez un autre nom.")
    try:
        write_synced(output, text.encode())
    except OSError:
        raise UsageError(f"{output} : impossible d'écrire ici ; vérifiez le dossier et ses droits.") from None
    sys.stdout.write(
        f"Proposition écrite : {output}. Relisez-la, puis lancez dui-connector mapping check {output} {source}.\n"
    )


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
        part = table.total is not None and table.total != table.lignes
        of = f" lue{'s' if table.lignes > 1 else ''} sur {table.total}" if part else ""
        yield f"{table.table} : {files}, {_many(table.lignes, 'ligne')}{of}, {state}"
        yield from (f"  {problem}" for problem in table.problemes)
        yield from (f"  depuis la dernière fois : {change}" for change in table.changements)
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
