"""A log collected night after night, while rotation renames, compresses and at last removes its files."""

from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from connector.agent import Asked, audit, open_snapshot
from connector.config import Settings
from connector.demo import pivot, postfix
from connector.demo.organisation import Organisation
from connector.indicators.programme import load_programme
from connector.model.result import Measure
from connector.night import Asked as NightAsked
from connector.night import collect_night, read_last
from connector.pseudonymise import Pseudonymiser
from tests.lib.nights import at
from tests.lib.run import KEY, measure, source

DEMO = Organisation(1, 3)


def _sent(measured: Measure) -> dict[str, tuple[int | None, int | None]]:
    return {
        one.finess_et: (one.numerateur, one.denominateur) for one in measured.resultats if one.indicateur == "mssante"
    }


def _nights(whole: Path) -> list[dict[str, bytes]]:
    """The files of three nights, cut in the middle of messages: current, then compressed, then gone."""
    lines = (whole / "mail.log").read_bytes().splitlines(keepends=True)
    third = len(lines) // 3
    first, second, last = (b"".join(lines[start : start + third]) for start in (0, third, 2 * third))
    last += b"".join(lines[3 * third :])
    return [
        {"mail.log": first},
        {"mail.log.1.gz": gzip.compress(first), "mail.log": second},
        {"mail.log.1.gz": gzip.compress(second), "mail.log": last},
    ]


def test_three_nights_of_a_rotated_log_are_worth_the_whole_log(tmp_path: Path) -> None:
    """The figures of the last snapshot are those of the log read at once; a removed file takes no message with it."""
    pivot.write(DEMO, tmp_path / "pivot")
    (tmp_path / "pivot" / "messages_mssante.csv").unlink()
    postfix.write_iso(DEMO, tmp_path / "entier")
    (expected,), _ = measure([source("pivot", tmp_path / "pivot"), source("postfix", tmp_path / "entier")])
    logs, settings = tmp_path / "journal", Settings()
    logs.mkdir()
    read = []
    for rank, files in enumerate(_nights(tmp_path / "entier"), start=1):
        for path in logs.iterdir():
            path.unlink()
        for name, data in files.items():
            (logs / name).write_bytes(data)
        sources = [source("pivot", tmp_path / "pivot"), source("postfix", logs)]
        night = collect_night(
            sources, settings, Pseudonymiser(KEY), tmp_path / "etat", NightAsked(at(f"2025-04-0{rank}"))
        )
        read.append(night.collected.inventories[1].lignes["messages_mssante"])
    assert read == sorted(read)
    last = read_last(tmp_path / "etat", settings)
    with (
        TemporaryDirectory() as scratch,
        open_snapshot(last.collected, settings, Pseudonymiser(KEY), Path(scratch)) as site,
    ):
        asked = Asked(load_programme("esms-2025"), (date(2025, 4, 1),))
        (measured,) = audit(site, last.collected, settings, asked).measures
    assert _sent(measured) == _sent(expected)
    assert sum(numerator or 0 for numerator, _ in _sent(expected).values()) > 40
    assert "journal_incomplet" not in {one.code for one in measured.constats}
