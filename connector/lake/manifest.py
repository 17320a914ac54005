"""The manifest of a snapshot: what was read, when, under which key, and the digest of every file.

It names ETs and counts; nothing in it points to a person. Its own digest closes it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from connector.model.inventory import Bar, Remark, SourceInventory

NAME = "manifeste.json"
FORMAT = 1


@dataclass(frozen=True)
class FileRecord:
    """A file of the snapshot: its path below it, its size in bytes, its SHA-256 and its rows."""

    chemin: str
    octets: int
    sha256: str
    lignes: int


@dataclass(frozen=True)
class SourceRecord:
    """A source as it was read: its account, how far, under which settings, and when it was last read whole."""

    inventaire: SourceInventory
    positions: Mapping[str, str]
    reglages: str
    entier_depuis: datetime


@dataclass(frozen=True)
class Manifest:
    """`fuseaux` is the zone in which the dates of each FINESS as given were read; `cle` names the key."""

    collecte_le: datetime
    logiciel: str
    reglages: str
    cle: str
    lignee: str  # changes when the pseudonyms of a person do
    zones: tuple[str, ...]
    fuseaux: Mapping[str, str]
    sources: tuple[SourceRecord, ...]
    fichiers: tuple[FileRecord, ...]


class BrokenManifestError(Exception):
    """The manifest is not the one that was written."""


class LaterFormatError(Exception):
    """The manifest was written by a later version of the program."""


def dumps(manifest: Manifest) -> bytes:
    """The same manifest gives the same bytes."""
    content = {
        "format": FORMAT,
        "collecte_le": manifest.collecte_le.isoformat(),
        "logiciel": manifest.logiciel,
        "reglages": manifest.reglages,
        "cle": manifest.cle,
        "lignee": manifest.lignee,
        "zones": list(manifest.zones),
        "fuseaux": dict(sorted(manifest.fuseaux.items())),
        "sources": [_source(one) for one in manifest.sources],
        "fichiers": [[one.chemin, one.octets, one.sha256, one.lignes] for one in manifest.fichiers],
    }
    closed = content | {"empreinte": _digest(content)}
    return orjson.dumps(closed, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def loads(text: bytes) -> Manifest:
    """Read a manifest.

    Raises:
        BrokenManifestError: not what was written.
        LaterFormatError: of a later version.
    """
    try:
        content: dict[str, Any] = orjson.loads(text)
        said = content.pop("empreinte")
        if said != _digest(content) or content["format"] < FORMAT:
            raise BrokenManifestError
        if content["format"] > FORMAT:
            raise LaterFormatError
        return Manifest(
            datetime.fromisoformat(content["collecte_le"]),
            content["logiciel"],
            content["reglages"],
            content["cle"],
            content["lignee"],
            tuple(content["zones"]),
            content["fuseaux"],
            tuple(_read_source(one) for one in content["sources"]),
            tuple(FileRecord(*one) for one in content["fichiers"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BrokenManifestError from None


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _source(record: SourceRecord) -> dict[str, Any]:
    known = record.inventaire
    return {
        "nom": known.nom,
        "adaptateur": known.adaptateur,
        "coherent": known.coherent,
        "etablissements": list(known.etablissements),
        "empreinte": known.empreinte,
        "lignes": dict(sorted(known.lignes.items())),
        "nommes": {table: sorted(finess) for table, finess in sorted(known.nommes.items())},
        "fautes": [[*bar, count] for bar, count in sorted(known.bars.items(), key=repr)],
        "remarques": [[*remark, count] for remark, count in sorted(known.remarques.items(), key=repr)],
        "expediteurs": sorted(list(pair) for pair in known.expediteurs),
        "problemes": known.problemes,
        "non_montres": dict(sorted(known.non_montres.items())),
        "observes": sorted(known.observes),
        "positions": dict(sorted(record.positions.items())),
        "reglages": record.reglages,
        "entier_depuis": record.entier_depuis.isoformat(),
    }


def _read_source(said: Mapping[str, Any]) -> SourceRecord:
    inventory = SourceInventory(
        said["nom"],
        said["adaptateur"],
        said["coherent"],
        tuple(said["etablissements"]),
        said["empreinte"],
        said["lignes"],
        {table: set(finess) for table, finess in said["nommes"].items()},
        {Bar(*bar): count for *bar, count in said["fautes"]},
        {Remark(*remark): count for *remark, count in said["remarques"]},
        {(address, domain) for address, domain in said["expediteurs"]},
        said["problemes"],
        said["non_montres"],
        set(said["observes"]),
    )
    return SourceRecord(inventory, said["positions"], said["reglages"], datetime.fromisoformat(said["entier_depuis"]))
