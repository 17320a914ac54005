"""A site from its first settings to its proofs, by the verbs that a person types."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
import requests

from connector.demo import pivot
from connector.demo.organisation import Organisation
from tests.lib.nursery import HUNG
from tests.lib.run import command, environment, started

ET = "010900116"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration site: settings written by `init`, collected, measured at one date."""
    folder = tmp_path_factory.mktemp("site")
    pivot.write(Organisation(1, date_mesure=date(2025, 4, 1)), folder / "exports")
    done = [
        started("init", "--nom", "Démo", "--source", "exports", "--etat", "etat", "--sans-question", cwd=folder),
        started("collect", cwd=folder),
        started("measure", "--date-mesure", "2025-04-01", cwd=folder),
    ]
    assert [one.code for one in done] == [0, 0, 0], [one.err for one in done]
    return folder


def test_init_never_replaces_a_file(site: Path) -> None:
    """Settings that exist are somebody's work."""
    again = command("init", "--sans-question", cwd=site)
    assert (again.code, again.err) == (
        2,
        "connecteur.toml existe déjà : choisissez un autre nom, ou modifiez ce fichier.\n",
    )


def test_measure_tells_each_edition_once(site: Path) -> None:
    """The same snapshot measured again makes nothing new, and says so."""
    again = command("measure", "--date-mesure", "2025-04-01", cwd=site)
    assert (again.code, again.out) == (
        0,
        "Rien de nouveau : ce qui était dû est mesuré, et aucun chiffre n'a changé.\n",
    )


def test_measure_gives_the_figures_of_an_audit(site: Path) -> None:
    """What the service measures is what `audit` says of the same files."""
    audit = command(
        "audit", "exports", "--date-mesure", "2025-04-01", "--programme", "esms-2025", "--output", "audit", cwd=site
    )
    assert audit.code == 0
    ours = json.loads((site / "etat/rapports/2025-04-01-esms-2025/indicateurs.json").read_text(encoding="utf-8"))
    theirs = json.loads((site / "audit/indicateurs.json").read_text(encoding="utf-8"))
    assert ours["resultats"] == theirs["resultats"]
    assert ours["constats"] == theirs["constats"]


def test_status_says_who_misses_which_target(site: Path) -> None:
    """Late or not, what was sent, and by how many persons each target is missed."""
    told = command("status", "--json", cwd=site)
    content = json.loads(told.out)
    by_et = {one["finess_et"]: one for one in content["etablissements"]}
    assert len(by_et) == 8
    assert content["envois"] == {}
    assert any("il manque" in words for one in by_et.values() for words in one["manques"].values())
    assert "Mesure du 01/04/2025 :" in started("status", cwd=site).out


def _public_key(site: Path) -> Path:
    shown = command("key", "sign", "show", "--json", "--config", "connecteur.toml", cwd=site)
    path = site / "publique.json"
    path.write_text(shown.out, encoding="utf-8")
    return path


def test_a_proof_is_verified_elsewhere_then_recomputed_on_site(site: Path, tmp_path: Path) -> None:
    """A machine that never saw the site recounts; the site recomputes from the internal part."""
    made = command("evidence", "create", "--finess", ET, "--date-mesure", "2025-04-01", "--output", tmp_path, cwd=site)
    assert made.code == 0, made.err
    (proof,) = tmp_path.glob("preuve-*.zip")
    (page,) = tmp_path.glob("attestation-*.pdf")
    key = _public_key(site)
    elsewhere = started("evidence", "verify", proof, "--cle", key, cwd=tmp_path)
    assert (elsewhere.code, elsewhere.out.splitlines()[-1]) == (0, "Preuve vérifiée."), elsewhere.err
    assert command("evidence", "verify", page, "--cle", key, cwd=tmp_path).code == 0
    (internal,) = (site / "etat" / "preuves").glob(f"*/{ET}-*/interne.dui")
    inside = command("evidence", "verify", proof, "--cle", key, "--interne", internal, cwd=site)
    assert inside.code == 0, inside.out
    assert "personnes : chaque oui et chaque non recalculés" in inside.out
    assert "evidence verify" in (site / "etat" / "journal-acces.csv").read_text(encoding="utf-8")


