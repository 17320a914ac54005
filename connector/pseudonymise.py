"""The one place that sees a key: checks, classifies and replaces every identifier.

Rule: `docs/sources.md`, « Chaque identifiant ». It runs on every batch before anything is
written. A matricule becomes an HMAC; whatever has the shape of an INS inside another
id becomes an HMAC too; a mail address becomes an HMAC beside its domain in clear, except that of
a patient, which keeps neither.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from connector.model.directory import Directory
from connector.model.ins import EMBEDDED_INS, EMBEDDED_INS_RE2, normalise_matricule
from connector.model.ins_columns import well_formed
from connector.model.plain import ADDRESS
from connector.model.tables import TABLES, Kind

PATIENT_DOMAIN = "patient.mssante.fr"
EMBEDDED_MARK = "ins-"  # what stands for an INS inside another id
ADDRESS_MARK = "adresse-"  # and for a mail address in a name that somebody gave
_SHORTEST_INS = 13
_DIGEST = 16  # bytes kept of each HMAC: 128 bits


class _Uses(NamedTuple):
    """The keys of one controller, one per use."""

    matricule: bytes
    identifiant: bytes


@dataclass(frozen=True)
class Organisation:
    """The controllers of a site: the secret of each, and the FINESS that the settings give it."""

    secrets: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    etablissements: Mapping[str, str] = field(default_factory=dict)  # FINESS → name


class Pseudonymiser:
    """Replaces identifiers with keys derived per use and per controller; no key ever leaves it.

    The ET of a row decides its controller, a deposit of an EJ that of its ETs. Addresses, and rows of no ET or
    of an ET without controller, have the site's own keys.
    """

    def __init__(self, master_key: bytes, organisation: Organisation = Organisation()) -> None:
        if len(master_key) < 32:
            raise ValueError("a master key has at least 32 bytes")
        self._site = _uses(master_key, b"")
        self._address = _derive(master_key, b"adresse")
        self._organisation = organisation
        self._by_name = {name: _uses(master_key, secret) for name, secret in organisation.secrets.items()}
        self._directory: Directory | None = None
        self.fingerprint = _derive(master_key, b"empreinte")[:8].hex()  # names the key, and does not betray it
        self.lineage = hashlib.sha256(repr(self._lineage(master_key)).encode()).hexdigest()

    def _lineage(self, master_key: bytes) -> tuple[object, ...]:
        """What makes two pseudonyms of one person the same from one night to the next."""
        known = ((name, _derive(master_key, b"empreinte", secret).hex()) for name, secret in self._named())
        return self.fingerprint, tuple(known), tuple(sorted(self._organisation.etablissements.items()))

    def _named(self) -> list[tuple[str, bytes]]:
        return sorted(self._organisation.secrets.items())

    def knowing(self, directory: Directory) -> Pseudonymiser:
        """The same, able to say whose a row is; itself when the site has one controller."""
        if not self._by_name:
            return self
        other = copy(self)
        other._directory = directory
        return other

    def replace(self, table: str, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The rows of a pivot table without any clear identifier.

        `matricule_ins` becomes `matricule` and `matricule_bien_forme`; an address column
        becomes its HMAC, with `domaine` beside it.
        """
        if self._directory is None:
            return self._replaced(table, rows, self._site)
        encoded = rows.column("finess_et").dictionary_encode()
        owners = [self._owner(finess) for finess in encoded.dictionary.to_pylist()]
        names = sorted({*owners, None}, key=str) if encoded.null_count else sorted(set(owners), key=str)
        if len(names) < 2:
            return self._replaced(table, rows, self._keys(names[0] if names else None))
        codes = np.array([*map(names.index, owners), names.index(None) if None in names else 0])
        of_row = codes[pc.fill_null(encoded.indices, len(owners)).to_numpy(zero_copy_only=False)]
        parts = [np.flatnonzero(of_row == code) for code in range(len(names))]
        replaced = [
            self._replaced(table, rows.take(pa.array(part)), self._keys(name))
            for name, part in zip(names, parts, strict=True)
        ]
        return pa.concat_batches(replaced).take(pa.array(np.argsort(np.concatenate(parts))))

    def _owner(self, finess: str) -> str | None:
        """The controller of whoever a FINESS stands for; None when there is none, or several."""
        directory = self._directory
        if directory is None:
            return None
        et = directory.resolve(finess)
        ets = (et,) if et else directory.candidates(finess)
        names = {self._organisation.etablissements.get(one) for one in ets}
        return names.pop() if len(names) == 1 else None

    def _keys(self, name: str | None) -> _Uses:
        return self._site if name is None else self._by_name[name]

    def _replaced(self, table: str, rows: pa.RecordBatch, keys: _Uses) -> pa.RecordBatch:
        columns: dict[str, pa.Array] = {}
        kinds = TABLES[table].by_name
        for name, array in zip(rows.schema.names, rows.columns, strict=True):
            kind = kinds[name].kind if name in kinds else None
            if kind is Kind.MATRICULE:
                columns["matricule"], columns["matricule_bien_forme"] = _matricules(array, keys.matricule)
            elif kind is Kind.ADDRESS:
                columns[name], columns["domaine"] = self._addresses(array)
            elif kind is Kind.ID:
                columns[name] = _scrubbed(array, keys.identifiant)
            elif kind is Kind.TEXT:  # few distinct values
                encoded = array.dictionary_encode()
                columns[name] = _scrubbed(encoded.dictionary, keys.identifiant).take(encoded.indices)
            else:
                columns[name] = array
        return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))

    def scrub(self, text: str) -> str:
        """A text without anything that has the shape of an INS or of a mail address."""
        return _scrub(ADDRESS.sub(self._marked, text), self._site.identifiant)

    def _marked(self, address: re.Match[str]) -> str:
        return "(adresse)" if is_patient(address[0]) else ADDRESS_MARK + self.address(address[0])

    def address(self, text: str) -> str:
        """The HMAC of an address, or the address itself when it is a whole domain (« @domaine »)."""
        normalised = text.strip().casefold()
        return normalised if normalised.startswith("@") else _hmac(self._address, normalised)

    def _addresses(self, values: pa.Array) -> tuple[pa.Array, pa.Array]:
        encoded = values.dictionary_encode()
        known = encoded.dictionary.to_pylist()
        domains = [value.casefold().rpartition("@")[2].strip() for value in known]
        hidden = [is_patient(value) for value in known]
        digests = [None if patient else self.address(value) for value, patient in zip(known, hidden, strict=True)]
        shown = [None if patient else self.scrub(domain) for domain, patient in zip(domains, hidden, strict=True)]
        indices = encoded.indices
        return pa.array(digests, pa.string()).take(indices), pa.array(shown, pa.string()).take(indices)


