"""Sections of `connecteur.toml` that only the service and its verbs read."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from connector.config.base import ClockTime, Finess, SecretRef, Strict, Zone
from connector.model.plain import clean

LOOPBACK = ("localhost", "127.0.0.1", "::1")
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]  # safe in a file name, a label and a log


def _protected(url: str) -> None:
    """Raises ValueError for an address where what is sent could be read on the way, or that holds a password itself."""
    try:
        parts = urlsplit(url)
        known = parts.port is None or parts.port > 0
    except ValueError:
        known = False
    if not known or not parts.hostname:
        raise ValueError("attendu une adresse entière : https://hôte/chemin")
    if parts.username is not None or parts.password is not None:
        raise ValueError("attendu une adresse sans compte ni mot de passe : donnez-les par référence")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError("attendu une adresse https:// (http:// n'est admis que vers cette machine)")


class Organisme(Strict):
    """A controller of personal data and its ETs: one key each."""

    nom: Name
    etablissements: tuple[Finess, ...] = Field(min_length=1)


class Succession(Strict):
    """An ET that takes the place of another from a day on."""

    ancien: Finess
    nouveau: Finess
    depuis: date
    reference: str = Field(min_length=1)


class Projet(Strict):
    """A project and its dates; it completes what `etablissements` says, and wins over it."""

    id: str = Field(min_length=1)
    etablissements: tuple[Finess, ...] = Field(min_length=1)
    programme: str | None = None  # the programme of the site when it is not given
    type_projet: Literal["acquisition", "evolution"] | None = None
    date_convention: date | None = None
    date_vsr: date | None = None


class Calendrier(Strict):
    """When the service works, in local time. A measure is due on the first day of each month."""

    collecte: ClockTime = "02:00"
    mesure: ClockTime = "04:00"
    fuseau: Zone = "Europe/Paris"
    dates: tuple[date, ...] = ()  # more measure dates than the first of each month
    premiere: date | None = None  # no measure before this date
    reprises: Annotated[int, Field(ge=0, le=24)] = 3  # past dates measured again with each new one


class Tls(Strict):
    """What proves who calls, and whom to trust beyond the machine's own store."""

    certificat: Path | None = None  # PEM, or PKCS#12 (.p12, .pfx)
    cle: Path | None = None  # PEM key, when the certificate file does not hold it
    mot_de_passe: SecretRef | None = None
    ca_bundle: Path | None = None


class OAuth2(Strict):
    """Client credentials."""

    url: Annotated[str, Field(pattern=r"^https?://")]
    client_id: str = Field(min_length=1)
    client_secret: SecretRef
    portee: str = ""

    @model_validator(mode="after")
    def _secure(self) -> OAuth2:
        _protected(self.url)
        return self


class Destination(Strict):
    """Where submissions go. `https` unless the host is this machine."""

    id: Name
    type: Literal["fhir", "adx", "dhis2", "csv"]
    url: Annotated[str, Field(pattern=r"^https?://")]
    actif: bool = True
    etablissements: tuple[Finess, ...] = ()  # every ET when empty
    indicateurs: tuple[str, ...] = ()  # every indicator when empty
    secret_en_dessous: Annotated[int, Field(ge=0, le=100)] = (
        0  # small numbers: 11 for open data, 0 for the deciding ARS
    )
    jeton: SecretRef | None = None
    oauth2: OAuth2 | None = None
    tls: Tls = Tls()
    proxy: Annotated[str, Field(pattern=r"^https?://")] | None = None
    delai: Annotated[float, Field(gt=0, le=600)] = 30.0  # seconds for an answer
    attente_min: Annotated[float, Field(ge=0, le=3600)] = 60.0  # seconds before the second attempt, then doubled
    attente_max: Annotated[float, Field(ge=0, le=86_400)] = 3600.0
    codes: dict[str, str] = {}  # our code = the receiver's (data elements, data set, organisation units)

    @model_validator(mode="after")
    def _consistent(self) -> Destination:
        if self.jeton and self.oauth2:
            raise ValueError("attendu « jeton » ou « oauth2 », pas les deux")
        _protected(self.url)
        if self.type != "adx" and ("?" in self.url or "#" in self.url):
            raise ValueError("attendu une adresse sans « ? » ni « # » : la suite de l'adresse est ajoutée par nous")
        told = [theirs for ours, theirs in self.codes.items() if "-" not in ours]  # two programmes may share a data set
        if len(set(told)) < len(told) or any(not one or one != clean(one).strip() for one in told):
            raise ValueError("attendu des « codes » sans blanc autour, jamais deux fois le même")
        return self


class Signature(Strict):
    """The key that signs what goes out; made by `key sign` when it is not given."""

    cle: Path | None = None  # PEM private key; by default the Ed25519 key of the state folder
    certificat: Path | None = None  # X.509 chain that proves it
    mot_de_passe: SecretRef | None = None


class Conservation(Strict):
    """How long things are kept, in days."""

    instantanes: Annotated[int, Field(ge=2)] = 40
    journal: Annotated[int, Field(ge=400)] = 1200  # updates that the site observed itself
    corps_transmis: Annotated[int, Field(ge=31)] = 1200
    preuves: Annotated[int, Field(ge=31)] = 3650


class Alerte(Strict):
    """One channel that is told when trouble starts and when it ends."""

    id: Name
    type: Literal["courriel", "webhook", "syslog", "evenements_windows"]
    url: Annotated[str, Field(pattern=r"^https?://")] | None = None
    serveur: str | None = None  # host:port of the mail relay, or of syslog
    expediteur: str | None = None
    destinataires: tuple[str, ...] = ()
    utilisateur: str | None = None
    mot_de_passe: SecretRef | None = None

    @model_validator(mode="after")
    def _complete(self) -> Alerte:
        if self.type == "webhook" and not self.url:
            raise ValueError("attendu « url » pour un webhook")
        if self.type == "courriel" and not (self.serveur and self.expediteur and self.destinataires):
            raise ValueError("attendu « serveur », « expediteur » et « destinataires » pour un courriel")
        if self.type == "webhook" and self.url and self.mot_de_passe:
            _protected(self.url)
        return self


class Service(Strict):
    """The local page of the service."""

    adresse: Literal["127.0.0.1", "::1"] = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8377
