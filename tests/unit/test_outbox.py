"""The outbox: one submission per destination and edition, and no way to lose it."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import OKPKey
from sqlalchemy import select

from connector.errors import UsageError
from connector.publish import ledger
from connector.publish.answers import Answer, NoAnswer, Verdict, judge
from connector.publish.decisions import abandon, release, retry
from connector.publish.delivery import Sending, Surroundings, deliver
from connector.publish.outbox import body_of, digest, enqueue, idempotency_key, queue
from connector.publish.waits import FAILURES, backoff, due
from connector.signature import Signer, Trust, revoke, verify_detached
from connector.state import editions as store
from connector.state.database import Database, open_database
from connector.state.instants import stamp
from connector.state.tables import circuits, outbox, receipts
from tests.lib import editions as measured
from tests.lib.submissions import NOW, body, destination, edition, queued, signer

ARS, OPEN = destination("ars"), destination("donnees-ouvertes")


class Receiver:
    """Says what it is told to say, in turn, then accepts."""

    def __init__(self, *answers: Answer | NoAnswer) -> None:
        self.answers = list(answers)
        self.got: list[Sending] = []

    def send(self, sending: Sending) -> Answer:
        self.got.append(sending)
        answer = self.answers.pop(0) if self.answers else Answer(201)
        if isinstance(answer, NoAnswer):
            raise answer
        return answer

    def ask(self, sending: Sending) -> Answer | None:
        return None


class Clock:
    """An instant that a test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty state."""
    opened = open_database(tmp_path, NOW)
    yield opened
    opened.close()


@pytest.fixture
def by(tmp_path: Path) -> Signer:
    """The key of the state."""
    return signer(tmp_path)


def _send(database: Database, receiver: Receiver, by: Signer, clock: Clock | None = None, to: Any = ARS) -> Any:
    around = Surroundings(clock or Clock(), lambda: 0.5)
    return deliver(database, [to], {to.id: receiver}, by, around)


def _states(database: Database) -> list[str]:
    with database.transaction() as connection:
        return list(connection.execute(select(outbox.c.etat).order_by(outbox.c.id)).scalars())


def test_one_submission_per_destination_and_edition(database: Database, by: Signer) -> None:
    """Queueing the same edition again changes nothing."""
    number = queued(database, edition(), [ARS, OPEN], by)
    with database.transaction() as connection:
        assert enqueue(connection, number, edition(), ARS, body(edition()), by, NOW, False) == 0
        assert ledger.counts(connection) == {"ars": {"en_attente": 1}, "donnees-ouvertes": {"en_attente": 1}}


def test_a_measured_edition_is_queued_for_who_takes_it(database: Database, by: Signer) -> None:
    """Real bodies, signed; none for a destination that is off, or takes neither this ET nor these indicators."""
    one = measured.edition()
    taken = [measured.destination(kind, id=kind) for kind in ("fhir", "adx", "dhis2", "csv")]
    others = [
        measured.destination("csv", id="eteinte", actif=False),
        measured.destination("csv", id="autre-et", etablissements=["010900116"]),
        measured.destination("csv", id="autre-chose", indicateurs=["inconnu"]),
    ]
    with database.transaction() as connection:
        number = store.add(connection, one, "instantané", ())
        assert queue(connection, number, one, [*taken, *others], by, NOW, False) == 4
        assert queue(connection, number, one, [*taken, *others], by, NOW, False) == 0
        rows = connection.execute(select(outbox)).all()
    trusted = Trust({by.kid: OKPKey.import_key(by.public_jwk)})
    for row in rows:
        assert row.empreinte == digest(body_of(row))
        verify_detached(body_of(row), row.signature, trusted, NOW)


def test_false_duplicates_have_their_own_keys() -> None:
    """Another month, definition, convention, ET, revision or destination is another submission."""
    same = edition()
    others = [
        edition(month=4),
        edition(catalogue="2025.2"),
        edition(programme="esms-2022"),
        edition(convention="GE-17"),
        edition("2A0900116"),
        edition(revision=2),
    ]
    keys = {idempotency_key("ars", one) for one in (same, *others)} | {idempotency_key("autre", same)}
    assert len(keys) == 8
    assert idempotency_key("ars", same) == idempotency_key("ars", edition(etabli_le=NOW + timedelta(days=3)))


def test_an_accepted_submission_keeps_its_receipt_and_never_leaves_again(database: Database, by: Signer) -> None:
    """The receipt has the digest of the answer."""
    queued(database, edition(), [ARS], by)
    said = b'{"statut": "accepte"}'
    receiver = Receiver(Answer(200, {"content-type": "application/json"}, said))
    assert _send(database, receiver, by) == {Verdict.ACCEPTED: 1}
    assert _send(database, receiver, by) == {}
    assert len(receiver.got) == 1
    with database.transaction() as connection:
        shown = ledger.shown(connection, 1)
    assert (shown["etat"], shown["tentatives"]) == ("accepte", 1)
    assert shown["recus"] == [
        {
            "instant": "2025-04-01T04:00:00.000+00:00",
            "statut_http": 200,
            "verdict": "accepte",
            "motif": "HTTP 200",
            "empreinte": digest(said),
        }
    ]


def test_revisions_of_one_identity_leave_in_order(database: Database, by: Signer) -> None:
    """Revision 2 waits until revision 1 is settled, and another month does not wait."""
    queued(database, edition(), [ARS], by)
    queued(database, edition(revision=2), [ARS], by)
    queued(database, edition(month=4), [ARS], by)
    receiver = Receiver(NoAnswer("pas de réponse dans le délai", sent=True))
    _send(database, receiver, by)
    assert _states(database) == ["inconnu", "en_attente", "accepte"]
    _send(database, receiver, by)
    assert _states(database) == ["accepte", "accepte", "accepte"]
    assert receiver.got[0].key == receiver.got[2].key


def test_a_rejection_keeps_the_words_and_is_replayed_by_command(database: Database, by: Signer) -> None:
    """Rejected is a state; `retry` sends the same key again, and a rejection does not hold the next revision."""
    queued(database, edition(), [ARS], by)
    refusal = Answer(422, {"content-type": "application/json"}, b'{"detail": "FINESS inconnu"}')
    receiver = Receiver(refusal, refusal)
    assert _send(database, receiver, by) == {Verdict.REJECTED: 1}
    with database.transaction() as connection:
        assert ledger.listed(connection)[0].motif == "HTTP 422 : FINESS inconnu"
        retry(connection, [1], by, NOW)
    assert _send(database, receiver, by) == {Verdict.REJECTED: 1}
    queued(database, edition(revision=2), [ARS], by)
    _send(database, receiver, by)
    assert _states(database) == ["rejete", "accepte"]
    with database.transaction() as connection, pytest.raises(UsageError) as refused:
        retry(connection, [1], by, NOW)
    assert str(refused.value) == (
        "Transmission 1 : la révision 2 de la même mesure est déjà partie vers ars ; l'ancienne ne doit pas "
        "arriver après elle. Abandonnez-la avec « outbox abandon »."
    )


def test_a_held_submission_leaves_only_after_its_release(database: Database, by: Signer) -> None:
    """A blocking finding holds the submission until someone says why it may go; all destinations at once."""
    queued(database, edition(), [ARS, OPEN], by, held=True)
    receiver = Receiver()
    assert _send(database, receiver, by) == {}
    with database.transaction() as connection:
        assert release(connection, 1, "dsi", "vérifié avec la cheffe de service", NOW) == 2
    assert _send(database, receiver, by) == {Verdict.ACCEPTED: 1}
    with database.transaction() as connection:
        assert ledger.shown(connection, 1)["liberation"] == {
            "instant": "2025-04-01T04:00:00.000+00:00",
            "utilisateur": "dsi",
            "motif": "vérifié avec la cheffe de service",
        }
    with database.transaction() as connection, pytest.raises(UsageError) as refused:
        release(connection, 1, "dsi", "encore", NOW)
    assert str(refused.value) == "Transmission 1 : elle n'est pas retenue (état « accepte »)."


def test_what_may_have_arrived_stays_so_until_it_is_known(database: Database, by: Signer) -> None:
    """A lost answer, then « later »: still unknown, given up or not; an older revision no longer leaves after it."""
    queued(database, edition(), [ARS], by, held=True)
    queued(database, edition(revision=2), [ARS], by)
    receiver = Receiver(NoAnswer("pas de réponse dans le délai", sent=True), Answer(503))
    _send(database, receiver, by)
    _send(database, receiver, by)
    assert _states(database) == ["retenu", "inconnu"]
    with database.transaction() as connection:
        abandon(connection, 2, "erreur", NOW)
    with database.transaction() as connection, pytest.raises(UsageError):
        release(connection, 1, "dsi", "vérifié", NOW)
    with database.transaction() as connection:
        retry(connection, [2], by, NOW)
    assert _states(database) == ["retenu", "inconnu"]


def test_a_defect_met_with_one_submission_holds_no_other(database: Database, by: Signer) -> None:
    """A body that cannot be read back, say: it stays listed with words, and the others leave."""
    for month in (1, 2, 3):
        queued(database, edition(month=month), [ARS], by)
    with database.transaction() as connection:
        connection.execute(outbox.update().where(outbox.c.id == 1).values(corps=b"abime"))
    assert _send(database, Receiver(), by) == {Verdict.UNKNOWN: 1, Verdict.ACCEPTED: 2}
    with database.transaction() as connection:
        (item,) = ledger.listed(connection, ["inconnu"])
    assert item.motif == "erreur inattendue (error) : signalez-la à l'équipe de dui-connector"


def test_an_answer_that_defies_reading_holds_no_other(database: Database, by: Signer, monkeypatch: Any) -> None:
    """Whatever a receiver says, its submission is of unknown outcome, with the answer kept, and the others leave."""
    for month in (1, 2):
        queued(database, edition(month=month), [ARS], by)

    def judged(kind: str, answer: Answer, digest: str, now: datetime) -> Any:
        return 1 // 0 if answer.status == 299 else judge(kind, answer, digest, now)

    monkeypatch.setattr("connector.publish.delivery.judge", judged)
    assert _send(database, Receiver(Answer(299, {}, b"?")), by) == {Verdict.UNKNOWN: 1, Verdict.ACCEPTED: 1}
    with database.transaction() as connection:
        (receipt,) = ledger.shown(connection, 1)["recus"]
    assert (receipt["statut_http"], receipt["verdict"], receipt["empreinte"]) == (299, "inconnu", digest(b"?"))


def test_a_receipt_never_keeps_who_a_receiver_names(database: Database, by: Signer) -> None:
    """What they said is kept without matricule nor address, in words and, for a time, in the answer itself."""
    queued(database, edition(), [ARS], by)
    said = b'{"statut":"rejete","motif":"185057800608436 de marie@exemple.fr inconnu"}'
    _send(database, Receiver(Answer(200, {"content-type": "application/json"}, said)), by)
    with database.transaction() as connection:
        kept = connection.execute(select(receipts)).one()
    assert kept.motif == "HTTP 200 : (INS) de (adresse) inconnu"
    assert zlib.decompress(kept.reponse) == b'{"statut":"rejete","motif":"(INS) de (adresse) inconnu"}'
    with database.transaction() as connection:
        ledger.forget_bodies(connection, NOW + timedelta(days=1))
        later = connection.execute(select(receipts)).one()
    assert (later.reponse, later.empreinte) == (b"", digest(said))


def test_giving_up_is_a_state_that_can_be_taken_back(database: Database, by: Signer) -> None:
    """Nothing is deleted: what was given up stays listed and can be sent again."""
    queued(database, edition(), [ARS], by)
    with database.transaction() as connection:
        abandon(connection, 1, "établissement fermé", NOW)
        assert ledger.listed(connection, ["abandonne"])[0].motif == "abandonnée : établissement fermé"
    assert _send(database, Receiver(), by) == {}
    with database.transaction() as connection:
        retry(connection, [1], by, NOW)
    assert _send(database, Receiver(), by) == {Verdict.ACCEPTED: 1}
    for act in (lambda c: abandon(c, 1, "x", NOW), lambda c: retry(c, [1], by, NOW)):
        with database.transaction() as connection, pytest.raises(UsageError):
            act(connection)


def test_a_destination_in_trouble_is_left_alone_then_comes_back_oldest_first(database: Database, by: Signer) -> None:
    """Five failures in a row open the circuit; one try at a time after that; the first success frees everything."""
    slow = destination("ars", attente_min=60, attente_max=3600)
    for month in range(1, 10):
        queued(database, edition(month=month), [slow], by)
    receiver = Receiver(*[NoAnswer("destinataire injoignable", sent=False)] * (FAILURES + 1))
    clock = Clock()
    assert _send(database, receiver, by, clock, slow) == {Verdict.WAITS: FAILURES}
    assert _send(database, receiver, by, clock, slow) == {}
    clock.now += timedelta(hours=1)
    assert _send(database, receiver, by, clock, slow) == {Verdict.WAITS: 1}
    clock.now += timedelta(hours=2)
    assert _send(database, receiver, by, clock, slow) == {Verdict.ACCEPTED: 9}
    assert [sent.body for sent in receiver.got[-9:]] == sorted(sent.body for sent in receiver.got[-9:])
    with database.transaction() as connection:
        assert connection.execute(select(circuits.c.echecs, circuits.c.ouvert_jusqua)).one() == (0, "")


def test_retry_after_is_obeyed(database: Database, by: Signer) -> None:
    """429 with Retry-After: not before that."""
    queued(database, edition(), [ARS], by)
    receiver, clock = Receiver(Answer(429, {"retry-after": "600"})), Clock()
    _send(database, receiver, by, clock)
    clock.now += timedelta(seconds=599)
    assert _send(database, receiver, by, clock) == {}
    clock.now += timedelta(seconds=1)
    assert _send(database, receiver, by, clock) == {Verdict.ACCEPTED: 1}


def test_waits_double_up_to_a_limit_and_are_spread() -> None:
    """Half of a wait is certain, half is drawn."""
    assert [backoff(n, 60, 3600, 1.0) for n in (1, 2, 3, 7, 500)] == [60, 120, 240, 3600, 3600]
    assert backoff(3, 60, 3600, 0.0) == 120


def test_a_clock_that_jumped_does_not_freeze_a_submission() -> None:
    """An instant further away than any wait was written by a wrong clock: it is due."""
    assert due(stamp(NOW + timedelta(days=400)), NOW)
    assert not due(stamp(NOW + timedelta(hours=1)), NOW)
    assert due(stamp(NOW), NOW)


def test_what_a_revoked_key_signed_is_signed_again(tmp_path: Path, database: Database, by: Signer) -> None:
    """The body and its key stay, the signature is that of the new key."""
    queued(database, edition(), [ARS], by)
    revoke(tmp_path, by.kid, "volée", NOW)
    receiver = Receiver()
    new = signer(tmp_path)
    _send(database, receiver, new)
    assert receiver.got[0].signature == new.sign(receiver.got[0].body)


def test_a_number_that_does_not_exist_is_said(database: Database) -> None:
    """The message says where the numbers are."""
    with database.transaction() as connection, pytest.raises(UsageError) as refused:
        ledger.shown(connection, 12)
    assert str(refused.value) == "Aucune transmission 12 ; « dui-connector outbox list » les donne toutes."


def test_a_person_who_retries_is_not_made_to_wait(database: Database, by: Signer) -> None:
    """A destination left alone after failures is tried at once when somebody says that it is mended."""
    far = destination("ars", attente_min=600, attente_max=600)
    for month in range(1, FAILURES + 2):
        queued(database, edition(month=month), [far], by)
    _send(database, Receiver(*[NoAnswer("connexion refusée", sent=False)] * FAILURES), by, to=far)
    mended = Receiver()
    _send(database, mended, by, to=far)
    assert mended.got == []
    with database.transaction() as connection:
        retry(connection, [1], by, NOW)
    _send(database, mended, by, to=far)
    assert _states(database)[0] == "accepte"
