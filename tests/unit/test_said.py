"""Small words that a person reads: dates as people write them, and when something is tried next."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

import pytest

from connector.cli.outbox import _next
from connector.cli.status import _answers, _on_time
from connector.diff import differences
from connector.publish.ledger import Item
from connector.state.instants import stamp
from connector.state.runs import Run
from connector.status import Status

NOW = datetime(2025, 4, 1, 4, 0, tzinfo=timezone.utc)
SOON, LATER = NOW + timedelta(minutes=5), NOW + timedelta(minutes=40)


def _item(state: str, wanted: str) -> Item:
    blank = dict.fromkeys(Item._fields, "")
    return Item(**blank | {"id": 1, "destination": "ars", "etat": state, "prochaine": wanted})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state", "wanted", "alone", "until"),
    [
        ("en_attente", "", "", None),
        ("en_attente", stamp(NOW - timedelta(minutes=1)), "", None),
        ("en_attente", stamp(SOON), "", SOON),
        ("inconnu", stamp(SOON), stamp(LATER), LATER),
        ("en_attente", "", stamp(LATER), LATER),
        ("accepte", stamp(SOON), stamp(LATER), None),
    ],
)
def test_what_waits_says_when_it_is_tried_next(state: str, wanted: str, alone: str, until: datetime | None) -> None:
    """Its own wait or that of its destination, the longer; nothing for what leaves at once, or will not leave."""
    told = "" if until is None else f"  (essai suivant le {until.astimezone():%d/%m/%Y à %H:%M})"
    assert _next(_item(state, wanted), {"ars": alone}, NOW) == told


@pytest.mark.parametrize(
    ("collected", "late", "told"),
    [
        (None, (), ["Rien n'a encore été collecté : lancez dui-connector collect, ou le service."]),
        (NOW - timedelta(hours=3), (), ["À jour : aucune mesure en retard."]),
        (
            NOW - timedelta(hours=3),
            (date(2025, 3, 1), date(2025, 4, 1)),
            ["En retard : 01/03/2025, 01/04/2025, lancez dui-connector measure."],
        ),
        (
            NOW - timedelta(hours=40),
            (),
            ["En retard : la collecte ne se fait plus chaque nuit ; lancez dui-connector collect pour lire pourquoi."],
        ),
    ],
)
def test_a_site_that_never_collected_or_stopped_is_not_on_time(
    collected: datetime | None, late: tuple[date, ...], told: list[str]
) -> None:
    """« À jour » is for a site that collects each night and measured what is due."""
    run = collected and Run(1, "collect", collected, collected, 0, "")
    assert list(_on_time(Status("", run, None, late, (), {}, (), ()), NOW)) == told


def test_a_refusal_shared_by_many_is_told_once() -> None:
    """The destination, the window, the words, and the first ETs: four thousand lines tell nothing."""
    blank = _item("rejete", "")._replace(debut="2025-01-01", fin="2025-03-31", motif="HTTP 422 : FINESS inconnu")
    many = [blank._replace(finess_et=f"01090011{rank}") for rank in range(5)]
    alone = blank._replace(destination="etat", etat="inconnu", motif="pas de réponse dans le délai", finess_et="A")
    assert list(_answers([*many, alone])) == [
        "  ars, du 01/01/2025 au 31/03/2025 : refusées (HTTP 422 : FINESS inconnu) : "
        "010900110, 010900111, 010900112 et 2 de plus",
        "  etat, du 01/01/2025 au 31/03/2025 : sans réponse sûre (pas de réponse dans le délai) : A",
    ]


def test_two_audits_are_dated_as_people_write() -> None:
    """The dates of a comparison are not those of a file format."""
    before = {"programme": "esms-2025", "date_mesure": "2025-03-01", "resultats": [], "constats": []}
    after = {**before, "date_mesure": "2025-04-01"}
    assert list(differences(before, after)) == ["Date de mesure : 01/03/2025 → 01/04/2025"]


def _counts(indicateur: str, numerateur: int | None, motif: str | None = None) -> dict[str, object]:
    figures = {"numerateur": numerateur, "denominateur": 30, "calcul": "calcule", "motif": motif}
    return {"finess_et": "010900116", "indicateur": indicateur, "cible_atteinte": None, "opposable": True} | figures


def test_two_audits_are_compared_in_the_words_of_the_report() -> None:
    """No code of an indicator, of a reason or of a finding; a finding says its own sentence."""
    before = {"resultats": [_counts("dossiers_actifs", 27), _counts("dmp", 20)], "constats": []}
    finding = {"finess_et": None, "code": "boite_inconnue", "nombre": 4, "texte": "4 messages d'une boîte inconnue."}
    lost = [_counts("dossiers_actifs", None, "denominateur_nul"), _counts("dmp", None, "boite_inconnue")]
    assert list(differences(before, {"resultats": lost, "constats": [finding]})) == [
        "010900116, DMP : 20 / 30 → non calculable (aucune boîte MSSanté n'est rattachée à ce seul établissement)",
        "010900116, Dossiers actifs : 27 / 30 → non calculable (aucune personne accompagnée pendant la période)",
        "ensemble du site, nouveau constat : 4 messages d'une boîte inconnue.",
    ]
    assert list(differences({"resultats": [], "constats": [finding]}, {"resultats": [], "constats": []})) == [
        "ensemble du site, constat disparu : 4 messages d'une boîte inconnue."
    ]
