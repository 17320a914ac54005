"""JSON of any size in bounded memory: one object per line, or one document with a long `entry` array.

Lines go through orjson. A document is decoded from UTF-8 over a sliding window, and the standard
library's C scanner reads one entry at a time. What cannot be read is a Problem with its place,
never an exception; the lines after a faulty one are read, a broken document stops there.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from functools import partial
from typing import Any, BinaryIO, NamedTuple, NoReturn

import numpy as np
import orjson

from connector.adapters.base import HEAD_SIZE, Problem, SourceFile
from connector.config import Limits

Json = dict[str, Any]

_BLOCK = 1 << 17  # fits the processor's cache
_WINDOW = 128  # bytes; fewer than 256, see `_suspect`
_BLANKS = re.compile(r"[ \t\r\n]*")
_LINES = (".ndjson", ".jsonl")
_REDO = "refaites l'export."
_CUT = f"ce fichier est tronqué : {_REDO}"
_UTF8 = "exportez ce fichier en UTF-8."
_TOO_LONG = "vérifiez ce fichier, ou relevez « ligne_max » dans [limites]."
_TOO_DEEP = "ce fichier est suspect : refaites l'export, ou relevez « profondeur_max » dans [limites]."
_KINDS = {dict: "un objet", list: "une liste", str: "un texte", bool: "un booléen", type(None): "une valeur nulle"}


class JsonError(Exception):
    """Why something cannot be read. An empty place is filled in by whoever knows it."""

    def __init__(self, expected: str, found: str, advice: str, place: str = "") -> None:
        super().__init__(expected)
        self.expected, self.found, self.advice, self.place = expected, found, advice, place


class _Source(NamedTuple):
    """What a reader needs to read a file and to say what is wrong with it."""

    file: SourceFile
    limits: Limits
    tables: frozenset[str]  # what a fault bars

    def problem(self, fault: JsonError, place: str = "", *, cut: bool = False) -> Problem:
        place = fault.place or place
        return Problem(self.file.name, place, None, fault.expected, fault.found, fault.advice, self.tables, cut=cut)


def open_json(file: SourceFile, limits: Limits, tables: frozenset[str]) -> JsonLines | JsonDocument | Problem:
    """The reader that suits what a file holds, or why it cannot be read."""
    source = _Source(file, limits, tables)
    try:
        if not file.path.is_file():
            raise JsonError("un fichier ordinaire", "autre chose", "retirez-le de la source.")
        with file.path.open("rb") as stream:
            start = _start(stream)
            stream.seek(start)
            lines = _in_lines(stream, file.path.suffix.casefold() in _LINES, limits.ligne_max)
    except OSError:
        return source.problem(_unreadable(), cut=True)
    except JsonError as fault:
        return source.problem(fault, cut=True)
    return JsonLines(source, start) if lines else JsonDocument(source, start)


def kind_name(value: object) -> str:
    """What a JSON value is, in French."""
    return _KINDS.get(type(value), "un nombre")


def depth(value: object) -> int:
    """How many objects and lists are nested, at most."""
    level = [value] if isinstance(value, dict | list) else []
    deep = 0
    while level:
        deep += 1
        children = (child for node in level for child in (node.values() if isinstance(node, dict) else node))
        level = [child for child in children if isinstance(child, dict | list)]
    return deep


def _start(stream: BinaryIO) -> int:
    """Where the text starts, after a byte order mark."""
    head = stream.read(HEAD_SIZE)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise JsonError("de l'UTF-8", "de l'UTF-16", _UTF8, "octet 0")
    if (nul := head.find(b"\0")) >= 0:
        raise JsonError("du texte en UTF-8", "un octet nul", f"ce fichier est binaire : {_REDO}", f"octet {nul}")
    start = len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0
    if not head[start:].strip():
        raise JsonError("du JSON", "un fichier vide", _REDO)
    return start


def _in_lines(stream: BinaryIO, by_name: bool, limit: int) -> bool:
    """Whether each line is an object. A file of one line is a document, unless its name says lines."""
    lines = (line for line in iter(partial(stream.readline, limit + 2), b"") if line.strip())
    first = next(lines)
    if isinstance(_loads(first), dict):
        return by_name or next(lines, None) is not None
    if first.strip() == b"{":  # a document laid out for reading
        return False
    if by_name or len(first) > limit + 1:
        return by_name
    following = (_loads(line) for line, _ in zip(lines, range(20), strict=False))
    return any(isinstance(value, dict) and "resourceType" in value for value in following)


def _loads(text: bytes | str) -> object:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


class JsonLines:
    """One object per line. Iterating gives (line number, object), or a Problem."""

    def __init__(self, source: _Source, start: int) -> None:
        self._source, self._start = source, start
        self._limit, self._depth = source.limits.ligne_max, source.limits.profondeur_max

    def __iter__(self) -> Iterator[tuple[int, Json] | Problem]:
        """Whole lines block by block; an endless line is told once, then skipped."""
        number, rest, skipping = 1, b"", False
        try:
            with self._source.file.path.open("rb") as stream:
                stream.seek(self._start)
                while block := stream.read(max(_BLOCK, len(rest))):
                    if skipping:
                        _, newline, block = block.partition(b"\n")
                        number, skipping = number + len(newline), not newline
                    whole, newline, rest = (rest + block).rpartition(b"\n")
                    if newline:
                        lines = whole.split(b"\n")
                        yield from self._lines(lines, number, self._suspect(whole, lines))
                        number += len(lines)
                    if len(rest) > self._limit + 1:
                        yield self._source.problem(self._too_long(), f"ligne {number}")
                        rest, skipping = b"", True
            yield from self._lines([rest], number, True, ended=False)
        except OSError:
            yield self._source.problem(_unreadable(), cut=True)

    def _suspect(self, whole: bytes, lines: list[bytes]) -> bool:
        """Whether a line may be too long or too deep; a bound on the `{` and `[` of a line settles nearly all."""
        longest = max(map(len, lines))
        if longest <= self._depth:
            return longest > self._limit
        padded = whole + b" " * (-len(whole) % _WINDOW)
        openings = (np.frombuffer(padded, np.uint8) | 0x20) == ord("{")  # `[` is `{` without this bit
        by_window = openings.view(np.uint64).reshape(-1, _WINDOW // 8).sum(axis=1).view(np.uint8).reshape(-1, 8)
        total = np.append(0, np.cumsum(by_window.sum(axis=1)))
        width = min(longest // _WINDOW + 2, len(total) - 1)
        return longest > self._limit or int((total[width:] - total[: len(total) - width]).max()) > self._depth

    def _lines(
        self, lines: list[bytes], first: int, suspect: bool, *, ended: bool = True
    ) -> Iterator[tuple[int, Json] | Problem]:
        loads = orjson.loads
        for number, line in enumerate(lines, first):
            try:
                value = loads(line)
                if suspect:
                    self._check(line, value)
                if type(value) is not dict:
                    raise JsonError("un objet JSON", kind_name(value), _REDO)
            except orjson.JSONDecodeError as error:
                if line.strip():
                    yield self._source.problem(self._fault(line, error, ended), f"ligne {number}", cut=not ended)
            except JsonError as fault:
                yield self._source.problem(fault, f"ligne {number}")
            else:
                yield number, value

    def _check(self, line: bytes, value: object) -> None:
        if len(line.rstrip(b"\r")) > self._limit:
            raise self._too_long()
        if line.count(b"{") + line.count(b"[") > self._depth and depth(value) > self._depth:
            raise _too_deep(self._depth)

    def _too_long(self) -> JsonError:
        return JsonError(f"une ligne d'au plus {self._limit} octets", "une ligne plus longue", _TOO_LONG)

    def _fault(self, line: bytes, error: orjson.JSONDecodeError, ended: bool) -> JsonError:
        """Why orjson refused a line."""
        try:
            line.decode("utf-8")
        except UnicodeDecodeError as wrong:
            return JsonError("de l'UTF-8", f"un octet d'un autre encodage au rang {wrong.start + 1}", _UTF8)
        if "depth" in error.msg:
            return _too_deep(self._depth)
        if not ended and "end of data" in error.msg:
            return JsonError("un objet JSON complet", "une ligne qui s'interrompt", _CUT)
        return JsonError("un objet JSON complet", f"du JSON invalide au caractère {error.pos + 1}", _REDO)


def _unreadable() -> JsonError:
    advice = "vérifiez les droits de lecture et le support."
    return JsonError("un fichier lisible", "un fichier que le système refuse de lire", advice)


def _too_deep(limit: int) -> JsonError:
    return JsonError(f"au plus {limit} niveaux imbriqués", "davantage de niveaux", _TOO_DEEP)


class JsonDocument:
    """One object, whose `entry` array may be endless. Iterating gives (rank, entry), or a Problem.

    `members` fills with the other members as they are met. Once `whole`, the document was read to
    its end without fault; `lone` says that it has no `entry` array.
    """

    def __init__(self, source: _Source, start: int) -> None:
        self._source, self._start = source, start
        self.members: Json = {}
        self.lone, self.whole = True, False

    def __iter__(self) -> Iterator[tuple[int, Json] | Problem]:
        rank, problem = 0, self._source.problem
        try:
            with self._source.file.path.open("rb") as stream:
                stream.seek(self._start)
                window = _Window(stream, self._start, self._source.limits)
                for rank, value in self._entries(window):
                    if isinstance(value, dict):
                        yield rank, value
                    else:
                        yield problem(JsonError("un objet JSON", kind_name(value), _REDO), f"entrée {rank}")
        except JsonError as fault:
            yield problem(fault, f"entrée {rank + 1}" if window.in_array else f"octet {window.offset()}", cut=True)
        except OSError:
            yield problem(_unreadable(), cut=True)

    def _entries(self, window: _Window) -> Iterator[tuple[int, object]]:
        rank, kept = 0, 0
        for key in window.members():
            if key == "entry" and window.peek() == "[":
                self.lone = False
                for value in window.items():
                    rank += 1
                    yield rank, value
            else:
                self.members[key], size = window.value(nested=1)
                kept += len(key) + size
                if kept > self._source.limits.ligne_max:
                    raise window.too_long()
        if window.peek():
            raise JsonError("la fin du fichier", "d'autres caractères", _REDO)
        self.whole = True


class _Window:
    """A sliding window of decoded text over a file."""

    def __init__(self, stream: BinaryIO, start: int, limits: Limits) -> None:
        self._stream, self._longest, self._deepest = stream, limits.ligne_max, limits.profondeur_max
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._scan = json.JSONDecoder(parse_constant=_refuse).raw_decode
        self._text, self._at, self._read, self._ended = "", 0, start, False
        self.in_array = False

    def offset(self) -> int:
        """Bytes of the file before what is being read."""
        return self._read - len(self._decoder.getstate()[0]) - len(self._text[self._at :].encode(errors="replace"))

    def too_long(self) -> JsonError:
        what = "une entrée" if self.in_array else "une ressource"
        return JsonError(f"{what} d'au plus {self._longest} octets", f"{what} plus longue", _TOO_LONG)

    def _more(self) -> bool:
        """Read a block on, dropping what was used; False at the end of the file."""
        if self._ended:
            return False
        block = self._stream.read(_BLOCK)
        before = self._read - len(self._decoder.getstate()[0])
        try:
            text = self._decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            wrong = f"octet {before + error.start}"
            raise JsonError("de l'UTF-8", "un octet d'un autre encodage", _UTF8, wrong) from None
        self._read += len(block)
        self._ended = not block
        self._text, self._at = self._text[self._at :] + text, 0
        return not self._ended

    def peek(self) -> str:
        """The next character that is not blank, or nothing at the end of the file."""
        while True:
            blanks = _BLANKS.match(self._text, self._at)
            self._at = blanks.end() if blanks else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def _take(self, wanted: str) -> str:
        char = self.peek()
        if not char:
            raise _cut_short()
        if char not in wanted:
            raise JsonError(" ou ".join(f"« {sign} »" for sign in wanted), "un autre caractère", _REDO)
        self._at += 1
        return char

    def members(self) -> Iterator[str]:
        """Each key of the object that starts here; the caller reads its value."""
        self._take("{")
        if self.peek() == "}":
            self._at += 1
            return
        while True:
            if self.peek() not in ('"', ""):
                raise JsonError("une clé entre guillemets", "un autre caractère", _REDO)
            key, _ = self.value(nested=0)
            self._take(":")
            yield key
            if self._take(",}") == "}":
                return

    def items(self) -> Iterator[object]:
        """Each value of the array that starts here."""
        self._take("[")
        self.in_array = True
        if self.peek() == "]":
            self._at += 1
        else:
            more = True
            while more:
                yield self.value(nested=2)[0]
                more = self._take(",]") == ","
        self.in_array = False

    def value(self, nested: int) -> tuple[Any, int]:
        """The value that starts here, and its length; `nested` levels surround it."""
        if not self.peek():
            raise _cut_short()
        while True:
            try:
                value, end = self._scan(self._text, self._at)
            except RecursionError:
                raise _too_deep(self._deepest) from None
            except json.JSONDecodeError as error:
                self._grow(error)
                continue
            except ValueError:
                raise JsonError("un nombre JSON", "un nombre impossible", _REDO) from None
            if end == len(self._text) and isinstance(value, int | float) and not self._ended:
                self._more()  # a number may go on
                continue
            return value, self._checked(value, end, nested)

    def _grow(self, error: json.JSONDecodeError) -> None:
        """Read on when the fault may come from the end of the window; twice as much each time."""
        size, at = len(self._text) - self._at, error.pos - self._at
        unclosed = error.msg.startswith("Unterminated string")
        if unclosed or at + 16 > size:
            if size > self._longest:
                raise self.too_long()
            if self._more():
                while len(self._text) < 2 * size and self._more():
                    pass
                return
            if unclosed or not self._text[self._at + at :].strip():
                raise _cut_short()
        raise JsonError("du JSON valide", f"du JSON invalide au caractère {at + 1}", _REDO)

    def _checked(self, value: object, end: int, nested: int) -> int:
        """The length of a value that respects the limits; the window moves past it."""
        text, start = self._text, self._at
        size = end - start
        if size * 4 > self._longest and len(text[start:end].encode(errors="replace")) > self._longest:
            raise self.too_long()
        openings = text.count("{", start, end) + text.count("[", start, end)
        if openings + nested > self._deepest and depth(value) + nested > self._deepest:
            raise _too_deep(self._deepest)
        escapes = max(text.find("\\ud", start, end), text.find("\\uD", start, end))
        if escapes >= 0 and _loads(text[start:end]) is None:  # half a character, which the standard library accepts
            raise JsonError("du texte Unicode", "la moitié d'un caractère", _REDO)
        self._at = end
        return size


def _cut_short() -> JsonError:
    return JsonError("un document JSON complet", "un fichier qui s'interrompt", _CUT)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
