"""The signature of what leaves: a detached JWS over the bytes of a body.

`load_signer` gives what signs; `verify_detached` checks against keys or authorities given from outside.
"""

from __future__ import annotations

from connector.signature.keys import PublicKey, adopt, exported, public_keys, revoke, revoked_keys, rotate
from connector.signature.signer import Signer, load_signer
from connector.signature.verify import Signed, Trust, load_trust, verify_detached

__all__ = [
    "PublicKey",
    "Signed",
    "Signer",
    "Trust",
    "adopt",
    "exported",
    "load_signer",
    "load_trust",
    "public_keys",
    "revoke",
    "revoked_keys",
    "rotate",
    "verify_detached",
]
