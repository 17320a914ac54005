"""The harness of an adapter that reads a server: the same canonical records, served by a real one."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connector.adapters.mssante.imap import ImapAdapter
from connector.collect import Source
from connector.config import SourceSettings
from connector.contract.harness import Fault, Harness
from connector.demo import courriels
from tests.contract.harnesses import replaced
from tests.lib.dovecot import Server, dovecot

_DATE = (
    "attendu une date AAAA-MM-JJ, avec ou sans heure, trouvé 'hier' ; "
    "écrivez-la ainsi (dans un tableur : une vraie date), ou décrivez son format dans un fichier de correspondance."
)

_NOBODY = (
    "Messagerie, UID 2, champ « From » : attendu cet en-tête, trouvé un courriel sans lui ; réexportez ce courriel."
)


@dataclass
class Servers:
    """The servers started so far, one a folder; `stop` ends them all."""

    running: dict[Path, Server] = field(default_factory=dict)
    stack: ExitStack = field(default_factory=ExitStack)

    def of(self, folder: Path) -> Server:
        """The server of a Maildir, started the first time that it is asked for."""
        if folder not in self.running:
            home = folder.with_name(f"dovecot-{folder.name}")
            self.running[folder] = self.stack.enter_context(dovecot(home, folder))
        return self.running[folder]

    def stop(self) -> None:
        self.running.clear()
        self.stack.close()


SERVERS = Servers()


@dataclass(frozen=True)
class ServedHarness(Harness):
    """A harness whose folder is served by Dovecot."""

    def source(self, folder: Path) -> Source:
        options = SERVERS.of(folder).options(dossiers_retours=["INBOX"])
        return Source(ImapAdapter, "Messagerie", (), SourceSettings.model_validate(options))


def _write(records: Any, folder: Path) -> None:
    """Every mail of every ET in one account: its sent mails, and the receipts in its inbox and among them."""
    folder.mkdir(parents=True, exist_ok=True)
    courriels.write_account(records, folder)


def _says(records: Any, folder: Path) -> None:
    courriels.reduced_pivot(records, folder, receipts=False)


def _empty(folder: Path) -> None:
    """An account that sent nothing."""
    (folder / ".Sent" / "cur").mkdir(parents=True)


def _fault(name: str, old: bytes, new: bytes, problem: str) -> Fault:
    return Fault(name, replaced(".Sent/cur/000001.demo:2,S", old, new), (problem,))


IMAP = ServedHarness(
    adapter="imap",
    write=_write,
    says=_says,
    empty=_empty,
    empty_tables=frozenset({"messages_mssante"}),
    files=False,
    faults=(
        _fault(
            "une date illisible",
            b"Date: Mon, 31 Mar 2025 23:59:59 +0200",
            b"Date: hier",
            f"Messagerie, UID 2, champ « horodatage » : {_DATE}",
        ),
        _fault("un courriel sans expéditeur", b"From: ", b"X-From: ", _NOBODY),
    ),
)
SERVED = {"imap": IMAP}
