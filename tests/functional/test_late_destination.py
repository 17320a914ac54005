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
    nowhere = in_process("publish", "--simulation", "--config", "connecteur.toml")
    assert (nowhere.code, nowhere.out, nowhere.err) == (
        0,
        "",
        "Simulation : aucune [[destination]] active dans les réglages ; rien ne peut partir.\n",
    )
    settings = tmp_path / "connecteur.toml"
    settings.write_text(settings.read_text(encoding="utf-8") + DESTINATION, encoding="utf-8")
    late = in_process("measure", "--date-mesure", "2025-04-01")
    assert late.code == 0
    assert late.err == "ars : 8 transmissions mises en file, celles de la dernière mesure, qu'elle n'avait pas.\n"
    again = in_process("measure", "--date-mesure", "2025-04-01")
    assert (again.code, again.err) == (0, "")
    shown = in_process("publish", "--simulation", "--config", "connecteur.toml")
    assert shown.out.count("# transmission ") == 8
    told = in_process("status").out.splitlines()
    assert "Transmissions vers ars : en attente 8" in told
    assert told[told.index("Mesure du 01/04/2025 :") + 1] == (
        "  010900116 EHPAD Les Érables (démo 1) : toutes les cibles opposables sont atteintes"
    )
    poor = told.index("  590900114 CHRS Le Grand Chêne (démo 6) :")
    assert told[poor + 1 : poor + 5] == [
        "    Dossiers actifs : 20 / 25 pour 90 %, il manque 3 personnes",
        "    Événement d'agenda : 15 / 20 pour 90 %, il manque 3 personnes",
        "    MSSanté : non calculable (aucune boîte MSSanté n'est rattachée à ce seul établissement)",
        "    DMP : 10 / 25 pour 70 %, il manque 8 personnes",
    ]
