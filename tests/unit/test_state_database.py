"""The state database opens by itself, whatever happened to it."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import func, select

from connector.state import database as database_module
from connector.state import tables
from connector.state.database import NAME, VERSION, Database, open_database

NOW = datetime(2025, 4, 1, 4, 0, tzinfo=timezone.utc)


def _runs(database: Database) -> int:
    with database.transaction() as connection:
        return connection.execute(select(func.count()).select_from(tables.runs)).scalar_one()


def _add_run(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute(tables.runs.insert().values(verbe="measure", debut="", fin="", detail=""))


def _add_run_then_fail(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute(tables.runs.insert().values(verbe="measure", debut="", fin="", detail=""))
        raise ZeroDivisionError


def test_the_migrations_lead_to_the_tables_of_the_code(tmp_path: Path) -> None:
    """After the last migration the database is what `tables.py` says."""
    database = open_database(tmp_path, NOW)
    with database.transaction() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.metadata) == []


def test_the_version_of_the_code_is_the_last_migration() -> None:
    """Opening skips the migrations when the file has this version: it must be the last."""
    folder = Path(database_module.__file__).parent / "migrations"
    assert ScriptDirectory(str(folder)).get_current_head() == VERSION


def test_a_second_opening_keeps_what_the_first_wrote(tmp_path: Path) -> None:
    """Opening migrates only what is not yet migrated."""
    first = open_database(tmp_path, NOW)
    _add_run(first)
    first.close()
    second = open_database(tmp_path, NOW)
    assert (_runs(second), second.mended) == (1, "")


def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """Committed whole, or not at all."""
    database = open_database(tmp_path, NOW)
    with pytest.raises(ZeroDivisionError):
        _add_run_then_fail(database)
    assert _runs(database) == 0


@pytest.mark.parametrize("damage", [b"", b"not a database at all" * 400])
def test_a_damaged_file_is_replaced_by_the_last_copy(tmp_path: Path, damage: bytes) -> None:
    """Start-up never needs a human: the damaged file is set aside and the copy takes its place."""
    database = open_database(tmp_path, NOW)
    _add_run(database)
    database.keep_copy()
    _add_run(database)
    database.close()
    content = (tmp_path / NAME).read_bytes()
    (tmp_path / NAME).write_bytes(damage or content[:100] + b"\x55" * 3000 + content[3100:])
    mended = open_database(tmp_path, NOW)
    assert _runs(mended) == 1
    assert mended.mended == (
        "base d'état abîmée mise de côté (etat-abime-20250401T040000.db) ; la dernière copie saine la remplace"
    )
    assert (tmp_path / "etat-abime-20250401T040000.db").exists()


def test_without_a_copy_a_new_database_is_made(tmp_path: Path) -> None:
    """A damaged file and no copy: the service still starts, and says so."""
    (tmp_path / NAME).write_bytes(b"x" * 5000)
    database = open_database(tmp_path, NOW)
    assert _runs(database) == 0
    assert database.mended.endswith("sans copie saine, une base neuve la remplace")
