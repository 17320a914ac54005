"""Sections of `connecteur.toml` that an audit reads."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from connector.config.base import Finess, SecretRef, Share, Strict, Zone


class Site(Strict):
    """The place where the connector runs."""

    nom: str = ""
    cle: SecretRef | None = None  # the site key; needed by the service, not by a bare audit
    etat: Path | None = None  # folder of the lake, the state database and the journals
    fuseau: Zone | None = None  # zone of stamps without offset, when it is not the ET's own
    registre: Path | None = None  # FINESS register; that of the state folder unless one is named


class Limits(Strict):
    """Bounds that protect the machine from a hostile or broken file."""

    memory_limit: Annotated[str, Field(pattern=r"^[1-9][0-9]*(MB|GB)$")] = "512MB"
    ligne_max: Annotated[int, Field(ge=1024)] = 16 * 1024 * 1024  # octets d'une ligne ou d'un enregistrement
    classeur_max: Annotated[int, Field(ge=1024)] = 512 * 1024 * 1024  # octets décompressés d'un classeur
    taux_compression_max: Annotated[int, Field(ge=2)] = 200  # décompressé / compressé d'une archive
    profondeur_max: Annotated[int, Field(ge=8)] = 200  # niveaux imbriqués d'un document JSON ou XML
    fichiers_max: Annotated[int, Field(ge=1)] = 1_000_000  # fichiers d'une source


class SourceSettings(Strict):
    """One source, or what a bare audit assumes of a file that it recognised.

    Keys that are not common to every source are kept for its adapter, which declares them in its
    `options` model; `adapters.registry.options_of` refuses those it does not know.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    nom: str = ""
    type: str = ""
    chemin: Path | None = None
    mapping: Path | None = None
    finess_et: Finess | None = None  # for rows that name none
    etablissements: tuple[Finess, ...] = ()
    dates_techniques: bool = False  # a FHIR server that stamps lastUpdated when it loads
    fuseau: Zone | None = None  # zone of this source's stamps without offset
    limites: Limits = Limits()
    relecture: Annotated[int, Field(ge=1)] | None = None  # days after which a source that resumes is read whole
    positions: Mapping[str, str] = Field(default={}, exclude=True)  # where the last reading ended; set by the core


class Convention(Strict):
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


MessageKind = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]  # a type of source, « export » or « additionner »


class Messages(Strict):
    """Which messages count for an ET that several kinds of source give messages of.

    `export` stands for every coherent export (pivot, mapped export, database); `additionner` says that the
    kinds see different mails. `etablissements` comes before `sorte`.
    """

    sorte: MessageKind | None = None
    etablissements: dict[Finess, MessageKind] = {}


class ProgrammeChoice(Strict):
    """The programme that applies when the command line names none."""

    id: str | None = None
    premiere_mesure: bool = False
