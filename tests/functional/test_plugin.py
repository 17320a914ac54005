"""A vendor's own package: installed beside the program, recognised, held to the contract, and without any key.

Rule: `connector/adapters/README.md`. The package is `tests/plugin_exemple`, installed by pip as a site does.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from connector.config import SourceSettings
from connector.config.base import SecretRef
from tests.lib.nursery import HUNG
from tests.lib.run import Ran

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "tests" / "plugin_exemple"
EXPORT = (
    "CARNET\t1\n"
    "USAGER\t750900017\tU1\t185057504800162\t1.2.250.1.213.1.4.8\tqualifiee\n"
    "SEJOUR\t750900017\tU1\t2025-01-01\t\tactif\n"
    "DOSSIER\t750900017\tD1\tU1\t2025-01-01\t2025-03-03T10:00:00\n"
    "TRACE\t750900017\tD1\t2025-03-03T10:00:00\tutilisateur\n"
    "REPAS\t750900017\tU1\n"
)


def _wheel(folder: Path) -> Path:
    """The wheel that a build of this package gives; the machine of the tests has no network to build it with."""
    project = tomllib.loads((PLUGIN / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    name = f"{project['name'].replace('-', '_')}-{project['version']}"
    points = "".join(
        f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in entries.items())
        for group, entries in project["entry-points"].items()
    )
    files = {path.relative_to(PLUGIN).as_posix(): path.read_text("utf-8") for path in PLUGIN.glob("dui_*/*.py")}
    said = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    files |= {
        f"{name}.dist-info/METADATA": said,
        f"{name}.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: essai\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{name}.dist-info/entry_points.txt": points,
    }
    files[f"{name}.dist-info/RECORD"] = "".join(f"{path},,\n" for path in files) + f"{name}.dist-info/RECORD,,\n"
    path = folder / f"{name}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for inner, content in files.items():
            archive.writestr(inner, content)
    return path


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where pip has installed the package, without its dependencies: they are there already."""
    folder = tmp_path_factory.mktemp("paquet")
    options = ["--no-deps", "--no-index", "--disable-pip-version-check", "--quiet", "--target", folder / "site"]
    pip = [sys.executable, "-m", "pip", "install", *options, _wheel(folder)]
    subprocess.run(pip, check=True, capture_output=True, timeout=HUNG)
    return folder / "site"


def run(installed: Path | None, *arguments: str | Path, cwd: Path | None = None) -> Ran:
    """Run Python with the package, or without it."""
    paths = [str(ROOT), *([str(installed)] if installed else [])]
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        cwd=cwd,
        timeout=HUNG,
        check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def audit(installed: Path | None, folder: Path, *options: str | Path) -> Ran:
    usual = ("--date-mesure", "2025-04-01", "--programme", "esms-2025", "--output", folder / "audit")
    return run(installed, "-m", "connector", "audit", *options, *usual)


def test_the_package_passes_the_contract(installed: Path) -> None:
    """Its own test, a writer and two faults, runs every rule of the suite."""
    ran = run(installed, "-m", "pytest", "-q", "-c", os.devnull, "-p", "no:cacheprovider", PLUGIN / "tests", cwd=ROOT)
    assert ran.code == 0, ran.out
    assert " passed" in ran.out
    assert "failed" not in ran.out


def test_an_audit_recognises_its_files(installed: Path, tmp_path: Path) -> None:
    """With the package, the file is read and what it cannot say is a finding; without it, it is left aside."""
    source = tmp_path / "exports"
    source.mkdir()
    (source / "mars.txt").write_text(EXPORT, encoding="utf-8")
    ran = audit(installed, tmp_path, source)
    assert (ran.code, ran.err) == (0, "Reconnu : mars.txt (Carnet, 1 fichier)\n")
    report = (tmp_path / "audit" / "indicateurs.json").read_text(encoding="utf-8")
    assert '"adaptateur": "carnet"' in report
    assert "1 message « ligne Carnet d'une autre sorte »" in report
    alone = audit(None, tmp_path, source)
    assert alone.code == 11
    assert "aucun fichier reconnu" in alone.err


def test_its_option_is_a_key_of_the_settings(installed: Path, tmp_path: Path) -> None:
    """The key that it declares is read, another one is refused with its name."""
    (tmp_path / "mars.txt").write_text(EXPORT, encoding="utf-8")
    settings = tmp_path / "connecteur.toml"
    section = '[[source]]\nnom = "carnet"\nchemin = "mars.txt"\ntype = "carnet"\n'
    settings.write_text(f"{section}sans_traces = true\n", encoding="utf-8")
    assert audit(installed, tmp_path, "--config", settings).code == 0
    report = (tmp_path / "audit" / "indicateurs.json").read_text(encoding="utf-8")
    assert '"sejours": 1' in report
    assert '"mises_a_jour"' not in report
    settings.write_text(f"{section}sans_trace = true\n", encoding="utf-8")
    ran = audit(installed, tmp_path, "--config", settings)
    assert (ran.code, ran.err) == (
        10,
        "[[source]] « carnet », clé « sans_trace » : clé inconnue (proche : sans_traces) ; "
        "corrigez son nom, ou retirez-la.\n",
    )


SPY = """
import gc, sys
from pathlib import Path
from connector.adapters.base import SourceFile
from connector.collect import Source, collect
from connector.config import Settings, SourceSettings
from connector.contract.harness import KEY
from connector.pseudonymise import Pseudonymiser
from dui_connector_carnet.adapter import CarnetAdapter

seen = []

class Spy(CarnetAdapter):
    def __init__(self, files, settings):
        super().__init__(files, settings)
        seen.append((self, files, settings))

path = Path(sys.argv[1])
source = Source(Spy, "essai", (SourceFile(path, path.name),), SourceSettings())
collect([source], Settings(), Pseudonymiser(KEY), Path(sys.argv[2]))
reached, waiting = {}, [vars(one) for one, *_ in seen] + [given for _, *given in seen]
while waiting:
    thing = waiting.pop()
    if id(thing) not in reached and not isinstance(thing, type) and type(thing).__name__ not in ("module", "function"):
        reached[id(thing)] = thing
        waiting += gc.get_referents(thing)
kinds = {type(thing).__name__ for thing in reached.values()}
assert seen and len(reached) > 5
assert KEY not in [thing for thing in reached.values() if isinstance(thing, bytes)]
assert "Pseudonymiser" not in kinds
print("aucune clé")
"""


def test_it_sees_no_key(installed: Path, tmp_path: Path) -> None:
    """Nothing that an adapter is given leads to the site key, nor to what replaces identifiers."""
    source = tmp_path / "mars.txt"
    source.write_text(EXPORT, encoding="utf-8")
    ran = run(installed, "-c", SPY, source, tmp_path / "lac")
    assert (ran.code, ran.out) == (0, "aucune clé\n"), ran.err
    assert not [name for name, one in SourceSettings.model_fields.items() if SecretRef.__metadata__[0] in one.metadata]
