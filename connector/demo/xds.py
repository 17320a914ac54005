"""Writes DMP deposits as pairs of files: ITI-41 request and RegistryResponse.

Form: `standards.md` §6. Most pairs are SOAP 1.2 envelopes joined by wsa:RelatesTo; some are bare
and joined by their file name, one per ET is in MTOM. A deletion, a deposit without matricule or
under a legal entity are in neither these files nor the reduced pivot files.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from connector.demo import pivot
from connector.demo.draft import Row
from connector.demo.moments import aware
from connector.demo.organisation import EtData, Organisation
from connector.demo.people import OID_NIR
from connector.demo.xds_messages import Deposit, Form, mtom, request, response


@dataclass(frozen=True)
class _Pair:
    """A request, and its answer unless the DMP never gave one."""

    deposit: Deposit
    request: bytes
    response: bytes | None
    extension: str


def write(organisation: Organisation, folder: Path) -> None:
    """Per ET a folder of `NNNNN-request.xml` and `NNNNN-response.xml`."""
    for et in organisation.iter_etablissements():
        for n, pair in enumerate(_pairs(et), start=1):
            place = folder / et.finess_et
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{n:05}-request.{pair.extension}").write_bytes(pair.request)
            if pair.response is not None:
                (place / f"{n:05}-response.xml").write_bytes(pair.response)


def reduced_pivot(organisation: Organisation, folder: Path) -> None:
    """The pivot files that say what the pairs say."""
    stream = ({"depots_dmp": [_row(d) for d in deposits_of(et)]} for et in organisation.iter_etablissements())
    pivot.write_tables(stream, folder)


def _row(deposit: Deposit) -> Row:
    moment = deposit.moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    identity = (deposit.matricule, deposit.oid, deposit.id_usager)
    operation = "remplacement" if deposit.replaces else "depot"
    return (deposit.document, moment, deposit.finess, *identity, deposit.statut, deposit.code, operation)


def deposits_of(et: EtData) -> Iterator[Deposit]:
    """What ITI-41 can say of the deposits of an ET; its instants are in UTC."""
    n = 0
    for document, horodatage, finess, matricule, oid, usager, statut, code, operation in et.tables["depots_dmp"]:
        if matricule and finess == et.finess_et and operation != "suppression":
            n += 1
            yield Deposit(
                n,
                document,
                aware(horodatage, et.zone, document).astimezone(UTC),
                finess,
                et.raison_sociale,
                matricule,
                oid or OID_NIR,
                usager,
                statut,
                code,
                operation == "remplacement",
            )


def _pairs(et: EtData) -> Iterator[_Pair]:
    for deposit in deposits_of(et):
        form = Form.BARE if deposit.n % 5 == 0 else Form.SOAP
        body = request(deposit, form)
        answer = None if deposit.statut == "inconnu" else response(deposit, form)
        if deposit.n == 1:
            yield _Pair(deposit, mtom(deposit), answer, "mime")
        else:
            yield _Pair(deposit, body, answer, "xml")
