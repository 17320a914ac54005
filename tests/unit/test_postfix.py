"""Postfix logs: one message per queue file, its outcome, its instant, its year; rotation and resumption."""

from __future__ import annotations

import gzip
import os
from datetime import datetime, timezone
from pathlib import Path

import pytest

from connector.adapters.base import HEAD_SIZE, Batch, Notice, Position, Problem, SourceFile
from connector.adapters.mssante.postfix import PostfixAdapter
from connector.config import SourceSettings
from connector.demo import pivot, postfix
from connector.demo.organisation import Organisation
from connector.model.result import Result
from tests.lib.run import measure, source

BOX = "accueil@foyer.mssante.fr"
Q = "4F3A21C0D8"


class Read:
    """What one pass over some logs gave."""

    def __init__(self, folder: Path, positions: dict[str, str] | None = None, **options: object) -> None:
        files = [SourceFile(path, path.name) for path in sorted(folder.iterdir())]
        self.rows: list[dict[str, str]] = []
        self.problems: list[str] = []
        self.notices: dict[str, int] = {}
        self.positions = dict(positions or {})
        settings = SourceSettings.model_validate(options | {"positions": self.positions})
        for item in list(PostfixAdapter(files, settings).read({"messages_mssante"})):
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


def log(*lines: str, day: str = "2025-03-03", program: str = "postfix") -> str:
    """Lines of one morning, a second apart, with ISO stamps."""
    return "".join(
        f"{day}T08:00:{rank:02}+01:00 relais {program}/{_daemon(line)}[12]: {line}\n" for rank, line in enumerate(lines)
    )


def _daemon(line: str) -> str:
    return "cleanup" if "message-id" in line else "smtp" if " to=" in line else "qmgr"


def came(queue: str = Q, identifier: str = "<1@x>", sender: str = BOX) -> list[str]:
    return [
        f"{queue}: message-id={identifier}",
        f"{queue}: from=<{sender}>, size=48, nrcpt=1 (queue active)",
    ]


def to(recipient: str, status: str, queue: str = Q) -> str:
    return f"{queue}: to=<{recipient}@y.mssante.fr>, relay=mx[192.0.2.1]:25, delay=1, dsn=2.0.0, status={status} (said)"


def removed(queue: str = Q) -> str:
    return f"{queue}: removed"


def read(folder: Path, *texts: str, **options: dict[str, str]) -> Read:
    for rank, text in enumerate(texts):
        (folder / f"mail-{rank}.log").write_text(text, encoding="utf-8")
    return Read(folder, **options)


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (["a sent"], "envoye"),
        (["a sent", "b bounced"], "envoye"),
        (["a bounced", "b sent", "c deferred"], "envoye"),
        (["a bounced"], "echec"),
        (["a bounced", "b expired"], "echec"),
        (["a deferred", "a deferred", "a bounced"], "echec"),
        (["a deferred", "a sent"], "envoye"),
        (["a bounced", "b deferred"], "inconnu"),
        (["a deferred"], "inconnu"),
        ([], "inconnu"),
    ],
)
def test_the_outcome_of_a_message_is_that_of_its_recipients(tmp_path: Path, statuses: list[str], expected: str) -> None:
    """Sent to one is sent; only bounced or expired is a failure; anything else is unknown; always one message."""
    found = read(tmp_path, log(*came(), *(to(*one.split()) for one in statuses)))
    assert found.column("statut") == [expected]
    assert found.column("id_message") == ["<1@x>"]
    assert found.column("expediteur") == [BOX]


def test_an_expired_message_fails_for_every_recipient_still_waited_for(tmp_path: Path) -> None:
    """`from=…, status=expired, returned to sender` settles all the deferred recipients at once."""
    gone = f"{Q}: from=<{BOX}>, status=expired, returned to sender"
    assert read(tmp_path, log(*came(), to("a", "deferred"), to("b", "deferred"), gone)).column("statut") == ["echec"]


def test_the_instant_is_the_first_success_else_the_last_status(tmp_path: Path) -> None:
    """Deferred at 8:00:02 and 03, sent at 04 and 05: 04. Deferred only: the last time."""
    sent = log(*came(), to("a", "deferred"), to("b", "deferred"), to("a", "sent"), to("b", "sent"))
    waiting = log(*came("AAAAA1", "<2@x>"), to("a", "deferred", "AAAAA1"), to("a", "deferred", "AAAAA1"))
    found = read(tmp_path, sent, waiting)
    assert found.column("horodatage") == ["2025-03-03T08:00:04+01:00", "2025-03-03T08:00:03+01:00"]


