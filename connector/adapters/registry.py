"""Finding adapters: those of the package by an explicit list, those of vendors by entry point.

Only the adapters that a run needs are imported. A vendor's package declares its class in the
entry point group `dui_connector.adapters`.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

from pydantic import BaseModel

from connector.adapters.base import Adapter, NoOptions
from connector.config import SourceSettings, validate
from connector.errors import SettingsError

GROUP = "dui_connector.adapters"

# In the order in which they are asked to recognise a file.
_BUILT_IN = {
    "pivot": "connector.adapters.dui.pivot:PivotAdapter",
    "pivot_classeur": "connector.adapters.dui.workbook:WorkbookAdapter",
    "hl7v2": "connector.adapters.mssante.hl7v2:Hl7v2Adapter",
    "xds": "connector.adapters.dmp.xds:XdsAdapter",
    "postfix": "connector.adapters.mssante.postfix:PostfixAdapter",
    "pdsm": "connector.adapters.dmp.pdsm:PdsmAdapter",
    "courriels": "connector.adapters.mssante.courriels:MailAdapter",
    "echanges": "connector.adapters.echanges.fhir:EchangesAdapter",
    "tddui": "connector.adapters.dui.tddui:TdduiAdapter",
    "imap": "connector.adapters.mssante.imap:ImapAdapter",
    "correspondance": "connector.adapters.dui.mapped:MappedAdapter",
    "sql": "connector.adapters.dui.sql:SqlAdapter",
}


def names() -> list[str]:
    """The names of every adapter at hand."""
    return [*_BUILT_IN, *(point.name for point in entry_points(group=GROUP))]


def load(name: str) -> type[Adapter]:
    """The adapter class of this name.

    Raises:
        SettingsError: no adapter has this name.
    """
    if name in _BUILT_IN:
        module, _, attribute = _BUILT_IN[name].partition(":")
        adapter: type[Adapter] = getattr(import_module(module), attribute)
        return adapter
    for point in entry_points(group=GROUP, name=name):
        plugged: type[Adapter] = point.load()
        return plugged
    raise SettingsError(f"Type de source inconnu : « {name} » ; types disponibles : {', '.join(names())}.")


def each() -> Iterator[type[Adapter]]:
    """Every adapter, in the order in which they are asked to recognise a file."""
    return (load(name) for name in names())


def options_of(adapter: type[Adapter], settings: SourceSettings) -> BaseModel:
    """The keys of a `[[source]]` that are the adapter's own, typed by the model that it declares.

    Raises:
        SettingsError: a key that neither the adapter nor every source knows, or a wrong value.
    """
    model: type[BaseModel] = getattr(adapter, "options", NoOptions)
    where = Path(f"[[source]] « {settings.nom or settings.chemin or adapter.name} »")
    return validate(model, settings.model_extra or {}, where)
