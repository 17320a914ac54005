"""`publish --fichiers`: what is handed over by hand."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from connector.publish.disclosure import disclose
from connector.publish.payload import parse
from connector.state import editions as store
from connector.state.database import open_database
from tests.lib.editions import edition, second
from tests.lib.run import command
from tests.lib.submissions import NOW

FIRST = edition()
OLDER = edition(debut=FIRST.debut - timedelta(days=31), fin=FIRST.debut - timedelta(days=1), date_mesure=FIRST.debut)
HELD = edition(finess_et="970300034")


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """A state with an older window, two revisions of the last one, and an ET that a finding holds."""
    database = open_database(tmp_path / "etat", NOW)
    with database.transaction() as connection:
        for one in (OLDER, FIRST, second(FIRST)):
            store.add(connection, one, "instantane", ())
        store.add(connection, HELD, "instantane", ("mise_a_jour_massive",))
    database.close()
    path = tmp_path / "connecteur.toml"
    path.write_text('[site]\netat = "etat"\n', encoding="utf-8")
    return path


def _run(settings: Path, *words: str) -> tuple[int, str, str]:
    ran = command("publish", *words, "--config", settings)
    return ran.code, ran.out, ran.err


def test_the_last_revision_of_the_last_date_is_written_by_hand(settings: Path, tmp_path: Path) -> None:
    """Workbook and flat file say the same; what a finding holds is left aside and said; nothing is queued."""
    out = tmp_path / "remise"
    said = f"1 établissement écrit dans {out} ; 1 retenu par un constat bloquant, laissé de côté.\n"
    assert _run(settings, "--fichiers", str(out)) == (0, said, "")
    assert sorted(path.name for path in out.iterdir()) == [
        "Measure-esms-2025-1.json",
        "fiche-de-saisie.xlsx",
        "transmission.csv",
        "transmission.xlsx",
    ]
    assert parse((out / "transmission.csv").read_bytes(), "csv") == disclose(second(FIRST))
    assert parse((out / "transmission.xlsx").read_bytes(), "xlsx") == disclose(second(FIRST))
    assert orjson.loads((out / "Measure-esms-2025-1.json").read_bytes())["resourceType"] == "Measure"


def test_small_numbers_may_be_kept_secret_by_hand_too(settings: Path, tmp_path: Path) -> None:
    """The threshold of an open publication holds for files as for a destination."""
    out = tmp_path / "public"
    assert _run(settings, "--fichiers", str(out), "--secret-en-dessous", "11")[0] == 0
    assert parse((out / "transmission.csv").read_bytes(), "csv") == disclose(second(FIRST), 11)


def test_a_state_without_a_measure_writes_nothing(tmp_path: Path) -> None:
    """No empty file that would read as « nothing to say »."""
    settings = tmp_path / "connecteur.toml"
    settings.write_text('[site]\netat = "vide"\n', encoding="utf-8")
    said = "Rien à écrire : aucune mesure, ou toutes sont retenues par un constat bloquant ; voyez status.\n"
    code, shown, error = _run(settings, "--fichiers", str(tmp_path / "remise"))
    assert (code, shown) == (10, "")
    assert error.endswith(said)
    assert not (tmp_path / "remise").exists()
