"""The counts of a long run, for the closing note."""

from __future__ import annotations

import os
from pathlib import Path

from tests.fault.sizes import LONG


def tell(name: str, line: str) -> None:
    """In the long run, write a line under this name in the folder that `DUI_FAULT_BILAN` gives."""
    folder = os.environ.get("DUI_FAULT_BILAN")
    if LONG and folder:
        (Path(folder) / f"{name}.txt").write_text(f"{line}\n", "utf-8")
