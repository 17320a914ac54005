"""The attestation of one ET and measure: one A4 page that says the figures, what proves them, and no more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timezone

from fpdf import FPDF
from fpdf.enums import TableCellFillMode, XPos, YPos

from connector.model.counting import count_of
from connector.model.edition import Edition
from connector.model.findings import Severity
from connector.model.result import Calcul, Result
from connector.model.wording import why_none
from connector.publish.declaration import public_text

_LABELS = {
    "dossiers_actifs": "Dossiers actifs",
    "projet_personnalise": "Projet personnalisé",
    "evenement_agenda": "Événement d'agenda",
    "mssante": "Messages MSSanté envoyés",
    "dmp": "DMP alimentés",
    "ins_qualifiee": "INS qualifiées (complémentaire)",
    "dui_actifs": "DUI actifs (nombre)",
    "eprescription": "E-prescriptions importées (nombre)",
    "eparcours": "Échanges e-parcours (nombre)",
    "mssante_messages": "Messages MSSanté (trois mois)",
    "dmp_documents": "Documents déposés au DMP (trois mois)",
}
_HEADINGS = ("Indicateur", "Chiffre", "Taux", "Cible", "Conclusion")
_WIDTHS = (62, 32, 20, 20, 46)
_FONT = "Helvetica"


def attestation(edition: Edition, proof_digest: str, engagement: str, kid: str) -> bytes:
    """The page as PDF bytes; the same edition and proof give the same bytes.

    `proof_digest` and `engagement` name the external proof, `kid` the key whose signature goes beside the page.
    """
    edition = replace(
        edition,
        raison_sociale=public_text(edition.raison_sociale),
        convention=edition.convention and public_text(edition.convention),
        motif_revision=public_text(edition.motif_revision),
    )
    page = FPDF(format="A4")
    page.set_creation_date(edition.etabli_le)
    page.set_title(_latin(f"Attestation {edition.finess_et} {edition.debut} {edition.fin}"))
    page.set_lang("fr-FR")
    page.set_auto_page_break(auto=False)
    page.add_page()
    _heading(page, edition)
    _figures(page, edition)
    _footing(page, edition, proof_digest, engagement, kid)
    return bytes(page.output())


def _heading(page: FPDF, edition: Edition) -> None:
    _line(page, "Attestation d'usage du dossier usager informatisé", 16, bold=True)
    _line(page, f"Programme {edition.programme} (règles {edition.catalogue})", 10)
    page.ln(3)
    _line(page, edition.raison_sociale or "Établissement sans nom déclaré", 13, bold=True)
    _line(
        page,
        f"FINESS géographique {edition.finess_et}"
        + (f", entité juridique {edition.finess_ej}" * bool(edition.finess_ej)),
        10,
    )
    _line(page, f"Période mesurée : du {edition.debut:%d/%m/%Y} au {edition.fin:%d/%m/%Y} inclus", 10)
    convention = f", convention {edition.convention}" if edition.convention else ""
    _line(page, f"Mesure du {edition.date_mesure:%d/%m/%Y}{convention}, révision {edition.revision}", 10)
    if edition.motif_revision:
        _line(page, f"Motif de la révision : {edition.motif_revision}", 9)
    page.ln(4)


def _figures(page: FPDF, edition: Edition) -> None:
    page.set_font(_FONT, size=9)
    with page.table(
        col_widths=_WIDTHS,
        text_align=("LEFT", "RIGHT", "RIGHT", "RIGHT", "LEFT"),
        line_height=6,
        cell_fill_color=240,
        cell_fill_mode=TableCellFillMode.ROWS,
    ) as table:
        for cells in (_HEADINGS, *(_cells(result) for result in edition.resultats)):
            row = table.row()
            for cell in cells:
                row.cell(_latin(cell))
    page.ln(4)


def _cells(result: Result) -> tuple[str, ...]:
    label = _LABELS.get(result.indicateur, result.indicateur)
    if result.numerateur is None:
        return label, "-", "-", _target(result), f"Non calculable : {why_none(result)}"
    figure = str(result.numerateur) if result.denominateur is None else f"{result.numerateur} / {result.denominateur}"
    unknown = result.taux is None or result.calcul is Calcul.INDETERMINE  # no rate stands beside what is not concluded
    rate = "-" if unknown else f"{result.taux:.1f} %".replace(".", ",")
    return label, figure, rate, _target(result), _conclusion(result)


def _target(result: Result) -> str:
    return "-" if result.cible is None else f"{result.cible} %"


def _conclusion(result: Result) -> str:
    if result.calcul is Calcul.INDETERMINE:
        return f"Indéterminé ({count_of(result.indetermines or 0, 'personne', 'personnes')})"
    if result.cible_atteinte is None:
        return "Sans cible"
    reached = "Atteinte" if result.cible_atteinte else "Non atteinte"
    return reached if result.opposable else f"{reached}, non opposable"


def _footing(page: FPDF, edition: Edition, proof_digest: str, engagement: str, kid: str) -> None:
    for text in _statements(edition):
        _line(page, text, 9)
    page.ln(3)
    _line(page, "Ce qui prouve ces chiffres", 11, bold=True)
    _line(page, f"Archive de preuve : {proof_digest}", 7)
    _line(page, f"Engagement sur les faits datés, gardés sur le site : {engagement}", 7)
    _line(page, f"Clé qui signe cette page (fichier .jws joint) : {kid}", 7)
    _line(
        page, f"Établi le {edition.etabli_le.astimezone(timezone.utc):%d/%m/%Y à %H:%M UTC} par {edition.logiciel}", 7
    )
    page.ln(2)
    _line(
        page,
        "La preuve établit que les chiffres n'ont pas changé et se recomptent. Que les dossiers disent vrai se vérifie "
        "sur place. Vérifier : dui-connector evidence verify PREUVE --cle CLE",
        8,
    )


def _statements(edition: Edition) -> Iterator[str]:
    """What a reader must know beside the figures."""
    for finding in edition.constats:
        if finding.kind.severity is Severity.BLOCKING:
            yield f"Constat bloquant : {finding.kind.words(finding.count, finding.detail)[0]}"
    references = sorted({public_text(result.reference) for result in edition.resultats if result.reference})
    yield from (f"Non opposable : {reference}" for reference in references)


def _line(page: FPDF, text: str, size: float, *, bold: bool = False) -> None:
    page.set_font(_FONT, style="B" if bold else "", size=size)
    page.multi_cell(0, size * 0.5, _latin(text), new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _latin(text: str) -> str:
    """What the fonts of every PDF reader can show; a name keeps its accents."""
    plain = text.replace("œ", "oe").replace("Œ", "OE").replace("’", "'")
    return plain.encode("latin-1", "replace").decode("latin-1")
