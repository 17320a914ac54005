"""Dossier de foyer"""

FOYER = """
    id_dossier | id_usager | date_derniere_maj
    -----------+-----------+------------------
    d1         | a         | 2025-02-10
    d1         | b         |
"""


def test_what_happens_to_the_record_happens_to_each_of_them(spec):
    """Un dossier de foyer a une ligne par usager, et sa mise à jour vaut pour chacun d'eux."""
    spec(
        "dossiers_actifs",
        "2025-04-01",
        presents="a b",
        dossiers="""
            id_dossier | id_usager | date_creation
            -----------+-----------+--------------
            d1         | a         | 2020-02-10
            d1         | b         | 2020-02-10
        """,
        mises_a_jour="""
            id_dossier | horodatage
            -----------+-----------
            d1         | 2025-02-10
        """,
        expected="2 / 2",
    )


def test_a_date_on_any_row_holds_for_all(spec):
    """Une date portée par n'importe quelle ligne du dossier vaut pour tous ses usagers."""
    spec("dossiers_actifs", "2025-04-01", presents="a b", dossiers=FOYER, expected="2 / 2")


def test_one_date_in_the_window_is_enough(spec):
    """Quand les lignes d'un dossier portent des dates différentes, une seule dans la fenêtre suffit."""
    spec(
        "dossiers_actifs",
        "2025-04-01",
        presents="a b",
        dossiers="""
            id_dossier | id_usager | date_derniere_maj
            -----------+-----------+------------------
            d1         | a         | 2025-02-10
            d1         | b         | 2025-04-10
        """,
        expected="2 / 2",
        indetermines=0,
    )


def test_projects_and_events_hold_for_all(spec):
    """Le projet et les événements d'un dossier de foyer valent pour chacun de ses usagers."""
    spec(
        "projet_personnalise",
        "2025-04-01",
        presents="a b",
        dossiers=FOYER,
        projets_personnalises="""
            id_dossier | statut
            -----------+-------
            d1         | actif
        """,
        expected="2 / 2",
    )
    spec(
        "evenement_agenda",
        "2025-04-01",
        presents="a b",
        dossiers=FOYER,
        evenements_agenda="""
            id_dossier | date_debut
            -----------+-----------
            d1         | 2025-01-08
        """,
        expected="2 / 2",
    )


def test_rows_that_point_nowhere_are_findings(spec):
    """Une ligne rattachée à un dossier ou à un usager inconnus est signalée et ne compte pas."""
    spec(
        "evenement_agenda",
        "2025-04-01",
        presents="a",
        dossiers="""
            id_dossier | id_usager | date_derniere_maj
            -----------+-----------+------------------
            da         | a         | 2025-02-10
            dx         | inconnu   | 2025-02-10
        """,
        projets_personnalises="""
            id_dossier | statut
            -----------+-------
            inconnu    | actif
        """,
        evenements_agenda="""
            id_dossier | date_debut
            -----------+-----------
            inconnu    | 2025-02-10
            dx         | 2025-02-10
        """,
        mises_a_jour="""
            id_dossier | horodatage
            -----------+-----------
            inconnu    | 2025-02-10
        """,
        expected="0 / 1",
        constats="dossiers_orphelins projets_orphelins evenements_orphelins mises_a_jour_orphelines",
    )
