"""De quel établissement vient un message"""

USAGERS = """
    finess_et | id_usager
    ----------+----------
    750000044 | a
    330000043 | a
"""
SEJOURS = """
    finess_et | id_usager | date_entree
    ----------+-----------+------------
    330000043 | a         | 2024-01-01
"""
BOITES = """
    finess_et | adresse
    ----------+-------------------------
    750000044 | paris@groupe.mssante.fr
    330000043 | gironde@groupe.mssante.fr
"""


def test_the_finess_of_the_message_decides(spec):
    """Le FINESS que nomme le message décide ; à défaut, l'établissement de la boîte."""
    spec(
        "mssante",
        "2025-04-01",
        presents="a",
        usagers=USAGERS,
        sejours=SEJOURS,
        boites_mssante=BOITES,
        messages_mssante="""
            id_message | horodatage | expediteur              | finess_et | statut
            -----------+------------+-------------------------+-----------+-------
            m1         | 2025-02-01 | paris@groupe.mssante.fr | 330000043 | envoye
            m2         | 2025-02-01 | paris@groupe.mssante.fr |           | envoye
            m3         | 2025-02-01 |                         | 330000043 | envoye
        """,
        expected={"750000044": "1 / 1", "330000043": "2 / 1"},
    )


def test_a_message_that_names_an_unknown_finess_counts_nowhere(spec):
    """Un message qui nomme un FINESS inconnu ne compte nulle part, même si sa boîte est connue."""
    spec(
        "mssante",
        "2025-04-01",
        etablissements="""
            finess_et | secteur
            ----------+--------
            750000044 | pa
            330000043 | pa
        """,
        presents="a",
        usagers=USAGERS,
        sejours=SEJOURS,
        boites_mssante=BOITES,
        messages_mssante="""
            id_message | horodatage | expediteur              | finess_et | statut
            -----------+------------+-------------------------+-----------+-------
            m1         | 2025-02-01 | paris@groupe.mssante.fr | 690000021 | envoye
        """,
        expected={"750000044": "0 / 1", "330000043": "0 / 1"},
        constats="finess_inconnu",
    )


def test_a_shared_mailbox_gives_no_establishment(spec):
    """Une boîte déclarée pour plusieurs établissements n'en donne aucun, pas même celui de son domaine."""
    spec(
        "mssante",
        "2025-04-01",
        presents="a",
        usagers=USAGERS,
        sejours=SEJOURS,
        boites_mssante="""
            finess_et | adresse
            ----------+-------------------------
            750000044 | paris@groupe.mssante.fr
            750000044 | commune@groupe.mssante.fr
            330000043 | commune@groupe.mssante.fr
        """,
        reglages={"boites": {"@groupe.mssante.fr": "330000043"}},
        messages_mssante="""
            id_message | horodatage | expediteur                | statut
            -----------+------------+---------------------------+-------
            m1         | 2025-02-01 | commune@groupe.mssante.fr | envoye
        """,
        expected={"750000044": "0 / 1", "330000043": "0 / 1"},
        constats="boite_partagee",
    )


def test_without_a_mailbox_of_its_own_there_is_no_figure(spec):
    """Sans boîte à elle seule, sans message qui la nomme ni couverture déclarée, la structure n'a pas de taux."""
    boites = """
        finess_et | adresse
        ----------+-------------------------
        750000044 | commune@groupe.mssante.fr
        330000043 | commune@groupe.mssante.fr
    """
    messages = """
        id_message | horodatage | expediteur                   | statut
        -----------+------------+------------------------------+-------
        m1         | 2025-02-01 | personne@ailleurs.mssante.fr | envoye
    """
    words = {"presents": "a", "usagers": USAGERS, "sejours": SEJOURS, "messages_mssante": messages}
    nothing = {"numerateur": None, "denominateur": None, "calcul": "non_calculable", "motif": "boite_inconnue"}
    spec("mssante", "2025-04-01", **words, **nothing)
    spec("mssante", "2025-04-01", **words, boites_mssante=boites, **nothing)


def test_a_declared_coverage_makes_up_for_a_mailbox(spec):
    """Une couverture déclarée dans les réglages dispense de boîte : zéro message est alors un vrai zéro."""
    spec(
        "mssante",
        "2025-04-01",
        presents="a",
        reglages={"couverture": {"messages_mssante": ["750000044"]}},
        messages_mssante="""
            id_message | horodatage | expediteur                   | statut
            -----------+------------+------------------------------+-------
            m1         | 2025-02-01 | personne@ailleurs.mssante.fr | envoye
        """,
        expected="0 / 1",
        constats="boite_inconnue",
    )


def test_a_message_that_names_it_makes_up_for_a_mailbox(spec):
    """Un message qui nomme l'établissement dispense de boîte, même s'il ne compte pas."""
    spec(
        "mssante",
        "2025-04-01",
        presents="a",
        messages_mssante="""
            id_message | horodatage | finess_et | statut
            -----------+------------+-----------+-------
            m1         | 2024-02-01 | 750000044 | recu
        """,
        expected="0 / 1",
    )
