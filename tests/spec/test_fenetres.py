"""Fenêtres de mesure"""

IMPORTS = """
    id_prescription | horodatage
    ----------------+-----------
    p1              | 2024-12-31
    p2              | 2025-01-01
    p3              | 2025-02-28
    p4              | 2025-03-31
    p5              | 2025-04-01
"""


def test_rolling_three_months_before_the_measure_date(spec):
    """En 2025, la fenêtre couvre les trois mois qui précèdent la date de mesure, laquelle est exclue."""
    spec(
        "eprescription",
        "2025-04-01",
        prescriptions_importees=IMPORTS,
        expected="3",
        periode="2025-01-01 au 2025-03-31",
    )


def test_the_first_day_is_clamped_at_the_end_of_the_month(spec):
    """Quand le jour n'existe pas trois mois plus tôt, la fenêtre commence le dernier jour de ce mois-là."""
    spec(
        "eprescription",
        "2025-05-31",
        prescriptions_importees=IMPORTS,
        expected="3",
        periode="2025-02-28 au 2025-05-30",
    )


def test_the_29th_of_february_is_a_day_like_another(spec):
    """Une année bissextile, la fenêtre peut commencer un 29 février."""
    spec(
        "eprescription",
        "2024-05-31",
        prescriptions_importees="""
            id_prescription | horodatage
            ----------------+-----------
            p1              | 2024-02-28
            p2              | 2024-02-29
        """,
        expected="1",
        periode="2024-02-29 au 2024-05-30",
    )


def test_the_civil_month_is_the_last_one_wholly_elapsed(spec):
    """En 2022, la fenêtre est le dernier mois civil entièrement écoulé avant la date de mesure."""
    spec(
        "eprescription",
        "2025-04-15",
        programme="esms-2022",
        prescriptions_importees=IMPORTS,
        expected="1",
        periode="2025-03-01 au 2025-03-31",
    )


def test_the_last_day_of_march_measures_february(spec):
    """Une mesure datée du 31 mars porte sur février : mars n'est pas encore écoulé."""
    spec(
        "eprescription",
        "2025-03-31",
        programme="esms-2022",
        prescriptions_importees=IMPORTS,
        expected="1",
        periode="2025-02-01 au 2025-02-28",
    )


def test_the_first_measure_takes_three_civil_months(spec):
    """En 2022, la première mesure d'un établissement porte sur les trois derniers mois civils."""
    spec(
        "eprescription",
        "2025-04-15",
        programme="esms-2022",
        premiere_mesure=True,
        prescriptions_importees=IMPORTS,
        expected="3",
        periode="2025-01-01 au 2025-03-31",
    )


def test_a_first_measure_changes_nothing_in_2021(spec):
    """En 2021, une première mesure porte sur un seul mois civil, comme les autres."""
    spec(
        "eprescription",
        "2025-04-15",
        programme="esms-2021",
        premiere_mesure=True,
        prescriptions_importees=IMPORTS,
        expected="1",
        periode="2025-03-01 au 2025-03-31",
    )


def test_a_window_that_is_asked_prevails(spec):
    """Une fenêtre demandée pour l'audit remplace celle du programme."""
    spec(
        "eprescription",
        "2025-04-01",
        fenetre="mois_civil",
        prescriptions_importees=IMPORTS,
        expected="1",
        periode="2025-03-01 au 2025-03-31",
    )


def test_the_last_day_counts_whole(spec):
    """Le dernier jour compte jusqu'à sa dernière fraction de seconde."""
    spec(
        "eprescription",
        "2025-04-01",
        prescriptions_importees="""
            id_prescription | horodatage
            ----------------+------------------------
            p1              | 2025-01-01T00:00:00
            p2              | 2025-03-31T23:59:59.999
            p3              | 2025-04-01T00:00:00
        """,
        expected="2",
    )


def test_february_of_a_leap_year_has_29_days(spec):
    """Le mois civil de février finit le 29 une année bissextile, et une date de mesure du 29 est exclue."""
    imports = """
        id_prescription | horodatage
        ----------------+--------------------
        p1              | 2023-11-28
        p2              | 2023-11-29
        p3              | 2024-02-28T23:59:59
        p4              | 2024-02-29T23:59:59
        p5              | 2024-03-01
    """
    spec(
        "eprescription",
        "2024-03-01",
        programme="esms-2022",
        prescriptions_importees=imports,
        expected="2",
        periode="2024-02-01 au 2024-02-29",
    )
    spec(
        "eprescription",
        "2024-02-29",
        prescriptions_importees=imports,
        expected="2",
        periode="2023-11-29 au 2024-02-28",
    )


def test_a_year_before_the_29th_of_february_is_clamped(spec):
    """L'assiette annuelle d'une mesure du 29 février commence le 28 février de l'année précédente."""
    for sortie, annuel in (("2023-02-27", "1 / 1"), ("2023-02-28", "1 / 2")):
        spec(
            "dossiers_actifs",
            "2024-02-29",
            usagers="""
                id_usager
                ---------
                a
                b
            """,
            sejours=f"""
                id_usager | date_entree | date_sortie
                ----------+-------------+------------
                a         | 2022-01-01  |
                b         | 2022-01-01  | {sortie}
            """,
            dossiers="""
                id_dossier | id_usager | date_derniere_maj
                -----------+-----------+------------------
                da         | a         | 2024-02-28
            """,
            expected="1 / 1",
            annuel=annuel,
        )
