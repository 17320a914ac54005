"""The settings file `connecteur.toml`, typed. Unknown keys are refused.

Only what an audit needs stands here; the service completes it.
"""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

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


Finess = Annotated[str, AfterValidator(_finess)]
Zone = Annotated[str, AfterValidator(_zone)]
TableName = Annotated[str, AfterValidator(_table)]
Address = Annotated[str, AfterValidator(_address)]
M = TypeVar("M", bound=BaseModel)
Share = Annotated[int, Field(ge=0, le=100)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Site(_Strict):
    """The place where the connector runs."""

    nom: str = ""
    fuseau: Zone | None = None  # zone of stamps without offset, when it is not the ET's own


class Limits(_Strict):
    """Bounds that protect the machine from a hostile or broken file."""

    memory_limit: Annotated[str, Field(pattern=r"^[1-9][0-9]*(MB|GB)$")] = "512MB"
    ligne_max: Annotated[int, Field(ge=1024)] = 16 * 1024 * 1024  # octets d'une ligne ou d'un enregistrement
    classeur_max: Annotated[int, Field(ge=1024)] = 512 * 1024 * 1024  # octets décompressés d'un classeur
    taux_compression_max: Annotated[int, Field(ge=2)] = 200  # décompressé / compressé d'une archive
    profondeur_max: Annotated[int, Field(ge=8)] = 200  # niveaux imbriqués d'un document JSON ou XML
    fichiers_max: Annotated[int, Field(ge=1)] = 1_000_000  # fichiers d'une source


class SourceSettings(_Strict):
    """One source, or what a bare audit assumes of a file that it recognised."""

    nom: str = ""
    type: str = ""
    chemin: Path | None = None
    mapping: Path | None = None
    finess_et: Finess | None = None  # for rows that name none
    etablissements: tuple[Finess, ...] = ()
    dates_techniques: bool = False  # a FHIR server that stamps lastUpdated when it loads
    fuseau: Zone | None = None  # zone of this source's stamps without offset
    limites: Limits = Limits()


class Convention(_Strict):
    """What a convention changes for some ETs, with its reference and signatory."""

    id: str = Field(min_length=1)
    etablissements: tuple[Finess, ...] = ()
    projet: str | None = None
    du: date | None = None
    au: date | None = None
    fenetre: Literal["mois_civil", "trois_mois_glissants"] | None = None
    cibles: dict[str, Share] = {}
    denominateurs: dict[str, Literal["accompagnees", "eligibles", "accompagnees_12_mois"]] = {}
    exclusions: tuple[str, ...] = ()  # indicators whose target does not bind
    reference: str = Field(min_length=1)
    signataire: str = Field(min_length=1)

    @model_validator(mode="after")
    def _names_someone(self) -> Convention:
        if not self.etablissements and not self.projet:
            raise ValueError("attendu « etablissements » ou « projet »")
        return self


class ProgrammeChoice(_Strict):
    """The programme that applies when the command line names none."""

    id: str | None = None
    premiere_mesure: bool = False


class Settings(_Strict):
    """The whole of `connecteur.toml`, as far as an audit reads it."""

    site: Site = Site()
    source: tuple[SourceSettings, ...] = ()
    correspondances: dict[Finess, Finess] = {}
    couverture: dict[TableName, tuple[Finess, ...]] = {}
    boites: dict[Address, Finess] = {}
    convention: tuple[Convention, ...] = ()
    programme: ProgrammeChoice = ProgrammeChoice()
    limites: Limits = Limits()


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
    return f"{path}, clé « {key} » : attendu {expected}, trouvé {shown} ; corrigez cette valeur."


def load_settings(path: Path | None) -> Settings:
    """The settings of a file, or the defaults of a bare audit.

    Raises:
        SettingsError: see `load_toml` and `validate`.
    """
    if path is None:
        return Settings()
    return validate(Settings, load_toml(path), path)
