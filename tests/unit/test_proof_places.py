"""Where proofs are kept: one folder for each edition, on any disk."""

from __future__ import annotations

from pathlib import Path

from connector.evidence.places import folder_of
from tests.lib.submissions import edition


def test_each_convention_has_its_folder_whatever_its_name() -> None:
    """Names that differ by a blank, an accent or a case never share a folder; a long one still fits a disk."""
    names = ("CPOM 1", "CPOM-1", "cpom 1", "CPOM é", "CPOM è", "x" * 5000)
    found = [folder_of(edition(convention=name), Path("etat")).name.casefold() for name in names]
    assert len(set(found)) == len(names)
    assert max(map(len, found)) < 150