def _matricules(values: pa.Array, key: bytes) -> tuple[pa.Array, pa.Array]:
    """The HMAC of each matricule, and whether it is well formed (null without a matricule)."""
    encoded = values.dictionary_encode()
    known = encoded.dictionary
    if pc.any(pc.match_substring_regex(known, "[^0-9A-Z]")).as_py():  # blanks or lower case somewhere
        known = pa.array([normalise_matricule(value) for value in known.to_pylist()], pa.string())
    digests = pa.array([_hmac(key, value) if value else None for value in known.to_pylist()], pa.string())
    formed = pc.if_else(pc.equal(known, ""), pa.scalar(None, pa.bool_()), well_formed(known))
    return digests.take(encoded.indices), formed.take(encoded.indices)


def _scrubbed(values: pa.Array, key: bytes) -> pa.Array:
    if (pc.max(pc.binary_length(values)).as_py() or 0) < _SHORTEST_INS:
        return values
    suspects = pc.fill_null(pc.match_substring_regex(values, EMBEDDED_INS_RE2), False)
    if not pc.any(suspects).as_py():
        return values
    clean = [_scrub(value, key) for value in values.filter(suspects).to_pylist()]
    return pc.replace_with_mask(values, suspects, pa.array(clean, pa.string()))


def _scrub(text: str, key: bytes) -> str:
    return EMBEDDED_INS.sub(lambda match: EMBEDDED_MARK + _hmac(key, match[0].upper()), text)


def is_patient(address: str) -> bool:
    """Whether an address is that of a patient, which its INS makes: nothing of it may be kept."""
    return address.casefold().rpartition("@")[2].strip() == PATIENT_DOMAIN


def _uses(master_key: bytes, secret: bytes) -> _Uses:
    return _Uses(_derive(master_key, b"matricule", secret), _derive(master_key, b"identifiant", secret))


def _derive(master_key: bytes, use: bytes, secret: bytes = b"") -> bytes:
    info = b"dui-connector/" + use
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=secret or None, info=info).derive(master_key)


def _hmac(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode(), "sha256")[:_DIGEST].hex()
