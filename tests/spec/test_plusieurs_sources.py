"""Plusieurs sources"""


def test_tables_of_the_same_name_add_up(spec):
    """Les tables de même nom s'additionnent, et une entrée vue deux fois ne change rien."""
    spec(
        "mssante",
        "2025-04-01",
        presents="a b",
        boites_mssante="""
            adresse
            ------------------------
            accueil@foyer.mssante.fr
        """,
        messages_mssante="""
            id_message | horodatage | expediteur               | statut
            -----------+------------+--------------------------+-------
            m1         | 2025-02-01 | accueil@foyer.mssante.fr | envoye
            m2         | 2025-02-01 | accueil@foyer.mssante.fr | echec
        """,
        ailleurs={
            "messages_mssante": """
                id_message | horodatage | expediteur               | statut
                -----------+------------+--------------------------+-------
                m1         | 2025-02-01 | accueil@foyer.mssante.fr | envoye
                m2         | 2025-02-02 | accueil@foyer.mssante.fr | envoye
            """
        },
        expected="2 / 2",
    )


def test_the_first_value_in_the_order_of_the_sources_is_kept(spec):
    """D'un usager ou d'un dossier donné deux fois, la première valeur non vide est gardée, dans l'ordre des sources."""
    spec(
        "dmp",
        "2025-04-01",
        presents="a b",
        usagers="""
            id_usager | eligible_projet
            ----------+----------------
            a         | oui
            b         |
        """,
        ailleurs={
            "usagers": """
                id_usager | eligible_projet
                ----------+----------------
                a         | non
                b         | non
            """
        },
        depots_dmp="""
            id_document | horodatage | id_usager | statut
            ------------+------------+-----------+-------
            doc1        | 2025-02-01 | a         | succes
        """,
        expected="1 / 1",
        constats="attributs_contradictoires",
    )


def test_one_source_may_complete_another(spec):
    """Une source peut donner les dossiers et une autre leurs mises à jour."""
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
        ailleurs={
            "mises_a_jour": """
                id_dossier | horodatage
                -----------+-----------
                da         | 2024-12-01
                da         | 2025-02-01
            """
        },
        expected="1 / 2",
    )
