"""Taux d'identités INS qualifiées"""


def test_a_usable_matricule_whose_identity_is_qualified(spec):
    """Une personne compte si sa clé d'identité est un matricule et qu'un de ses usagers est qualifié."""
    spec(
        "ins_qualifiee",
        "2025-04-01",
        presents="a b c d e",
        usagers="""
            id_usager | matricule_ins   | statut_identite
            ----------+-----------------+----------------
            a         | 185057800608491 | qualifiee
            b         | 269054958815780 | recuperee
            c         | 155070000001172 | validee
            d         |                 | qualifiee
            e         | 253010000002213 |
        """,
        expected="1 / 5",
        cible=None,
        cible_atteinte=None,
    )


def test_one_qualified_row_of_the_person_is_enough(spec):
    """Une personne connue sous deux usagers compte une fois si l'un des deux est qualifié."""
    spec(
        "ins_qualifiee",
        "2025-04-01",
        presents="a b",
        usagers="""
            id_usager | matricule_ins   | statut_identite
            ----------+-----------------+----------------
            a         | 185057800608491 | recuperee
            b         | 185057800608491 | qualifiee
        """,
        expected="1 / 1",
    )


def test_without_any_status_there_is_no_figure(spec):
    """Quand aucun usager de l'établissement n'a de statut d'identité, le taux n'est pas calculable."""
    spec(
        "ins_qualifiee",
        "2025-04-01",
        presents="a b",
        usagers="""
            id_usager | matricule_ins
            ----------+----------------
            a         | 185057800608491
        """,
        numerateur=None,
        denominateur=None,
        calcul="non_calculable",
        motif="statut_absent",
    )


def test_an_unknown_status_is_read_as_empty(spec):
    """Un statut d'identité hors de la liste est lu comme vide et signalé ; la ligne reste."""
    spec(
        "ins_qualifiee",
        "2025-04-01",
        presents="a b",
        usagers="""
            id_usager | matricule_ins   | statut_identite
            ----------+-----------------+----------------
            a         | 185057800608491 | certifiee
            b         | 269054958815780 | Qualifiée
        """,
        expected="1 / 2",
        constats="statut_identite_inconnu",
    )
