"""Writes an HL7 v2 document flow: ORU and MDM messages, technical ACKs, business ZAM.

Form: `standards.md` §3 and the samples of the ANS. What the flow cannot say (received mails,
receipts, mailboxes shared or unknown, deposits under a legal entity) is in neither the flow nor
the reduced pivot files.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from connector.demo import pivot
from connector.demo.draft import Row, Tables
from connector.demo.hl7v2_segments import Sending, ack, document, zam_dmp, zam_mss, zam_read
from connector.demo.organisation import EtData, Organisation
from connector.demo.people import OID_NIR

APPLICATION, PLATFORM = "DUI-DEMO", "PFI-DEMO"
_REFUSED = "207"  # messageErrorCondition of a technical ACK


def write(organisation: Organisation, folder: Path, *, one_file_per_message: bool = False) -> None:
    """Per ET a folder: `documents.hl7` and `accuses.hl7`, or one file per message."""
    for et in organisation.iter_etablissements():
        # Both line ends and both character sets are met.
        end, charset = ("\r", "\n")[et.rank % 2], ("iso8859-15" if et.rank % 3 == 2 else "utf-8")
        for name, messages in _files(et, one_file_per_message=one_file_per_message):
            path = folder / et.finess_et / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes("".join(end.join(message) + end for message in messages).encode(charset))


def _files(et: EtData, *, one_file_per_message: bool) -> Iterator[tuple[str, list[list[str]]]]:
    """Name and messages of each file; an ET that sends nothing has none."""
    flow = [(sending, list(_answers(sending))) for sending in sendings(et)]
    if one_file_per_message:
        for sending, answers in flow:
            for n, message in enumerate((document(sending), *answers)):
                yield f"{sending.control}-{n}.hl7", [message]
    elif flow:
        yield "documents.hl7", [document(sending) for sending, _ in flow]
        yield "accuses.hl7", [message for _, answers in flow for message in answers]


def reduced_pivot(organisation: Organisation, folder: Path) -> None:
    """The pivot files that say what the flow says."""
    pivot.write_tables((_reduce(et) for et in organisation.iter_etablissements()), folder)


@dataclass(frozen=True)
class _Mail:
    """The rows of one message, as one: it is sent when one recipient got it."""

    row: Row
    outcomes: tuple[str, ...]

    @property
    def statut(self) -> str:
        return "envoye" if "envoye" in self.outcomes else self.outcomes[0]


def sendings(et: EtData) -> Iterator[Sending]:
    """The documents that the ET sends; some go to the DMP and to a mailbox at once."""
    mails = _mails(et)
    waiting = {mail.row[1]: mail for mail in mails if mail.row[4] in {"", "message"}}
    taken: set[str] = set()
    n = 0
    for row in et.tables["depots_dmp"]:
        if row[2] == et.finess_et:
            mail = waiting.pop(row[1], None) if row[6] == "succes" and row[8] in {"", "depot"} else None
            if mail:
                taken.add(mail.row[0])
            n += 1
            yield _sending(et, n, row, mail)
    for mail in mails:
        if mail.row[0] not in taken:
            n += 1
            yield _sending(et, n, None, mail)


def _mails(et: EtData) -> list[_Mail]:
    boxes = {adresse for adresse, finess in et.tables["boites_mssante"] if finess == et.finess_et}
    shared = {adresse for adresse, finess in et.tables["boites_mssante"] if finess != et.finess_et}
    groups: dict[str, list[Row]] = {}
    for row in et.tables["messages_mssante"]:
        ours = row[5] == et.finess_et or row[2].strip().casefold() in boxes - shared
        if ours and row[3] != "recu" and row[4] != "accuse":
            groups.setdefault(row[0], []).append(row)
    return [_Mail(rows[0], tuple(row[3] for row in rows)) for rows in groups.values()]


def _sending(et: EtData, n: int, depot: Row | None, mail: _Mail | None) -> Sending:
    kind, horodatage = "message", (depot or (mail.row if mail else ("", "")))[1]
    if mail and mail.row[4] == "test":
        kind = "test"
    return Sending(
        control=f"{n:06}",
        finess=et.finess_et,
        name=et.raison_sociale,
        horodatage=horodatage,
        test=kind == "test",
        mdm=n % 2 == 1,
        asked=_asks(n, depot, mail),
        charset="8859/15" if et.rank % 3 == 2 else "UNICODE UTF-8",
        depot=depot,
        expediteur=mail.row[2].strip() if mail else "",
        outcomes=mail.outcomes if mail else (),
    )


def _asks(n: int, depot: Row | None, mail: _Mail | None) -> bool:
    """A business ACK comes only if asked; without it a refusal is a technical one, a silence a success."""
    if depot and (mail or depot[6] == "succes"):
        return True
    if mail and mail.statut == "inconnu":
        return True
    return crc32(f"{n}".encode()) % 5 > 1


def _answers(sending: Sending) -> Iterator[list[str]]:
    """The technical ACK, then what the DMP and the recipients said."""
    depot, refused = sending.depot, _is_refused(sending)
    yield ack(sending, "AE" if refused else "AA", _REFUSED if refused else "")
    if not sending.asked:
        return
    if depot and depot[6] != "inconnu":
        yield zam_dmp(sending, depot[7] if depot[6] == "echec" else "")
    for rank, outcome in enumerate(sending.outcomes):
        if outcome != "inconnu":
            yield zam_mss(sending, rank, delivered=outcome == "envoye")
    if "envoye" in sending.outcomes and int(sending.control) % 4 == 0:
        yield zam_read(sending)


def _is_refused(sending: Sending) -> bool:
    statut = sending.depot[6] if sending.depot else _statut(sending)
    return statut == "echec" and not sending.asked


def _statut(sending: Sending) -> str:
    return "envoye" if "envoye" in sending.outcomes else sending.outcomes[0]


def _reduce(et: EtData) -> Tables:
    tables: Tables = {"messages_mssante": [], "depots_dmp": []}
    for sending in sendings(et):
        key = f"{APPLICATION}|{et.finess_et}|{sending.control}"
        if sending.outcomes:
            kind = "test" if sending.test else "message"
            row = (key, sending.horodatage, sending.expediteur, _statut(sending), kind, et.finess_et)
            tables["messages_mssante"].append(row)
        if sending.depot:
            identifier, horodatage, finess, matricule, oid, usager, statut, code, operation = sending.depot
            tables["depots_dmp"].append(
                (
                    identifier if sending.mdm else key,
                    horodatage,
                    finess,
                    matricule,
                    oid or (OID_NIR if matricule else ""),
                    usager,
                    statut,
                    _REFUSED if _is_refused(sending) else code,
                    operation or "depot",
                )
            )
    return tables
