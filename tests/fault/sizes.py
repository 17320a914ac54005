"""How long the fault tests run: short in `make test`, long in `make fault`."""

from __future__ import annotations

import os

LONG = os.environ.get("DUI_FAULT") == "long"


def size(short: int, long: int) -> int:
    """So many rounds."""
    return long if LONG else short
