"""From a folder, a workbook or a base to a proposed mapping file."""

from __future__ import annotations

from pathlib import Path

from connector.adapters.base import Grouping, SourceFile
from connector.adapters.dui.mapped_files import UNKNOWN
from connector.adapters.dui.mapped_sources import find_sources
from connector.adapters.dui.sql import SqlAdapter
from connector.adapters.dui.sql_options import SqlOptions
from connector.adapters.dui.suggest_match import suggest
from connector.adapters.dui.suggest_source import sheets_of_base, sheets_of_files
from connector.adapters.dui.suggest_write import proposal
from connector.adapters.registry import options_of
from connector.config import Settings
from connector.errors import SourceDataError


def suggest_mapping(source: Path, settings: Settings, base: Path) -> str:
    """The text of a mapping file for this source, which loads as it is.

    Raises:
        SourceUnreachableError: the source is not there, or does not answer.
        SourceDataError: nothing in it is like a table of the pivot.
    """
    detection = find_sources([source], settings, base=base)
    first = detection.sources[0] if detection.sources else None
    engine = ""
    if first and first.adapter is SqlAdapter and first.settings:
        options = options_of(SqlAdapter, first.settings)
        if not isinstance(options, SqlOptions):
            raise TypeError("a database has its own options")
        engine, name = options.base, first.nom
        sheets = sheets_of_base(options, first.settings, first.files)
    else:
        files = [
            file for one in detection.sources if one.adapter.grouping is not Grouping.CONNECTION for file in one.files
        ]
        aside = [name for name, reason in detection.left_aside if reason == UNKNOWN]
        files += [SourceFile(source / name if source.is_dir() else source, name) for name in aside]
        sheets, name = list(sheets_of_files(sorted(files, key=lambda file: file.name), settings.limites)), source.stem
    found = suggest(sheets)
    if not found:
        raise SourceDataError(
            f"{source} : aucune table ne ressemble à une table pivot ; écrivez la correspondance à la main."
        )
    return proposal(found, sheets, name, engine)
