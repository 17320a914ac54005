"""`publish`, `outbox` and `key sign` as a person or a scheduler runs them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from connector.publish.ledger import forget_bodies
from connector.signature import load_trust, verify_detached
from connector.state.database import open_database
from tests.lib.receiver import ROOT, plan, receiver, state
from tests.lib.run import command, started
from tests.lib.submissions import NOW, body, destination, edition, queued, signer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A state with one submission that may leave and one that is held."""
    made = tmp_path / "etat"
    database = open_database(made, NOW)
    by = signer(made)
    queued(database, edition(), [destination()], by)
    queued(database, edition(month=4), [destination()], by, held=True)
    database.close()
    return made


@pytest.fixture
def address(folder: Path) -> Iterator[str]:
    """The sandbox receiver."""
    with receiver(folder) as served:
        yield served


@pytest.fixture
def settings(folder: Path, address: str) -> Path:
    """Settings that send to it."""
    path = folder.parent / "connecteur.toml"
    path.write_text(
        f'[site]\netat = "etat"\n[[destination]]\nid = "ars"\ntype = "csv"\nurl = "{address}"\n'
        'attente_min = 0\nattente_max = 0\njeton = "env:JETON"\n'
    )
    return path


def _run(settings: Path, *words: str) -> tuple[int, str, str]:
    ran = command(*words, "--config", settings, environ={"JETON": "s3cr3t", "PATH": ""})
    return ran.code, ran.out, ran.err


def test_a_simulation_shows_every_byte_and_sends_none(folder: Path, address: str, settings: Path) -> None:
    """The body, the address and the headers; the token is not shown, the signature holds for what is shown."""
    code, shown, said = _run(settings, "publish", "--simulation", "--json")
    (entry,) = json.loads(shown)
    assert (code, said) == (0, "")
    assert entry["corps"].encode() == body(edition()).body
    assert (entry["methode"], entry["url"]) == ("POST", f"{address}/depots")
    assert entry["entetes"]["Authorization"] == "Bearer (secret)"
    trusted = load_trust([folder / "signature" / "publiques.json"])
    verify_detached(entry["corps"].encode(), entry["entetes"]["X-DUI-Signature"], trusted, NOW)
    code, shown, said = _run(settings, "publish", "--simulation")
    assert body(edition()).body.decode() in shown
    assert (code, said) == (0, "Simulation : 1 transmission partirait ; rien n'a été envoyé.\n")
    assert state(address)["requetes"] == 0


def test_sent_held_released_and_shown(address: str, settings: Path) -> None:
    """What may leave leaves; what is held waits for a reason; then everything is told, with what they answered."""
    assert _run(settings, "publish") == (
        0,
        "Transmissions : 1 acceptée, 0 refusée, 1 retenue par un constat bloquant.\n",
        "",
    )
    assert _run(settings, "outbox", "release", "2", "--motif", " ") == (
        2,
        "",
        'Motif vide : dites pourquoi avec --motif, par exemple --motif "vérifié avec l\'équipe".\n',
    )
    assert _run(settings, "outbox", "release", "2", "--motif", "vérifié") == (0, "1 transmission libérée.\n", "")
    assert _run(settings, "publish")[0] == 0
    code, shown, _ = _run(settings, "outbox", "list", "--json")
    assert (code, [item["etat"] for item in json.loads(shown)]) == (0, ["accepte", "accepte"])
    _, shown, _ = _run(settings, "outbox", "show", "2", "--json")
    found = json.loads(shown)
    assert found["liberation"]["motif"] == "vérifié"
    assert [one["statut_http"] for one in found["recus"]] == [201]
    _, shown, _ = _run(settings, "outbox", "show", "2", "--corps")
    assert shown.encode() == body(edition(month=4)).body
    assert len(state(address)["gardes"]) == 2
    database = open_database(settings.parent / "etat", NOW)
    with database.transaction() as connection:
        forget_bodies(connection, datetime.now(timezone.utc) + timedelta(days=1))
    assert _run(settings, "outbox", "show", "2")[0] == 0
    assert _run(settings, "outbox", "show", "2", "--corps") == (
        2,
        "",
        "Transmission 2 : son corps a été effacé ([conservation]) ; son empreinte reste.\n",
    )


