"""Folders of work: gone with their work, and swept when a kill left them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

import pytest

from connector import scratch
from connector.cli.site import opened_state
from connector.scratch import sweep, working_folder

_ROOT = Path(scratch.__file__).parents[1]
_WORKER = """
import sys, time
from pathlib import Path
from connector.scratch import working_folder
with working_folder(Path(sys.argv[1])) as folder:
    (folder / "lac").mkdir()
    (folder / "lac" / "usagers.parquet").write_bytes(b"condense")
    print(folder, flush=True)
    time.sleep(600)
"""


@contextmanager
def _at_work(place: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A process at work, and its folder; killed at the end."""
    command = [sys.executable, "-c", _WORKER, str(place)]
    with subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process, Path(process.stdout.readline().rstrip("\n"))
        process.kill()


def test_a_killed_work_is_swept_by_any_later_one_and_a_living_one_is_not(tmp_path: Path) -> None:
    """SIGKILL leaves the folder; the next run of anything removes it, beside one that works on."""
    with _at_work(tmp_path) as (living, kept), _at_work(tmp_path) as (killed, left):
        killed.kill()
        killed.wait()
        assert (left / "lac" / "usagers.parquet").exists()
        with working_folder(tmp_path) as mine:
            assert list(mine.iterdir()) == []
            assert set(tmp_path.iterdir()) == {kept.parent, mine.parent}
        sweep(tmp_path)
        assert living.poll() is None
        assert (kept / "lac" / "usagers.parquet").read_bytes() == b"condense"
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_any_verb_of_a_site_sweeps_its_state_and_the_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check or an audit that was killed leaves nothing once the service has done anything at all."""
    etat, temporary = tmp_path / "etat", tmp_path / "temporaire"
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    settings = tmp_path / "connecteur.toml"
    settings.write_text('[site]\netat = "etat"\n')
    for place in (etat, temporary):
        _dead(place)
    with opened_state(settings, datetime(2025, 4, 1, tzinfo=timezone.utc)):
        assert not list(etat.glob("*travail*"))
        assert list(temporary.iterdir()) == []


def _dead(place: Path) -> Path:
    """What a killed run leaves in a place."""
    folder = place / "dui-connector-travail-mort"
    (folder / "contenu").mkdir(parents=True)
    (folder / "contenu" / "usagers.parquet").write_bytes(b"condense")
    (folder / "verrou").touch()
    return folder


def test_what_is_not_ours_is_never_swept(tmp_path: Path) -> None:
    """A link to a folder, another name, a folder that holds what we never write: left as they are."""
    target = _dead(tmp_path / "ailleurs")
    place = tmp_path / "place"
    other = place / "dui-connector-autre"
    strange = place / "dui-connector-travail-sans-verrou"
    for folder in (other, strange):
        folder.mkdir(parents=True)
        (folder / "fichier").touch()
    (place / "dui-connector-travail-lien").symlink_to(target, target_is_directory=True)
    sweep(place)
    assert (target / "contenu" / "usagers.parquet").exists()
    assert (other / "fichier").exists()
    assert (strange / "fichier").exists()


def test_another_person_s_folder_is_left_to_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shared temporary folder: each sweeps what is theirs."""
    theirs = _dead(tmp_path)
    someone_else = theirs.stat().st_uid + 1
    with monkeypatch.context() as patched:
        patched.setattr(os, "geteuid", lambda: someone_else)
        sweep(tmp_path)
    assert theirs.exists()
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_swept_before_it_had_its_lock_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep between the birth of a folder and its lock costs its owner a second try, not its work."""
    made = scratch.mkdtemp
    swept: list[str] = []

    def swept_at_once(**where: object) -> str:
        path = made(**where)
        if not swept:
            swept.append(path)
            sweep(tmp_path)
        return path

    monkeypatch.setattr(scratch, "mkdtemp", swept_at_once)
    with working_folder(tmp_path) as folder:
        assert not Path(swept[0]).exists()
        assert folder.is_dir()
    assert list(tmp_path.iterdir()) == []


def test_a_file_system_without_locks_serves_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be known of the living there: nothing is swept, the work is done and its folder goes."""
    left = _dead(tmp_path)
    monkeypatch.setattr(scratch, "taken", lambda lock: False)
    with working_folder(tmp_path) as folder:
        assert set(tmp_path.iterdir()) == {folder.parent, left}
    assert list(tmp_path.iterdir()) == [left]


def test_no_other_temporary_folder_is_made() -> None:
    """Whatever the program writes for a time is in a folder that a later run sweeps."""
    imports = re.compile(r"^\s*(from|import) tempfile\b", re.MULTILINE)
    package = (_ROOT / "connector").rglob("*.py")
    assert [path.name for path in package if imports.search(path.read_text("utf-8"))] == ["scratch.py"]
