"""Personnes éligibles (MSSanté et DMP)"""

DEPOT = """
    id_document | horodatage | id_usager | statut
    ------------+------------+-----------+-------
    doc1        | 2025-02-01 | a         | succes
    doc2        | 2025-02-01 | b         | succes
"""


def test_people_who_cannot_have_a_project_leave_both_terms(spec):
    """Qui ne peut pas bénéficier d'un projet d'accompagnement ne compte ni au dénominateur ni au numérateur."""
    spec(
        "dmp",
        "2025-04-01",
        presents="a b c d",
        usagers="""
            id_usager | eligible_projet
            ----------+----------------
            a         | oui
            b         | non
            c         |
            d         | non
        """,
        depots_dmp=DEPOT,
        expected="1 / 2",
    )


def test_all_the_rows_of_the_person_must_say_so(spec):
    """Une personne connue sous deux usagers reste éligible tant que l'un d'eux ne dit pas non."""
    spec(
        "dmp",
        "2025-04-01",
        presents="a b",
        usagers="""
            id_usager | matricule_ins   | statut_identite | eligible_projet
            ----------+-----------------+-----------------+----------------
            a         | 185057800608491 | qualifiee       | non
            b         | 185057800608491 | qualifiee       |
        """,
        depots_dmp=DEPOT,
        expected="1 / 1",
    )


def test_other_indicators_count_everyone(spec):
    """Les autres indicateurs comptent toutes les personnes accompagnées, éligibles ou non."""
    spec(
        "ins_qualifiee",
        "2025-04-01",
        presents="a b",
        usagers="""
            id_usager | statut_identite | eligible_projet
            ----------+-----------------+----------------
            a         | validee         | non
            b         | validee         | oui
        """,
        expected="0 / 2",
    )
