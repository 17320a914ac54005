"""Taux de dossiers actifs avec événement d'agenda"""

ACTIFS = """
    id_dossier | id_usager | date_derniere_maj
    -----------+-----------+------------------
    da         | a         | 2025-02-10
    db         | b         | 2025-02-10
    dc         | c         | 2025-02-10
    dd         | d         | 2025-02-10
"""


def test_one_event_that_begins_in_the_window(spec):
    """Il faut au moins un événement qui commence dans la fenêtre."""
    spec(
        "evenement_agenda",
        "2025-04-01",
        presents="a b c d",
        dossiers=ACTIFS,
        evenements_agenda="""
            id_dossier | date_debut
            -----------+-----------------
            da         | 2025-01-01T09:00
            da         | 2025-01-02T09:00
            db         | 2025-03-31T18:00
            dc         | 2024-12-31T18:00
            dd         | 2025-04-01T09:00
        """,
        expected="2 / 4",
        cible=90,
        cible_atteinte=False,
    )


def test_a_cancelled_event_does_not_count(spec):
    """Un événement annulé ne compte pas ; un événement planifié, réalisé ou sans statut compte."""
    spec(
        "evenement_agenda",
        "2025-04-01",
        presents="a b c d",
        dossiers=ACTIFS,
        evenements_agenda="""
            id_dossier | date_debut | statut
            -----------+------------+---------
            da         | 2025-02-01 | planifie
            db         | 2025-02-01 | realise
            dc         | 2025-02-01 |
            dd         | 2025-02-01 | annule
        """,
        expected="3 / 4",
    )


def test_only_active_records_are_looked_at(spec):
    """L'événement d'un dossier qui n'est pas actif ne compte pas."""
    spec(
        "evenement_agenda",
        "2025-04-01",
        presents="a b",
        dossiers="""
            id_dossier | id_usager | date_derniere_maj
            -----------+-----------+------------------
            da         | a         | 2025-02-10
            db         | b         | 2024-02-10
        """,
        evenements_agenda="""
            id_dossier | date_debut
            -----------+-----------
            db         | 2025-02-01
        """,
        expected="0 / 1",
    )
