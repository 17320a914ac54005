"""Sides of the outbox: queueing signed editions, then sending them to a receiver on this machine."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

from connector.config import Destination, Signature
from connector.model.edition import Edition
from connector.publish import ledger
from connector.publish.outbox import queue
from connector.signature import load_signer
from connector.state import editions as store
from connector.state.database import open_database
from tests.bench.process import Outcome, watch
from tests.lib.editions import edition

NOW = datetime(2025, 5, 1, 4, 0, tzinfo=timezone.utc)
_BATCH = 500  # editions of one transaction, as a pass stores them


def _editions(count: int) -> list[Edition]:
    """One edition of nine indicators for each of so many ETs."""
    model = edition()
    return [
        replace(
            model,
            finess_et=f"{number:09d}",
            resultats=tuple(result._replace(finess_et=f"{number:09d}") for result in model.resultats),
        )
        for number in range(count)
    ]


def queued(count: str, scratch: str) -> Outcome:
    """Payload, signature and rows of so many editions, committed."""
    folder = Path(scratch)
    database, signer = open_database(folder, NOW), load_signer(Signature(), folder, NOW)
    to = Destination.model_validate({"id": "ars", "type": "fhir", "url": "http://127.0.0.1:1/"})
    made = _editions(int(count))
    with watch() as outcome:
        for first in range(0, len(made), _BATCH):
            with database.transaction() as connection:
                for one in made[first : first + _BATCH]:
                    queue(connection, store.add(connection, one, "instantane", ()), one, [to], signer, NOW, False)
    with database.transaction() as connection:
        counted = ledger.counts(connection)["ars"]["en_attente"]
    return outcome | {"mises_en_file": counted}


def sent(count: str, scratch: str) -> Outcome:
    """The process that sends, from its start: `publish` towards a receiver that takes everything."""
    from connector.cli.main import app
    from tests.lib.receiver import receiver
    from tests.lib.submissions import destination
    from tests.lib.submissions import edition as small
    from tests.lib.submissions import queued as put

    folder = Path(scratch)
    database, signer = open_database(folder / "etat", NOW), load_signer(Signature(), folder / "etat", NOW)
    for number in range(int(count)):
        put(database, small(f"{number:09d}"), [destination("ars")], signer)
    with receiver(folder / "etat") as address:
        settings = folder / "connecteur.toml"
        destination_of = f'[[destination]]\nid = "ars"\ntype = "csv"\nurl = "{address}"\n'
        settings.write_text(f'[site]\netat = "etat"\n{destination_of}')
        with watch() as outcome:
            app(["publish", "--config", str(settings)], standalone_mode=False)
    heavy = {"duckdb", "ibis", "pyarrow", "pandas"} & {name.split(".")[0] for name in sys.modules}
    return outcome | {"moteur": json.dumps(sorted(heavy))}
