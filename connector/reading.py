"""Reading a source beside the rest of the work: items ahead of their use, digests in another thread."""

from __future__ import annotations

import hashlib
import queue
import threading
from collections.abc import Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from connector.adapters.base import SourceFile

T = TypeVar("T")


def ahead(items: Iterable[T], depth: int = 2) -> Iterator[T]:
    """Produce items ahead in another thread, at most `depth`, so that the steps of collecting overlap."""
    ready: queue.Queue[T | BaseException | None] = queue.Queue(depth)
    abandoned = threading.Event()

    def put(item: T | BaseException | None) -> bool:
        while not abandoned.is_set():
            try:
                ready.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def read() -> None:
        try:
            for item in items:
                if not put(item):
                    return
            put(None)
        except BaseException as error:  # handed to the consumer, which raises it
            put(error)
        finally:
            if isinstance(items, Generator):  # what it holds open is closed where it was opened
                items.close()

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    try:
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        abandoned.set()
        thread.join()


def source_digest(files: Sequence[SourceFile]) -> str:
    """SHA-256 of a source: of its file, or of the list of its files' names and digests."""
    digests = {file.name: _file_digest(file.path) for file in files}
    if len(digests) == 1:
        return "sha256:" + next(iter(digests.values()))
    whole = "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))
    return "sha256:" + hashlib.sha256(whole.encode()).hexdigest()


def _file_digest(path: Path) -> str:
    if not path.is_file():  # opening a pipe would wait for ever
        return "illisible"
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return "illisible"