def test_a_queue_id_used_again_is_another_message(tmp_path: Path) -> None:
    """After a removal, seen or not, the same queue id is a new message, with its message-id or without one."""
    seen = log(*came(), to("a", "sent"), removed(), *came(identifier="<2@x>"), to("a", "bounced"))
    unseen = log(*came("BBBBB2", "<3@x>"), to("a", "sent", "BBBBB2"), *came("BBBBB2", "<4@x>"))
    nameless = log(*came("CCCCC3", "<>"), to("a", "sent", "CCCCC3"), removed("CCCCC3"))
    again = nameless.replace("08:00", "09:00")
    found = read(tmp_path, seen + unseen + nameless + again)
    assert sorted(zip(found.column("id_message"), found.column("statut"), strict=True)) == [
        ("<1@x>", "envoye"),
        ("<2@x>", "echec"),
        ("<3@x>", "envoye"),
        ("<4@x>", "inconnu"),
        ("CCCCC3", "envoye"),
        ("CCCCC3@2025-03-03T09:00:02+01:00", "envoye"),
    ]


def test_two_instances_or_machines_share_no_queue(tmp_path: Path) -> None:
    """The same queue id in another instance of Postfix, or on another machine, is another message."""
    one = log(*came(), to("a", "sent"))
    other = log(*came(identifier="<2@x>"), to("a", "bounced"), program="postfix-sortie")
    away = log(*came(identifier="<3@x>"), to("a", "deferred")).replace(" relais ", " secours ")
    mixed = zip(one.splitlines(), other.splitlines(), away.splitlines(), strict=True)
    found = read(tmp_path, "".join(f"{line}\n" for lines in mixed for line in lines))
    assert sorted(zip(found.column("id_message"), found.column("statut"), strict=True)) == [
        ("<1@x>", "envoye"),
        ("<2@x>", "echec"),
        ("<3@x>", "inconnu"),
    ]


def test_a_content_filter_makes_two_rows_of_one_id(tmp_path: Path) -> None:
    """A message that comes back from a filter keeps its message-id: distinct ids are counted, so it counts once."""
    found = read(tmp_path, log(*came(), to("a", "sent"), removed(), *came("DDDDD4"), to("a", "sent", "DDDDD4")))
    assert found.column("id_message") == ["<1@x>", "<1@x>"]


def test_a_relay_of_the_same_log_is_no_delivery(tmp_path: Path) -> None:
    """What is handed to a content filter that the settings name is not sent yet: its second pass decides."""
    (tmp_path / "mail.log").write_text(
        log(*came(), to("a", "sent").replace("mx[192.0.2.1]:25", "127.0.0.1[127.0.0.1]:10024"), removed())
        + log(*came("DDDDD4"), to("a", "bounced", "DDDDD4"), removed("DDDDD4"))
        + log(*came("EEEEE5", "<2@x>"), to("a", "sent", "EEEEE5").replace("mx[192.0.2.1]:25", "filtre"))
    )
    assert Read(tmp_path).column("statut") == ["envoye", "echec", "envoye"]
    found = Read(tmp_path, relais_internes=["127.0.0.1", "filtre"])
    assert found.column("statut") == ["inconnu", "echec", "inconnu"]
    assert Read(tmp_path, relais_internes=["autre", "27.0.0.1"]).column("statut") == ["envoye", "echec", "envoye"]


def test_only_the_senders_of_mssante_are_kept(tmp_path: Path) -> None:
    """Another domain, a return without sender, a patient: no row, a count, and no address of a patient anywhere."""
    patient = "186027512345678@patient.mssante.fr"
    senders = ["a@b.example", "", patient, patient.upper(), "x@fauxmssante.fr", "x@Foyer.MSSante.FR"]
    lines = [line for rank, sender in enumerate(senders) for line in came(f"EEEE{rank}", f"<{rank}@x>", sender)]
    found = read(tmp_path, log(*lines, to(patient[:15], "sent", "EEEE5").replace("@y.", "@patient.")))
    assert found.column("expediteur") == ["x@Foyer.MSSante.FR"]
    assert found.notices == {"courriels_hors_mssante": 3, "courriels_de_patients": 2}
    assert "186027512345678" not in repr(found.rows) + repr(found.positions)


