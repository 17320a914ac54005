"""Places of rows that several files share a batch with."""

from __future__ import annotations

from collections.abc import Callable, Sequence

Locate = Callable[[Sequence[int]], list[str]]


def shared_places(names: Sequence[str], files: Sequence[int], place: Callable[[int], str]) -> tuple[str, Locate]:
    """The file of a batch and its `locate`; when it has several files, each place starts with its own.

    `files` gives the rank of the file of each row, `place` what a message says of a row inside it.
    """
    only = names[files[0]] if len(set(files)) == 1 else ""

    def locate(rows: Sequence[int]) -> list[str]:
        return [place(row) if only else f"{names[files[row]]}, {place(row)}" for row in rows]

    return only, locate
