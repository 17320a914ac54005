"""A measuring pass: what is due becomes editions; the same snapshot makes nothing new."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timezone
from pathlib import Path

import pytest

from connector.agent import open_site
from connector.campaign import Ground, Outcome, measure_dates
from connector.config import Settings
from connector.model.edition_text import from_bytes, to_bytes
from connector.model.result import Calcul
from connector.state.database import Database, open_database
from connector.state.editions import current
from tests.lib.run import KEY, source

ET = "010900116"
NOW = datetime(2025, 4, 1, 4, 0, tzinfo=timezone.utc)
TABLES = {
    "etablissements": "finess_et;raison_sociale;date_vsr\n010900116;Les Érables;2025-01-15\n",
    "usagers": "finess_et;id_usager\n" + "".join(f"{ET};u{n}\n" for n in range(10)),
    "sejours": "finess_et;id_usager;date_entree\n" + "".join(f"{ET};u{n};2024-01-01\n" for n in range(10)),
    "dossiers": "finess_et;id_dossier;id_usager;date_derniere_maj\n"
    + "".join(f"{ET};d{n};u{n};2025-03-10\n" for n in range(9)),
}


def _settings(**sections: object) -> Settings:
    return Settings.model_validate({"programme": {"id": "esms-2022"}, **sections})


@contextmanager
def _ground(
    folder: Path, tables: Mapping[str, str], settings: Settings, collected_at: datetime = NOW, name: str = "nuit-1"
) -> Iterator[Ground]:
    exports = folder / name
    exports.mkdir()
    for table, text in tables.items():
        (exports / f"{table}.csv").write_text(text, encoding="utf-8")
    with (
        tempfile.TemporaryDirectory() as scratch,
        open_site([source("pivot", exports)], settings, KEY, Path(scratch)) as (site, collected),
    ):
        yield Ground(site, collected, name, collected_at, settings, NOW, "dui-connector test")


def _pass(ground: Ground, database: Database, *dates: date) -> list[Outcome]:
    queued: list[int] = []
    passed = list(
        measure_dates(ground, database, dates, lambda connection, number, edition, held: queued.append(number))
    )
    outcomes = [outcome for one in passed for outcome in one.outcomes]
    assert queued == [outcome.id for outcome in outcomes]
    return outcomes


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return open_database(tmp_path / "etat", NOW)


def test_a_pass_stores_and_queues_an_edition(tmp_path: Path, database: Database) -> None:
    """A date measured gives one edition per ET, revision 1, queued in the same transaction."""
    with _ground(tmp_path, TABLES, _settings()) as ground:
        (outcome,) = _pass(ground, database, date(2025, 4, 1))
    edition = outcome.edition
    assert (edition.finess_et, edition.revision, edition.motif_revision) == (ET, 1, "")
    assert (edition.debut, edition.fin) == (date(2025, 1, 1), date(2025, 3, 31))
    assert (edition.resultats[0].numerateur, edition.resultats[0].denominateur) == (9, 10)


def test_the_same_snapshot_makes_no_second_edition(tmp_path: Path, database: Database) -> None:
    """A pass is idempotent."""
    with _ground(tmp_path, TABLES, _settings()) as ground:
        _pass(ground, database, date(2025, 4, 1))
        assert _pass(ground, database, date(2025, 4, 1)) == []


def test_an_edition_reads_back_as_it_was(tmp_path: Path, database: Database) -> None:
    """What the state keeps of an edition is the whole edition."""
    with _ground(tmp_path, TABLES, _settings()) as ground:
        (outcome,) = _pass(ground, database, date(2025, 4, 1))
    with database.transaction() as connection:
        (kept,) = current(connection)
    assert kept.edition == outcome.edition
    assert to_bytes(from_bytes(to_bytes(outcome.edition))) == to_bytes(outcome.edition)


def test_changed_inputs_make_the_next_revision_with_its_reason(tmp_path: Path, database: Database) -> None:
    """A correction is revision 2 beside revision 1, and its reason names indicators, never a figure."""
    with _ground(tmp_path, TABLES, _settings()) as ground:
        _pass(ground, database, date(2025, 4, 1))
    more = {**TABLES, "dossiers": TABLES["dossiers"] + f"{ET};d9;u9;2025-03-12\n"}
    with _ground(tmp_path, more, _settings(), name="nuit-2") as ground:
        (outcome,) = _pass(ground, database, date(2025, 4, 1))
    assert (outcome.edition.revision, outcome.edition.resultats[0].numerateur) == (2, 10)
    assert outcome.edition.motif_revision == (
        "données complétées ou corrigées depuis la mesure précédente : dossiers_actifs, dui_actifs"
    )


def test_a_past_that_the_source_forgot_replaces_nothing(tmp_path: Path, database: Database) -> None:
    """A DUI that keeps only the last update knows a past window less and less: the better known figure stays."""
    with _ground(tmp_path, TABLES, _settings()) as ground:
        _pass(ground, database, date(2025, 4, 1))
    later = {**TABLES, "dossiers": TABLES["dossiers"].replace("2025-03-10", "2025-04-20")}
    with _ground(tmp_path, later, _settings(), name="nuit-2") as ground:
        assert _pass(ground, database, date(2025, 4, 1)) == []
    with database.transaction() as connection:
        (kept,) = current(connection)
    assert kept.edition.resultats[0].calcul is Calcul.CALCULE


def test_the_first_measure_ends_with_the_first_window_after_the_vsr(tmp_path: Path, database: Database) -> None:
    """Three months until an earlier window ends on or after the VSR; one month after that."""
    with _ground(tmp_path, TABLES, _settings(), datetime(2025, 5, 1, 2, tzinfo=timezone.utc)) as ground:
        before, first, second, third = _pass(
            ground, database, date(2025, 1, 1), date(2025, 2, 1), date(2025, 3, 1), date(2025, 5, 1)
        )
    starts = [outcome.edition.debut for outcome in (before, first, second, third)]
    assert starts == [date(2024, 10, 1), date(2024, 11, 1), date(2025, 2, 1), date(2025, 4, 1)]


def test_a_successor_has_the_history_of_its_elder(tmp_path: Path, database: Database) -> None:
    """An ET that takes the place of another has had its first measure when the other had."""
    with _ground(tmp_path, TABLES, _settings()) as ground:
        _pass(ground, database, date(2025, 3, 1))
    renamed = {name: text.replace(ET, "010900124") for name, text in TABLES.items()}
    succession = [{"ancien": ET, "nouveau": "010900124", "depuis": date(2025, 3, 1), "reference": "arrêté"}]
    with _ground(tmp_path, renamed, _settings(succession=succession), name="nuit-2") as ground:
        (outcome,) = _pass(ground, database, date(2025, 4, 1))
    assert outcome.edition.debut == date(2025, 3, 1)


def test_an_elder_is_no_longer_measured_once_it_is_followed(tmp_path: Path, database: Database) -> None:
    """An ET exists until the day before its successor's first: no edition of a window wholly after, or before."""
    both = {name: text + text.partition("\n")[2].replace(ET, "010900124") for name, text in TABLES.items()}
    succession = [{"ancien": ET, "nouveau": "010900124", "depuis": date(2025, 2, 10), "reference": "arrêté"}]
    with _ground(tmp_path, both, _settings(succession=succession)) as ground:
        outcomes = _pass(ground, database, date(2025, 2, 1), date(2025, 3, 1), date(2025, 4, 1))
    assert [(one.edition.finess_et, one.edition.date_mesure.month) for one in outcomes] == [
        (ET, 2),
        (ET, 3),
        ("010900124", 3),
        ("010900124", 4),
    ]


def test_nothing_is_measured_before_the_window_has_elapsed(tmp_path: Path, database: Database) -> None:
    """A snapshot collected before the measure date, in the ET's zone, does not hold the whole window."""
    before_midnight = datetime(2025, 3, 31, 21, 59, tzinfo=timezone.utc)
    with _ground(tmp_path, TABLES, _settings(), before_midnight) as ground:
        assert _pass(ground, database, date(2025, 4, 1)) == []


def test_a_blocking_finding_holds_the_edition(tmp_path: Path, database: Database) -> None:
    """A submission waits while a finding blocks it, and the next measure without it makes a revision."""
    unlisted = {name: text for name, text in TABLES.items() if name != "etablissements"}
    with _ground(tmp_path, unlisted, _settings()) as ground:
        (held,) = _pass(ground, database, date(2025, 4, 1))
    with _ground(tmp_path, unlisted, _settings(correspondances={ET: ET}), name="nuit-2") as ground:
        (free,) = _pass(ground, database, date(2025, 4, 1))
    assert held.retenue == ("finess_non_confirme",)
    assert (free.retenue, free.edition.revision) == ((), 2)
    assert free.edition.motif_revision == "contrôle bloquant levé : finess_non_confirme"
