"""Secrets are read where the settings say, and never shown."""

from __future__ import annotations

import keyring
import keyring.backend
import keyring.errors
import pytest
from pydantic import ValidationError

from connector.config import SourceSettings, validate
from connector.config.agent import Destination
from connector.errors import SettingsError
from connector.secrets import reveal


class Memory(keyring.backend.KeyringBackend):
    """A real backend of keyring, which keeps its entries in memory."""

    priority = 1  # type: ignore[assignment]

    def __init__(self, entries: dict[tuple[str, str], str]) -> None:
        super().__init__()
        self._entries = entries

    def get_password(self, service: str, username: str) -> str | None:
        if service == "en panne":
            raise keyring.errors.KeyringLocked("locked")
        return self._entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self._entries[service, username]


@pytest.fixture
def entries():
    """The system's own keyring is put back afterwards."""
    before, held = keyring.get_keyring(), {}
    keyring.set_keyring(Memory(held))
    yield held
    keyring.set_keyring(before)


def test_each_kind_of_reference_gives_its_secret(tmp_path, monkeypatch, entries) -> None:
    """Environment, file (without its line end, from the folder of the settings) and keyring."""
    monkeypatch.setenv("MDP_DUI", "à l'été")
    (tmp_path / "mdp.txt").write_bytes("\ufeffs3cret \r\n".encode())
    entries["dui/base", "lecture"] = "trousseau"
    assert reveal("env:MDP_DUI", what="mot_de_passe") == "à l'été"
    assert reveal("file:mdp.txt", what="mot_de_passe", base=tmp_path) == "s3cret "
    assert reveal("keyring:dui/base/lecture", what="mot_de_passe") == "trousseau"


def test_a_secret_that_is_not_there_is_told(tmp_path, monkeypatch, entries) -> None:
    """What is missing, where it was looked for, and what to do."""
    monkeypatch.setenv("VIDE", "")
    monkeypatch.delenv("ABSENTE", raising=False)
    path = tmp_path / "mdp.txt"
    said = {
        "env:ABSENTE": "mot_de_passe : la variable d'environnement « ABSENTE » n'existe pas ; définissez-la.",
        "env:VIDE": "mot_de_passe : « env:VIDE » est vide ; écrivez-y le secret.",
        "file:mdp.txt": f"mot_de_passe : {path} est introuvable ou illisible ; vérifiez le chemin et les droits.",
        "keyring:seul": "mot_de_passe : attendu « keyring:SERVICE/COMPTE », trouvé « keyring:seul » ; corrigez-le.",
        "keyring:dui/x": "mot_de_passe : le trousseau n'a pas d'entrée « dui/x » ; ajoutez-la.",
        "keyring:en panne/x": "mot_de_passe : le trousseau de ce système ne répond pas ; "
        "utilisez « env: » ou « file: ».",
        "s3cret": "mot_de_passe : attendu une référence « env:NOM », « file:CHEMIN » ou « keyring:SERVICE/COMPTE » ; "
        "n'écrivez jamais le secret lui-même.",
    }
    for reference, words in said.items():
        with pytest.raises(SettingsError) as told:
            reveal(reference, what="mot_de_passe", base=tmp_path)
        assert str(told.value) == words


def test_a_secret_written_in_clear_is_not_repeated(tmp_path) -> None:
    """Someone who writes the password itself reads what to write, not the password."""
    content = {"id": "ars", "type": "csv", "url": "https://ars.example/", "jeton": "s3cret"}
    with pytest.raises(SettingsError) as told:
        validate(Destination, content, tmp_path / "connecteur.toml")
    assert str(told.value) == (
        f"{tmp_path / 'connecteur.toml'}, clé « jeton » : attendu une référence : « env:NOM », « file:CHEMIN » ou "
        "« keyring:SERVICE/COMPTE », trouvé un texte qui n'en est pas une ; corrigez cette valeur."
    )
    for wrong in (123456, ["s3cret"]):
        with pytest.raises(SettingsError) as told:
            validate(Destination, content | {"jeton": wrong}, tmp_path / "connecteur.toml")
        assert "123456" not in str(told.value)
        assert "s3cret" not in str(told.value)


def test_the_other_errors_still_show_what_was_found(tmp_path) -> None:
    """Only what may be a secret is hidden."""
    with pytest.raises(SettingsError, match="trouvé 'x'"):
        validate(SourceSettings, {"finess_et": "x"}, tmp_path / "connecteur.toml")
    with pytest.raises(ValidationError):
        SourceSettings.model_validate({"finess_et": "x"})
