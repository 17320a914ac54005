"""The lists that stay on site: which local records to look at to reach the target, and why.

They hold local ids, so they are written under `local/` only, and never sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import ibis
import ibis.expr.types as ir

from connector.indicators.checks import Check
from connector.indicators.evaluate import Site, WindowMeasure
from connector.indicators.findings import speaks
from connector.model.result import WorkItem

CLOSED_DMP = "DMPClosed"


def worklist(site: Site, window: WindowMeasure, examined: Sequence[tuple[Check, ir.Table]]) -> Iterator[WorkItem]:
    """Every line of every list of the ETs of a window, in no particular order."""
    inside = set(window.ets)
    lists = [
        ("dossiers_a_mettre_a_jour", ("usagers", "sejours", "dossiers"), _to_update(site, window)),
        *((name, ("usagers", "sejours", "depots_dmp"), rows) for name, rows in _dmp_lists(site, window)),
        *((check.code, check.tables, odd) for check, odd in examined),
    ]
    for name, tables, rows in lists:
        for item in _items(site, name, rows):
            if (
                (item.id_usager or item.id_dossier)
                and item.finess_et in inside
                and speaks(site, tables, item.finess_et)
            ):
                yield item


def _items(site: Site, name: str, rows: ir.Table) -> Iterator[WorkItem]:
    for batch in site.facts.engine.batches(rows.select("finess_et", "id_usager", "id_dossier", "detail")):
        columns = [column.to_pylist() for column in batch.columns]
        for finess_et, id_usager, id_dossier, detail in zip(*columns, strict=True):
            yield WorkItem(finess_et or "", name, id_usager or "", id_dossier or "", detail or "")


def _to_update(site: Site, window: WindowMeasure) -> ir.Table:
    """Personnes accompagnées dont aucun dossier n'est mis à jour dans la période."""
    p = window.persons
    late = p.filter(p.accompagnee & ~p.mis_a_jour).select("personne", "indetermine")
    usagers = site.facts.usagers.select("finess_et", "personne", "id_usager")
    d = site.facts.dossiers.select("finess_et", "id_usager", "id_dossier")
    rows = late.join(usagers, "personne")
    rows = rows.left_join(d, ["finess_et", "id_usager"]).drop("finess_et_right", "id_usager_right")
    reason = ibis.cases(
        (rows.id_dossier.isnull(), "aucun dossier"),
        (rows.indetermine, "mise à jour après la période : à vérifier"),
        else_="aucune mise à jour dans la période",
    )
    return rows.select("finess_et", "id_usager", id_dossier=rows.id_dossier.fill_null(""), detail=reason)


def _dmp_lists(site: Site, window: WindowMeasure) -> Iterator[tuple[str, ir.Table]]:
    """Personnes éligibles dont le DMP n'est pas alimenté, selon ce qui l'a empêché."""
    p = window.persons
    missing = p.filter(p.accompagnee & p.eligible & ~p.dmp_alimente).select("personne", "qualifiee")
    depots = site.facts.depots(window.periode)
    failed = depots.filter(depots.statut == "echec")
    known = site.facts.personnes_des_depots(failed)
    closed = known.code_erreur.contains(CLOSED_DMP).fill_null(False)
    known = known.mutate(ferme=closed, code_ferme=closed.ifelse(known.code_erreur, ibis.null(str)))
    refusals = known.group_by("personne").agg(
        ferme=ibis._.ferme.any(), code=ibis.coalesce(ibis._.code_ferme.min(), ibis._.code_erreur.min())
    )
    rows = missing.left_join(refusals, "personne").drop("personne_right")
    rows = rows.join(site.facts.usagers.select("finess_et", "personne", "id_usager"), "personne")
    refused = rows.ferme.notnull()
    reasons = {
        "dmp_sans_ins": ~rows.qualifiee,
        "dmp_ferme": rows.qualifiee & refused & rows.ferme,
        "dmp_echec": rows.qualifiee & refused & ~rows.ferme,
        "dmp_jamais_depose": rows.qualifiee & ~refused,
    }
    for name, condition in reasons.items():
        kept = rows.filter(condition)
        yield name, kept.select("finess_et", "id_usager", id_dossier=ibis.literal(""), detail=kept.code.fill_null(""))
