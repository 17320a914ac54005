"""The facts of `indicators.md`: each one a set of persons of one ET, or a set of ids."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from .reference_places import Mailboxes, Places, localised
from .reference_tables import TABLES, Cells, Row, merge_rows
from .reference_text import usable_matricule

Person = tuple[str, str]  # ("ins", matricule) or ("local", id_usager)
Persons = set[Person]


@dataclass(frozen=True)
class Window:
    """`end` is the first day after it."""

    start: date
    end: date

    @property
    def last_day(self) -> date:
        return self.end - timedelta(days=1)

    def __contains__(self, day: date | None) -> bool:
        return day is not None and self.start <= day < self.end


class Population:
    """Who is known to one ET, and under which matricules."""

    def __init__(self, usagers: list[Cells], anterieurs: list[Cells]) -> None:
        self.usagers = {key[0]: row for key, row in merge_rows(usagers, "id_usager").items()}
        self.person_of = {id_usager: identity_key(row) for id_usager, row in self.usagers.items()}
        self.ids_of: dict[Person, list[str]] = defaultdict(list)
        for id_usager, person in self.person_of.items():
            self.ids_of[person].append(id_usager)
        self.carriers: dict[str, Persons] = defaultdict(set)
        for row in [*self.usagers.values(), *anterieurs]:
            matricule = matricule_of(row)
            if matricule and row["id_usager"] in self.person_of:
                self.carriers[matricule].add(self.person_of[row["id_usager"]])

    def rows_of(self, person: Person) -> list[Cells]:
        return [self.usagers[id_usager] for id_usager in self.ids_of[person]]


def matricule_of(row: Cells) -> str | None:
    return usable_matricule(row["matricule_ins"], row["oid_ins"])


def identity_key(usager: Cells) -> Person:
    matricule = matricule_of(usager)
    if matricule and usager["statut_identite"] in ("qualifiee", "recuperee"):
        return "ins", matricule
    return "local", usager["id_usager"]


class Records:
    """The good rows of every table, handed to the ET they belong to; the others are findings, and counted nowhere."""

    def __init__(self, places: Places, mailboxes: Mailboxes) -> None:
        self.places, self.mailboxes = places, mailboxes
        self.of: dict[str, dict[str, list[Cells]]] = {et: {table: [] for table in TABLES} for et in places.known}
        for table in TABLES:
            if table not in ("etablissements", "boites_mssante", "depots_dmp"):
                self.hand_out(table)
        self.population = {
            et: Population(tables["usagers"], tables["matricules_anterieurs"]) for et, tables in self.of.items()
        }
        self.hand_out("depots_dmp")

    def hand_out(self, table: str) -> None:
        for row in self.places.export.rows[table]:
            et = self.owner(table, row)
            if et is not None:
                self.of[et][table].append(localised(row, table, self.places.zone(et)))

    def owner(self, table: str, row: Row) -> str | None:
        finess = row.cells["finess_et"]
        if table == "messages_mssante" and not finess:
            return self.mailboxes.et_of(row.cells["expediteur"])
        if table == "depots_dmp" and self.places.resolve(finess) is None:
            return self.owner_by_ej(row.cells, self.places.candidates(finess))
        return self.places.resolve(finess)

    def owner_by_ej(self, depot: Cells, ets: set[str]) -> str | None:
        matricule = matricule_of(depot)
        finders = [et for et in ets if matricule and matricule in self.population[et].carriers]
        if not finders:
            finders = [et for et in ets if depot["id_usager"] in self.population[et].person_of]
        return finders[0] if len(finders) == 1 else None


class Facts:
    """The facts of one ET over one window."""

    def __init__(self, records: Records, et: str, window: Window, journal_start: date | None) -> None:
        self.tables = records.of[et]
        self.population = records.population[et]
        self.window = window
        self.journal_covers = journal_start is not None and journal_start <= window.start
        self.dossiers: dict[str, list[Cells]] = defaultdict(list)
        for row in merge_rows(self.tables["dossiers"], "id_dossier", "id_usager").values():
            self.dossiers[row["id_dossier"]].append(row)

    def stays(self, window: Window) -> dict[Person, list[Cells]]:
        """The séjours that count in a window, by person; its keys are the persons accompanied."""
        found = defaultdict(list)
        for sejour in self.tables["sejours"]:
            usager = self.population.usagers.get(sejour["id_usager"])
            if usager and usager["prestations_confort_seules"] != "oui" and stay_counts(sejour, window):
                found[self.population.person_of[sejour["id_usager"]]].append(sejour)
        return found

    def accompagnees(self) -> Persons:
        return set(self.stays(self.window))

    def eligibles(self) -> Persons:
        return {person for person in self.accompagnees() if not self.is_excluded(person)}

    def is_excluded(self, person: Person) -> bool:
        return all(row["eligible_projet"] == "non" for row in self.population.rows_of(person))

    def dernier_jour(self) -> dict[Person, date]:
        last = self.window.last_day
        return {
            person: max(min(last, sejour["date_sortie"] or last) for sejour in sejours)
            for person, sejours in self.stays(self.window).items()
        }

    def holders(self, dossier: str) -> Persons:
        """The known persons whom a dossier concerns: one, or a household."""
        ids = [row["id_usager"] for row in self.dossiers.get(dossier, [])]
        return {self.population.person_of[id_usager] for id_usager in ids if id_usager in self.population.person_of}

    def holders_of_all(self, dossiers) -> Persons:
        return set().union(*(self.holders(dossier) for dossier in dossiers))

    def dates_of(self, dossier: str, column: str) -> list[date]:
        return [row[column] for row in self.dossiers[dossier] if row[column]]

    def has_no_dates(self) -> bool:
        """There are dossiers, and nothing on any of them says when."""
        columns = ("date_creation", "date_derniere_maj")
        return bool(self.dossiers) and not any(self.dates_of(d, column) for d in self.dossiers for column in columns)

    def mis_a_jour(self) -> Persons:
        return self.holders_of_all(dossier for dossier in self.dossiers if self.is_touched(dossier))

    def is_touched(self, dossier: str) -> bool:
        if any(day in self.window for day in self.dates_of(dossier, "date_creation")):
            return True
        if dossier in self.journalled():
            return True
        return not self.journal_covers and any(
            day in self.window for day in self.dates_of(dossier, "date_derniere_maj")
        )

    def journalled(self) -> set[str]:
        return {
            entry["id_dossier"]
            for entry in self.tables["mises_a_jour"]
            if entry["origine"] == "utilisateur" and entry["horodatage"] in self.window
        }

    def indetermines(self) -> Persons:
        """The persons accompanied of whom nobody can know whether their dossier was updated in the window."""
        if self.journal_covers:
            return set()
        later = self.holders_of_all(
            dossier
            for dossier in self.dossiers
            if any(day >= self.window.end for day in self.dates_of(dossier, "date_derniere_maj"))
        )
        return (later & self.accompagnees()) - self.mis_a_jour()

    def dossiers_actifs(self) -> Persons:
        return self.mis_a_jour() & self.accompagnees()

    def avec_projet(self) -> Persons:
        judged_on = self.dernier_jour()
        return {
            person
            for projet in self.tables["projets_personnalises"]
            for person in self.holders(projet["id_dossier"])
            if person in judged_on and projet_is_valid(projet, judged_on[person])
        }

    def avec_evenement(self) -> Persons:
        return self.holders_of_all(
            event["id_dossier"]
            for event in self.tables["evenements_agenda"]
            if event["statut"] != "annule" and event["date_debut"] in self.window
        )

    def dmp_alimentes(self) -> Persons:
        return set().union(
            *(
                self.fed_by(depot)
                for depot in self.tables["depots_dmp"]
                if depot["statut"] == "succes"
                and depot["operation"] in ("depot", "remplacement")
                and depot["horodatage"] in self.window
            )
        )

    def fed_by(self, depot: Cells) -> Persons:
        by_matricule = self.population.carriers.get(matricule_of(depot) or "", set())
        if by_matricule:
            return by_matricule
        person = self.population.person_of.get(depot["id_usager"])
        return {person} if person else set()

    def documents(self) -> set[str]:
        return {
            depot["id_document"]
            for depot in self.tables["depots_dmp"]
            if depot["statut"] == "succes" and depot["operation"] == "depot" and depot["horodatage"] in self.window
        }

    def ins_qualifiees(self) -> Persons:
        return {
            person
            for person in self.population.ids_of
            if person[0] == "ins"
            and any(row["statut_identite"] == "qualifiee" for row in self.population.rows_of(person))
        }

    def has_no_identity_status(self) -> bool:
        usagers = self.population.usagers.values()
        return bool(usagers) and not any(row["statut_identite"] for row in usagers)

    def messages(self) -> set[str]:
        return {
            message["id_message"]
            for message in self.tables["messages_mssante"]
            if message["statut"] == "envoye" and message["type"] == "message" and message["horodatage"] in self.window
        }

    def ids_in_window(self, table: str, column: str) -> set[str]:
        return {row[column] for row in self.tables[table] if row["horodatage"] in self.window}


def stay_counts(sejour: Cells, window: Window) -> bool:
    if sejour["statut"] in ("annule", "attente"):
        return False
    return sejour["date_entree"] < window.end and (not sejour["date_sortie"] or sejour["date_sortie"] >= window.start)


def projet_is_valid(projet: Cells, day: date) -> bool:
    start, end = projet["date_debut"], projet["date_fin"]
    not_ended = end is None or end >= day
    if projet["statut"] == "en_preparation":
        return not_ended
    if projet["statut"] == "actif":
        return (start is None or start <= day) and not_ended
    return projet["statut"] == "termine" and start is not None and end is not None and start <= day <= end
