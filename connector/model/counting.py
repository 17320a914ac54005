"""Numbers as French writes them, with their noun in the singular or the plural."""

from __future__ import annotations


def group(number: int) -> str:
    """An integer with a space between thousands: 1 383."""
    return f"{number:,}".replace(",", " ")


def count_of(number: int, singular: str, plural: str) -> str:
    """« 1 personne », « 3 personnes » (French: 0 and 1 are singular)."""
    return f"{group(number)} {singular if abs(number) < 2 else plural}"
