"""Editions and bodies for tests of the outbox, without measuring anything."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import orjson

from connector.config import Destination, Signature
from connector.model.edition import Edition
from connector.publish.outbox import enqueue
from connector.signature import Signer, load_signer
from connector.state import editions as store
from connector.state.database import Database

NOW = datetime(2025, 4, 1, 4, 0, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Body:
    """A payload as small as can be."""

    body: bytes
    content_type: str = "application/json"
    method: str = "POST"
    path: str = "depots"


def edition(finess_et: str = "010900116", month: int = 3, revision: int = 1, **changes: Any) -> Edition:
    """A revision of one ET and month of 2025, without results."""
    values: dict[str, Any] = {
        "finess_et": finess_et,
        "raison_sociale": "Les Érables",
        "finess_ej": "010000008",
        "zone": "Europe/Paris",
        "programme": "esms-2025",
        "catalogue": "2025.1",
        "convention": None,
        "debut": date(2025, month, 1),
        "fin": date(2025, month, monthrange(2025, month)[1]),
        "date_mesure": date(2025, month + 1, 1),
        "revision": revision,
        "motif_revision": "" if revision == 1 else "données complétées",
        "etabli_le": NOW,
        "logiciel": "essai",
        "resultats": (),
    }
    return Edition(**(values | changes))


def body(one: Edition, count: int = 7) -> Body:
    """Says which edition it is, as a receiver needs, and a count that may well be the same elsewhere."""
    content = {
        "finess_et": one.finess_et,
        "definition": f"{one.programme}@{one.catalogue}",
        "debut": one.debut.isoformat(),
        "revision": one.revision,
        "nombre": count,
    }
    return Body(orjson.dumps(content))


def destination(identifier: str = "ars", **changes: Any) -> Destination:
    """A destination that retries at once unless told otherwise."""
    values = {"id": identifier, "type": "csv", "url": "http://127.0.0.1:1/", "attente_min": 0, "attente_max": 0}
    return Destination.model_validate(values | changes)


def signer(folder: Path) -> Signer:
    """The key of a state folder."""
    return load_signer(Signature(), folder, NOW)


def queued(
    database: Database,
    one: Edition,
    destinations: Sequence[Destination],
    by: Signer,
    *,
    held: bool = False,
    now: datetime = NOW,
) -> int:
    """Store and queue an edition in one transaction; its number."""
    with database.transaction() as connection:
        number = store.add(connection, one, "instantané", ("trou_dans_la_serie",) if held else ())
        for each in destinations:
            enqueue(connection, number, one, each, body(one), by, now, held)
    return number
