"""Opening the state database: fully synced, migrated, and mended without a human when it is damaged.

A file that SQLite finds damaged is set aside beside itself and the last good copy takes its place; what
happened since is done again, which is safe because every submission keeps its idempotency key.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, inspect
from sqlalchemy.exc import DatabaseError, IntegrityError, ProgrammingError
from sqlalchemy.pool import NullPool

from connector.disk import move, sync_file, why
from connector.errors import StateError

NAME = "etat.db"
VERSION = "0001"  # the last migration
_COPY = "etat-copie.db"
_BUSY = 30  # seconds to wait for another verb of the same site


class Database:
    """The state of one site. `mended` tells what was done to a damaged file, or is empty."""

    def __init__(self, engine: Engine, path: Path, mended: str) -> None:
        self._engine = engine
        self.path = path
        self.mended = mended

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One transaction that takes the write lock at once: committed whole, or not at all.

        Raises:
            StateError: the disk is full or read-only, or the file cannot be read.
        """
        with _told(self.path), self._engine.connect() as connection, connection.begin():
            yield connection

    def keep_copy(self) -> None:
        """Renew the copy that replaces a damaged file."""
        temporary = self.path.with_name(_COPY + ".tmp")
        temporary.unlink(missing_ok=True)
        with closing(sqlite3.connect(self.path)) as source, closing(sqlite3.connect(temporary)) as target:
            source.backup(target)
        _private(temporary)
        sync_file(temporary)
        move(temporary, self.path.with_name(_COPY))

    def close(self) -> None:
        self._engine.dispose()


def open_database(folder: Path, now: datetime) -> Database:
    """Open the state of a site, made or migrated as needed.

    Raises:
        StateError: the folder cannot be written, or the file was made by a later version.
    """
    path = folder / NAME
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        mended = _mend(path, now)
        engine = create_engine(f"sqlite:///{path}", poolclass=NullPool, connect_args={"timeout": _BUSY})
        _prepare(engine)
        with _told(path), engine.begin() as connection:
            _migrate(connection)
        _private(path)
    except OSError as error:
        raise StateError(f"{folder} : dossier d'état inutilisable ({why(error)}) ; vérifiez ses droits.") from None
    except sqlite3.Error as error:  # while looking at a file that may be damaged
        raise _state_error(path, error) from None
    return Database(engine, path, mended)


_WORDS = {
    "SQLITE_FULL": "disque plein ; libérez de la place",
    "SQLITE_READONLY": "dossier en lecture seule ; vérifiez ses droits",
    "SQLITE_CANTOPEN": "fichier impossible à ouvrir ; vérifiez le dossier et ses droits",
    "SQLITE_IOERR": "écriture ou lecture impossible ; vérifiez le disque et la place qui reste",
    "SQLITE_BUSY": "occupée par un autre verbe depuis trop longtemps ; recommencez",
    "SQLITE_CORRUPT": "abîmée ; le prochain lancement la remplace par la dernière copie saine",
    "SQLITE_NOTADB": "abîmée ; le prochain lancement la remplace par la dernière copie saine",
}


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Say in words what prevents the state from being used; nothing is half done, the next run goes on."""
    try:
        yield
    except DatabaseError as error:
        if not isinstance(error.orig, sqlite3.Error) or isinstance(error, IntegrityError | ProgrammingError):
            raise
        raise _state_error(path, error.orig) from None


def _state_error(path: Path, error: sqlite3.Error) -> StateError:
    name = "_".join(str(getattr(error, "sqlite_errorname", "")).split("_")[:2])
    return StateError(f"{path} : base d'état {_WORDS.get(name, f'inutilisable ({error})')}.")


def _prepare(engine: Engine) -> None:
    """Settings of every connection: a commit is on the disk, and a writer takes its lock when it begins."""

    @event.listens_for(engine, "connect")
    def _connected(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # SQLAlchemy begins by the event below
        for pragma in ("journal_mode=DELETE", "synchronous=EXTRA", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _migrate(connection: Connection) -> None:
    """Bring the schema to the last migration; Alembic, slow to import, only when there is something to do."""
    if inspect(connection).has_table("alembic_version") and _version(connection) == VERSION:
        return
    from alembic import command
    from alembic.config import Config

    configuration = Config()
    configuration.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    configuration.attributes["connection"] = connection
    command.upgrade(configuration, "head")


def _version(connection: Connection) -> str | None:
    return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()


def _mend(path: Path, now: datetime) -> str:
    """Replace a damaged file by the last good copy, or by nothing; say what was done."""
    if not path.exists() or _sound(path):
        return ""
    aside = path.with_name(f"etat-abime-{now:%Y%m%dT%H%M%S}.db")
    move(path, aside)
    for leftover in ("-journal", "-wal", "-shm"):
        path.with_name(path.name + leftover).unlink(missing_ok=True)
    copy = path.with_name(_COPY)
    if copy.exists() and _sound(copy):
        temporary = path.with_name(path.name + ".tmp")
        temporary.write_bytes(copy.read_bytes())
        sync_file(temporary)
        move(temporary, path)
        return f"base d'état abîmée mise de côté ({aside.name}) ; la dernière copie saine la remplace"
    return f"base d'état abîmée mise de côté ({aside.name}) ; sans copie saine, une base neuve la remplace"


def _sound(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(path)) as connection:
            return bool(connection.execute("PRAGMA quick_check").fetchone() == ("ok",))
    except sqlite3.DatabaseError:
        return False


def _private(path: Path) -> None:
    """Readable by its owner alone; on Windows the rights of the folder protect it."""
    if os.name == "posix":
        path.chmod(0o600)
