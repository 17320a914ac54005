"""The settings of a database: which one, where it is, who reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from connector.config.base import SecretRef

Base = Literal["postgresql", "mariadb", "mysql", "sqlserver", "oracle", "sqlite", "odbc"]
_SERVERS = ("postgresql", "mariadb", "mysql", "sqlserver", "oracle")
PORTS = {"postgresql": 5432, "mariadb": 3306, "mysql": 3306, "sqlserver": 1433, "oracle": 1521}
_Seconds = Annotated[int, Field(ge=1, le=86400)]


class SqlOptions(BaseModel):
    """The keys of a `[[source]]` of type `sql`, beside those of every source (`chemin` is the file of SQLite)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base: Base = Field(description="le moteur : postgresql, mariadb, mysql, sqlserver, oracle, sqlite ou odbc")
    hote: str | None = Field(None, min_length=1, description="nom ou adresse du serveur")
    port: int | None = Field(None, ge=1, le=65535, description="port du serveur ; sinon le port habituel du moteur")
    base_de_donnees: str | None = Field(
        None, min_length=1, description="nom de la base ; pour Oracle, nom du service ; pour ODBC, facultatif"
    )
    utilisateur: str | None = Field(None, min_length=1, description="compte de lecture seule")
    mot_de_passe: SecretRef | None = Field(
        None, description="référence : « env:NOM », « file:CHEMIN » ou « keyring:SERVICE/COMPTE », jamais en clair"
    )
    authentification: Literal["compte", "integree"] = Field(
        "compte", description="« integree » : le compte Windows ou Kerberos qui lance l'outil (SQL Server, ODBC)"
    )
    pilote: str | None = Field(
        None, min_length=1, description="nom du pilote ODBC, par exemple « ODBC Driver 18 for SQL Server »"
    )
    dsn: str | None = Field(None, min_length=1, description="source de données ODBC déclarée sur la machine")
    tls: Literal["si_possible", "exige", "verifie"] = Field(
        "si_possible",
        description="chiffrement : « exige » refuse une connexion en clair, « verifie » contrôle aussi le certificat "
        "(PostgreSQL, MySQL/MariaDB)",
    )
    ca_bundle: Path | None = Field(None, description="autorités de certification, si « verifie » (fichier PEM)")
    delai: _Seconds = Field(3600, description="durée maximale d'une requête, lecture comprise, en secondes")
    delai_connexion: _Seconds = Field(10, description="attente maximale de la connexion, en secondes")
    delai_verrou: _Seconds = Field(10, description="attente maximale d'une table verrouillée, en secondes")

    @model_validator(mode="after")
    def _complete(self) -> SqlOptions:
        if self.base in _SERVERS and not (self.hote and self.base_de_donnees):
            raise ValueError(f"attendu « hote » et « base_de_donnees » pour {self.base}")
        if self.base == "odbc" and not (self.dsn or self.pilote):
            raise ValueError("attendu « dsn » ou « pilote » pour odbc")
        if self.authentification == "integree" and self.base not in ("sqlserver", "odbc"):
            raise ValueError("attendu sqlserver ou odbc pour une authentification intégrée")
        if self.base in _SERVERS and self.authentification == "compte" and not self.utilisateur:
            raise ValueError(f"attendu « utilisateur » pour {self.base}")
        if self.tls != "si_possible" and self.base not in ("postgresql", "mariadb", "mysql"):
            raise ValueError("attendu postgresql, mariadb ou mysql pour « tls » ; ailleurs, réglez-le dans le pilote")
        return self

    @property
    def address(self) -> tuple[str, int] | None:
        """Where the server listens; None for a file, a DSN or a local socket."""
        if self.hote is None or self.hote.startswith("/"):
            return None
        return self.hote, self.port or PORTS.get(self.base, 0)
