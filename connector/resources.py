"""Where the files that ship with the package are: `config/` beside the sources or inside the wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def config_path(name: str) -> Path:
    """The path of a file or folder of `config/`."""
    packaged = _PACKAGE / "_config"
    return (packaged if packaged.is_dir() else _PACKAGE.parent / "config") / name
