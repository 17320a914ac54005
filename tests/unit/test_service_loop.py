"""One turn of the loop: every verb that is due, and those that they make due."""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from pathlib import Path

import structlog

from connector.service.loop import Loop


def test_a_turn_runs_what_a_verb_makes_due(tmp_path: Path) -> None:
    """Collecting makes a measure due and measuring a submission: one turn does all three, each once."""
    ran = tmp_path / "ran"

    def due(now: datetime) -> list[str]:
        done = ran.read_text(encoding="utf-8").split() if ran.exists() else []
        return ["collect", "measure", "publish"][: len(done) + 1]

    def command(verb: str) -> list[str]:
        return [sys.executable, "-c", f"open({str(ran)!r}, 'a', encoding='utf-8').write({verb!r} + ' ')"]

    Loop(due, command, lambda: datetime.now(timezone.utc), structlog.get_logger()).once()
    assert ran.read_text(encoding="utf-8").split() == ["collect", "measure", "publish"]
