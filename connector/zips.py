"""What a broken ZIP archive raises, and the names that no honest archive holds."""

from __future__ import annotations

import zipfile
import zlib

# One flipped bit may turn a member into another method (NotImplementedError), an encrypted one (RuntimeError), a size
# that ends too soon (EOFError) or an offset before the file (OSError, ValueError).
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)


def leaves(name: str) -> bool:
    """Whether a member's name points outside the folder it would be written in."""
    plain = name.replace("\\", "/")
    return plain.startswith("/") or plain[1:2] == ":" or ".." in plain.split("/")
