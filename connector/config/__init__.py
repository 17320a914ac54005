"""The settings file `connecteur.toml`, typed. Unknown keys are refused.

An audit and the service read the same file: `audit.py` has the sections that both read, `agent.py`
those of the service, `base.py` the typed values.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import model_validator

from connector.config.agent import (
    Alerte,
    Calendrier,
    Conservation,
    Destination,
    Organisme,
    Projet,
    Service,
    Signature,
    Succession,
)
from connector.config.audit import Convention, Limits, Messages, ProgrammeChoice, Site, SourceSettings
from connector.config.base import Address, Finess, Strict, TableName, Zone, load_toml, validate
from connector.config.folder import state_folder
from connector.config.register import located

__all__ = [
    "Alerte",
    "Calendrier",
    "Conservation",
    "Convention",
    "Destination",
    "Finess",
    "Limits",
    "Messages",
    "Organisme",
    "Projet",
    "Settings",
    "Signature",
    "SourceSettings",
    "Strict",
    "Succession",
    "Zone",
    "load_settings",
    "load_toml",
    "validate",
]


class Settings(Strict):
    """The whole of `connecteur.toml`."""

    site: Site = Site()
    organisme: tuple[Organisme, ...] = ()
    source: tuple[SourceSettings, ...] = ()
    correspondances: dict[Finess, Finess] = {}
    couverture: dict[TableName, tuple[Finess, ...]] = {}
    boites: dict[Address, Finess] = {}
    messages: Messages = Messages()
    succession: tuple[Succession, ...] = ()
    projet: tuple[Projet, ...] = ()
    convention: tuple[Convention, ...] = ()
    programme: ProgrammeChoice = ProgrammeChoice()
    calendrier: Calendrier = Calendrier()
    destination: tuple[Destination, ...] = ()
    signature: Signature = Signature()
    alerte: tuple[Alerte, ...] = ()
    conservation: Conservation = Conservation()
    service: Service = Service()
    limites: Limits = Limits()

    @model_validator(mode="after")
    def _unambiguous(self) -> Settings:
        for names, what in (
            ([one.nom for one in self.source if one.nom], "[[source]] avec des noms tous différents"),
            ([one.id for one in self.destination], "[[destination]] avec des id tous différents"),
            ([one.nom for one in self.organisme], "[[organisme]] avec des noms tous différents"),
            (
                [et for one in self.organisme for et in one.etablissements],
                "[[organisme]] avec chaque établissement dans un seul organisme",
            ),
        ):
            if len(names) != len(set(names)):
                raise ValueError(what)
        return self


def load_settings(path: Path | None, *, register: bool = True) -> Settings:
    """The settings of a file, or the defaults of a bare audit, with the path of the FINESS register if there is one.

    `register` is False for who makes that register.

    Raises:
        SettingsError: see `load_toml` and `validate`.
    """
    settings = Settings() if path is None else validate(Settings, load_toml(path), path)
    if not register:
        return settings
    base = path.parent if path else None
    site = located(settings.site, state_folder(settings, base), base)
    return settings if site is settings.site else settings.model_copy(update={"site": site})
