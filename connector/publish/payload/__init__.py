"""One result, many forms: the body that a destination receives, and the same content read back.

`build` makes public, checks against the list of what may leave, and writes; `parse` reads any of the
formats back into the same `Declaration`. Neither imports the engine: the sending process stays small.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

from connector.config import Destination
from connector.errors import SettingsError
from connector.model.edition import Edition
from connector.publish.declaration import Declaration
from connector.publish.disclosure import disclose

_READERS = {"fhir": "fhir_read", "adx": "adx", "dhis2": "dhis2", "csv": "flat", "xlsx": "workbook"}
_BY_CODES = frozenset({"adx", "dhis2"})


@dataclass(frozen=True)
class Payload:
    """What is sent. `path` is relative to the address of the destination; empty means the address itself."""

    body: bytes
    content_type: str
    method: Literal["PUT", "POST"]
    path: str


def build(edition: Edition, destination: Destination) -> Payload:
    """The body for one destination: the same edition and settings give the same bytes.

    Raises:
        SettingsError: the destination keeps none of the indicators of this edition.
        NotAllowedError: something that is not on the list of what may leave.
    """
    declared = disclose(edition, destination.secret_en_dessous, destination.indicateurs)
    if not declared.lignes:
        raise SettingsError(
            f"[[destination]] « {destination.id} », clé « indicateurs » : attendu au moins un indicateur mesuré pour "
            f"l'établissement {edition.finess_et} sous {edition.programme}, trouvé "
            f"{', '.join(destination.indicateurs) or 'aucun résultat'} ; corrigez la liste ou videz-la."
        )
    return _written(declared, destination)


def definition(edition: Edition, destination: Destination) -> Payload | None:
    """The FHIR `Measure` that the reports to this destination point to, one per programme@version.

    To be sent once before them. None when the destination is no FHIR server.
    """
    if destination.type != "fhir":
        return None
    from connector.publish.payload import fhir, measure

    kept = destination.indicateurs
    codes = tuple(result.indicateur for result in edition.resultats if not kept or result.indicateur in kept)
    resource = measure.to_measure(edition.programme, edition.catalogue, codes)
    return Payload(fhir.dumps("fhir-mesure", resource), fhir.CONTENT_TYPE, "PUT", f"Measure/{resource['id']}")


def _written(declared: Declaration, destination: Destination) -> Payload:
    """Only the module of the format is imported."""
    if destination.type == "fhir":
        from connector.publish.payload import fhir

        body = fhir.dumps("fhir", fhir.to_report(declared))
        return Payload(body, fhir.CONTENT_TYPE, "PUT", f"MeasureReport/{declared.identifiant}")
    if destination.type == "adx":
        from connector.publish.payload import adx

        return Payload(adx.to_adx(declared, destination.codes), adx.CONTENT_TYPE, "POST", "")
    if destination.type == "dhis2":
        from connector.publish.payload import dhis2

        return Payload(dhis2.to_json(declared, destination.codes), dhis2.CONTENT_TYPE, "POST", dhis2.PATH)
    from connector.publish.payload import flat

    return Payload(flat.to_csv(declared), flat.CONTENT_TYPE, "PUT", f"{declared.identifiant}.csv")


def parse(body: bytes, type_: str, codes: dict[str, str] | None = None) -> Declaration:
    """What a body says, in the same form whatever its format: `fhir`, `adx`, `dhis2`, `csv` or `xlsx`.

    `codes` are those of the destination, when it has its own.

    Raises:
        ValueError: the body is not one of ours, or says what none of ours could say.
    """
    from connector.publish.payload.sound import checked

    if type_ not in _READERS:
        raise ValueError(f"format inconnu : « {type_} »")
    reader: Any = import_module(f"connector.publish.payload.{_READERS[type_]}")
    try:
        read: Declaration = reader.read(body, codes or {}) if type_ in _BY_CODES else reader.read(body)
    except (LookupError, TypeError, AttributeError):  # another document, or half of one
        raise ValueError(f"{type_} : ce n'est pas une transmission du connecteur") from None
    return checked(read)
