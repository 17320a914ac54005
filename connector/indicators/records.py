"""The rows of a snapshot once each has its ET, and each usager its person.

Rule: `docs/indicateurs.md`, « Identité » and « Faits » for deposits and messages;
`docs/sources.md`, « Chaque FINESS ». A person of an ET has a number, `personne`, given by the
first of its usagers rows; every expression compares local dates and keys only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from connector.indicators.engine import Engine
from connector.model.ins import PRODUCTION_OIDS
from connector.model.period import Period
from connector.model.tables import TABLES, day_columns

USAGER = ["finess_et", "id_usager"]
DOSSIER = ["finess_et", "id_dossier"]


@dataclass(frozen=True)
class Attribution:
    """How the rows of a run find their ET.

    `renamed`: FINESS as given → ET, where they differ. `candidates`: EJ → its known ETs, where
    only a deposit's person can tell. `zone_index`: ET → rank of its zone in the snapshot.
    `mailboxes`: HMAC of an address or « @domaine » → its ETs.
    """

    renamed: Mapping[str, str]
    candidates: Mapping[str, tuple[str, ...]]
    zone_index: Mapping[str, int]
    mailboxes: Mapping[str, frozenset[str]]
    set_aside: frozenset[tuple[str, int]] = frozenset()  # (ET, rank of a source) whose messages do not count


class Records:
    """Entities merged, persons numbered, deposits and messages attributed."""

    def __init__(self, engine: Engine, attribution: Attribution, zones: int) -> None:
        self.engine = engine
        self._attribution = attribution
        self._zones = zones
        self._depots: dict[Period, ir.Table] = {}
        self.repeated: dict[str, ir.Table] = {}  # keys that several rows of an entity table share
        self._renamed = self._renaming()
        self._owners = self._mailboxes()
        self._ejs = self._pairs("_ej", "ej", ((ej, et) for ej, ets in attribution.candidates.items() for et in ets))
        self._fuseaux = self._time_zones()
        self.usagers = engine.keep("_usagers", self._usagers())
        self.dossiers = engine.keep("_dossiers", self._dossiers())
        self.porteurs = self._porteurs()

    def _renaming(self) -> ir.Table | None:
        """(`finess_donne`, `et`) : the FINESS that stand for another number, if any."""
        renamed = self._attribution.renamed
        return self._pairs("_renommages", "finess_donne", renamed.items()) if renamed else None

    def _pairs(self, name: str, first: str, pairs: Iterable[tuple[str, str]]) -> ir.Table:
        known = list(pairs)
        columns = {
            first: pa.array([one for one, _ in known], pa.string()),
            "et": pa.array([et for _, et in known], pa.string()),
        }
        return self.engine.load(name, columns)

    def _mailboxes(self) -> ir.Table:
        """(`boite`, `et`, `n`) : the ET of a mailbox declared for `n` ETs."""
        boxes = sorted((box, min(ets), len(ets)) for box, ets in self._attribution.mailboxes.items() if ets)
        return self.engine.load(
            "_boites",
            {
                "boite": pa.array([box for box, _, _ in boxes], pa.string()),
                "et": pa.array([et for _, et, _ in boxes], pa.string()),
                "n": pa.array([n for _, _, n in boxes], pa.int64()),
            },
        )

    def _time_zones(self) -> ir.Table:
        """(`et`, `fuseau`) : the rank, in the snapshot, of the time zone of each ET."""
        ranks = self._attribution.zone_index
        columns = {"et": pa.array(ranks.keys(), pa.string()), "fuseau": pa.array(ranks.values(), pa.int64())}
        return self.engine.load("_fuseaux", columns)

    def of_et(self, table: str) -> ir.Table:
        """Rows of a table with `finess_et` replaced by the ET that it stands for."""
        rows = self.engine.table(table)
        if self._renamed is None:
            return rows
        joined = rows.left_join(self._renamed, rows.finess_et == self._renamed.finess_donne)
        return joined.mutate(finess_et=ibis.coalesce(joined.et, joined.finess_et)).drop("finess_donne", "et")

    def _merged(self, table: str) -> ir.Table:
        """Rows of one key are one: each attribute keeps its first non-empty value."""
        rows = self.of_et(table)
        key = list(TABLES[table].key)
        repeated = self.engine.keep(
            f"_doubles_{table}", rows.group_by(key).agg(n=ibis._.count()).filter(ibis._.n > 1).select(key)
        )
        self.repeated[table] = repeated
        if not self.engine.count(repeated):
            return rows
        firsts = {
            name: rows[name].argmin(rows._rang, where=rows[name].notnull())
            for name in rows.columns
            if name not in (*key, "_rang")
        }
        return rows.group_by(key).agg(**firsts, _rang=rows._rang.min())

    # ------------------------------------------------------------------ identity

    def _usagers(self) -> ir.Table:
        """Clé d'identité : le matricule utilisable d'une identité qualifiée ou récupérée, sinon l'identifiant local."""
        rows = self._merged("usagers")
        usable = rows.matricule.notnull() & rows.matricule_bien_forme & _of_production(rows.oid_ins)
        sure = usable & rows.statut_identite.isin(["qualifiee", "recuperee"]).fill_null(False)
        known = rows.select(
            "finess_et",
            "id_usager",
            "statut_identite",
            "matricule_bien_forme",
            "_rang",
            cle=sure.ifelse(rows.matricule, ibis.null("string")),
            matricule=usable.ifelse(rows.matricule, ibis.null("string")),
            a_un_matricule=rows.matricule.notnull(),
            eligible=(rows.eligible_projet != "non").fill_null(True),
            confort=(rows.prestations_confort_seules == "oui").fill_null(False),
        )
        return self._numbered(known)

    def _numbered(self, usagers: ir.Table) -> ir.Table:
        """Deux usagers d'un établissement qui ont la même clé d'identité sont une seule personne.

        La clé ne sert qu'à cela : `sure` dit ensuite qui en a une.
        """
        sure = usagers.filter(usagers.cle.notnull())
        groups = sure.group_by("finess_et", "cle").agg(n=sure.count(), premier=sure._rang.min())
        shared = self.engine.keep("_cles_partagees", groups.filter(groups.n > 1).drop("n"))
        if not self.engine.count(shared):
            return usagers.mutate(personne=usagers._rang, sure=usagers.cle.notnull()).drop("_rang", "cle")
        joined = usagers.left_join(shared, ["finess_et", "cle"])
        joined = joined.mutate(personne=ibis.coalesce(joined.premier, joined._rang), sure=joined.cle.notnull())
        return joined.drop("finess_et_right", "cle_right", "_rang", "premier", "cle")

    def _dossiers(self) -> ir.Table:
        """Les dossiers, avec la `personne` que chacun concerne (vide : usager inconnu)."""
        rows = self._merged("dossiers")
        dates = ("date_creation", "date_derniere_maj", "minute_derniere_maj")
        known = rows.select(*DOSSIER, "id_usager", *dates)
        return known.left_join(self.usagers.select(*USAGER, "personne"), USAGER).drop(
            "finess_et_right", "id_usager_right"
        )

    @property
    def liens(self) -> ir.Table:
        """(`finess_et`, `id_dossier`, `personne`) : chaque dossier avec les personnes qu'il concerne."""
        return self.dossiers.filter(self.dossiers.personne.notnull()).select(*DOSSIER, "personne")

    # ------------------------------------------------------------------ DMP

    def depots(self, periode: Period) -> ir.Table:
        """`depots_attribues` without documents nor days, which few read, computed once and kept."""
        if periode not in self._depots:
            name = f"_depots_{periode.first}_{periode.end}"
            self._depots[periode] = self.engine.keep(name, self.depots_attribues(periode).drop("id_document", "jour"))
        return self._depots[periode]

    def depots_attribues(self, periode: Period) -> ir.Table:
        """Deposits of the window, each with its ET where one can be told.

        Columns: `finess_et`, `id_document`, `statut`, `matricule` (usable or null), `id_usager`,
        `operation`, `code_erreur`, `jour`.
        """
        rows = _around(self._deposits(), periode)
        if self._attribution.candidates:
            rows = self._of_ej(rows)
        rows = self._dated(rows)
        kept = rows.filter(within(rows.jour, periode))
        return kept.select(
            "finess_et",
            "id_document",
            "statut",
            "matricule",
            "id_usager",
            operation=ibis.coalesce(kept.operation, "depot"),
            code_erreur=kept.code_erreur,
            jour=kept.jour,
        )

    def _deposits(self) -> ir.Table:
        rows = self.of_et("depots_dmp")
        usable = rows.matricule.notnull() & rows.matricule_bien_forme & _of_production(rows.oid_ins)
        return rows.mutate(matricule=usable.ifelse(rows.matricule, ibis.null("string")))

    def _porteurs(self) -> ir.Table:
        """(`finess_et`, `matricule`, `personne`) : qui porte ou a porté chaque matricule utilisable."""
        u = self.usagers
        present = u.filter(u.matricule.notnull()).select("finess_et", "matricule", "personne")
        if not self.engine.count(self.engine.table("matricules_anterieurs")):
            return present
        former = self.of_et("matricules_anterieurs")
        former = former.filter(former.matricule_bien_forme & _of_production(former.oid_ins))
        carried = former.select(*USAGER, "matricule").join(u.select(*USAGER, "personne"), USAGER)
        return self.engine.keep("_porteurs", present.union(carried.select("finess_et", "matricule", "personne")))

    def concernees(self, depots: ir.Table, parmi: ir.Table | None = None) -> ir.Table:
        """(`personne`) : qui ces dépôts concernent, par leur matricule, sinon par leur `id_usager`.

        `parmi` : quelques usagers, quand les autres n'importent pas.
        """
        carriers = self.porteurs if parmi is None else self.porteurs.semi_join(parmi, "personne")
        by_matricule = carriers.semi_join(depots, ["finess_et", "matricule"])
        identified = depots.filter(depots.id_usager.notnull())
        by_id = (self.usagers if parmi is None else parmi).semi_join(self.sans_porteur(identified), USAGER)
        return by_matricule.select("personne").union(by_id.select("personne"))

    def personnes_des_depots(self, depots: ir.Table) -> ir.Table:
        """Each deposit with the persons it concerns, see `concernees`.

        Keeps the columns of `depots` and adds `personne`; a deposit that matches nobody is left out.
        """
        named = depots.filter(depots.matricule.notnull())
        by_matricule = named.join(self.porteurs, ["finess_et", "matricule"]).select(*depots.columns, "personne")
        u = self.usagers.select("finess_et", "id_usager", "personne")
        by_id = self.sans_porteur(depots).join(u, USAGER).select(*depots.columns, "personne")
        return by_matricule.union(by_id)

    def sans_porteur(self, depots: ir.Table) -> ir.Table:
        """The deposits whose matricule nobody of the ET carries, or that have none."""
        return depots.anti_join(self.porteurs, ["finess_et", "matricule"])

    def _of_ej(self, rows: ir.Table) -> ir.Table:
        """A deposit of an EJ goes to its only ET that carries the matricule, else to the only one that has the id."""
        ejs = self._ejs
        carriers = self.porteurs.select("finess_et", "matricule").distinct()
        by_matricule = _only_et(ejs.join(carriers, ejs.et == carriers.finess_et), ["ej", "matricule"])
        ids = self.usagers.select("finess_et", "id_usager").distinct()
        by_id = _only_et(ejs.join(ids, ejs.et == ids.finess_et), ["ej", "id_usager"])
        rows = rows.left_join(
            by_matricule, (rows.finess_et == by_matricule.ej) & (rows.matricule == by_matricule.matricule)
        ).select(*[rows[name] for name in rows.columns], et_matricule=by_matricule.et, n_matricule=by_matricule.n)
        rows = rows.left_join(by_id, (rows.finess_et == by_id.ej) & (rows.id_usager == by_id.id_usager)).select(
            *[rows[name] for name in rows.columns], et_id=by_id.et, n_id=by_id.n
        )
        carried = rows.n_matricule.notnull()
        found = ibis.cases(
            (carried & (rows.n_matricule == 1), rows.et_matricule),
            (~carried & (rows.n_id == 1), rows.et_id),
        )
        known = list(self._attribution.candidates)
        settled = rows.finess_et.isin(known).ifelse(ibis.coalesce(found, rows.finess_et), rows.finess_et)
        return rows.mutate(finess_et=settled).drop("et_matricule", "n_matricule", "et_id", "n_id")

    # ------------------------------------------------------------------ MSSanté

    def messages(self, periode: Period | None = None) -> ir.Table:
        """Messages, of a window when one is given, with their ET: their own FINESS, else the only ET of their mailbox.

        Columns: `finess_et` (null: none), `id_message`, `jour`, `statut`, `type`.
        """
        found = self._attributed(periode)
        if self._attribution.set_aside:
            found = found.anti_join(self._set_aside(), ["finess_et", "rang_source"])
        dated = self._dated(found.select("finess_et", "id_message", "statut", "type", *day_columns(self._zones)))
        dated = dated.select("finess_et", "id_message", "statut", "type", "jour")
        return dated.filter(within(dated.jour, periode)) if periode else dated

    def messages_set_aside(self) -> ir.Table:
        """(`finess_et`, `n`) : the messages of another kind of source than the one that the settings keep."""
        rows = self._attributed(None).semi_join(self._set_aside(), ["finess_et", "rang_source"])
        return rows.group_by("finess_et").agg(n=rows.count())

    def _set_aside(self) -> ir.Table:
        pairs = sorted(self._attribution.set_aside)
        columns = {
            "finess_et": pa.array([et for et, _ in pairs], pa.string()),
            "rang_source": pa.array([rank for _, rank in pairs], pa.int64()),
        }
        return self.engine.load("_ecartes", columns)

    def _attributed(self, periode: Period | None) -> ir.Table:
        """Messages with their ET, around a window when one is given."""
        rows = self.of_et("messages_mssante")
        rows = _around(rows, periode) if periode else rows
        rows = rows.mutate(
            boite_seule=rows.finess_et.isnull().ifelse(rows.expediteur, ibis.null("string")),
            domaine_seul=rows.finess_et.isnull().ifelse("@" + rows.domaine, ibis.null("string")),
        )
        found = rows.left_join(self._owners, rows.boite_seule == self._owners.boite).drop("boite")
        if any(box.startswith("@") for box in self._attribution.mailboxes):
            domains = self._owners.rename(domaine_de="boite", et_domaine="et", n_domaine="n")
            both = found.left_join(domains, found.domaine_seul == domains.domaine_de)
            by_address = both.n.notnull()  # an address is asked before its domain
            found = both.mutate(et=by_address.ifelse(both.et, both.et_domaine), n=ibis.coalesce(both.n, both.n_domaine))
        owner = (found.n == 1).ifelse(found.et, ibis.null("string"))
        return found.mutate(finess_et=ibis.coalesce(found.finess_et, owner), type=ibis.coalesce(found.type, "message"))

    def unattributed_messages(self) -> ir.Table:
        """(`expediteur`, `domaine`, `n`) : messages without FINESS, per mailbox that has not one ET.

        Receipts apart: most come from the mail servers themselves, which nobody declares.
        """
        rows = self.of_et("messages_mssante")
        alone = rows.filter(rows.finess_et.isnull() & (rows.type != "accuse").fill_null(True))
        owned = self._owners.filter(self._owners.n == 1)
        lost = alone.anti_join(owned, alone.expediteur == owned.boite)
        return lost.group_by("expediteur", "domaine").agg(n=lost.count())

    def ets_des_depots_d_ej(self) -> set[str]:
        """The ETs to which a person attributes a deposit of their EJ: their deposits are given, if only so."""
        ejs = sorted(self._attribution.candidates)
        if not ejs:
            return set()
        deposits = self._deposits()
        rows = self._of_ej(deposits.filter(deposits.finess_et.isin(ejs)))
        return {row["finess_et"] for row in self.engine.rows(rows.select("finess_et").distinct())} - set(ejs)

    def unattributed_deposits(self, ejs: Sequence[str]) -> ir.Table:
        """Deposits of an EJ that no person attributes to one of its ETs."""
        rows = self._of_ej(self._deposits())
        return rows.filter(rows.finess_et.isin(list(ejs)))

    def _dated(self, rows: ir.Table) -> ir.Table:
        """Rows with `jour`, their local date in the zone of their ET, among those that the lake keeps."""
        if self._zones == 1:
            return rows.rename(jour="jour_0")
        zoned = rows.left_join(self._fuseaux, rows.finess_et == self._fuseaux.et).drop("et")
        others = [(zoned.fuseau == rank, zoned[f"jour_{rank}"]) for rank in range(1, self._zones)]
        return zoned.mutate(jour=ibis.cases(*others, else_=zoned.jour_0)).drop("fuseau")


def _around(rows: ir.Table, periode: Period) -> ir.Table:
    """Rows that may be in the window in some zone: the local dates of one instant differ by two days at most."""
    margin = timedelta(days=2)
    return rows.filter(within(rows.jour_0, Period(periode.first - margin, periode.end + margin)))


def _of_production(oid: ir.Value) -> ir.Value:
    return oid.isnull() | oid.isin(sorted(PRODUCTION_OIDS))


def within(day: ir.Value, periode: Period) -> ir.BooleanValue:
    """Whether a date is in the window; unknown without a date."""
    return (day >= ibis.literal(periode.first)) & (day < ibis.literal(periode.end))


def _only_et(rows: ir.Table, key: list[str]) -> ir.Table:
    return rows.group_by(key).agg(et=rows.et.min(), n=rows.et.nunique())
