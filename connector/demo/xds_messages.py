"""The XML of an ITI-41 request and of its RegistryResponse, with the UUIDs of XDS metadata."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from uuid import NAMESPACE_OID, uuid5
from xml.sax.saxutils import escape, quoteattr

_CDA = b"<ClinicalDocument><title>DEMO</title></ClinicalDocument>"
_XDSB = "urn:ihe:iti:xds-b:2007"
_LCM = "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"
_RIM = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"
_RS = "urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0"
_REGREP = "urn:oasis:names:tc:ebxml-regrep"
_ACTION = "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b"
_HAS_MEMBER = f"{_REGREP}:AssociationType:HasMember"
_REPLACES = "urn:ihe:iti:2007:AssociationType:RPLC"
_STABLE_DOCUMENT = "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1"
_SET_NODE = "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"
_DOCUMENT_AUTHOR = "urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d"
_DOCUMENT_PATIENT = "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427"
_DOCUMENT_ID = "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab"
_SET_AUTHOR = "urn:uuid:a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d"
_SET_PATIENT = "urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446"
_SET_SOURCE = "urn:uuid:554ac39e-e3fe-47fe-b233-965d2a147832"
_SET_ID = "urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8"
_BOUNDARY = "MIME_DEMO"


class Form(Enum):
    """What stands around a message."""

    SOAP = "SOAP 1.2"
    BARE = "none: a log of bodies"


@dataclass(frozen=True)
class Deposit:
    """One document submitted to the DMP."""

    n: int
    document: str  # uniqueId
    moment: datetime  # UTC
    finess: str
    name: str
    matricule: str
    oid: str
    id_usager: str
    statut: str
    code: str
    replaces: bool

    @property
    def message_id(self) -> str:
        return f"urn:uuid:{uuid5(NAMESPACE_OID, f'{self.finess}/{self.n}')}"

    @property
    def patient(self) -> str:
        return f"{self.matricule}^^^&{self.oid}&ISO^NH"

    @property
    def stamp(self) -> str:
        return self.moment.strftime("%Y%m%d%H%M%S")


def request(deposit: Deposit, form: Form, content: str = "") -> bytes:
    """ProvideAndRegisterDocumentSet with one document."""
    content = content or b64encode(_CDA).decode()
    body = (
        f'<xdsb:ProvideAndRegisterDocumentSetRequest xmlns:xdsb="{_XDSB}">'
        f'<lcm:SubmitObjectsRequest xmlns:lcm="{_LCM}"><rim:RegistryObjectList xmlns:rim="{_RIM}">'
        f"{_document_entry(deposit)}{_submission_set(deposit)}{_associations(deposit)}"
        f"</rim:RegistryObjectList></lcm:SubmitObjectsRequest>"
        f'<xdsb:Document id="Document01">{content}</xdsb:Document>'
        f"</xdsb:ProvideAndRegisterDocumentSetRequest>"
    )
    header = (
        f'<wsa:Action s:mustUnderstand="1">{_ACTION}</wsa:Action><wsa:MessageID>{deposit.message_id}</wsa:MessageID>'
    )
    return _wrapped(body, header, form)


def response(deposit: Deposit, form: Form) -> bytes:
    """Success, Failure, or now and then a PartialSuccess that names the document."""
    if deposit.statut == "succes":
        body = f'<rs:RegistryResponse xmlns:rs="{_RS}" status="{_REGREP}:ResponseStatusType:Success"/>'
    else:
        partial = deposit.n % 4 == 0
        status = (
            "urn:ihe:iti:2007:ResponseStatusType:PartialSuccess" if partial else f"{_REGREP}:ResponseStatusType:Failure"
        )
        where = f"Document {deposit.document}" if partial else "Refus du DMP"
        body = (
            f'<rs:RegistryResponse xmlns:rs="{_RS}" status="{status}"><rs:RegistryErrorList>'
            f"<rs:RegistryError errorCode={quoteattr(deposit.code)} codeContext={quoteattr(where)} "
            f'severity="{_REGREP}:ErrorSeverityType:Error" location={quoteattr(deposit.document)}/>'
            f"</rs:RegistryErrorList></rs:RegistryResponse>"
        )
    header = f"<wsa:Action>{_ACTION}Response</wsa:Action><wsa:RelatesTo>{deposit.message_id}</wsa:RelatesTo>"
    return _wrapped(body, header, form)


def mtom(deposit: Deposit) -> bytes:
    """The request in MIME parts, its document beside it (XOP)."""
    include = '<xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" href="cid:document01@demo.example"/>'
    head = (
        "MIME-Version: 1.0\r\n"
        f'Content-Type: multipart/related; boundary="{_BOUNDARY}"; type="application/xop+xml"; '
        'start="<root@demo.example>"; start-info="application/soap+xml"\r\n\r\n'
    )
    parts = (
        (
            'application/xop+xml; charset=UTF-8; type="application/soap+xml"',
            "root",
            request(deposit, Form.SOAP, include),
        ),
        ("text/xml", "document01", _CDA),
    )
    data = head.encode()
    for kind, name, content in parts:
        fields = (
            f"Content-Type: {kind}\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <{name}@demo.example>\r\n\r\n"
        )
        data += f"--{_BOUNDARY}\r\n{fields}".encode() + content + b"\r\n"
    return data + f"--{_BOUNDARY}--\r\n".encode()


def _wrapped(body: str, header: str, form: Form) -> bytes:
    if form is Form.SOAP:
        names = 'xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:wsa="http://www.w3.org/2005/08/addressing"'
        body = f"<s:Envelope {names}><s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'.encode()


def _slot(name: str, value: str) -> str:
    return f'<rim:Slot name="{name}"><rim:ValueList><rim:Value>{escape(value)}</rim:Value></rim:ValueList></rim:Slot>'


def _author(deposit: Deposit, scheme: str, owner: str) -> str:
    institution = f"{deposit.name}^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^1{deposit.finess}"
    return (
        f'<rim:Classification id="{owner}-author" classificationScheme="{scheme}" classifiedObject="{owner}" '
        f'nodeRepresentation="">{_slot("authorInstitution", institution)}</rim:Classification>'
    )


def _external(scheme: str, owner: str, name: str, value: str) -> str:
    return (
        f'<rim:ExternalIdentifier id="{owner}-{name.partition(".")[2]}" registryObject="{owner}" '
        f'identificationScheme="{scheme}" value={quoteattr(value)}>'
        f'<rim:Name><rim:LocalizedString value="{name}"/></rim:Name></rim:ExternalIdentifier>'
    )


def _document_entry(deposit: Deposit) -> str:
    local = f"{deposit.id_usager}^^^&1.2.250.1.999.{deposit.finess}&ISO^PI" if deposit.id_usager else deposit.patient
    return (
        f'<rim:ExtrinsicObject id="Document01" mimeType="text/xml" objectType="{_STABLE_DOCUMENT}">'
        f"{_slot('creationTime', deposit.stamp)}{_slot('sourcePatientId', local)}"
        f"{_author(deposit, _DOCUMENT_AUTHOR, 'Document01')}"
        f"{_external(_DOCUMENT_PATIENT, 'Document01', 'XDSDocumentEntry.patientId', deposit.patient)}"
        f"{_external(_DOCUMENT_ID, 'Document01', 'XDSDocumentEntry.uniqueId', deposit.document)}"
        f"</rim:ExtrinsicObject>"
    )


def _submission_set(deposit: Deposit) -> str:
    source = "1.2.250.1.999.1"
    return (
        f'<rim:RegistryPackage id="SubmissionSet01">{_slot("submissionTime", deposit.stamp)}'
        f"{_author(deposit, _SET_AUTHOR, 'SubmissionSet01')}"
        f"{_external(_SET_PATIENT, 'SubmissionSet01', 'XDSSubmissionSet.patientId', deposit.patient)}"
        f"{_external(_SET_SOURCE, 'SubmissionSet01', 'XDSSubmissionSet.sourceId', source)}"
        f"{_external(_SET_ID, 'SubmissionSet01', 'XDSSubmissionSet.uniqueId', f'{source}.{deposit.n}')}"
        f"</rim:RegistryPackage>"
        f'<rim:Classification id="cl01" classifiedObject="SubmissionSet01" classificationNode="{_SET_NODE}"/>'
    )


def _associations(deposit: Deposit) -> str:
    member = (
        f'<rim:Association id="as01" associationType="{_HAS_MEMBER}" sourceObject="SubmissionSet01" '
        f'targetObject="Document01">{_slot("SubmissionSetStatus", "Original")}</rim:Association>'
    )
    if not deposit.replaces:
        return member
    previous = f"urn:uuid:{uuid5(NAMESPACE_OID, f'{deposit.document}/1')}"
    return (
        f'{member}<rim:Association id="as02" associationType="{_REPLACES}" sourceObject="Document01" '
        f'targetObject="{previous}"/>'
    )
