"""Real database servers for the tests: Debian's packages, a free port, a folder of their own, no root."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from sqlalchemy import URL, Dialect, Engine, NullPool, create_engine
from sqlalchemy.dialects import mysql, postgresql

SECRET = "l'été:@/%"  # of the account that reads; everything that an address could take for something else
OWNER = "proprietaire"
READER = "lecture"
DATABASE = "dui"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _program(name: str) -> str:
    """Where Debian puts a server: not always on the path."""
    packaged = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    places = [shutil.which(name), *map(str, packaged), f"/usr/sbin/{name}"]
    found = next((place for place in places if place and Path(place).exists()), None)
    if found is None:
        raise FileNotFoundError(f"{name} is not installed: see .ci/run")
    return found


class Server(ABC):
    """A server with a base `dui`, its owner, and an account that reads."""

    account: str  # of the system, when the tests run as root
    base: str

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()

    def run(self, *arguments: str) -> None:
        """Run a program of the server as its account."""
        subprocess.run(self._as_account(arguments), check=True, capture_output=True, cwd=self.folder, timeout=120)

    def _as_account(self, arguments: tuple[str, ...]) -> list[str]:
        return ["runuser", "-u", self.account, "--", *arguments] if os.geteuid() == 0 else list(arguments)

    @abstractmethod
    def create(self) -> None:
        """Make the data folder."""

    @abstractmethod
    def start(self) -> None:
        """Start, and wait for an answer."""

    @abstractmethod
    def stop(self) -> None:
        """Stop at once, as a server that falls."""

    @abstractmethod
    def settle(self) -> None:
        """Create the base and its accounts."""

    @abstractmethod
    def execute(self, *statements: str) -> None:
        """Run statements as the owner."""

    @abstractmethod
    def locked(self, table: str) -> AbstractContextManager[None]:
        """Keep a table for oneself."""

    @abstractmethod
    def cut(self) -> None:
        """End every connection of the account that reads."""

    @abstractmethod
    def empty(self) -> None:
        """Leave no table in the base."""

    @property
    @abstractmethod
    def dialect(self) -> Dialect:
        """How its SQL is written, without parameters."""

    def options(self, **others: object) -> dict[str, object]:
        """The keys of a `[[source]]` that reads this base; its secret is in the variable MDP_DUI."""
        told = {"base": self.base, "hote": "127.0.0.1", "port": self.port, "base_de_donnees": DATABASE}
        return told | {"utilisateur": READER, "mot_de_passe": "env:MDP_DUI"} | others


class Postgres(Server):
    account, base = "postgres", "postgresql"

    def create(self) -> None:
        (self.folder / "mdp").write_text(SECRET)
        (self.folder / "mdp").chmod(0o644)
        auth = ("--auth=scram-sha-256", f"--pwfile={self.folder}/mdp", "-U", OWNER)
        self.run(
            _program("initdb"), "-D", f"{self.folder}/data", "--no-sync", *auth, "--encoding=UTF8", "--locale=C.UTF-8"
        )

    def start(self) -> None:
        listens = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        control = (_program("pg_ctl"), "-D", f"{self.folder}/data", "-w", "-l", f"{self.folder}/journal", "-o", listens)
        self.run(*control, "start")

    def stop(self) -> None:
        self.run(_program("pg_ctl"), "-D", f"{self.folder}/data", "-m", "immediate", "-w", "stop")

    @property
    def dialect(self) -> Dialect:
        return postgresql.dialect(paramstyle="named")

    def execute(self, *statements: str, database: str = DATABASE) -> None:
        self.psql(";\n".join(statements), database)

    @contextmanager
    def locked(self, table: str) -> Iterator[None]:
        holder = subprocess.Popen(self._psql(DATABASE), env=_with_secret(), stdin=subprocess.PIPE, text=True)
        assert holder.stdin
        holder.stdin.write(f"BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE;\n")
        holder.stdin.flush()
        held = f"SELECT count(*) FROM pg_locks WHERE relation = '{table}'::regclass AND mode = 'AccessExclusiveLock'"
        while self.psql(held).strip() != "1":
            time.sleep(0.05)
        try:
            yield
        finally:
            holder.communicate("ROLLBACK;\n", timeout=30)

    def cut(self) -> None:
        self.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{READER}'")

    def empty(self) -> None:
        self.execute(
            "DROP SCHEMA public CASCADE",
            "CREATE SCHEMA public",
            f"GRANT USAGE ON SCHEMA public TO {READER}",
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {READER}",
        )

    def _psql(self, database: str) -> list[str]:
        place = ("-h", "127.0.0.1", "-p", str(self.port), "-U", OWNER, "-d", database)
        return [_program("psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", *place, "-f", "-"]

    def psql(self, statement: str, database: str = DATABASE) -> str:
        """What a statement gives, run as the owner."""
        done = subprocess.run(
            self._psql(database),
            input=statement,
            env=_with_secret(),
            check=True,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
        )
        return done.stdout

    def settle(self) -> None:
        self.execute(f"CREATE DATABASE {DATABASE}", database="postgres")
        quoted = SECRET.replace("'", "''")
        self.execute(
            f"CREATE ROLE {READER} LOGIN PASSWORD '{quoted}'",
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {READER}",
        )


def _with_secret() -> dict[str, str]:
    return os.environ | {"PGPASSWORD": SECRET}


class MariaDb(Server):
    account, base = "mysql", "mariadb"

    def create(self) -> None:
        local = ("--no-defaults", f"--datadir={self.folder}/data", "--auth-root-authentication-method=normal")
        self.run(_program("mariadb-install-db"), *local, "--skip-test-db")

    def start(self) -> None:
        places = (f"--datadir={self.folder}/data", f"--socket={self.folder}/s", f"--pid-file={self.folder}/pid")
        listens = ("--bind-address=127.0.0.1", f"--port={self.port}", "--skip-name-resolve")
        command = self._as_account((_program("mariadbd"), "--no-defaults", *places, *listens))
        with (self.folder / "journal").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)
        self._wait()

    def _wait(self) -> None:
        for _ in range(240):
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
            except OSError:
                time.sleep(0.25)
            else:
                return
        raise TimeoutError("MariaDB does not answer")

    def stop(self) -> None:
        pid = self.folder / "pid"
        if pid.exists():
            os.kill(int(pid.read_text()), 9)
            pid.unlink()
        self._process.wait(30)

    @property
    def dialect(self) -> Dialect:
        return mysql.dialect(paramstyle="named")

    def engine(self, database: str = DATABASE) -> Engine:
        query = {"unix_socket": f"{self.folder}/s", "charset": "utf8mb4"}
        url = URL.create("mariadb+pymysql", "root", database=database, query=query)
        return create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")

    def execute(self, *statements: str) -> None:
        engine = self.engine()
        with engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
        engine.dispose()

    @contextmanager
    def locked(self, table: str) -> Iterator[None]:
        engine = self.engine()
        with engine.connect() as connection:
            connection.exec_driver_sql(f"LOCK TABLES {table} WRITE")
            yield
            connection.exec_driver_sql("UNLOCK TABLES")
        engine.dispose()

    def cut(self) -> None:
        self.execute(f"KILL USER {READER}@'127.0.0.1'")

    def empty(self) -> None:
        self.execute(f"DROP DATABASE {DATABASE}", f"CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4")

    def settle(self) -> None:
        engine = self.engine("mysql")
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4")
            connection.exec_driver_sql(f"CREATE USER {READER}@'127.0.0.1' IDENTIFIED BY %s", (SECRET,))
            connection.exec_driver_sql(f"GRANT SELECT, EXECUTE ON {DATABASE}.* TO {READER}@'127.0.0.1'")
        engine.dispose()


SERVERS: dict[str, type[Server]] = {"postgresql": Postgres, "mariadb": MariaDb}


@contextmanager
def running(kind: type[Server]) -> Iterator[Server]:
    """A server that runs, in a folder that goes with it."""
    folder = Path(tempfile.mkdtemp(prefix=f"{kind.base}-"))
    folder.chmod(0o755)
    if os.geteuid() == 0:
        shutil.chown(folder, kind.account)
    server = kind(folder)
    try:
        server.create()
        server.start()
        try:
            server.settle()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
