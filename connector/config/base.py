"""Typed values of the settings, and how a TOML file becomes a model: unknown keys are refused."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, TypeVar
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from connector.config.words import REFERENCE, toml_fault, value_fault
from connector.disk import why
from connector.errors import SettingsError
from connector.model.finess import normalise_finess
from connector.model.tables import TABLES


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
            REFERENCE, "une référence : « env:NOM », « file:CHEMIN » ou « keyring:SERVICE/COMPTE »"
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
    except OSError as error:
        raise SettingsError(f"{path} : lecture impossible ({why(error)}) ; vérifiez le chemin et les droits.") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path} : encodage autre que UTF-8 ; enregistrez ce fichier en UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} : fichier TOML mal écrit ({toml_fault(error)}) ; corrigez-le.") from None


def validate(model: type[M], content: dict[str, Any], path: Path) -> M:
    """Check the content of a TOML file against its model.

    Raises:
        SettingsError: one line per fault, with the key path, in French.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        lines = [value_fault(path, fault, model) for fault in error.errors(include_url=False)]
        raise SettingsError("\n".join(lines)) from None
