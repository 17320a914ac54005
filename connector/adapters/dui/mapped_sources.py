"""What the paths of a command hold, once `--mapping` and the `[[source]]` of the settings have spoken.

A mapping takes the files that it names, everything else is recognised as usual. A `[[source]]` whose
`chemin` is one of the paths gives its settings to what is found there, to its `type` alone when it names one. A
path may also be the `nom` of a `[[source]]`: that is how a connection, which has no path, is asked for.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from connector.adapters.base import Grouping, SourceFile
from connector.adapters.detect import Detection, Recognised, detect
from connector.adapters.dui.mapped import MappedAdapter
from connector.adapters.dui.mapped_files import UNKNOWN, claim
from connector.adapters.registry import load, options_of
from connector.config import Settings, SourceSettings
from connector.errors import SettingsError
from connector.mapping import load_mapping


def find_sources(
    paths: Sequence[Path], settings: Settings, *, mapping: Path | None = None, base: Path | None = None
) -> Detection:
    """Recognise what is below these paths. `base` is the folder that the paths of the settings start from.

    Raises:
        SettingsError: a `[[source]]` or a mapping file is not usable.
        SourceUnreachableError: a path does not exist.
    """
    found = Detection()
    ranks: dict[Path, int] = {}  # folder of a mapped export → its rank among the sources
    for asked in paths:
        alone = _connected(asked, settings, base or Path())
        if alone:
            found.sources.append(_connection(alone, settings, base or Path(), mapping))
            continue
        named = next((one for one in settings.source if one.nom == str(asked)), None)
        path = (base or Path()) / named.chemin if named and named.chemin and not asked.exists() else asked
        described = _described(path, settings, base or Path())
        here = detect([path], settings.limites)
        mapped = next((one for one in described if one.mapping), None)
        if mapping:
            mapped = (mapped or SourceSettings(limites=settings.limites)).model_copy(update={"mapping": mapping})
        if mapped and mapped.mapping:
            files = claim(here, path, load_mapping(mapped.mapping), settings.limites)
            if files or not mapping:
                _add(found, ranks, path, replace(_mapped(path, mapped), files=files))
        _settle(here, path, described)
        found.sources += here.sources
        found.left_aside += here.left_aside
        found.refused += here.refused
        found.spoiled += here.spoiled
    connected = any(one.adapter.grouping is Grouping.CONNECTION for one in found.sources)
    if mapping and not ranks and not connected:  # its adapter will say what is missing
        settled = SourceSettings(limites=settings.limites, mapping=mapping)
        found.sources.insert(0, _mapped(paths[0], settled))
    return found


def _described(path: Path, settings: Settings, base: Path) -> list[SourceSettings]:
    """The `[[source]]` of this path: its mapping found, the limits of the site unless it has its own."""
    described = []
    for one in settings.source:
        if one.chemin is None or not _same(base / one.chemin, path):
            continue
        if one.type == MappedAdapter.name and one.mapping is None:
            raise SettingsError(
                f"[[source]] « {one.nom or one.chemin} » : attendu « mapping », qui manque ; "
                "ajoutez le chemin du fichier de correspondance."
            )
        if one.type or one.model_extra:
            options_of(load(one.type), one)
        described.append(_completed(one, settings, base))
    return described


def _same(one: Path, other: Path) -> bool:
    """Whether two paths lead to one place; `Path.resolve` raises for a link that leads to itself."""
    return os.path.realpath(one) == os.path.realpath(other)


def _completed(one: SourceSettings, settings: Settings, base: Path) -> SourceSettings:
    changes: dict[str, object] = {} if "limites" in one.model_fields_set else {"limites": settings.limites}
    if one.mapping:
        changes["mapping"] = base / one.mapping
    own = one.model_extra or {}
    changes |= {name: _from(base, name, value) for name, value in own.items() if isinstance(value, str)}
    return one.model_copy(update=changes)


def _from(base: Path, name: str, value: str) -> str:
    """An option that is a path, or a secret in a file, starts from the folder of the settings."""
    if name == "ca_bundle":
        return str(base / value)
    return f"file:{base / value.removeprefix('file:')}" if value.startswith("file:") else value


def _connected(asked: Path, settings: Settings, base: Path) -> SourceSettings | None:
    """The source of this name or path that the settings alone describe; a database may be a file."""
    for one in settings.source:
        if one.nom == str(asked) and one.chemin is None and not asked.exists():
            return one
        here = one.nom == str(asked) and not asked.exists()
        here = here or (one.chemin is not None and _same(base / one.chemin, asked))
        if here and one.type and load(one.type).grouping is Grouping.CONNECTION:
            return one
    return None


def _connection(one: SourceSettings, settings: Settings, base: Path, mapping: Path | None = None) -> Recognised:
    """A source that is no file: a server, which the settings alone describe, or the file of a database."""
    adapter = load(one.type)
    if adapter.grouping is not Grouping.CONNECTION:
        raise SettingsError(f"[[source]] « {one.nom} » : attendu « chemin », qui manque ; ajoutez le chemin à lire.")
    options_of(adapter, one)
    files = (SourceFile(base / one.chemin, one.chemin.name),) if one.chemin else ()
    completed = _completed(one, settings, base).model_copy(update={"mapping": mapping} if mapping else {})
    return Recognised(adapter, one.nom or str(one.chemin), files, completed)


def _mapped(path: Path, settings: SourceSettings) -> Recognised:
    folder = path if path.is_dir() else path.parent
    return Recognised(MappedAdapter, settings.nom or folder.resolve().name, (), settings)


def _add(found: Detection, ranks: dict[Path, int], path: Path, source: Recognised) -> None:
    """Files given one by one make one export with those of the same folder."""
    folder = path if path.is_dir() else path.parent
    if folder in ranks:
        known = found.sources[ranks[folder]]
        found.sources[ranks[folder]] = replace(known, files=known.files + source.files)
    else:
        ranks[folder] = len(found.sources)
        found.sources.append(source)


def _settle(here: Detection, path: Path, described: Sequence[SourceSettings]) -> None:
    """Give each source found at a path the settings that speak of it."""
    forced = next((one for one in described if one.type not in ("", MappedAdapter.name)), None)
    readable = any(source.files for source in here.sources) or bool(here.spoiled)
    readable = readable or any(reason == UNKNOWN for _, reason in here.left_aside)
    if forced and path.is_file() and readable:
        here.sources[:] = [Recognised(load(forced.type), path.name, (SourceFile(path, path.name),))]
        here.left_aside.clear()
        here.spoiled.clear()
    alone = len(here.sources) == 1
    for rank, source in enumerate(here.sources):
        settings = next((one for one in described if one.type in ("", source.adapter.name)), None)
        if settings:
            nom = source.nom if not settings.nom else settings.nom if alone else f"{settings.nom} : {source.nom}"
            # A mapping speaks for the files that it names only.
            here.sources[rank] = replace(source, nom=nom, settings=settings.model_copy(update={"mapping": None}))
