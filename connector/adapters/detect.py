"""Recognising what a folder holds, by content, and grouping its files into sources."""

from __future__ import annotations

import os
import stat
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from connector.adapters.base import HEAD_SIZE, Adapter, Grouping, Problem, SourceFile
from connector.adapters.registry import each
from connector.config import Limits, SourceSettings
from connector.errors import SourceUnreachableError


@dataclass(frozen=True)
class Recognised:
    """Files that make one source, and the adapter that reads them.

    `refused` are the problems of those that are named for this adapter and must not be opened.
    """

    adapter: type[Adapter]
    nom: str
    files: tuple[SourceFile, ...]
    settings: SourceSettings | None = None  # when the settings file describes this source
    refused: tuple[Problem, ...] = ()


@dataclass
class Detection:
    """What was recognised, what was left aside with the reason, what nobody may open, and what is not what it is named.

    `spoiled` are the files of no source that are told as faults all the same (`adapters.spoiled`).
    """

    sources: list[Recognised] = field(default_factory=list)
    left_aside: list[tuple[str, str]] = field(default_factory=list)
    refused: list[Problem] = field(default_factory=list)
    spoiled: list[Problem] = field(default_factory=list)

    @property
    def faults(self) -> list[Problem]:
        """What is told of files that belong to no source, and makes the run faulty."""
        return [*self.refused, *self.spoiled]


class _Refusal(NamedTuple):
    """Why a file is not opened: what was found, what to do, and whether it matters when no adapter wants it."""

    expected: str
    found: str
    advice: str
    always: bool = True

    def problem(self, file: SourceFile, tables: frozenset[str]) -> Problem:
        return Problem(file.name, "", None, self.expected, self.found, self.advice, tables)


_FILE = "un fichier ordinaire"
_OPEN = "un tableur l'a laissé : le classeur est ouvert quelque part"
_SHADOWS = {"~$": _OPEN, ".~lock.": _OPEN, "._": "macOS l'a laissé à côté d'un fichier du même nom"}
_BROKEN = _Refusal(_FILE, "un lien brisé ou un fichier inaccessible", "réparez-le, ou retirez-le de la source.")
_OUTSIDE = _Refusal(_FILE, "un lien qui sort de la source", "mettez dans la source le fichier lui-même.")
_SPECIAL = _Refusal(_FILE, "un tube ou un périphérique", "retirez-le de la source.")
_LINKED = _Refusal("un dossier ordinaire", "un lien vers un dossier", "donnez ce dossier à part, ou copiez-le.")
_CLOSED = _Refusal("un dossier lisible", "un dossier que le système refuse d'ouvrir", "vérifiez les droits de lecture.")
_UNREADABLE = _Refusal(
    "un fichier lisible", "un fichier que le système refuse d'ouvrir", "vérifiez les droits de lecture."
)
_FOLDER = _Refusal(_FILE, "un dossier de ce nom", "remplacez-le par le fichier lui-même.", always=False)


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
        _detect(detection, path, limits, adapters)
    return detection


def _detect(detection: Detection, path: Path, limits: Limits, adapters: list[type[Adapter]]) -> None:
    groups: dict[tuple[str, str], list[SourceFile]] = defaultdict(list)
    refused: dict[tuple[str, str], list[Problem]] = defaultdict(list)
    strangers: list[tuple[SourceFile, _Refusal | None]] = []
    for file, refusal in _walk(path, limits):
        adapter = None if _shadow(file) else _named_for(file, adapters) if refusal else _recognise(file, adapters)
        if adapter is None:
            strangers.append((file, refusal))
            continue
        key = (adapter.name, _group(adapter, file, path))
        if refusal:
            refused[key].append(refusal.problem(file, tables_named(adapter, file.path)))
        else:
            groups[key].append(file)
    for file, refusal in strangers:
        adapter = _of_a_set(file, groups, adapters)
        refusal = refusal or (_damage(adapter, file) if adapter else None)
        if adapter and refusal:
            refused[adapter.name, _group(adapter, file, path)].append(refusal.problem(file, adapter.provides))
        elif refusal is None and (said := _spoiled(file, limits, adapters)):
            claimed = [(adapter.name, _group(adapter, file, path)) for adapter, _ in said]
            known = [(key, *one) for key, one in zip(claimed, said, strict=True) if key in groups]
            for rank, (key, adapter, problem) in enumerate(known):  # barred wherever it may belong, told once
                refused[key].append(replace(problem, tables=adapter.provides, told=rank == 0))
            detection.spoiled += [] if known else [said[0][1]]
        elif refusal is None:
            detection.left_aside.append((file.name, _why_unknown(file)))
        elif refusal.always:
            detection.refused.append(refusal.problem(file, frozenset()))
    by_name = {adapter.name: adapter for adapter in adapters}
    detection.sources += [
        Recognised(by_name[name], nom, tuple(groups[name, nom]), refused=tuple(refused[name, nom]))
        for name, nom in sorted(groups.keys() | refused.keys())
    ]


