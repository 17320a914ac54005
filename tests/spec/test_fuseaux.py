"""Dates locales et fuseaux horaires"""


def test_an_instant_counts_on_its_local_date(spec):
    """Un instant avec décalage compte à sa date locale, dans le fuseau de l'établissement."""
    spec(
        "eprescription",
        "2025-04-01",
        prescriptions_importees="""
            id_prescription | horodatage
            ----------------+--------------------------
            p1              | 2024-12-31T23:00:00Z
            p2              | 2025-03-31T21:59:59Z
            p3              | 2025-03-31T22:00:00Z
            p4              | 2025-03-31T23:30:00+0200
        """,
        expected="3",
    )


def test_a_value_without_offset_is_already_local(spec):
    """Une heure sans décalage est déjà locale, et une date seule est cette date."""
    spec(
        "eprescription",
        "2025-04-01",
        prescriptions_importees="""
            finess_et | id_prescription | horodatage
            ----------+-----------------+--------------------
            970300026 | p1              | 2025-03-31T23:30:00
            970300026 | p2              | 2025-03-31
            970300026 | p3              | 2025-04-01 00:10
        """,
        expected={"970300026": "2"},
    )


def test_the_zone_follows_the_finess_prefix(spec):
    """Sans fuseau déclaré, celui d'un établissement découle des quatre premiers caractères de son FINESS."""
    spec(
        "eprescription",
        "2025-04-01",
        prescriptions_importees="""
            finess_et | id_prescription | horodatage
            ----------+-----------------+---------------------
            750000044 | metropole       | 2025-03-31T21:30:00Z
            970400040 | reunion         | 2025-03-31T20:30:00Z
            970600045 | mayotte         | 2025-03-31T20:30:00Z
            980500045 | mayotte         | 2025-03-31T21:30:00Z
            970100046 | guadeloupe      | 2025-04-01T03:30:00Z
            970200044 | martinique      | 2025-04-01T03:30:00Z
            970300042 | cayenne         | 2025-04-01T03:30:00Z
        """,
        expected={
            "750000044": "1",
            "970400040": "0",
            "970600045": "1",
            "980500045": "0",
            "970100046": "1",
            "970200044": "1",
            "970300042": "0",
        },
    )


def test_the_zone_of_the_establishment_prevails(spec):
    """Le fuseau déclaré pour un établissement l'emporte sur celui de son FINESS."""
    spec(
        "eprescription",
        "2025-04-01",
        etablissements="""
            finess_et | fuseau
            ----------+---------------
            750000044 | Pacific/Wallis
        """,
        prescriptions_importees="""
            id_prescription | horodatage
            ----------------+---------------------
            p1              | 2025-03-31T11:59:59Z
            p2              | 2025-03-31T12:00:00Z
        """,
        expected="1",
    )


def test_the_day_of_the_clock_change_is_shorter(spec):
    """Le jour du passage à l'heure d'été commence à 23 h UTC et finit à 22 h UTC, à Paris."""
    spec(
        "eprescription",
        "2025-03-31",
        prescriptions_importees="""
            id_prescription | horodatage
            ----------------+---------------------
            p1              | 2025-03-30T21:59:00Z
            p2              | 2025-03-30T22:00:00Z
        """,
        expected="1",
    )
    spec(
        "eprescription",
        "2025-03-30",
        prescriptions_importees="""
            id_prescription | horodatage
            ----------------+---------------------
            p1              | 2025-03-29T22:59:00Z
            p2              | 2025-03-29T23:00:00Z
        """,
        expected="1",
    )


def test_a_message_counts_in_the_zone_of_the_establishment_of_its_mailbox(spec):
    """Un message compte à la date locale de l'établissement dont la boîte l'a envoyé."""
    spec(
        "mssante_messages",
        "2025-04-01",
        programme="esms-2021",
        etablissements="""
            finess_et | raison_sociale
            ----------+---------------
            750000044 | Les Tilleuls
            970300026 | Les Flamboyants
        """,
        boites_mssante="""
            finess_et | adresse
            ----------+-------------------------
            750000044 | accueil@paris.mssante.fr
            970300026 | accueil@guyane.mssante.fr
        """,
        messages_mssante="""
            id_message | horodatage           | expediteur                | statut
            -----------+----------------------+---------------------------+-------
            m1         | 2025-04-01T01:00:00Z | accueil@paris.mssante.fr  | envoye
            m2         | 2025-04-01T01:00:00Z | accueil@guyane.mssante.fr | envoye
        """,
        expected={"750000044": "0", "970300026": "1"},
    )


