"""Small nasty sites drawn from a seed, for comparing two evaluators; and their writing as pivot files."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from .cases_files import break_some, deal
from .cases_plan import UNKNOWN_FINESS, Draw, Et, Plan, Raw, new_plan, valid_matricule
from .reference_tables import TABLES
from .reference_text import shift_months

ZONES = ("", "", "", "Pacific/Wallis", "America/Cayenne", "Indian/Reunion", "Europe/Paris")
SECTORS = ("pa", "ph", "domicile", "pds", "ase", "autre", "")
FAR_AWAY = "9999-12-31"  # what some software writes for « no date »
SHARED_BOX, UNKNOWN_BOX = "partage@groupe.mssante.fr", "inconnu@ailleurs.mssante.fr"


@dataclass
class Case:
    sources: list[dict[str, list[Raw]]]
    settings: dict[str, dict]
    programme: str
    date_mesure: date
    premiere_mesure: bool
    fenetre: str | None


def random_case(seed: int) -> Case:
    """The same site for the same seed, whatever the machine."""
    plan = new_plan(Draw(seed))
    for et in plan.ets:
        for fill in (fill_usagers, fill_anterieurs, fill_sejours, fill_dossiers, fill_journal, fill_projets):
            fill(plan, et)
        for fill in (fill_evenements, fill_messages, fill_depots, fill_exchanges):
            fill(plan, et)
    for fill in (fill_etablissements, fill_boites, fill_couverture, break_some):
        fill(plan)
    request, sources = plan.request, deal(plan)
    return Case(
        sources, plan.settings, request.programme, request.date_mesure, request.premiere_mesure, request.fenetre
    )


def fill_etablissements(plan: Plan) -> None:
    draw = plan.draw
    sectors = draw.choice((SECTORS, SECTORS, ("pjm",), ("pjm", "pjm", "pa", ""), ("ahi",), ("ahi", "pa")))
    projets = draw.choice((("P1",), ("P1", "P2", ""), ("",)))
    for et in plan.ets:
        if draw.chance(0.97):
            plan.add("etablissements", et, **etablissement(plan, et, sectors, projets))
        if draw.chance(0.1):
            other = etablissement(plan, et, SECTORS, projets)
            plan.add("etablissements", et, **{name: value for name, value in other.items() if draw.chance(0.6)})


def etablissement(plan: Plan, et: Et, sectors: Sequence[str], projets: Sequence[str]) -> Raw:
    draw = plan.draw
    start = plan.request.window.start
    journal = draw.choice((start - timedelta(days=1), start, start + timedelta(days=1), plan.edge()))
    return {
        "finess_ej": et.ej and draw.choice((et.ej, et.ej, et.ej, "1" + et.ej)),
        "raison_sociale": "Résidence « Les Flamboyants » ; site A",
        "secteur": plan.code(*sectors),
        "eligible_sons": plan.code("oui", "non", "non", ""),
        "fuseau": draw.choice(ZONES),
        "projet": draw.choice(projets),
        "type_projet": draw.choice(("acquisition", "Évolution", "")),
        "date_convention": plan.instant(plan.edge()) if draw.chance(0.7) else "",
        "journal_depuis": plan.instant(journal) if draw.chance(0.25) else "",
    }


def fill_usagers(plan: Plan, et: Et) -> None:
    draw = plan.draw
    et.usagers = [f"u{number}" for number in range(1, draw.choice((0, 1, 2, 3, 4, 5, 6, 7, 8, 8)) + 1)]
    with_status = draw.chance(0.95)
    for id_usager in et.usagers:
        for _ in range(2 if draw.chance(0.12) else 1):
            plan.add("usagers", et, id_usager=id_usager, **usager(plan, with_status))


def usager(plan: Plan, with_status: bool) -> Raw:
    draw = plan.draw
    own = draw.choice(plan.matricules) if draw.chance(0.3) else valid_matricule(draw)
    status = "qualifiee" if draw.chance(0.6) else draw.choice(("provisoire", "recuperee", "validee", "", "fictive"))
    return {
        "matricule_ins": plan.matricule(own) if draw.chance(0.8) else "",
        "oid_ins": plan.oid(),
        "statut_identite": plan.code(status) if with_status else "",
        "eligible_projet": plan.code("oui", "", "", "", "", "non"),
        "prestations_confort_seules": plan.code("non", "", "", "", "", "", "", "oui"),
    }


def fill_anterieurs(plan: Plan, et: Et) -> None:
    for id_usager in [*et.usagers, "u-inconnu"]:
        if plan.draw.chance(0.12):
            former = plan.matricule(plan.draw.choice(plan.matricules))
            plan.add("matricules_anterieurs", et, id_usager=id_usager, matricule_ins=former, oid_ins=plan.oid())


def fill_sejours(plan: Plan, et: Et) -> None:
    draw = plan.draw
    for id_usager in [*et.usagers, "u-inconnu"]:
        for _ in range(draw.choice((0, 1, 1, 1, 2, 2))):
            usual = plan.good() and draw.chance(0.6)
            statut = draw.choice(("actif", "termine", "") if usual else ("actif", "termine", "", "annule", "attente"))
            entree = plan.edge() if not usual and draw.chance(0.5) else shift_months(plan.edge(), -12)
            stays = draw.chance(0.7 if usual else 0.3)
            sortie = draw.choice(("", "", "", FAR_AWAY)) if stays else plan.instant(plan.edge())
            cells = {
                "statut": plan.code(statut),
                "date_entree": "" if statut in ("annule", "attente") and draw.chance(0.5) else plan.instant(entree),
                "date_sortie": sortie,
            }
            plan.add("sejours", et, id_usager=id_usager, **cells)


def fill_dossiers(plan: Plan, et: Et) -> None:
    """A dossier each, sometimes none or written twice, sometimes one for a whole household."""
    draw = plan.draw
    dated, later = draw.chance(0.93), draw.chance(0.4)
    for number, id_usager in enumerate([*et.usagers, "u-inconnu"]):
        own = [f"d{number + 1}"] * draw.choice((0, 1, 1, 1, 1, 1, 1, 1, 2))
        for id_dossier in own + (["d1"] if draw.chance(0.15) else []):
            et.dossiers.append(id_dossier)
            dates = dossier_dates(plan, later) if dated else {}
            plan.add("dossiers", et, id_dossier=id_dossier, id_usager=id_usager, **dates)


def dossier_dates(plan: Plan, later: bool) -> Raw:
    """`later`: the last update may stand after the window, where it hides those within."""
    draw = plan.draw
    touched = plan.day()
    if later and draw.chance(0.4):
        touched = plan.request.window.end + timedelta(days=draw.choice((-1, 0, 0, 1, 9)))
    return {
        "date_creation": plan.instant(plan.edge()) if draw.chance(0.5) else "",
        "date_derniere_maj": plan.instant(touched) if draw.chance(0.85) else "",
    }


def fill_journal(plan: Plan, et: Et) -> None:
    """Nothing, a journal that starts too late, or one that covers the window."""
    draw, start = plan.draw, plan.request.window.start
    kind = draw.choice(("none", "late", "covering", "covering"))
    if kind == "covering":
        first = plan.instant(start - timedelta(days=draw.choice((0, 0, 1, 30))))
        origine = plan.code("systeme", "", "utilisateur")
        plan.add("mises_a_jour", et, id_dossier="d-ancien", horodatage=first, origine=origine)
    for id_dossier in et.dossiers:
        if kind != "none" and draw.chance(0.8):
            day = plan.day() if kind == "covering" else max(plan.day(), start + timedelta(days=2))
            origine = plan.code("utilisateur", "utilisateur", "", "", "systeme")
            plan.add("mises_a_jour", et, id_dossier=id_dossier, horodatage=plan.instant(day), origine=origine)


def fill_projets(plan: Plan, et: Et) -> None:
    draw = plan.draw
    usual = ("actif", "en_preparation")
    statuses = (*usual, "suspendu", "termine", "termine", "termine", "abandonne")
    ends = [row["date_sortie"] for row in plan.rows["sejours"] if row["date_sortie"]]
    turns = [*ends, plan.request.window.last_day.isoformat()]
    for id_dossier in [*et.dossiers, "d-inconnu"]:
        if plan.good() or draw.chance(0.7):
            start = plan.instant(plan.request.year.start if plan.good() else plan.edge())
            cells = {
                "statut": plan.code(*(usual if plan.good() and draw.chance(0.8) else statuses)),
                "date_debut": draw.choice(("", start, start, start, draw.choice(turns))),
                "date_fin": draw.choice(("", "", plan.instant(plan.edge()), draw.choice(turns))),
            }
            plan.add("projets_personnalises", et, id_dossier=id_dossier, **cells)


def fill_evenements(plan: Plan, et: Et) -> None:
    for id_dossier in [*et.dossiers, "d-inconnu"]:
        if plan.good() or plan.draw.chance(0.6):
            statut = plan.code("realise", "planifie", "") if plan.good() else plan.code("annule")
            day = plan.instant(plan.day())
            plan.add("evenements_agenda", et, id_dossier=id_dossier, date_debut=day, statut=statut)


def fill_messages(plan: Plan, et: Et) -> None:
    draw = plan.draw
    senders = (et.box, et.box, et.box.upper(), f" {et.box} ", SHARED_BOX, UNKNOWN_BOX, f"autre{et.box}")
    naming = draw.chance(0.4)
    for number in range(draw.choice((0, 1, 2, 4, 8))):
        named = draw.choice(("", plan.finess(et), et.ej, UNKNOWN_FINESS if draw.chance(0.2) else "")) if naming else ""
        plan.add(
            "messages_mssante",
            None,
            id_message=f"m{number}-{draw.choice((et.finess, 'commun'))}",
            finess_et=named,
            expediteur="" if named and draw.chance(0.4) else draw.choice(senders),
            horodatage=plan.instant(plan.day()),
            statut=plan.code("envoye") if plan.good() else plan.code("envoye", "echec", "inconnu", "recu"),
            type=plan.code("", "message") if plan.good() else plan.code("message", "accuse", "test"),
        )


def fill_boites(plan: Plan) -> None:
    draw, boites = plan.draw, {}
    sharing = draw.chance(0.3)
    for et in plan.ets:
        place = draw.choice(("table", "table", "table", "settings", "domain", "nowhere"))
        if place == "table":
            plan.add("boites_mssante", et, adresse=draw.choice((et.box, et.box.upper(), f" {et.box}")))
        elif place == "settings":
            boites[draw.choice((et.box, et.box.title()))] = et.finess
        elif place == "domain":
            boites["@" + et.box.partition("@")[2]] = draw.choice(et.names)
        if sharing:
            plan.add("boites_mssante", et, adresse=SHARED_BOX)
    if draw.chance(0.1):
        plan.add("boites_mssante", None, adresse=UNKNOWN_BOX, finess_et=UNKNOWN_FINESS)
    if boites:
        plan.settings["boites"] = boites


def fill_depots(plan: Plan, et: Et) -> None:
    """Deposits that name the ET or its EJ, and the person by matricule, by a former one, by local id, or not at all."""
    draw = plan.draw
    carried = [row["matricule_ins"] for row in plan.rows["usagers"] + plan.rows["matricules_anterieurs"]]
    by_ej = et.ej and draw.chance(0.5)
    for number, id_usager in enumerate([*et.usagers, "u8", "u-inconnu"]):
        matricule = draw.choice([*carried, ""]) if draw.chance(0.8) else plan.matricule(draw.choice(plan.matricules))
        plan.add(
            "depots_dmp",
            None,
            finess_et=et.ej if by_ej and draw.chance(0.5) else plan.finess(et),
            id_document=f"doc{draw.choice((number, 1))}",
            horodatage=plan.instant(plan.day()),
            matricule_ins=matricule if draw.chance(0.6) else "",
            oid_ins=plan.oid(),
            id_usager=id_usager if draw.chance(0.8) else "",
            operation=plan.code("", "", "remplacement") if plan.good() else plan.code("depot", "suppression"),
            statut=plan.code("succes") if plan.good() else plan.code("succes", "echec", "inconnu"),
        )


def fill_exchanges(plan: Plan, et: Et) -> None:
    for table, column in (("prescriptions_importees", "id_prescription"), ("echanges_eparcours", "id_echange")):
        for _ in range(plan.draw.choice((0, 1, 3))):
            cells = {column: f"x{plan.draw.randrange(4)}", "horodatage": plan.instant(plan.day())}
            plan.add(table, et, **cells)


def fill_couverture(plan: Plan) -> None:
    """Which tables speak for an ET even where no row names it."""
    if plan.draw.chance(0.1):
        table = plan.draw.choice(("messages_mssante", "messages_mssante", "depots_dmp", "dossiers", "mises_a_jour"))
        plan.settings["couverture"] = {table: [et.finess for et in plan.ets if plan.draw.chance(0.7)]}


def write_pivot(case_source: dict[str, list[Raw]], folder: Path) -> None:
    """One source as a folder of pivot CSV files."""
    folder.mkdir(parents=True, exist_ok=True)
    for table, rows in case_source.items():
        header = list(dict.fromkeys(name for row in rows for name in row)) or list(TABLES[table])
        with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, header, delimiter=";", restval="")
            writer.writeheader()
            writer.writerows(rows)
