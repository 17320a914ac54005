"""Dépôts DMP au nom d'une entité juridique"""

ETABLISSEMENTS = """
    finess_et | finess_ej
    ----------+----------
    750000044 | 750000002
    330000043 | 750000002
"""
USAGERS = """
    finess_et | id_usager | matricule_ins   | statut_identite
    ----------+-----------+-----------------+----------------
    750000044 | a         | 185057800608491 | qualifiee
    750000044 | b         |                 |
    330000043 | a         | 269054958815780 | qualifiee
    330000043 | c         | 155070000001172 | qualifiee
"""
SEJOURS = """
    finess_et | id_usager | date_entree
    ----------+-----------+------------
    750000044 | a         | 2024-01-01
    750000044 | b         | 2024-01-01
    330000043 | a         | 2024-01-01
    330000043 | c         | 2024-01-01
"""
SITE = {"etablissements": ETABLISSEMENTS, "usagers": USAGERS, "sejours": SEJOURS}


def test_the_only_establishment_that_carries_the_matricule(spec):
    """Un dépôt au nom de l'EJ va au seul de ses établissements où quelqu'un porte le matricule."""
    spec(
        "dmp",
        "2025-04-01",
        **SITE,
        depots_dmp="""
            finess_et | id_document | horodatage | matricule_ins   | id_usager | statut
            ----------+-------------+------------+-----------------+-----------+-------
            750000002 | doc1        | 2025-02-01 | 185057800608491 | c         | succes
        """,
        expected={"750000044": "1 / 2", "330000043": "0 / 2"},
    )


def test_otherwise_the_only_establishment_that_has_the_local_id(spec):
    """Si personne ne porte le matricule, il va au seul établissement qui connaît l'identifiant local."""
    spec(
        "dmp",
        "2025-04-01",
        **SITE,
        depots_dmp="""
            finess_et | id_document | horodatage | matricule_ins   | id_usager | statut
            ----------+-------------+------------+-----------------+-----------+-------
            750000002 | doc1        | 2025-02-01 | 253010000002213 | b         | succes
            750000002 | doc2        | 2025-02-01 |                 | c         | succes
        """,
        expected={"750000044": "1 / 2", "330000043": "1 / 2"},
    )


def test_otherwise_nowhere(spec):
    """Si deux établissements de l'EJ conviennent, ou aucun, le dépôt est signalé et ne compte nulle part."""
    spec(
        "dmp",
        "2025-04-01",
        **SITE,
        depots_dmp="""
            finess_et | id_document | horodatage | id_usager | statut
            ----------+-------------+------------+-----------+-------
            750000002 | doc1        | 2025-02-01 | a         | succes
            750000002 | doc2        | 2025-02-01 | inconnu   | succes
        """,
        expected={"750000044": "0 / 2", "330000043": "0 / 2"},
        constats="depots_ambigus",
    )


def test_a_matricule_carried_in_two_establishments_settles_nothing(spec):
    """Un matricule porté dans deux établissements de l'EJ ne désigne rien, même si l'identifiant local convenait."""
    spec(
        "dmp",
        "2025-04-01",
        etablissements=ETABLISSEMENTS,
        usagers=USAGERS,
        sejours=SEJOURS,
        matricules_anterieurs="""
            finess_et | id_usager | matricule_ins
            ----------+-----------+----------------
            330000043 | c         | 185057800608491
        """,
        depots_dmp="""
            finess_et | id_document | horodatage | matricule_ins   | id_usager | statut
            ----------+-------------+------------+-----------------+-----------+-------
            750000002 | doc1        | 2025-02-01 | 185057800608491 | b         | succes
        """,
        expected={"750000044": "0 / 2", "330000043": "0 / 2"},
    )


def test_the_ej_of_one_establishment_is_that_establishment(spec):
    """L'EJ d'un seul établissement connu vaut cet établissement, dans toutes les tables."""
    spec(
        "dmp",
        "2025-04-01",
        etablissements="""
            finess_et | finess_ej
            ----------+----------
            750000044 | 750000002
        """,
        presents="a",
        depots_dmp="""
            finess_et | id_document | horodatage | id_usager | statut
            ----------+-------------+------------+-----------+-------
            750000002 | doc1        | 2025-02-01 | a         | succes
        """,
        expected="1 / 1",
    )


def test_documents_of_2021_follow_the_person_too(spec):
    """En 2021, un document déposé au nom de l'EJ va au même établissement que la personne qu'il concerne."""
    spec(
        "dmp_documents",
        "2025-04-15",
        programme="esms-2021",
        **SITE,
        depots_dmp="""
            finess_et | id_document | horodatage | matricule_ins   | id_usager | statut
            ----------+-------------+------------+-----------------+-----------+-------
            750000002 | doc1        | 2025-02-01 | 155070000001172 |           | succes
            750000002 | doc2        | 2025-02-01 |                 | b         | succes
            750000002 | doc3        | 2025-02-01 |                 | a         | succes
            330000043 | doc4        | 2025-02-01 |                 | inconnu   | succes
        """,
        expected={"750000044": "1", "330000043": "2"},
    )


def test_a_bad_deposit_of_the_ej_bars_all_its_establishments(spec):
    """Une ligne fautive au nom de l'EJ condamne la table pour tous ses établissements : il allait à l'un d'eux."""
    for et in ("750000044", "330000043"):
        spec(
            "dmp",
            "2025-04-01",
            **SITE,
            depots_dmp="""
                finess_et | id_document | horodatage | matricule_ins   | statut
                ----------+-------------+------------+-----------------+-------
                750000002 | doc1        | hier       | 185057800608491 | succes
            """,
            et=et,
            calcul="non_calculable",
            motif="source_en_erreur",
            numerateur=None,
            denominateur=None,
        )


def test_a_deposit_of_the_ej_gives_the_table_to_the_establishment_where_it_goes(spec):
    """Une source qui ne nomme que l'EJ parle pour les établissements où vont ses dépôts, et pour eux seuls."""
    words = {
        **SITE,
        "ailleurs": {
            "depots_dmp": """
                finess_et | id_document | horodatage | matricule_ins   | statut
                ----------+-------------+------------+-----------------+-------
                750000002 | doc1        | 2025-02-01 | 185057800608491 | succes
            """
        },
    }
    spec("dmp", "2025-04-01", **words, expected="1 / 2")
    spec("dmp", "2025-04-01", **words, et="330000043", calcul="non_calculable", motif="source_absente")


def test_a_bad_row_of_the_establishments_keeps_its_ej(spec):
    """L'EJ d'une ligne fautive d'« etablissements » reste connue : le dépôt ne passe pas à l'autre établissement."""
    spec(
        "dmp",
        "2025-04-01",
        etablissements="""
            finess_et | finess_ej | date_vsr
            ----------+-----------+-----------
            750000044 | 750000002 | 31/12/2024
            330000043 | 750000002 |
        """,
        usagers=USAGERS,
        sejours=SEJOURS,
        depots_dmp="""
            finess_et | id_document | horodatage | id_usager | statut
            ----------+-------------+------------+-----------+-------
            750000002 | doc1        | 2025-02-01 | a         | succes
        """,
        expected={"330000043": "0 / 2"},
    )
