"""Folders of work, gone when their work ends, however it ends.

What they hold is pseudonymised, so still personal. The process at work in one holds its lock, which is the system's:
a folder whose lock is free is what a killed process left, and the next run of any verb removes it.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import gettempdir, mkdtemp
from typing import IO

from connector.lock import taken

_PREFIX, _LOCK, _CONTENT = "dui-connector-travail-", "verrou", "contenu"
_TRIES = 5


@contextmanager
def working_folder(place: Path | None = None) -> Iterator[Path]:
    """An empty folder of work below `place`, by default the system's temporary folder; gone at the end.

    What killed runs left in `place` goes first.

    Raises:
        OSError: nothing can be written there.
    """
    sweep(place)
    folder, lock = _born(place or Path(gettempdir()))
    content = folder / _CONTENT
    try:
        content.mkdir()
        yield content
    finally:
        _remove(folder, lock)


def sweep(place: Path | None = None) -> None:
    """Remove the folders of work that killed runs left; those of the living and of other people stay.

    What cannot be removed stays for the next run.
    """
    for folder in (place or Path(gettempdir())).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if _ours(folder):
                _sweep(folder)


def _ours(folder: Path) -> bool:
    """Whether it is a folder, not a link to one, of who runs this. On Windows its rights alone protect another's."""
    found = folder.lstat()
    return stat.S_ISDIR(found.st_mode) and (sys.platform == "win32" or found.st_uid == os.geteuid())


def _sweep(folder: Path) -> None:
    try:
        lock = (folder / _LOCK).open("rb+")
    except FileNotFoundError:  # its process died before it wrote anything, or is about to lock it and will see
        folder.rmdir()
        return
    with lock:
        if taken(lock):
            _remove(folder, lock)


def _born(place: Path) -> tuple[Path, IO[bytes]]:
    """A folder and its lock, held; nothing is written in it before. One swept in between is made again.

    A file system without locks never gives any: nobody can sweep there either, and the folder serves as it is.
    """
    tries = 0
    while True:
        tries += 1
        folder = Path(mkdtemp(prefix=_PREFIX, dir=place))
        with suppress(FileNotFoundError):
            lock = (folder / _LOCK).open("xb+")
            if (taken(lock) or tries == _TRIES) and (folder / _LOCK).exists():
                return folder, lock
            _remove(folder, lock)


def _remove(folder: Path, lock: IO[bytes]) -> None:
    """Remove what it holds, then the lock, then the folder: nothing is ever left without its lock."""
    content = folder / _CONTENT
    with lock, suppress(OSError):
        shutil.rmtree(content, ignore_errors=True)
        if content.exists():
            return
        if sys.platform == "win32":
            lock.close()  # Windows removes no open file. Not run there yet.
        (folder / _LOCK).unlink()
        folder.rmdir()
