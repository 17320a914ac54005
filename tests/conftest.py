"""What every test shares."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parents[2] / "shared" / "samples"

collect_ignore = ["plugin_exemple"]  # a package of its own: see functional/test_plugin.py


@pytest.fixture(scope="session")
def samples() -> Path:
    """Real examples from the standards bodies, read where they are and never copied."""
    if not SAMPLES.is_dir():
        pytest.skip("exemples réels absents : ../shared/samples n'est pas là")
    return SAMPLES


@pytest.fixture(autouse=True, scope="session")
def _state_apart(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What the user of this machine keeps (a register, a journal) changes no test, and no test changes it."""
    os.environ["DUI_CONNECTOR_ETAT"] = str(tmp_path_factory.mktemp("etat"))


@pytest.fixture(autouse=True)
def _same_width_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Terminal output does not depend on the machine that runs the tests."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")
    os.environ.pop("FORCE_COLOR", None)
