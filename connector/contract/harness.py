"""What the contract suite needs to know of an adapter: how records become its source, and what is then wrong or right.

A harness is the only code that a new adapter writes to be held to the contract.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from connector.adapters.base import Adapter, Batch, Item, Notice, Position, Problem, SourceFile, text_batch
from connector.adapters.registry import load
from connector.collect import Source
from connector.config import SourceSettings
from connector.demo.organisation import EtData, Organisation
from connector.demo.people import OID_NIA, OID_NIR
from connector.model.finess import ALL_ZONES, zone_of
from connector.model.tables import MANY_ZONES, TABLES, day_columns
from connector.normalise import ZoneMap, normalise

PARIS, CAYENNE = "750900017", "970390017"
FIRST, LAST = date(2025, 1, 1), date(2025, 3, 31)  # both ends of the window of 2025-04-01
_MAILBOXES = {"paris.mssante.fr": PARIS, "outre-mer.mssante.fr": CAYENNE}
_OPENING, _CLOSING = "2025-01-01T00:00:00", "2025-03-31T23:59:59"

# What the canonical files say of persons: no message, log or report may hold any of it.
INS_1, INS_2, INS_FORMER = "185057504800162", "299019730200169", "154087501200190"
IDENTITIES = (INS_1, INS_2, INS_FORMER, "DUPONT", "Sophie", "19500101", "1950-01-01", "sophie.dupont@")

KEY = bytes(range(32))  # a site key for tests; no adapter sees it

Write = Callable[[Any, Path], None]  # records, folder


def files_of(folder: Path) -> tuple[SourceFile, ...]:
    """Every file of a folder, in order, as an adapter receives them."""
    return tuple(
        SourceFile(path, path.relative_to(folder).as_posix()) for path in sorted(folder.rglob("*")) if path.is_file()
    )


@dataclass(frozen=True)
class Records:
    """ETs to write, as the writers of the demo expect them of an organisation."""

    ets: tuple[EtData, ...]
    date_mesure: date = date(2025, 4, 1)

    def iter_etablissements(self) -> Iterator[EtData]:
        yield from self.ets


def et_data(rank: int, finess: str, tables: dict[str, list[tuple[str, ...]]]) -> EtData:
    """An ET with these rows; tables left out are empty."""
    design = replace(Organisation(1).etablissement(0).design, fautes=False)
    name = "Résidence « L'Œuvre des Érables »"
    rows: dict[str, list[tuple[str, ...]]] = {name: [] for name in TABLES} | tables
    return EtData(rank, finess, "750800019", name, ZoneInfo(zone_of(finess)), design, rows)


def _canonical(rank: int, finess: str, ins: str, mark: str) -> EtData:
    """Accents everywhere, instants at the very ends of the window."""
    box, software = f"sophie.dupont@{mark}.mssante.fr", ("DUI Démo", "1", "2024-02-01")
    el, ca, first, second = f"Él-{mark}", f"Çà-{mark}", f"Dossier-é-{mark}", f"Dossier-ç-{mark}"
    project = ("750800019", "L'Œuvre", "500", "pa", "", "", "PROJET-É", "acquisition", "2024-01-15", "2024-06-01")
    return et_data(
        rank,
        finess,
        {
            "etablissements": [(finess, *project, *software)],
            "usagers": [
                (finess, el, ins, OID_NIR, "qualifiee", "", ""),
                (finess, ca, "", "", "provisoire", "", ""),
            ],
            "matricules_anterieurs": [(finess, el, INS_FORMER, OID_NIA)],
            "sejours": [
                (finess, el, "2025-01-01", "2025-03-31", "termine"),
                (finess, ca, "2025-03-31", "", "actif"),
            ],
            "dossiers": [
                (finess, first, el, "2025-01-01", _CLOSING),
                (finess, second, ca, "2025-03-31", _OPENING),
            ],
            "mises_a_jour": [(finess, first, _OPENING, "utilisateur"), (finess, second, _CLOSING, "systeme")],
            "projets_personnalises": [(finess, first, "actif", "2025-01-01", "2025-03-31")],
            "evenements_agenda": [(finess, first, _OPENING, "realise"), (finess, second, _CLOSING, "planifie")],
            "messages_mssante": [
                (f"<é1@{mark}>", _OPENING, box, "envoye", "message", finess),
                (f"<é2@{mark}>", _CLOSING, box, "echec", "message", finess),
            ],
            "boites_mssante": [(box, finess)],
            "depots_dmp": [
                (f"1.2.999.{rank}.1", _OPENING, finess, ins, OID_NIR, el, "succes", "", "depot"),
                (f"1.2.999.{rank}.2", _CLOSING, finess, ins, OID_NIR, el, "echec", "DMPClosed", "depot"),
            ],
            "prescriptions_importees": [
                (finess, f"ordonnance-é-{mark}", _CLOSING),
                (finess, f"ordonnance-{ins}-2", _OPENING),  # real ids embed a matricule now and then
            ],
            "echanges_eparcours": [(finess, f"échange-{mark}", _OPENING), (finess, f"échange-{ins}", _CLOSING)],
        },
    )


NOBODY = Records(())
RECORDS = Records((_canonical(0, PARIS, INS_1, "paris"), _canonical(1, CAYENNE, INS_2, "outre-mer")))
MANY = Organisation(1, 3)  # the first ETs of the demo: hundreds of rows of every kind


@dataclass(frozen=True)
class Fault:
    """One thing wrong with the canonical source, and every line that a person then reads."""

    name: str
    spoil: Callable[[Path], None]
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Harness:
    """How records become a source of one adapter.

    `write` gives the real format, `says` the pivot files that say the same, `empty` a source
    without a row, of which the adapter still holds `empty_tables`. `texts` tells whether the
    files are texts, which a byte order mark may precede.
    """

    adapter: str | type[Adapter]  # a registered name, or the class itself
    write: Write
    says: Write
    empty: Callable[[Path], None]
    faults: tuple[Fault, ...]
    empty_tables: frozenset[str] = frozenset()
    settings: Callable[[], SourceSettings] = SourceSettings
    texts: bool = True
    files: bool = True  # the source is made of the files of the folder; else of what serves them

    @property
    def adapter_class(self) -> type[Adapter]:
        return load(self.adapter) if isinstance(self.adapter, str) else self.adapter

    def source(self, folder: Path) -> Source:
        """The source that a folder written by `write` makes."""
        return Source(self.adapter_class, folder.name, files_of(folder), self.settings())

    def open(self, folder: Path) -> Adapter:
        return self.source(folder).open()

    def items(self, folder: Path, tables: Collection[str] = TABLES) -> list[Item]:
        """Everything that one pass yields."""
        return list(self.open(folder).read(tables))


Rows = dict[str, Counter[tuple[object, ...]]]


def rows_of(items: Sequence[Item], naive: str | None = None) -> Rows:
    """The rows of the batches, table by table, as the core understands them: typed, on the local day of their ET."""
    found: Rows = {}
    for item in items:
        if isinstance(item, Batch):
            found.setdefault(item.table, Counter()).update(_understood(item, naive))
    return found


def _understood(batch: Batch, naive: str | None) -> Iterator[tuple[object, ...]]:
    result = normalise(batch, ZoneMap(zone_of, ALL_ZONES, naive))
    assert result.bad == 0, [problem.text() for problem in result.problems]
    days = dict(zip(ALL_ZONES, day_columns(len(ALL_ZONES)), strict=True))
    for row in result.rows.to_pylist():
        if batch.table in MANY_ZONES:
            row["horodatage"] = row[days[zone_of(et_of(row))]]
        yield tuple(row[name] for name in TABLES[batch.table].by_name)


def et_of(row: Mapping[str, Any]) -> str:
    """The ET of a row. A message may name it by its mailbox alone; the demo writes it inside the id of its messages."""
    if row.get("finess_et") or "id_message" not in row:
        return str(row.get("finess_et") or "")
    known = _MAILBOXES.get((row["expediteur"] or "").partition("@")[2])
    return known or str(row["id_message"]).partition(".")[2].partition("@")[0]


def expected_rows(harness: Harness, records: Any, folder: Path) -> Rows:
    """What the source must say, from the pivot files of `says`, read without any adapter."""
    harness.says(records, folder)
    items: list[Item] = []
    for path in sorted(folder.iterdir()):
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream, delimiter=";"))
        columns = {name: [row[name] or None for row in rows] for name in TABLES[path.stem].by_name}
        items.append(text_batch(path.stem, columns, path.name, lambda asked: ["" for _ in asked]))
    return rows_of(items)


def told(items: Sequence[Item]) -> str:
    """All that an adapter says beside its rows, with the repr of each thing, which a log could show."""
    words: list[str] = []
    for item in items:
        match item:
            case Problem():
                words += [item.text(), repr(item)]
            case Notice():
                words += [item.detail, repr(item)]
            case Position():
                words.append(repr(item))
            case _:
                words.append(item.file)
    return "\n".join(words)