def test_a_rejection_ends_with_13_and_its_words(address: str, settings: Path) -> None:
    """A scheduler reads the code, a person the words and what to do."""
    plan(address, "422")
    assert _run(settings, "publish") == (
        13,
        "Transmissions : 0 acceptée, 1 refusée, 1 retenue par un constat bloquant.\n",
        "1 transmission refusée ; la dernière, 1 vers ars : HTTP 422 : FINESS inconnu. "
        "Corrigez, puis « dui-connector outbox retry ».\n",
    )
    assert _run(settings, "outbox", "list", "--etat", "rejete") == (
        0,
        "     1  rejete      ars  010900116  esms-2025  01/03/2025 au 31/03/2025  révision 1"
        "  HTTP 422 : FINESS inconnu\n1 transmission.\n",
        "",
    )
    assert _run(settings, "outbox", "retry") == (2, "", "Attendu des numéros de transmission, ou --tout.\n")
    assert _run(settings, "outbox", "retry", "--tout") == (0, "1 transmission remise en attente.\n", "")
    assert _run(settings, "publish")[0] == 0


def test_what_waits_ends_with_14(address: str, settings: Path) -> None:
    """Not delivered yet: it leaves by itself later; given up, it stays listed."""
    plan(address, "503")
    assert _run(settings, "publish") == (
        14,
        "Transmissions : 0 acceptée, 0 refusée, 1 retenue par un constat bloquant.\n",
        "1 transmission attend encore ; elle repartira d'elle-même. « dui-connector outbox list » dit pourquoi.\n",
    )
    assert _run(settings, "outbox", "abandon", "1", "--motif", "fermé") == (
        0,
        "1 transmission abandonnée.\n",
        "",
    )
    assert _run(settings, "publish")[0] == 0
    assert json.loads(_run(settings, "publish", "--json")[1]) == {
        "tentatives": {},
        "file": {"ars": {"abandonne": 1, "retenu": 1}},
    }


def test_the_key_is_shown_rotated_and_revoked(folder: Path, settings: Path) -> None:
    """What is shown is what verifies; a revoked key is replaced at once."""
    code, shown, _ = _run(settings, "key", "sign", "show")
    kid = re.search(r"Clé qui signe : (\S+) \(Ed25519\)", shown)
    assert (code, bool(kid)) == (0, True)
    assert kid is not None
    code, shown, _ = _run(settings, "key", "sign", "rotate")
    made = re.fullmatch(r"Nouvelle clé : (\S+)\. Faites-la enregistrer : dui-connector key sign show\.\n", shown)
    assert made is not None
    code, shown, _ = _run(settings, "key", "sign", "revoke", made[1], "--motif", "perdue")
    assert (code, shown.splitlines()[0]) == (
        0,
        f"Clé révoquée : {made[1]}. Transmettez {folder / 'signature' / 'revocations.json'} à vos destinataires.",
    )
    keys = json.loads(_run(settings, "key", "sign", "show", "--json")[1])["keys"]
    assert [("revoquee_le" in key, key["kid"]) for key in keys[:2]] == [(False, kid[1]), (True, made[1])]
    path = folder.parent / "enrolement.json"
    path.write_text(json.dumps({"keys": keys}))
    assert set(load_trust([path]).keys) == {key["kid"] for key in keys}


def test_a_broken_destination_does_not_hold_the_others(address: str, settings: Path) -> None:
    """A secret that is not there: its submissions wait and say so, without its value; the others leave."""
    settings.write_text(settings.read_text().replace("env:JETON", "env:ABSENT"))
    code, _, _ = _run(settings, "publish")
    assert code == 14
    listed = started("outbox", "list", "--etat", "en_attente", "--json", "--config", settings)
    (item,) = json.loads(listed.out)
    assert item["motif"] == (
        "[[destination]] ars, jeton : la variable d'environnement « ABSENT » n'existe pas ; définissez-la."
    )


def test_the_sender_is_small_and_knows_no_engine(settings: Path) -> None:
    """The process that sends stays under 200 MB and never imports what measures."""
    program = (
        "import sys, json, re\n"
        "from connector.cli.main import app\n"
        "try:\n"
        f"    app(['publish', '--config', {str(settings)!r}])\n"
        "except SystemExit:\n"
        "    pass\n"
        "loaded = {name.split('.')[0] for name in sys.modules}\n"
        "heavy = {'duckdb', 'ibis', 'pyarrow', 'pandas', 'numpy', 'fhir'} & loaded\n"
        "peak = int(re.search(r'VmHWM:\\s*(\\d+)', open('/proc/self/status').read())[1])\n"
        "print(json.dumps([sorted(heavy), peak]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
        env={"JETON": "s3cr3t", "PATH": ""},
    )
    heavy, peak = json.loads(done.stdout.splitlines()[-1])
    assert heavy == []
    assert peak < 200_000
