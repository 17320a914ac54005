"""Commands started without waiting for Python: a process that has imported everything forks each of them.

A child has the files, the folder, the environment and the end of a process started alone; it shares the seed of the
hashes with its siblings, and the modules: what depends on them starts cold (`tests.lib.run.started`).
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO, NoReturn

ROOT = Path(__file__).parents[2]
_HEAVY = ("alembic.command", "ibis.backends.duckdb", "fhir.resources.R4B.measurereport", "typer._adapters")
_RUN = ("connector.__main__", "connector.state.migrations.")  # not modules: they do something as soon as imported
_LONGEST = 64 * 1024  # bytes of a request
HUNG = 600  # seconds: a command that never ends fails its test instead of the whole run


class Nursery:
    """Starts commands; it ends with the process that made it."""

    def __init__(self) -> None:
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.lib.nursery", str(theirs.fileno())],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        atexit.register(self._close)

    def _close(self) -> None:
        self._channel.close()
        self._process.wait()

    def start(self, *words: str, cwd: Path = ROOT) -> int:
        """The number of a process that runs this command, in silence."""
        with open(os.devnull, "r+b") as nothing:  # noqa: PTH123 - a device
            number, end = self._born(words, cwd, os.environ, [nothing.fileno()] * 3)
        end.close()
        return number

    def run(self, words: Sequence[str], cwd: Path, environ: Mapping[str, str], streams: Sequence[int]) -> int:
        """Run a command to its end on these three streams: its exit code, as `subprocess` gives it."""
        number, end = self._born(words, cwd, environ, streams)
        with end:
            if not select.select([end], [], [], HUNG)[0]:
                os.kill(number, signal.SIGKILL)
            return int(end.read())

    def _born(
        self, words: Sequence[str], cwd: Path, environ: Mapping[str, str], streams: Sequence[int]
    ) -> tuple[int, IO[str]]:
        """A process, and what will tell its end."""
        told, tell = os.pipe()
        request = json.dumps([list(words), str(cwd), dict(environ)]).encode()
        socket.send_fds(self._channel, [request], [*streams, tell])
        os.close(tell)
        end = open(told, encoding="ascii")  # noqa: PTH123, SIM115 - a descriptor, which the caller closes
        number = end.readline()
        assert number, "la pépinière est morte : ses derniers mots sont sur la sortie d'erreur"
        return int(number), end


@cache
def nursery() -> Nursery:
    """That of this process, made at the first need."""
    return Nursery()


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


def _import_everything() -> None:
    import connector

    ours = (module.name for module in pkgutil.walk_packages(connector.__path__, "connector."))
    for name in (*ours, *_HEAVY):
        if not name.startswith(_RUN):
            importlib.import_module(name)


def _serve(channel: socket.socket) -> list[str]:
    """Fork on demand until nobody asks. Returns in each child only, with its words; nothing is opened before."""
    while True:
        request, passed, _, _ = socket.recv_fds(channel, _LONGEST, 4)
        if not request:
            os._exit(0)
        if os.fork() == 0:
            return _attend(channel, json.loads(request), passed)
        for one in passed:
            os.close(one)


def _attend(channel: socket.socket, request: tuple[list[str], str, dict[str, str]], passed: list[int]) -> list[str]:
    """Fork the command itself, and tell its number then its end. Returns in the command."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *streams, tell = passed
    number = os.fork()
    if number:
        for one in streams:
            os.close(one)
        _tell_the_end(number, tell)
    channel.detach()
    return _as_started(*request, streams)


def _tell_the_end(number: int, tell: int) -> NoReturn:
    try:
        os.write(tell, f"{number}\n".encode())
        code = os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])
        os.write(tell, f"{code}\n".encode())
    finally:
        os._exit(0)


def _as_started(words: list[str], cwd: str, environ: dict[str, str], streams: list[int]) -> list[str]:
    """Make this process what `python -m connector` would be."""
    for target, one in enumerate(streams):
        os.dup2(one, target)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environ)
    time.tzset()
    sys.path[0] = cwd
    return words


def _end(code: int) -> NoReturn:
    """What Python does when it ends, but for unmaking one by one the modules that all the children share."""
    threading._shutdown()  # type: ignore[attr-defined] - as `multiprocessing` ends its children
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def main() -> None:
    """Wait for commands; in a child, run one and end."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    _import_everything()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead leave no zombie
    sys.argv = ["connector", *_serve(channel)]
    try:
        runpy.run_module("connector", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        _end(ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1)
    except BaseException:
        traceback.print_exc()
        _end(1)
    _end(0)


if __name__ == "__main__":
    main()
