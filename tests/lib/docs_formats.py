"""The blocks of `docs/formats-de-sortie.md` that are drawn: the list of what leaves, and an example of each format."""

from __future__ import annotations

import textwrap
from typing import Any

import orjson

from connector.model.result import Motif
from connector.publish.allowlist import FACTS, PATHS
from connector.publish.payload import build
from tests.lib.editions import destination, edition, impossible, result

_WIDTH = 116
_FORMATS = {
    "fhir": "FHIR",
    "fhir-mesure": "`Measure`",
    "adx": "ADX",
    "dhis2": "DHIS2",
    "annotation": "annotations",
    "ligne": "CSV, XLSX",
    "formulaire": "fiche",
    "preuve": "preuve",
    "preuve-personnes": "lignes de preuve",
}
_EXAMPLE = edition(
    resultats=(result("dossiers_actifs", 180, 200), impossible("dmp", Motif.SOURCE_ABSENTE), result("mssante", 6, 190))
)


def facts() -> str:
    """What may leave, and in which formats."""
    rows = "".join(f"| `{name}` | {fact.sens} | {_where(name)} |\n" for name, fact in FACTS.items())
    return f"| Fait | Ce que c'est | Où |\n|---|---|---|\n{rows}"


def _where(fact: str) -> str:
    used = [title for name, title in _FORMATS.items() if fact in PATHS[name].values()]
    return "partout" if len(used) >= len(_FORMATS) - 2 else ", ".join(used)


def example(type_: str) -> str:
    """The example in one format, its long lines folded."""
    body = build(_EXAMPLE, destination(type_, secret_en_dessous=11)).body.decode()
    if type_ in _SHORTER:
        body = _SHORTER[type_](orjson.loads(body))
    return "```text\n" + "\n".join(_fold(line) for line in body.splitlines()) + "\n```\n"


def _one_report(report: dict[str, Any]) -> str:
    """Places and extensions shortened; a computed group, then a secret one."""
    report["contained"] = [{"resourceType": one["resourceType"], "id": one["id"]} for one in report["contained"]]
    report["extension"] = report["extension"][1:2]
    report["group"] = [report["group"][0], report["group"][2]]
    for group in report["group"]:
        group["extension"] = group["extension"][:1]
    return orjson.dumps(report, option=orjson.OPT_INDENT_2).decode()


def _one_set(content: dict[str, Any]) -> str:
    """One value a line."""
    values = ",\n".join(f"    {orjson.dumps(value).decode()}" for value in content.pop("dataValues"))
    head = orjson.dumps(content, option=orjson.OPT_INDENT_2).decode().removesuffix("\n}")
    return f'{head},\n  "dataValues": [\n{values}\n  ]\n}}'


_SHORTER = {"fhir": _one_report, "dhis2": _one_set}


def _fold(line: str) -> str:
    indent = " " * (len(line) - len(line.lstrip()) + 4)
    folded = textwrap.wrap(line, _WIDTH, subsequent_indent=indent, drop_whitespace=False, break_on_hyphens=False)
    return "\n".join(part.rstrip() for part in folded)
