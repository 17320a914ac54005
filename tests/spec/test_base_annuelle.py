"""Assiette annuelle"""

SEJOURS = """
    id_usager | date_entree | date_sortie
    ----------+-------------+------------
    a         | 2020-01-01  |
    b         | 2020-01-01  | 2024-04-01
    c         | 2020-01-01  | 2024-03-31
    d         | 2024-09-01  | 2024-10-01
"""
USAGERS = """
    id_usager
    ---------
    a
    b
    c
    d
"""
DOSSIERS = """
    id_dossier | id_usager | date_derniere_maj
    -----------+-----------+------------------
    da         | a         | 2025-02-10
    db         | b         | 2024-06-10
    dd         | d         | 2025-01-10
"""


def test_the_literal_annual_basis_stands_beside(spec):
    """À côté du taux, l'assiette annuelle compte les personnes des douze mois avant la date de mesure."""
    spec(
        "dossiers_actifs",
        "2025-04-01",
        usagers=USAGERS,
        sejours=SEJOURS,
        dossiers=DOSSIERS,
        expected="1 / 1",
        annuel="2 / 3",
    )


def test_it_ends_the_day_before_the_measure_date(spec):
    """Les douze mois finissent à la veille de la date de mesure, même en mois civil."""
    spec(
        "dossiers_actifs",
        "2025-04-15",
        programme="esms-2022",
        usagers=USAGERS,
        sejours=SEJOURS,
        dossiers=DOSSIERS,
        expected="0 / 1",
        annuel="0 / 2",
    )


def test_two_bases_that_disagree_are_a_finding(spec):
    """Deux assiettes qui ne concluent pas de même sur la cible sont signalées."""
    spec(
        "dossiers_actifs",
        "2025-04-01",
        usagers=USAGERS,
        sejours=SEJOURS,
        dossiers=DOSSIERS,
        expected="1 / 1",
        cible_atteinte=True,
        constats="bases_divergentes",
    )


def test_it_is_unknown_when_a_table_is_missing(spec):
    """L'assiette annuelle est inconnue dès qu'une table ou une date dont elle dépend manque ou est en erreur."""
    spec(
        "dossiers_actifs",
        "2025-04-01",
        usagers=USAGERS,
        sejours=SEJOURS,
        annuel="None / None",
        motif="source_absente",
    )
    spec(
        "dossiers_actifs",
        "2025-04-01",
        usagers=USAGERS,
        sejours=SEJOURS,
        dossiers="""
            id_dossier | id_usager
            -----------+----------
            da         | a
        """,
        annuel="None / None",
        motif="date_absente",
    )


def test_it_stands_when_the_window_has_nobody(spec):
    """Elle reste donnée quand personne n'est accompagné dans la fenêtre."""
    spec(
        "dossiers_actifs",
        "2025-04-01",
        usagers="""
            id_usager
            ---------
            d
        """,
        sejours="""
            id_usager | date_entree | date_sortie
            ----------+-------------+------------
            d         | 2024-09-01  | 2024-10-01
        """,
        dossiers=DOSSIERS,
        calcul="non_calculable",
        motif="denominateur_nul",
        annuel="1 / 1",
    )


def test_other_indicators_have_no_annual_basis(spec):
    """Aucun autre indicateur n'a d'assiette annuelle."""
    spec("dui_actifs", "2025-04-01", usagers=USAGERS, sejours=SEJOURS, dossiers=DOSSIERS, expected="1", annuel=None)
