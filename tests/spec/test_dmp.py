"""Taux de DMP alimentés"""


def test_one_deposit_that_succeeded_in_the_window(spec):
    """Une personne compte si un dépôt ou un remplacement réussi la concerne dans la fenêtre."""
    spec(
        "dmp",
        "2025-04-01",
        presents="a b c d",
        depots_dmp="""
            id_document | horodatage | id_usager | statut | operation
            ------------+------------+-----------+--------+-------------
            doc1        | 2025-01-01 | a         | succes | depot
            doc2        | 2025-03-31 | a         | succes |
            doc3        | 2025-03-31 | b         | succes | remplacement
            doc4        | 2024-12-31 | c         | succes |
            doc5        | 2025-04-01 | d         | succes |
        """,
        expected="2 / 4",
        cible=70,
        cible_atteinte=False,
    )


def test_failures_and_deletions_do_not_count(spec):
    """Un dépôt en échec ou d'issue inconnue ne compte pas ; une suppression n'ajoute ni ne retire rien."""
    spec(
        "dmp",
        "2025-04-01",
        presents="a b c d",
        depots_dmp="""
            id_document | horodatage | id_usager | statut  | operation
            ------------+------------+-----------+---------+------------
            doc1        | 2025-02-01 | a         | echec   |
            doc2        | 2025-02-01 | b         | inconnu |
            doc3        | 2025-02-01 | c         | succes  | suppression
            doc4        | 2025-02-01 | d         | succes  | depot
            doc4        | 2025-02-02 | d         | succes  | suppression
        """,
        expected="1 / 4",
        constats="depots_echec",
    )


def test_one_success_among_failures_is_a_success(spec):
    """Un succès parmi des échecs est un succès, et plusieurs documents d'une personne n'en font pas deux."""
    spec(
        "dmp",
        "2025-04-01",
        presents="a b",
        depots_dmp="""
            id_document | horodatage | id_usager | statut
            ------------+------------+-----------+-------
            doc1        | 2025-02-01 | a         | echec
            doc1        | 2025-02-02 | a         | succes
            doc2        | 2025-02-03 | a         | succes
        """,
        expected="1 / 2",
    )


def test_the_matricule_finds_whoever_carries_it(spec):
    """Un matricule utilisable alimente tous ceux qui le portent, quel que soit le statut de leur identité."""
    spec(
        "dmp",
        "2025-04-01",
        presents="a b c",
        usagers="""
            id_usager | matricule_ins   | statut_identite
            ----------+-----------------+----------------
            a         | 185057800608491 | provisoire
            b         | 185057800608491 | validee
            c         | 269054958815780 | qualifiee
        """,
        depots_dmp="""
            id_document | horodatage | matricule_ins   | id_usager | statut
            ------------+------------+-----------------+-----------+-------
            doc1        | 2025-02-01 | 185057800608491 | c         | succes
        """,
        expected="2 / 3",
    )


def test_a_former_matricule_still_finds_the_person(spec):
    """Un ancien matricule (« matricules_anterieurs ») désigne encore son usager."""
    spec(
        "dmp",
        "2025-04-01",
        presents="a b",
        usagers="""
            id_usager | matricule_ins   | statut_identite
            ----------+-----------------+----------------
            a         | 185057800608491 | qualifiee
            b         | 269054958815780 | qualifiee
        """,
        matricules_anterieurs="""
            id_usager | matricule_ins
            ----------+----------------
            a         | 155070000001172
        """,
        depots_dmp="""
            id_document | horodatage | matricule_ins   | id_usager | statut
            ------------+------------+-----------------+-----------+-------
            doc1        | 2025-02-01 | 155070000001172 | b         | succes
        """,
        expected="1 / 2",
    )


def test_otherwise_the_local_id_decides(spec):
    """Quand personne ne porte le matricule, ou qu'il n'est pas utilisable, l'identifiant local du dépôt décide."""
    spec(
        "dmp",
        "2025-04-01",
        presents="a b c d",
        usagers="""
            id_usager | matricule_ins   | oid_ins              | statut_identite
            ----------+-----------------+----------------------+----------------
            a         | 185057800608491 |                      | qualifiee
            b         | 269054958815780 |                      | qualifiee
            c         | 253010000002213 | 1.2.250.1.213.1.4.10 | qualifiee
        """,
        depots_dmp="""
            id_document | horodatage | matricule_ins   | oid_ins              | id_usager | statut
            ------------+------------+-----------------+----------------------+-----------+-------
            doc1        | 2025-02-01 | 155070000001172 |                      | a         | succes
            doc2        | 2025-02-01 | 185057800608499 |                      | b         | succes
            doc3        | 2025-02-01 | 253010000002213 | 1.2.250.1.213.1.4.10 |           | succes
        """,
        expected="2 / 4",
    )


def test_a_deposit_that_matches_nobody_is_a_finding(spec):
    """Un dépôt qui ne désigne personne est signalé et ne compte pas."""
    spec(
        "dmp",
        "2025-04-01",
        presents="a",
        depots_dmp="""
            id_document | horodatage | matricule_ins   | id_usager | statut
            ------------+------------+-----------------+-----------+-------
            doc1        | 2025-02-01 | 155070000001172 | inconnu   | succes
            doc2        | 2025-02-01 |                 |           | succes
        """,
        expected="0 / 1",
        constats="depots_sans_usager",
    )


def test_only_people_accompanied_and_eligible_count(spec):
    """Le DMP alimenté d'une personne qui n'est pas accompagnée dans la fenêtre ne compte pas."""
    spec(
        "dmp",
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
            parti     | 2023-01-01  | 2024-12-20
        """,
        depots_dmp="""
            id_document | horodatage | id_usager | statut
            ------------+------------+-----------+-------
            doc1        | 2025-01-03 | parti     | succes
        """,
        expected="0 / 1",
    )
