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
        a, b = ibis.literal(periode.first), ibis.literal(periode.end)
        # Each step is kept: joins of two tables at a time leave the engine no bad order to choose.
        presents = self.engine.keep("_presents", self._presents(periode, date_mesure))
        suivi = self.engine.keep("_suivi", self._suivi(a, b, journal))
        here = presents.filter(presents.accompagnee).select("personne", v="dernier_jour")
        judged = self.engine.keep("_juges", self.liens.join(here, "personne").select(*DOSSIER, "personne", "v"))
        joined = presents
        for facts in (suivi, self._avec_projet(judged), self.dmp_alimentes(periode)):
            joined = joined.left_join(facts, "personne").drop("personne_right")
        updated = joined.mis_a_jour.fill_null(False)
        return joined.mutate(
            mis_a_jour=updated,
            indetermine=joined.plus_tard.fill_null(False) & ~updated,
            avec_projet=joined.avec_projet.fill_null(False),
            avec_evenement=joined.avec_evenement.fill_null(False),
            dmp_alimente=joined.dmp_alimente.fill_null(False),
        ).drop("plus_tard")

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
            est_qualifie=(rows.cle.notnull() & (rows.statut_identite == "qualifiee")).fill_null(False),
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

    def _suivi(self, a: ir.Value, b: ir.Value, journal: ir.Table) -> ir.Table:
        """Mis à jour : un dossier de la personne créé dans la période, ou mis à jour pendant elle.

        Journal qui couvre (début ≤ a) : au moins une entrée d'origine utilisateur dans la période.
        Sinon : une telle entrée, ou `date_derniere_maj` dans la période.
        """
        d = self.dossiers
        dates = d.group_by(DOSSIER).agg(
            cree=within(d.date_creation, a, b).any(),
            maj=within(d.date_derniere_maj, a, b).any(),
            apres=(d.date_derniere_maj >= b).fill_null(False).any(),
        )
        entries = self.of_et("mises_a_jour")
        entered = (
            entries.filter(within(entries.horodatage, a, b) & (entries.origine != "systeme").fill_null(True))
            .select(DOSSIER)
            .distinct()
            .mutate(entree=True)
        )
        events = self.of_et("evenements_agenda")
        planned = (
            events.filter(within(events.date_debut, a, b) & (events.statut != "annule").fill_null(True))
            .select(DOSSIER)
            .distinct()
            .mutate(evenement=True)
        )
        joined = dates.left_join(entered, DOSSIER).drop("finess_et_right", "id_dossier_right")
        joined = joined.left_join(planned, DOSSIER).drop("finess_et_right", "id_dossier_right")
        joined = joined.left_join(journal, "finess_et").drop("finess_et_right")
        covered = (joined.debut <= a).fill_null(False)
        by_dossier = joined.select(
            *DOSSIER,
            touche=joined.cree | joined.entree.fill_null(False) | (~covered & joined.maj),
            plus_tard=~covered & joined.apres,
            evenement=joined.evenement.fill_null(False),
        )
        rows = self.liens.join(by_dossier, DOSSIER)
        return rows.group_by("personne").agg(
            mis_a_jour=rows.touche.any(), plus_tard=rows.plus_tard.any(), avec_evenement=rows.evenement.any()
        )

    def _avec_projet(self, judged: ir.Table) -> ir.Table:
        """Avec projet : un projet valide au dernier jour V de la personne.

        En préparation sans fin avant V ; actif, commencé et non fini à V (dates vides admises) ;
        terminé si V est entre ses deux dates. Jamais suspendu ni abandonné.
        `judged` : les dossiers des personnes accompagnées, avec `v`.
        """
        projets = self.of_et("projets_personnalises")
        possible = projets.filter(projets.statut.isin(["en_preparation", "actif", "termine"]))
        rows = possible.join(judged, DOSSIER).select("personne", "v", "statut", "date_debut", "date_fin")
        started = rows.date_debut.isnull() | (rows.date_debut <= rows.v)
        unfinished = rows.date_fin.isnull() | (rows.date_fin >= rows.v)
        valid = (
            ((rows.statut == "en_preparation") & unfinished)
            | ((rows.statut == "actif") & started & unfinished)
            | ((rows.statut == "termine") & (rows.date_debut <= rows.v) & (rows.date_fin >= rows.v)).fill_null(False)
        )
        return rows.filter(valid).select("personne").distinct().mutate(avec_projet=True)

    def dmp_alimentes(self, periode: Period) -> ir.Table:
        """DMP alimentés : au moins un dépôt ou remplacement réussi dans la période."""
        depots = self.depots(periode)
        fed = depots.filter((depots.statut == "succes") & depots.operation.isin(["depot", "remplacement"]))
        fed = self.engine.keep("_depots_reussis", fed.select("finess_et", "matricule", "id_usager").distinct())
        return self.personnes_des_depots(fed).select("personne").distinct().mutate(dmp_alimente=True)


def _overlaps(sejours: ir.Table, periode: Period) -> ir.Value:
    first, end = ibis.literal(periode.first), ibis.literal(periode.end)
    return (sejours.date_entree < end) & (sejours.date_sortie.isnull() | (sejours.date_sortie >= first))
