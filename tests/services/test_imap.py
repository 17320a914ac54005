"""IMAP, against a real Dovecot: the contract of every adapter, and what a mailbox must never suffer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from connector.adapters.base import Batch, Notice, Position, Problem
from connector.adapters.mssante.imap import ImapAdapter
from connector.collect import Source
from connector.config import SourceSettings
from connector.demo import courriels, pivot
from connector.demo.organisation import Organisation
from connector.errors import SourceUnreachableError
from tests.contract import contract_suite
from tests.contract.served import IMAP, SERVERS
from tests.lib.dovecot import PASSWORD, Server, dovecot
from tests.lib.run import command, measure, source
from tests.unit.test_courriels import BOX, OTHER, archived, dsn, mail, xdm
from tests.unit.test_xds_lib import FINESS, INS

pytestmark = pytest.mark.services

TestContract = contract_suite(IMAP)


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MSS_TEST_PASSWORD", PASSWORD)


@pytest.fixture(autouse=True)
def _servers() -> Iterator[None]:
    """Those that the contract started end with each test."""
    yield
    SERVERS.stop()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server over an empty account with its folder of sent mails."""
    (tmp_path / "Maildir" / ".Sent" / "cur").mkdir(parents=True)
    with dovecot(tmp_path / "dovecot", tmp_path / "Maildir") as running:
        yield running


class Read:
    """What one pass over an account gave."""

    def __init__(self, server: Server, positions: dict[str, str] | None = None, **options: object) -> None:
        settings = SourceSettings.model_validate(server.options(**options) | {"positions": positions or {}})
        self.rows: list[dict[str, str]] = []
        self.problems: list[str] = []
        self.notices: dict[str, int] = {}
        self.positions: dict[str, str] = {}
        for item in ImapAdapter((), settings).read({"messages_mssante"}):
            match item:
                case Batch():
                    self.rows += item.rows.to_pylist()
                case Problem():
                    self.problems.append(item.text())
                case Notice():
                    self.notices[item.code] = item.count
                case Position():
                    self.positions[item.name] = item.value

    def column(self, name: str) -> list[str]:
        return [row[name] for row in self.rows]


def names(server: Server) -> list[str]:
    """The files of the mails, whose names hold their flags."""
    return sorted(str(path.relative_to(server.mail)) for path in server.mail.rglob("*:2,*"))


def test_nothing_is_ever_marked_as_seen(server: Server) -> None:
    """EXAMINE and PEEK: after a reading that opened a body, not one flag has changed, nor one byte."""
    server.deliver(".Sent/cur/1.M:2,", mail())
    opened = server.deliver(".Sent/cur/2.M:2,", archived(xdm()))
    server.deliver("cur/3.M:2,", dsn("<9@x>", (OTHER, "failed")))
    before, data = names(server), opened.read_bytes()
    found = Read(server, dossiers_retours=["INBOX"])
    assert found.column("finess_et") == ["", FINESS]
    assert (names(server), opened.read_bytes()) == (before, data)


def test_a_second_reading_gives_only_what_is_new(server: Server) -> None:
    """By UID under the same UIDVALIDITY; a folder made again is read again."""
    server.deliver(".Sent/cur/1.M:2,S", mail())
    first = Read(server)
    assert Read(server, first.positions).rows == []
    for rank in range(2, 6):
        server.deliver(f".Sent/cur/{rank}.M:2,S", mail(f"<{rank}@x>"))
    second = Read(server, first.positions)
    assert second.column("id_message") == [f"<{rank}@x>" for rank in range(2, 6)]
    (server.mail / ".Sent/cur/3.M:2,S").unlink()
    server.deliver(".Sent/cur/7.M:2,S", mail("<7@x>"))
    assert Read(server, second.positions).column("id_message") == ["<7@x>"]
    stale = {name: f"1{value}" for name, value in second.positions.items()}
    assert len(Read(server, stale).rows) == 5


def test_a_return_in_the_inbox_makes_a_failure(server: Server) -> None:
    """Returns are looked for in the folders of sent mails, and in those that the settings name."""
    server.deliver(".Sent/cur/1.M:2,S", mail())
    server.deliver("cur/2.M:2,", dsn("<1@x>", (OTHER, "failed")))
    server.deliver("cur/3.M:2,", mail("<3@x>", From=f"Autre <{OTHER}>"))
    assert Read(server).column("statut") == ["envoye"]
    found = Read(server, dossiers_retours=["INBOX"])
    assert list(zip(found.column("id_message"), found.column("statut"), strict=True)) == [("<1@x>", "echec")]


def test_a_draft_and_a_patient_are_counted_apart(server: Server) -> None:
    """By the flag of the server; and no address of a patient comes out."""
    server.deliver(".Sent/cur/1.M:2,DS", mail())
    server.deliver(".Sent/cur/2.M:2,S", mail("<2@x>", From=f"{INS}@patient.mssante.fr"))
    server.deliver(".Sent/cur/3.M:2,S", mail("<3@x>", To=f"{INS}@patient.mssante.fr"))
    found = Read(server)
    assert found.column("id_message") == ["<3@x>"]
    assert found.notices == {"brouillons": 1, "courriels_de_patients": 1}
    assert INS not in repr(found.__dict__)


def test_a_folder_may_have_accents_and_blanks(server: Server) -> None:
    """Names go in modified UTF-7, between quotes."""
    server.deliver('.&AMk-l&AOk-ments envoy&AOk-s & "co"/cur/1.M:2,'.replace("& ", "&- "), mail())
    assert Read(server, dossiers=['Éléments envoyés & "co"']).column("id_message") == ["<1@x>"]