def test_a_message_whose_beginning_is_elsewhere_is_told(tmp_path: Path) -> None:
    """A status without a sender cannot be attributed: a finding with a count, never a silent drop."""
    found = read(tmp_path, log(to("a", "sent"), removed(), f"{Q}: message-id=<9@x>"))
    assert found.rows == []
    assert found.notices == {"journal_incomplet": 1}


def traditional(*stamps: str) -> str:
    """One message sent at each of these instants."""
    return "".join(
        f"{stamp} relais postfix/qmgr[1]: F{rank:05}: from=<{BOX}>, size=4, nrcpt=1 (queue active)\n"
        f"{stamp} relais postfix/smtp[1]: F{rank:05}: to=<a@y.mssante.fr>, relay=x, delay=1, status=sent (ok)\n"
        for rank, stamp in enumerate(stamps)
    )


def dated(path: Path, text: str, year: int, month: int, day: int) -> None:
    path.write_text(text, encoding="utf-8")
    seconds = datetime(year, month, day, 12, tzinfo=timezone.utc).timestamp()
    os.utime(path, (seconds, seconds))


@pytest.mark.parametrize("name", ["mail.log", "mail.log-20250107", "mail.log.2.gz"])
def test_a_stamp_without_a_year_takes_it_from_the_date_of_the_file(tmp_path: Path, name: str) -> None:
    """Over a new year December is of the year before; the date is in the name, the archive, or the file's own."""
    text = traditional("Dec 30 23:59:59", "Dec 31 23:59:59", "Jan  1 00:00:00", "Jan  7 08:00:00")
    if name.endswith(".gz"):
        day = datetime(2025, 1, 7, tzinfo=timezone.utc).timestamp()
        (tmp_path / name).write_bytes(gzip.compress(text.encode(), mtime=int(day)))
    elif name == "mail.log":
        dated(tmp_path / name, text, 2025, 1, 7)
    else:
        (tmp_path / name).write_text(text, encoding="utf-8")
    found = Read(tmp_path)
    assert found.column("horodatage") == [
        "2024-12-30T23:59:59",
        "2024-12-31T23:59:59",
        "2025-01-01T00:00:00",
        "2025-01-07T08:00:00",
    ]
    assert found.problems == []


def test_the_29th_of_february_is_that_of_a_leap_year(tmp_path: Path) -> None:
    """In a file of 2026, it is that of 2024."""
    dated(tmp_path / "mail.log", traditional("Feb 29 08:00:00"), 2026, 1, 7)
    assert Read(tmp_path).column("horodatage") == ["2024-02-29T08:00:00"]


def test_a_log_without_years_that_is_longer_than_a_year_is_refused(tmp_path: Path) -> None:
    """Two months of May cannot be told apart: no year is guessed."""
    dated(tmp_path / "mail.log", traditional("Jan  5 08:00:00", "May  5 08:00:00", "Jan  6 08:00:00"), 2025, 1, 7)
    assert Read(tmp_path).problems == [
        "mail.log : attendu un journal d'un an au plus, dont les dates n'ont pas d'année, "
        "trouvé un journal plus long ; écrivez ses dates au format ISO, ou coupez-le par année."
    ]


def test_rotated_files_are_one_log_in_the_order_of_time(tmp_path: Path) -> None:
    """A message may start in an archive and end in the current file, whatever the names sort like."""
    old = gzip.compress(log(*came(), to("a", "deferred"), day="2025-03-01").encode())
    (tmp_path / "mail.log.2.gz").write_bytes(old)
    (tmp_path / "mail.log.1").write_text(log(to("a", "deferred"), day="2025-03-02"))
    (tmp_path / "mail.log").write_text(log(to("a", "sent"), removed(), day="2025-03-03"))
    found = Read(tmp_path)
    assert found.column("statut") == ["envoye"]
    assert found.column("horodatage") == ["2025-03-03T08:00:00+01:00"]


