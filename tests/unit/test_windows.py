"""What Windows asks for and Linux does not: files that others hold open, encodings, rights, what is deployed there."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

import pytest
from lxml import etree

from connector import disk
from connector.cli.main import speak
from tests.lib.run import ROOT

WINDOWS = ROOT / "deploy" / "windows"


class Held:
    """A path that another program holds open for so many tries."""

    def __init__(self, tries: int) -> None:
        self.tries = tries

    def replace(self, target: Path) -> None:
        if self.tries:
            self.tries -= 1
            raise PermissionError(13, "Accès refusé")
        target.write_text("fait")


def test_a_rename_is_asked_again_while_another_program_holds_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An antivirus or an indexer that lets go does not make a night fail; one that never does is told."""
    monkeypatch.setattr(disk, "_WAITS", (0.0, 0.0))
    disk.move(Held(2), tmp_path / "a")  # type: ignore[arg-type]
    assert (tmp_path / "a").read_text() == "fait"
    with pytest.raises(PermissionError):
        disk.move(Held(3), tmp_path / "b")  # type: ignore[arg-type]


def test_an_audit_whose_report_is_open_elsewhere_replaces_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A spreadsheet that holds one report: the four of the run before stay together, and no temporary file stays."""
    from connector.reports import bundle

    def move(path: Path, target: Path) -> None:
        if path.name == "rapport.xlsx":
            raise PermissionError(13, "Accès refusé")
        disk.move(path, target)

    monkeypatch.setattr(bundle, "move", move)
    names = ("indicateurs.json", "indicateurs.csv", "rapport.xlsx", "rapport.html")
    for name in names:
        (tmp_path / name).write_text("avant")
    with pytest.raises(PermissionError):
        bundle._replace_all(tmp_path, dict.fromkeys(names, b"apres"))
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == dict.fromkeys(names, "avant")


@pytest.mark.parametrize(("windows", "expected"), [(True, "é✓".encode()), (False, b"\xe9?")])
def test_a_file_of_windows_is_written_in_utf_8(windows: bool, expected: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is redirected there is UTF-8, as JSON demands; elsewhere the locale decides, and nothing ever fails."""
    monkeypatch.delenv("PYTHONIOENCODING", raising=False)
    stream = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    speak(stream, windows=windows)
    stream.write("é✓")
    stream.flush()
    assert stream.buffer.getvalue() == expected  # type: ignore[attr-defined]


def test_the_windows_bundle_locks_what_its_service_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pywin32 is in the offline lot, with its hashes: without it the service cannot be installed; Linux has none."""
    monkeypatch.syspath_prepend(ROOT / "deploy")
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    import bundle

    locked = bundle._locked(tmp_path, "windows", "pywin32").read_text(encoding="utf-8")
    assert re.search(r"^pywin32==\d+ \\\n    --hash=sha256:", locked, re.MULTILINE)
    assert "pywin32" not in bundle._locked(tmp_path, "linux").read_text(encoding="utf-8")
    assert "dui-connector[windows]" in bundle._WINDOWS


def test_the_rights_of_the_data_are_set_once_the_account_of_the_service_exists() -> None:
    """`NT SERVICE\\…` resolves only after the installation; a group by its name would fail on a French Windows."""
    text = (WINDOWS / "installer-service.ps1").read_text(encoding="utf-8-sig")
    assert text.index("connector.service.windows") < text.index("\nicacls ") < text.index("Start-Service")
    assert "BUILTIN" not in text
    for command in ("sc.exe", "icacls", "& $python"):
        assert text.count(f"\n{command}") == len(re.findall(rf"\n{re.escape(command)}[^\n]*\nExiger ", text))


@pytest.mark.parametrize("script", sorted(WINDOWS.glob("*.ps1")), ids=lambda path: path.name)
def test_powershell_reads_the_accents_of_a_script(script: Path) -> None:
    """Without a byte order mark Windows PowerShell reads a script in the encoding of the machine."""
    assert script.read_bytes().startswith(b"\xef\xbb\xbf")


def test_the_scheduled_task_names_its_account_by_its_number() -> None:
    """The name of LOCAL SERVICE is translated; and a declared encoding would contradict the text PowerShell passes."""
    path = WINDOWS / "tache-planifiee.xml"
    space = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}
    task = etree.parse(path).getroot()
    assert task.findtext("t:Principals/t:Principal/t:UserId", namespaces=space) == "S-1-5-19"
    assert task.find("t:Actions", space).get("Context") == task.find("t:Principals/t:Principal", space).get("id")
    assert "encoding=" not in path.read_text(encoding="utf-8").splitlines()[0]


def test_a_file_that_another_program_holds_is_told_as_such() -> None:
    """Windows answers a held file as it answers missing rights: both are said, neither is promised."""
    held = PermissionError(13, "Access denied")
    assert disk.why(held) == "droits insuffisants"
    held.winerror = 32  # type: ignore[attr-defined]
    assert disk.why(held) == "fichier ouvert dans un autre programme, ou droits insuffisants"
