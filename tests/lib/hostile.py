"""Hostile and broken input for every reader, and what an audit then does, in this process or as a command."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import resource
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from connector.demo import pivot
from connector.demo.organisation import Organisation
from tests.lib.nursery import HUNG
from tests.lib.run import in_process

DATE, PROGRAMME = "2025-04-01", "esms-2025"
OUTPUTS = {"indicateurs.json", "indicateurs.csv", "rapport.xlsx", "rapport.html", "local"}
STOPPED = "Arrêt au premier fichier fautif (--strict) : rien n'a été écrit."
SECONDS = 10  # of processor, for one hostile file


@dataclass(frozen=True)
class Audit:
    """What an audit answered, in how many seconds of processor.

    `lines` are those of the error stream beyond what was recognised.
    """

    code: int
    out: str
    err: str
    seconds: float

    @property
    def lines(self) -> list[str]:
        return [line for line in self.err.split("\n") if line and not line.startswith("Reconnu : ")]


def audit(source: Path, output: Path, *options: str | Path) -> Audit:
    """Run the command line in this process: the same code as the command, without its start."""
    before = time.process_time()
    ran = in_process(*_arguments(source, output), *options)
    return Audit(ran.code, ran.out, ran.err, time.process_time() - before)


def command(source: Path, output: Path, *options: str | Path, memory: int = 4 << 30) -> Audit:
    """Run the real command, with bounded time and memory: nothing hostile may hang or take the machine."""
    before = _of_children()
    done = subprocess.run(
        [sys.executable, "-m", "connector", *_arguments(source, output), *map(str, options)],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=HUNG,
        check=False,
        env=os.environ | {"COLUMNS": "80", "PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (memory, memory)),
    )
    seconds = _of_children() - before
    return Audit(done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8"), seconds)


def _of_children() -> float:
    """Seconds of processor of the processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _arguments(source: Path, output: Path) -> list[str]:
    return ["audit", str(source), "--date-mesure", DATE, "--programme", PROGRAMME, "--output", str(output)]


def figures(output: Path, finess: str) -> list[dict[str, object]]:
    """The results of one ET in `indicateurs.json`."""
    content = json.loads((output / "indicateurs.json").read_bytes())
    return [entry for entry in content["resultats"] if entry["finess_et"] == finess]


def written_whole(output: Path) -> bool:
    """Every output is there and nothing else: no temporary file, no half of one."""
    return {path.name for path in output.iterdir()} == OUTPUTS


ANY = "{f}*"  # any one line about the file, in the form of a problem


@dataclass(frozen=True)
class Case:
    """One way to spoil a healthy file, and every line that a person then reads.

    In `lines`, `{f}` is the file as messages name it, ANY a line whose words are free. No line is for what
    does no harm; lines that only say « Laissé de côté » end in 0, all others in 11.
    """

    name: str
    spoil: Callable[[Path], None]
    lines: tuple[str, ...] = ()

    @property
    def code(self) -> int:
        return 11 if any(not line.startswith("Laissé de côté : ") for line in self.lines) else 0


def aside(name: str, spoil: Callable[[Path], None], reason: str = "format non reconnu") -> Case:
    """A case that no content makes recognisable: the file is named, and left."""
    return Case(name, spoil, (f"Laissé de côté : {{f}} ({reason})",))


# Ways to spoil the bytes of a file.


