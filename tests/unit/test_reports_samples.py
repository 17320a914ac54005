"""Measures built by hand for the tests of reports, on data that are not the happy case."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from connector.indicators.programme import Programme, load_programme
from connector.model.findings import Finding
from connector.model.period import Period, WindowKind, window
from connector.model.result import (
    Annuel,
    Calcul,
    Ceiling,
    Etablissement,
    Measure,
    Motif,
    Result,
    SourceSummary,
    WorkItem,
)

TARGETS = {"dossiers_actifs": 90, "projet_personnalise": 90, "evenement_agenda": 90, "mssante": 70, "dmp": 70}
CODES = (*TARGETS, "ins_qualifiee", "dui_actifs", "eprescription", "eparcours")
ON_DOSSIERS = {"dossiers_actifs", "projet_personnalise", "evenement_agenda", "dui_actifs"}
D1 = date(2025, 4, 1)
Q1 = window(D1, WindowKind.ROLLING_3_MONTHS)
NASTY = '<script>alert(1)</script> & "l\'été" [red]rouge[/red]'
LONG = (
    "Service autonomie à domicile de la Communauté d'agglomération du Centre Littoral et des communes associées de "
    "l'Ouest guyanais"
)
WAIVER = "Guyane AAP 2025, §4.2.C : pas d'obligation stricte MSSanté et DMP pour les PJM"
Figures = Sequence[tuple[int, int]]


def programme() -> Programme:
    return load_programme("esms-2025")


def result(finess: str, code: str, n: int | None, d: int | None, period: Period = Q1, **changes: Any) -> Result:
    """A result as the engine would give it: computed, judged against the target, binding."""
    target = TARGETS.get(code)
    fields: dict[str, Any] = {
        "convention": None,
        "calcul": Calcul.CALCULE,
        "indetermines": 0 if code in ON_DOSSIERS else None,
        "cible": target,
        "cible_atteinte": None if target is None or n is None or not d else 100 * n >= target * d,
        "opposable": True,
        "reference": None,
        "motif": None,
    }
    return Result(finess_et=finess, indicateur=code, periode=period, numerateur=n, denominateur=d, **(fields | changes))


def impossible(finess: str, code: str, motif: Motif, period: Period = Q1) -> Result:
    """A non calculable result."""
    d = 0 if motif is Motif.DENOMINATEUR_NUL else None
    return result(finess, code, None, d, period, calcul=Calcul.NON_CALCULABLE, indetermines=None, motif=motif)


def undetermined(finess: str, code: str, n: int, d: int, period: Period = Q1, **changes: Any) -> Result:
    """A result that four dossiers nobody can judge leave open."""
    fixed: dict[str, Any] = {
        "calcul": Calcul.INDETERMINE,
        "cible_atteinte": None,
        "indetermines": 4,
        "motif": Motif.MISE_A_JOUR_INDETERMINEE,
    }
    return result(finess, code, n, d, period, **(fixed | changes))


def plain(finess: str, figures: Figures, period: Period = Q1) -> list[Result]:
    """Nine computed results: five rates with a target, the INS rate, three counts."""
    n, d = figures[0]
    rates = [result(finess, code, *pair, period) for code, pair in zip(CODES, figures, strict=False)]
    rates[0] = result(finess, CODES[0], n, d, period, annuel=Annuel(n, d + 14))
    counts = [result(finess, code, 12, None, period, cumul=132) for code in ("eprescription", "eparcours")]
    return [*rates, result(finess, "dui_actifs", n, None, period), *counts]


def site(day: date = D1, shift: int = 0) -> Measure:
    """Eight ETs: reached, missed, undetermined, without figure, exempt, in error, under a convention, tiny."""
    period = window(day, WindowKind.ROLLING_3_MONTHS)
    ets = _ets()
    one, two, three, four, five, six, seven, eight = (et.finess_et for et in ets)
    thousands = ((8996, 10000), (8000 + shift, 8996), (8900, 8996), (500, 10000), (7000, 10000), (5800, 10000))
    results = [
        *plain(one, ((54 + shift, 60), (51, 54), (50, 54), (230, 60), (43, 60), (50, 60)), period),
        *plain(two, thousands, period),
        *_third(three, period),
        *(impossible(four, code, Motif.SOURCE_ABSENTE, period) for code in CODES),
        *plain(five, ((9, 10), (9, 9), (9, 9)), period)[:3],
        result(five, "mssante", 2, 10, period, opposable=False, reference=WAIVER),
        result(five, "dmp", 8, 10, period, opposable=False, reference=WAIVER),
        *_sixth(six, period),
        *_seventh(seven, shift, period),
        *plain(eight, ((1, 1), (0, 1), (1, 1), (14, 1), (1, 1), (1, 1)), period),
    ]
    notes, limits = _findings(one, two, six), _ceilings(two, seven)
    return Measure("esms-2025", "1", None, day, ets, tuple(results), notes, limits, _sources())


def _third(finess: str, period: Period) -> list[Result]:
    return [
        undetermined(finess, "dossiers_actifs", 25, 30, period, annuel=Annuel(None, None)),
        undetermined(finess, "projet_personnalise", 22, 25, period),
        undetermined(finess, "evenement_agenda", 0, 0, period),
        impossible(finess, "mssante", Motif.BOITE_INCONNUE, period),
        result(finess, "dmp", 0, 30, period),
        impossible(finess, "ins_qualifiee", Motif.STATUT_ABSENT, period),
        result(finess, "dui_actifs", 25, None, period),
    ]


def _sixth(finess: str, period: Period) -> list[Result]:
    empty, broken = Motif.DENOMINATEUR_NUL, Motif.SOURCE_EN_ERREUR
    motifs = (broken, Motif.DATE_ABSENTE, empty, empty, broken)
    return [impossible(finess, code, motif, period) for code, motif in zip(CODES, motifs, strict=False)]


def _seventh(finess: str, shift: int, period: Period) -> list[Result]:
    terms = {
        "cibles": {"mssante": 50},
        "denominateurs": {"dmp": "accompagnees_12_mois"},
        "reference": "Avenant n° 2 du 3 mars 2025",
        "signataire": "ARS Guyane",
    }
    results = plain(finess, ((20 + shift, 22), (19, 20), (20, 20), (12, 22), (1, 22), (3, 22)), period)
    lower = {"mssante": {"cible": 50, "cible_atteinte": True}}
    fixed = {"convention": "CONV-7", "parametres": terms}
    return [Result(**(one._asdict() | fixed | lower.get(one.indicateur, {}))) for one in results]


def _ets() -> tuple[Etablissement, ...]:
    who = (
        ("EHPAD Les Jardins d'Arcadie", "pa"),
        (LONG, "domicile"),
        (NASTY, "ph"),
        ("", ""),
        ("Service mandataire judiciaire", "pjm"),
        ('=HYPERLINK("http://exemple.invalid")', "ase"),
        ("IME Intermunicipalitéextraordinairementlonguesansaucuneespace", "ph"),
        ("CSAPA", "pds"),
    )
    return tuple(
        Etablissement(
            f"97030{rank}026",
            "America/Cayenne",
            finess_ej="970300018",
            raison_sociale=name,
            secteur=sector,
            projet="Grappe Littoral",
            date_convention=date(2024, 1, 12),
            logiciel_dui="DUI Exemple 4.2",
        )
        for rank, (name, sector) in enumerate(who)
    )


def _findings(one: str, two: str, six: str) -> tuple[Finding, ...]:
    return (
        Finding("", "fichier_laisse_de_cote", 1, NASTY),
        Finding("", "boite_inconnue", 37),
        Finding("999999999", "finess_inconnu", 3, "sejours"),
        Finding(one, "ins_absent", 9),
        Finding(one, "identites_fusionnees", 2),
        Finding(two, "mise_a_jour_massive", 812),
        Finding(two, "plafond_dmp", 1200),
        Finding(two, "depots_echec", 14, "DMPInvalidData"),
        Finding(six, "table_en_erreur", 1, "dossiers"),
    )


def _ceilings(two: str, seven: str) -> tuple[Ceiling, ...]:
    return (
        Ceiling(two, "dmp", 5800, 10000, 1200),
        Ceiling(seven, "dmp", 3, 22, 13),
        Ceiling(seven, "projet_personnalise", 17, 20, 1),
    )


def _sources() -> tuple[SourceSummary, ...]:
    rows = {"usagers": 11412, "sejours": 15000, "dossiers": 11398}
    return (
        SourceSummary("exports/2025-04-01", "pivot", "sha256:" + "ab" * 32, rows),
        SourceSummary("journal_mss.csv", "mssante_journal", "sha256:" + "0c" * 32, {"messages_mssante": 1240}),
    )


def crowd(size: int) -> Measure:
    """Many ETs, each with the nine results of the programme and two findings."""
    figures = ((54, 60), (51, 54), (50, 54), (230, 60), (39, 60), (35, 60))
    ets = tuple(
        Etablissement(
            f"{970000000 + rank}",
            "America/Cayenne",
            finess_ej="970300018",
            secteur="pa",
            raison_sociale=f"Établissement médico-social numéro {rank}",
            projet=f"Grappe {rank // 15}",
        )
        for rank in range(size)
    )
    results = tuple(one for et in ets for one in plain(et.finess_et, figures))
    notes = tuple(Finding(et.finess_et, code, 3) for et in ets for code in ("identites_fusionnees", "ins_absent"))
    return Measure("esms-2025", "1", None, D1, ets, results, notes, (), _sources())


def dates() -> list[Measure]:
    """The same site at four dates, not in order."""
    months = ((3, -2), (1, -12), (4, 0), (2, -4))
    return [site(date(2025, month, 1), shift) for month, shift in months]


def worklists() -> list[WorkItem]:
    """Two lists, unsorted, with an id that a spreadsheet would run."""
    return [
        WorkItem("970300026", "dossiers_a_mettre_a_jour", "u9", "d9", "dernière mise à jour le 02/12/2024"),
        WorkItem("970300026", "dossiers_a_mettre_a_jour", "=1+1", "d1", "aucune date ; à compléter"),
        WorkItem("970300026", "dmp_sans_ins", "u2", "", "INS récupérée"),
    ]
