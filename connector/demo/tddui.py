"""Writes TDDUI transfers: one transaction Bundle per ET, or NDJSON files by type of resource.

Form: `standards.md` §1 and the samples of the IG (`ans.fhir.fr.tddui` 2.x). Names and births
are fictional; ids embed the INS now and then, as those of real software do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from connector.demo import pivot
from connector.demo.organisation import EtData, Organisation
from connector.demo.tddui_reduced import reduce_et
from connector.demo.tddui_resources import PROFILE, Resource, resources

_BASE = "https://demo.example/fhir"


def write(organisation: Organisation, folder: Path, *, ndjson: bool = False) -> None:
    """A Bundle per ET, or one NDJSON file per type of resource for all of them."""
    folder.mkdir(parents=True, exist_ok=True)
    if ndjson:
        _write_ndjson(organisation, folder)
        return
    for et in organisation.iter_etablissements():
        (folder / f"{et.finess_et}.json").write_bytes(orjson.dumps(_bundle(et)))


def reduced_pivot(organisation: Organisation, folder: Path) -> None:
    """The pivot files that say what the transfers say."""
    pivot.write_tables((reduce_et(et) for et in organisation.iter_etablissements()), folder)


def _bundle(et: EtData) -> dict[str, Any]:
    return {
        "resourceType": "Bundle",
        "id": f"transfert-{et.finess_et}",
        "meta": {"profile": [f"{PROFILE}/tddui-bundle"]},
        "type": "transaction",
        "entry": [_entry(resource) for resource in resources(et)],
    }


def _entry(resource: Resource) -> dict[str, Any]:
    # The samples of the IG name the profile where FHIR expects the type of resource.
    profiles = resource.get("meta", {}).get("profile", [f"/{resource['resourceType']}"])
    words = profiles[0].rpartition("/")[2].split("-")
    url = "TDDUI" + "".join(word.upper() if word == "ins" else word.capitalize() for word in words[1:])
    return {
        "fullUrl": f"{_BASE}/{resource['resourceType']}/{resource['id']}",
        "resource": resource,
        "request": {"method": "POST", "url": url if len(words) > 1 else resource["resourceType"]},
    }


def _write_ndjson(organisation: Organisation, folder: Path) -> None:
    with ExitStack() as stack:
        streams: dict[str, BinaryIO] = {}
        for resource in _all_resources(organisation):
            kind = resource["resourceType"]
            if kind not in streams:
                streams[kind] = stack.enter_context((folder / f"{kind}.ndjson").open("wb"))
            streams[kind].write(orjson.dumps(resource) + b"\n")


def _all_resources(organisation: Organisation) -> Iterator[Resource]:
    for et in organisation.iter_etablissements():
        yield from resources(et)