def _shadow(file: SourceFile) -> bool:
    """Whether a program left this beside a file: it bears its name, and is none."""
    return file.path.name.startswith(tuple(_SHADOWS))


def _why_unknown(file: SourceFile) -> str:
    return next((why for mark, why in _SHADOWS.items() if file.path.name.startswith(mark)), "format non reconnu")


def _of_a_set(
    file: SourceFile, groups: dict[tuple[str, str], list[SourceFile]], adapters: list[type[Adapter]]
) -> type[Adapter] | None:
    """The adapter that recognised the other files of a set which this name completes: the archives of one log."""
    for adapter in adapters:
        in_set: Callable[[Path, list[Path]], bool] | None = getattr(adapter, "in_set", None)
        known = [one.path for (name, _), files in groups.items() if name == adapter.name for one in files]
        if in_set and known and in_set(file.path, known):
            return adapter
    return None


def _damage(adapter: type[Adapter], file: SourceFile) -> _Refusal | None:
    """Why a file of a set gives nothing; None for one that is whole and holds nothing of this adapter."""
    said: Callable[[Path], tuple[str, str, str] | None] | None = getattr(adapter, "damage", None)
    found = said(file.path) if said else None
    return _Refusal(*found) if found else None


def _spoiled(file: SourceFile, limits: Limits, adapters: list[type[Adapter]]) -> list[tuple[type[Adapter], Problem]]:
    """What the adapters say of a file that none recognised, when its name is that of a file of theirs."""
    said: list[tuple[type[Adapter], Problem]] = []
    for adapter in [] if _shadow(file) else adapters:
        spoiled: Callable[[SourceFile, Limits], Problem | None] = getattr(adapter, "spoiled", lambda *_: None)
        try:
            problem = spoiled(file, limits)
        except OSError:
            problem = _UNREADABLE.problem(file, frozenset())
        if problem:
            said.append((adapter, problem))
    return said


def tables_named(adapter: type[Adapter], path: Path) -> frozenset[str]:
    """The tables that a file of this name would give: those that the adapter says, else all that it provides."""
    named: Callable[[Path], frozenset[str]] = getattr(adapter, "tables_named", lambda _: adapter.provides)
    return named(path)


def _walk(root: Path, limits: Limits) -> Iterator[tuple[SourceFile, _Refusal | None]]:
    """Every file, and what must not be opened with the reason; folders whose name an adapter may know."""
    if not root.is_dir():
        yield SourceFile(root, root.name), _refusal(root, root.parent)
        return
    count = 0
    closed: list[Path] = []
    for folder, folders, files in os.walk(root, onerror=lambda error: closed.append(Path(error.filename))):
        folders.sort()
        for name in folders:
            path = Path(folder, name)
            yield _below(path, root), _LINKED if path.is_symlink() else _FOLDER
        for name in sorted(files):
            count += 1
            if count > limits.fichiers_max:
                what = (f"au plus {limits.fichiers_max} fichiers", "davantage de fichiers")
                yield _below(root, root), _Refusal(*what, "relevez « fichiers_max » dans [limites], s'il est sûr.")
                return
            path = Path(folder, name)
            yield _below(path, root), _refusal(path, root)
    for path in closed:
        yield _below(path, root), _CLOSED


def _below(path: Path, root: Path) -> SourceFile:
    return SourceFile(path, root.name if path == root else path.relative_to(root).as_posix())


def _refusal(path: Path, root: Path) -> _Refusal | None:
    try:
        mode = path.stat().st_mode
    except OSError:
        return _BROKEN
    if path.is_symlink() and not path.resolve().is_relative_to(root.resolve()):
        return _OUTSIDE
    return None if stat.S_ISREG(mode) else _SPECIAL


def _named_for(file: SourceFile, adapters: list[type[Adapter]]) -> type[Adapter] | None:
    """The adapter that a file is for by its name alone."""
    return next((adapter for adapter in adapters if adapter.sniff(file.path, b"")), None)


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
