"""What every test shares."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
from ibis.backends.duckdb import Backend
from ibis.expr.operations import Node
from ibis.expr.types import Expr

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


@pytest.fixture(autouse=True, scope="session")
def _each_expression_compiled_once() -> Iterator[None]:
    """Half of a small measure is ibis writing SQL, and most cases ask the very same questions.

    The SQL depends on the expression alone. Commands, which are processes, compile for themselves.
    """
    write = Backend.compile
    known: dict[Node, str] = {}

    def once(backend: Backend, expression: Expr) -> str:
        question = expression.op()
        if question not in known:
            if len(known) >= 2_000:
                known.clear()
            known[question] = write(backend, expression)
        return known[question]

    with mock.patch.object(Backend, "compile", once):
        yield
