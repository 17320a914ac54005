"""What an IHE_XDM.ZIP says of its mail: the structure that sends and the persons concerned, nothing else.

Only METADATA.XML is read (IHE ITI TF-2 §3.32), under the limits for archives.
"""

from __future__ import annotations

import io
import zipfile
from typing import NamedTuple

from connector import zips
from connector.adapters.dmp import xds_envelope
from connector.adapters.dmp.deposits import Deposit
from connector.adapters.dmp.xds_request import read_deposits
from connector.adapters.mssante.hl7v2_fields import UnusableError
from connector.config import Limits

NAME = "archive IHE_XDM.ZIP"
_RATIO_FROM = 1 << 20  # decompressed bytes before a ratio means something
_SUSPECT = "ne l'ouvrez pas : prévenez l'expéditeur."


class UnreadableError(Exception):
    """An archive that is broken, not hostile."""


class Metadata(NamedTuple):
    """The FINESS that the metadata name, as written, and how many persons they concern."""

    structures: frozenset[str]
    patients: int


def read_archive(data: bytes, limits: Limits) -> Metadata:
    """What the METADATA.XML of an archive say.

    Raises:
        UnreadableError: not an archive, or one without metadata that can be read.
        UnusableError: an archive that grows beyond its limit or names a file outside itself, a DOCTYPE.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            _refuse(members, limits)
            wanted = [one for one in members if one.filename.rpartition("/")[2].upper() == "METADATA.XML"]
            texts = [_member(archive, one, limits) for one in wanted]
    except zips.BROKEN:
        raise UnreadableError from None
    structures, patients = set[str](), set[str]()
    for text in texts:
        for deposit in _deposits(text, limits):
            structures.add(deposit.finess_et)
            patients.add(deposit.matricule_ins or deposit.id_usager)
    if not texts:
        raise UnreadableError
    return Metadata(frozenset(structures - {""}), len(patients - {""}))


def _refuse(members: list[zipfile.ZipInfo], limits: Limits) -> None:
    for one in members:
        if zips.leaves(one.filename):
            raise UnusableError(NAME, "des noms de fichiers à l'intérieur de l'archive", "un nom qui en sort", _SUSPECT)
    size, packed = sum(one.file_size for one in members), max(1, sum(one.compress_size for one in members))
    if size > _RATIO_FROM and size // packed > limits.taux_compression_max:
        expected = f"une archive compressée au plus {limits.taux_compression_max} fois"
        raise UnusableError(NAME, expected, "une archive qui gonfle davantage", _SUSPECT)


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, limits: Limits) -> bytes:
    """A member, never more of it than a line may hold, whatever size it declares."""
    with archive.open(member) as stream:
        data = stream.read(limits.ligne_max + 1)
    if len(data) > limits.ligne_max:
        expected = f"un METADATA.XML d'au plus {limits.ligne_max} octets"
        raise UnusableError(NAME, expected, "un fichier plus long", _SUSPECT)
    return data


def _deposits(text: bytes, limits: Limits) -> list[Deposit]:
    try:
        return list(read_deposits([xds_envelope.parse(text, limits.profondeur_max)], ""))
    except xds_envelope.UnusableError as error:
        if "DOCTYPE" in error.found or "profond" in error.found:
            raise UnusableError(NAME, error.expected, error.found, _SUSPECT) from None
        raise UnreadableError from None
