"""The documentation says what the program does."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_readme_gives_the_two_commands() -> None:
    """Someone who reads only the README can set everything up."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make demo" in text
    assert "make test" in text
