"""One process at a time for a task of a site, whoever starts it: the service, a timer or a person.

The lock is the system's own: it goes with the process, killed or not, so nothing has to be cleaned up.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from connector.disk import why
from connector.errors import LockedError, StateError


@contextmanager
def only_one(folder: Path, task: str) -> Iterator[None]:
    """Hold the lock of a task, « envoi » for instance, in the state folder.

    Raises:
        LockedError: another process holds it.
        StateError: the folder cannot be written.
    """
    path = folder / f"{task}.verrou"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        stream = path.open("a+b")
    except OSError as error:
        raise StateError(f"{folder} : dossier d'état inutilisable ({why(error)}) ; vérifiez ses droits.") from None
    with stream:
        if not taken(stream):
            raise LockedError(f"{path} : une autre instance est déjà au travail ({task}) ; elle finira, rien à faire.")
        yield


if sys.platform == "win32":
    import msvcrt

    def taken(stream: IO[bytes]) -> bool:
        """Take the first byte, without waiting. Not run on Windows yet."""
        try:
            stream.seek(0)
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def taken(stream: IO[bytes]) -> bool:
        """Take the whole file, without waiting."""
        try:
            fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
