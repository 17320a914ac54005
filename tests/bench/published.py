"""Resources of the demo, completed with what the published examples of TDDUI carry besides.

The demo writes what the connector reads, 600 bytes of it; a real resource also has extensions, codings,
addresses and texts, which every parser goes through. The examples of the ANS say which, and how long.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from tests.bench.process import ROOT

EXAMPLES = ROOT.parent / "shared" / "samples" / "tddui"
Resource = dict[str, Any]
_OF_ITS_OWN = ("subject", "partOf", "period", "serviceProvider", "identifier")  # what a resource refers to or is


def completer() -> Callable[[Resource], Resource]:
    """A function that completes a resource; without the examples, it leaves it as it is."""
    examples = {_profile(example): example for example in map(_read, sorted(EXAMPLES.glob("[A-Z]*-tddui-*.json")))}

    def complete(resource: Resource) -> Resource:
        example = examples.get(_profile(resource))
        return _completed(resource, example) if example else resource

    return complete


def _read(path: Path) -> Resource:
    resource: Resource = orjson.loads(path.read_bytes())
    return resource


def _profile(resource: Resource) -> str:
    profiles = (resource.get("meta") or {}).get("profile") or [""]
    return f"{resource['resourceType']} {profiles[0]}"


def _completed(resource: Resource, example: Resource) -> Resource:
    whole = {name: value for name, value in example.items() if name not in _OF_ITS_OWN} | resource
    if resource["resourceType"] == "Patient":
        whole["name"] = example["name"]
    own = resource.get("extension", [])
    known = {extension["url"] for extension in own}
    if extensions := own + [one for one in example.get("extension", []) if one["url"] not in known]:
        whole["extension"] = extensions
    kinds = {one["system"]: one["type"] for one in example.get("identifier", []) if "type" in one}
    whole["identifier"] = [_typed(identifier, kinds) for identifier in resource["identifier"]]
    return whole


def _typed(identifier: Resource, kinds: dict[str, Resource]) -> Resource:
    kind = kinds.get(identifier["system"])
    return {"type": kind} | identifier if kind else identifier