def test_a_proof_signed_by_nobody_we_trust_is_refused(site: Path, tmp_path: Path) -> None:
    """A key found in the archive proves nothing: trust comes from outside."""
    command("evidence", "create", "--finess", ET, "--date-mesure", "2025-04-01", "--output", tmp_path, cwd=site)
    (proof,) = tmp_path.glob("preuve-*.zip")
    (tmp_path / "site2").mkdir()
    other = command("key", "sign", "show", "--json", "--config", _other_settings(tmp_path), cwd=tmp_path)
    (tmp_path / "autre.json").write_text(other.out, encoding="utf-8")
    refused = command("evidence", "verify", proof, "--cle", tmp_path / "autre.json", cwd=tmp_path)
    assert refused.code == 11
    assert refused.err.startswith("Signature refusée : ")


def _other_settings(folder: Path) -> Path:
    path = folder / "site2" / "connecteur.toml"
    path.write_text('[site]\netat = "etat"\n', encoding="utf-8")
    return path


def test_no_measure_no_proof(site: Path, tmp_path: Path) -> None:
    """What was not measured has no proof, in one sentence."""
    asked = command(
        "evidence", "create", "--finess", "999999999", "--date-mesure", "2025-04-01", "--output", tmp_path, cwd=site
    )
    assert (asked.code, asked.err) == (
        2,
        "Aucune mesure de 999999999 au 01/04/2025 ; « dui-connector status » dit ce qui est mesuré.\n",
    )


def test_the_service_does_what_is_due_and_stops_when_told(site: Path) -> None:
    """It tells systemd that it is ready, answers on its local page, and ends cleanly on SIGTERM."""
    settings = site / "connecteur.toml"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings.write_text(settings.read_text(encoding="utf-8") + f"\n[service]\nport = {port}\n", encoding="utf-8")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(site / "notify"))
        systemd.settimeout(HUNG)
        running = subprocess.Popen(
            [sys.executable, "-m", "connector", "service"],
            cwd=site,
            env=environment(NOTIFY_SOCKET=str(site / "notify")),
            stderr=subprocess.PIPE,
        )
        assert systemd.recv(100) == b"READY=1"
        assert requests.get(f"http://127.0.0.1:{port}/health", timeout=HUNG).json()["etat"] == "vivant"
        running.send_signal(signal.SIGTERM)
        _, err = running.communicate(timeout=HUNG)
    assert running.returncode == 0
    told = [json.loads(line)["event"] for line in err.decode().splitlines() if line.startswith("{")]
    assert (told[0], told[-1]) == ("le service commence", "le service s'arrête")


def test_one_service_at_a_time(site: Path) -> None:
    """Two instances on one state folder: the second says so and leaves."""
    from connector.lock import only_one

    with only_one(site / "etat", "service"):
        second = command("service", "--une-fois", cwd=site)
    assert second.code == 14
    assert "une autre instance est déjà au travail (service)" in second.err


def test_a_night_that_fails_is_told_once_and_its_end_once(site: Path, tmp_path: Path) -> None:
    """A collection that fails opens one alert, whatever the number of nights; the next good one closes it."""
    settings = tmp_path / "connecteur.toml"
    settings.write_text(
        '[site]\netat = "etat"\n[programme]\nid = "esms-2025"\n[[source]]\nchemin = "exports"\n', encoding="utf-8"
    )
    failed = [command("collect", cwd=tmp_path) for _ in range(2)]
    assert [one.code for one in failed] == [12, 12]
    opened = json.loads(command("status", "--json", cwd=tmp_path).out)["alertes"]
    assert [one["texte"] for one in opened] == [
        "La collecte échoue : le dernier instantané reste en service. "
        "Lancez dui-connector collect à la main pour lire pourquoi."
    ]
    (tmp_path / "exports").symlink_to(site / "exports")
    assert command("collect", cwd=tmp_path).code == 0
    assert json.loads(command("status", "--json", cwd=tmp_path).out)["alertes"] == []
