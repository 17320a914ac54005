"""The outbox: editions signed and queued, then sent by a process that stays small."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.runs import Bench, Side
from tests.bench.table import Line, rate, seconds


def outbox(bench: Bench) -> Iterator[Line]:
    """Queueing beyond the computation, then sending to a receiver on this machine."""
    count = bench.store.sizes.etablissements
    (ours,) = bench.pairs(Side("tests.bench.sides_sending:queued", (str(count),), "file"))
    yield Line(
        f"{count} éditions signées et mises en file",
        seconds(ours.seconds),
        "< 60 s",
        "",
        ours.memory,
        None,
        ours.seconds < 60,
        "",
        {"file": ours.told},
    )
    (sender,) = bench.pairs(Side("tests.bench.sides_sending:sent", (str(count // 8),), "envoi"))
    yield Line(
        f"{count // 8} transmissions envoyées",
        rate(sender.rate(count // 8), "transmissions"),
        "",
        "",
        sender.memory,
        200_000_000,
        None,
        "",
        {"envoi": sender.told},
    )
