"""Sides of the exchange formats: an adapter that reads everything, and what it is compared with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from connector.adapters.base import Batch, Problem
from connector.config import SourceSettings
from tests.bench.process import Outcome, watch
from tests.lib.run import files_of


def read(adapter: str, folder: str) -> Outcome:
    """Every row of every file, through the adapter `module:Class`; the bench data has no fault."""
    module, _, name = adapter.partition(":")
    files = files_of(Path(folder))
    opened = getattr(import_module(module), name)(files, SourceSettings())
    rows: Counter[str] = Counter()
    with watch() as outcome:
        for item in opened.read(opened.provides):
            if isinstance(item, Problem):
                raise ValueError(item.text())
            if isinstance(item, Batch):
                rows[item.table] += item.rows.num_rows
    return outcome | {"lignes": dict(rows)}


def validate(folder: str, count: str) -> Outcome:
    """The yardstick of FHIR: about `count` resources, spread over all, through their whole R4B model."""
    import orjson
    from fhir.resources.R4B import get_fhir_model_class

    lines = list(_sample(Path(folder), int(count)))
    kinds = {line: orjson.loads(line)["resourceType"] for line in lines}
    models = {kind: get_fhir_model_class(kind) for kind in set(kinds.values())}
    for line in {kind: line for line, kind in kinds.items()}.values():
        models[kinds[line]].model_validate(orjson.loads(line))  # what a model builds at its first use is not measured
    with watch() as outcome:
        for line in lines:
            resource = orjson.loads(line)
            models[resource["resourceType"]].model_validate(resource)
    return outcome | {"nombre": len(lines)}


def _sample(folder: Path, wanted: int) -> Iterator[bytes]:
    """Lines at even distances, so that every type has its share."""
    paths = sorted(folder.glob("*.ndjson"))
    total = sum(path.read_bytes().count(b"\n") for path in paths)
    step, rank = max(1, total // wanted), 0
    for path in paths:
        with path.open("rb") as stream:
            for line in stream:
                if rank % step == 0:
                    yield line
                rank += 1


def parse(folder: str) -> Outcome:
    """The yardstick of XDS: lxml building the tree of each file, and nothing more."""
    from lxml import etree

    files = [str(file.path) for file in files_of(Path(folder))]
    with watch() as outcome:
        for path in files:
            etree.parse(path)
    return outcome | {"fichiers": len(files)}
