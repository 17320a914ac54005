"""Large sources of every format that is read as it comes, written fast: a sample of the demo, copied under new ids.

Each writer fills a folder with about `size` bytes; what the sample says many times over is said once.
"""

from __future__ import annotations

import gzip
import re
import sqlite3
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import pyarrow.parquet as pq
from pyarrow import csv as pacsv

from connector.config import SourceSettings
from connector.demo import fhir_echanges, hl7v2
from connector.demo.organisation import Organisation
from connector.demo.xds import deposits_of
from connector.demo.xds_messages import mtom
from tests.bench import dataset

_GRAINE = 11
_MARK = "900000009"  # in the ids of a sample, where the rank of a copy comes
_ATTACHED = b64encode(Random(_GRAINE).randbytes(30_000)).decode()  # a document, 40 kB once in base64
_ROWS = 5000  # of a sample

Write = Callable[[Path, int], None]


def _copies(sample: bytes, size: int) -> Iterator[bytes]:
    """A sample again and again, its ids renewed."""
    mark = _MARK.encode()
    for rank in range(size // len(sample) + 1):
        yield sample.replace(mark, b"%09d" % rank)


def _write(path: Path, pieces: Iterable[bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        stream.writelines(pieces)


# ---------------------------------------------------------------------- pivot files, mapped exports, databases


def pivot_one_file(folder: Path, size: int) -> None:
    """One file, of deposits: that with most identifiers."""
    dataset.build(folder, 4000, 500_000, 0, 0, 0, size // 100)
    for path in folder.glob("*.csv"):
        if path.stem not in ("depots_dmp", "etablissements"):
            path.unlink()


def pivot_parquet(folder: Path, size: int) -> None:
    """One file, not compressed, of one row group only: some programs write so."""
    dataset.build(folder / "csv", 4000, 500_000, 0, 0, 0, size // 100)
    rows = pacsv.read_csv(folder / "csv" / "depots_dmp.csv", parse_options=pacsv.ParseOptions(delimiter=";"))
    pq.write_table(rows, folder / "depots_dmp.parquet", compression="none", row_group_size=len(rows))
    for path in (folder / "csv").iterdir():
        path.unlink()
    (folder / "csv").rmdir()


_MESSAGES = """logiciel = "Banc"
version = "1"
format_horodatage = "%d/%m/%Y %H:%M"

[tables.messages_mssante]
fichier = "envois.csv"
[tables.messages_mssante.colonnes]
id_message = "Identifiant"
horodatage = "Envoyé le"
expediteur = "Boîte"
statut = "État"
type = "Nature"
finess_et = "Établissement"
[tables.messages_mssante.codes.statut]
"Envoyé" = "envoye"
"Échec" = "echec"
"""
_MAPPING = "banc.toml"


def mapped_csv(folder: Path, size: int) -> None:
    """Windows-1252, a comment of two lines in quotes on every row."""
    head = "Identifiant;Envoyé le;Boîte;État;Nature;Établissement;Commentaire\r\n".encode("cp1252")
    rows = "".join(map(_sent, range(_ROWS))).encode("cp1252")
    _write(folder / "envois.csv", [head, *_copies(rows, size)])
    (folder / _MAPPING).write_text(_MESSAGES, encoding="utf-8")


def _sent(rank: int) -> str:
    moment, box = f"{rank % 28 + 1:02}/{rank % 12 + 1:02}/2025 {rank % 24:02}:{rank % 60:02}", f"contact.{rank % 300}"
    state = "Échec" if rank % 30 == 0 else "Envoyé"
    text = f'"Compte rendu n° {rank} ; envoyé à l\'établissement\r\npar ""Mme DEMO"", à la suite de l\'entretien"'
    return f"<{_MARK}.{rank}@demo>;{moment};{box}@demo.mssante.fr;{state};message;{750000000 + rank % 400};{text}\r\n"


_BASE = "banc.sqlite"
_UPDATES = """logiciel = "Banc"
version = "1"
format_horodatage = "%Y-%m-%d %H:%M:%S"

[tables.mises_a_jour]
requete = "SELECT finess, dossier, instant, origine, commentaire FROM journal"
[tables.mises_a_jour.colonnes]
finess_et = "finess"
id_dossier = "dossier"
horodatage = "instant"
origine = "origine"
"""
_FILL = """INSERT INTO journal
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
SELECT printf('%d', 750000000 + n % 400), printf('D%08d', n % 400000),
    datetime(1735689600 + n % 7776000, 'unixepoch'), 'utilisateur', 'une modification faite par une personne'
FROM numbers
"""


def sqlite_base(folder: Path, size: int) -> None:
    """One table of a file that SQLite wrote."""
    with closing(sqlite3.connect(folder / _BASE)) as connection, connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("CREATE TABLE journal (finess, dossier, instant, origine, commentaire)")
        connection.execute(_FILL, (size // 98,))
    (folder / _MAPPING).write_text(_UPDATES, encoding="utf-8")


# ---------------------------------------------------------------------- FHIR

_IDENTIFIED = re.compile(rb'("system":"urn:demo:(?:ordonnance|note)","value":")')


def _exchanges(folder: Path) -> tuple[list[bytes], bytes]:
    """The structures of a sample, and its prescriptions and notes as lines."""
    fhir_echanges.write(Organisation(_GRAINE, etablissements=20), folder, ndjson=True)
    path = folder / "echanges.ndjson"
    lines = path.read_bytes().splitlines(keepends=True)
    path.unlink()
    structures = [line for line in lines if _IDENTIFIED.search(line) is None]
    others = b"".join(line for line in lines if _IDENTIFIED.search(line) is not None)
    return structures, _IDENTIFIED.sub(rb"\g<1>" + _MARK.encode() + b"-", others)


def exchanges_ndjson(folder: Path, size: int) -> None:
    structures, others = _exchanges(folder)
    _write(folder / "echanges.ndjson", [*structures, *_copies(others, size)])


def exchanges_bundle(folder: Path, size: int) -> None:
    """One Bundle, on one line."""
    structures, others = _exchanges(folder)
    entry = b'{"resource":%s}'
    first = b",".join(entry % line.strip() for line in structures)
    sample = b"".join(b"," + entry % line.strip() for line in others.splitlines())
    _write(
        folder / "echanges.json",
        [b'{"resourceType":"Bundle","type":"collection","entry":[', first, *_copies(sample, size), b"]}"],
    )


# ---------------------------------------------------------------------- HL7 v2, XDS


def _flow() -> bytes:
    """Documents of 3 kB and their acknowledgements."""
    filler = _ATTACHED[:2000]
    found = []
    for et in Organisation(_GRAINE, etablissements=6).iter_etablissements():
        for sending in hl7v2.sendings(et):
            marked = replace(sending, control=f"{_MARK}{sending.control}")
            for message in (hl7v2.document(marked), *hl7v2._answers(marked)):
                found.append("\r".join(message).replace("^Base64^", f"^Base64^{filler}") + "\r")
    return "".join(found).encode()


def hl7v2_batch(folder: Path, size: int) -> None:
    """One file."""
    _write(folder / "lot.hl7", _copies(_flow(), size))


def xds_mtom(folder: Path, size: int) -> None:
    """One request whose document, beside it, is as large as asked."""
    (et,) = Organisation(_GRAINE, etablissements=1).iter_etablissements()
    before, mark, after = mtom(next(deposits_of(et))).partition(b"<ClinicalDocument>")
    block = _ATTACHED.encode()
    _write(folder / "00001-request.mime", [before, mark, *(block for _ in range(size // len(block))), after])


# ---------------------------------------------------------------------- logs and mails


def _log(rank: int) -> str:
    queue, moment = f"4{_MARK}{rank:04X}", f"{rank // 60 % 60:02}:{rank % 60:02}"
    lines = (
        f"smtpd[811]: {queue}: client=dui.local[192.0.2.5], sasl_method=PLAIN, sasl_username=dui",
        f"cleanup[812]: {queue}: message-id=<{_MARK}.{rank}.journal@demo.mssante.fr>",
        f"qmgr[790]: {queue}: from=<contact.{rank % 300}@demo.mssante.fr>, size=48213, nrcpt=1 (queue active)",
        f"smtp[901]: {queue}: to=<medecin{rank % 999}@cabinet-demo.mssante.fr>, relay=mx.cabinet-demo.mssante.fr"
        "[192.0.2.25]:25, delay=0.62, delays=0.05/0.01/0.31/0.25, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued)",
        f"qmgr[790]: {queue}: removed",
    )
    return "".join(f"2025-01-15T10:{moment}.000000+01:00 relais postfix/{line}\n" for line in lines)


def postfix_gz(folder: Path, size: int) -> None:
    """The same, compressed: `size` counts what the archive holds."""
    with gzip.open(folder / "mail.log.1.gz", "wb", compresslevel=1) as stream:
        stream.writelines(_copies("".join(map(_log, range(3600))).encode(), size))


def _mail(rank: int, text: str) -> str:
    head = f"Message-ID: <{_MARK}.{rank}@demo.mssante.fr>\nFrom: contact.{rank % 300}@demo.mssante.fr\n"
    head += f"Date: Wed, 15 Jan 2025 10:{rank % 60:02}:00 +0100\nTo: medecin{rank % 999}@cabinet.mssante.fr\n"
    return f"{head}MIME-Version: 1.0\nContent-Type: text/plain\n\n{text}\n"


def mbox(folder: Path, size: int) -> None:
    """Mails of 10 kB."""
    text = "Un texte de démonstration sans intérêt.\n" * 250
    mails = (f"From a@b Wed Jan 15 10:00:00 2025\n{_mail(rank, text)}\n" for rank in range(200))
    _write(folder / "Sent.mbox", _copies("".join(mails).encode(), size))


def one_mail(folder: Path, size: int) -> None:
    """A Maildir whose only mail carries a document as large as asked, in lines of 76 characters."""
    head = _mail(1, "").replace("text/plain\n\n", 'multipart/mixed; boundary="B"\n')
    part = "--B\nContent-Type: application/pdf\nContent-Transfer-Encoding: base64\n\n"
    lines = "\n".join(_ATTACHED[start : start + 76] for start in range(0, 38_000, 76)).encode() + b"\n"
    for name in ("new", "tmp"):
        (folder / name).mkdir()
    pieces = [f"{head}\n{part}".encode(), *(lines for _ in range(size // len(lines))), b"--B--\n"]
    _write(folder / "cur" / "1736931600.M1P1.demo:2,S", pieces)


@dataclass(frozen=True)
class Volume:
    """A format: the reader of its source, who writes it, and what the settings say of it."""

    adapter: str
    write: Write
    mapped: bool = False
    options: dict[str, Any] | None = None
    chemin: str = "."

    def settings(self, folder: Path) -> SourceSettings:
        told: dict[str, Any] = {"nom": "banc", "type": self.adapter, "chemin": folder / self.chemin}
        if self.mapped:
            told["mapping"] = folder / _MAPPING
        return SourceSettings.model_validate(told | (self.options or {}))


VOLUMES = {
    "pivot, un CSV": Volume("pivot", pivot_one_file),
    "pivot, un Parquet": Volume("pivot", pivot_parquet),
    "correspondance, un CSV": Volume("correspondance", mapped_csv, mapped=True),
    "base SQLite": Volume("sql", sqlite_base, mapped=True, options={"base": "sqlite"}, chemin=_BASE),
    "échanges, NDJSON": Volume("echanges", exchanges_ndjson),
    "échanges, un Bundle": Volume("echanges", exchanges_bundle),
    "HL7 v2, un lot": Volume("hl7v2", hl7v2_batch),
    "XDS.b, un MTOM": Volume("xds", xds_mtom),
    "Postfix, gzip": Volume("postfix", postfix_gz),
    "mbox": Volume("courriels", mbox),
    "un seul courriel": Volume("courriels", one_mail),
}
