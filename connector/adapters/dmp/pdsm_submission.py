"""The documents of a PDSm submission, from the resources that it carries.

Rule: `docs/sources.md`, DMP, « FHIR PDSm »; profiles of the volet PDSm and of IHE MHD.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import unquote

from connector.adapters.dmp.deposits import Deposit, is_signature
from connector.adapters.fhir_fields import codes_of, identity_of, is_ins_system, text_of
from connector.adapters.fhir_structures import Authors, Structures
from connector.adapters.json_stream import Json

_KEPT = ("masterIdentifier", "date", "subject", "author", "contained", "relatesTo", "type", "category", "context")
_NO_LOT: Json = {}


class Submission:
    """One lot, resource by resource; only what a deposit needs of each is kept."""

    def __init__(self) -> None:
        self._structures = Structures()
        self._lot = _NO_LOT
        self._lot_authors: Authors = ()
        self._documents: list[tuple[int, Json, Authors]] = []
        self._patients: dict[str, Sequence[Json]] = {}  # fullUrl or « Patient/id » → identifiers
        self.rank = 0  # of the entry that is being understood

    def take(self, resource: Json, url: str | None, rank: int) -> None:
        """Take one resource of the lot, the `rank`th entry.

        Raises:
            KeyError, TypeError, AttributeError: it is not what FHIR says.
        """
        kind = resource["resourceType"]
        if kind == "DocumentReference" and resource.get("status") != "entered-in-error":
            authors = self._structures.authors(resource.get("author") or (), resource)
            self._documents.append((rank, _reduced(resource), authors))
        elif kind == "List" and "folder" not in codes_of(resource.get("code")):
            self._lot = {name: resource.get(name) for name in ("date", "subject", "contained")}
            self._lot_authors = self._structures.authors(_sources(resource), resource)
        elif kind == "Patient":
            self._patient(resource, url)
        else:
            self._structures.take(resource, url)

    def _patient(self, resource: Json, url: str | None) -> None:
        identifiers = resource.get("identifier") or []
        for key in (url, f"Patient/{resource.get('id')}"):
            if key:
                self._patients[key] = identifiers

    def deposits(self, finess_et: str) -> Iterator[Deposit]:
        """The documents of the lot, signatures apart; `finess_et` is that of the settings."""
        self._structures.finish()
        for rank, document, authors in self._documents:
            self.rank = rank
            if _signs(document):
                continue
            matricule, oid, usager = self._person(document)
            yield Deposit(
                (text_of(document.get("masterIdentifier") or {}, "value") or "").removeprefix("urn:oid:"),
                text_of(self._lot, "date") or text_of(document, "date") or "",
                self._structures.finess(self._lot_authors) or self._structures.finess(authors) or finess_et,
                matricule,
                oid,
                usager,
                "remplacement" if _replaces(document) else "depot",
                entry_name(rank),
            )

    def _person(self, document: Json) -> tuple[str, str, str]:
        """Matricule, OID and local id of the subject."""
        source = (document.get("context") or {}).get("sourcePatientInfo")
        local = self._identifiers(source, document)
        named = [*self._identifiers(document.get("subject"), document), *local]
        identity = identity_of(named or self._identifiers(self._lot.get("subject"), self._lot))
        matricule, oid = identity.ins or ("", "")
        usager = identity.local[0].id_usager if identity.local else _first_local(local)
        return matricule, oid, usager

    def _identifiers(self, reference: Json | None, holder: Json) -> Sequence[Json]:
        """The identifiers of the patient that a reference points to."""
        if not reference:
            return []
        if identifier := reference.get("identifier"):
            return [identifier]
        text = text_of(reference, "reference") or ""
        if text.startswith("#"):
            inside: Iterable[Json] = holder.get("contained") or ()
            return next((one.get("identifier") or [] for one in inside if one.get("id") == text[1:]), [])
        _, query, search = text.partition("?")
        if query:
            return list(_searched(search))
        return self._patients.get(text, [])


def entry_name(rank: int) -> str:
    """What the answer to an entry is called."""
    return f"entree-{rank}"


def _reduced(document: Json) -> Json:
    kept = {name: document[name] for name in _KEPT if name in document}
    formats = [text_of(content.get("format") or {}, "code") for content in document.get("content") or ()]
    return kept | {"formats": formats}


def _sources(lot: Json) -> Iterator[Json]:
    """Who submits: the structure of the author, then the author."""
    source = lot.get("source") or {}
    for holder in (lot, source):
        for extension in holder.get("extension") or ():
            if (text_of(extension, "url") or "").endswith("-authorOrg"):
                yield extension.get("valueReference") or {}
    yield source


def _signs(document: Json) -> bool:
    codes = codes_of(document.get("type"))
    for category in document.get("category") or ():
        codes += codes_of(category)
    return is_signature(codes, None) or any(is_signature((), code) for code in document["formats"])


def _replaces(document: Json) -> bool:
    return any(link.get("code") == "replaces" for link in document.get("relatesTo") or ())


def _first_local(identifiers: Iterable[Json]) -> str:
    """The id of the source patient, when it is not an INS."""
    for identifier in identifiers:
        value = text_of(identifier, "value")
        if value and not is_ins_system(text_of(identifier, "system")):
            return value
    return ""


def _searched(query: str) -> Iterator[Json]:
    """The identifiers of a conditional reference."""
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        system, bar, token = unquote(value).rpartition("|")
        if name == "identifier" and bar and token:
            yield {"system": system, "value": token}
