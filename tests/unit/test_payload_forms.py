"""What each format promises beyond saying the same thing."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest
from fhir.resources.R4B.measure import Measure
from fhir.resources.R4B.measurereport import MeasureReport
from lxml import etree

from connector.indicators.catalogue import INDICATORS, Shape
from connector.model.edition import Edition
from connector.model.result import Motif
from connector.publish.payload import build, definition, parse
from connector.publish.payload.elements import suffix
from connector.publish.terms import CODES, base_of, form_of, rests_on_updates
from tests.lib.editions import MONTH, NASTY, QUARTER, destination, edition, impossible, result, results, second

THRESHOLDS = (0, 11, 100)
EDITIONS: dict[str, Edition] = {
    "quarter": edition(),
    "month": edition(debut=MONTH.first, fin=MONTH.last, resultats=results(MONTH)),
    "second": second(edition()),
    "nasty": edition(raison_sociale=NASTY, convention=NASTY, motif_revision=NASTY, finess_ej=""),
}


def _report(given: Edition, threshold: int = 0) -> dict[str, Any]:
    report: dict[str, Any] = orjson.loads(build(given, destination("fhir", secret_en_dessous=threshold)).body)
    return report


def _groups(report: dict[str, Any]) -> dict[str, Any]:
    return {group["code"]["coding"][0]["code"]: group for group in report["group"]}


def _extensions(owner: dict[str, Any]) -> dict[str, Any]:
    return {one["url"].removeprefix("urn:dui-connector:extension:"): one for one in owner["extension"]}


@pytest.mark.parametrize("threshold", THRESHOLDS)
@pytest.mark.parametrize("name", EDITIONS)
def test_every_report_is_a_measure_report_of_r4b(name: str, threshold: int) -> None:
    """Not its shape alone: the whole resource, with its values, is accepted by fhir.resources."""
    body = build(EDITIONS[name], destination("fhir", secret_en_dessous=threshold)).body
    assert MeasureReport.model_validate_json(body).get_resource_type() == "MeasureReport"


def test_the_definition_is_a_measure_of_r4b_and_the_same_for_every_establishment() -> None:
    """One Measure per programme@version: deterministic, and pointed to by the report."""
    one, other = (definition(edition(finess_et=finess), destination("fhir")) for finess in ("970300026", "010900116"))
    assert one is not None
    assert one == other
    measure = orjson.loads(one.body)
    assert Measure.model_validate(measure).get_resource_type() == "Measure"
    assert (one.method, one.path) == ("PUT", "Measure/esms-2025-1")
    assert _report(edition())["measure"] == f"{measure['url']}|{measure['version']}"
    assert [group["code"] for group in measure["group"]] == [group["code"] for group in _report(edition())["group"]]
    assert definition(edition(), destination("adx")) is None


def test_subject_and_reporter_are_the_establishment_and_its_entity() -> None:
    """FINESS ET as a Location, FINESS EJ as an Organization; without an EJ the ET reports for itself."""
    place, entity = _report(edition())["contained"]
    assert (place["resourceType"], place["identifier"][0]["value"]) == ("Location", "970300026")
    assert (entity["resourceType"], entity["identifier"][0]["value"]) == ("Organization", "970300018")
    assert entity["identifier"][0]["type"]["coding"][0]["code"] == "FINEJ"
    alone = _report(edition(finess_ej=""))["contained"][1]["identifier"][0]
    assert (alone["type"]["coding"][0]["code"], alone["value"]) == ("FINEG", "970300026")


def test_a_score_is_a_fraction_and_only_a_ratio_exceeds_one() -> None:
    """0.9 and not 90; messages per person may be above 1; 89.96 % never reads as 90 %; the undetermined has none."""
    groups = _groups(_report(edition()))
    scores = {code: group["measureScore"]["value"] for code, group in groups.items() if "measureScore" in group}
    assert scores == {"dossiers_actifs": 0.9, "evenement_agenda": 0.0, "mssante": 1.3877}
    near = _groups(_report(edition(resultats=(result("dossiers_actifs", 89_999, 100_000),))))
    assert near["dossiers_actifs"]["measureScore"]["value"] == 0.8999


def test_what_has_no_figure_is_never_a_zero() -> None:
    """A count without a value has the reason of FHIR and ours; a denominator of 0 stays a 0."""
    groups = _groups(_report(edition()))
    unread = groups["dmp"]["population"]
    assert [population.get("count") for population in unread] == [None, None]
    assert [one["valueCode"] for one in unread[0]["_count"]["extension"]] == ["error", "source_en_erreur"]
    empty = groups["ins_qualifiee"]["population"]
    assert empty[0]["count"] == 0
    assert [one["valueCode"] for one in empty[1]["_count"]["extension"]] == ["not-applicable", "denominateur_nul"]
    absent = groups["eparcours"]["population"][0]
    assert [one["valueCode"] for one in absent["_count"]["extension"]] == ["unknown", "source_absente"]


def test_undetermined_and_not_binding_are_carried() -> None:
    """Status, reason, how many are undetermined, and the text that exempts."""
    groups = _groups(_report(edition()))
    open_ = _extensions(groups["projet_personnalise"])
    assert (open_["statut"]["valueCode"], open_["motif"]["valueCode"]) == ("indetermine", "mise_a_jour_indeterminee")
    assert open_["indetermines"]["valueInteger"] == 15
    assert "cible-atteinte" not in open_
    exempt = _extensions(groups["mssante"])
    assert exempt["opposable"]["valueBoolean"] is False
    assert exempt["reference"]["valueString"].startswith("Guyane AAP 2025, §4.2.C")


def test_a_reason_never_names_a_control_that_compares_secret_figures() -> None:
    """Under secrecy the finding itself does not leave: neither does its name, as why a revision exists."""
    named = edition(revision=2, motif_revision="contrôle bloquant levé : ecart_historique")
    for format_ in ("fhir", "adx", "dhis2", "csv"):
        told, secret = (build(named, destination(format_, secret_en_dessous=k)).body.decode() for k in (0, 11))
        assert ("ecart_historique" in told, "ecart_historique" in secret) == (True, False)


def test_a_secret_is_neither_a_zero_nor_an_absence() -> None:
    """`masked` in FHIR, the word « secret » in the flat file, named in the annotation of ADX and DHIS2."""
    hidden = edition(
        resultats=(result("dmp", 3, 40), result("ins_qualifiee", 0, 40), impossible("mssante", Motif.SOURCE_ABSENTE))
    )
    groups = _groups(_report(hidden, 11))
    reasons = [one["_count"]["extension"][0]["valueCode"] for one in groups["dmp"]["population"]]
    assert reasons == ["masked", "masked"]
    assert "measureScore" not in groups["dmp"]
    rows = build(hidden, destination("csv", secret_en_dessous=11)).body.decode().splitlines()
    figures = [row.split(";")[4:7] for row in rows[1:]]
    assert figures == [["secret", "secret", "secret"], ["0", "40", "0.0"], ["", "", ""]]
    for format_ in ("adx", "dhis2"):
        body = build(hidden, destination(format_, secret_en_dessous=11)).body.decode()
        assert "dmp_numerateur" not in body
        assert "secrets=numerateur,denominateur,cible_atteinte,taux" in body


@pytest.mark.parametrize("threshold", THRESHOLDS)
@pytest.mark.parametrize("name", EDITIONS)
def test_adx_is_valid_against_the_official_schema(name: str, threshold: int, samples: Path) -> None:
    """The loose schema of IHE, which every ADX message must meet."""
    schema = etree.XMLSchema(etree.parse(str(samples / "payloads" / "adx-schema" / "adx_loose.xsd")))
    body = build(EDITIONS[name], destination("adx", secret_en_dessous=threshold)).body
    schema.assertValid(etree.fromstring(body))


def test_adx_gives_the_true_bounds_beside_a_month() -> None:
    """The period is the last month of the window, so that no receiver snaps it to a calendar quarter."""
    group = etree.fromstring(build(edition(), destination("adx")).body)[0]
    assert dict(group.attrib) == {
        "orgUnit": "970300026",
        "period": "2025-04-01/P1M",
        "dataSet": "esms-2025",
        "debut": "2025-02-01",
        "fin": "2025-04-30",
    }


def test_adx_with_a_doctype_is_refused() -> None:
    """No entity of a stranger is ever read."""
    body = b'<!DOCTYPE adx [<!ENTITY a "b">]><adx xmlns="urn:ihe:qrph:adx:2015" exported="x"/>'
    with pytest.raises(ValueError, match=r"^XML avec DOCTYPE, refusé$"):
        parse(body, "adx")


def test_dhis2_names_the_window_in_the_element() -> None:
    """Three months are `_3M` elements of the last month; a civil month has no suffix; days are counted."""
    content = orjson.loads(build(edition(), destination("dhis2")).body)
    assert (content["period"], content["orgUnit"], content["dataSet"]) == ("202504", "970300026", "esms-2025")
    assert all(one["dataElement"].endswith("_3M") for one in content["dataValues"])
    assert suffix(MONTH.first, MONTH.last) == ""
    assert suffix(QUARTER.first, QUARTER.last) == "_3M"
    assert suffix(date(2025, 2, 28), date(2025, 5, 30)) == "_3M"
    assert suffix(date(2025, 3, 1), date(2025, 3, 17)) == "_17J"


def test_dhis2_takes_back_a_figure_that_a_revision_no_longer_has() -> None:
    """The receiver updates value by value: without this the old number would stay beside the new reason."""
    gone = second(edition(), resultats=(impossible("dossiers_actifs", Motif.SOURCE_EN_ERREUR),))
    values = {one["dataElement"]: one for one in orjson.loads(build(gone, destination("dhis2")).body)["dataValues"]}
    assert values["dossiers_actifs_numerateur_3M"] == {"dataElement": "dossiers_actifs_numerateur_3M", "deleted": True}
    assert values["transmission_revision_3M"]["value"] == "2"
    first = orjson.loads(build(edition(), destination("dhis2")).body)["dataValues"]
    assert not any("deleted" in one for one in first)


def test_a_revision_names_no_element_that_a_receiver_could_not_have() -> None:
    """DHIS2 refuses a whole import for one unknown element: what an indicator never has is not taken back either."""
    values = orjson.loads(build(edition(revision=2), destination("dhis2")).body)["dataValues"]
    taken_back = {one["dataElement"].removesuffix("_3M") for one in values if "deleted" in one}
    assert taken_back == {
        *("projet_personnalise_cible_atteinte", "dmp_numerateur", "dmp_denominateur", "dmp_cible_atteinte"),
        *("ins_qualifiee_numerateur", "eparcours_numerateur", "eparcours_cumul"),
    }


def test_dhis2_says_how_it_is_to_be_imported() -> None:
    """Codes, not uids; create and update; the query says it, so that no default of a server decides."""
    payload = build(edition(), destination("dhis2"))
    assert (payload.method, payload.content_type) == ("POST", "application/json")
    assert payload.path == "api/dataValueSets?idScheme=code&importStrategy=CREATE_AND_UPDATE"


def test_the_flat_file_starts_with_what_an_ars_loads() -> None:
    """`;`, no BOM, decimal point, fractions, ISO dates; a text that looks like a formula is made harmless."""
    body = build(edition(raison_sociale="=1+1"), destination("csv")).body
    header, first = body.decode().split("\r\n")[:2]
    assert header.startswith(
        "finess_et;debut;fin;indicateur;numerateur;denominateur;taux;assiette;programme;catalogue;"
    )
    assert first.startswith(
        "970300026;2025-02-01;2025-04-30;dossiers_actifs;180;200;0.9;accompagnees;esms-2025;1;calcule;"
    )
    assert ";'=1+1;" in first


def test_terms_are_those_of_the_catalogue() -> None:
    """What leaves says of each indicator what the engine counts."""
    forms = {Shape.PROPORTION: "proportion", Shape.RATIO: "ratio", Shape.COUNT: "cohort"}
    assert {code: form_of(code) for code in CODES} == {code: forms[one.shape] for code, one in INDICATORS.items()}
    counted = {code: one.base.value for code, one in INDICATORS.items() if one.counts_persons or code == "mssante"}
    assert {code: base_of(code, None) for code in CODES if base_of(code, None)} == counted
    updates = [code for code, one in INDICATORS.items() if one.sur_mises_a_jour]
    assert [code for code in CODES if rests_on_updates(code)] == updates
