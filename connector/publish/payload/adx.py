"""IHE ADX (2015), valid against the official loose schema.

A value must be a number, so an absent or secret one has no `dataValue`: its reason is in the
annotation of another. The period is a month; the true bounds are the attributes `debut` and `fin`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lxml import etree

from connector.publish import allowlist
from connector.publish.declaration import Declaration
from connector.publish.payload import elements
from connector.publish.payload.elements import Codes, Element

CONTENT_TYPE = "application/adx+xml"
NAMESPACE = "urn:ihe:qrph:adx:2015"


def to_adx(declared: Declaration, codes: Mapping[str, str]) -> bytes:
    """The message, UTF-8."""
    content = _content(declared, Codes(codes))
    allowlist.check("adx", content)
    root = etree.Element(f"{{{NAMESPACE}}}adx", {"exported": content["exported"]}, nsmap={None: NAMESPACE})
    for group in content["group"]:
        attributes = {name: value for name, value in group.items() if name != "dataValue"}
        node = etree.SubElement(root, f"{{{NAMESPACE}}}group", attributes)
        for value in group["dataValue"]:
            _value(node, value)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _content(declared: Declaration, codes: Codes) -> dict[str, Any]:
    return {
        "exported": declared.etabli_le.isoformat(),
        "group": [
            {
                "orgUnit": codes.out(declared.finess_et),
                "period": f"{declared.fin:%Y-%m}-01/P1M",
                "dataSet": codes.out(declared.programme),
                "debut": declared.debut.isoformat(),
                "fin": declared.fin.isoformat(),
                "dataValue": [
                    {"dataElement": one.code, "value": one.value} | ({"annotation": one.note} if one.note else {})
                    for one in elements.elements(declared, codes)
                    if one.value is not None
                ],
            }
        ],
    }


def _value(group: Any, value: Mapping[str, Any]) -> None:
    node = etree.SubElement(
        group, f"{{{NAMESPACE}}}dataValue", {"dataElement": value["dataElement"], "value": str(value["value"])}
    )
    if "annotation" in value:
        etree.SubElement(node, f"{{{NAMESPACE}}}annotation").text = value["annotation"]


def read(body: bytes, codes: Mapping[str, str]) -> Declaration:
    """What a message says. Raises ValueError when it is not one of ours."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(f"XML illisible : {error.msg}") from None
    if root.getroottree().docinfo.doctype:
        raise ValueError("XML avec DOCTYPE, refusé")
    found = [
        Element(node.get("dataElement"), int(node.get("value")), node.findtext(f"{{{NAMESPACE}}}annotation") or "")
        for node in root.iter(f"{{{NAMESPACE}}}dataValue")
    ]
    return elements.read(found, Codes(codes))
