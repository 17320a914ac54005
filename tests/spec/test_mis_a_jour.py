"""Dossiers mis à jour"""

PERSONNES = "a b c d"
DOSSIERS = """
    id_dossier | id_usager | date_derniere_maj
    -----------+-----------+------------------
    da         | a         | 2025-02-10
    db         | b         | 2025-02-10
    dc         | c         | 2024-10-01
"""


def test_a_record_created_in_the_window_is_updated(spec):
    """Un dossier créé dans la fenêtre est mis à jour, que le journal couvre la fenêtre ou non."""
    dossiers = """
        id_dossier | id_usager | date_creation
        -----------+-----------+--------------
        da         | a         | 2025-01-01
        db         | b         | 2025-03-31
        dc         | c         | 2024-12-31
    """
    journal = """
        id_dossier | horodatage | origine
        -----------+------------+--------
        dc         | 2024-12-31 | systeme
    """
    spec("dossiers_actifs", "2025-04-01", presents="a b c", dossiers=dossiers, expected="2 / 3")
    spec("dossiers_actifs", "2025-04-01", presents="a b c", dossiers=dossiers, mises_a_jour=journal, expected="2 / 3")


def test_without_a_journal_the_last_update_speaks(spec):
    """Sans journal, un dossier est mis à jour si sa dernière mise à jour tombe dans la fenêtre."""
    spec(
        "dossiers_actifs",
        "2025-04-01",
        presents="a b c d",
        dossiers="""
            id_dossier | id_usager | date_derniere_maj
            -----------+-----------+---------------------
            da         | a         | 2025-01-01
            db         | b         | 2025-03-31T23:59:59
            dc         | c         | 2024-12-31
        """,
        expected="2 / 4",
    )


def test_a_covering_journal_speaks_alone(spec):
    """Quand le journal couvre la fenêtre, seules ses entrées d'utilisateurs comptent, pas la dernière mise à jour."""
    spec(
        "dossiers_actifs",
        "2025-04-01",
        presents=PERSONNES,
        dossiers=DOSSIERS,
        mises_a_jour="""
            id_dossier | horodatage          | origine
            -----------+---------------------+------------
            da         | 2024-12-01T10:00:00 | utilisateur
            dc         | 2025-03-31T18:30:00 | utilisateur
        """,
        expected="1 / 4",
    )


def test_entries_of_the_system_do_not_count(spec):
    """Une entrée d'origine système n'est pas une mise à jour ; une origine vide est un utilisateur."""
    spec(
        "dossiers_actifs",
        "2025-04-01",
        presents=PERSONNES,
        dossiers=DOSSIERS,
        mises_a_jour="""
            id_dossier | horodatage | origine
            -----------+------------+------------
            dc         | 2024-06-01 | utilisateur
            da         | 2025-02-01 | systeme
            db         | 2025-02-01 |
        """,
        expected="1 / 4",
    )


def test_the_journal_starts_with_its_earliest_entry(spec):
    """Le journal d'un établissement commence à sa première entrée, quels qu'en soient l'origine et le dossier."""
    spec(
        "dossiers_actifs",
        "2025-04-01",
        presents=PERSONNES,
        dossiers=DOSSIERS,
        mises_a_jour="""
            id_dossier | horodatage | origine
            -----------+------------+------------
            disparu    | 2025-01-01 | systeme
            da         | 2025-02-01 | utilisateur
        """,
        expected="1 / 4",
    )


def test_a_journal_that_starts_late_does_not_cover(spec):
    """Un journal qui commence après le premier jour ne couvre pas : une entrée ou la dernière mise à jour suffit."""
    spec(
        "dossiers_actifs",
        "2025-04-01",
        presents=PERSONNES,
        dossiers=DOSSIERS,
        mises_a_jour="""
            id_dossier | horodatage | origine
            -----------+------------+------------
            dc         | 2025-01-02 | utilisateur
        """,
        expected="3 / 4",
    )


def test_the_declared_start_of_the_journal_prevails(spec):
    """Un début de journal déclaré (« journal_depuis ») l'emporte sur la date de la première entrée."""
    journal = """
        id_dossier | horodatage | origine
        -----------+------------+------------
        dc         | 2025-02-03 | utilisateur
    """
    spec(
        "dossiers_actifs",
        "2025-04-01",
        etablissements="""
            finess_et | journal_depuis
            ----------+---------------
            750000044 | 2025-01-01
        """,
        presents=PERSONNES,
        dossiers=DOSSIERS,
        mises_a_jour=journal,
        expected="1 / 4",
    )
    spec(
        "dossiers_actifs",
        "2025-04-01",
        etablissements="""
            finess_et | journal_depuis
            ----------+---------------
            750000044 | 2025-01-02
        """,
        presents=PERSONNES,
        dossiers=DOSSIERS,
        mises_a_jour=journal + "        da         | 2024-01-01 | utilisateur\n",
        expected="3 / 4",
    )


def test_a_declared_start_needs_the_table(spec):
    """Un début de journal déclaré ne vaut que si la table « mises_a_jour » est fournie."""
    spec(
        "dossiers_actifs",
        "2025-04-01",
        etablissements="""
            finess_et | journal_depuis
            ----------+---------------
            750000044 | 2024-01-01
        """,
        presents=PERSONNES,
        dossiers=DOSSIERS,
        expected="2 / 4",
    )


def test_each_establishment_has_its_own_journal(spec):
    """Le journal d'un établissement ne couvre pas la fenêtre d'un autre."""
    spec(
        "dossiers_actifs",
        "2025-04-01",
        presents="a",
        sejours="""
            finess_et | id_usager | date_entree
            ----------+-----------+------------
            330000043 | a         | 2024-01-01
        """,
        usagers="""
            finess_et | id_usager
            ----------+----------
            750000044 | a
            330000043 | a
        """,
        dossiers="""
            finess_et | id_dossier | id_usager | date_derniere_maj
            ----------+------------+-----------+------------------
            750000044 | da         | a         | 2025-02-10
            330000043 | da         | a         | 2025-02-10
        """,
        mises_a_jour="""
            finess_et | id_dossier | horodatage
            ----------+------------+-----------
            330000043 | da         | 2024-12-01
        """,
        expected={"750000044": "1 / 1", "330000043": "0 / 1"},
    )
