"""The demo organisation: reproducible, well keyed, lawful in the pivot format, faulty where it says so."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, datetime, timedelta

import pytest

from connector.demo.organisation import EtData, Organisation
from connector.demo.values import MAX_ETABLISSEMENTS, finess_ej, finess_et
from connector.model.finess import has_valid_key, normalise_finess, zone_of
from connector.model.ins import PRODUCTION_OIDS, is_well_formed, normalise_matricule
from connector.model.tables import TABLES, Kind

DEMO = Organisation(1)
FAULTY = 7
INSTANT = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?)?")


def column(et: EtData, table: str, name: str) -> list[str]:
    return [row[name] for row in et.dicts(table)]


def test_an_et_never_depends_on_how_many_there_are() -> None:
    """ET n of a large organisation is ET n of a small one, drawn alone or in turn."""
    large = Organisation(5, 30)
    for et in Organisation(5, 12).iter_etablissements():
        assert et == large.etablissement(et.rank)


def test_another_seed_is_another_organisation() -> None:
    """The seed decides of every number."""
    assert Organisation(1).etablissement(0).tables != Organisation(2).etablissement(0).tables


def test_ets_come_one_at_a_time() -> None:
    """The last of 40 000 ETs costs no more than the first, and the first comes at once."""
    assert next(Organisation(1, 40_000).iter_etablissements()).rank == 0
    assert Organisation(1, 40_000).etablissement(39_999).tables["usagers"]


@pytest.mark.parametrize(("etablissements", "usagers"), [(-1, 50), (MAX_ETABLISSEMENTS + 1, 50), (8, 0), (8, 3000)])
def test_an_organisation_too_large_for_its_numbers_is_refused(etablissements: int, usagers: int) -> None:
    """Beyond these sizes two ETs, or two persons, would share a number."""
    with pytest.raises(ValueError, match="to"):
        Organisation(1, etablissements, usagers)


def test_finess_numbers_are_distinct_and_well_keyed() -> None:
    """Every ET and every EJ has a FINESS of its own, with the right Luhn key."""
    ranks = range(12_000)
    ets, ejs = [finess_et(4, rank) for rank in ranks], {finess_ej(4, rank) for rank in ranks}
    assert len(set(ets) | ejs) == len(ets) + len(ejs)
    for finess in (*ets, *ejs):
        assert normalise_finess(finess) == finess
        assert has_valid_key(finess)


def test_the_first_ets_meet_the_difficult_prefixes() -> None:
    """A leading 0, a letter, and two zones that are not Paris."""
    prefixes = [et.finess_et[:2] for et in DEMO.iter_etablissements()]
    assert prefixes[:2] == ["01", "2A"]
    assert [et.zone.key for et in DEMO.iter_etablissements()][2:4] == ["America/Cayenne", "Indian/Mayotte"]
    assert all(et.zone.key == zone_of(et.finess_et) for et in DEMO.iter_etablissements())


def test_matricules_are_distinct_and_well_keyed() -> None:
    """Apart from the planted faults, a matricule has its key and belongs to one usager."""
    matricules = [number for et in Organisation(6, 20).iter_etablissements() for number in _numbers(et)]
    assert all(is_well_formed(number) for number in matricules)
    assert len(set(matricules)) == len(matricules)
    assert {number[5:7] for number in matricules} >= {"2A", "2B"}


def _numbers(et: EtData) -> list[str]:
    if et.design.fautes:
        return []
    return [number for number in column(et, "usagers", "matricule_ins") if number]


def test_several_ets_share_a_legal_entity() -> None:
    """An EJ holds up to three ETs, as large associations do."""
    holders = Counter(et.finess_ej for et in DEMO.iter_etablissements())
    assert sorted(holders.values()) == [2, 3, 3]


def test_every_value_is_lawful_in_the_pivot_format() -> None:
    """Required columns are filled, codes are in their list, dates are ISO 8601."""
    for et in Organisation(8, 25).iter_etablissements():
        for name, table in TABLES.items():
            for row in et.dicts(name):
                for column in table.columns:
                    _check(name, row, column.name)


def _check(table: str, row: dict[str, str], name: str) -> None:
    column, value = TABLES[table].by_name[name], row[name]
    if not value:
        optional = name == "date_entree" and row["statut"] in {"attente", "annule"}
        assert optional or not column.required, (table, row)
    elif column.kind is Kind.CODE:
        assert value in column.codes
    elif column.kind is Kind.DATE:
        assert INSTANT.fullmatch(value), (table, row)
        datetime.fromisoformat(value)
    elif column.kind is Kind.FINESS:
        assert normalise_finess(value) == value


def test_the_lone_pjm_and_the_ahi_without_sons_may_be_exempt() -> None:
    """The pjm ET is alone in its project; the ahi one is not eligible to SONS and has no mailbox."""
    fiches = [next(et.dicts("etablissements")) for et in DEMO.iter_etablissements()]
    pjm, ahi = fiches[6], fiches[5]
    assert (pjm["secteur"], [fiche["projet"] for fiche in fiches].count(pjm["projet"])) == ("pjm", 1)
    assert (ahi["secteur"], ahi["eligible_sons"]) == ("ahi", "non")
    boxes = {finess for et in DEMO.iter_etablissements() for finess in column(et, "boites_mssante", "finess_et")}
    assert ahi["finess_et"] not in boxes
    assert not any(column(DEMO.etablissement(5), "messages_mssante", "finess_et"))


def test_the_faulty_et_has_wrong_identities() -> None:
    """A matricule shared by two usagers, one malformed, one of test, one typed with blanks."""
    rows = list(DEMO.etablissement(FAULTY).dicts("usagers"))
    numbers = {row["id_usager"]: normalise_matricule(row["matricule_ins"]) for row in rows if row["matricule_ins"]}
    assert max(Counter(numbers.values()).values()) == 2
    assert any(not is_well_formed(number) for number in numbers.values())
    assert any(row["oid_ins"] and row["oid_ins"] not in PRODUCTION_OIDS for row in rows)
    assert any(" " in row["matricule_ins"] for row in rows)


def test_the_faulty_et_has_orphans_and_inverted_stays() -> None:
    """Rows that point nowhere, and a stay that ends before it starts."""
    et = DEMO.etablissement(FAULTY)
    usagers, dossiers = set(column(et, "usagers", "id_usager")), set(column(et, "dossiers", "id_dossier"))
    assert not set(column(et, "dossiers", "id_usager")) <= usagers
    assert not set(column(et, "sejours", "id_usager")) <= usagers
    for table in ("mises_a_jour", "projets_personnalises", "evenements_agenda"):
        assert not set(column(et, table, "id_dossier")) <= dossiers
    assert any(row["date_sortie"] and row["date_sortie"] < row["date_entree"] for row in et.dicts("sejours"))


def test_the_faulty_et_shares_a_mailbox_and_a_dossier() -> None:
    """A mailbox declared for two ETs, a household whose dossier has two usagers."""
    et = DEMO.etablissement(FAULTY)
    assert max(Counter(column(et, "boites_mssante", "adresse")).values()) == 2
    assert max(Counter(column(et, "dossiers", "id_dossier")).values()) == 2


def test_the_faulty_et_has_events_on_awkward_days() -> None:
    """After the exit, on both sides of each change of clocks, and years ahead."""
    et = DEMO.etablissement(FAULTY)
    events = column(et, "evenements_agenda", "date_debut")
    assert {"2025-03-30T01:59:59+01:00", "2025-03-30T03:00:00+02:00"} <= set(events)
    assert {"2024-10-27T02:59:59+02:00", "2024-10-27T02:00:00+01:00"} <= set(events)
    assert max(events) > (date(2025, 4, 1) + timedelta(days=365)).isoformat()
    usager_of = {row["id_dossier"]: row["id_usager"] for row in et.dicts("dossiers")}
    exits = {row["id_usager"]: row["date_sortie"] for row in et.dicts("sejours") if row["date_sortie"] >= "2025-01-01"}
    assert any(
        row["date_debut"][:10] > exits.get(usager_of.get(row["id_dossier"], ""), "9999")
        for row in et.dicts("evenements_agenda")
        if row["date_debut"] < "2025-04-01"
    )


def test_journals_are_full_short_or_absent() -> None:
    """Of 40 ETs some have a journal from before the window, some one that started in it, some none."""
    kinds = {_journal(et) for et in Organisation(1, 40).iter_etablissements()}
    assert kinds == {"declare", "aucun", "plein", "court"}


def _journal(et: EtData) -> str:
    if any(column(et, "etablissements", "journal_depuis")):
        return "declare"
    start = min((text[:10] for text in column(et, "mises_a_jour", "horodatage")), default="")
    if not start:
        return "aucun"
    return "plein" if start < "2024-12-31" else "court"


def test_no_update_date_looks_like_a_mass_update() -> None:
    """Never do half of 20 dossiers share a minute: the demo must not be held for that."""
    for et in Organisation(9, 30).iter_etablissements():
        minutes = Counter(text[:16] for text in column(et, "dossiers", "date_derniere_maj") if len(text) > 10)
        assert max(minutes.values(), default=0) < 10
