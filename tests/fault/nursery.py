"""Verbs started without waiting for Python: a process that has imported everything forks each of them.

`python -m tests.fault.nursery` reads the arguments of a command a line,
forks a process that runs it, and writes its number.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from tests.lib.receiver import ROOT


class Nursery:
    """Starts verbs that a test kills."""

    def __init__(self, process: subprocess.Popen[str], said: IO[str], told: IO[str]) -> None:
        self._process = process
        self._said = said
        self._told = told

    def start(self, *arguments: str) -> int:
        """The number of a process that runs this command."""
        self._told.write("\t".join(arguments) + "\n")
        self._told.flush()
        return int(self._said.readline())


@contextmanager
def nursery() -> Iterator[Nursery]:
    """A nursery, and everything that it still runs ended."""
    command = [sys.executable, "-m", "tests.fault.nursery"]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    yield Nursery(process, process.stdout, process.stdin)
    process.stdin.close()
    process.wait(30)
    process.stdout.close()


def alive(number: int) -> bool:
    """Whether a process is still there."""
    return Path(f"/proc/{number}").exists()


def kill(number: int) -> bool:
    """SIGKILL a process and wait until it is gone; whether it was still alive."""
    was_alive = alive(number)
    with suppress(ProcessLookupError):  # it ended by itself
        os.kill(number, signal.SIGKILL)
    while alive(number):
        time.sleep(0.002)
    return was_alive


def main() -> None:
    """Fork on demand. Nothing is opened before the fork: each child is as a process started alone."""
    import connector.publish.client
    import connector.publish.delivery
    import connector.state.database  # noqa: F401 - imported for the children
    from connector.cli.main import run

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead leave no zombie
    for line in sys.stdin:
        number = os.fork()
        if number == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            nothing = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(nothing, stream)
            sys.argv = ["dui-connector", *line.rstrip("\n").split("\t")]
            run()
            os._exit(0)
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
