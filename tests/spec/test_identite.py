"""Identité d'une personne"""

MATRICULE = "185057800608491"


def test_two_usagers_with_one_qualified_matricule_are_one_person(spec):
    """Deux usagers d'un établissement qui portent le même matricule, qualifié ou récupéré, sont une seule personne."""
    spec(
        "dossiers_actifs",
        "2025-04-01",
        presents="a b",
        usagers="""
            id_usager | matricule_ins   | statut_identite
            ----------+-----------------+----------------
            a         | 185057800608491 | qualifiee
            b         | 185057800608491 | recuperee
        """,
        dossiers="""
            id_dossier | id_usager | date_derniere_maj
            -----------+-----------+------------------
            d1         | a         | 2025-02-10
            d2         | b         | 2024-11-30
        """,
        expected="1 / 1",
        constats="identites_fusionnees",
    )


def test_an_identity_neither_qualified_nor_retrieved_keeps_the_local_id(spec):
    """Un matricule dont l'identité n'est ni qualifiée ni récupérée ne réunit pas deux usagers."""
    spec(
        "ins_qualifiee",
        "2025-04-01",
        presents="a b c",
        usagers="""
            id_usager | matricule_ins   | statut_identite
            ----------+-----------------+----------------
            a         | 185057800608491 | qualifiee
            b         | 185057800608491 | validee
            c         | 185057800608491 | provisoire
        """,
        expected="1 / 3",
    )


def test_persons_are_not_merged_across_establishments(spec):
    """Le même matricule dans deux établissements fait une personne dans chacun."""
    spec(
        "ins_qualifiee",
        "2025-04-01",
        usagers="""
            finess_et | id_usager | matricule_ins   | statut_identite
            ----------+-----------+-----------------+----------------
            750000044 | a         | 185057800608491 | qualifiee
            330000043 | a         | 185057800608491 | qualifiee
        """,
        sejours="""
            finess_et | id_usager | date_entree
            ----------+-----------+------------
            750000044 | a         | 2024-01-01
            330000043 | a         | 2024-01-01
        """,
        expected={"750000044": "1 / 1", "330000043": "1 / 1"},
    )


def test_a_malformed_matricule_rejects_nobody(spec):
    """Un matricule dont la clé est fausse est signalé ; l'identifiant local le remplace et la ligne reste."""
    spec(
        "ins_qualifiee",
        "2025-04-01",
        presents="a b",
        usagers="""
            id_usager | matricule_ins   | statut_identite
            ----------+-----------------+----------------
            a         | 185057800608492 | qualifiee
            b         | 185057800608492 | qualifiee
        """,
        expected="0 / 2",
        constats="ins_malforme",
    )


def test_a_matricule_of_test_identifies_nobody(spec):
    """Un matricule d'un domaine de test ou inconnu est signalé et n'identifie personne."""
    spec(
        "ins_qualifiee",
        "2025-04-01",
        presents="a b c d",
        usagers="""
            id_usager | matricule_ins   | oid_ins              | statut_identite
            ----------+-----------------+----------------------+----------------
            a         | 185057800608491 | 1.2.250.1.213.1.4.8  | qualifiee
            b         | 269054958815780 | 1.2.250.1.213.1.4.9  | qualifiee
            c         | 155070000001172 | 1.2.250.1.213.1.4.10 | qualifiee
            d         | 253010000002213 | 1.2.3                | qualifiee
        """,
        expected="2 / 4",
        constats="ins_de_test",
    )


def test_blanks_and_case_of_a_matricule_do_not_matter(spec):
    """Les blancs et la casse d'un matricule sont ignorés, et la Corse (2A, 2B) y a sa clé."""
    spec(
        "ins_qualifiee",
        "2025-04-01",
        presents="a b c",
        usagers="""
            id_usager | matricule_ins         | statut_identite
            ----------+-----------------------+----------------
            a         | 185052A00608435       | qualifiee
            b         | 1 85 05 2a 006 084 35 | qualifiee
            c         | 185052B00608462       | qualifiee
        """,
        expected="2 / 2",
    )


def test_two_rows_of_one_usager_are_one(spec):
    """Deux lignes d'un même usager n'en font qu'une : chaque attribut garde sa première valeur non vide."""
    spec(
        "ins_qualifiee",
        "2025-04-01",
        presents="a",
        usagers="""
            id_usager | matricule_ins   | statut_identite
            ----------+-----------------+----------------
            a         |                 | qualifiee
            a         | 185057800608491 | provisoire
        """,
        expected="1 / 1",
        constats="attributs_contradictoires",
    )
