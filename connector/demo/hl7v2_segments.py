"""The segments of the HL7 v2 messages of the demo, each a line of text."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime

from connector.demo.draft import Row
from connector.demo.moments import is_bare_date
from connector.demo.people import OID_NIA, OID_NIR

_DOCUMENT = b64encode(b"<ClinicalDocument><title>DEMO</title></ClinicalDocument>").decode()
_LOINC = "11490-0^CR d'hospitalisation^LN"
_PROFILE = "2.1^CISIS_CDA_HL7_V2"
_YES_NO = "expandedYes-NoIndicator"
_EVENTS = {"depot": "T02", "": "T02", "remplacement": "T10", "suppression": "T04"}
_STATUS = {"depot": "F", "": "F", "remplacement": "C", "suppression": "D"}


@dataclass(frozen=True)
class Sending:
    """One document on its way to the DMP, to mailboxes, or to both."""

    control: str  # MSH-10: the same numbers come back in every ET
    finess: str
    name: str
    horodatage: str
    test: bool
    mdm: bool
    asked: bool  # ACK_RECEPTION
    charset: str
    depot: Row | None
    expediteur: str
    outcomes: tuple[str, ...]  # one per recipient of the mail; empty without mail

    @property
    def operation(self) -> str:
        return self.depot[8] if self.depot else ""

    @property
    def event(self) -> str:
        return _EVENTS[self.operation] if self.mdm else "R01"


def hl7_time(text: str) -> str:
    """A pivot date as an HL7 one, with its offset when it has one."""
    if is_bare_date(text):
        return text.replace("-", "")
    moment = datetime.fromisoformat(text)
    form = "%Y%m%d%H%M" if len(text) == 16 else "%Y%m%d%H%M%S"  # 16: no seconds
    return moment.strftime(form + ("%z" if moment.tzinfo else ""))


def document(sending: Sending) -> list[str]:
    """ORU^R01 in version 2.5, MDM in 2.6."""
    kind = f"MDM^{sending.event}^MDM_T02" if sending.mdm else "ORU^R01^ORU_R01"
    status = _STATUS[sending.operation]
    segments = [_msh(sending, kind, to_platform=True)]
    if sending.mdm:
        segments.append(f"EVN||{hl7_time(sending.horodatage)}")
    segments += [_pid(sending), f"PV1|1|I|DEMO||||||||||||||||V{sending.control}^^^DUI&{sending.finess}&N^VN"]
    segments += ["ORC|NW|", f"OBR|1|||{_LOINC}"]
    if sending.mdm:
        identifier = sending.depot[0] if sending.depot else f"1.2.250.1.999.9.{int(sending.control)}"
        segments.append(f"TXA|1|11490-0|TEXT|{hl7_time(sending.horodatage)}||||||||{identifier}|||||AU")
    segments.append(f"OBX|1|ED|{_LOINC}||^TEXT^XML^Base64^{_DOCUMENT}||||||{status}|")
    return [*segments, *_participants(sending), *_flags(sending)]


def _msh(sending: Sending, kind: str, *, to_platform: bool, control: str = "") -> str:
    ours, theirs = f"DUI-DEMO|{sending.finess}", "PFI-DEMO|PLATEFORME"
    ends = f"{ours}|{theirs}" if to_platform else f"{theirs}|{ours}"
    mode = "T" if sending.test else "P"
    version = "2.5" if kind.startswith("ORU") else "2.6"
    head = f"MSH|^~\\&|{ends}|{hl7_time(sending.horodatage)}||{kind}|{control or sending.control}|{mode}|{version}"
    return f"{head}|||||FRA|{sending.charset}|||{_PROFILE}"


def _pid(sending: Sending) -> str:
    _, _, _, matricule, oid, usager, *_ = sending.depot or ("",) * 6
    identifiers = []
    if matricule:
        system = oid or OID_NIR
        name = "NIA" if system == OID_NIA else "NIR"
        identifiers.append(f"{matricule}^^^ASIP-SANTE-INS-{name}&{system}&ISO^INS^^20240101")
    if usager:
        identifiers.append(f"{usager}^^^DUI&{sending.finess}&N^PI")
    status = "VALI" if matricule else "PROV"
    return f"PID|||{'~'.join(identifiers)}||DEMO^USAGER^USAGER^^^^L||19500101|U{'|' * 23}N|{status}"


def _participants(sending: Sending) -> list[str]:
    """The structure that sends, by its geographic FINESS, then each recipient of the mail."""
    person = "899900000001^DEMO^Soignant^^^^^^ASIP-SANTE-PS&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"
    structure = f"{sending.name}^^^^^ASIP-SANTE-ST&1.2.250.1.71.4.2.2&ISO^FINEG^^^{sending.finess}"
    address = f"{'|' * 7}^^X.400^{sending.expediteur}" if sending.expediteur else ""
    lines = [f"PRT||UC||SB^^participation|{person}|||{structure}{address}"]
    for rank, _ in enumerate(sending.outcomes):
        lines.append(f"PRT||UC||RCT^^participation|{person}{'|' * 10}^^X.400^{recipient(rank)}")
    return lines


def recipient(rank: int) -> str:
    return f"medecin{rank + 1}@cabinet-demo.mssante.fr"


def _flags(sending: Sending) -> list[str]:
    """Where the document goes. A test goes everywhere, and counts nowhere."""
    flags = (
        ("MASQUE_PS", "Masqué aux professionnels de Santé", False),
        ("INVISIBLE_PATIENT", "Document Non Visible par le patient", False),
        ("DESTDMP", "Destinataire DMP", bool(sending.depot) or sending.test),
        ("DESTMSSANTEPS", "Destinataire (Professionnel de Santé)", bool(sending.outcomes)),
        ("DESTMSSANTEPAT", "Destinataire Patient", False),
        ("ACK_RECEPTION", "Accusé de réception", sending.asked),
        ("ACK_LECTURE_MSS", "Accusé de lecture", sending.asked and bool(sending.outcomes)),
    )
    kind = "CWE" if sending.mdm else "CE"
    return [
        f"OBX|{rank}|{kind}|{code}^{label}^MetaDMPMSS||{'Y' if value else 'N'}^^{_YES_NO}||||||F|"
        for rank, (code, label, value) in enumerate(flags, start=2)
    ]


def ack(sending: Sending, code: str, error: str) -> list[str]:
    """The technical answer of the platform: AA is not a deposit."""
    kind = f"ACK^{sending.event}^ACK"
    segments = [_msh(sending, kind, to_platform=False, control=f"A{sending.control}")]
    segments.append(f"MSA|{code}|{sending.control}")
    if error:
        segments.append(f"ERR|||{error}^Application internal error^messageErrorCondition|E")
    return segments


def zam_dmp(sending: Sending, error: str) -> list[str]:
    """What the DMP answered."""
    segments = _zam(sending, "Z01", "ACK_RECEPTION_DMP^Accusé de réception DMP", accepted=not error)
    return segments + ([_error(f"{error}^Refus du DMP^DMPERRORCODE")] if error else [])


def zam_mss(sending: Sending, rank: int, *, delivered: bool) -> list[str]:
    """What the server of one recipient answered."""
    segments = _zam(sending, "Z02", "ACK_RECEPTION_MSS^Accusé de réception MSSanté", accepted=delivered, suffix=rank)
    segments.append(_mailbox("DESTINATAIRE_MSS^Destinataire MSSanté", recipient(rank)))
    return segments + ([] if delivered else [_error("550^Boîte inconnue^SMTPERRORCODE")])


def zam_read(sending: Sending) -> list[str]:
    """A mail that was read: it adds nothing."""
    segments = _zam(sending, "Z03", "ACK_LECTURE_MSS^Accusé de lecture", accepted=True)
    return [*segments, _mailbox("LECTEUR_MSS^Lecteur du courriel MSSanté", recipient(0))]


def _zam(sending: Sending, event: str, label: str, *, accepted: bool, suffix: int = 0) -> list[str]:
    control = f"{event}{sending.control}{suffix or ''}"
    answer = "Y" if accepted else "N"
    return [
        _msh(sending, f"ZAM^{event}^ZAM_Z01", to_platform=False, control=control),
        f"EVN||{hl7_time(sending.horodatage)}",
        f"OBX|1|CWE|{label}^AckMetierZAM|{sending.control}|{answer}^^{_YES_NO}||||||F|",
    ]


def _mailbox(label: str, address: str) -> str:
    return f"OBX|2|XTN|{label}^AckMetierZAM|899900000001|^^X.400^{address}||||||F|"


def _error(code: str) -> str:
    return f"ERR|||207^Application internal error^messageErrorCondition|E|{code}"
