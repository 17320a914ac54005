"""One side of a measure in a fresh process: `python -m tests.bench.process MODULE:FUNCTION ARGUMENT…`.

A side is a function of text arguments that returns a dictionary: what `watch` says, and whatever else
it wants told. It is printed as one line of JSON.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from time import perf_counter, process_time
from types import GeneratorType
from typing import Any
from unittest.mock import patch

ROOT = Path(__file__).parents[2]
Outcome = dict[str, Any]


class SideFailedError(Exception):
    """A side ended in error; carries the last line of what it said."""


def run(side: str, *arguments: str | Path) -> Outcome:
    """What a side gives, run in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.process", side, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        said = done.stderr.strip() or f"code de sortie {done.returncode}"
        raise SideFailedError(f"{side} : {said}")
    outcome: Outcome = json.loads(done.stdout.splitlines()[-1])
    return outcome


def peak_memory() -> int:
    """Peak resident memory of this process, in bytes.

    On Linux not `ru_maxrss`: a child starts with that of its parent.
    """
    status = Path("/proc/self/status")
    if status.exists() and (found := re.search(r"VmHWM:\s*(\d+) kB", status.read_text())):
        return int(found[1]) * 1024
    if sys.platform == "win32":
        import psutil

        return int(psutil.Process().memory_info().peak_wset)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


@contextmanager
def watch() -> Iterator[Outcome]:
    """The wall time of a block, its processor time, and the peak memory of the process by then."""
    outcome: Outcome = {}
    start, busy = perf_counter(), process_time()
    yield outcome
    outcome["secondes"] = perf_counter() - start
    outcome["processeur"] = process_time() - busy
    outcome["memoire"] = peak_memory()


class Stages:
    """Wall time inside stages, all threads added up, and the peak memory when each last ended."""

    def __init__(self) -> None:
        self.told: dict[str, dict[str, float]] = {}

    def add(self, name: str, spent: float) -> None:
        before = self.told.get(name, {}).get("secondes", 0.0)
        self.told[name] = {"secondes": before + spent, "pic": peak_memory()}


@contextmanager
def stages(**functions: str) -> Iterator[Stages]:
    """Watch functions given as `name="module.function"`.

    One that no longer exists is left out: stages explain a figure, they are not the figure.
    """
    found = Stages()
    with ExitStack() as stack:
        for name, target in functions.items():
            owner, _, attribute = target.rpartition(".")
            if (function := getattr(_object(owner), attribute, None)) is not None:
                stack.enter_context(patch(target, _timed(function, name, found)))
        yield found


def _object(path: str) -> Any:
    """A module, or a class inside one."""
    try:
        return import_module(path)
    except ModuleNotFoundError:
        module, _, name = path.rpartition(".")
        return getattr(import_module(module), name, None)


def _timed(function: Callable[..., Any], name: str, found: Stages) -> Callable[..., Any]:
    def call(*arguments: Any, **options: Any) -> Any:
        start = perf_counter()
        result = function(*arguments, **options)
        if isinstance(result, GeneratorType):  # its work is done while it is read
            result = list(result)
        found.add(name, perf_counter() - start)
        return result

    return call


def main() -> None:
    """Run the side that the command line names."""
    module, _, name = sys.argv[1].partition(":")
    outcome: Outcome = getattr(import_module(module), name)(*sys.argv[2:])
    print(json.dumps(outcome))


if __name__ == "__main__":
    main()
