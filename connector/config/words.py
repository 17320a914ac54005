"""A fault of a TOML file in French: what is wrong with its text, or with one of its values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel

REFERENCE = "secret_reference"  # the type of a fault whose value may be the secret itself
_LIKE_A_SECRET = re.compile("pass|mdp|secret|token|jeton|pwd", re.IGNORECASE)  # keys whose value is not shown

_EXPECTED = {
    "missing": "cette clé, qui est obligatoire",
    "string_type": "un texte entre guillemets",
    "path_type": "un chemin entre guillemets",
    "int_type": "un nombre entier",
    "int_parsing": "un nombre entier",
    "int_from_float": "un nombre entier",
    "float_type": "un nombre",
    "float_parsing": "un nombre",
    "bool_type": "true ou false",
    "bool_parsing": "true ou false",
    "tuple_type": "une liste [...]",
    "list_type": "une liste [...]",
    "dict_type": "une section [...]",
    "model_type": "une section [...]",
    "model_attributes_type": "une section [...]",
    "greater_than": "un nombre plus grand que {gt:g}",
    "greater_than_equal": "un nombre au moins égal à {ge:g}",
    "less_than_equal": "un nombre au plus égal à {le:g}",
    "string_too_short": "un texte non vide",
    "too_short": "une liste non vide",
    "date_type": "une date AAAA-MM-JJ sans guillemets",
    "date_parsing": "une date AAAA-MM-JJ",
    "date_from_datetime_parsing": "une date AAAA-MM-JJ",
    "date_from_datetime_inexact": "une date AAAA-MM-JJ, sans heure",
}
_PATTERNS = {
    r"^([01][0-9]|2[0-3]):[0-5][0-9]$": "une heure HH:MM entre guillemets, par exemple « 02:00 »",
    r"^https?://": "une adresse qui commence par https://",
    r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$": "un nom fait de lettres sans accent, de chiffres, « - », « _ » ou « . »",
}
_SHAPES: tuple[tuple[type, str], ...] = (
    (list, "une liste"),
    (dict, "une section"),
    (datetime, "une date et une heure"),
    (date, "une date"),
    (time, "une heure sans guillemets"),
)

# What tomllib says (Python 3.11 to 3.14), by how it begins.
_TOML = (
    ("Expected '=' after a key", "il manque « = » après une clé"),
    ("Expected ']", "il manque « ] » à la fin d'un titre de section"),
    ("Unclosed array", "il manque « ] » à la fin d'une liste"),
    ("Unclosed inline table", "il manque « } »"),
    ("Unterminated string", "il manque des guillemets fermants"),
    ("Illegal character", "guillemets non fermés, ou caractère interdit"),
    ("Unescaped '\\'", "« \\ » dans un texte : écrivez « / », ou mettez le chemin entre apostrophes"),
    ("Invalid hex value", "« \\ » dans un texte : écrivez « / », ou mettez le chemin entre apostrophes"),
    ("Cannot overwrite a value", "clé écrite deux fois"),
    ("Cannot declare", "section écrite deux fois"),
    ("Expected newline or end of document", "du texte en trop après la valeur"),
    ("Invalid value", "valeur mal écrite : un texte se met entre guillemets"),
    ("Invalid initial character for a key", "clé mal écrite"),
    ("Invalid date or datetime", "date impossible"),
)


def toml_fault(error: Exception) -> str:
    """What tomllib found, and where: « il manque des guillemets fermants, ligne 3, colonne 8 »."""
    said = str(error)
    what = next((french for start, french in _TOML if said.startswith(start)), "écriture qui n'est pas du TOML")
    where = re.search(r"\(at line (\d+), column (\d+)\)$", said)
    return f"{what}, {f'ligne {where[1]}, colonne {where[2]}' if where else 'à la fin du fichier'}"


def value_fault(path: Path, fault: Any, model: type[BaseModel]) -> str:
    """One fault of pydantic: file, key path, expected, found, what to do."""
    key = key_path(fault["loc"])
    if fault["type"] == "extra_forbidden":
        return f"{path}, clé « {key} » : clé inconnue{_near(fault['loc'], model)} ; corrigez son nom, ou retirez-la."
    if fault["type"] == "missing":
        return f"{path}, clé « {key} » : attendu {_EXPECTED['missing']}, trouvé rien ; ajoutez-la."
    if fault["type"] == "value_error" and isinstance(fault["input"], dict):  # several keys of a section together
        where = f"{path}, clé « {key} »" if fault["loc"] else str(path)
        return f"{where} : attendu {_expected(fault)} ; corrigez cette section."
    return f"{path}, clé « {key} » : attendu {_expected(fault)}, trouvé {_found(fault, key)} ; corrigez cette valeur."


def key_path(location: tuple[str | int, ...]) -> str:
    """« destination[1].url » for the address of the first destination; « (racine) » for the file itself."""
    parts = [part for part in location if part != "[key]"]
    words = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in parts)
    return words.removeprefix(".") or "(racine)"


def _expected(fault: Mapping[str, Any]) -> str:
    kind, context = fault["type"], fault.get("ctx", {})
    if kind == "value_error":
        return str(context["error"]).removeprefix("attendu ")
    if kind == "literal_error":
        return f"une de ces valeurs : {context['expected']}".replace(" or ", " ou ")
    if kind == "string_pattern_mismatch":
        return _PATTERNS.get(context["pattern"], "une autre écriture (voyez docs/reglages.md)")
    if kind == REFERENCE:
        return str(fault["msg"])
    if kind == "tuple_type" and isinstance(fault["input"], dict):
        return f"des sections à doubles crochets, [[{fault['loc'][-1]}]]"
    return _EXPECTED.get(kind, "une autre valeur (voyez docs/reglages.md)").format(**context)


def _found(fault: Mapping[str, Any], key: str) -> str:
    value = fault["input"]
    if fault["type"] == REFERENCE:
        return "un texte qui n'en est pas une"
    if _LIKE_A_SECRET.search(key):
        return "une valeur qui n'est pas montrée"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return repr(value)
    return next((words for kind, words in _SHAPES if isinstance(value, kind)), "autre chose")


def _near(location: tuple[str | int, ...], model: type[BaseModel]) -> str:
    """The known key that looks most like this one, among those of its section."""
    near = get_close_matches(str(location[-1]), list(_keys(location[:-1], model)), 1)
    return f" (proche : {near[0]})" if near else ""


def _keys(location: tuple[str | int, ...], model: type[BaseModel]) -> Iterator[str]:
    """The keys of the section at this place; none when the place is no section of the model."""
    for part in location:
        if isinstance(part, str) and part in model.model_fields:
            inner = _section(model.model_fields[part].annotation)
            if inner is None:
                return
            model = inner
    yield from (field.alias or name for name, field in model.model_fields.items())


def _section(annotation: Any) -> type[BaseModel] | None:
    """The model of a section, or of each member of a list of sections."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_section, getattr(annotation, "__args__", ()))), None)
