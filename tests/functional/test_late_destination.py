"""A destination declared after a measure is not forgotten until the next date."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from connector.demo import pivot
from connector.demo.organisation import Organisation
from tests.lib.run import in_process

DESTINATION = '\n[[destination]]\nid = "ars"\ntype = "fhir"\nurl = "http://127.0.0.1:9"\n'


def test_a_destination_declared_late_is_given_the_last_measure_once(tmp_path: Path, monkeypatch) -> None:
    """It is given every establishment of the last date, the run says so, and a second run gives nothing more."""
    monkeypatch.chdir(tmp_path)
    pivot.write(Organisation(1, date_mesure=date(2025, 4, 1)), tmp_path / "exports")
    in_process("init", "--source", "exports", "--etat", "etat", "--sans-question")
    assert in_process("collect").code == 0
    assert in_process("measure", "--date-mesure", "2025-04-01").code == 0
    settings = tmp_path / "connecteur.toml"
    settings.write_text(settings.read_text(encoding="utf-8") + DESTINATION, encoding="utf-8")
    late = in_process("measure", "--date-mesure", "2025-04-01")
    assert late.code == 0
    assert late.err == "ars : 8 transmissions mises en file, celles de la dernière mesure, qu'elle n'avait pas.\n"
    again = in_process("measure", "--date-mesure", "2025-04-01")
    assert (again.code, again.err) == (0, "")
    shown = in_process("publish", "--simulation", "--config", "connecteur.toml")
    assert shown.out.count("# transmission ") == 8
