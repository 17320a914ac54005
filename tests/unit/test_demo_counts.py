"""The numerators and denominators that each ET of the demo promises, counted again by plain loops."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from connector.demo.organisation import EtData, Organisation
from connector.model.ins import PRODUCTION_OIDS, is_well_formed, normalise_matricule
from connector.model.period import months_before
from connector.model.tables import TABLES

MESURE = date(2025, 4, 1)
Row = dict[str, str]


class Facts:
    """The facts of one ET by plain loops over its rows, as `indicators.md` states them.

    Only what the demo can hold: one ET at a time, mailboxes and EJ of this ET alone.
    """

    def __init__(self, et: EtData, mesure: date = MESURE) -> None:
        self.et, self.fin, self.debut = et, mesure, months_before(mesure, 3)
        self.rows = {table: list(et.dicts(table)) for table in TABLES}
        self.cle = {usager: self._cle(rows) for usager, rows in self._by("usagers", "id_usager").items()}
        self.accompagnees = self._accompagnees()
        self.dossiers = self._by("dossiers", "id_dossier")
        self.a_jour, self.indetermines = self._mis_a_jour()
        self.actifs = self.a_jour & self.accompagnees.keys()

    def day(self, text: str) -> date:
        if len(text) == 10:
            return date.fromisoformat(text)
        moment = datetime.fromisoformat(text)
        zone = ZoneInfo(self.rows["etablissements"][0]["fuseau"] or self.et.zone.key)
        return moment.astimezone(zone).date() if moment.tzinfo else moment.date()

    def inside(self, text: str) -> bool:
        return bool(text) and self.debut <= self.day(text) < self.fin

    def _by(self, table: str, column: str) -> dict[str, list[Row]]:
        groups: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows[table]:
            groups[row[column]].append(row)
        return groups

    @staticmethod
    def _usable(row: Row) -> str:
        matricule = normalise_matricule(row["matricule_ins"])
        known = not row["oid_ins"] or row["oid_ins"] in PRODUCTION_OIDS
        return matricule if known and is_well_formed(matricule) else ""

    def _cle(self, rows: list[Row]) -> str:
        """Of two conflicting rows the first value holds."""
        statut = next((row["statut_identite"] for row in rows if row["statut_identite"]), "")
        matricule = next((self._usable(row) for row in rows if row["matricule_ins"]), "")
        return matricule if matricule and statut in {"qualifiee", "recuperee"} else f"local {rows[0]['id_usager']}"

    def _accompagnees(self) -> dict[str, date]:
        """Each accompanied person with the last day on which it was there."""
        confort = {row["id_usager"] for row in self.rows["usagers"] if row["prestations_confort_seules"] == "oui"}
        people: dict[str, date] = {}
        for row in self.rows["sejours"]:
            usager, sortie = row["id_usager"], row["date_sortie"]
            if row["statut"] in {"annule", "attente"} or usager in confort or usager not in self.cle:
                continue
            if self.day(row["date_entree"]) < self.fin and (not sortie or self.day(sortie) >= self.debut):
                last = self.fin - timedelta(days=1)
                day = min(last, self.day(sortie)) if sortie else last
                key = self.cle[usager]
                people[key] = max(people.get(key, day), day)
        return people

    def people(self, dossier: str) -> set[str]:
        return {self.cle[row["id_usager"]] for row in self.dossiers.get(dossier, []) if row["id_usager"] in self.cle}

    def _mis_a_jour(self) -> tuple[set[str], set[str]]:
        journal = self.rows["mises_a_jour"]
        declared = self.rows["etablissements"][0]["journal_depuis"]
        starts = [declared] if declared else [row["horodatage"] for row in journal]
        covers = bool(starts) and min(self.day(text) for text in starts) <= self.debut
        done, unknown = set(), set()
        for row in journal:
            if row["origine"] != "systeme" and self.inside(row["horodatage"]):
                done |= self.people(row["id_dossier"])
        for row in self.rows["dossiers"]:
            people, derniere = self.people(row["id_dossier"]), row["date_derniere_maj"]
            if self.inside(row["date_creation"]) or (not covers and self.inside(derniere)):
                done |= people
            if not covers and derniere and self.day(derniere) >= self.fin:
                unknown |= people
        return done, unknown - done

    def avec_projet(self) -> set[str]:
        return {
            person
            for row in self.rows["projets_personnalises"]
            for person in self.people(row["id_dossier"])
            if person in self.accompagnees and self._valid(row, self.accompagnees[person])
        }

    def _valid(self, row: Row, jour: date) -> bool:
        debut = self.day(row["date_debut"]) if row["date_debut"] else None
        fin = self.day(row["date_fin"]) if row["date_fin"] else None
        match row["statut"]:
            case "en_preparation":
                return fin is None or fin >= jour
            case "actif":
                return (debut is None or debut <= jour) and (fin is None or fin >= jour)
            case "termine":
                return debut is not None and fin is not None and debut <= jour <= fin
        return False

    def avec_evenement(self) -> set[str]:
        return {
            person
            for row in self.rows["evenements_agenda"]
            if row["statut"] != "annule" and self.inside(row["date_debut"])
            for person in self.people(row["id_dossier"])
        }

    def eligibles(self) -> set[str]:
        rows: dict[str, list[str]] = defaultdict(list)
        for row in self.rows["usagers"]:
            rows[self.cle[row["id_usager"]]].append(row["eligible_projet"])
        return {key for key in self.accompagnees if any(value != "non" for value in rows[key])}

    def dmp(self) -> set[str]:
        bearers: dict[str, set[str]] = defaultdict(set)
        for row in (*self.rows["usagers"], *self.rows["matricules_anterieurs"]):
            bearers[self._usable(row)].add(self.cle[row["id_usager"]])
        fed: set[str] = set()
        for row in self.rows["depots_dmp"]:
            if row["statut"] == "succes" and row["operation"] != "suppression" and self.inside(row["horodatage"]):
                by_ins = bearers[self._usable(row)] if self._usable(row) else set()
                fed |= by_ins or ({self.cle[row["id_usager"]]} if row["id_usager"] in self.cle else set())
        return fed & self.eligibles()

    def messages(self) -> int | None:
        owners: dict[str, set[str]] = defaultdict(set)
        for row in self.rows["boites_mssante"]:
            owners[row["adresse"].strip().casefold()].add(row["finess_et"])
        me = {self.et.finess_et}
        named = any(row["finess_et"] for row in self.rows["messages_mssante"])
        if not named and me not in owners.values():
            return None
        return len({row["id_message"] for row in self.rows["messages_mssante"] if self._counts(row, owners)})

    def _counts(self, row: Row, owners: dict[str, set[str]]) -> bool:
        sent = row["statut"] == "envoye" and row["type"] in {"", "message"} and self.inside(row["horodatage"])
        by_box = owners.get(row["expediteur"].strip().casefold(), set())
        return sent and ({row["finess_et"]} if row["finess_et"] else by_box) == {self.et.finess_et}

    def ins(self) -> set[str]:
        rows = self.rows["usagers"]
        qualified = {self.cle[r["id_usager"]] for r in rows if r["statut_identite"] == "qualifiee" and self._usable(r)}
        return qualified & self.accompagnees.keys()

    def distinct(self, table: str, column: str) -> int:
        return len({row[column] for row in self.rows[table] if self.inside(row["horodatage"])})

    def results(self) -> dict[str, tuple[int, int | None] | None]:
        actifs, eligibles, messages = len(self.actifs), len(self.eligibles()), self.messages()
        return {
            "dossiers_actifs": (actifs, len(self.accompagnees)),
            "projet_personnalise": (len(self.avec_projet() & self.actifs), actifs),
            "evenement_agenda": (len(self.avec_evenement() & self.actifs), actifs),
            "mssante": None if messages is None else (messages, eligibles),
            "dmp": (len(self.dmp()), eligibles),
            "ins_qualifiee": (len(self.ins()), len(self.accompagnees)),
            "dui_actifs": (actifs, None),
            "eprescription": (self.distinct("prescriptions_importees", "id_prescription"), None),
            "eparcours": (self.distinct("echanges_eparcours", "id_echange"), None),
        }


# Rank: (numerator, denominator) of the five indicators that have a target, in their order.
DEFAULT_DEMO: dict[int, tuple[tuple[int, int] | None, ...]] = {
    0: ((27, 30), (25, 27), (26, 27), (21, 30), (21, 30)),
    1: ((10, 10), (9, 10), (9, 10), (7, 10), (7, 10)),
    2: ((58, 60), (55, 58), (57, 58), (83, 58), (47, 58)),
    3: ((26, 30), (23, 26), (23, 26), (20, 30), (20, 30)),
    4: ((17, 20), (16, 17), (16, 17), (15, 20), (13, 20)),
    5: ((20, 25), (18, 20), (15, 20), None, (10, 25)),
    6: ((37, 40), (34, 37), (35, 37), (6, 40), (3, 40)),
    7: ((28, 30), (26, 28), (27, 28), (22, 29), (22, 29)),
}
TARGETS = {"dossiers_actifs": 90, "projet_personnalise": 90, "evenement_agenda": 90, "mssante": 70, "dmp": 70}


@pytest.mark.parametrize("graine", [1, 2, 2025])
def test_every_et_has_the_counts_it_promises(graine: int) -> None:
    """Numerators and denominators are exact by construction, for the designed ETs and for the drawn ones."""
    for et in Organisation(graine, 40).iter_etablissements():
        facts = Facts(et)
        assert facts.results() == et.attendu, et.rank
        assert len(facts.indetermines & facts.accompagnees.keys()) == et.design.indetermines


@pytest.mark.parametrize("mesure", [date(2025, 5, 31), date(2024, 2, 29), date(2025, 10, 1), date(2026, 1, 1)])
def test_the_counts_hold_at_any_measure_date(mesure: date) -> None:
    """Month ends, leap days and changes of offset change nothing."""
    for et in Organisation(7, 12, date_mesure=mesure).iter_etablissements():
        assert Facts(et, mesure).results() == et.attendu, et.rank


@pytest.mark.parametrize("usagers", [1, 2, 3, 200])
def test_the_counts_hold_for_any_size(usagers: int) -> None:
    """An ET may have one usager or hundreds."""
    for rank in range(8, 20):
        et = Organisation(11, 20, usagers).etablissement(rank)
        assert Facts(et).results() == et.attendu, rank


def test_the_default_demo_stands_on_both_sides_of_each_target() -> None:
    """The eight designed ETs have these very figures, whatever the seed."""
    for et in Organisation(3).iter_etablissements():
        results = Facts(et).results()
        assert tuple(results[code] for code in TARGETS) == DEFAULT_DEMO[et.rank]


def test_rates_of_the_first_two_ets_are_exactly_the_target() -> None:
    """27/30, 9/10, 21/30 and 7/10: 100 × numerator equals target × denominator."""
    assert _exact(0) == ["dossiers_actifs", "mssante", "dmp"]
    assert _exact(1) == ["projet_personnalise", "evenement_agenda", "mssante", "dmp"]


def _exact(rank: int) -> list[str]:
    pairs = zip(TARGETS.items(), DEFAULT_DEMO[rank], strict=True)
    return [code for (code, target), pair in pairs if pair and 100 * pair[0] == target * pair[1]]


def test_the_fourth_et_misses_each_target_by_one_person() -> None:
    """One more person, or one more message, and the target is reached."""
    for code, pair in zip(TARGETS, DEFAULT_DEMO[3], strict=True):
        assert pair is not None
        assert 100 * pair[0] < TARGETS[code] * pair[1] <= 100 * (pair[0] + 1)


def test_the_fifth_et_cannot_know_whether_it_reaches_the_target() -> None:
    """No journal, two dossiers updated since the measure date: 17/20 at worst, 19/20 at best."""
    facts = Facts(Organisation(3).etablissement(4))
    unknown = facts.indetermines & facts.accompagnees.keys()
    assert not facts.rows["mises_a_jour"]
    assert (len(unknown), len(unknown & facts.avec_projet()), len(unknown & facts.avec_evenement())) == (2, 0, 2)
