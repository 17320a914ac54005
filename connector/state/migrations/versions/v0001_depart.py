"""The first state database."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.Integer, primary_key=True)


def upgrade() -> None:
    """Create every table."""
    _measures()
    _submissions()
    _surroundings()


def _measures() -> None:
    op.create_table(
        "runs",
        _id(),
        *map(_text, ("verbe", "debut", "fin", "etat")),
        sa.Column("code", sa.Integer),
        _text("detail"),
    )
    op.create_table(
        "editions",
        _id(),
        *map(_text, ("finess_et", "programme", "catalogue", "convention", "debut", "fin")),
        sa.Column("revision", sa.Integer, nullable=False),
        *map(_text, ("motif", "date_mesure", "etabli_le", "instantane", "empreinte")),
        sa.Column("contenu", sa.LargeBinary, nullable=False),
        _text("retenue"),
        sa.UniqueConstraint("finess_et", "programme", "catalogue", "convention", "debut", "fin", "revision"),
    )
    op.create_table(
        "releases",
        _id(),
        sa.Column("edition_id", sa.Integer, sa.ForeignKey("editions.id"), nullable=False, unique=True),
        *map(_text, ("instant", "utilisateur", "motif")),
    )


def _submissions() -> None:
    op.create_table(
        "outbox",
        _id(),
        sa.Column("edition_id", sa.Integer, sa.ForeignKey("editions.id"), nullable=False),
        *map(_text, ("destination", "cle", "etat", "methode", "chemin", "type_contenu")),
        sa.Column("corps", sa.LargeBinary, nullable=False),
        *map(_text, ("empreinte", "signature")),
        sa.Column("tentatives", sa.Integer, nullable=False),
        *map(_text, ("prochaine", "motif", "cree", "modifie")),
        sa.UniqueConstraint("destination", "edition_id"),
        sa.UniqueConstraint("cle"),
    )
    op.create_index("outbox_due", "outbox", ["etat", "destination", "prochaine"])
    op.create_table(
        "receipts",
        _id(),
        sa.Column("outbox_id", sa.Integer, sa.ForeignKey("outbox.id"), nullable=False),
        _text("instant"),
        sa.Column("statut_http", sa.Integer),
        *map(_text, ("verdict", "motif", "empreinte")),
        sa.Column("reponse", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_receipts_outbox_id", "receipts", ["outbox_id"])
    op.create_table(
        "circuits",
        sa.Column("destination", sa.Text, primary_key=True),
        sa.Column("echecs", sa.Integer, nullable=False),
        _text("ouvert_jusqua"),
    )


def _surroundings() -> None:
    op.create_table("alerts", _id(), *map(_text, ("cle", "texte", "debut", "fin", "annonces")))
    op.create_index("alerts_ouvertes", "alerts", ["cle", "fin"])
    op.create_table(
        "positions",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("nom", sa.Text, primary_key=True),
        *map(_text, ("valeur", "instantane")),
    )
