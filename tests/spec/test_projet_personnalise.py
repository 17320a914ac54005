"""Taux de dossiers actifs avec projet personnalisé"""

ACTIFS = """
    id_dossier | id_usager | date_derniere_maj
    -----------+-----------+------------------
    da         | a         | 2025-02-10
    db         | b         | 2025-02-10
    dc         | c         | 2025-02-10
    dd         | d         | 2025-02-10
"""


def test_among_active_records(spec):
    """On compte, parmi les dossiers actifs seulement, ceux qui ont un projet en préparation ou actif."""
    spec(
        "projet_personnalise",
        "2025-04-01",
        presents="a b c",
        dossiers="""
            id_dossier | id_usager | date_derniere_maj
            -----------+-----------+------------------
            da         | a         | 2025-02-10
            db         | b         | 2025-02-10
            dc         | c         | 2023-02-10
        """,
        projets_personnalises="""
            id_dossier | statut
            -----------+-------
            da         | actif
            dc         | actif
        """,
        expected="1 / 2",
        cible=90,
        cible_atteinte=False,
    )


def test_a_project_in_preparation_has_not_ended(spec):
    """Un projet en préparation compte tant qu'il ne finit pas avant le dernier jour, quel que soit son début."""
    spec(
        "projet_personnalise",
        "2025-04-01",
        presents="a b c d",
        dossiers=ACTIFS,
        projets_personnalises="""
            id_dossier | statut         | date_debut | date_fin
            -----------+----------------+------------+-----------
            da         | en_preparation |            |
            db         | en_preparation | 2025-06-01 |
            dc         | en_preparation |            | 2025-03-31
            dd         | en_preparation |            | 2025-03-30
        """,
        expected="3 / 4",
    )


def test_an_active_project_has_begun_and_not_ended(spec):
    """Un projet actif compte s'il a commencé et n'est pas fini au dernier jour ; une date vide n'empêche rien."""
    spec(
        "projet_personnalise",
        "2025-04-01",
        presents="a b c d",
        dossiers=ACTIFS,
        projets_personnalises="""
            id_dossier | statut | date_debut | date_fin
            -----------+--------+------------+-----------
            da         | actif  |            |
            db         | actif  | 2025-03-31 | 2025-03-31
            dc         | actif  | 2025-04-01 |
            dd         | actif  | 2024-04-01 | 2025-03-30
        """,
        expected="2 / 4",
    )


def test_a_finished_project_needs_both_dates(spec):
    """Un projet terminé ne compte que si le dernier jour est entre ses deux dates, données l'une et l'autre."""
    spec(
        "projet_personnalise",
        "2025-04-01",
        presents="a b c d",
        dossiers=ACTIFS,
        projets_personnalises="""
            id_dossier | statut  | date_debut | date_fin
            -----------+---------+------------+-----------
            da         | termine | 2024-04-01 | 2025-03-31
            db         | termine | 2024-04-01 | 2025-03-30
            dc         | termine |            | 2025-06-30
            dd         | termine | 2024-04-01 |
        """,
        expected="1 / 4",
    )


def test_suspended_and_abandoned_projects_never_count(spec):
    """Un projet suspendu ou abandonné ne compte jamais."""
    spec(
        "projet_personnalise",
        "2025-04-01",
        presents="a b",
        dossiers=ACTIFS,
        projets_personnalises="""
            id_dossier | statut    | date_debut | date_fin
            -----------+-----------+------------+-----------
            da         | suspendu  | 2024-04-01 | 2025-12-31
            db         | abandonne | 2024-04-01 | 2025-12-31
        """,
        expected="0 / 2",
    )


def test_one_valid_project_is_enough(spec):
    """Un projet valide suffit, quels que soient les autres projets du dossier."""
    spec(
        "projet_personnalise",
        "2025-04-01",
        presents="a",
        dossiers=ACTIFS,
        projets_personnalises="""
            id_dossier | statut    | date_debut | date_fin
            -----------+-----------+------------+-----------
            da         | termine   | 2023-01-01 | 2024-01-01
            da         | abandonne | 2024-01-01 |
            da         | Actif     | 2025-01-15 |
        """,
        expected="1 / 1",
    )


def test_someone_who_has_left_is_judged_on_the_day_of_leaving(spec):
    """Une personne sortie pendant la fenêtre est jugée le jour de sa sortie, une personne présente le dernier jour."""
    spec(
        "projet_personnalise",
        "2025-04-01",
        presents="b",
        usagers="""
            id_usager
            ---------
            a
            b
        """,
        sejours="""
            id_usager | date_entree | date_sortie
            ----------+-------------+------------
            a         | 2024-01-01  | 2025-02-15
        """,
        dossiers=ACTIFS,
        projets_personnalises="""
            id_dossier | statut | date_debut | date_fin
            -----------+--------+------------+-----------
            da         | actif  | 2024-01-15 | 2025-02-15
            db         | actif  | 2024-01-15 | 2025-02-15
        """,
        expected="1 / 2",
    )


def test_the_last_day_is_that_of_the_latest_stay(spec):
    """Le dernier jour d'une personne est le plus tardif de ceux de ses séjours, borné par la fin de la fenêtre."""
    spec(
        "projet_personnalise",
        "2025-04-01",
        usagers="""
            id_usager
            ---------
            a
            b
        """,
        sejours="""
            id_usager | date_entree | date_sortie | statut
            ----------+-------------+-------------+--------
            a         | 2024-01-01  | 2025-01-31  |
            a         | 2025-02-10  | 2025-03-10  |
            b         | 2024-01-01  | 2025-01-31  |
            b         | 2025-02-10  | 2025-03-10  | annule
        """,
        dossiers=ACTIFS,
        projets_personnalises="""
            id_dossier | statut | date_debut | date_fin
            -----------+--------+------------+-----------
            da         | actif  | 2025-03-10 |
            db         | actif  | 2025-03-10 |
        """,
        expected="1 / 2",
    )
