"""What is odd in the records: one expression per finding, giving the rows concerned.

Rule: `docs/indicateurs.md`, « Constats ». Each expression has the columns `finess_et`,
`id_usager`, `id_dossier` and `detail`; its rows are counted per ET for everyone, and listed with
their local ids only in the files that stay on site.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import ibis
import ibis.expr.types as ir

from connector.indicators.facts import Facts
from connector.indicators.records import DOSSIER, USAGER
from connector.model.period import Period, months_before
from connector.model.tables import TABLES

MASS_UPDATE_MIN = 20  # dossiers whose date has a time
_TRACE_MONTHS = 6


@dataclass(frozen=True)
class Moment:
    """When the records are looked at, and the persons of that window."""

    periode: Period
    date_mesure: date
    persons: ir.Table

    @property
    def too_late(self) -> date:
        """D + 1 year: a later date is a typing error."""
        return months_before(self.date_mesure, -12)


Expression = Callable[[Facts, Moment], ir.Table]


@dataclass(frozen=True)
class Check:
    """A finding that records show. It is looked for where its `tables` speak for the ET."""

    code: str
    tables: tuple[str, ...]
    rows: Expression


def _listed(rows: ir.Table, detail: ir.Value | str = "") -> ir.Table:
    """The four columns of a listing; an absent id is empty."""
    empty = ibis.literal("")
    return rows.select(
        finess_et=rows.finess_et,
        id_usager=rows.id_usager.fill_null("") if "id_usager" in rows.columns else empty,
        id_dossier=rows.id_dossier if "id_dossier" in rows.columns else empty,
        detail=ibis.literal(detail) if isinstance(detail, str) else detail,
    )


def _merged_identities(facts: Facts, _: Moment) -> ir.Table:
    u = facts.usagers
    shared = u.group_by("personne").agg(n=u.count()).filter(ibis._.n > 1)
    return _listed(u.semi_join(shared, "personne"))


def _malformed(facts: Facts, _: Moment) -> ir.Table:
    u = facts.usagers
    return _listed(u.filter(u.a_un_matricule & ~u.matricule_bien_forme))


def _of_test(facts: Facts, _: Moment) -> ir.Table:
    u = facts.usagers
    return _listed(u.filter(u.a_un_matricule & u.matricule_bien_forme & u.matricule.isnull()))


def _without_ins(facts: Facts, _: Moment) -> ir.Table:
    u = facts.usagers
    return _listed(u.filter(~u.a_un_matricule))


def _of_unknown_usager(table: str) -> Expression:
    def rows(facts: Facts, _: Moment) -> ir.Table:
        return _listed(facts.of_et(table).anti_join(facts.usagers, USAGER))

    return rows


def _of_unknown_dossier(table: str) -> Expression:
    def rows(facts: Facts, _: Moment) -> ir.Table:
        return _listed(facts.of_et(table).anti_join(facts.dossiers, DOSSIER))

    return rows


def _usagers_without_sejour(facts: Facts, _: Moment) -> ir.Table:
    return _listed(facts.usagers.anti_join(facts.of_et("sejours"), USAGER))


def _inverted_sejours(facts: Facts, _: Moment) -> ir.Table:
    s = facts.of_et("sejours")
    return _listed(s.filter(s.date_sortie < s.date_entree))


def _open_without_trace(facts: Facts, moment: Moment) -> ir.Table:
    """Séjours ouverts depuis plus de six mois, sans mise à jour, événement ni dépôt depuis.

    Only the persons without a trace in the window are looked at further back.
    """
    since = ibis.literal(months_before(moment.date_mesure, _TRACE_MONTHS))
    p = moment.persons
    silent = p.filter(p.accompagnee & ~p.mis_a_jour & ~p.avec_evenement & ~p.dmp_alimente).select("personne")
    s = facts.of_et("sejours")
    left_open = s.filter(
        s.date_sortie.isnull() & (s.date_entree < since) & ~s.statut.isin(["annule", "attente"]).fill_null(False)
    )
    usagers = facts.usagers.semi_join(left_open, USAGER).semi_join(silent, "personne").select(*USAGER, "personne")
    d = facts.dossiers.semi_join(usagers, USAGER)
    fresh = d.filter((d.date_creation >= since) | (d.date_derniere_maj >= since)).select(USAGER)
    for table, day in (("mises_a_jour", "horodatage"), ("evenements_agenda", "date_debut")):
        rows = facts.of_et(table)
        fresh = fresh.union(d.semi_join(rows.filter(rows[day] >= since), DOSSIER).select(USAGER))
    deposits = facts.depots_attribues(Period(months_before(moment.date_mesure, _TRACE_MONTHS), moment.date_mesure))
    fed = facts.concernees(deposits, usagers)
    return _listed(usagers.anti_join(fresh, USAGER).anti_join(fed, "personne"))


def _mass_update(facts: Facts, _: Moment) -> ir.Table:
    """Plus de la moitié d'au moins vingt dossiers datés à l'heure portent la même minute."""
    d = facts.dossiers.filter(facts.dossiers.minute_derniere_maj.notnull())
    dated = d.select("finess_et", "id_dossier", "minute_derniere_maj").distinct()
    total = dated.group_by("finess_et").agg(total=dated.id_dossier.nunique())
    per_minute = dated.group_by("finess_et", "minute_derniere_maj").agg(n=dated.id_dossier.nunique())
    both = per_minute.join(total, "finess_et")
    suspect = both.filter((both.total >= MASS_UPDATE_MIN) & (2 * both.n > both.total))
    return _listed(dated.semi_join(suspect, ["finess_et", "minute_derniere_maj"]))


def _future(table: str, *days: str) -> Expression:
    def rows(facts: Facts, moment: Moment) -> ir.Table:
        records = facts.of_et(table)
        late = [records[day] > ibis.literal(moment.too_late) for day in days]
        return _listed(records.filter(ibis.or_(*late)), table)

    return rows


def _future_messages(facts: Facts, moment: Moment) -> ir.Table:
    rows = facts.of_et("messages_mssante")
    late = rows.filter((rows.jour_0 > ibis.literal(moment.too_late)) & rows.finess_et.notnull())
    return _listed(late, "messages_mssante")


def _unanswered(facts: Facts, moment: Moment) -> ir.Table:
    """A message deferred, then sent, has both entries: it is not unknown."""
    key = ["finess_et", "id_message"]
    rows = facts.messages(moment.periode)
    rows = rows.filter((rows.type == "message") & rows.finess_et.notnull())
    settled = rows.filter(rows.statut != "inconnu").select(*key).distinct()
    unknown = rows.filter(rows.statut == "inconnu").select(*key).distinct()
    return _listed(unknown.anti_join(settled, key))


def _unmatched_deposits(facts: Facts, moment: Moment) -> ir.Table:
    rows = facts.depots(moment.periode)
    rows = rows.filter(rows.statut == "succes")
    return _listed(facts.sans_porteur(rows).anti_join(facts.usagers, USAGER))


def _failed_deposits(facts: Facts, moment: Moment) -> ir.Table:
    rows = facts.depots(moment.periode)
    failed = rows.filter(rows.statut == "echec")
    return _listed(failed, failed.code_erreur.fill_null("inconnu"))


def _contradictions(table: str) -> Expression:
    """Deux lignes d'une même clé dont un attribut diffère, vides exclus."""

    def rows(facts: Facts, _: Moment) -> ir.Table:
        key = list(TABLES[table].key)
        records = facts.of_et(table).semi_join(facts.repeated[table], key)
        attributes = [name for name in records.columns if name not in (*key, "_rang", "minute_derniere_maj")]
        grouped = records.group_by(key).agg(**{name: records[name].nunique() for name in attributes})
        return _listed(grouped.filter(ibis.or_(*[grouped[name] > 1 for name in attributes])), table)

    return rows


