"""Exemptions : une cible peut ne pas être opposable"""

DEPOT = """
    id_document | horodatage | id_usager | statut
    ------------+------------+-----------+-------
    doc1        | 2025-02-01 | a         | succes
"""
DEPOT_AHI = """
    id_document | horodatage | id_usager | statut
    ------------+------------+-----------+-------
    doc1        | 2025-08-01 | a         | succes
"""
AHI_NON_SONS = """
    finess_et | secteur | eligible_sons
    ----------+---------+--------------
    750000044 | ahi     | non
"""


def test_a_judicial_protection_service_is_released(spec):
    """En 2025, un service PJM n'est pas tenu aux cibles MSSanté et DMP ; le chiffre et le verdict restent donnés."""
    spec(
        "dmp",
        "2025-04-01",
        etablissements="""
            finess_et | secteur
            ----------+--------
            750000044 | pjm
        """,
        presents="a b",
        depots_dmp=DEPOT,
        expected="1 / 2",
        cible=70,
        cible_atteinte=False,
        opposable=False,
    )


def test_the_targets_on_records_still_bind(spec):
    """L'exemption ne vise que les cibles MSSanté et DMP : celles du dossier s'imposent à tous."""
    spec(
        "dossiers_actifs",
        "2025-04-01",
        etablissements="""
            finess_et | secteur
            ----------+--------
            750000044 | pjm
        """,
        presents="a",
        dossiers="""
            id_dossier | id_usager | date_derniere_maj
            -----------+-----------+------------------
            da         | a         | 2025-02-10
        """,
        expected="1 / 1",
        opposable=True,
    )


def test_every_establishment_of_the_project_must_be_pjm(spec):
    """L'exemption PJM demande que tout le projet soit PJM ; un secteur vide ne l'est pas."""
    spec(
        "dmp",
        "2025-04-01",
        etablissements="""
            finess_et | secteur | projet
            ----------+---------+-------
            750000044 | pjm     | P1
            330000043 | pjm     | P1
        """,
        presents="a",
        depots_dmp=DEPOT,
        expected="1 / 1",
        opposable=False,
    )
    spec(
        "dmp",
        "2025-04-01",
        etablissements="""
            finess_et | secteur | projet
            ----------+---------+-------
            750000044 | pjm     | P1
            330000043 |         | P1
        """,
        presents="a",
        depots_dmp=DEPOT,
        expected="1 / 1",
        opposable=True,
        constats="secteur_vide",
    )


def test_ahi_not_eligible_to_sons_from_september_2025(spec):
    """Le secteur AHI non éligible au SONS est exempté à partir du 2 septembre 2025."""
    for day, opposable in (("2025-09-01", True), ("2025-09-02", False)):
        spec(
            "dmp",
            day,
            etablissements=AHI_NON_SONS,
            presents="a",
            depots_dmp=DEPOT_AHI,
            expected="1 / 1",
            opposable=opposable,
        )


def test_ahi_eligible_or_unsaid_is_bound(spec):
    """Un établissement AHI éligible au SONS, ou dont l'éligibilité n'est pas renseignée, garde ses cibles."""
    spec(
        "dmp",
        "2025-09-02",
        etablissements="""
            finess_et | secteur | eligible_sons
            ----------+---------+--------------
            750000044 | ahi     | oui
        """,
        presents="a",
        depots_dmp=DEPOT_AHI,
        expected="1 / 1",
        opposable=True,
    )
    spec(
        "dmp",
        "2025-09-02",
        etablissements="""
            finess_et | secteur | eligible_sons
            ----------+---------+--------------
            750000044 | ahi     |
        """,
        presents="a",
        depots_dmp=DEPOT_AHI,
        expected="1 / 1",
        opposable=True,
        constats="eligible_sons_vide",
    )


def test_there_was_no_exemption_before(spec):
    """Le programme 2022 n'exempte personne."""
    spec(
        "dmp",
        "2025-09-15",
        programme="esms-2022",
        etablissements=AHI_NON_SONS,
        presents="a",
        depots_dmp=DEPOT_AHI,
        expected="1 / 1",
        opposable=True,
    )
