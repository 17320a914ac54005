"""The tables of the state database, as they are after the last migration.

Instants are ISO 8601 text with offset, days AAAA-MM-JJ; an absent convention is the empty text, so that
a unique key holds. Bodies are compressed bytes. No table names a person.
"""

from __future__ import annotations

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()


def _text(name: str, default: str = "") -> Column[str]:
    return Column(name, Text, nullable=False, default=default)


runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True),
    _text("verbe"),
    _text("debut"),
    _text("fin"),  # empty while it runs, or when it was killed
    _text("etat", "en_cours"),  # en_cours, termine, echec
    Column("code", Integer),
    _text("detail"),
)

editions = Table(
    "editions",
    metadata,
    Column("id", Integer, primary_key=True),
    _text("finess_et"),
    _text("programme"),
    _text("catalogue"),
    _text("convention"),
    _text("debut"),
    _text("fin"),
    Column("revision", Integer, nullable=False),
    _text("motif"),  # why this revision exists; empty for the first
    _text("date_mesure"),
    _text("etabli_le"),
    _text("instantane"),  # the snapshot that it was measured from
    _text("empreinte"),  # digest of the figures: the same figures make no new revision
    Column("contenu", LargeBinary, nullable=False),
    _text("retenue"),  # codes of the blocking findings, separated by blanks; empty when nothing holds it
    UniqueConstraint("finess_et", "programme", "catalogue", "convention", "debut", "fin", "revision"),
)

releases = Table(
    "releases",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("edition_id", Integer, ForeignKey("editions.id"), nullable=False, unique=True),
    _text("instant"),
    _text("utilisateur"),
    _text("motif"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("edition_id", Integer, ForeignKey("editions.id"), nullable=False),
    _text("destination"),
    _text("cle"),  # idempotency key: the same for every attempt
    _text("etat"),  # see publish.outbox
    _text("methode"),
    _text("chemin"),
    _text("type_contenu"),
    Column("corps", LargeBinary, nullable=False),
    _text("empreinte"),
    _text("signature"),
    Column("tentatives", Integer, nullable=False, default=0),
    _text("prochaine"),  # no attempt before this instant
    _text("motif"),  # the last words of the receiver, or why it waits
    _text("cree"),
    _text("modifie"),
    UniqueConstraint("destination", "edition_id"),
    UniqueConstraint("cle"),
    Index("outbox_due", "etat", "destination", "prochaine"),
)

receipts = Table(
    "receipts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("outbox_id", Integer, ForeignKey("outbox.id"), nullable=False, index=True),
    _text("instant"),
    Column("statut_http", Integer),  # empty when no answer came
    _text("verdict"),
    _text("motif"),
    _text("empreinte"),  # digest of the whole answer
    Column("reponse", LargeBinary, nullable=False, default=b""),  # its beginning, compressed
)

circuits = Table(
    "circuits",
    metadata,
    Column("destination", Text, primary_key=True),
    Column("echecs", Integer, nullable=False, default=0),  # in a row
    _text("ouvert_jusqua"),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", Integer, primary_key=True),
    _text("cle"),
    _text("texte"),
    _text("debut"),
    _text("fin"),
    _text("annonces"),  # channels told of the start, then « fin:canal » for the end
    Index("alerts_ouvertes", "cle", "fin"),
)

positions = Table(
    "positions",
    metadata,
    Column("source", Text, primary_key=True),
    Column("nom", Text, primary_key=True),
    _text("valeur"),
    _text("instantane"),  # the snapshot that holds everything up to here
)
