"""Secrets by reference: `env:NOM`, `file:CHEMIN`, `keyring:SERVICE/COMPTE`. A message never shows a value."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path

from connector.errors import SettingsError


def reveal(reference: str, *, what: str, base: Path | None = None) -> str:
    """The secret that a reference names; `what` is how a message calls it, « mot_de_passe » for instance.

    A file is read in UTF-8 without its last line end; a relative path starts from `base`, the folder of the settings.

    Raises:
        SettingsError: the variable, file or entry is not there, or holds nothing.
    """
    kind, _, name = reference.partition(":")
    from_file = partial(_from_file, base=base or Path())
    readers: dict[str, Callable[[str, str], str]]
    readers = {"env": _from_environment, "file": from_file, "keyring": _from_keyring}
    reader = readers.get(kind)
    if reader is None or not name:
        raise SettingsError(
            f"{what} : attendu une référence « env:NOM », « file:CHEMIN » ou « keyring:SERVICE/COMPTE » ; "
            "n'écrivez jamais le secret lui-même."
        )
    secret = reader(name, what)
    if not secret:
        raise SettingsError(f"{what} : « {reference} » est vide ; écrivez-y le secret.")
    return secret


def _from_environment(name: str, what: str) -> str:
    if name not in os.environ:
        raise SettingsError(f"{what} : la variable d'environnement « {name} » n'existe pas ; définissez-la.")
    return os.environ[name]


def _from_file(name: str, what: str, base: Path) -> str:
    path = base / name
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise SettingsError(
            f"{what} : {path} est introuvable ou illisible ; vérifiez le chemin et les droits."
        ) from None
    return text.removesuffix("\n").removesuffix("\r")


def _from_keyring(name: str, what: str) -> str:
    service, _, account = name.rpartition("/")
    if not service or not account:
        raise SettingsError(f"{what} : attendu « keyring:SERVICE/COMPTE », trouvé « keyring:{name} » ; corrigez-le.")
    try:
        keyring = import_module("keyring")  # an optional extra, slow to import
    except ImportError:
        raise SettingsError(
            f"{what} : le trousseau demande le module « keyring » ; installez dui-connector[trousseau]."
        ) from None
    try:
        secret = keyring.get_password(service, account)
    except keyring.errors.KeyringError:
        raise SettingsError(
            f"{what} : le trousseau de ce système ne répond pas ; utilisez « env: » ou « file: »."
        ) from None
    if secret is None:
        raise SettingsError(f"{what} : le trousseau n'a pas d'entrée « {name} » ; ajoutez-la.")
    return str(secret)
