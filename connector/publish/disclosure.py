"""From an edition to what may leave to one destination: texts made public, small numbers kept secret.

Rule: `docs/formats-de-sortie.md`, « Petits nombres ». Secrecy is decided on the whole edition before
the indicators of a destination are chosen, so that two receivers cannot put two halves together.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterable

from connector.model.edition import Edition
from connector.model.findings import FINDINGS, Finding
from connector.model.result import Annuel, Result
from connector.publish.declaration import (
    MASKED,
    MASKED_STATUS,
    Constat,
    Declaration,
    Figure,
    Line,
    public_text,
)
from connector.publish.secrecy import ANNUAL, effective, secret_lines
from connector.publish.terms import COHORT, base_of, form_of, rests_on_updates

# Findings that compare figures: their very presence would narrow a secret one down.
_ABOUT_FIGURES = frozenset({"plafond_dmp", "plafond_projet", "bases_divergentes", "ecart_historique"})
_RESTATED = "données ou contrôles revus depuis la mesure précédente"


def disclose(edition: Edition, threshold: int = 0, indicateurs: Collection[str] = ()) -> Declaration:
    """What may leave. `threshold` k keeps counts of 1 to k − 1 secret; `indicateurs` empty means all.

    Raises:
        ValueError: `etabli_le` has no offset (a fault of the caller).
    """
    if edition.etabli_le.tzinfo is None:
        raise ValueError("etabli_le needs an offset")
    hidden = secret_lines(edition.resultats, threshold)
    small = bool(effective(threshold))
    return Declaration(
        identifiant=identifier(edition),
        finess_et=edition.finess_et,
        finess_ej=edition.finess_ej,
        raison_sociale=public_text(edition.raison_sociale),
        programme=edition.programme,
        catalogue=edition.catalogue,
        convention=public_text(edition.convention or ""),
        debut=edition.debut,
        fin=edition.fin,
        date_mesure=edition.date_mesure,
        revision=edition.revision,
        motif_revision=_reason(edition.motif_revision, small),
        etabli_le=edition.etabli_le.replace(microsecond=0),
        logiciel=public_text(edition.logiciel),
        lignes=tuple(
            _line(result, hidden, small)
            for result in edition.resultats
            if not indicateurs or result.indicateur in indicateurs
        ),
        constats=tuple(_findings(edition.constats, small)),
        sources=tuple(sorted(edition.sources)),
    )


def identifier(edition: Edition) -> str:
    """The same for every revision of an identity, legible, and valid as a FHIR id (47 characters)."""
    identity = [
        edition.finess_et,
        edition.programme,
        edition.catalogue,
        edition.convention or "",
        edition.debut.isoformat(),
        edition.fin.isoformat(),
    ]
    digest = hashlib.sha256(json.dumps(identity, separators=(",", ":")).encode()).hexdigest()[:16]
    return f"dui-{edition.finess_et}-{edition.debut:%Y%m%d}-{edition.fin:%Y%m%d}-{digest}"


def _reason(motif: str, small: bool) -> str:
    """Why a revision exists; with secrecy, no word of a finding that would not leave."""
    about_figures = small and any(code in motif for code in _ABOUT_FIGURES)
    return _RESTATED if about_figures else public_text(motif)


def _line(result: Result, hidden: Collection[str], small: bool) -> Line:
    code, secret = result.indicateur, result.indicateur in hidden
    annual = result.annuel or Annuel(None, None)
    no_annual = secret or ANNUAL in hidden
    return Line(
        indicateur=code,
        forme=form_of(code),
        assiette=base_of(code, result.parametres),
        debut=result.periode.first,
        fin=result.periode.last,
        statut=MASKED_STATUS if secret else result.calcul.value,
        motif="" if secret or result.motif is None else result.motif.value,
        numerateur=MASKED if secret else result.numerateur,
        denominateur=_hidden(form_of(code) != COHORT) if secret else result.denominateur,
        indetermines=_hidden(rests_on_updates(code)) if secret else result.indetermines,
        cible=result.cible,
        cible_atteinte=MASKED if secret and result.cible is not None else result.cible_atteinte,
        opposable=result.opposable,
        reference=public_text(result.reference or ""),
        annuel_numerateur=_figure(annual.numerateur, no_annual),
        annuel_denominateur=_figure(annual.denominateur, no_annual),
        # Two running totals give the month between them: with secrecy, none but 0 leaves.
        cumul=_figure(result.cumul, secret or (small and bool(result.cumul))),
    )


def _hidden(usual: bool) -> Figure:
    """Whether the indicator usually has this figure: a missing one would tell why the line is secret."""
    return MASKED if usual else None


def _figure(count: int | None, secret: bool) -> Figure:
    return MASKED if secret and count is not None else count


def _findings(constats: Iterable[Finding], small: bool) -> Iterable[Constat]:
    """Code, severity and count, one line per code; with secrecy, no count but 0."""
    counts: dict[str, int] = defaultdict(int)
    for constat in constats:
        if not (small and constat.code in _ABOUT_FIGURES):
            counts[constat.code] += constat.count
    for code, count in sorted(counts.items()):
        yield Constat(code, FINDINGS[code].severity.value, _figure(count, small and count > 0))
