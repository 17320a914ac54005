"""The sheets that list what surrounds the figures: findings, ceilings, sources, ETs, and how to read."""

from __future__ import annotations

from collections.abc import Sequence

from connector.model.result import Measure
from connector.reports.labels import (
    INDICATORS,
    PRIVACY,
    SECTEURS,
    SEVERITIES,
    SEVERITY_ORDER,
    State,
    ceiling_text,
    finding_words,
)
from connector.reports.overview import columns as indicator_columns
from connector.reports.overview import tallies
from connector.reports.text import day
from connector.reports.xlsx_cells import DATE, FINESS, NAME, Column, Kind, Row, Sheet, names_of, rate_of

_FINDINGS = (
    DATE, FINESS, NAME, Column("Gravité", Kind.TEXT, 13), Column("Code", Kind.TEXT, 26),
    Column("Nombre", Kind.INTEGER, 9), Column("Constat", Kind.WRAPPED, 60), Column("Que faire", Kind.WRAPPED, 60),
)  # fmt: skip
_CEILINGS = (
    DATE, FINESS, NAME, Column("Indicateur", Kind.TEXT, 24), Column("Possibles", Kind.INTEGER),
    Column("Dénominateur", Kind.INTEGER), Column("Taux possible", Kind.PERCENT), Column("Il manque", Kind.INTEGER),
    Column("Explication", Kind.WRAPPED, 80),
)  # fmt: skip
_SOURCES = (
    DATE, Column("Source", Kind.TEXT, 40), Column("Adaptateur", Kind.TEXT, 18), Column("Table", Kind.TEXT, 26),
    Column("Lignes", Kind.INTEGER), Column("Empreinte", Kind.TEXT, 74),
)  # fmt: skip
_ESTABLISHMENTS = (
    FINESS, NAME, Column("FINESS EJ", Kind.TEXT, 11), Column("Catégorie", Kind.TEXT),
    Column("Département", Kind.TEXT, 20), Column("Secteur", Kind.TEXT, 32),
    Column("Éligible SONS", Kind.TEXT), Column("Projet", Kind.TEXT, 24), Column("Fuseau horaire", Kind.TEXT, 20),
    Column("Date de convention", Kind.DATE), Column("Date de VSR", Kind.DATE), Column("Journal depuis", Kind.DATE),
    Column("Logiciel DUI", Kind.TEXT, 20), Column("FINESS confirmé", Kind.TEXT),
)  # fmt: skip
_READ_ME = (Column("Sujet", Kind.WRAPPED, 34), Column("Explication", Kind.WRAPPED, 110))


def findings(measures: Sequence[Measure]) -> Sheet:
    rows: list[Row] = []
    for measure in measures:
        names = names_of(measure)
        for one in sorted(measure.constats, key=lambda one: (SEVERITY_ORDER[one.kind.severity], one)):
            start = [measure.date_mesure, one.finess_et, names.get(one.finess_et, "")]
            rows.append([*start, SEVERITIES[one.kind.severity], one.code, one.count, *finding_words(one)])
    return Sheet("Constats", _FINDINGS, rows)


def ceilings(measures: Sequence[Measure]) -> Sheet:
    rows: list[Row] = []
    for measure in measures:
        names = names_of(measure)
        for one in sorted(measure.plafonds, key=lambda one: (one.finess_et, one.indicateur)):
            start = [measure.date_mesure, one.finess_et, names.get(one.finess_et, ""), INDICATORS[one.indicateur].short]
            rate = rate_of(one.possibles, one.denominateur)
            rows.append([*start, one.possibles, one.denominateur, rate, one.manquants, ceiling_text(one)])
    return Sheet("Plafonds", _CEILINGS, rows)


def sources(measures: Sequence[Measure]) -> Sheet:
    rows: list[Row] = [
        [measure.date_mesure, source.nom, source.adaptateur, table, lines, source.empreinte]
        for measure in measures
        for source in measure.sources
        for table, lines in sorted(source.lignes.items()) or [("", 0)]
    ]
    return Sheet("Sources", _SOURCES, rows)


def establishments(measure: Measure) -> Sheet:
    rows: list[Row] = [
        [
            et.finess_et, et.raison_sociale, et.finess_ej, et.categorie, et.departement,
            SECTEURS.get(et.secteur, et.secteur), et.eligible_sons, et.projet, et.zone, et.date_convention,
            et.date_vsr, et.journal_depuis, et.logiciel_dui,
            et.confirme,
        ]
        for et in sorted(measure.etablissements, key=lambda et: et.finess_et)
    ]  # fmt: skip
    return Sheet("Établissements", _ESTABLISHMENTS, rows, frozen=2)


def read_me(measures: Sequence[Measure]) -> Sheet:
    last = measures[-1]
    rows: list[Row] = [
        ["Confidentialité", PRIVACY],
        ["Programme", f"{last.programme}, version {last.catalogue}"],
        ["Dates de mesure", ", ".join(day(measure.date_mesure) for measure in measures)],
        [
            "Taux",
            "Tronqués à une décimale : 89,96 % s'écrit 89,9 %, jamais 90,0 %. La cible est jugée sur les entiers.",
        ],
        ["Période", "Du premier au dernier jour inclus ; la date de mesure n'est jamais comptée."],
        [
            "Non calculable",
            "Une donnée nécessaire manque : absent ne vaut pas zéro. La colonne « Motif » dit laquelle.",
        ],
        ["Indéterminée", "Les données ne permettent pas de savoir si la cible est atteinte."],
        ["Non opposable", "Un texte dispense l'établissement de cette cible ; la colonne « Référence » le nomme."],
    ]
    for one in tallies(last.resultats):
        reached = f"{one.by_state[State.REACHED]} établissements sur {one.binding} ; non opposable : {one.exempt}"
        rows.append([f"Cible {one.target} : {one.short}", f"Atteinte par {reached}."])
    rows += [[INDICATORS[code].label, INDICATORS[code].formula] for code in indicator_columns(last.resultats)]
    return Sheet("Lisez-moi", _READ_ME, rows)
