"""Nothing leaves that is not on the list."""

from __future__ import annotations

import re
import zlib
from datetime import datetime
from typing import Any

import orjson
import pytest

from connector.errors import ConnectorError
from connector.evidence.attestation import attestation
from connector.publish import allowlist
from connector.publish.allowlist import FACTS, PATHS, NotAllowedError, check, leaves
from connector.publish.declaration import MASKED, WITHDRAWN, public_text
from connector.publish.disclosure import disclose
from connector.publish.payload import build, notes
from connector.publish.payload.fhir import dumps, to_report
from tests.lib.editions import NASTY, destination, edition

MATRICULE = "185057800608436"


def _report() -> dict[str, Any]:
    return to_report(disclose(edition()))


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"evaluatedResource": [{"reference": "Patient/1"}]}, "evaluatedResource[].reference"),
        ({"text": {"div": "<div/>"}}, "text.div"),
        ({"extension": [{"url": "urn:autre", "valueString": "x"}]}, "extension[].url"),
    ],
)
def test_an_extra_field_cannot_be_serialised(change: dict[str, Any], place: str) -> None:
    """A place that the list does not have raises before a byte is made."""
    with pytest.raises(NotAllowedError) as caught:
        dumps("fhir", _report() | change)
    assert str(caught.value) == f"format fhir, place « {place} » : hors de la liste de ce qui peut sortir."
    assert isinstance(caught.value, ConnectorError)


def test_an_extra_field_of_a_group_cannot_be_serialised() -> None:
    """The list goes down to the leaves."""
    report = _report()
    report["group"][0]["population"][0]["subjectResults"] = {"reference": "List/1"}
    with pytest.raises(NotAllowedError, match=r"group\[\]\.population\[\]\.subjectResults\.reference"):
        dumps("fhir", report)


@pytest.mark.parametrize("format_", ["annotation", "ligne"])
def test_an_extra_field_of_a_flat_format_cannot_be_serialised(format_: str) -> None:
    """The same for what an annotation joins and for a row of the flat file."""
    with pytest.raises(NotAllowedError, match="place « id_usager »"):
        check(format_, {"statut": "calcule", "id_usager": "A12"})
    with pytest.raises(NotAllowedError, match="place « id_usager »"):
        notes.write({"id_usager": "A12"})


def test_external_evidence_uses_the_same_list() -> None:
    """A date or a name beside a person's yes and no cannot be serialised either."""
    check("preuve-personnes", {"id": {"0" * 16}, "mis_a_jour": {True, False}})
    with pytest.raises(NotAllowedError, match=r"place « date_entree\[\] »"):
        check("preuve-personnes", {"id": {"0" * 16}, "date_entree": {"2025-01-01"}})
    with pytest.raises(NotAllowedError, match=r"place « resultats\[\]\.id_usager »"):
        check("preuve", {"resultats": [{"id_usager": "A12"}]})


@pytest.mark.parametrize(
    ("fact", "good", "bad"),
    [
        ("finess", "2A0001234", MATRICULE),
        ("code", "dossiers_actifs", "Jean Dupont"),
        ("date", "2025-02-01", "01/02/2025"),
        ("mois", "202504", "2025-02-01/P3M"),
        ("instant", "2025-05-01T04:00:07-03:00", "2025-05-01T04:00:07"),
        ("nombre", 0, True),
        ("nombre", 12, -1),
        ("nombre", 12, 1.5),
        ("nombre", 12, MASKED),
        ("taux", 1.38, "1.38"),
        ("drapeau", False, 0),
        ("version", "dui-connector 0.1.0", "poste-de-marie@hopital.fr"),
        ("texte", "Guyane AAP 2025", f"voir {MATRICULE}"),
        ("nom", "Foyer L'Étoile", "marie.dupont@exemple.mssante.fr"),
        ("empreinte", "sha256:ab", "C:\\exports"),
        ("chiffres", "12", "12,5"),
        ("fixe", "complete", "autre"),
        ("mesure", "urn:dui-connector:measure:esms-2025|1", "http://ailleurs/Measure/1"),
        ("identifiant", "dui-970300026-1", "a/b"),
        ("racine", "0" * 64, "x" * 64),
        ("ligne", "0" * 32, "usager-12"),
        ("mot", "Esms_2025", "deux mots"),
    ],
)
def test_a_value_must_look_like_its_fact(fact: str, good: object, bad: object) -> None:
    """A listed place does not carry anything else than what it is listed for."""
    assert FACTS[fact].fits(good)
    assert not FACTS[fact].fits(bad)


