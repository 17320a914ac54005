"""What stays on site: explanations, comparisons and the journal of who looked."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path

import pytest

from connector.demo import pivot
from connector.demo.organisation import Organisation
from tests.lib.run import command, started

ET = "330900119"  # the demo's establishment with every fault


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "exports"
    pivot.write(Organisation(1, date_mesure=date(2025, 4, 1)), folder)
    return folder


@pytest.fixture(autouse=True)
def _journal_of_the_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUI_CONNECTOR_ETAT", str(tmp_path / "etat"))


def _measuring(exports: Path, verb: str, *arguments: str | Path) -> tuple[str | Path, ...]:
    return (verb, exports, "--date-mesure", "2025-04-01", "--programme", "esms-2025", *arguments)


@pytest.mark.parametrize(
    ("code", "numerator", "denominator"),
    [
        ("dossiers_actifs", 28, 30),
        ("projet_personnalise", 26, 28),
        ("evenement_agenda", 27, 28),
        ("dmp", 22, 29),
        ("ins_qualifiee", 26, 30),
    ],
)
def test_the_persons_explained_add_up_to_the_figures(
    exports: Path, code: str, numerator: int, denominator: int
) -> None:
    """Each person is counted or not, with one rule; the sums are the published figures."""
    ran = command(*_measuring(exports, "explain", "--finess", ET, "--indicateur", code, "--json"))
    assert ran.code == 0, ran.err
    explained = json.loads(ran.out)
    places = [person["place"] for person in explained["personnes"]]
    assert (explained["numerateur"], explained["denominateur"]) == (numerator, denominator)
    assert places.count("compté") == numerator
    assert places.count("compté") + places.count("non compté") == denominator
    assert all(person["regle"] for person in explained["personnes"])


def test_each_message_is_counted_or_not_with_its_reason(exports: Path) -> None:
    """Messages are listed once each; the counted ones are the numerator."""
    ran = command(*_measuring(exports, "explain", "--finess", ET, "--indicateur", "mssante", "--json"))
    explained = json.loads(ran.out)
    assert sum(one["compte"] for one in explained["occurrences"]) == explained["numerateur"] == 22
    assert {one["regle"] for one in explained["occurrences"] if not one["compte"]} >= {
        "accusé de réception ou message de test",
        "message non envoyé (statut recu)",
    }


def test_looking_at_persons_leaves_a_trace(exports: Path, tmp_path: Path) -> None:
    """The access journal says who, when, which establishment and indicator."""
    started(*_measuring(exports, "explain", "--finess", ET, "--indicateur", "dmp"))
    with (tmp_path / "etat" / "journal-acces.csv").open(encoding="utf-8", newline="") as stream:
        (line,) = csv.DictReader(stream, delimiter=";")
    assert (line["verbe"], line["finess_et"], line["indicateur"]) == ("explain", ET, "dmp")
    assert line["utilisateur"]


def test_an_unknown_establishment_is_a_usage_error(exports: Path) -> None:
    """A wrong FINESS is said in words, with those that are known."""
    ran = command(*_measuring(exports, "explain", "--finess", "999999999", "--indicateur", "dmp"))
    assert ran.code == 2
    assert ran.err.splitlines()[-1].startswith(
        "Établissement inconnu de ces sources : « 999999999 » ; connus : 010900116, "
    )


def test_two_audits_differ_in_words(exports: Path, tmp_path: Path) -> None:
    """`diff` tells what changed: a message less moves one figure and its source."""
    command(*_measuring(exports, "audit", "--output", tmp_path / "avant"))
    other = tmp_path / "exports"
    other.mkdir()
    for file in exports.iterdir():
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if not (file.stem == "prescriptions_importees" and ET in line)]
        (other / file.name).write_text("".join(kept), encoding="utf-8")
    command(*_measuring(other, "audit", "--output", tmp_path / "apres"))
    ran = started("diff", tmp_path / "avant", tmp_path / "apres")
    assert ran.out.splitlines() == ["Source modifiée : exports", f"{ET}, e-prescription : 4 → 0"]


def test_the_same_audit_twice_gives_the_same_bytes(exports: Path, tmp_path: Path) -> None:
    """Identical inputs give an identical indicateurs.json, whatever the key of the run and the seed of its hashes."""
    for name in ("un", "deux"):
        started(*_measuring(exports, "audit", "--output", tmp_path / name))
    first, second = ((tmp_path / name / "indicateurs.json").read_bytes() for name in ("un", "deux"))
    assert first == second


def test_the_vendor_figure_stands_beside_ours(exports: Path, tmp_path: Path) -> None:
    """`reconcile` says which figures agree, and who is counted by one side only."""
    figures = tmp_path / "chiffres.csv"
    figures.write_text(f"finess_et;indicateur;numerateur;denominateur\n{ET};dmp;22;29\n{ET};dossiers_actifs;29;30\n")
    ran = started(*_measuring(exports, "reconcile", "--editeur", figures))
    assert ran.out.splitlines()[2:] == [
        f"{ET}, DMP : éditeur 22 / 29, nous 22 / 29 : identique",
        f"{ET}, Dossiers actifs : éditeur 29 / 30, nous 28 / 30 : écart",
    ]
    people = tmp_path / "personnes.csv"
    people.write_text(f"finess_et;indicateur;id_usager\n{ET};dmp;P00002\n{ET};dmp;P99999\n")
    ran = command(*_measuring(exports, "reconcile", "--editeur", people))
    lines = ran.out.splitlines()
    assert "  P99999               compté par l'éditeur, pas par nous : usager inconnu de nos sources" in lines
    assert not any(line.startswith("  P00002 ") for line in lines)
