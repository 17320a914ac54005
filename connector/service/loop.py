"""The loop: see what is due, run it in a process of its own, look again.

Each verb runs apart so that the service itself stays small and a verb that dies takes nothing with it. What IT
would rather schedule by itself is the same verbs.
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Sequence
from datetime import datetime

from structlog.typing import FilteringBoundLogger

_GRACE = 60.0  # seconds that a verb has to stop by itself

Due = Callable[[datetime], list[str]]
Beat = Callable[[], None]


class Loop:
    """Runs what `due` tells, until `stop` is called. `command` is what comes before the verb."""

    def __init__(
        self,
        due: Due,
        command: Callable[[str], Sequence[str]],
        clock: Callable[[], datetime],
        log: FilteringBoundLogger,
        *,
        beat: Beat = lambda: None,
        every: float = 30.0,
    ) -> None:
        self._due, self._command, self._clock, self._log = due, command, clock, log
        self._beat, self._every = beat, every
        self._stopped = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None

    def stop(self) -> None:
        """Ask the loop to end; the verb that runs is told to stop, and every one may be stopped anywhere."""
        self._stopped.set()
        child = self._child
        if child is not None and child.poll() is None:
            child.terminate()

    def run(self) -> None:
        """Until `stop`."""
        while not self._stopped.is_set():
            self.once()
            self._stopped.wait(self._every)

    def once(self) -> None:
        """Run everything that is due, each once; a verb may make another due: collecting calls for a measure."""
        self._beat()
        done: set[str] = set()
        while not self._stopped.is_set():
            verb = next((one for one in self._due(self._clock()) if one not in done), None)
            if verb is None:
                return
            done.add(verb)
            self._run(verb)

    def _run(self, verb: str) -> None:
        started = self._clock()
        self._log.info("un travail commence", verbe=verb)
        self._child = subprocess.Popen(self._command(verb), stdin=subprocess.DEVNULL)  # noqa: S603 - our own verbs
        code = self._wait(self._child)
        seconds = round((self._clock() - started).total_seconds(), 1)
        tell = self._log.info if code in (0, 11, 14) else self._log.warning
        tell("un travail est fini", verbe=verb, code=code, secondes=max(seconds, 0))

    def _wait(self, child: subprocess.Popen[bytes]) -> int:
        """The exit code of a verb; one that does not stop when it is told is killed."""
        left = _GRACE
        while True:
            try:
                return child.wait(timeout=1.0)
            except subprocess.TimeoutExpired:
                self._beat()
                left = left - 1.0 if self._stopped.is_set() else _GRACE
                if left <= 0:
                    child.kill()
