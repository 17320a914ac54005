"""Résultat : calcul, cible, affichage"""

DIX = "a b c d e f g h i j"


def _dossiers(ids: str) -> str:
    rows = [f"d{one} | {one} | 2025-02-10" for one in ids.split()]
    return "\n".join(["id_dossier | id_usager | date_derniere_maj", "---+---+---", *rows])


def test_exactly_at_the_target_is_reached(spec):
    """La cible est atteinte quand 100 × numérateur ≥ cible × dénominateur, en nombres entiers."""
    spec(
        "dossiers_actifs",
        "2025-04-01",
        presents=DIX,
        dossiers=_dossiers("a b c d e f g h i"),
        expected="9 / 10",
        taux=90.0,
        cible_atteinte=True,
    )


def test_the_rate_is_truncated_never_rounded(spec):
    """Le taux affiché est tronqué à une décimale, jamais arrondi : 8 / 9 donne 88,8 et n'atteint pas 90."""
    spec(
        "dossiers_actifs",
        "2025-04-01",
        presents="a b c d e f g h i",
        dossiers=_dossiers("a b c d e f g h"),
        expected="8 / 9",
        taux=88.8,
        cible_atteinte=False,
    )


def test_nobody_to_count_is_not_a_rate(spec):
    """Quand le dénominateur est nul, il n'y a pas de taux : ni 0 %, ni 100 %."""
    words = {"motif": "denominateur_nul", "numerateur": None, "denominateur": 0, "calcul": "non_calculable"}
    spec(
        "dossiers_actifs",
        "2025-04-01",
        usagers="""
            id_usager
            ---------
            a
        """,
        sejours="""
            id_usager | date_entree | date_sortie
            ----------+-------------+------------
            a         | 2023-01-01  | 2023-06-01
        """,
        dossiers=_dossiers("a"),
        taux=None,
        cible_atteinte=None,
        **words,
    )


def test_no_active_record_gives_no_rate_of_projects(spec):
    """Sans aucun dossier actif ni indéterminé, les taux de projet et d'agenda ne sont pas calculables."""
    spec(
        "projet_personnalise",
        "2025-04-01",
        presents="a",
        dossiers="""
            id_dossier | id_usager | date_derniere_maj
            -----------+-----------+------------------
            da         | a         | 2024-02-10
        """,
        projets_personnalises="""
            id_dossier | statut
            -----------+-------
            da         | actif
        """,
        numerateur=None,
        denominateur=0,
        calcul="non_calculable",
        motif="denominateur_nul",
    )


def test_a_count_may_be_zero(spec):
    """Un nombre sans dénominateur vaut zéro quand il n'y a personne à compter."""
    spec(
        "dui_actifs",
        "2025-04-01",
        usagers="""
            id_usager
            ---------
            a
        """,
        sejours="""
            id_usager | date_entree | date_sortie
            ----------+-------------+------------
            a         | 2023-01-01  | 2023-06-01
        """,
        dossiers=_dossiers("a"),
        expected="0",
    )


def test_nothing_is_summed_across_establishments(spec):
    """Chaque établissement a ses résultats ; rien n'est additionné entre établissements."""
    spec(
        "dossiers_actifs",
        "2025-04-01",
        usagers="""
            finess_et | id_usager
            ----------+----------
            750000044 | a
            330000043 | a
        """,
        sejours="""
            finess_et | id_usager | date_entree
            ----------+-----------+------------
            750000044 | a         | 2024-01-01
            330000043 | a         | 2024-01-01
        """,
        dossiers="""
            finess_et | id_dossier | id_usager | date_derniere_maj
            ----------+------------+-----------+------------------
            750000044 | d1         | a         | 2025-02-10
            330000043 | d1         | a         | 2024-02-10
        """,
        expected={"750000044": "1 / 1", "330000043": "0 / 1"},
    )
