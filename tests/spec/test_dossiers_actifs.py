"""Taux de dossiers actifs"""


def test_updated_records_of_people_accompanied(spec):
    """On compte les personnes accompagnées dont un dossier est mis à jour ; sans dossier, on reste au dénominateur."""
    spec(
        "dossiers_actifs",
        "2025-04-01",
        presents="a b c",
        dossiers="""
            id_dossier | id_usager | date_derniere_maj
            -----------+-----------+------------------
            da         | a         | 2025-03-01
            db         | b         | 2024-11-30
        """,
        expected="1 / 3",
        cible=90,
        cible_atteinte=False,
    )


def test_the_record_of_someone_who_has_left_does_not_count(spec):
    """Le dossier mis à jour d'une personne qui n'est plus accompagnée ne compte pas."""
    spec(
        "dossiers_actifs",
        "2025-04-01",
        presents="a",
        usagers="""
            id_usager
            ---------
            parti
        """,
        sejours="""
            id_usager | date_entree | date_sortie
            ----------+-------------+------------
            parti     | 2023-01-01  | 2024-12-15
        """,
        dossiers="""
            id_dossier | id_usager | date_derniere_maj
            -----------+-----------+------------------
            da         | a         | 2025-03-01
            dp         | parti     | 2025-01-03
        """,
        expected="1 / 1",
    )


def test_people_are_counted_not_records(spec):
    """On compte des personnes : deux dossiers d'une personne n'en font pas deux, et un seul à jour suffit."""
    spec(
        "dossiers_actifs",
        "2025-04-01",
        presents="a b",
        dossiers="""
            id_dossier | id_usager | date_derniere_maj
            -----------+-----------+------------------
            da1        | a         | 2025-03-01
            da2        | a         | 2025-03-02
            db1        | b         | 2024-03-01
            db2        | b         | 2025-03-01
        """,
        expected="2 / 2",
    )


def test_without_any_date_there_is_no_figure(spec):
    """Quand aucun dossier n'a de date et que le journal n'a pas de début, le taux n'est pas calculable."""
    dossiers = """
        id_dossier | id_usager
        -----------+----------
        da         | a
    """
    for indicateur in ("dossiers_actifs", "dui_actifs"):
        spec(
            indicateur,
            "2025-04-01",
            presents="a",
            dossiers=dossiers,
            numerateur=None,
            denominateur=None,
            calcul="non_calculable",
            motif="date_absente",
            constats="journal_date_absente",
        )


def test_one_date_is_enough_for_the_column_to_be_there(spec):
    """Une seule date, ou un journal qui a un début, suffit à rendre le taux calculable."""
    spec(
        "dossiers_actifs",
        "2025-04-01",
        presents="a b",
        dossiers="""
            id_dossier | id_usager | date_creation
            -----------+-----------+--------------
            da         | a         |
            db         | b         | 2019-05-02
        """,
        expected="0 / 2",
    )
    spec(
        "dossiers_actifs",
        "2025-04-01",
        presents="a b",
        dossiers="""
            id_dossier | id_usager
            -----------+----------
            da         | a
            db         | b
        """,
        mises_a_jour="""
            id_dossier | horodatage
            -----------+-----------
            da         | 2025-02-01
        """,
        expected="1 / 2",
    )


def test_an_establishment_without_any_record_is_at_zero(spec):
    """Un établissement dont la table des dossiers est fournie et vide est à zéro."""
    spec(
        "dossiers_actifs",
        "2025-04-01",
        presents="a",
        dossiers="""
            id_dossier | id_usager
            -----------+----------
        """,
        expected="0 / 1",
        cible_atteinte=False,
    )
