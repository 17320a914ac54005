"""The verbs that keep a site: collect, key, backup, restore."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lib.nights import people, write
from tests.lib.nursery import HUNG
from tests.lib.run import command, environment, started

PHRASE = "une phrase assez longue"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with exports and settings."""
    monkeypatch.setenv("PHRASE", PHRASE)
    write(tmp_path / "exports", people(("A", "2025-01-10")))
    (tmp_path / "connecteur.toml").write_text(
        '[site]\netat = "etat"\n[programme]\nid = "esms-2022"\n[[source]]\nnom = "DUI"\nchemin = "exports"\n', "utf-8"
    )
    return tmp_path


def _runs(site: Path) -> list[tuple[str, str, int]]:
    with sqlite3.connect(site / "etat" / "etat.db") as connection:
        return connection.execute("SELECT verbe, etat, code FROM runs ORDER BY id").fetchall()


def test_collect_commits_and_notes_its_run(site: Path) -> None:
    """A night as a scheduler runs it; a faulty one exits 11 and leaves the snapshot before."""
    done = command("collect", "--json", cwd=site)
    rows = {"dossiers": 3, "mises_a_jour": 1, "sejours": 3, "usagers": 3}
    assert (done.code, json.loads(done.out)["sources"][0]["lignes"]) == (0, rows)
    (site / "exports" / "usagers.csv").unlink()
    refused = command("collect", cwd=site)
    assert (refused.code, refused.out) == (11, "")
    assert len(list((site / "etat" / "lac").iterdir())) == 1
    assert _runs(site) == [("collect", "termine", 0), ("collect", "echec", 11)]


def test_without_its_key_a_site_with_snapshots_collects_no_more(site: Path) -> None:
    """A lost key is told: a new one would make other persons of the same."""
    command("collect", cwd=site)
    command("key", "backup", "cles.dui", "--config", "connecteur.toml", "--phrase", "env:PHRASE", cwd=site)
    (site / "etat" / "cle" / "trousseau.json").unlink()
    lost = command("collect", cwd=site)
    assert (lost.code, "la clé du site a disparu" in lost.err) == (10, True)
    back = command("key", "restore", "cles.dui", "--config", "connecteur.toml", "--phrase", "env:PHRASE", cwd=site)
    assert (back.code, command("collect", cwd=site).code) == (0, 0)


def test_keys_are_destroyed_only_when_it_is_confirmed_and_noted(site: Path) -> None:
    """A script must say --oui; the access journal keeps who and when."""
    command("collect", cwd=site)
    refused = command("key", "destroy", "--site", "--config", "connecteur.toml", cwd=site)
    assert (refused.code, command("collect", cwd=site).code) == (2, 0)
    assert command("key", "destroy", "--config", "connecteur.toml", cwd=site).code == 2
    assert command("key", "destroy", "--site", "--oui", "--config", "connecteur.toml", cwd=site).code == 0
    assert command("collect", cwd=site).code == 10
    assert ";key destroy;;site\n" in (site / "etat" / "journal-acces.csv").read_text("utf-8")
    assert command("key", "rotate", "--oui", "--config", "connecteur.toml", cwd=site).code == 0
    assert command("collect", cwd=site).code == 0


