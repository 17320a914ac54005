"""A file that a passphrase opens: scrypt, then AES-256-GCM over the whole content.

Layout: 8 bytes that name the format, 16 of salt, 12 of nonce, the sealed content with its 16 bytes of proof. The
first 36 are authenticated too.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from connector.errors import SettingsError, UsageError

MAGIC = b"DUICLE1\n"
SALT, NONCE = 16, 12
_COST = 2**15  # 32 MiB and about a tenth of a second for each phrase tried
SHORTEST = 12


def seal(content: bytes, phrase: str, salt: bytes, nonce: bytes) -> bytes:
    """The content, sealed. `salt` and `nonce` are fresh at each call.

    Raises:
        UsageError: the phrase is too short to protect a key.
    """
    if len(phrase) < SHORTEST:
        raise UsageError(f"Phrase trop courte : attendu au moins {SHORTEST} caractères, trouvé {len(phrase)}.")
    head = MAGIC + salt + nonce
    return head + AESGCM(_key(phrase, salt)).encrypt(nonce, content, head)


def unseal(sealed: bytes, phrase: str, name: str) -> bytes:
    """The content of a sealed file; `name` is what a message calls it.

    Raises:
        SettingsError: another file, another phrase, or a file that was altered.
    """
    head, body = sealed[: len(MAGIC) + SALT + NONCE], sealed[len(MAGIC) + SALT + NONCE :]
    if not sealed.startswith(MAGIC):
        raise SettingsError(f"{name} : attendu une sauvegarde de clé de dui-connector, trouvé un autre fichier.")
    try:
        return AESGCM(_key(phrase, head[len(MAGIC) : -NONCE])).decrypt(head[-NONCE:], body, head)
    except InvalidTag:
        raise SettingsError(f"{name} : phrase fausse, ou fichier altéré ; vérifiez l'une et l'autre.") from None


def _key(phrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=_COST, r=8, p=1).derive(phrase.encode())
