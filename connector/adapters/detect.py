"""Recognising what a folder holds, by content, and grouping its files into sources."""

from __future__ import annotations

import os
import stat
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from connector.adapters.base import HEAD_SIZE, Adapter, Grouping, SourceFile
from connector.adapters.registry import each
from connector.config import Limits, SourceSettings
from connector.errors import SourceUnreachableError


@dataclass(frozen=True)
class Recognised:
    """Files that make one source, and the adapter that reads them."""

    adapter: type[Adapter]
    nom: str
    files: tuple[SourceFile, ...]
    settings: SourceSettings | None = None  # when the settings file describes this source


@dataclass
class Detection:
    """What was recognised, and what was left aside with the reason."""

    sources: list[Recognised] = field(default_factory=list)
    left_aside: list[tuple[str, str]] = field(default_factory=list)


def detect(paths: Iterable[Path], limits: Limits) -> Detection:
    """Recognise every file below these paths, in a stable order.

    Raises:
        SourceUnreachableError: a path does not exist.
    """
    detection = Detection()
    adapters = list(each())
    for path in paths:
        if not path.exists():
            raise SourceUnreachableError(f"{path} : introuvable ; vérifiez le chemin de la source.")
        groups: dict[tuple[str, str], list[SourceFile]] = defaultdict(list)
        for file, refusal in _walk(path, limits):
            adapter = None if refusal else _recognise(file, adapters)
            if adapter is None:
                detection.left_aside.append((file.name, refusal or "format non reconnu"))
            else:
                groups[(adapter.name, _group(adapter, file, path))].append(file)
        by_name = {adapter.name: adapter for adapter in adapters}
        detection.sources += [
            Recognised(by_name[name], nom, tuple(files)) for (name, nom), files in sorted(groups.items())
        ]
    return detection


def _walk(root: Path, limits: Limits) -> Iterator[tuple[SourceFile, str]]:
    """Every file with the reason to refuse it, or an empty reason."""
    if not root.is_dir():
        yield SourceFile(root, root.name), _refusal(root, root.parent)
        return
    count = 0
    for folder, folders, files in os.walk(root):
        folders.sort()
        for name in sorted(files):
            count += 1
            path = Path(folder, name)
            refusal = "au-delà du nombre de fichiers permis" if count > limits.fichiers_max else _refusal(path, root)
            yield SourceFile(path, path.relative_to(root).as_posix()), refusal


def _refusal(path: Path, root: Path) -> str:
    try:
        mode = path.stat().st_mode
    except OSError:
        return "lien brisé ou fichier inaccessible"
    if path.is_symlink() and not path.resolve().is_relative_to(root.resolve()):
        return "lien qui sort de la source"
    if not stat.S_ISREG(mode):
        return "ni un fichier ni un dossier ordinaire"
    return ""


def _recognise(file: SourceFile, adapters: list[type[Adapter]]) -> type[Adapter] | None:
    try:
        with file.path.open("rb") as stream:
            head = stream.read(HEAD_SIZE)
    except OSError:
        head = b""  # an adapter that goes by name may still claim it, and will say what is wrong
    return next((adapter for adapter in adapters if adapter.sniff(file.path, head)), None)


def _group(adapter: type[Adapter], file: SourceFile, root: Path) -> str:
    """The name of the source that this file belongs to."""
    if adapter.grouping is Grouping.FILE:
        return file.name
    if adapter.grouping is Grouping.FOLDER:
        folder = Path(file.name).parent.as_posix()
        return root.name if folder == "." and root.is_dir() else file.name if folder == "." else folder
    return root.name
