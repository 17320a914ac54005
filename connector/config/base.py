"""Typed values of the settings, and how a TOML file becomes a model: unknown keys are refused."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, TypeVar
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from connector.errors import SettingsError
from connector.model.finess import normalise_finess
from connector.model.tables import TABLES

_REFERENCE = "secret_reference"
_LIKE_A_SECRET = re.compile("pass|mdp|secret|token|jeton|pwd", re.IGNORECASE)  # keys whose value is not shown


def _finess(value: str) -> str:
    normalised = normalise_finess(value)
    if normalised is None:
        raise ValueError("attendu un FINESS de 9 caractères")
    return normalised


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("attendu un fuseau IANA, par exemple « Europe/Paris »")
    return value


def _table(value: str) -> str:
    if value not in TABLES:
        raise ValueError("attendu le nom d'une table pivot : " + ", ".join(TABLES))
    return value


def _address(value: str) -> str:
    if not re.fullmatch(r"[^@\s]*@[^@\s]+", value.strip()):
        raise ValueError("attendu « adresse@domaine » ou « @domaine »")
    return value.strip().casefold()


def _secret(value: object) -> object:
    """Any value that is not a reference may be the secret itself: its error has a type of its own, which hides it."""
    if not isinstance(value, str) or not re.fullmatch(r"(env|file|keyring):.+", value):
        raise PydanticCustomError(
            _REFERENCE, "une référence : « env:NOM », « file:CHEMIN » ou « keyring:SERVICE/COMPTE »"
        )
    return value


Finess = Annotated[str, AfterValidator(_finess)]
Zone = Annotated[str, AfterValidator(_zone)]
TableName = Annotated[str, AfterValidator(_table)]
Address = Annotated[str, AfterValidator(_address)]
M = TypeVar("M", bound=BaseModel)
Share = Annotated[int, Field(ge=0, le=100)]
SecretRef = Annotated[str, BeforeValidator(_secret)]
ClockTime = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class Strict(BaseModel):
    """A section that refuses any key it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def load_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file.

    Raises:
        SettingsError: the file is missing, unreadable or not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise SettingsError(f"{path} : fichier introuvable ; vérifiez le chemin.") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        reason = "encodage autre que UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
        raise SettingsError(f"{path} : fichier TOML illisible ({reason}) ; corrigez-le.") from None


def validate(model: type[M], content: dict[str, Any], path: Path) -> M:
    """Check the content of a TOML file against its model.

    Raises:
        SettingsError: one line per fault, with the key path, in French.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        lines = [_fault(path, fault) for fault in error.errors(include_url=False)]
        raise SettingsError("\n".join(lines)) from None


_EXPECTED = {
    "extra_forbidden": "une clé connue (celle-ci ne l'est pas)",
    "missing": "cette clé, qui est obligatoire",
    "string_type": "un texte entre guillemets",
    "int_type": "un nombre entier",
    "int_parsing": "un nombre entier",
    "bool_type": "true ou false",
    "tuple_type": "une liste [...]",
    "dict_type": "une section [...]",
    "greater_than_equal": "un nombre au moins égal à {ge}",
    "less_than_equal": "un nombre au plus égal à {le}",
    "literal_error": "une de ces valeurs : {expected}",
    "string_pattern_mismatch": "la forme {pattern}",
    "string_too_short": "un texte non vide",
    "date_type": "une date AAAA-MM-JJ sans guillemets",
    "date_from_datetime_parsing": "une date AAAA-MM-JJ",
}


def _fault(path: Path, fault: Any) -> str:
    key = ".".join(str(part) for part in fault["loc"]) or "(racine)"
    context = fault.get("ctx", {})
    if fault["type"] == "value_error":
        expected = str(context["error"]).removeprefix("attendu ")
    else:
        expected = _EXPECTED.get(fault["type"], fault["msg"]).format(**context)
    value = fault["input"]
    shown = repr(value) if isinstance(value, str | int | float | bool) else type(value).__name__
    if fault["type"] == _REFERENCE:
        shown = "un texte qui n'en est pas une"
    elif fault["type"] == "extra_forbidden" and _LIKE_A_SECRET.search(key):
        shown = "une valeur qui n'est pas montrée"
    return f"{path}, clé « {key} » : attendu {expected}, trouvé {shown} ; corrigez cette valeur."
