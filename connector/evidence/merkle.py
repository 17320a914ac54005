"""A commitment to a list of lines: the root of a hash tree (the tree of RFC 6962), each leaf salted.

The salt of a leaf is a seed kept secret with the lines and its rank, so that a line cannot be guessed from the root.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

SEED = 32  # bytes


def root(lines: Iterable[bytes], seed: bytes) -> str:
    """The root over `lines` in their order: « sha256:… »."""
    level = [_leaf(line, seed, rank) for rank, line in enumerate(lines)]
    if not level:
        return "sha256:" + hashlib.sha256(b"").hexdigest()
    while len(level) > 1:
        pairs = [_node(level[rank], level[rank + 1]) for rank in range(0, len(level) - 1, 2)]
        level = pairs + level[len(level) & ~1 :]
    return "sha256:" + level[0].hex()


def _leaf(line: bytes, seed: bytes, rank: int) -> bytes:
    return hashlib.sha256(b"\x00" + seed + rank.to_bytes(8, "big") + line).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()
