"""What is written on disk: names, rights, whole or not at all, same inputs same bytes."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from connector.model.result import WorkItem
from connector.reports import bundle
from connector.reports.bundle import write_all
from connector.reports.json_file import to_json
from connector.reports.local import WARNING, write_local
from tests.unit.test_reports_samples import D1, dates, programme, site, worklists

posix = pytest.mark.skipif(os.name != "posix", reason="les droits de fichiers sont ceux de POSIX")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_files_of_one_date(tmp_path: Path) -> None:
    """One measure: four files and the local lists; nothing temporary stays."""
    written = write_all(tmp_path / "a" / "b", [site()], programme(), worklists())
    names = ["indicateurs.json", "indicateurs.csv", "rapport.xlsx", "rapport.html"]
    lists = ["local/dmp_sans_ins.csv", "local/dossiers_a_mettre_a_jour.csv"]
    assert [path.relative_to(tmp_path / "a" / "b").as_posix() for path in written] == names + lists
    assert {path for path in (tmp_path / "a").rglob("*") if path.is_file()} == set(written)


def test_the_files_of_several_dates(tmp_path: Path) -> None:
    """One JSON a date; `indicateurs.json` is the last, whatever the order of the measures."""
    write_all(tmp_path, dates(), programme())
    assert sorted(path.name for path in tmp_path.glob("*.json")) == [
        "indicateurs-2025-01-01.json",
        "indicateurs-2025-02-01.json",
        "indicateurs-2025-03-01.json",
        "indicateurs-2025-04-01.json",
        "indicateurs.json",
    ]
    last = (tmp_path / "indicateurs.json").read_bytes()
    assert last == to_json(site()) == (tmp_path / "indicateurs-2025-04-01.json").read_bytes()


def test_a_failure_leaves_the_previous_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is rendered before anything is written."""
    write_all(tmp_path, [site()], programme())
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    monkeypatch.setattr(bundle, "to_html", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_all(tmp_path, [site(date(2025, 3, 1))], programme())
    assert {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


def test_a_disk_failure_leaves_no_temporary_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk is reported and the half-written copies go."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_all(tmp_path, [site()], programme())
    assert list(tmp_path.iterdir()) == []


def test_same_inputs_give_same_bytes_in_any_process(tmp_path: Path) -> None:
    """Neither the clock, nor the time zone, nor the order of hashes shows in a file."""
    digests = []
    for seed, zone in (("1", "UTC"), ("2", "Pacific/Noumea")):
        folder = tmp_path / seed
        code = (
            "import sys, pathlib; from connector.reports.bundle import write_all; "
            "from tests.unit import test_reports_samples as s; "
            "write_all(pathlib.Path(sys.argv[1]), s.dates(), s.programme(), s.worklists())"
        )
        environment = os.environ | {"PYTHONHASHSEED": seed, "TZ": zone}
        root = Path(__file__).parents[2]
        subprocess.run([sys.executable, "-c", code, str(folder)], check=True, cwd=root, env=environment)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        digests.append({path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files})
    assert digests[0] == digests[1]
    assert len(digests[0]) == 10


def test_a_local_list_warns_before_anything_else(tmp_path: Path) -> None:
    """First line: do not circulate; then the header; rows sorted; no cell is a formula."""
    first, second = write_local(tmp_path, worklists(), D1)
    assert first.read_text(encoding="utf-8-sig").splitlines() == [
        WARNING,
        "date_mesure;finess_et;id_usager;id_dossier;detail",
        "2025-04-01;970300026;u2;;INS récupérée",
    ]
    assert second.read_text(encoding="utf-8-sig").splitlines()[2:] == [
        '2025-04-01;970300026;\'=1+1;d1;"aucune date ; à compléter"',
        "2025-04-01;970300026;u9;d9;dernière mise à jour le 02/12/2024",
    ]
    assert first.read_bytes().startswith(b"\xef\xbb\xbfNE PAS DIFFUSER : ce fichier d\xc3\xa9signe des personnes")


@posix
def test_local_lists_are_private(tmp_path: Path) -> None:
    """Folder 0700 and files 0600, even when they were open before."""
    (tmp_path / "local").mkdir(mode=0o755)
    (tmp_path / "local" / "dmp_sans_ins.csv").write_text("ancien")
    (tmp_path / "local" / "dmp_sans_ins.csv").chmod(0o644)
    written = write_local(tmp_path, worklists(), D1)
    assert mode(tmp_path / "local") == 0o700
    assert {mode(path) for path in written} == {0o600}


def test_lists_of_an_earlier_run_do_not_stay(tmp_path: Path) -> None:
    """A list that is now empty would pass for current; a file that is not ours is left alone."""
    write_local(tmp_path, worklists(), D1)
    (tmp_path / "local" / "notes.csv").write_text("à moi", encoding="utf-8")
    write_local(tmp_path, worklists()[2:], D1)
    assert sorted(path.name for path in (tmp_path / "local").iterdir()) == ["dmp_sans_ins.csv", "notes.csv"]


def test_a_list_name_is_never_a_path(tmp_path: Path) -> None:
    """A name that is not a code is refused before anything is written."""
    with pytest.raises(ValueError, match=r"nom de liste inattendu : '\.\./x'"):
        write_local(tmp_path, [WorkItem("970300026", "../x", "u", "d", "")], D1)
    assert list(tmp_path.iterdir()) == []
