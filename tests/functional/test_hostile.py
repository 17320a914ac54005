"""Every reader against bad and hostile files, through the command line (`docs/sources.md`, last section).

`hostile.txt` holds, case by case, every line that a person then reads, whole; « {f} » is the file.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lib.hostile import OUTPUTS, STOPPED, Case, audit, check_together, command, figures, site_of
from tests.lib.hostile_cases import READERS, SPOILS

_NOTHING = "(rien à dire)"  # harmless: the file is read as it was meant, or a folder is a folder like another


def _golden() -> dict[str, dict[str, tuple[str, ...]]]:
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for line in Path(__file__).with_name("hostile.txt").read_text(encoding="utf-8").splitlines():
        name, arrow, text = line.partition(" => ")
        if line.startswith("["):
            found[line.strip("[]")] = cases = {}
        elif arrow:
            cases[name] = (*cases.get(name, ()), *(() if text == _NOTHING else (text,)))
    return found


CASES = {
    reader: tuple(Case(name, SPOILS[reader][name], lines) for name, lines in cases.items())
    for reader, cases in _golden().items()
}


def spoiled_site(reader: str, folder: Path) -> Path:
    """A site that holds every spoiled file of a reader and nothing else."""
    site = site_of(folder)
    for rank, case in enumerate(CASES[reader]):
        path = site / f"cas-{rank:02}" / READERS[reader].file
        path.parent.mkdir()
        READERS[reader].write(path)
        case.spoil(path)
    return site


def test_the_corpus_is_whole() -> None:
    """Every way to spoil a file has its lines, and the other way round."""
    assert {reader: set(cases) for reader, cases in _golden().items()} == {
        reader: set(spoils) for reader, spoils in SPOILS.items()
    }


@pytest.mark.parametrize("reader", CASES)
def test_each_spoiled_file_is_told_and_the_healthy_et_is_measured(reader: str, tmp_path: Path) -> None:
    """Exit 11, one line of French a problem and no other line, whole outputs, and the figures of a run without them."""
    check_together(CASES[reader], READERS[reader], tmp_path)


@pytest.mark.parametrize("reader", CASES)
def test_strict_stops_and_writes_nothing(reader: str, tmp_path: Path) -> None:
    """With --strict: exit 11, the problem that stopped it, no output folder."""
    site = spoiled_site(reader, tmp_path)
    ran = audit(site, tmp_path / "audit", "--strict", *READERS[reader].options(tmp_path))
    assert ran.code == 11
    assert ran.lines[-1] == STOPPED
    assert len(ran.lines) > 1
    assert not (tmp_path / "audit").exists()


def test_the_real_command_survives_them_all(tmp_path: Path) -> None:
    """All the readers' files in one folder, in a process of 4 GB at most: exit 11, no traceback, nothing half written."""
    site = site_of(tmp_path)
    for reader in CASES:
        if reader != "correspondance":
            spoiled_site(reader, tmp_path / reader).rename(site / reader)
    ran = command(site, tmp_path / "audit", *READERS["pivot"].options(tmp_path))
    assert ran.code == 11, ran.err
    assert "Traceback" not in ran.out + ran.err
    assert {path.name for path in (tmp_path / "audit").iterdir()} == OUTPUTS
    assert figures(tmp_path / "audit", "000000000") == []


def test_a_link_to_a_folder_and_a_closed_folder_are_told(tmp_path: Path) -> None:
    """A folder is never followed out of the source, nor left out in silence."""
    site = site_of(tmp_path)
    (tmp_path / "ailleurs").mkdir()
    (tmp_path / "ailleurs" / "usagers.csv").write_text("finess_et;id_usager\n750000044;u\n", encoding="utf-8")
    (site / "lien").symlink_to(tmp_path / "ailleurs")
    ran = audit(site, tmp_path / "audit")
    assert ran.code == 11
    assert ran.lines == [
        "lien : attendu un dossier ordinaire, trouvé un lien vers un dossier ; donnez ce dossier à part, ou copiez-le."
    ]
    assert figures(tmp_path / "audit", "750000044") == []


def test_names_of_files_show_nobody_and_stay_on_one_line(tmp_path: Path) -> None:
    """A file named after an INS, a name over two lines, a name in no encoding: one clean line each, and no crash."""
    site = site_of(tmp_path)
    (site / "185057504800162.pdf").write_bytes(b"x")
    (site / "deux\nlignes.txt").write_bytes(b"x")
    Path(str(site) + "/accent-\udce9.txt").write_bytes(b"x")
    Path(str(site) + "/dossier-\udce9").mkdir()
    (Path(str(site) + "/dossier-\udce9") / "usagers.csv").write_text("finess_et;id_usager;a\n", encoding="utf-8")
    ran = audit(site, tmp_path / "audit")
    assert ran.code == 0, ran.err
    assert sorted(ran.lines) == [
        "Laissé de côté : (INS).pdf (format non reconnu)",
        "Laissé de côté : accent-?.txt (format non reconnu)",
        "Laissé de côté : deux?lignes.txt (format non reconnu)",
    ]
    assert {path.name for path in (tmp_path / "audit").iterdir()} == OUTPUTS