_ENTITIES = ("usagers", "dossiers")

CHECKS = (
    Check("mise_a_jour_massive", ("dossiers",), _mass_update),
    Check("identites_fusionnees", ("usagers",), _merged_identities),
    Check("ins_malforme", ("usagers",), _malformed),
    Check("ins_de_test", ("usagers",), _of_test),
    Check("ins_absent", ("usagers",), _without_ins),
    *(Check("attributs_contradictoires", (table,), _contradictions(table)) for table in _ENTITIES),
    Check("dossiers_orphelins", ("usagers", "dossiers"), _of_unknown_usager("dossiers")),
    Check("projets_orphelins", ("dossiers", "projets_personnalises"), _of_unknown_dossier("projets_personnalises")),
    Check("evenements_orphelins", ("dossiers", "evenements_agenda"), _of_unknown_dossier("evenements_agenda")),
    Check("mises_a_jour_orphelines", ("dossiers", "mises_a_jour"), _of_unknown_dossier("mises_a_jour")),
    Check("sejours_orphelins", ("usagers", "sejours"), _of_unknown_usager("sejours")),
    Check(
        "matricules_anterieurs_orphelins",
        ("usagers", "matricules_anterieurs"),
        _of_unknown_usager("matricules_anterieurs"),
    ),
    Check("usagers_sans_sejour", ("usagers", "sejours"), _usagers_without_sejour),
    Check("sejours_inverses", ("sejours",), _inverted_sejours),
    Check("sejours_sans_trace", ("usagers", "sejours", "dossiers"), _open_without_trace),
    Check("dates_futures", ("sejours",), _future("sejours", "date_entree", "date_sortie")),
    Check("dates_futures", ("dossiers",), _future("dossiers", "date_creation", "date_derniere_maj")),
    Check("dates_futures", ("mises_a_jour",), _future("mises_a_jour", "horodatage")),
    Check("dates_futures", ("projets_personnalises",), _future("projets_personnalises", "date_debut", "date_fin")),
    Check("dates_futures", ("evenements_agenda",), _future("evenements_agenda", "date_debut")),
    Check("dates_futures", ("messages_mssante",), _future_messages),
    Check("dates_futures", ("depots_dmp",), _future("depots_dmp", "jour_0")),
    Check("dates_futures", ("prescriptions_importees",), _future("prescriptions_importees", "horodatage")),
    Check("dates_futures", ("echanges_eparcours",), _future("echanges_eparcours", "horodatage")),
    Check("messages_sans_reponse", ("messages_mssante",), _unanswered),
    Check("depots_sans_usager", ("usagers", "depots_dmp"), _unmatched_deposits),
    Check("depots_echec", ("depots_dmp",), _failed_deposits),
)
