"""DUI actifs, e-prescriptions, e-parcours"""


def test_the_number_of_active_records(spec):
    """Le nombre de DUI actifs est le numérateur des dossiers actifs, sans dénominateur ni cible."""
    spec(
        "dui_actifs",
        "2025-04-01",
        presents="a b",
        dossiers="""
            id_dossier | id_usager | date_derniere_maj
            -----------+-----------+------------------
            da         | a         | 2025-02-10
            db         | b         | 2024-02-10
        """,
        expected="1",
        taux=None,
        cible=None,
        cible_atteinte=None,
    )


def test_distinct_prescriptions_imported_in_the_window(spec):
    """On compte les e-prescriptions distinctes importées dans la fenêtre."""
    spec(
        "eprescription",
        "2025-04-01",
        prescriptions_importees="""
            id_prescription | horodatage
            ----------------+-----------
            p1              | 2025-01-01
            p1              | 2025-01-02
            p2              | 2025-03-31
            p3              | 2025-04-01
        """,
        expected="2",
        cumul=None,
    )


def test_distinct_exchanges_in_the_window(spec):
    """On compte les échanges distincts par cahier de liaison dans la fenêtre."""
    spec(
        "eparcours",
        "2025-04-01",
        echanges_eparcours="""
            id_echange | horodatage
            -----------+-----------
            e1         | 2025-01-01
            e1         | 2025-02-01
            e2         | 2024-12-31
        """,
        expected="1",
    )


def test_the_total_since_the_start_of_the_project(spec):
    """Quand la date de convention est connue, le cumul compte depuis elle, incluse, jusqu'à la fin de la fenêtre."""
    etablissements = """
        finess_et | date_convention
        ----------+----------------
        750000044 | 2024-06-01
    """
    spec(
        "eprescription",
        "2025-04-01",
        etablissements=etablissements,
        prescriptions_importees="""
            id_prescription | horodatage
            ----------------+-----------
            p1              | 2024-05-31
            p2              | 2024-06-01
            p3              | 2024-07-01
            p3              | 2025-02-01
            p4              | 2025-04-01
        """,
        expected="1",
        cumul=2,
    )
    spec(
        "eparcours",
        "2025-04-01",
        etablissements=etablissements,
        echanges_eparcours="""
            id_echange | horodatage
            -----------+-----------
            e1         | 2024-05-31
            e2         | 2025-03-31
        """,
        expected="1",
        cumul=1,
    )


def test_a_person_need_not_be_known(spec):
    """Ces nombres ne demandent ni usagers ni séjours."""
    spec(
        "eparcours",
        "2025-04-01",
        echanges_eparcours="""
            id_echange | horodatage
            -----------+-----------
            e1         | 2025-02-01
        """,
        expected="1",
    )
