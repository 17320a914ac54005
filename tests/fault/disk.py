"""Disks that fill up or turn read-only: a real tiny file system for who may mount one, else limits of the process."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def mounted(folder: Path, kilobytes: int) -> Iterator[bool]:
    """A file system of that size at `folder`; False when it cannot be mounted, and the folder is an ordinary one."""
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "dui-fautes", str(folder)]
    done = subprocess.run(command, capture_output=True, check=False)
    try:
        yield done.returncode == 0
    finally:
        if done.returncode == 0:
            subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def read_only(folder: Path, *, real: bool) -> Iterator[None]:
    """A folder that cannot be written: mounted so, or by its rights for who is not root."""
    if real:
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    else:
        assert os.geteuid() != 0, "root sans droit de monter : rien ne lui est interdit en écriture"
        folder.chmod(0o500)
    yield
    if real:
        subprocess.run(["mount", "-o", "remount,rw", str(folder)], check=True)
    else:
        folder.chmod(0o700)


@contextmanager
def no_large_file(limited: bool) -> Iterator[None]:
    """For who may not mount: no file may be larger than 100 kilobytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    if limited:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def fill(folder: Path) -> Path:
    """Take all the room that is left; the file that takes it."""
    path = folder / "remplissage"
    with path.open("wb", buffering=0) as stream, suppress(OSError):
        while stream.write(b"x" * 1024):
            pass
    return path
