"""Alembic migrations of the state database, run at each opening."""
