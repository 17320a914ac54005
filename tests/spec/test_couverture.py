"""Couverture : absent n'est pas zéro"""

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
DEPOT = """
    id_document | horodatage | id_usager | statut
    ------------+------------+-----------+-------
    doc1        | 2025-02-01 | a         | succes
"""


def test_an_absent_table_gives_no_figure(spec):
    """Quand une table dont l'indicateur a besoin n'est pas fournie, il n'est pas calculable : ce n'est pas un zéro."""
    spec(
        "dmp",
        "2025-04-01",
        presents="a",
        numerateur=None,
        denominateur=None,
        calcul="non_calculable",
        motif="source_absente",
        cible_atteinte=None,
    )


def test_an_empty_table_is_a_zero(spec):
    """Une table fournie qui n'a aucune ligne pour l'établissement vaut zéro."""
    spec(
        "dmp",
        "2025-04-01",
        presents="a",
        depots_dmp="""
            id_document | horodatage | id_usager | statut
            ------------+------------+-----------+-------
        """,
        expected="0 / 1",
        cible_atteinte=False,
    )


def test_an_export_covers_every_establishment_it_names(spec):
    """Dans un export cohérent, chaque table parle pour tous les établissements que l'export nomme quelque part."""
    spec("dmp", "2025-04-01", **DEUX, depots_dmp=DEPOT, expected={"750000044": "1 / 1", "330000043": "0 / 1"})


def test_another_source_speaks_only_for_those_it_names(spec):
    """Un autre export ne parle que pour les établissements qu'il nomme lui-même."""
    spec("dmp", "2025-04-01", **DEUX, ailleurs={"depots_dmp": DEPOT}, expected="1 / 1")
    spec("dmp", "2025-04-01", **DEUX, ailleurs={"depots_dmp": DEPOT}, et="330000043", motif="source_absente")


def test_the_settings_say_otherwise(spec):
    """La section [couverture] des réglages dit qu'une table parle aussi pour d'autres établissements."""
    spec(
        "dmp",
        "2025-04-01",
        **DEUX,
        ailleurs={"depots_dmp": DEPOT},
        reglages={"couverture": {"depots_dmp": ["330000043"]}},
        expected={"750000044": "1 / 1", "330000043": "0 / 1"},
    )


def test_a_declared_coverage_gives_no_table(spec):
    """Une couverture déclarée ne remplace pas une table que personne ne fournit."""
    spec(
        "dmp",
        "2025-04-01",
        presents="a",
        reglages={"couverture": {"depots_dmp": ["750000044"]}},
        calcul="non_calculable",
        motif="source_absente",
    )


def test_each_indicator_needs_its_own_tables(spec):
    """L'absence d'une table ne gêne que les indicateurs qui en ont besoin."""
    dossiers = """
        id_dossier | id_usager | date_derniere_maj
        -----------+-----------+------------------
        da         | a         | 2025-02-10
    """
    spec("dossiers_actifs", "2025-04-01", presents="a", dossiers=dossiers, expected="1 / 1")
    for indicateur in ("projet_personnalise", "evenement_agenda", "mssante", "eprescription", "eparcours"):
        spec(indicateur, "2025-04-01", presents="a", dossiers=dossiers, motif="source_absente")


def test_a_declared_coverage_bears_the_faults_of_its_source(spec):
    """Une ligne sans FINESS condamne aussi sa table pour les établissements que [couverture] lui donne."""
    spec(
        "dmp",
        "2025-04-01",
        **DEUX,
        ailleurs={
            "depots_dmp": """
                finess_et | id_document | horodatage | id_usager | statut
                ----------+-------------+------------+-----------+-------
                          | doc1        | 2025-02-01 | a         | succes
            """
        },
        reglages={"couverture": {"depots_dmp": ["330000043"]}},
        et="330000043",
        calcul="non_calculable",
        motif="source_en_erreur",
    )
