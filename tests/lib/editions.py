"""Editions built by hand for the tests of what leaves: every status, texts that try to escape, both windows."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from typing import Any

from connector.config import Destination
from connector.model.edition import Edition
from connector.model.findings import Finding
from connector.model.period import Period
from connector.model.result import Annuel, Calcul, Motif, Result

ET, EJ = "970300026", "970300018"
QUARTER = Period(date(2025, 2, 1), date(2025, 5, 1))
MONTH = Period(date(2025, 4, 1), date(2025, 5, 1))
NASTY = '=SOMME(A1) <b>L\'Étoile</b> & « fils » ; "Cayenne"\tune\u202eligne'
WAIVER = "Guyane AAP 2025, §4.2.C : pas d'obligation stricte MSSanté et DMP pour les PJM"
ON_DOSSIERS = frozenset({"dossiers_actifs", "projet_personnalise", "evenement_agenda", "dui_actifs"})
TARGETS = {"dossiers_actifs": 90, "projet_personnalise": 90, "evenement_agenda": 90, "mssante": 70, "dmp": 70}


def result(code: str, n: int | None, d: int | None, periode: Period = QUARTER, **changes: Any) -> Result:
    """A computed result, judged against its target."""
    target = TARGETS.get(code)
    known: dict[str, Any] = {
        "convention": None,
        "calcul": Calcul.CALCULE,
        "indetermines": 0 if code in ON_DOSSIERS else None,
        "cible": target,
        "cible_atteinte": None if target is None or n is None or not d else 100 * n >= target * d,
        "opposable": True,
        "reference": None,
        "motif": None,
    }
    return Result(finess_et=ET, indicateur=code, periode=periode, numerateur=n, denominateur=d, **(known | changes))


def impossible(code: str, motif: Motif, periode: Period = QUARTER) -> Result:
    """A result without a figure."""
    d = 0 if motif is Motif.DENOMINATEUR_NUL else None
    return result(code, None, d, periode, calcul=Calcul.NON_CALCULABLE, indetermines=None, motif=motif)


def undetermined(code: str, n: int, d: int, u: int, periode: Period = QUARTER, **changes: Any) -> Result:
    """A result that `u` persons leave open."""
    open_: dict[str, Any] = {
        "calcul": Calcul.INDETERMINE,
        "cible_atteinte": None,
        "indetermines": u,
        "motif": Motif.MISE_A_JOUR_INDETERMINEE,
    }
    return result(code, n, d, periode, **(open_ | changes))


def results(periode: Period = QUARTER) -> tuple[Result, ...]:
    """Nine indicators: computed, undetermined, above 1, not binding, without figure, counts."""
    return (
        result("dossiers_actifs", 180, 200, periode, annuel=Annuel(231, 260)),
        undetermined("projet_personnalise", 150, 180, 15, periode),
        result("evenement_agenda", 0, 180, periode),
        result("mssante", 272, 196, periode, opposable=False, reference=WAIVER),
        impossible("dmp", Motif.SOURCE_EN_ERREUR, periode),
        impossible("ins_qualifiee", Motif.DENOMINATEUR_NUL, periode),
        result("dui_actifs", 180, None, periode),
        result("eprescription", 0, None, periode, cumul=40),
        impossible("eparcours", Motif.SOURCE_ABSENTE, periode),
    )


def edition(**changes: Any) -> Edition:
    """Revision 1 of three rolling months."""
    known = Edition(
        finess_et=ET,
        raison_sociale="Foyer « L'Étoile »",
        finess_ej=EJ,
        zone="America/Cayenne",
        programme="esms-2025",
        catalogue="1",
        convention=None,
        debut=QUARTER.first,
        fin=QUARTER.last,
        date_mesure=QUARTER.end,
        revision=1,
        motif_revision="",
        etabli_le=datetime(2025, 5, 1, 4, 0, 7, tzinfo=timezone(-timedelta(hours=3))),
        logiciel="dui-connector 0.1.0",
        resultats=results(),
        constats=(
            Finding(ET, "ins_absent", 12),
            Finding(ET, "colonne_inconnue", 1, "secret_medical"),
            Finding(ET, "colonne_inconnue", 1, "autre"),
        ),
        sources=("sha256:" + "ab" * 32,),
    )
    return replace(known, **changes)


def second(first: Edition, **changes: Any) -> Edition:
    """Revision 2 of an edition: other figures, and why."""
    figures = (result("dossiers_actifs", 181, 201, annuel=Annuel(None, None)), *first.resultats[1:])
    why = "Correction du 14/05/2025 : 2 tables remplacées ; voir « journal »"
    return replace(first, **{"revision": 2, "motif_revision": why, "resultats": figures} | changes)


def destination(type_: str, **changes: Any) -> Destination:
    """A destination of this format, on this machine."""
    known: dict[str, Any] = {"id": "essai", "type": type_, "url": "http://127.0.0.1:8080/fhir"}
    return Destination.model_validate(known | changes)
