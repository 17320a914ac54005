"""Mises à jour indéterminées"""

APRES = """
    id_dossier | id_usager | date_derniere_maj
    -----------+-----------+------------------
    da         | a         | 2025-03-15
    db         | b         | 2025-04-01
    dc         | c         | 2025-04-20
"""


def test_an_update_after_the_window_hides_those_within(spec):
    """Sans journal, un dossier mis à jour après la fenêtre est indéterminé : nul ne sait s'il l'a été pendant."""
    spec(
        "dossiers_actifs",
        "2025-04-01",
        presents="a b c",
        dossiers=APRES,
        numerateur=1,
        denominateur=3,
        indetermines=2,
        calcul="indetermine",
        motif="mise_a_jour_indeterminee",
        cible_atteinte=None,
        constats="mises_a_jour_indeterminees",
    )


def test_it_is_calculated_when_the_attainment_cannot_change(spec):
    """Le résultat reste calculé quand le pire et le meilleur cas concluent de même sur la cible."""
    spec(
        "dossiers_actifs",
        "2025-04-01",
        presents="a b c d",
        dossiers=APRES,
        expected="1 / 4",
        indetermines=2,
        cible_atteinte=False,
    )


def test_a_covering_journal_leaves_no_doubt(spec):
    """Quand le journal couvre la fenêtre, rien n'est indéterminé."""
    spec(
        "dossiers_actifs",
        "2025-04-01",
        presents="a b c",
        dossiers=APRES,
        mises_a_jour="""
            id_dossier | horodatage
            -----------+-----------
            dc         | 2024-12-01
            da         | 2025-02-01
        """,
        expected="1 / 3",
        indetermines=0,
        cible_atteinte=False,
    )


def test_what_is_known_to_be_updated_is_not_in_doubt(spec):
    """Une personne dont un dossier est créé ou journalisé dans la fenêtre n'est pas indéterminée."""
    spec(
        "dossiers_actifs",
        "2025-04-01",
        presents="a b",
        dossiers="""
            id_dossier | id_usager | date_creation | date_derniere_maj
            -----------+-----------+---------------+------------------
            da         | a         | 2025-02-01    | 2025-04-20
            db         | b         | 2023-02-01    | 2025-04-20
        """,
        mises_a_jour="""
            id_dossier | horodatage
            -----------+-----------
            db         | 2025-01-15
        """,
        expected="2 / 2",
        indetermines=0,
        cible_atteinte=True,
    )


def test_someone_not_accompanied_leaves_no_doubt(spec):
    """Une personne qui n'est pas accompagnée dans la fenêtre n'y est pas indéterminée."""
    spec(
        "dossiers_actifs",
        "2025-04-01",
        presents="a",
        usagers="""
            id_usager
            ---------
            b
            c
        """,
        sejours="""
            id_usager | date_entree | date_sortie
            ----------+-------------+------------
            b         | 2024-01-01  | 2024-10-01
        """,
        dossiers=APRES,
        expected="1 / 1",
        indetermines=0,
    )


def test_a_count_without_target_is_calculated(spec):
    """Un nombre sans cible est calculé ; les indéterminées sont données à côté."""
    spec("dui_actifs", "2025-04-01", presents="a b c", dossiers=APRES, expected="1", indetermines=2)


def test_other_results_have_no_undetermined(spec):
    """Les résultats qui ne reposent pas sur les dossiers actifs n'ont pas d'indéterminées."""
    spec("ins_qualifiee", "2025-04-01", presents="a b c", dossiers=APRES, motif="statut_absent", indetermines=None)


def test_the_worst_and_the_best_case_of_a_project(spec):
    """Pour le projet, une indéterminée sans projet alourdit le pire cas, une avec projet améliore le meilleur."""
    projets = """
        id_dossier | statut
        -----------+-------
        da         | actif
        db         | actif
    """
    spec(
        "projet_personnalise",
        "2025-04-01",
        presents="a b c",
        dossiers=APRES,
        projets_personnalises=projets,
        numerateur=1,
        denominateur=1,
        indetermines=2,
        calcul="indetermine",
    )
    spec(
        "projet_personnalise",
        "2025-04-01",
        presents="a b c",
        dossiers=APRES,
        projets_personnalises=projets + "        dc         | actif\n",
        expected="1 / 1",
        indetermines=2,
        cible_atteinte=True,
    )


def test_nobody_for_sure_is_undetermined(spec):
    """Quand aucun dossier n'est sûrement actif et qu'il reste des indéterminées, le projet est indéterminé."""
    dossiers = """
        id_dossier | id_usager | date_derniere_maj
        -----------+-----------+------------------
        da         | a         | 2025-04-15
    """
    projets = """
        id_dossier | statut
        -----------+-------
        da         | actif
    """
    for programme in ("esms-2025", "esms-2021"):
        spec(
            "projet_personnalise",
            "2025-04-01",
            programme=programme,
            presents="a",
            dossiers=dossiers,
            projets_personnalises=projets,
            numerateur=0,
            denominateur=0,
            indetermines=1,
            calcul="indetermine",
            motif="mise_a_jour_indeterminee",
        )