def test_the_day_of_the_autumn_clock_change_is_longer(spec):
    """Le jour du retour à l'heure d'hiver commence à 22 h UTC et finit à 23 h UTC, à Paris."""
    imports = """
        id_prescription | horodatage
        ----------------+--------------------------
        veille          | 2025-10-25T21:59:59Z
        debut           | 2025-10-25T22:00:00Z
        fin             | 2025-10-26T22:59:59Z
        lendemain       | 2025-10-26T23:00:00Z
        heure_repetee   | 2025-10-26T02:30:00+01:00
    """
    spec("eprescription", "2025-10-26", prescriptions_importees=imports, expected="1")
    spec("eprescription", "2025-10-27", prescriptions_importees=imports, expected="4")


def test_the_first_and_last_instants_overseas(spec):
    """La fenêtre va de minuit à minuit, heure de l'établissement : Cayenne, Mayotte, ou un fuseau déclaré."""
    edges = {
        "970300042": ("2025-01-01T02:59:59Z", "2025-01-01T03:00:00Z", "2025-04-01T02:59:59Z", "2025-04-01T03:00:00Z"),
        "970600045": ("2024-12-31T20:59:59Z", "2024-12-31T21:00:00Z", "2025-03-31T20:59:59Z", "2025-03-31T21:00:00Z"),
        "986000017": ("2024-12-31T11:59:59Z", "2024-12-31T12:00:00Z", "2025-03-31T11:59:59Z", "2025-03-31T12:00:00Z"),
    }
    rows = [
        f"{finess} | {name} | {instant}"
        for finess, instants in edges.items()
        for name, instant in zip(("avant", "premier", "dernier", "apres"), instants, strict=True)
    ]
    etablissements = """
        finess_et | fuseau
        ----------+---------------
        970300042 |
        970600045 |
        986000017 | Pacific/Wallis
    """
    spec(
        "eprescription",
        "2025-04-01",
        etablissements=etablissements,
        prescriptions_importees="\n".join(["finess_et | id_prescription | horodatage", "---+---+---", *rows]),
        expected=dict.fromkeys(edges, "2"),
    )
    deposits = "\n".join(
        ["finess_et | id_document | horodatage | statut", "---+---+---+---", *(f"{row} | succes" for row in rows)]
    )
    spec(
        "dmp_documents",
        "2025-04-01",
        programme="esms-2021",
        etablissements=etablissements,
        depots_dmp=deposits,
        expected=dict.fromkeys(edges, "2"),
    )


def test_a_message_of_wallis_counts_on_its_own_day(spec):
    """Un message sans FINESS suit le fuseau de l'établissement de sa boîte, à l'autre bout du monde aussi."""
    spec(
        "mssante_messages",
        "2025-04-01",
        programme="esms-2021",
        etablissements="""
            finess_et | fuseau
            ----------+---------------
            750000044 |
            986000017 | Pacific/Wallis
        """,
        boites_mssante="""
            finess_et | adresse
            ----------+--------------------------
            750000044 | accueil@paris.mssante.fr
            986000017 | accueil@wallis.mssante.fr
        """,
        messages_mssante="""
            id_message | horodatage           | expediteur                | statut
            -----------+----------------------+---------------------------+-------
            m1         | 2025-03-31T12:30:00Z | accueil@paris.mssante.fr  | envoye
            m2         | 2025-03-31T12:30:00Z | accueil@wallis.mssante.fr | envoye
            m3         | 2024-12-31T12:30:00Z | accueil@wallis.mssante.fr | envoye
            m4         | 2024-12-31T12:30:00Z | accueil@paris.mssante.fr  | envoye
        """,
        expected={"750000044": "1", "986000017": "1"},
    )


def test_a_stay_and_a_journal_follow_the_zone(spec):
    """Les séjours, les dossiers et le journal aussi se comparent à la date locale."""
    spec(
        "dossiers_actifs",
        "2025-04-01",
        usagers="""
            finess_et | id_usager
            ----------+----------
            970300042 | parti
            970300042 | arrive
        """,
        sejours="""
            finess_et | id_usager | date_entree          | date_sortie
            ----------+-----------+----------------------+---------------------
            970300042 | parti     | 2024-01-01           | 2025-01-01T02:59:59Z
            970300042 | arrive    | 2025-04-01T02:59:59Z |
        """,
        dossiers="""
            finess_et | id_dossier | id_usager | date_creation
            ----------+------------+-----------+---------------------
            970300042 | d          | arrive    | 2025-04-01T02:59:59Z
        """,
        expected={"970300042": "1 / 1"},
    )