def test_a_second_reading_gives_only_what_is_new(tmp_path: Path) -> None:
    """Rotation renames and compresses files: a log is known by its first line, and goes on where it was left."""
    first = log(*came(), to("a", "sent"), removed(), *came("AAAAA1", "<2@x>"), to("a", "deferred", "AAAAA1"))
    (tmp_path / "mail.log").write_text(first)
    begun = Read(tmp_path)
    assert begun.column("statut") == ["envoye", "inconnu"]
    assert Read(tmp_path, begun.positions).column("id_message") == ["<2@x>"]  # still in the queue, still unknown
    (tmp_path / "mail.log").unlink()
    grown = first + log(to("a", "sent", "AAAAA1"), removed("AAAAA1"), day="2025-03-04")
    (tmp_path / "mail.log.1.gz").write_bytes(gzip.compress(grown.encode()))
    (tmp_path / "mail.log").write_text(log(*came("AAAAA2", "<3@x>"), to("a", "bounced", "AAAAA2"), day="2025-03-05"))
    after = Read(tmp_path, begun.positions)
    assert list(zip(after.column("id_message"), after.column("statut"), strict=True)) == [
        ("<2@x>", "envoye"),
        ("<3@x>", "echec"),
    ]
    assert after.notices == {}
    again = Read(tmp_path, after.positions)
    assert (again.column("id_message"), again.positions) == (["<3@x>"], after.positions)


def test_a_message_told_before_is_not_told_again_while_another_waits(tmp_path: Path) -> None:
    """Reading resumes at the first line of what waits: what ended after it, and began before it, is over."""
    ours, theirs = came(), came("AAAAA1", "<2@x>")
    other = came("BBBBB2", "<3@x>", "a@b.example")
    text = log(*ours, *other, *theirs, to("a", "sent"), removed(), removed("BBBBB2"), to("a", "deferred", "AAAAA1"))
    (tmp_path / "mail.log").write_text(text)
    begun = Read(tmp_path)
    assert (sorted(begun.column("id_message")), begun.notices) == (["<1@x>", "<2@x>"], {"courriels_hors_mssante": 1})
    with (tmp_path / "mail.log").open("a") as stream:
        stream.write(log(to("a", "bounced", "AAAAA1"), removed("AAAAA1"), day="2025-03-04"))
    after = Read(tmp_path, begun.positions)
    assert list(zip(after.column("id_message"), after.column("statut"), strict=True)) == [("<2@x>", "echec")]
    assert after.notices == {}


def test_a_log_that_starts_again_is_read_from_its_start(tmp_path: Path) -> None:
    """`copytruncate` empties a file that keeps its name: its first line is another one."""
    (tmp_path / "mail.log").write_text(log(*came(), to("a", "sent"), removed()))
    begun = Read(tmp_path)
    (tmp_path / "mail.log").write_text(log(*came(identifier="<2@x>"), to("a", "sent"), removed(), day="2025-03-04"))
    assert Read(tmp_path, begun.positions).column("id_message") == ["<2@x>"]


def test_a_last_line_still_being_written_waits(tmp_path: Path) -> None:
    """Cut in the middle it is no fault; whole but without its end it counts, and is read again next time."""
    whole = log(*came(), to("a", "sent"))
    (tmp_path / "mail.log").write_text(whole + log(removed())[:40])
    found = Read(tmp_path)
    assert (found.column("statut"), found.problems) == (["envoye"], [])
    (tmp_path / "mail.log").write_text(whole[:-1])
    assert Read(tmp_path).column("statut") == ["envoye"]


def test_lines_of_other_programs_and_of_postfix_itself_are_skipped(tmp_path: Path) -> None:
    """Refusals, connections, warnings, other daemons: none of them is a message."""
    noise = log(
        "NOQUEUE: reject: RCPT from x[192.0.2.9]: 554 5.7.1 no; from=<a@foyer.mssante.fr> to=<b@y.mssante.fr>",
        "connect from dui.local[10.0.0.5]",
        f"{Q}: client=dui.local[10.0.0.5], sasl_method=PLAIN, sasl_username=dui",
        "warning: hostname dui.local does not resolve",
        f"{Q}: sender non-delivery notification: AAAAA9",
    )
    found = read(tmp_path, noise + "2025-03-03T08:00:00+01:00 relais dovecot: imap(x): Logged out\n\n")
    assert (found.rows, found.problems, found.notices) == ([], [], {})


