"""Critères socles de 2021"""

BOITES = """
    adresse
    ------------------------
    accueil@foyer.mssante.fr
"""
MESSAGES = """
    id_message | horodatage | expediteur               | statut | type
    -----------+------------+--------------------------+--------+-------
    m0         | 2024-12-31 | accueil@foyer.mssante.fr | envoye |
    m1         | 2025-01-01 | accueil@foyer.mssante.fr | envoye |
    m2         | 2025-02-10 | accueil@foyer.mssante.fr | envoye |
    m2         | 2025-02-10 | accueil@foyer.mssante.fr | envoye |
    m3         | 2025-02-10 | accueil@foyer.mssante.fr | envoye | accuse
    m4         | 2025-03-31 | accueil@foyer.mssante.fr | envoye |
"""


def test_messages_over_three_civil_months(spec):
    """En 2021, on compte les messages MSSanté des trois mois civils qui finissent avec la fenêtre."""
    spec(
        "mssante_messages",
        "2025-04-15",
        programme="esms-2021",
        etablissements="""
            finess_et | secteur
            ----------+--------
            750000044 | pa
        """,
        boites_mssante=BOITES,
        messages_mssante=MESSAGES,
        expected="3",
        periode="2025-01-01 au 2025-03-31",
        cible=None,
        cible_atteinte=None,
    )


def test_messages_need_a_mailbox(spec):
    """Comme le taux MSSanté, ce nombre demande une boîte de l'établissement."""
    spec(
        "mssante_messages",
        "2025-04-15",
        programme="esms-2021",
        etablissements="""
            finess_et | secteur
            ----------+--------
            750000044 | pa
        """,
        messages_mssante=MESSAGES,
        calcul="non_calculable",
        motif="boite_inconnue",
    )


def test_documents_deposited_over_three_civil_months(spec):
    """En 2021, on compte les documents distincts déposés avec succès ; l'usager n'a pas à être connu."""
    spec(
        "dmp_documents",
        "2025-04-15",
        programme="esms-2021",
        depots_dmp="""
            id_document | horodatage | id_usager | statut | operation
            ------------+------------+-----------+--------+-------------
            doc0        | 2024-12-31 | a         | succes | depot
            doc1        | 2025-01-01 | a         | succes | depot
            doc1        | 2025-01-02 | a         | succes | depot
            doc2        | 2025-03-31 |           | succes |
            doc3        | 2025-02-01 | a         | succes | remplacement
            doc4        | 2025-02-01 | a         | succes | suppression
            doc5        | 2025-02-01 | a         | echec  | depot
        """,
        expected="2",
        periode="2025-01-01 au 2025-03-31",
    )


def test_the_other_indicators_have_no_target(spec):
    """En 2021, les taux portent sur un mois civil et n'ont pas de cible."""
    spec(
        "dossiers_actifs",
        "2025-04-15",
        programme="esms-2021",
        presents="a b",
        dossiers="""
            id_dossier | id_usager | date_derniere_maj
            -----------+-----------+------------------
            da         | a         | 2025-03-10
            db         | b         | 2025-02-10
        """,
        expected="1 / 2",
        periode="2025-03-01 au 2025-03-31",
        cible=None,
        cible_atteinte=None,
    )