def test_a_folder_that_is_not_there_is_told(server: Server) -> None:
    """Never a count of zero: the table is barred."""
    expected = "attendu les dossiers que nomment les réglages, trouvé un dossier absent"
    advice = "corrigez « dossiers » ou « dossiers_retours » dans les réglages."
    assert Read(server, dossiers=["Absent"]).problems == [f"Messagerie : {expected} ; {advice}"]


def test_many_mails_are_walked_in_batches(server: Server) -> None:
    """Several times what is asked at once, and a position in the middle."""
    for rank in range(1, 351):
        server.deliver(f".Sent/cur/{rank}.M:2,S", mail(f"<{rank}@x>"))
    found = Read(server)
    assert len(set(found.column("id_message"))) == 350
    ((name, value),) = found.positions.items()
    middle = {name: f"{value.partition(':')[0]}:120"}
    assert len(Read(server, middle).rows) == 230


def _refusal(server: Server, **options: object) -> str:
    with pytest.raises(SourceUnreachableError) as refused:
        Read(server, **options)
    assert refused.value.exit_code == 12
    assert PASSWORD not in str(refused.value)
    return str(refused.value)


def test_a_server_that_is_not_the_right_one_is_refused(server: Server, tmp_path: Path) -> None:
    """Its certificate is checked against the machine's authorities, or those of `ca_bundle`; so is its name."""
    where = f"localhost:{server.port}"
    sentence = (
        "le certificat du serveur n'est pas reconnu ; vérifiez « serveur », ou donnez son autorité par « ca_bundle »."
    )
    assert _refusal(server, ca_bundle=None) == f"{where} : {sentence}"
    with dovecot(tmp_path / "autre", server.mail) as other:
        assert _refusal(server, ca_bundle=other.ca) == f"{where} : {sentence}"
    assert _refusal(server, serveur="127.0.0.2").startswith("127.0.0.2:")


def test_a_wrong_password_is_told_without_it(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the keys to look at, never the secret."""
    monkeypatch.setenv("MSS_TEST_PASSWORD", "un autre secret")
    message = _refusal(server)
    assert message == (
        f"localhost:{server.port} : l'identification est refusée ; vérifiez « utilisateur » et « mot_de_passe »."
    )
    assert "secret" not in message


def test_a_server_that_stops_in_the_middle_gives_no_count(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows already read are not a measure: exit 12, whatever was read before."""
    for rank in range(1, 251):
        server.deliver(f".Sent/cur/{rank}.M:2,S", mail(f"<{rank}@x>"))
    monkeypatch.setattr("connector.adapters.mssante.imap._ROWS_PER_BATCH", 50)
    items = ImapAdapter((), SourceSettings.model_validate(server.options())).read({"messages_mssante"})
    assert isinstance(next(items), Batch)
    for process in psutil.Process(server.process.pid).children(recursive=True):
        if process.name() == "imap":
            process.kill()
    with pytest.raises(SourceUnreachableError) as stopped:
        list(items)
    assert str(stopped.value) == f"localhost:{server.port} : le serveur s'est arrêté ; vérifiez-le, puis recommencez."


def test_the_demo_as_an_account_gives_the_figures_of_its_pivot_files(tmp_path: Path) -> None:
    """To the integer, for every ET."""
    demo = Organisation(1)
    pivot.write(demo, tmp_path / "entier")
    pivot.write(demo, tmp_path / "pivot")
    (tmp_path / "pivot" / "messages_mssante.csv").unlink()
    courriels.write_account(demo, tmp_path / "Maildir")
    with dovecot(tmp_path / "dovecot", tmp_path / "Maildir") as server:
        settings = SourceSettings.model_validate(server.options(dossiers_retours=["INBOX"]))
        account = Source(ImapAdapter, "Messagerie", (), settings)
        (mixed,), _ = measure([source("pivot", tmp_path / "pivot"), account])
    (whole,), _ = measure([source("pivot", tmp_path / "entier")])
    ratios = [
        {one.finess_et: (one.numerateur, one.denominateur) for one in result.resultats if one.indicateur == "mssante"}
        for result in (whole, mixed)
    ]
    assert ratios[0] == ratios[1]


def test_an_audit_reads_the_account_that_its_settings_describe(server: Server, tmp_path: Path) -> None:
    """As the page of the documentation says it, from a settings file; a wrong server ends with code 12."""
    for rank in range(3):
        server.deliver(f".Sent/cur/{rank}.M:2,S", mail(f"<{rank}@x>"))
    text = (
        '[[source]]\nnom = "Messagerie"\ntype = "imap"\nserveur = "localhost"\nport = {port}\n'
        f'utilisateur = "{BOX}"\nmot_de_passe = "env:MSS_TEST_PASSWORD"\nca_bundle = "{server.ca}"\n'
        f'[boites]\n"@foyer.mssante.fr" = "750900017"\n'
    )
    told = {}
    for name, port in (("bon", server.port), ("faux", 1)):
        (tmp_path / f"{name}.toml").write_text(text.format(port=port), encoding="utf-8")
        arguments = ("--date-mesure", "2025-04-01", "--programme", "esms-2025", "--output", tmp_path / name)
        told[name] = command("audit", "--config", tmp_path / f"{name}.toml", *arguments)
    assert told["bon"].code == 0, told["bon"].err
    assert "Reconnu : Messagerie (Boîte aux lettres IMAP" in told["bon"].err
    assert told["faux"].code == 12
    assert PASSWORD not in told["faux"].err + told["bon"].err + told["bon"].out
