"""What is deployed: units that systemd accepts, a bundle that installs where there is no network."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lib.run import ROOT

pytestmark = pytest.mark.services
UNITS = ROOT / "deploy" / "systemd"


def _run(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    known = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [*map(str, words)],
        capture_output=True,
        encoding="utf-8",
        env={**known, **environment},
        check=False,
        timeout=900,
    )


@pytest.mark.parametrize("name", ["dui-connector.service", "dui-connector-nuit.service", "dui-connector-nuit.timer"])
def test_systemd_accepts_every_unit(name: str, tmp_path: Path) -> None:
    """`systemd-analyze verify` finds nothing to say, once the program is where the unit says."""
    for unit in UNITS.iterdir():
        text = unit.read_text(encoding="utf-8").replace("/opt/dui-connector/venv/bin/dui-connector", "/bin/true")
        text = text.replace("User=dui-connector", "User=daemon").replace("Group=dui-connector", "Group=daemon")
        text = "\n".join(line for line in text.splitlines() if not line.startswith("Documentation="))
        (tmp_path / unit.name).write_text(text + "\n", encoding="utf-8")
    verified = _run("systemd-analyze", "verify", "--man=no", tmp_path / name)
    assert (verified.returncode, verified.stderr) == (0, "")


def test_a_bundle_installs_and_measures_without_any_network(tmp_path: Path) -> None:
    """The offline bundle needs nothing that it does not hold: installed with no index, it runs the demonstration."""
    made = _run(sys.executable, ROOT / "deploy" / "bundle.py", "--plateforme", "linux", "--sortie", tmp_path / "dist")
    assert made.returncode == 0, made.stderr
    bundle = Path(made.stdout.splitlines()[-1])
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9", "PIP_NO_INDEX": "1"}
    installed = _run("sh", bundle / "installer.sh", tmp_path / "opt", **nowhere)
    assert installed.returncode == 0, installed.stderr
    assert installed.stdout.startswith("dui-connector ")
    command = tmp_path / "opt" / "venv" / "bin" / "dui-connector"
    shown = _run(command, "demo", tmp_path / "demo", DUI_CONNECTOR_ETAT=str(tmp_path / "etat"))
    assert shown.returncode == 0, shown.stderr
    assert (tmp_path / "demo" / "audit" / "rapport.html").exists()


def test_the_windows_bundle_holds_a_wheel_for_every_dependency(tmp_path: Path) -> None:
    """No source archive: a Windows machine has no compiler."""
    made = _run(sys.executable, ROOT / "deploy" / "bundle.py", "--plateforme", "windows", "--sortie", tmp_path / "dist")
    assert made.returncode == 0, made.stderr
    bundle = Path(made.stdout.splitlines()[-1])
    files = sorted((bundle / "wheels").iterdir())
    assert {path.suffix for path in files} == {".whl"}
    names = {path.name.partition("-")[0].lower() for path in files}
    assert {"duckdb", "lxml", "pyarrow", "colorama", "tzdata", "dui_connector", "pywin32"} <= names
    assert (bundle / "installer.bat").read_bytes().startswith(b"@echo off\r\n")
