"""Which files and sheets of an export a mapping file names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path, PurePosixPath

from connector.adapters.base import Problem, SourceFile
from connector.adapters.detect import Detection
from connector.adapters.dui.workbook import open_workbook
from connector.adapters.tabular import plain_name, public_name
from connector.config import Limits
from connector.mapping import WORKBOOKS, MappingFile, TableMapping

UNKNOWN = "format non reconnu"  # why detection left a file aside that the mapping may still name


def is_workbook(name: str) -> bool:
    return name.casefold().endswith(WORKBOOKS)


def names_file(section: TableMapping, name: str) -> bool:
    """Whether a table is mapped to this file, or may be: a sheet without a file name is in any workbook."""
    if section.fichier is None:
        return section.feuille is not None and is_workbook(name)
    whole = "/" in section.fichier
    return like(section.fichier, name if whole else PurePosixPath(name).name)


def like(pattern: str, name: str) -> bool:
    """Whether a name is the one of the mapping, case and accents ignored; `*` and `?` stand for anything."""
    expression = re.escape(plain_name(pattern)).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, plain_name(name)) is not None


def near(wanted: str, names: Iterable[str]) -> tuple[str, ...]:
    """The names closest to the wanted one, as a message may show them."""
    shown = {plain_name(name): public_name(name) for name in names if name.strip()}
    return tuple(shown[close] for close in get_close_matches(plain_name(wanted), shown, n=3))


def close_words(names: tuple[str, ...]) -> str:
    """What a message adds of the names that are close: nothing when there is none."""
    shown = ", ".join(f"« {name} »" for name in names)
    return f" (proche{'s' if len(names) > 1 else ''} : {shown})" if names else ""


def claim(detection: Detection, root: Path, mapping: MappingFile, limits: Limits) -> tuple[SourceFile, ...]:
    """Take out of what was recognised below `root` the files that the mapping names, and give them."""
    taken: list[SourceFile] = []
    sources, detection.sources = detection.sources, []
    for source in sources:
        rest: list[SourceFile] = []
        for file in source.files:
            (taken if _is_named(mapping, file, limits) else rest).append(file)
        if rest or source.refused:
            detection.sources.append(replace(source, files=tuple(rest)))
    aside, detection.left_aside = detection.left_aside, []
    for name, reason in aside:
        file = SourceFile(root / name if root.is_dir() else root, name)
        if reason == UNKNOWN and _is_named(mapping, file, limits):
            taken.append(file)
        else:
            detection.left_aside.append((name, reason))
    return tuple(sorted(taken, key=lambda file: file.name))


def _is_named(mapping: MappingFile, file: SourceFile, limits: Limits) -> bool:
    sections = [section for section in mapping.tables.values() if names_file(section, file.name)]
    if any(section.fichier for section in sections):
        return True
    if not sections:
        return False
    book = open_workbook(file, limits, frozenset())
    if isinstance(book, Problem):  # the reader of workbooks says why it cannot be opened
        return False
    return any(like(section.feuille or "", sheet) for section in sections for sheet in book.sheet_names)
