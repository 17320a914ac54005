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
