"""Les fautes ne se propagent pas"""

DEUX = {
    "usagers": """
        finess_et | id_usager
        ----------+----------
        750000044 | a
        330000043 | a
    """,
    "sejours": """
        finess_et | id_usager | date_entree
        ----------+-----------+------------
        750000044 | a         | 2024-01-01
        330000043 | a         | 2024-01-01
    """,
}
DOSSIERS = """
    finess_et | id_dossier | id_usager | date_derniere_maj
    ----------+------------+-----------+------------------
    750000044 | d1         | a         | 2025-02-10
    330000043 | d1         | a         | 2025-02-10
"""
ERREUR = {"calcul": "non_calculable", "motif": "source_en_erreur", "numerateur": None, "denominateur": None}


def test_a_bad_row_bars_its_table_for_its_establishment(spec):
    """Une ligne fautive condamne sa table pour son établissement ; les autres établissements sont mesurés."""
    words = DEUX | {
        "dossiers": """
            finess_et | id_dossier | id_usager | date_derniere_maj
            ----------+------------+-----------+------------------
            750000044 | d1         | a         | 10/02/2025
            330000043 | d1         | a         | 2025-02-10
        """
    }
    spec("dossiers_actifs", "2025-04-01", **words, **ERREUR, constats="table_en_erreur")
    spec("dossiers_actifs", "2025-04-01", **words, expected={"330000043": "1 / 1"})


def test_other_indicators_are_measured(spec):
    """Une table condamnée ne gêne que les indicateurs qui la lisent."""
    spec(
        "dossiers_actifs",
        "2025-04-01",
        **DEUX,
        dossiers=DOSSIERS,
        depots_dmp="""
            id_document | horodatage | id_usager | statut
            ------------+------------+-----------+-------
            doc1        | hier       | a         | succes
        """,
        expected={"750000044": "1 / 1", "330000043": "1 / 1"},
    )


def test_a_row_without_finess_bars_everyone(spec):
    """Une ligne sans FINESS, ou dont le FINESS est mal formé, condamne sa table pour tous les établissements."""
    for finess in ("         ", "75000004 "):
        words = DEUX | {
            "dossiers": DOSSIERS + f"    {finess} | d2         | a         | 2025-02-10\n",
        }
        spec("dossiers_actifs", "2025-04-01", **words, **ERREUR)
        spec("dossiers_actifs", "2025-04-01", et="330000043", **words, **ERREUR)


def test_a_missing_column_bars_everyone(spec):
    """Une colonne obligatoire qui manque condamne la table pour tous les établissements de la source."""
    for et in ("750000044", "330000043"):
        spec(
            "dossiers_actifs",
            "2025-04-01",
            **DEUX,
            dossiers="""
                finess_et | id_dossier | date_derniere_maj
                ----------+------------+------------------
                750000044 | d1         | 2025-02-10
            """,
            et=et,
            **ERREUR,
        )


def test_a_bad_row_of_the_establishments_bars_its_establishment(spec):
    """Une ligne fautive de « etablissements » condamne tout son établissement, et lui seul."""
    words = DEUX | {
        "etablissements": """
            finess_et | date_convention
            ----------+----------------
            750000044 | 31/12/2024
            330000043 | 2024-12-31
        """,
        "dossiers": DOSSIERS,
    }
    spec("dossiers_actifs", "2025-04-01", **words, **ERREUR)
    spec("dossiers_actifs", "2025-04-01", **words, expected={"330000043": "1 / 1"})


def test_optional_tables_count_too(spec):
    """Une table facultative en erreur rend aussi non calculables les indicateurs qui la lisent."""
    spec(
        "dossiers_actifs",
        "2025-04-01",
        presents="a",
        dossiers="""
            id_dossier | id_usager | date_derniere_maj
            -----------+-----------+------------------
            d1         | a         | 2025-02-10
        """,
        mises_a_jour="""
            id_dossier | horodatage | origine
            -----------+------------+---------
            d1         | 2025-02-10 | robot
        """,
        **ERREUR,
    )
    spec(
        "mssante",
        "2025-04-01",
        presents="a",
        messages_mssante="""
            id_message | horodatage | finess_et | statut
            -----------+------------+-----------+-------
            m1         | 2025-02-01 | 750000044 | envoye
        """,
        boites_mssante="""
            finess_et | adresse
            ----------+--------
            750000044 |
        """,
        **ERREUR,
    )
    spec(
        "dmp",
        "2025-04-01",
        presents="a",
        depots_dmp="""
            id_document | horodatage | id_usager | statut
            ------------+------------+-----------+-------
            doc1        | 2025-02-01 | a         | succes
        """,
        matricules_anterieurs="""
            id_usager | matricule_ins
            ----------+--------------
            a         |
        """,
        **ERREUR,
    )


def test_the_mailbox_tells_whose_message_is_bad(spec):
    """L'établissement d'un message fautif est celui de son FINESS, à défaut celui de sa boîte."""
    words = DEUX | {
        "boites_mssante": """
            finess_et | adresse
            ----------+-------------------------
            750000044 | paris@groupe.mssante.fr
            330000043 | gironde@groupe.mssante.fr
        """,
        "messages_mssante": """
            id_message | horodatage | expediteur              | statut
            -----------+------------+-------------------------+-------
            m1         | 2025-02-01 | paris@groupe.mssante.fr | parti
        """,
    }
    spec("mssante", "2025-04-01", **words, **ERREUR)
    spec("mssante", "2025-04-01", **words, expected={"330000043": "0 / 1"})


def test_a_value_may_be_required_only_at_times(spec):
    """Une date d'entrée vide est une faute, sauf pour un séjour annulé ou en attente."""
    spec(
        "ins_qualifiee",
        "2025-04-01",
        usagers="""
            id_usager | statut_identite
            ----------+----------------
            a         | validee
        """,
        sejours="""
            id_usager | date_entree | statut
            ----------+-------------+-------
            a         |             | actif
        """,
        **ERREUR,
    )


def test_every_legal_form_of_a_date_is_read(spec):
    """Une date seule, ou une date et une heure jointes par T ou un espace, avec ou sans décalage, est lue."""
    spec(
        "eprescription",
        "2025-04-01",
        prescriptions_importees="""
            id_prescription | horodatage
            ----------------+------------------------------
            p1              | 2025-02-01
            p2              | 2025-02-01T10:15
            p3              | 2025-02-01 10:15:59
            p4              | 2025-02-01T10:15:59.123456
            p5              | 2025-02-01T10:15:59Z
            p6              | 2025-02-01T10:15+01:00
            p7              | 2025-02-01 10:15:59.5-0300
        """,
        expected="7",
    )


def test_a_missing_column_does_not_hide_an_establishment(spec):
    """Un établissement que seule nomme une table inutilisable est là, cette table condamnée pour lui."""
    spec(
        "eprescription",
        "2025-04-01",
        **DEUX,
        prescriptions_importees="""
            finess_et | id_prescription
            ----------+----------------
            690000021 | p1
        """,
        et="690000021",
        **ERREUR,
    )