def test_a_backup_is_put_back_on_another_machine(site: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The same snapshot, the same keys, the same runs; and it collects on."""
    command("collect", cwd=site)
    command("key", "sign", "show", "--config", "connecteur.toml", cwd=site)
    made = started(
        "backup", "etat.zip", "--avec-cles", "--phrase", "env:PHRASE", "--config", "connecteur.toml", cwd=site
    )
    assert made.code == 0, made.err
    other = tmp_path_factory.mktemp("ailleurs")
    (other / "connecteur.toml").write_bytes((site / "connecteur.toml").read_bytes())
    write(other / "exports", people(("A", "2025-01-10")))
    back = started("restore", site / "etat.zip", "--phrase", "env:PHRASE", "--config", "connecteur.toml", cwd=other)
    assert (back.code, back.out) == (
        0,
        "État rétabli dans etat. Puis vérifiez : dui-connector status.\n",
    )
    assert _runs(other) == _runs(site)
    for path in (site / "etat" / "lac").rglob("*.parquet"):
        assert (other / path.relative_to(site)).read_bytes() == path.read_bytes()
    ring = Path("etat", "cle", "trousseau.json")
    assert (other / ring).read_bytes() == (site / ring).read_bytes()
    signing = Path("etat", "signature", "cle.pem")
    assert (other / signing).read_bytes() == (site / signing).read_bytes()
    assert command("collect", cwd=other).code == 0


def test_a_passphrase_that_nobody_can_type_is_asked_by_reference(site: Path) -> None:
    """A scheduler has no keyboard: it is told what to add, in French, and nothing is written."""
    command("collect", cwd=site)
    with subprocess.Popen(
        [sys.executable, "-m", "connector", "key", "backup", "cles.dui", "--config", "connecteur.toml"],
        cwd=site,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as asked:
        _, err = asked.communicate(timeout=HUNG)
    assert (asked.returncode, err.decode()) == (
        2,
        "Phrase secrète : personne n'est là pour la taper ; ajoutez --phrase, par exemple env:PHRASE.\n",
    )
    assert not (site / "cles.dui").exists()


def test_an_altered_archive_changes_nothing(site: Path) -> None:
    """Every entry is verified before anything is touched; an existing state is replaced only on demand."""
    command("collect", cwd=site)
    command("backup", "etat.zip", "--config", "connecteur.toml", cwd=site)
    assert command("restore", "etat.zip", "--config", "connecteur.toml", cwd=site).code == 2
    content = bytearray((site / "etat.zip").read_bytes())
    content[len(content) // 3] ^= 1
    (site / "altere.zip").write_bytes(content)
    refused = command("restore", "altere.zip", "--oui", "--config", "connecteur.toml", cwd=site)
    assert (refused.code, "rien n'a été changé" in refused.err) == (10, True)
    assert command("restore", "etat.zip", "--oui", "--config", "connecteur.toml", cwd=site).code == 0
    assert len([path for path in (site / "etat").iterdir() if path.name.startswith("avant-")]) == 1
    assert command("collect", cwd=site).code == 0


def test_a_rotation_changes_no_figure(site: Path) -> None:
    """The last snapshot is measured under its own key, the next under the new one: the same figures, no revision."""
    tables = people(("A", "2025-01-10"))
    tables["messages_mssante"] = [
        {"id_message": "m1", "horodatage": "2025-01-05", "expediteur": "a@x.mssante.fr", "statut": "envoye"}
    ]
    write(site / "exports", tables)
    with (site / "connecteur.toml").open("a", encoding="utf-8") as stream:
        stream.write('[boites]\n"a@x.mssante.fr" = "750000044"\n[[organisme]]\nnom = "nord"\n')
        stream.write('etablissements = ["750000044"]\n')
    assert command("collect", cwd=site).code == 0
    assert command("key", "rotate", "--oui", "--config", "connecteur.toml", cwd=site).code == 0
    first = command("measure", "--date-mesure", "2025-02-01", "--json", cwd=site)
    assert first.code == 0, first.err
    report = json.loads((site / "etat" / "rapports" / "2025-02-01-esms-2022" / "indicateurs.json").read_bytes())
    figures = {one["indicateur"]: one["numerateur"] for one in report["resultats"]}
    assert (figures["mssante"], figures["dossiers_actifs"]) == (1, 1)
    assert command("collect", cwd=site).code == 0
    again = command("measure", "--date-mesure", "2025-02-01", cwd=site)
    assert (again.code, again.out) == (
        0,
        "Rien de nouveau : ce qui était dû est mesuré, et aucun chiffre n'a changé.\n",
    )
