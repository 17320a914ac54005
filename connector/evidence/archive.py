"""The two files of a proof as bytes: what they hold, and nothing else.

`mesure.json` and `personnes.csv` may leave the site: the one list of what may leave (`publish.allowlist`) has their
fields. The internal part is compressed and encrypted (AES-256-GCM) with a key of the site.
"""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from connector import zips
from connector.errors import SourceDataError
from connector.evidence import merkle
from connector.evidence.arithmetic import FACTS
from connector.publish.allowlist import check

MEASURE, PERSONS, SIGNATURE, README = "mesure.json", "personnes.csv", "mesure.jws", "LISEZMOI.txt"
_MOST = 64 * 1024 * 1024  # bytes of one member: a hundred times the largest ET
_INTERNAL = b"DUI-PREUVE-INTERNE-1\n"
_NONCE = 12
_WORDS = """\
Preuve d'une mesure d'usage (programme ESMS numérique).

mesure.json   : les chiffres, les versions, les empreintes, la racine de l'engagement.
personnes.csv : une ligne par personne, sous un numéro tiré au hasard, avec des oui (1) et des non (0) seulement.
mesure.jws    : la signature de mesure.json (JWS détachée).

Ce que cette preuve établit : les chiffres n'ont pas changé depuis leur signature, et ils se recomptent depuis ces
lignes. Elle n'établit pas que les dossiers disent vrai : un inspecteur le vérifie sur place, avec la partie interne,
dont la racine de l'engagement prouve qu'elle n'a pas changé non plus.

Vérifier : dui-connector evidence verify CETTE-ARCHIVE --cle CLE-PUBLIQUE
"""


@dataclass(frozen=True)
class SiteKey:
    """A key that encrypts internal parts, and the name by which it is found again."""

    nom: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True)
class Opened:
    """An external proof once read: the signed bytes, their content, the persons' lines and the signature."""

    measure: bytes
    content: Mapping[str, Any]
    persons: bytes
    signature: str


def persons_csv(rows: Sequence[Mapping[str, Any]], known: Sequence[str]) -> bytes:
    """One line per person, by random id; a fact that the ET's sources cannot tell is empty, never 0."""
    check("preuve-personnes", {name: {row[name] for row in rows} for name in ("id", *FACTS)})
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\n")
    writer.writerow(("id", *FACTS))
    for row in sorted(rows, key=lambda one: one["id"]):
        writer.writerow((row["id"], *(int(row[fact]) if fact in known else "" for fact in FACTS)))
    return text.getvalue().encode()


def read_persons(text: bytes) -> list[dict[str, bool]]:
    """The facts of every person; one that is empty reads as false.

    Raises:
        SourceDataError: a line that `persons_csv` would not write.
    """
    rows = list(csv.reader(io.StringIO(text.decode("utf-8", "replace")), delimiter=";"))
    if not rows or tuple(rows[0]) != ("id", *FACTS):
        raise SourceDataError(f"{PERSONS}, ligne 1 : attendu les colonnes d'une preuve ; demandez l'archive d'origine.")
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(FACTS) + 1 or not set(row[1:]) <= {"0", "1", ""}:
            raise SourceDataError(
                f"{PERSONS}, ligne {number} : attendu un numéro puis {len(FACTS)} valeurs 0, 1 ou vides ; "
                "demandez l'archive d'origine."
            )
    return [dict(zip(FACTS, (value == "1" for value in row[1:]), strict=True)) for row in rows[1:]]


def digest(content: bytes) -> str:
    """« sha256:… » of these bytes."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def external(measure: bytes, persons: bytes, signature: str) -> bytes:
    """The archive that may leave; the same content gives the same bytes."""
    members = ((README, _WORDS.encode()), (MEASURE, measure), (PERSONS, persons), (SIGNATURE, signature.encode()))
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def open_external(content: bytes, name: str) -> Opened:
    """Read an external proof; nothing of it is trusted yet.

    Raises:
        SourceDataError: not such an archive, or a member beyond the limits.
    """
    refusal = SourceDataError(f"{name} : attendu une archive de preuve, trouvé autre chose ; demandez l'originale.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sorted(archive.namelist()) != sorted((README, MEASURE, PERSONS, SIGNATURE)):  # each once
                raise refusal
            if any(one.file_size > _MOST for one in archive.infolist()):
                raise SourceDataError(f"{name} : archive démesurée (plus de {_MOST} octets par fichier), refusée.")
            measure, persons = archive.read(MEASURE), archive.read(PERSONS)
            signature = archive.read(SIGNATURE).decode("ascii")
        parsed = orjson.loads(measure)
    except zips.BROKEN:
        raise refusal from None
    if not isinstance(parsed, dict):
        raise refusal
    return Opened(measure, parsed, persons, signature)


def sealed(lines: Sequence[bytes], seed: bytes, key: SiteKey, nonce: bytes) -> bytes:
    """The internal part: the seed then every line, compressed and encrypted."""
    text = zlib.compress(b"\n".join([seed.hex().encode(), *lines]), 6)
    head = _INTERNAL + key.nom.encode() + b"\n"
    return head + nonce + AESGCM(key.secret).encrypt(nonce, text, head)


def key_name(content: bytes, name: str) -> str:
    """The name of the key that reads an internal part.

    Raises:
        SourceDataError: not such a file.
    """
    first, _, rest = content.partition(b"\n")
    if first + b"\n" != _INTERNAL or b"\n" not in rest[:100]:
        raise SourceDataError(f"{name} : attendu la partie interne d'une preuve, trouvé autre chose.")
    return rest.partition(b"\n")[0].decode("ascii", "replace")


def unsealed(content: bytes, key: bytes, name: str) -> tuple[list[bytes], bytes]:
    """The lines of an internal part, and its seed.

    Raises:
        SourceDataError: not such a file, changed since, or encrypted with another key.
    """
    head = _INTERNAL + key_name(content, name).encode() + b"\n"
    nonce, text = content[len(head) :][:_NONCE], content[len(head) + _NONCE :]
    try:
        first, *lines = zlib.decompress(AESGCM(key).decrypt(nonce, text, head)).split(b"\n")
    except (InvalidTag, ValueError):
        raise SourceDataError(
            f"{name} : déchiffrement impossible ; le fichier a changé, ou la clé n'est pas celle du site qui l'a fait."
        ) from None
    return lines, bytes.fromhex(first.decode())


def commitment(lines: Sequence[bytes], seed: bytes) -> str:
    """The root over the lines of an internal part."""
    return merkle.root(lines, seed)


def canonical(*parts: object) -> bytes:
    """One line of an internal part: a JSON array with sorted keys."""
    return orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)


def tagged(lines: Sequence[bytes]) -> Iterator[tuple[str, Any]]:
    """Each line of an internal part: what it is, and its content."""
    for line in lines:
        kind, content = orjson.loads(line)
        yield kind, content
