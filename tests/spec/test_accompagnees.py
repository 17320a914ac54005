"""Personnes accompagnées"""


def test_one_day_in_the_window_is_enough(spec):
    """Une personne est accompagnée si un de ses séjours touche la fenêtre, ne serait-ce qu'un jour."""
    spec(
        "ins_qualifiee",
        "2025-04-01",
        usagers="""
            id_usager | statut_identite
            ----------+----------------
            a         | validee
            b         | validee
            c         | validee
            d         | validee
        """,
        sejours="""
            id_usager | date_entree | date_sortie
            ----------+-------------+------------
            a         | 2024-05-01  | 2024-12-31
            b         | 2024-05-01  | 2025-01-01
            c         | 2025-03-31  |
            d         | 2025-04-01  |
        """,
        expected="0 / 2",
    )


def test_cancelled_and_awaited_stays_do_not_count(spec):
    """Un séjour annulé ou en attente ne compte pas, et sa date d'entrée peut manquer."""
    spec(
        "ins_qualifiee",
        "2025-04-01",
        usagers="""
            id_usager | statut_identite
            ----------+----------------
            a         | validee
            b         | validee
            c         | validee
            d         | validee
        """,
        sejours="""
            id_usager | date_entree | statut
            ----------+-------------+--------
            a         | 2025-02-01  | actif
            b         | 2025-02-01  | annule
            c         |             | attente
            d         | 2025-02-01  |
        """,
        expected="0 / 2",
    )


def test_someone_with_several_stays_counts_once(spec):
    """Une personne qui a plusieurs séjours dans la fenêtre compte une fois."""
    spec(
        "ins_qualifiee",
        "2025-04-01",
        usagers="""
            id_usager | statut_identite
            ----------+----------------
            a         | validee
        """,
        sejours="""
            id_usager | date_entree | date_sortie
            ----------+-------------+------------
            a         | 2025-01-05  | 2025-01-20
            a         | 2025-03-01  |
        """,
        expected="0 / 1",
    )


def test_comfort_services_alone_do_not_count(spec):
    """Les séjours d'un usager qui ne reçoit que des prestations de confort ne comptent pas."""
    spec(
        "ins_qualifiee",
        "2025-04-01",
        presents="a b c",
        usagers="""
            id_usager | statut_identite | prestations_confort_seules
            ----------+-----------------+---------------------------
            a         | validee         | oui
            b         | validee         | non
            c         | validee         |
        """,
        expected="0 / 2",
    )


def test_another_row_of_the_person_may_still_count(spec):
    """Une personne connue sous deux usagers compte si l'un d'eux reçoit autre chose que du confort."""
    spec(
        "ins_qualifiee",
        "2025-04-01",
        presents="a b",
        usagers="""
            id_usager | matricule_ins   | statut_identite | prestations_confort_seules
            ----------+-----------------+-----------------+---------------------------
            a         | 185057800608491 | qualifiee       | oui
            b         | 185057800608491 | qualifiee       | non
        """,
        expected="1 / 1",
    )


def test_the_stay_of_an_unknown_usager_does_not_count(spec):
    """Le séjour d'un usager inconnu est signalé et ne compte pas ; un usager sans séjour n'est pas accompagné."""
    spec(
        "ins_qualifiee",
        "2025-04-01",
        usagers="""
            id_usager | statut_identite
            ----------+----------------
            a         | validee
            b         | validee
        """,
        sejours="""
            id_usager | date_entree
            ----------+------------
            a         | 2024-06-01
            inconnu   | 2024-06-01
        """,
        expected="0 / 1",
        constats="sejours_orphelins usagers_sans_sejour",
    )
