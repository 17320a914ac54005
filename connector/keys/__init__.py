"""The keys of a site: what they are (`ring`), and where they rest (`store`)."""

from connector.keys.ring import (
    SIZE,
    Fresh,
    Generation,
    KeyRing,
    destroyed,
    forgetting,
    proof_key,
    rotated,
    settled,
    without_organisme,
)
from connector.keys.store import dumps, external, loads, protect, read_ring, write_ring

__all__ = [
    "SIZE",
    "Fresh",
    "Generation",
    "KeyRing",
    "destroyed",
    "dumps",
    "external",
    "forgetting",
    "loads",
    "proof_key",
    "protect",
    "read_ring",
    "rotated",
    "settled",
    "without_organisme",
    "write_ring",
]