def test_a_value_of_another_look_is_refused_without_being_shown() -> None:
    """The message says where and what was expected; the value may identify someone."""
    report = _report() | {"id": f"usager {MATRICULE}"}
    with pytest.raises(NotAllowedError) as caught:
        dumps("fhir", report)
    assert str(caught.value) == (
        "format fhir, place « id » : attendu identifiant de la transmission : FINESS, fenêtre et empreinte, "
        "trouvé une autre forme."
    )


def test_every_place_of_the_list_names_a_known_fact() -> None:
    """The list is whole, and each fact says in French what it is."""
    assert {fact for paths in PATHS.values() for fact in paths.values()} <= FACTS.keys()
    assert all(fact.sens for fact in FACTS.values())


@pytest.mark.parametrize("format_", ["fhir", "adx", "dhis2", "csv"])
def test_no_time_zone_source_name_or_detail_leaves(format_: str) -> None:
    """What an edition holds and the list has not stays: the zone, the detail of a finding."""
    body = build(edition(), destination(format_)).body.decode()
    assert "Cayenne" not in body
    assert "secret_medical" not in body


@pytest.mark.parametrize(
    "text",
    [
        f"patient {MATRICULE}",
        "1 85 05 78 006 084 36",
        "2 69 05 2A 588 157 80",
        "1-85-05-78-006-084-36",
        "２６９０５２Ａ５８８１５７８０",
        "x" * 495 + " 1 85 05 78 006 084 36",
        "écrire à marie.dupont@exemple.mssante.fr",
        f"{MATRICULE[1:]}@patient.mssante.fr",
    ],
)
def test_a_text_that_looks_like_an_identifier_is_withdrawn(text: str) -> None:
    """Free text (name of an establishment, convention, reason of a revision) never blocks and never leaks."""
    assert public_text(text) == WITHDRAWN
    for format_ in ("fhir", "adx", "dhis2", "csv"):
        given = edition(raison_sociale=text, convention=text, motif_revision=text)
        body = build(given, destination(format_)).body.decode()
        assert text not in body
        assert WITHDRAWN in body


def test_the_attestation_withdraws_the_same_texts() -> None:
    """A page that is handed over is an exit like another: its free texts are those that may leave."""
    text = f"de {MATRICULE}"
    told = edition(raison_sociale=text, convention=text, motif_revision=text)
    page = attestation(told, "sha256:0", "sha256:0", "kid")
    streams = [zlib.decompress(one) for one in re.findall(rb"stream\n(x.*?)\nendstream", page, re.DOTALL)]
    shown = b"".join(streams).decode("latin-1")
    assert MATRICULE not in shown
    assert shown.count("texte retiré") == 3


@pytest.mark.parametrize("text", ["Foyer L'@telier", "Correction du 14/05/2025, 2 tables", "tél. 05 94 12 34 56", ""])
def test_an_ordinary_text_leaves_as_it_is(text: str) -> None:
    """Dates, a telephone number of an office, an at-sign in a name are no identifiers."""
    assert public_text(text) == text


def test_text_leaves_on_one_line_without_what_reorders_it() -> None:
    """Controls, tabs and bidirectional marks are made visible or blank."""
    assert public_text(NASTY) == '=SOMME(A1) <b>L\'Étoile</b> & « fils » ; "Cayenne" une\ufffdligne'
    assert len(public_text("x" * 10_000)) == 500
    assert public_text(public_text("x " * 1000)) == public_text("x " * 1000)


def test_leaves_are_named_by_their_place() -> None:
    """Lists, objects and our extensions have one name each, whatever their number."""
    content = {
        "a": [{"b": 1}, {"b": 2}],
        "extension": [{"url": "urn:dui-connector:extension:cible", "valueInteger": 90}],
    }
    assert list(leaves(content, "")) == [
        ("a[].b", 1),
        ("a[].b", 2),
        ("extension[cible].url", "urn:dui-connector:extension:cible"),
        ("extension[cible].valueInteger", 90),
    ]


def test_an_instant_without_offset_is_a_fault_of_the_caller() -> None:
    """« 4 a.m. » without a zone is not an instant."""
    with pytest.raises(ValueError, match="etabli_le needs an offset"):
        disclose(edition(etabli_le=datetime(2025, 5, 1, 4, 0)))


def test_fixed_words_say_nothing_of_a_site() -> None:
    """The words that are allowed everywhere hold no digit run and no address."""
    assert all(public_text(word) == word for word in allowlist.FIXED if isinstance(word, str))
    assert orjson.dumps(sorted(word for word in allowlist.FIXED if isinstance(word, str)))
