"""What a person reads who typed the settings wrong: French sentences, whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.config import load_settings
from connector.disk import present, why
from connector.errors import SettingsError

DESTINATION = '[[destination]]\nid = "ars"\ntype = "fhir"\n'
URL = 'url = "https://ars.example.org"\n'


def said(tmp_path: Path, content: str) -> str:
    """The refusal of these settings, without the name of their file."""
    path = tmp_path / "connecteur.toml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings(path)
    return str(caught.value).removeprefix(str(path))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            "[site]\nnomm = 'x'\n",
            ", clé « site.nomm » : clé inconnue (proche : nom) ; corrigez son nom, ou retirez-la.",
        ),
        (
            "[calendrier]\ncollecte = '2:00'\n",
            ", clé « calendrier.collecte » : attendu une heure HH:MM entre guillemets, par exemple « 02:00 », "
            "trouvé '2:00' ; corrigez cette valeur.",
        ),
        (
            "[calendrier]\nreprises = 1.5\n",
            ", clé « calendrier.reprises » : attendu un nombre entier, trouvé 1.5 ; corrigez cette valeur.",
        ),
        (
            "[calendrier]\ndates = [2025-04-01T08:00:00]\n",
            ", clé « calendrier.dates[1] » : attendu une date AAAA-MM-JJ, sans heure, trouvé une date et une heure ; "
            "corrigez cette valeur.",
        ),
        (
            f"{DESTINATION}url = 'ars.example.org'\n",
            ", clé « destination[1].url » : attendu une adresse qui commence par https://, trouvé 'ars.example.org' ; "
            "corrigez cette valeur.",
        ),
        (
            f"{DESTINATION.replace('fhir', 'fihr')}{URL}",
            ", clé « destination[1].type » : attendu une de ces valeurs : 'fhir', 'adx', 'dhis2' ou 'csv', "
            "trouvé 'fihr' ; corrigez cette valeur.",
        ),
        (
            f"{DESTINATION}{URL}delai = 0\n",
            ", clé « destination[1].delai » : attendu un nombre plus grand que 0, trouvé 0 ; corrigez cette valeur.",
        ),
        (
            f"{DESTINATION}url = 'http://ars.example.org'\n",
            ", clé « destination[1] » : attendu une adresse https:// (http:// n'est admis que vers cette machine) ; "
            "corrigez cette section.",
        ),
        (
            f"{DESTINATION}url = 'http://localhost:80@ars.example.org/'\n",
            ", clé « destination[1] » : attendu une adresse sans compte ni mot de passe : donnez-les par référence ; "
            "corrigez cette section.",
        ),
        (
            f"{DESTINATION}url = 'https://[ars'\n",
            ", clé « destination[1] » : attendu une adresse entière : https://hôte/chemin ; corrigez cette section.",
        ),
        (
            f"{DESTINATION}url = 'https://ars.example.org/?a=b'\n",
            ", clé « destination[1] » : attendu une adresse sans « ? » ni « # » : la suite de l'adresse est ajoutée "
            "par nous ; corrigez cette section.",
        ),
        (
            f"{DESTINATION}{URL}codes = {{ dmp_numerateur = 'X', dmp_denominateur = 'X' }}\n",
            ", clé « destination[1] » : attendu des « codes » sans blanc autour, jamais deux fois le même ; "
            "corrigez cette section.",
        ),
        (
            f"{DESTINATION}{URL}oauth2 = {{ url = 'http://ars.fr', client_id = 'a', client_secret = 'env:A' }}\n",
            ", clé « destination[1].oauth2 » : attendu une adresse https:// (http:// n'est admis que vers cette "
            "machine) ; corrigez cette section.",
        ),
        (
            "[[alerte]]\nid = 'a'\ntype = 'webhook'\nurl = 'http://ars.example.org'\nmot_de_passe = 'env:A'\n",
            ", clé « alerte[1] » : attendu une adresse https:// (http:// n'est admis que vers cette machine) ; "
            "corrigez cette section.",
        ),
        (
            DESTINATION,
            ", clé « destination[1].url » : attendu cette clé, qui est obligatoire, trouvé rien ; ajoutez-la.",
        ),
        (
            "[destination]\nid = 'ars'\n",
            ", clé « destination » : attendu des sections à doubles crochets, [[destination]], trouvé une section ; "
            "corrigez cette valeur.",
        ),
        (
            2 * f"{DESTINATION}{URL}",
            " : attendu [[destination]] avec des id tous différents ; corrigez cette section.",
        ),
        (
            "[site\n",
            " : fichier TOML mal écrit (il manque « ] » à la fin d'un titre de section, ligne 1, colonne 6) ; "
            "corrigez-le.",
        ),
        (
            "nom = x\n",
            " : fichier TOML mal écrit (valeur mal écrite : un texte se met entre guillemets, ligne 1, colonne 7) ; "
            "corrigez-le.",
        ),
        (
            '[site]\netat = "C:\\dui"\n',
            " : fichier TOML mal écrit (« \\ » dans un texte : écrivez « / », ou mettez le chemin entre apostrophes, "
            "ligne 2, colonne 13) ; corrigez-le.",
        ),
    ],
)
def test_each_mistake_of_the_settings_is_told_in_french(tmp_path: Path, content: str, told: str) -> None:
    """The file, the key, what was expected and found, what to do; no word of the libraries."""
    assert said(tmp_path, content) == told


def test_a_secret_is_not_shown_by_the_refusal_of_its_key(tmp_path: Path) -> None:
    """A password typed in clear, or as a number, stays out of the message."""
    told = said(tmp_path, f"{DESTINATION}{URL}jeton = 'dame-de-pique'\n")
    assert told.endswith("trouvé un texte qui n'en est pas une ; corrigez cette valeur.")


def test_settings_that_are_a_folder_or_not_there_are_told(tmp_path: Path) -> None:
    """Why the system refuses, in French."""
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path)
    assert (
        str(caught.value) == f"{tmp_path} : lecture impossible (c'est un dossier) ; vérifiez le chemin et les droits."
    )


def test_a_refusal_without_a_usual_name_keeps_its_number() -> None:
    """Nothing of the words of the system, which are in its own language."""
    assert why(OSError(125, "Operation canceled")) == "refus 125 du système"


def test_where_nobody_may_look_there_is_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder closed to this account is told when something is written there, not by a defect."""

    def closed(_path: Path, **_options: bool) -> None:
        raise PermissionError(13, "Permission denied")

    assert present(tmp_path)
    monkeypatch.setattr(Path, "stat", closed)
    assert not present(tmp_path)
