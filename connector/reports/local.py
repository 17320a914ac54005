"""The lists that stay on site: which records to look at. They name persons, so nobody else may read them.

Folder 0700, files 0600; on Windows the ACL of the folder rules.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from connector.disk import move
from connector.model.result import WorkItem
from connector.reports.csv_file import csv_bytes

FOLDER = "local"
WARNING = "NE PAS DIFFUSER : ce fichier désigne des personnes et ne doit pas quitter l'établissement."
HEADER = ("date_mesure", "finess_et", "id_usager", "id_dossier", "detail")
_LIST_NAME = re.compile(r"[a-z0-9_]+")


def write_local(folder: Path, worklists: Iterable[WorkItem], date_mesure: date) -> list[Path]:
    """Write `folder/local/<liste>.csv` for each list, remove those of an earlier run, return the new paths."""
    by_list: defaultdict[str, list[WorkItem]] = defaultdict(list)
    for item in worklists:
        by_list[item.liste].append(item)
    for name in by_list:
        if not _LIST_NAME.fullmatch(name):  # it becomes a file name
            raise ValueError(f"nom de liste inattendu : {name!r}")
    target = folder / FOLDER
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    target.chmod(0o700)
    written = [_write_list(target / f"{name}.csv", items, date_mesure) for name, items in sorted(by_list.items())]
    _remove_old_lists(target, keep=set(written))
    return written


def _write_list(path: Path, items: list[WorkItem], date_mesure: date) -> Path:
    rows = [(date_mesure, i.finess_et, i.id_usager, i.id_dossier, i.detail) for i in sorted(items)]
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.unlink(missing_ok=True)
    # Created private: a chmod after the write would leave the names readable for an instant.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        with os.fdopen(os.open(temporary, flags, 0o600), "wb") as stream:
            stream.write(csv_bytes(HEADER, rows, before=WARNING))
        move(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def _remove_old_lists(target: Path, keep: set[Path]) -> None:
    """A list of an earlier run would pass for current; only files that carry our warning are removed."""
    mark = WARNING.encode("utf-8-sig")
    for path in sorted(target.glob("*.csv")):
        if path in keep or not path.is_file():
            continue
        with path.open("rb") as stream:
            ours = stream.read(len(mark)) == mark
        if ours:
            path.unlink()