def becomes(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def spoil(path: Path) -> None:
        path.write_bytes(change(path.read_bytes()))

    return spoil


def is_just(data: bytes) -> Callable[[Path], None]:
    return becomes(lambda _: data)


def cut_after(mark: bytes, times: int = 1) -> Callable[[Path], None]:
    """Truncated just after the n-th occurrence of some bytes."""

    def cut(data: bytes) -> bytes:
        end = 0
        for _ in range(times):
            end = data.index(mark, end) + len(mark)
        return data[:end]

    return becomes(cut)


def with_bytes(old: bytes, new: bytes, times: int = 1) -> Callable[[Path], None]:
    def change(data: bytes) -> bytes:
        assert old in data, old
        return data.replace(old, new, times)

    return becomes(change)


def noise(size: int = 3000, seed: int = 1) -> bytes:
    """Bytes that mean nothing, the same on every machine, none of them NUL."""
    return random.Random(seed).randbytes(size).replace(b"\0", b"\1")


def utf16(data: bytes) -> bytes:
    return data.decode("utf-8").encode("utf-16")


def utf16_unmarked(data: bytes) -> bytes:
    return data.decode("utf-8").encode("utf-16-le")


EMPTY, BLANK, MARK = is_just(b""), is_just(b" \t\r\n \n"), is_just(b"\xef\xbb\xbf")

DEEP = 10_000
DEEP_JSON = b'{"a":' * DEEP + b"1" + b"}" * DEEP
DEEP_XML = b"<a>" * DEEP + b"</a>" * DEEP
LAUGHS = (
    b'<!DOCTYPE lolz [<!ENTITY l0 "lol">'
    + b"".join(b'<!ENTITY l%d "%s">' % (rank, b"&l%d;" % (rank - 1) * 10) for rank in range(1, 10))
    + b"]>"
)


# Ways to spoil what a file is.


def folder_instead(path: Path) -> None:
    path.unlink()
    path.mkdir()


def fifo_instead(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def link_outside(path: Path) -> None:
    """A link to a file that would be read, were it inside."""
    outside = path.parents[2] / f"ailleurs-{path.name}"
    path.replace(outside)
    path.symlink_to(outside)


def broken_link(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.with_name("parti"))


def endless_link(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


@contextlib.contextmanager
def nobody() -> Iterator[None]:
    """Without the rights of root, whom no mode stops."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


# Ways to spoil an archive.


def rezipped(change: Callable[[str, bytes], bytes | None], *added: tuple[str, bytes]) -> Callable[[Path], None]:
    """The members of an archive changed one by one, those changed to None left out, others added."""

    def spoil(path: Path) -> None:
        with zipfile.ZipFile(path) as archive:
            members = [(name, change(name, archive.read(name))) for name in archive.namelist()]
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in (*members, *added):
                if data is not None:
                    archive.writestr(name, data)

    return spoil


def member(name: str, change: Callable[[bytes], bytes | None]) -> Callable[[Path], None]:
    return rezipped(lambda one, data: change(data) if one == name else data)


@dataclass(frozen=True)
class Reader:
    """One reader: how to write a healthy file of it, and the options that an audit needs to read that file."""

    name: str
    file: str
    write: Callable[[Path], None]  # the path of the file
    options: Callable[[Path], list[str | Path]] = lambda folder: []
    bars: tuple[str, ...] = ()  # indicators of any ET with a mailbox: a flow speaks for every mailbox declared


def site_of(folder: Path) -> Path:
    """A site of one ET that nobody names, so that measuring costs nothing."""
    listed = folder / "site" / "liste"
    listed.mkdir(parents=True)
    (listed / "etablissements.csv").write_text("finess_et\n", encoding="utf-8")
    return folder / "site"


def check_alone(case: Case, reader: Reader, folder: Path) -> None:
    """With --strict an audit stops at the spoiled file and writes nothing; what does no harm is measured."""
    site = site_of(folder)
    name = _spoiled(case, reader, site / "source")
    lines = [line.format(f=f"source/{name}") for line in case.lines]
    ran = audit(site, folder / "audit", "--strict", *reader.options(folder))
    assert ran.code == case.code, ran.err
    assert ran.seconds < SECONDS
    if not case.code:
        assert ran.lines == lines
        assert written_whole(folder / "audit")
        return
    *told, last = ran.lines
    assert last == STOPPED
    assert told
    assert set(told) <= set(_known(lines, told)), told
    assert not (folder / "audit").exists()


def _known(expected: list[str], lines: list[str]) -> list[str]:
    """The lines expected, those whose words are free taken from what was said of their file."""
    free = [re.escape(line[:-1]) + "(, .+)? : attendu .+, trouvé .+ ; .+" for line in expected if line.endswith("*")]
    said = [line for line in lines if any(re.fullmatch(form, line) for form in free)]
    known = [line for line in expected if not line.endswith("*")]
    return known + said if len(said) == len(free) else expected


def _spoiled(case: Case, reader: Reader, folder: Path) -> str:
    """Write the healthy file and spoil it."""
    folder.mkdir(parents=True)
    path = folder / reader.file
    reader.write(path)
    case.spoil(path)
    return reader.file


def check_together(cases: tuple[Case, ...], reader: Reader, folder: Path) -> None:
    """All the spoiled files beside the export of a healthy ET: each is told, and that ET is measured as alone."""
    site, healthy = folder / "site", Organisation(1, 1)
    pivot.write(healthy, site / "sain")
    finess = healthy.etablissement(0).finess_et
    alone = audit(site, folder / "seul")
    assert (alone.code, alone.lines) == (0, [])
    expected = []
    for rank, case in enumerate(cases):
        name = _spoiled(case, reader, site / f"cas-{rank:02}")
        expected += [line.format(f=f"cas-{rank:02}/{name}") for line in case.lines]
    ran = audit(site, folder / "audit", *reader.options(folder))
    assert sorted(ran.lines) == sorted(_known(expected, ran.lines))
    assert ran.code == 11
    assert ran.seconds < SECONDS * 3
    assert written_whole(folder / "audit")
    before, after = figures(folder / "seul", finess), figures(folder / "audit", finess)
    assert before
    assert [one for one in after if one["indicateur"] not in reader.bars] == [
        one for one in before if one["indicateur"] not in reader.bars
    ]
    assert {one["motif"] for one in after if one["indicateur"] in reader.bars} <= {"source_en_erreur"}
