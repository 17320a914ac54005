"""What the tests of the XDS adapter share: ITI-41 messages after the structure of IHE ITI TF-3 §4.2.

No real sample is published: these hold what a French sender writes (SAML assertion, XAdES
signature beside the CDA, structures by IDNST, patient by INS).
"""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import quoteattr

from connector.adapters.base import Batch, Notice, Problem, SourceFile
from connector.adapters.dmp.xds import XdsAdapter
from connector.config import Limits, SourceSettings

INS, FINESS = "279035121518989", "300017985"
NIR = "1.2.250.1.213.1.4.8"
PATIENT = f"{INS}^^^&{NIR}&ISO^NH"
LOCAL = "U42^^^&1.2.250.1.999.3&ISO^PI"
STRUCTURE = f"ESSMS^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^1{FINESS}"
REGREP = "urn:oasis:names:tc:ebxml-regrep"
IHE_ACTION = "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b"
FRENCH_ACTION = "urn:ihe:iti:xds-b:2007:ProvideAndRegisterDocumentSet-b"
SUCCESS, FAILURE = f"{REGREP}:ResponseStatusType:Success", f"{REGREP}:ResponseStatusType:Failure"
PARTIAL = "urn:ihe:iti:2007:ResponseStatusType:PartialSuccess"
CODES = {
    "classCode": "urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a",
    "typeCode": "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983",
    "formatCode": "urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d",
    "confidentialityCode": "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f",
    "practiceSettingCode": "urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead",
}
CDA = {"classCode": "11", "typeCode": "11490-0", "formatCode": "urn:ihe:iti:xds-sd:pdf:2008"}
XADES = {
    "classCode": "urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1",
    "typeCode": "E1762",
    "formatCode": "http://www.w3.org/2000/09/xmldsig#",
}


def slot(name: str, *values: str) -> str:
    inner = "".join(f"<rim:Value>{value.replace('&', '&amp;')}</rim:Value>" for value in values)
    return f'<rim:Slot name="{name}"><rim:ValueList>{inner}</rim:ValueList></rim:Slot>'


def author(scheme: str, *structures: str) -> str:
    uuid = {"lot": "a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d", "document": "93606bcf-9494-43ec-9b4e-a7748d1a838d"}[scheme]
    return (
        f'<rim:Classification classificationScheme="urn:uuid:{uuid}" classifiedObject="x" nodeRepresentation="">'
        f"{slot('authorPerson', '899700000001^DUPONT^Anne')}{slot('authorInstitution', *structures)}"
        "</rim:Classification>"
    )


def identifier(uuid: str, value: str) -> str:
    return (
        f'<rim:ExternalIdentifier identificationScheme="urn:uuid:{uuid}" registryObject="x" value={quoteattr(value)}>'
        '<rim:Name><rim:LocalizedString value="nom"/></rim:Name></rim:ExternalIdentifier>'
    )


def entry(
    unique_id: str = "1.2.250.1.999.1",
    entry_id: str = "Document01",
    patient: str = PATIENT,
    source: str = LOCAL,
    structures: tuple[str, ...] = (STRUCTURE,),
    codes: dict[str, str] = CDA,
) -> str:
    """A DocumentEntry. An empty value leaves its attribute out."""
    parts = [slot("creationTime", "20250301093000"), slot("languageCode", "fr-FR")]
    parts += [slot("sourcePatientId", source)] if source else []
    parts += [slot("sourcePatientInfo", "PID-5|DUPONT^Jeanne", "PID-7|19790328")]
    parts += [author("document", *structures)] if structures else []
    parts += [
        f'<rim:Classification classificationScheme="{CODES[name]}" nodeRepresentation="{code}"/>'
        for name, code in {**codes, "confidentialityCode": "N", "practiceSettingCode": "ETABLISSEMENT"}.items()
    ]
    parts += [identifier("58a6f841-87b3-4a3e-92fd-a8ffeff98427", patient)] if patient else []
    parts += [identifier("2e82c1f6-a085-4c72-9da3-8640a32e42ab", unique_id)] if unique_id else []
    kind = "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1"
    content = "".join(parts)
    return (
        f'<rim:ExtrinsicObject id="{entry_id}" mimeType="text/xml" objectType="{kind}">{content}</rim:ExtrinsicObject>'
    )