@pytest.mark.parametrize("name", ["mail.log", "maillog-20250301.gz", "syslog.3.gz"])
def test_a_log_is_recognised_by_its_lines(tmp_path: Path, name: str) -> None:
    """Whatever its name; in an archive too; among the lines of other programs; and another log is not."""
    ours = "Mar  1 08:00:00 relais cron[1]: (root) CMD\n" * 20 + traditional("Mar  1 08:00:00")
    for text, expected in ((ours, True), ("Mar  1 08:00:00 relais cron[1]: (root) CMD\n" * 20, False)):
        data = gzip.compress(text.encode()) if name.endswith(".gz") else text.encode()
        (tmp_path / name).write_bytes(data)
        assert PostfixAdapter.sniff(tmp_path / name, data[:HEAD_SIZE]) is expected


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("+01:00 relais postfix", "+01:00 relais postfix"),
        ("2025-03-03", "<22>2025-03-03"),
        ("+01:00 relais postfix", "+0100 INFO    postfix"),
        ("+01:00 relais postfix", ".123456+01:00 relais postfix-sortie"),
    ],
)
def test_the_usual_forms_of_a_line_are_read(tmp_path: Path, old: str, new: str) -> None:
    """A priority before it, a level in the place of the machine, fractions of a second, the name of an instance."""
    found = read(tmp_path, log(*came(), to("a", "sent"), removed()).replace(old, new))
    assert (found.column("statut"), found.problems) == (["envoye"], [])


def test_lines_of_rfc_5424_are_read(tmp_path: Path) -> None:
    """`<22>1 2025-03-03T… relais postfix/qmgr 12 - - 4F3A21C0D8: …`."""
    lines = log(*came(), to("a", "sent"), removed()).splitlines()
    text = "".join(f"<22>1 {line.replace('[12]:', ' 12 - -', 1)}\n" for line in lines)
    found = read(tmp_path, text)
    assert (found.column("statut"), found.column("expediteur"), found.problems) == (["envoye"], [BOX], [])
    assert PostfixAdapter.sniff(tmp_path / "mail-0.log", text.encode())


def test_memory_does_not_grow_with_the_log(tmp_path: Path) -> None:
    """What was removed is forgotten: after ten thousand messages, none is kept."""
    import tracemalloc

    with (tmp_path / "mail.log").open("w") as stream:
        for rank in range(10_000):
            queue = f"{rank:08X}"
            stream.write(log(*came(queue, f"<{rank}@x>"), to("a", "sent", queue), removed(queue)))
    adapter = PostfixAdapter([SourceFile(tmp_path / "mail.log", "mail.log")], SourceSettings())
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    rows = sum(item.rows.num_rows for item in adapter.read({"messages_mssante"}) if isinstance(item, Batch))
    kept = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert rows == 10_000
    assert kept < 2_000_000


def _mssante(results: tuple[Result, ...]) -> dict[str, tuple[int | None, int | None]]:
    return {one.finess_et: (one.numerateur, one.denominateur) for one in results if one.indicateur == "mssante"}


def test_the_demo_as_a_log_gives_the_figures_of_its_pivot_files(tmp_path: Path) -> None:
    """To the integer, for every ET: the log in the place of `messages_mssante`, the rest from pivot files."""
    demo = Organisation(1)
    pivot.write(demo, tmp_path / "entier")
    pivot.write(demo, tmp_path / "pivot")
    (tmp_path / "pivot" / "messages_mssante.csv").unlink()
    postfix.write(demo, tmp_path / "journal")
    assert len(list((tmp_path / "journal").iterdir())) == 3
    (whole,), _ = measure([source("pivot", tmp_path / "entier")])
    (mixed,), inventories = measure([source("pivot", tmp_path / "pivot"), source("postfix", tmp_path / "journal")])
    expected = _mssante(whole.resultats)
    assert _mssante(mixed.resultats) == expected
    assert sum(numerator or 0 for numerator, _ in expected.values()) > 100
    assert [inventory.problemes for inventory in inventories] == [[], []]


def test_an_archive_compressed_late_is_dated_by_its_file(tmp_path: Path) -> None:
    """Of the dates of a file and of its archive, the earlier one is nearer to the last line."""
    path, late = tmp_path / "mail.log.1.gz", datetime(2026, 11, 26, tzinfo=timezone.utc)
    dated(path, "", 2025, 4, 1)
    seconds = path.stat().st_mtime
    path.write_bytes(gzip.compress(traditional("Mar  3 08:00:00").encode(), mtime=int(late.timestamp())))
    os.utime(path, (seconds, seconds))
    assert Read(tmp_path).column("horodatage") == ["2025-03-03T08:00:00"]


def test_a_queue_id_may_be_short(tmp_path: Path) -> None:
    """Whatever the length of a queue id, its message is a row: none is lost in silence."""
    (tmp_path / "mail.log").write_text(log(*came("A1"), to("a", "sent", "A1"), removed("A1")), encoding="utf-8")
    assert Read(tmp_path).column("statut") == ["envoye"]
