"""The facts of the rules about persons, each one expression beside its French sentence.

Rule: `docs/indicateurs.md`, « Faits ».
"""

from __future__ import annotations

from datetime import date

import ibis
import ibis.expr.types as ir

from connector.indicators.records import DOSSIER, USAGER, Records, within
from connector.model.period import Period, months_before


class Facts(Records):
    """What is true of each person in a window."""

    def personnes(self, periode: Period, date_mesure: date, journal: ir.Table) -> ir.Table:
        """One row per person with a séjour in the window or in the last 12 months, and its facts.

        `journal` gives, per ET, `debut`: the first day of its update journal (no row: no journal).
        """
        p = self.engine.keep("_presents", self._presents(periode, date_mesure))
        dates = self.engine.keep("_dates", self._dates_des_dossiers(periode, journal))
        updated = self._mises_a_jour(periode).union(dates.filter(dates.mis_a_jour).select("personne"))
        facts = {
            "mis_a_jour": updated,
            "plus_tard": dates.filter(dates.plus_tard).select("personne"),
            "avec_projet": self._avec_projet(p),
            "avec_evenement": self._avec_evenement(periode),
            "dmp_alimente": self.dmp_alimentes(periode),
        }
        # Each set is kept before the next is computed: one join at a time is all that memory has to hold.
        kept = {name: self.engine.keep(f"_{name}", persons) for name, persons in facts.items()}
        marked = p.mutate(**{name: p.personne.isin(persons.personne) for name, persons in kept.items()})
        return marked.mutate(indetermine=marked.plus_tard & ~marked.mis_a_jour).drop("plus_tard")

    def _presents(self, periode: Period, date_mesure: date) -> ir.Table:
        """Personnes accompagnées : au moins un séjour valable qui chevauche la période.

        `dernier_jour` est le plus tardif des min(L, date_sortie ou L) de ces séjours.
        """
        last = ibis.literal(periode.last)
        year = Period(months_before(date_mesure, 12), date_mesure)
        sejours = self.of_et("sejours")
        valid = sejours.filter(~sejours.statut.isin(["annule", "attente"]).fill_null(False))
        stays = valid.select(*USAGER, "date_entree", "date_sortie")
        rows = self.usagers.left_join(stays, USAGER).drop("finess_et_right", "id_usager_right")
        present = (~rows.confort & _overlaps(rows, periode)).fill_null(False)
        rows = rows.mutate(
            present=present,
            present_12=(~rows.confort & _overlaps(rows, year)).fill_null(False),
            jusqu_a=present.ifelse(ibis.least(ibis.coalesce(rows.date_sortie, last), last), ibis.null("date")),
            est_qualifie=(rows.sure & (rows.statut_identite == "qualifiee")).fill_null(False),
        )
        grouped = rows.group_by("personne").agg(
            finess_et=rows.finess_et.arbitrary(),
            accompagnee=rows.present.any(),
            accompagnee_12_mois=rows.present_12.any(),
            dernier_jour=rows.jusqu_a.max(),
            eligible=rows.eligible.any(),
            qualifiee=rows.est_qualifie.any(),
        )
        return grouped.filter(grouped.accompagnee | grouped.accompagnee_12_mois)

    def _mises_a_jour(self, periode: Period) -> ir.Table:
        """Mis à jour selon le journal : au moins une entrée d'origine utilisateur dans la période."""
        entries = self.of_et("mises_a_jour")
        by_user = (entries.origine != "systeme").fill_null(True)
        entered = entries.filter(within(entries.horodatage, periode) & by_user)
        return self.liens.semi_join(entered, DOSSIER).select("personne")

    def _dates_des_dossiers(self, periode: Period, journal: ir.Table) -> ir.Table:
        """Mis à jour selon les dates : un dossier de la personne créé dans la période, ou, quand le journal ne
        couvre pas la période (début ≤ a), `date_derniere_maj` dans la période. Plus tard : après la période.

        Une date portée par une ligne d'un dossier vaut pour toutes les personnes du dossier.
        """
        d = self.dossiers
        created = within(d.date_creation, periode).fill_null(False)
        updated = within(d.date_derniere_maj, periode).fill_null(False)
        later = (d.date_derniere_maj >= ibis.literal(periode.end)).fill_null(False)
        told = d.filter(created | updated | later).select(*DOSSIER, cree=created, maj=updated, apres=later)
        told = told.left_join(journal, "finess_et").drop("finess_et_right")
        covered = (told.debut <= ibis.literal(periode.first)).fill_null(False)
        told = told.select(*DOSSIER, mis_a_jour=told.cree | (~covered & told.maj), plus_tard=~covered & told.apres)
        return self.liens.join(told, DOSSIER).select("personne", "mis_a_jour", "plus_tard")

    def _avec_evenement(self, periode: Period) -> ir.Table:
        """Avec événement : au moins un événement d'agenda non annulé qui commence dans la période."""
        events = self.of_et("evenements_agenda")
        kept = (events.statut != "annule").fill_null(True)
        planned = events.filter(within(events.date_debut, periode) & kept)
        return self.liens.semi_join(planned, DOSSIER).select("personne")

    def _avec_projet(self, presents: ir.Table) -> ir.Table:
        """Avec projet : un projet valide au dernier jour V de la personne accompagnée.

        En préparation sans fin avant V ; actif, commencé et non fini à V (dates vides admises) ;
        terminé si V est entre ses deux dates. Jamais suspendu ni abandonné.
        """
        projets = self.of_et("projets_personnalises")
        possible = projets.filter(projets.statut.isin(["en_preparation", "actif", "termine"]))
        rows = possible.join(self.liens, DOSSIER).select("personne", "statut", "date_debut", "date_fin")
        here = presents.filter(presents.accompagnee).select("personne", v="dernier_jour")
        rows = rows.join(here, "personne")
        started = rows.date_debut.isnull() | (rows.date_debut <= rows.v)
        unfinished = rows.date_fin.isnull() | (rows.date_fin >= rows.v)
        valid = (
            ((rows.statut == "en_preparation") & unfinished)
            | ((rows.statut == "actif") & started & unfinished)
            | ((rows.statut == "termine") & (rows.date_debut <= rows.v) & (rows.date_fin >= rows.v)).fill_null(False)
        )
        return rows.filter(valid).select("personne")

    def dmp_alimentes(self, periode: Period) -> ir.Table:
        """DMP alimentés : au moins un dépôt ou remplacement réussi dans la période."""
        depots = self.depots(periode)
        fed = depots.filter((depots.statut == "succes") & depots.operation.isin(["depot", "remplacement"]))
        return self.concernees(fed)


def _overlaps(sejours: ir.Table, periode: Period) -> ir.Value:
    first, end = ibis.literal(periode.first), ibis.literal(periode.end)
    return (sejours.date_entree < end) & (sejours.date_sortie.isnull() | (sejours.date_sortie >= first))
