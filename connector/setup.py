"""The first settings file of a site: a few answers become a commented `connecteur.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from connector.config import Settings, validate


@dataclass(frozen=True)
class Answers:
    """What `init` asks. An empty answer leaves its lines commented out."""

    nom: str
    programme: str
    source: str
    etat: str = ""
    destination: str = ""  # URL
    destination_type: str = "fhir"
    courriel: str = ""  # relay host:port
    alerte_a: str = ""


def settings_text(answers: Answers) -> str:
    """The file, complete: what was not asked is there as a comment, with its default."""
    return "\n".join(
        (
            "# Réglages de dui-connector. Chaque clé est décrite dans docs/reglages.md.",
            "# Vérifiez ce fichier : dui-connector check --config connecteur.toml",
            "",
            *_site(answers),
            *_sources(answers),
            *_measures(answers),
            *_destination(answers),
            *_alert(answers),
        )
    )


def checked(text: str, path: Path) -> Settings:
    """The settings that a text says. Raises SettingsError: an answer cannot be a value."""
    return validate(Settings, tomllib.loads(text), path)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{"".join(char for char in escaped if char.isprintable())}"'


def _site(answers: Answers) -> list[str]:
    return [
        "[site]",
        f"nom = {_quoted(answers.nom)}",
        "# Dossier des instantanés, de la base d'état, des preuves et des journaux :",
        f"etat = {_quoted(answers.etat)}" if answers.etat else '# etat = "/var/lib/dui-connector"',
        "# Fuseau des heures sans décalage, s'il n'est pas celui de chaque établissement :",
        '# fuseau = "Europe/Paris"',
        "",
    ]


def _sources(answers: Answers) -> list[str]:
    return [
        "# Une section par source. Le format est reconnu ; « type » et « mapping » l'imposent.",
        "[[source]]",
        'nom = "DUI"',
        f"chemin = {_quoted(answers.source)}",
        '# type = "pivot"',
        '# mapping = "mappings/mon-dui.toml"',
        "",
        "# Un numéro qui n'est pas celui de l'établissement géographique :",
        "# [correspondances]",
        '# "010000008" = "010900116"',
        "",
        "# Une boîte MSSanté, ou tout un domaine, et son établissement :",
        "# [boites]",
        '# "accueil@exemple.mssante.fr" = "010900116"',
        "",
    ]


def _measures(answers: Answers) -> list[str]:
    return [
        "[programme]",
        f"id = {_quoted(answers.programme)}",
        "",
        "# Un projet, ses établissements et ses dates :",
        "# [[projet]]",
        '# id = "Grand Est 2025"',
        '# etablissements = ["010900116"]',
        "# date_convention = 2025-01-15",
        "# date_vsr = 2025-06-01",
        "",
        "[calendrier]",
        "# La collecte a lieu chaque nuit ; une mesure est due le premier jour de chaque mois.",
        'collecte = "02:00"',
        'mesure = "04:00"',
        "",
    ]


def _destination(answers: Answers) -> list[str]:
    if answers.destination:
        return [
            "[[destination]]",
            'id = "ars"',
            f"type = {_quoted(answers.destination_type)}",
            f"url = {_quoted(answers.destination)}",
            '# jeton = "env:DUI_JETON_ARS"',
            "",
        ]
    return [
        "# Où partent les résultats. Sans destination, rien ne part.",
        "# [[destination]]",
        '# id = "ars"',
        '# type = "fhir"',
        '# url = "https://observatoire.exemple.fr/fhir"',
        '# jeton = "env:DUI_JETON_ARS"',
        "",
    ]


def _alert(answers: Answers) -> list[str]:
    if answers.courriel and answers.alerte_a:
        return [
            "[[alerte]]",
            'id = "courriel"',
            'type = "courriel"',
            f"serveur = {_quoted(answers.courriel)}",
            f"expediteur = {_quoted(answers.alerte_a)}",
            f"destinataires = [{_quoted(answers.alerte_a)}]",
            "",
        ]
    return [
        "# Qui est prévenu quand un envoi échoue, puis quand tout est rentré dans l'ordre :",
        "# [[alerte]]",
        '# id = "courriel"',
        '# type = "courriel"',
        '# serveur = "smtp.exemple.fr:25"',
        '# expediteur = "dui-connector@exemple.fr"',
        '# destinataires = ["informatique@exemple.fr"]',
        "",
    ]
