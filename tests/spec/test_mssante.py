"""Taux de messages MSSanté"""

BOITES = """
    adresse
    ------------------------
    accueil@foyer.mssante.fr
"""


def test_distinct_messages_that_were_sent(spec):
    """On compte les identifiants distincts des messages envoyés : un message à trois destinataires en fait un."""
    spec(
        "mssante",
        "2025-04-01",
        presents="a b c d",
        boites_mssante=BOITES,
        messages_mssante="""
            id_message | horodatage       | expediteur               | statut
            -----------+------------------+--------------------------+-------
            m1         | 2025-01-01T08:00 | accueil@foyer.mssante.fr | envoye
            m1         | 2025-01-01T08:00 | accueil@foyer.mssante.fr | envoye
            m1         | 2025-01-01T08:00 | accueil@foyer.mssante.fr | echec
            m2         | 2025-03-31T08:00 | accueil@foyer.mssante.fr | envoye
            m3         | 2025-04-01T08:00 | accueil@foyer.mssante.fr | envoye
        """,
        expected="2 / 4",
        cible=70,
        cible_atteinte=False,
    )


def test_what_is_not_a_message_sent_does_not_count(spec):
    """Un accusé, un essai, un message reçu, en échec ou d'issue inconnue ne compte pas."""
    spec(
        "mssante",
        "2025-04-01",
        presents="a b",
        boites_mssante=BOITES,
        messages_mssante="""
            id_message | horodatage | expediteur               | statut  | type
            -----------+------------+--------------------------+---------+--------
            m1         | 2025-02-01 | accueil@foyer.mssante.fr | envoye  | message
            m2         | 2025-02-01 | accueil@foyer.mssante.fr | envoye  | accuse
            m3         | 2025-02-01 | accueil@foyer.mssante.fr | envoye  | test
            m4         | 2025-02-01 | accueil@foyer.mssante.fr | recu    |
            m5         | 2025-02-01 | accueil@foyer.mssante.fr | echec   |
            m6         | 2025-02-01 | accueil@foyer.mssante.fr | inconnu |
        """,
        expected="1 / 2",
    )


def test_the_ratio_is_never_capped(spec):
    """C'est un rapport entre messages et personnes : il peut dépasser 100 %, et n'est jamais plafonné."""
    spec(
        "mssante",
        "2025-04-01",
        presents="a b",
        boites_mssante=BOITES,
        messages_mssante="""
            id_message | horodatage | expediteur               | statut
            -----------+------------+--------------------------+-------
            m1         | 2025-02-01 | accueil@foyer.mssante.fr | envoye
            m2         | 2025-02-02 | accueil@foyer.mssante.fr | envoye
            m3         | 2025-02-03 | accueil@foyer.mssante.fr | envoye
        """,
        expected="3 / 2",
        taux=150.0,
        cible_atteinte=True,
    )


def test_the_denominator_is_made_of_eligible_persons(spec):
    """Le dénominateur est fait des personnes éligibles."""
    spec(
        "mssante",
        "2025-04-01",
        presents="a b c",
        usagers="""
            id_usager | eligible_projet
            ----------+----------------
            c         | non
        """,
        boites_mssante=BOITES,
        messages_mssante="""
            id_message | horodatage | expediteur               | statut
            -----------+------------+--------------------------+-------
            m1         | 2025-02-01 | accueil@foyer.mssante.fr | envoye
        """,
        expected="1 / 2",
    )


def test_case_and_blanks_of_an_address_do_not_matter(spec):
    """La casse et les blancs qui entourent une adresse sont ignorés."""
    spec(
        "mssante",
        "2025-04-01",
        presents="a",
        boites_mssante=BOITES,
        messages_mssante="""
            id_message | horodatage | expediteur               | statut
            -----------+------------+--------------------------+-------
            m1         | 2025-02-01 | Accueil@Foyer.MSSante.fr | envoye
        """,
        expected="1 / 1",
    )


def test_the_settings_may_declare_mailboxes(spec):
    """Les réglages peuvent déclarer une boîte, ou un domaine entier ; l'adresse est cherchée avant le domaine."""
    spec(
        "mssante",
        "2025-04-01",
        presents="a",
        reglages={"boites": {"@foyer.mssante.fr": "750000044", "siege@foyer.mssante.fr": "330000043"}},
        messages_mssante="""
            id_message | horodatage | expediteur               | statut
            -----------+------------+--------------------------+-------
            m1         | 2025-02-01 | accueil@foyer.mssante.fr | envoye
            m2         | 2025-02-01 | siege@foyer.mssante.fr   | envoye
        """,
        usagers="""
            finess_et | id_usager
            ----------+----------
            750000044 | a
            330000043 | a
        """,
        sejours="""
            finess_et | id_usager | date_entree
            ----------+-----------+------------
            330000043 | a         | 2024-01-01
        """,
        expected={"750000044": "1 / 1", "330000043": "1 / 1"},
    )
