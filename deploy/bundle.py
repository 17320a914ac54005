"""`make bundle`: everything that a machine without internet needs, in one folder per system.

Each folder holds the wheels of the locked dependencies (no compiler, hashes checked), the wheel of the project,
the files of `deploy/`, and an installer of a few lines. `--portable` unpacks them instead: a folder to copy, run by
the Python of the machine, of the very version named.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PLATFORMS = {
    "linux": ["manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"],
    "windows": ["win_amd64"],
}
_LINUX = """\
#!/bin/sh
# Installe dui-connector sans réseau, dans le dossier donné (/opt/dui-connector par défaut).
set -eu
ici=$(cd "$(dirname "$0")" && pwd)
cible=${1:-/opt/dui-connector}
python3 -c 'import sys; sys.exit(sys.version_info[:2] != (@MAJEURE@, @MINEURE@))' || {
    echo "Ce lot demande Python @VERSION@ ; faites un lot pour votre version (INSTALL.md)." >&2; exit 2; }
python3 -m venv "$cible/venv"
"$cible/venv/bin/python" -m pip install --quiet --no-index --find-links "$ici/wheels" dui-connector
cp -R "$ici/deploy" "$cible/"
"$cible/venv/bin/dui-connector" --version
"""
_WINDOWS = """\
@echo off
rem Installe dui-connector sans reseau, dans le dossier donne (C:\\Program Files\\dui-connector par defaut).
setlocal
set CIBLE=%~1
if "%CIBLE%"=="" set CIBLE=C:\\Program Files\\dui-connector
py -@VERSION@ -m venv "%CIBLE%\\venv" || exit /b 2
set PIP="%CIBLE%\\venv\\Scripts\\python" -m pip --quiet --no-index
%PIP% install --find-links "%~dp0wheels" dui-connector[windows] || exit /b 1
xcopy /E /I /Q /Y "%~dp0deploy" "%CIBLE%\\deploy" >nul
"%CIBLE%\\venv\\Scripts\\dui-connector" --version
"""
_LAUNCHERS = {
    "linux": (
        "dui-connector",
        '#!/bin/sh\nPYTHONPATH="$(cd "$(dirname "$0")" && pwd)/app" exec python@VERSION@ -m connector "$@"\n',
    ),
    "windows": ("dui-connector.cmd", "@echo off\nsetlocal\nset PYTHONPATH=%~dp0app\npy -@VERSION@ -m connector %*\n"),
}


def main() -> int:
    """Build what the command line asks; the exit code."""
    asked = _arguments()
    target = asked.sortie / f"dui-connector-{asked.plateforme}-py{asked.python}{'-portable' if asked.portable else ''}"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    project = _project_wheel(asked.sortie)
    if asked.portable:
        _portable(target, project, asked.plateforme, asked.python)
    else:
        _wheels(target, project, asked.plateforme, asked.python)
    shutil.copytree(ROOT / "deploy", target / "deploy", ignore=shutil.ignore_patterns("__pycache__"))
    sys.stdout.write(f"{target}\n")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python deploy/bundle.py", description="Lot d'installation sans réseau.")
    parser.add_argument("--plateforme", choices=PLATFORMS, required=True)
    parser.add_argument("--python", default=f"{sys.version_info[0]}.{sys.version_info[1]}", help="version visée")
    parser.add_argument("--sortie", type=Path, default=ROOT / "dist")
    parser.add_argument("--portable", action="store_true", help="un dossier à copier, sans installation")
    return parser.parse_args()


def _pip(*words: str | Path) -> None:
    subprocess.run([sys.executable, "-m", "pip", "--disable-pip-version-check", *map(str, words)], check=True)


def _project_wheel(folder: Path) -> Path:
    work = folder / ".roue"
    shutil.rmtree(work, ignore_errors=True)
    _pip("wheel", "--quiet", "--no-deps", "--wheel-dir", work, ROOT)
    return next(work.glob("dui_connector-*.whl"))


def _target(platform: str, version: str) -> list[str]:
    tags = [word for tag in PLATFORMS[platform] for word in ("--platform", tag)]
    return [*tags, "--python-version", version, "--implementation", "cp", "--only-binary=:all:"]


def _blocks(name: str) -> list[str]:
    """The requirements of a lock file, one a line."""
    return (ROOT / name).read_text(encoding="utf-8").replace("\\\n", "\0").splitlines()


def _locked(target: Path, platform: str, *extras: str) -> Path:
    """The locked dependencies that this system takes: pip reads markers for the machine that it runs on."""
    kept = [block for block in _blocks("requirements.lock") if not _only_for_another(block, platform)]
    kept += [block for block in _blocks("requirements-tout.lock") if block.partition("==")[0] in extras]
    path = target / "requirements.lock"
    text = "\n".join(kept).replace("\0", "\\\n") + "\n"
    path.write_text(text.replace(" ; sys_platform == 'win32'", ""), encoding="utf-8")
    return path


def _only_for_another(block: str, platform: str) -> bool:
    return "sys_platform == 'win32'" in block and platform != "windows"


def _wheels(target: Path, project: Path, platform: str, version: str) -> None:
    wheels = target / "wheels"
    locked = _locked(target, platform, *(["pywin32"] if platform == "windows" else []))  # the Windows service
    _pip("download", "--quiet", "--require-hashes", "-r", locked, "-d", wheels, *_target(platform, version))
    shutil.copy2(project, wheels)
    name, text = ("installer.bat", _WINDOWS) if platform == "windows" else ("installer.sh", _LINUX)
    _script(target / name, text, version, "\r\n" if platform == "windows" else "\n")


def _portable(target: Path, project: Path, platform: str, version: str) -> None:
    app = target / "app"
    locked = _locked(target, platform)
    _pip("install", "--quiet", "--require-hashes", "-r", locked, "--target", app, *_target(platform, version))
    _pip("install", "--quiet", "--no-deps", "--upgrade", "--target", app, *_target(platform, version), project)
    locked.unlink()
    name, text = _LAUNCHERS[platform]
    _script(target / name, text, version, "\r\n" if platform == "windows" else "\n")


def _script(path: Path, text: str, version: str, newline: str) -> None:
    major, minor = version.split(".")
    filled = text.replace("@VERSION@", version).replace("@MAJEURE@", major).replace("@MINEURE@", minor)
    path.write_text(filled, encoding="utf-8", newline=newline)
    path.chmod(0o755)


if __name__ == "__main__":
    sys.exit(main())
