"""What an ITI-41 request deposits, and what the DMP answered.

Rule: `docs/sources.md`, DMP, « XDS.b / SOAP ». Elements are known by their namespace, whatever
their prefix; the action of the envelope is not looked at.
"""

from __future__ import annotations

from typing import Any

from connector.adapters.dmp.deposits import SUCCESS, Outcome, Request, Response
from connector.adapters.dmp.xds_envelope import UnusableError
from connector.adapters.dmp.xds_request import read_deposits

_RS = "{urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0}"
_REQUEST = "{urn:ihe:iti:xds-b:2007}ProvideAndRegisterDocumentSetRequest"
_RESPONSE, _ERROR = f"{_RS}RegistryResponse", f"{_RS}RegistryError"


def read_message(root: Any, finess_et: str) -> Request | Response:
    """The request or the response that stands in a document, bare or in a SOAP envelope.

    `finess_et` is that of the settings, for a request that names none.

    Raises:
        UnusableError: it holds neither.
    """
    body, ids = _in_envelope(root) if root.tag.endswith("}Envelope") else (root, {})
    if body is not None and body.tag == _REQUEST:
        return Request(ids.get("MessageID", ""), tuple(read_deposits(body, finess_et)))
    if body is not None and body.tag == _RESPONSE:
        return Response(ids.get("RelatesTo", ""), _outcome(body))
    if body is not None and body.tag.endswith("}Fault"):
        return Response(ids.get("RelatesTo", ""), Outcome("Failure", ((_fault_code(body), ""),)))
    expected = "ProvideAndRegisterDocumentSetRequest ou RegistryResponse"
    raise UnusableError("", expected, "un autre message", "retirez ce fichier de la source.")


def _in_envelope(envelope: Any) -> tuple[Any, dict[str, str]]:
    """The message of a SOAP envelope, and its WS-Addressing ids, whatever the versions of both."""
    message, ids = None, {}
    for part in envelope:
        name = part.tag.rpartition("}")[2]
        if name == "Header":
            for item in part:
                ids[item.tag.rpartition("}")[2]] = (item.text or "").strip().casefold().removeprefix("urn:uuid:")
        elif name == "Body":
            message = next(iter(part), None)
    return message, ids


def _outcome(response: Any) -> Outcome:
    status = _local_status(response.get("status", ""))
    errors = tuple(
        (error.get("errorCode", "").strip(), f"{error.get('codeContext', '')}\n{error.get('location', '')}")
        for errors_list in response
        for error in errors_list
        if error.tag == _ERROR and not error.get("severity", "").endswith("Warning")
    )
    if status == "Success":
        return Outcome("Failure", errors) if errors else SUCCESS
    return Outcome(status, errors)


def _local_status(status: str) -> str:
    name = status.rpartition(":")[2]
    if name not in ("Success", "Failure", "PartialSuccess"):
        raise UnusableError("", "un statut Success, Failure ou PartialSuccess", "un autre statut")
    return name


def _fault_code(fault: Any) -> str:
    """The most precise code of a SOAP fault."""
    values = [(value.text or "").rpartition(":")[2].strip() for value in fault.iter("{*}Value", "faultcode")]
    return values[-1] if values else ""
