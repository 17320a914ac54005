"""The site observes the updates that the DUI forgets, and never claims more than it saw."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from connector.config import Settings, validate
from connector.lake.journal import read_journal
from connector.night import read_last
from tests.lib.nights import ET, Site, people
from tests.lib.run import KEY


def _depuis(site: Site) -> date | None:
    return read_last(site.etat, site.settings).collected.directory.ets[ET].journal_depuis


def _entries(site: Site) -> list[tuple[str, date]]:
    last = read_last(site.etat, site.settings)
    rows = read_journal(last.collected.snapshot.folder).entries.to_pylist()
    return [(row["id_dossier"], row["jour"]) for row in rows]


def _every_night(site: Site, first: str, last: str, *changes: tuple[str, str, str], **known: str) -> None:
    """Nights one after the other; `changes` are (night, usager, last update)."""
    day, end = date.fromisoformat(first), date.fromisoformat(last)
    values = dict(known)
    while day <= end:
        values |= {one: maj for night, one, maj in changes if night == day.isoformat()}
        site.night(day.isoformat(), people(*values.items()))
        day += timedelta(days=1)


def test_an_update_overwritten_later_still_counts_in_its_month(tmp_path: Path) -> None:
    """Updated on 3 January, seen on the 4th, updated again on 10 February: January counts it."""
    site = Site(tmp_path)
    _every_night(site, "2025-01-02", "2025-01-05", ("2025-01-04", "A", "2025-01-03"), A="2024-12-10", B="2024-12-10")
    site.night("2025-02-01", people(("A", "2025-01-03"), ("B", "2024-12-10")))
    site.night("2025-02-11", people(("A", "2025-02-10"), ("B", "2025-02-10")))
    site.night("2025-03-01", people(("A", "2025-02-10"), ("B", "2025-02-10")))
    january, february = (site.results(day)["dossiers_actifs"] for day in ("2025-02-01", "2025-03-01"))
    assert (january.numerateur, january.denominateur, january.indetermines) == (1, 3, 0)
    assert (february.numerateur, february.denominateur, february.indetermines) == (2, 3, 0)
    assert _depuis(site) == date(2024, 12, 1)


def test_without_the_journal_january_would_be_undetermined(tmp_path: Path) -> None:
    """The same DUI seen once, in March: nobody can know of January."""
    site = Site(tmp_path)
    site.night("2025-03-01", people(("A", "2025-02-10"), ("B", "2025-02-10")))
    january = site.results("2025-02-01")["dossiers_actifs"]
    assert (january.numerateur, january.indetermines) == (0, 2)


def test_a_missed_night_at_the_end_of_a_month_claims_nothing(tmp_path: Path) -> None:
    """No night between 30 January and 3 February: a dossier updated on the 2nd may hide an update of January."""
    site = Site(tmp_path)
    site.night("2025-01-15", people(("A", "2024-12-10"), ("B", "2025-01-10")))
    site.night("2025-01-30", people(("A", "2024-12-10"), ("B", "2025-01-10")))
    site.night("2025-02-03", people(("A", "2025-02-02"), ("B", "2025-02-02")))
    january = site.results("2025-02-01")["dossiers_actifs"]
    assert _depuis(site) == date(2025, 2, 1)
    assert (january.numerateur, january.indetermines) == (1, 1)


def test_a_missed_night_within_a_month_hides_nothing(tmp_path: Path) -> None:
    """Two updates between two nights of one month leave one entry, which is enough."""
    site = Site(tmp_path)
    site.night("2025-01-05", people(("A", "2024-12-10")))
    site.night("2025-01-28", people(("A", "2025-01-20")))
    site.night("2025-02-01")
    site.night("2025-02-20", people(("A", "2025-02-19")))
    january = site.results("2025-02-01")["dossiers_actifs"]
    assert (january.numerateur, january.indetermines) == (1, 0)


def test_an_export_left_from_last_month_is_not_a_night(tmp_path: Path) -> None:
    """The date of the file says when the DUI wrote it: reading it again observes nothing."""
    site = Site(tmp_path)
    site.night("2025-01-20", people(("A", "2024-12-10")))
    for day in ("2025-01-25", "2025-02-01", "2025-02-02"):
        site.night(day)  # the export of 20 January, read again
    site.night("2025-02-10", people(("A", "2025-02-09")))
    january = site.results("2025-02-01")["dossiers_actifs"]
    assert (_depuis(site), january.indetermines) == (date(2025, 2, 1), 1)


def test_a_real_journal_is_never_completed(tmp_path: Path) -> None:
    """A source that gives `mises_a_jour` speaks alone for its ETs."""
    tables = people(("A", "2025-01-10"))
    tables["mises_a_jour"] = [{"finess_et": ET, "id_dossier": "dA", "horodatage": "2025-01-10"}]
    site = Site(tmp_path)
    site.night("2025-02-01", tables)
    assert _depuis(site) is None
    assert not (read_last(site.etat, site.settings).collected.snapshot.folder / "journal").exists()


def test_technical_dates_feed_nothing(tmp_path: Path) -> None:
    """A server that stamps its dates when it loads tells nothing of updates."""
    from connector.config import SourceSettings
    from connector.night import Asked, collect_night
    from connector.pseudonymise import Pseudonymiser
    from tests.lib.nights import at, write
    from tests.lib.run import source

    site = Site(tmp_path)
    write(site.exports, people(("A", "2025-01-10")))
    found = source("pivot", site.exports, SourceSettings(dates_techniques=True))
    collect_night([found], site.settings, Pseudonymiser(KEY), site.etat, Asked(at("2025-02-01")))
    assert not read_last(site.etat, site.settings).collected.inventories[0].observes


def test_a_date_in_the_future_observes_nothing_and_claims_nothing(tmp_path: Path) -> None:
    """An impossible date hides the real one."""
    site = Site(tmp_path)
    site.night("2025-01-20", people(("A", "2024-12-10"), ("B", "2025-01-10")))
    site.night("2025-02-10", people(("A", "2099-01-01"), ("B", "2025-01-10")))
    assert _entries(site) == [("dA", date(2024, 12, 10)), ("dB", date(2025, 1, 10))]
    assert _depuis(site) == date(2025, 2, 1)


def test_a_mass_update_observes_nothing(tmp_path: Path) -> None:
    """Over half of twenty dossiers on the same minute: the date is technical, and is not an update for ever."""
    names = " ".join(f"P{rank:02d}" for rank in range(24))
    site = Site(tmp_path)
    site.night("2025-01-20", people(*((one, "2025-01-10T09:00") for one in names.split()), ids=names))
    assert _entries(site) == []
    assert site.results("2025-02-01")["dossiers_actifs"].numerateur == 24


def test_a_deleted_dossier_leaves_the_updates_and_comes_back_with_its_own(tmp_path: Path) -> None:
    """What the DUI no longer holds is in no figure; a dossier missing one night loses nothing."""
    site = Site(tmp_path)
    site.night("2025-01-20", people(("A", "2025-01-10"), ("B", "2025-01-10")))
    site.night("2025-02-01", people(("A", "2025-01-10"), ids="A C"))
    gone = read_last(site.etat, site.settings).collected.inventories[0]
    assert gone.lignes["mises_a_jour"] == 1
    site.night("2025-02-11", people(("A", "2025-02-10"), ("B", "2025-02-10")))
    assert site.results("2025-02-01")["dossiers_actifs"].numerateur == 2
    site.night("2025-06-01", people(("A", "2025-02-10"), ids="A C"))
    assert {name for name, _ in _entries(site)} == {"dA"}


def test_entries_are_kept_as_long_as_the_settings_say(tmp_path: Path) -> None:
    """Older entries go, and the journal then starts after them."""
    settings = validate(Settings, {"conservation": {"journal": 400}}, tmp_path)
    site = Site(tmp_path, settings)
    site.night("2025-01-20", people(("A", "2023-05-10"), ("B", "2025-01-10")))
    assert _entries(site) == [("dB", date(2025, 1, 10))]
    site.night("2026-03-20", people(("A", "2026-03-10"), ("B", "2026-03-10")))
    assert _entries(site) == [("dA", date(2026, 3, 10)), ("dB", date(2026, 3, 10))]


def test_another_key_starts_again_for_the_dossiers_whose_id_holds_an_ins(tmp_path: Path) -> None:
    """Their names change with the key; the others keep their entries."""
    tables = people(("A", "2025-01-10"), ("B", "2025-01-11"))
    tables["dossiers"][0]["id_dossier"] = "X185057504800162"
    site = Site(tmp_path)
    site.night("2025-01-20", tables)
    other = Site(tmp_path, key=bytes(32))
    tables["dossiers"][0]["date_derniere_maj"] = "2025-02-05"
    other.night("2025-02-10", tables)
    known = dict(_entries(other))
    assert {day for name, day in known.items() if name.startswith("Xins-")} == {date(2025, 2, 5)}
    assert (known["dB"], _depuis(other)) == (date(2025, 1, 11), date(2025, 2, 1))


def test_the_local_date_is_that_of_the_establishment(tmp_path: Path) -> None:
    """An update at 23 h in Cayenne is of that day there, though Paris is already the next."""
    tables = people(("A", "2025-01-31T23:30:00-03:00"))
    for rows in tables.values():
        for row in rows:
            row["finess_et"] = "970300018"
    site = Site(tmp_path)
    site.night("2025-02-02", tables)
    assert _entries(site) == [("dA", date(2025, 1, 31))]


def test_a_measure_date_that_the_calendar_does_not_have_is_asked_for(tmp_path: Path) -> None:
    """A window that ends on 12 January is not known, unless its end is told; those of the months are."""
    site = Site(tmp_path)
    site.night("2025-01-09", people(("A", "2024-11-10")))
    site.night("2025-01-13", people(("A", "2025-01-12")))
    day = date(2025, 1, 12)
    asked = read_last(site.etat, site.settings, [day]).collected.directory.ets[ET]
    assert (_depuis(site), asked.journal_depuis) == (date(2024, 11, 1), day)
