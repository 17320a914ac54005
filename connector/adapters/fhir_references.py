"""References between resources, resolved once everything is read.

A reference becomes a slot, a small integer that rows keep. When a Bundle ends, its slots are filled
from its own resources; what is left, at the very end, from the resources of all the files. Several
resources may answer: whoever asks for the value of a slot sees whether they say the same.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import unquote

from connector.adapters.fhir_fields import structure_finess, text_of
from connector.adapters.json_stream import Json

_TYPED = re.compile(r"(?:^|/)([A-Z][A-Za-z]*)/([^/?#|]+)$")
NONE = -1
Pending = list[tuple[int, tuple[str, ...]]]


class _Scope:
    """Where references look first: one Bundle, or all the NDJSON files together."""

    def __init__(self) -> None:
        self.slots: dict[object, int] = {}
        self.pending: Pending = []
        self.entities = array("i")


class References:
    """The resources of some types (entities, each with an integer value) and who refers to them."""

    def __init__(self, types: Iterable[str]) -> None:
        self._types = frozenset(types)
        self._outer: list[_Scope] = []
        self._enter(_Scope())
        self.targets = array("i")  # slot → entity
        self.several: dict[int, tuple[int, ...]] = {}  # slot → entities, when more than one answers
        self.values = array("i")  # entity → value
        self._ids: list[str | None] = []  # « Type/id »
        self._urls: list[str | None] = []  # fullUrl; only its base when « Type/id » ends it
        self._bases: dict[str, str] = {}
        self._first = array("i")  # entity → its first identifier below
        self._systems: list[str] = []
        self._tokens: list[str] = []
        self._left: Pending = []

    def add(self, resource: Json, url: str | None, value: int) -> int:
        """Register a resource under its fullUrl, its id and its identifiers."""
        entity = len(self.values)
        name = text_of(resource, "id")
        key = f"{resource['resourceType']}/{name}" if name else None
        self._first.append(len(self._tokens))
        for identifier in resource.get("identifier") or ():
            system, token = text_of(identifier, "system") or "", text_of(identifier, "value")
            if token:
                self._systems.append(self._bases.setdefault(system, system))
                self._tokens.append(token)
        if url and key and url.endswith("/" + key):
            base = url.removesuffix(key)
            url = self._bases.setdefault(base, base)
        self.values.append(value)
        self._ids.append(key)
        self._urls.append(url)
        self._scope.entities.append(entity)
        return entity

    def slot(self, reference: Json | None, resource: Json) -> int:
        """The slot of a reference, NONE when there is none or it cannot point to these types."""
        if not reference:
            return NONE
        known = self._known(reference.get("reference"))
        return self._slot(reference, resource) if known is None or "identifier" in reference else known

    def _slot(self, reference: Json, resource: Json) -> int:
        text = text_of(reference, "reference")
        if text and text.startswith("#"):
            return self._of_contained(text[1:], resource)
        keys = _reference_keys(reference, self._types)
        return self._named(keys if "identifier" in reference else text, keys)

    def _of_contained(self, name: str, resource: Json) -> int:
        """A resource that lies inside the one that refers to it is known by its identifiers."""
        keys: list[str] = []
        for inner in resource.get("contained") or ():
            if inner.get("id") == name and inner.get("resourceType") in self._types:
                for identifier in inner.get("identifier") or ():
                    keys += _reference_keys({"identifier": identifier}, self._types)
        return self._named(tuple(keys), tuple(keys))

    def _named(self, name: object, keys: tuple[str, ...]) -> int:
        if name not in self._scope.slots:
            self._scope.slots[name] = self._new(keys) if keys else NONE
        return self._scope.slots[name]

    def _new(self, keys: tuple[str, ...]) -> int:
        slot = len(self.targets)
        self.targets.append(NONE)
        self._scope.pending.append((slot, keys))
        return slot

    def enter(self) -> None:
        """A Bundle begins."""
        self._outer.append(self._scope)
        self._enter(_Scope())

    def _enter(self, scope: _Scope) -> None:
        self._scope = scope
        self._known = scope.slots.get

    def leave(self) -> None:
        """A Bundle ends: its slots are filled from its own resources."""
        self._left += self._resolve(self._scope.pending, self._scope.entities)
        self._enter(self._outer.pop() if self._outer else _Scope())

    def finish(self) -> None:
        """Fill the slots left from the resources of every file."""
        self.leave()
        self._left = self._resolve(self._left, range(len(self.values)))

    def _resolve(self, pending: Pending, entities: Iterable[int]) -> Pending:
        """Fill slots; returns those that nothing answers."""
        if not pending:
            return []
        found: dict[str, list[int]] = {key: [] for _, keys in pending for key in keys}
        by_token = any("|" in key for key in found)
        for entity in entities:
            for key in self._keys(entity, by_token=by_token):
                if key in found:
                    found[key].append(entity)
        unanswered: Pending = []
        for slot, keys in pending:
            answers = next((found[key] for key in keys if found[key]), None)
            if answers is None:
                unanswered.append((slot, keys))
                continue
            self.targets[slot] = answers[0]
            if len(answers) > 1:
                self.several[slot] = tuple(dict.fromkeys(answers))
        return unanswered

    def _keys(self, entity: int, *, by_token: bool) -> Iterator[str]:
        key, url = self._ids[entity], self._urls[entity]
        if key:
            yield key
        if url and key and url.endswith("/"):
            yield url + key
        elif url:
            yield url
            tail = _typed_tail(url)
            if tail and tail != key:
                yield tail
        if by_token:
            end = self._first[entity + 1] if entity + 1 < len(self._first) else len(self._tokens)
            for rank in range(self._first[entity], end):
                yield f"{self._systems[rank]}|{self._tokens[rank]}"
                yield f"*|{self._tokens[rank]}"


class Providers(References):
    """Organizations. Their value is an ET, or UNKNOWN_ET; a reference may also name a FINESS itself."""

    def __init__(self, index: Callable[[str], int]) -> None:
        super().__init__(("Organization",))
        self._index = index
        self.named: dict[int, int] = {}  # slot → ET

    def _new(self, keys: tuple[str, ...]) -> int:
        slot = super()._new(keys)
        for key in keys:
            system, bar, value = key.rpartition("|")
            finess = structure_finess(system, value) if bar else None
            if finess and slot not in self.named:
                self.named[slot] = self._index(finess)
        return slot


def _reference_keys(reference: Json, types: frozenset[str]) -> tuple[str, ...]:
    """What a reference may be found by, most precise first; nothing when it names another type."""
    text, identifier = text_of(reference, "reference"), reference.get("identifier")
    if text and not identifier:
        kind, _, name = text.partition("/")
        if kind in types and name and "/" not in name:
            return (text,)  # the usual form
    keys: list[str] = []
    kind = text_of(reference, "type") or ""
    if text:
        path, _, query = text.partition("?")
        path = path.partition("/_history/")[0]
        if query:
            kind = path.rpartition("/")[2]
            keys += _search_keys(kind, query)
        else:
            keys += [path] if ":" in path else []
            if match := _TYPED.search(path):
                kind = match[1]
                keys.append(f"{match[1]}/{match[2]}")
    if identifier and (value := text_of(identifier, "value")):
        keys.append(f"{text_of(identifier, 'system') or ''}|{value}")
    return tuple(keys) if not kind or kind in types else ()


def _search_keys(kind: str, query: str) -> Iterable[str]:
    """The keys of a conditional reference; `*|value` is a value of any system."""
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        value = unquote(value)
        if name == "identifier" and value:
            yield value if "|" in value else f"*|{value}"
        elif name == "_id" and value:
            yield f"{kind}/{value}"


def _typed_tail(url: str) -> str | None:
    """« Type/id » at the end of an address."""
    match = _TYPED.search(url)
    return f"{match[1]}/{match[2]}" if match else None
