"""Conventions"""

DOSSIERS = """
    id_dossier | id_usager | date_derniere_maj
    -----------+-----------+------------------
    da         | a         | 2025-03-10
    db         | b         | 2025-02-10
"""
SIGNEE = {"id": "C1", "reference": "Convention 2025-17, article 4", "signataire": "ARS"}


def test_a_convention_may_change_the_window(spec):
    """Une convention peut changer la fenêtre des établissements qu'elle nomme."""
    mois = SIGNEE | {"etablissements": ["750000044"], "fenetre": "mois_civil"}
    spec(
        "dossiers_actifs",
        "2025-04-01",
        presents="a b",
        dossiers=DOSSIERS,
        reglages={"convention": [mois]},
        expected="1 / 2",
        periode="2025-03-01 au 2025-03-31",
    )
    spec(
        "dossiers_actifs",
        "2025-04-01",
        premiere_mesure=True,
        presents="a b",
        dossiers=DOSSIERS,
        reglages={"convention": [mois]},
        expected="2 / 2",
        periode="2025-01-01 au 2025-03-31",
    )


def test_a_convention_may_change_a_target(spec):
    """Une convention peut changer une cible ; les autres restent celles du programme."""
    cible = SIGNEE | {"etablissements": ["750000044"], "cibles": {"dossiers_actifs": 50}, "fenetre": "mois_civil"}
    spec(
        "dossiers_actifs",
        "2025-04-01",
        presents="a b",
        dossiers=DOSSIERS,
        reglages={"convention": [cible]},
        expected="1 / 2",
        cible=50,
        cible_atteinte=True,
    )


def test_a_convention_may_change_a_denominator(spec):
    """Une convention peut retenir un autre dénominateur : ici les seules personnes éligibles."""
    eligibles = SIGNEE | {"projet": "P1", "denominateurs": {"dossiers_actifs": "eligibles"}}
    spec(
        "dossiers_actifs",
        "2025-04-01",
        etablissements="""
            finess_et | projet
            ----------+-------
            750000044 | P1
        """,
        presents="a b",
        usagers="""
            id_usager | eligible_projet
            ----------+----------------
            b         | non
        """,
        dossiers=DOSSIERS,
        reglages={"convention": [eligibles]},
        expected="1 / 1",
    )


def test_a_convention_may_release_a_target(spec):
    """Une convention peut écarter une cible : elle n'est plus opposable, le chiffre reste."""
    exclue = SIGNEE | {"etablissements": ["750000044"], "exclusions": ["dossiers_actifs"]}
    spec(
        "dossiers_actifs",
        "2025-04-01",
        presents="a b",
        dossiers=DOSSIERS,
        reglages={"convention": [exclue]},
        expected="2 / 2",
        cible=90,
        cible_atteinte=True,
        opposable=False,
    )


def test_a_convention_applies_between_its_dates(spec):
    """Une convention vaut pour les établissements qu'elle nomme, aux dates de mesure de « du » à « au », incluses."""
    for words, periode in (
        ({"etablissements": ["750000044"], "au": "2025-03-31"}, "2025-01-01 au 2025-03-31"),
        ({"etablissements": ["750000044"], "au": "2025-04-01"}, "2025-03-01 au 2025-03-31"),
        ({"etablissements": ["750000044"], "du": "2025-04-02"}, "2025-01-01 au 2025-03-31"),
        ({"etablissements": ["330000043"]}, "2025-01-01 au 2025-03-31"),
    ):
        spec(
            "dossiers_actifs",
            "2025-04-01",
            presents="a b",
            dossiers=DOSSIERS,
            reglages={"convention": [SIGNEE | words | {"fenetre": "mois_civil"}]},
            periode=periode,
        )
