"""Who may import whom: the walls of the house, read from the code."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "connector"

# Each part and the parts it may import; everything may import these:
_SHARED = {"model", "config", "errors", "resources", "disk", "scratch", "zips"}
_LOWEST = ("model", "errors", "resources", "disk", "zips")
_MAY = {
    "model": {"model", "errors"},
    "errors": set(),
    "resources": set(),
    "disk": set(),
    "zips": set(),
    "config": {"model", "errors"},
    "secrets": set(),
    "adapters": {"adapters", "mapping", "query", "secrets"},
    "query": set(),
    "mapping": {"query"},
    "template": {"mapping"},
    "instants": set(),
    "normalise": {"adapters", "instants"},
    "pseudonymise": set(),
    "lake": {"lake"},
    "collect": {"adapters", "mapping", "normalise", "pseudonymise", "lake", "reading"},
    "indicators": {"indicators", "lake"},
    "reports": {"reports"},
    "demo": {"demo"},
    "contract": {"adapters", "collect", "contract", "demo", "normalise", "pseudonymise"},
    "night": {"collect", "lake", "pseudonymise", "refusals", "resume", "updates"},
    "refusals": {"adapters", "collect", "lake", "updates"},
    "reading": {"adapters"},
    "resume": {"collect", "lake"},
    "updates": {"adapters", "collect", "lake"},
    "keys": {"keys", "pseudonymise"},
    "archive": {"lake", "state"},
    "sealed": set(),
    "agent": {"collect", "pseudonymise", "lake", "indicators", "reports"},
    "access": set(),
    "log": set(),
    "setup": set(),
    "status": {"agenda", "publish", "state"},
    "service": {"publish", "service", "state"},
    "evidence": {"disk", "evidence", "indicators", "lake", "publish"},
    "campaign": {"agenda", "agent", "collect", "indicators", "restate", "state"},
    "agenda": set(),
    "restate": set(),
    "register": {"state"},
    "lock": set(),
    "scratch": {"lock"},
    "signature": {"signature"},
    "publish": {"publish", "signature", "state"},
    "state": {"state"},
    "diff": set(),
    "reconcile": set(),
    "cli": {
        "archive",
        "secrets",
        "keys",
        "lake",
        "night",
        "pseudonymise",
        "sealed",
        "evidence",
        "campaign",
        "lock",
        "publish",
        "register",
        "signature",
        "log",
        "service",
        "setup",
        "state",
        "status",
        "access",
        "diff",
        "reconcile",
        "cli",
        "agent",
        "adapters",
        "collect",
        "demo",
        "indicators",
        "mapping",
        "reports",
        "template",
    },
    "__main__": {"cli"},
    "__init__": set(),
}


def _part(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def _imported(path: Path) -> set[str]:
    parts = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module == "connector":
            names = [f"connector.{alias.name}" for alias in node.names]
        parts |= {name.split(".")[1] for name in names if name.startswith("connector.")}
    return parts - {"__version__"}


def test_every_import_follows_the_arrows() -> None:
    """Data flows one way: an import against the arrows of the architecture fails."""
    wrong = {
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in PACKAGE.rglob("*.py")
        for name in _imported(path)
        if name not in _MAY[_part(path)] and (name not in _SHARED or _part(path) in _LOWEST)
    }
    assert not wrong


def test_every_part_has_its_rule() -> None:
    """A new folder or module of the package needs a place in the architecture."""
    assert {_part(path) for path in PACKAGE.rglob("*.py")} == _MAY.keys()


def test_functions_and_files_fit_in_the_head() -> None:
    """No function above 50 lines, no file above 400."""
    long_files = [path.name for path in PACKAGE.rglob("*.py") if len(path.read_text("utf-8").splitlines()) > 400]
    long_functions = [
        f"{path.name}:{node.name}"
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno >= 50
    ]
    assert long_files + long_functions == []


def test_a_night_loads_neither_the_engine_nor_the_reports() -> None:
    """`collect` and `status` start fast: what computes, draws or signs is imported by the verbs that do so alone."""
    program = """
import sys
import connector.cli.watch, connector.collect, connector.night, connector.reports.text, connector.status
heavy = {"alembic", "ibis", "jinja2", "joserfc", "pygal", "requests", "xlsxwriter"}
print(sorted(heavy & {name.partition(".")[0] for name in sys.modules}))
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=PACKAGE.parent
    )
    assert run.stdout == "[]\n"


def test_no_lock_brings_pandas() -> None:
    """ibis asks for it, nothing of ours uses it, and every start would pay for it."""
    locks = sorted(PACKAGE.parent.glob("requirements*.lock"))
    assert len(locks) == 3
    assert not [path.name for path in locks if "\npandas==" in path.read_text("utf-8")]
