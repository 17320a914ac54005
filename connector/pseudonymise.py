"""The one place that sees a key: checks, classifies and replaces every identifier.

Rule: `docs/sources.md`, « Chaque identifiant ». It runs on every batch before anything is
written. A matricule becomes an HMAC; whatever has the shape of an INS inside another
id becomes an HMAC too; a mail address becomes an HMAC beside its domain in clear, except that of
a patient, which keeps neither.
"""

from __future__ import annotations

import hmac

import pyarrow as pa
import pyarrow.compute as pc
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from connector.model.ins import (
    EMBEDDED_INS,
    EMBEDDED_INS_RE2,
    is_well_formed,
    normalise_matricule,
)
from connector.model.tables import TABLES, Kind

PATIENT_DOMAIN = "patient.mssante.fr"
_SHORTEST_INS = 13
_DIGEST = 16  # bytes kept of each HMAC: 128 bits


class Pseudonymiser:
    """Replaces identifiers with one site key, derived per use; the key never leaves it."""

    def __init__(self, master_key: bytes) -> None:
        if len(master_key) < 32:
            raise ValueError("a master key has at least 32 bytes")
        self._matricule = _derive(master_key, b"matricule")
        self._address = _derive(master_key, b"adresse")
        self._embedded = _derive(master_key, b"identifiant")
        self.fingerprint = _derive(master_key, b"empreinte")[:8].hex()  # names the key, and does not betray it

    def replace(self, table: str, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The rows of a pivot table without any clear identifier.

        `matricule_ins` becomes `matricule` and `matricule_bien_forme`; an address column
        becomes its HMAC, with `domaine` beside it.
        """
        columns: dict[str, pa.Array] = {}
        kinds = TABLES[table].by_name
        for name, array in zip(rows.schema.names, rows.columns, strict=True):
            kind = kinds[name].kind if name in kinds else None
            if kind is Kind.MATRICULE:
                columns["matricule"], columns["matricule_bien_forme"] = self._matricules(array)
            elif kind is Kind.ADDRESS:
                columns[name], columns["domaine"] = self._addresses(array)
            elif kind in (Kind.ID, Kind.TEXT):
                columns[name] = self._scrubbed(array)
            else:
                columns[name] = array
        return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))

    def scrub(self, text: str) -> str:
        """A text without anything that has the shape of an INS."""
        return EMBEDDED_INS.sub(lambda match: self._token(match[0]), text)

    def address(self, text: str) -> str:
        """The HMAC of an address, or the address itself when it is a whole domain (« @domaine »)."""
        normalised = text.strip().casefold()
        return normalised if normalised.startswith("@") else _hmac(self._address, normalised)

    def _matricules(self, values: pa.Array) -> tuple[pa.Array, pa.Array]:
        """The HMAC of each matricule, and whether it is well formed (null without a matricule)."""
        encoded = values.dictionary_encode()
        known = [normalise_matricule(value) for value in encoded.dictionary.to_pylist()]
        digests = pa.array([_hmac(self._matricule, value) if value else None for value in known], pa.string())
        formed = pa.array([is_well_formed(value) if value else None for value in known], pa.bool_())
        return digests.take(encoded.indices), formed.take(encoded.indices)

    def _addresses(self, values: pa.Array) -> tuple[pa.Array, pa.Array]:
        encoded = values.dictionary_encode()
        known = encoded.dictionary.to_pylist()
        domains = [value.casefold().rpartition("@")[2].strip() for value in known]
        hidden = [is_patient(value) for value in known]
        digests = [None if patient else self.address(value) for value, patient in zip(known, hidden, strict=True)]
        shown = [None if patient else self.scrub(domain) for domain, patient in zip(domains, hidden, strict=True)]
        indices = encoded.indices
        return pa.array(digests, pa.string()).take(indices), pa.array(shown, pa.string()).take(indices)

    def _scrubbed(self, values: pa.Array) -> pa.Array:
        if (pc.max(pc.binary_length(values)).as_py() or 0) < _SHORTEST_INS:
            return values
        suspects = pc.fill_null(pc.match_substring_regex(values, EMBEDDED_INS_RE2), False)
        if not pc.any(suspects).as_py():
            return values
        clean = [self.scrub(value) for value in values.filter(suspects).to_pylist()]
        return pc.replace_with_mask(values, suspects, pa.array(clean, pa.string()))

    def _token(self, ins: str) -> str:
        return "ins-" + _hmac(self._embedded, ins.upper())


def is_patient(address: str) -> bool:
    """Whether an address is that of a patient, which its INS makes: nothing of it may be kept."""
    return address.casefold().rpartition("@")[2].strip() == PATIENT_DOMAIN


def _derive(master_key: bytes, use: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"dui-connector/" + use).derive(master_key)


def _hmac(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode(), "sha256")[:_DIGEST].hex()