def lot(time: str = "20250301093000", patient: str = PATIENT, structures: tuple[str, ...] = (STRUCTURE,)) -> str:
    """A SubmissionSet."""
    parts = [slot("submissionTime", time)] if time else []
    parts += [author("lot", structure) for structure in structures]
    parts += [identifier("6b5aea1a-874d-4603-a4bc-96a0a7b38446", patient)] if patient else []
    parts += [identifier("96fdda7c-d067-4183-912e-bf5ee74998a8", "1.2.250.1.999.9")]
    return f'<rim:RegistryPackage id="SubmissionSet01">{"".join(parts)}</rim:RegistryPackage>'


def association(kind: str, source: str = "Document01", target: str = "urn:uuid:0") -> str:
    return f'<rim:Association associationType="{kind}" sourceObject="{source}" targetObject="{target}"/>'


def request(*objects: str, document: str = "RE9D") -> str:
    """A ProvideAndRegisterDocumentSetRequest; by default of one document."""
    content = "".join(objects) if objects else entry() + lot()
    return (
        '<xdsb:ProvideAndRegisterDocumentSetRequest xmlns:xdsb="urn:ihe:iti:xds-b:2007">'
        f'<lcm:SubmitObjectsRequest xmlns:lcm="{REGREP}:xsd:lcm:3.0">'
        f'<rim:RegistryObjectList xmlns:rim="{REGREP}:xsd:rim:3.0">{content}</rim:RegistryObjectList>'
        f'</lcm:SubmitObjectsRequest><xdsb:Document id="Document01">{document}</xdsb:Document>'
        "</xdsb:ProvideAndRegisterDocumentSetRequest>"
    )


def error(code: str, context: str = "", location: str = "", severity: str = "Error") -> str:
    return (
        f"<rs:RegistryError errorCode={quoteattr(code)} codeContext={quoteattr(context)} "
        f'location={quoteattr(location)} severity="{REGREP}:ErrorSeverityType:{severity}"/>'
    )


def response(status: str = SUCCESS, *errors: str, listed: bool = False) -> str:
    inner = f"<rs:RegistryErrorList>{''.join(errors)}</rs:RegistryErrorList>" if errors or listed else ""
    return f'<rs:RegistryResponse xmlns:rs="{REGREP}:xsd:rs:3.0" status="{status}">{inner}</rs:RegistryResponse>'


def soap(body: str, *, message: str = "", relates: str = "", action: str = FRENCH_ACTION) -> bytes:
    """In a SOAP 1.2 envelope, with the SAML assertion (VIHF) that the DMP asks for."""
    ids = f"<wsa:MessageID>{message}</wsa:MessageID>" if message else ""
    ids += f"<wsa:RelatesTo>{relates}</wsa:RelatesTo>" if relates else ""
    assertion = '<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"/>'
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
        'xmlns:wsa="http://www.w3.org/2005/08/addressing"><s:Header>'
        f"<wsse:Security xmlns:wsse='urn:wsse'>{assertion}</wsse:Security>"
        f"<wsa:Action>{action}</wsa:Action>{ids}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


class Found:
    """What the adapter yielded."""

    def __init__(self, adapter: XdsAdapter, tables: tuple[str, ...] = ("depots_dmp",)) -> None:
        self.batches, self.rows, self.places = 0, list[dict[str, str]](), list[str]()
        self.problems, self.notices = list[str](), list[tuple[str, int, str | None, str]]()
        for item in adapter.read(tables):
            if isinstance(item, Batch):
                self.batches += 1
                self.rows += item.rows.to_pylist()
                places = item.locate(range(item.rows.num_rows))
                self.places += [", ".join(filter(None, (item.file, place))) for place in places]
            elif isinstance(item, Problem):
                assert item.tables == {"depots_dmp"}
                self.problems.append(item.text())
            elif isinstance(item, Notice):
                self.notices.append((item.code, item.count, item.finess, item.detail))

    def column(self, name: str) -> list[str]:
        return [row[name] for row in self.rows]


def read_files(folder: Path, files: dict[str, bytes | str], finess_et: str | None = None, **limits: int) -> Found:
    """Everything that the adapter yields for these files, in this order."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    settings = SourceSettings(finess_et=finess_et, limites=Limits(**limits))
    return Found(XdsAdapter([SourceFile(folder / name, name) for name in files], settings))
