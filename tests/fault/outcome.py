"""The promise, checked from both ends: what the receiver keeps and what the outbox believes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from connector.publish.ledger import Item
from tests.lib.desk import REFUSALS


def broken(items: list[Item], kept: Mapping[str, Any], wrong: list[str]) -> list[str]:
    """Every way in which the promise is broken; empty when it is kept.

    Each submission ends accepted, and the receiver keeps it once; or rejected with words, and it does not.
    """
    found = list(wrong)
    by_key = {item.cle: item for item in items}
    if len(by_key) != len(items):
        found.append("deux transmissions ont la même clé")
    for item in items:
        if item.etat not in ("accepte", "rejete"):
            found.append(f"{item.id} : dans les limbes ({item.etat}, {item.motif})")
        elif item.etat == "accepte" and item.cle not in kept:
            found.append(f"{item.id} : perdue, l'expéditeur la croit reçue")
        elif item.etat == "rejete" and item.cle in kept:
            found.append(f"{item.id} : gardée par le destinataire, l'expéditeur la croit refusée")
        elif item.etat == "rejete" and not _with_words(item.motif):
            found.append(f"{item.id} : refusée sans un mot ({item.motif})")
    found += [f"inconnue de l'expéditeur : {key}" for key in kept if key not in by_key]
    stored = Counter((*one["identite"], one["revision"]) for one in kept.values())
    found += [f"gardée {count} fois : {identity}" for identity, count in stored.items() if count > 1]
    return found


def _with_words(motif: str) -> bool:
    said = [answer.body.decode().split('"')[-2] for answer in REFUSALS.values()]
    return any(word in motif for word in said)
