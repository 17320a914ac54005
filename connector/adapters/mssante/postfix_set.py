"""The files that a rotation makes of one log, by their names, and those of them that give nothing.

A part of a log that cannot be read is told and bars its messages: what it held would be missing from the figures.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Collection
from pathlib import Path

from connector.adapters.base import HEAD_SIZE, Problem, SourceFile
from connector.adapters.mssante.postfix_lines import GZIP
from connector.adapters.spoiled import no_text
from connector.config import Limits

_LOG = re.compile(r"mail(?:\.?log|\.info)|postfix\.log")  # as Debian, Red Hat and people name it
_PACKED = re.compile(r"\.(?:gz|xz|bz2|zst)$")
_RANK = re.compile(r"(?:\.\d{1,4}|-20\d{6}(?:\d\d)?)$")  # logrotate: « .2 », or « -20250301 » with `dateext`
Said = tuple[str, str, str]  # expected, found, advice


def log_of(name: str) -> str:
    """The name of a log before its rotation: « mail.log » for « mail.log.2.gz »."""
    return _RANK.sub("", _PACKED.sub("", name))


def in_set(path: Path, known: Collection[Path]) -> bool:
    """Whether a name is that of an archive of one of these logs, in the same folder."""
    if not _PACKED.search(path.name):
        return False
    return any(one.parent == path.parent and log_of(one.name) == log_of(path.name) for one in known)


def spoiled(file: SourceFile, _limits: Limits) -> Problem | None:
    """Why a file named as the log of a relay is none; a rotation that has just emptied it is no fault."""
    log = log_of(file.path.name)
    if _LOG.fullmatch(log) is None:
        return None
    rest = (one for one in file.path.parent.iterdir() if one != file.path and log_of(one.name) == log)
    if not file.path.stat().st_size and any(one.is_file() and one.stat().st_size for one in rest):
        return None
    if _PACKED.search(file.path.name) is None:
        return no_text(file, "un journal Postfix")
    said = damage(file.path)
    return Problem(file.name, "", None, *said, frozenset()) if said else None


def damage(path: Path) -> Said | None:
    """Why an archive of a log gives nothing; None for one that is whole, which then holds no line of Postfix."""
    if path.suffix != ".gz":
        return ("une archive gzip", "une archive d'une autre sorte", "décompressez-la.")
    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD_SIZE)
            ended = not stream.read(1)
    except OSError:
        return ("un fichier lisible", "une erreur de lecture", "vérifiez les droits et le support.")
    unzip = zlib.decompressobj(wbits=31)
    try:
        unzip.decompress(head, 64 * HEAD_SIZE)
        whole = head[:2] == GZIP and (unzip.eof or bool(unzip.unconsumed_tail) or not ended)
    except zlib.error:
        whole = False
    return None if whole else ("une archive gzip entière", "une archive coupée ou abîmée", "recopiez-la.")
