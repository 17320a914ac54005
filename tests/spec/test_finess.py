"""À quel établissement se rapporte un FINESS"""

PRESCRIPTIONS = """
    finess_et  | id_prescription | horodatage
    -----------+-----------------+-----------
    750000044  | p1              | 2025-02-01
    1750000044 | p2              | 2025-02-01
    690000021  | p3              | 2025-02-01
"""


def test_a_leading_1_is_removed(spec):
    """Un FINESS de dix caractères qui commence par 1 perd ce premier caractère."""
    spec("eprescription", "2025-04-01", prescriptions_importees=PRESCRIPTIONS, expected="2")


def test_without_a_list_the_establishments_are_those_seen(spec):
    """Sans table « etablissements », les établissements sont ceux que les tables nomment, et rien ne les confirme."""
    spec(
        "eprescription",
        "2025-04-01",
        prescriptions_importees=PRESCRIPTIONS,
        expected={"750000044": "2", "690000021": "1"},
        constats="finess_non_confirme",
    )


def test_a_mailbox_names_an_establishment_too(spec):
    """Sans table « etablissements », un établissement que seule la table des boîtes nomme est mesuré lui aussi."""
    spec(
        "mssante_messages",
        "2025-04-01",
        programme="esms-2021",
        boites_mssante="""
            adresse
            ------------------------
            accueil@foyer.mssante.fr
        """,
        messages_mssante="""
            id_message | horodatage | expediteur               | statut
            -----------+------------+--------------------------+-------
            m1         | 2025-02-01 | accueil@foyer.mssante.fr | envoye
        """,
        expected="1",
    )


def test_with_a_list_they_are_exactly_its_own(spec):
    """Avec la table « etablissements », ce sont exactement les siens ; une ligne d'un autre FINESS est signalée."""
    spec(
        "eprescription",
        "2025-04-01",
        etablissements="""
            finess_et | secteur
            ----------+--------
            750000044 | pa
            330000043 | pa
        """,
        prescriptions_importees=PRESCRIPTIONS,
        expected={"750000044": "2", "330000043": "0"},
        constats="finess_inconnu",
    )


def test_a_correspondence_decides_first(spec):
    """Une correspondance des réglages (FINESS écrit = FINESS géographique) décide avant tout."""
    spec(
        "eprescription",
        "2025-04-01",
        prescriptions_importees=PRESCRIPTIONS,
        reglages={"correspondances": {"690000021": "750000044"}},
        expected="3",
    )


def test_an_ej_of_several_establishments_is_nobody(spec):
    """Hors des dépôts DMP, une ligne au nom d'une EJ de plusieurs établissements est signalée et ne compte pas."""
    spec(
        "eprescription",
        "2025-04-01",
        etablissements="""
            finess_et | finess_ej
            ----------+----------
            750000044 | 690000021
            330000043 | 690000021
        """,
        prescriptions_importees=PRESCRIPTIONS,
        expected={"750000044": "2", "330000043": "0"},
        constats="finess_inconnu",
    )


def test_a_local_id_is_unique_within_one_establishment_only(spec):
    """Un identifiant local n'est unique que dans un établissement : le même ailleurs est quelqu'un d'autre."""
    spec(
        "dossiers_actifs",
        "2025-04-01",
        usagers="""
            finess_et | id_usager
            ----------+----------
            750000044 | 1
            330000043 | 1
        """,
        sejours="""
            finess_et | id_usager | date_entree
            ----------+-----------+------------
            750000044 | 1         | 2024-01-01
            330000043 | 1         | 2024-01-01
        """,
        dossiers="""
            finess_et | id_dossier | id_usager | date_derniere_maj
            ----------+------------+-----------+------------------
            750000044 | d1         | 1         | 2025-02-10
            330000043 | d1         | 1         | 2019-02-10
        """,
        expected={"750000044": "1 / 1", "330000043": "0 / 1"},
    )
