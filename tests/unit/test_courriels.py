"""Mailboxes as files: which mails are messages, which are receipts, what a return changes, what an archive tells."""

from __future__ import annotations

import io
import os
import zipfile
from base64 import encodebytes
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.adapters.base import HEAD_SIZE, Batch, Notice, Problem, SourceFile
from connector.adapters.mssante.courriel_headers import addresses, instant
from connector.adapters.mssante.courriels import MailAdapter
from connector.adapters.registry import load
from connector.config import Limits, SourceSettings
from connector.demo import courriels, pivot
from connector.demo.organisation import Organisation
from connector.errors import SettingsError
from tests.lib.run import files_of, measure, source
from tests.unit.test_xds_lib import FINESS, INS, entry, lot, request

BOX, OTHER = "accueil@foyer.mssante.fr", "medecin@cabinet.mssante.fr"
AGAIN = "réexportez ce courriel."


class Read:
    """What one pass over some files gave."""

    def __init__(self, folder: Path, **options: object) -> None:
        self.rows: list[dict[str, str]] = []
        self.problems: list[str] = []
        self.senders: list[str | None] = []
        self.notices: dict[str, int] = {}
        for item in MailAdapter(files_of(folder), SourceSettings.model_validate(options)).read({"messages_mssante"}):
            match item:
                case Batch():
                    self.rows += item.rows.to_pylist()
                case Problem():
                    self.problems.append(item.text())
                    self.senders.append(item.sender)
                case Notice():
                    self.notices[f"{item.code} {item.detail}".strip()] = item.count

    def column(self, name: str) -> list[str]:
        return [row[name] for row in self.rows]


def mail(identifier: str = "<1@x>", body: str = "\nBonjour\n", **fields: str) -> bytes:
    """A mail; a field given as an empty text is left out."""
    head = {"Message-ID": identifier, "Date": "Mon, 31 Mar 2025 23:59:59 +0200", "From": f"Foyer <{BOX}>", "To": OTHER}
    head |= {name.replace("_", "-"): value for name, value in fields.items()}
    return ("".join(f"{name}: {value}\r\n" for name, value in head.items() if value) + body).encode()


def put(folder: Path, *mails: bytes) -> Path:
    for rank, data in enumerate(mails):
        (folder / f"{rank}.eml").write_bytes(data)
    return folder


def dsn(original: str, *groups: tuple[str, str], identifier: str = "<r@x>") -> bytes:
    """A return: (recipient, action) each."""
    told = "".join(f"Final-Recipient: rfc822; {who}\r\nAction: {action}\r\n\r\n" for who, action in groups)
    body = (
        "\r\n--B\r\n\r\nVotre message n'est pas arrivé.\r\n--B\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; mx\r\n\r\n{told}--B\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: {original}\r\n"
        "Subject: a\r\n\r\nb\r\n--B--\r\n"
    )
    kind = 'multipart/report; report-type=delivery-status; boundary="B"'
    return mail(identifier, body, From="MAILER-DAEMON@mx.mssante.fr (Mail Delivery System)", Content_Type=kind)


def archived(data: bytes, name: str = "IHE_XDM.ZIP", **fields: str) -> bytes:
    """A mail with an attachment."""
    body = (
        "\r\n--B\r\nContent-Type: text/plain\r\n\r\nDocument joint.\r\n"
        f"--B\r\nContent-Type: application/zip; name={name}\r\nContent-Transfer-Encoding: base64\r\n"
        f'Content-Disposition: attachment; filename="{name}"\r\n\r\n{encodebytes(data).decode()}\r\n--B--\r\n'
    )
    return mail(body=body, Content_Type="multipart/mixed; boundary=B", **fields)


def metadata(*objects: str) -> bytes:
    """A METADATA.XML, from the objects of a request."""
    text = request(*objects)
    start, end = text.index("<lcm:SubmitObjectsRequest"), text.index("</lcm:SubmitObjectsRequest>")
    return f"{text[start:end]}</lcm:SubmitObjectsRequest>".encode()


def zipped(**members: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/") + ".XML", content)
    return data.getvalue()


def xdm(content: bytes = b"") -> bytes:
    return zipped(IHE_XDM__SUBSET01__METADATA=content or metadata(entry(), lot()))


def test_a_mail_is_a_message_sent_by_its_from(tmp_path: Path) -> None:
    """Id, instant with its offset, address of From; sent unless a return says otherwise."""
    assert Read(put(tmp_path, mail())).rows == [
        {
            "id_message": "<1@x>",
            "horodatage": "2025-03-31T23:59:59+0200",
            "expediteur": BOX,
            "statut": "envoye",
            "type": "message",
            "finess_et": "",
        }
    ]


@pytest.mark.parametrize(
    "fields",
    [
        {"Content_Type": 'multipart/report; report-type=disposition-notification; boundary="B"'},
        {"Content_Type": "Multipart/Report;\r\n boundary=B"},
        {"Auto_Submitted": "auto-replied (vacation)"},
        {"X_Autoreply": "yes"},
        {"Precedence": "auto_reply"},
        {"Subject": "[KO Intégration système !][902] XDM/1.0/DDM+CR"},
        {"Subject": "=?utf-8?q?=5BErreur_d=E2=80=99int=C3=A9gration_!=5D=5B902=5D?= XDM/1.0/DDM+CR"},
    ],
)
def test_a_receipt_or_an_automatic_answer_is_no_message(tmp_path: Path, fields: dict[str, str]) -> None:
    """Returns, receipts, absences and the error returns of systems are of type `accuse`."""
    assert Read(put(tmp_path, mail(**fields))).column("type") == ["accuse"]


def test_what_a_software_sends_by_itself_is_a_message(tmp_path: Path) -> None:
    """`auto-generated` is what a DUI may write on the documents that it sends: they count."""
    assert Read(put(tmp_path, mail(Auto_Submitted="auto-generated"))).column("type") == ["message"]


@pytest.mark.parametrize("name", ["courriel-standard-ko-902", "mdn-ko-902"])
def test_the_published_error_returns_are_receipts(tmp_path: Path, samples: Path, name: str) -> None:
    """Both forms of the 902 of ANS, one of which forgets the blank line before its parts, read without a fault."""
    put(tmp_path, (samples / "mss" / f"{name}.eml.txt").read_bytes())
    found = Read(tmp_path)
    assert found.problems == []
    assert found.column("type") == ["accuse"]
    assert found.column("horodatage") == ["2024-02-20T00:19:00-0400"]
    assert found.column("id_message")[0].startswith("<199509200019.12345")


@pytest.mark.parametrize(
    ("recipients", "groups", "expected"),
    [
        (OTHER, [(OTHER, "failed")], "echec"),
        (OTHER.upper(), [(OTHER, "Failed")], "echec"),
        (f"a@y, B <b@y>, {OTHER}", [("a@y", "failed"), ("b@y", "failed"), (OTHER, "failed")], "echec"),
        (f"a@y, {OTHER}", [(OTHER, "failed")], "envoye"),
        (f"a@y, {OTHER}", [(OTHER, "failed"), ("a@y", "delivered")], "envoye"),
        (OTHER, [(OTHER, "delayed")], "envoye"),
        (OTHER, [(OTHER, "relayed")], "envoye"),
    ],
)
def test_a_return_makes_a_failure_when_nobody_got_the_mail(
    tmp_path: Path, recipients: str, groups: list[tuple[str, str]], expected: str
) -> None:
    """The return names the recipients who failed: all those of the mail, or the mail was sent."""
    found = Read(put(tmp_path, dsn("<1@x>", *groups), mail(To=recipients)))
    assert dict(zip(found.column("id_message"), found.column("statut"), strict=True))["<1@x>"] == expected
    assert dict(zip(found.column("id_message"), found.column("type"), strict=True))["<r@x>"] == "accuse"


def test_several_returns_add_up(tmp_path: Path) -> None:
    """One return a recipient: the last one makes the failure."""
    first, second = (dsn("<1@x>", (who, "failed"), identifier=f"<{who}>") for who in ("a@y", "b@y"))
    assert "echec" not in Read(put(tmp_path, mail(To="a@y", Cc="b@y"), first)).column("statut")
    assert Read(put(tmp_path, mail(To="a@y", Cc="b@y"), first, second)).column("statut").count("echec") == 1


def test_a_return_speaks_of_another_folder_too(tmp_path: Path) -> None:
    """The return is in the inbox, the mail among those sent: the whole tree is one mailbox."""
    for name, data in (("cur/1:2,S", dsn("<1@x>", (OTHER, "failed"))), (".Sent/cur/2:2,S", mail())):
        path = tmp_path / "Maildir" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    assert sorted(Read(tmp_path).column("statut")) == ["echec", "envoye"]


def test_the_mails_of_an_mbox_are_told_apart(tmp_path: Path) -> None:
    """A line « From » inside a text, or without a blank line before it, starts no mail."""
    body = "\nJe cite :\n\n>From a@b Mon Mar 31 23:59:59 2025\nFrom a@b Mon Mar 31 23:59:59 2025\n\nFrom nous.\n"
    box = b"".join(b"From a@b Mon Mar 31 23:59:59 2025\n" + mail(f"<{n}@x>", body) + b"\n" for n in range(3))
    (tmp_path / "Sent").write_bytes(box)
    assert Read(tmp_path).column("id_message") == ["<0@x>", "<1@x>", "<2@x>"]


def test_a_draft_is_no_message(tmp_path: Path) -> None:
    """By the flag of a Maildir or the field of an `.eml`: counted apart."""
    cur = tmp_path / "cur"
    cur.mkdir()
    (cur / "1.demo:2,DS").write_bytes(mail())
    (cur / "2.demo:2,S").write_bytes(mail("<2@x>"))
    put(tmp_path, mail("<3@x>", X_Unsent="1"))
    found = Read(tmp_path)
    assert (found.column("id_message"), found.notices) == (["<2@x>"], {"brouillons": 2})


def test_the_mail_of_a_patient_leaves_no_address(tmp_path: Path) -> None:
    """A sender or a recipient `<INS>@patient.mssante.fr` is in no row, no message, no count but its own."""
    patient = f"{INS}@patient.mssante.fr"
    found = Read(put(tmp_path, mail(From=f"Jeanne <{patient.upper()}>"), mail("<2@x>", To=patient)))
    assert found.column("id_message") == ["<2@x>"]
    assert found.notices == {"courriels_de_patients": 1}
    assert INS not in repr(found.rows) + repr(found.notices)


def test_a_mail_without_an_id_has_that_of_its_header(tmp_path: Path) -> None:
    """Two copies are one message, whatever their bodies; another mail is another one."""
    mails = [mail(""), mail("", "\r\nAutre copie\r\n"), mail("", Subject="Autre")]
    found = Read(put(tmp_path, *mails))
    first, second, third = found.column("id_message")
    assert first == second != third
    assert first.startswith("sans-message-id-")
    assert found.notices == {"courriels_sans_identifiant": 3}


@pytest.mark.parametrize("name", ["From", "Date"])
def test_a_mail_without_sender_or_date_is_told(tmp_path: Path, name: str) -> None:
    """It bars its own mailbox when it has one; the others go on."""
    found = Read(put(tmp_path, mail(**{name: ""}), mail("<2@x>")))
    expected = f"0.eml, champ « {name} » : attendu cet en-tête, trouvé un courriel sans lui ; {AGAIN}"
    assert (found.problems, found.column("id_message")) == ([expected], ["<2@x>"])
    assert found.senders == [BOX if name == "Date" else None]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mon, 31 Mar 2025 23:59:59 +0200", "2025-03-31T23:59:59+0200"),
        ("31 Mar 2025 23:59 GMT", "2025-03-31T23:59:00Z"),
        ("Wed, 20 Feb 2024 00:19:00 (EDT) -0400", "2024-02-20T00:19:00-0400"),
        ("Mon, 31 Mar 2025 23:59:59 -0000", "2025-03-31T23:59:59Z"),
        ("Mon, 31 Mar 2025 23:59:59 EST", "2025-03-31T23:59:59-0500"),
        ("Mon, 31 Mar 2025 23:59:59", "2025-03-31T23:59:59"),
        ("Mon, 1 Apr 02 3:04:05 +0200 (CEST)", "2002-04-01T03:04:05+0200"),
        ("hier", "hier"),
        ("31 Foo 2025 10:00", "31 Foo 2025 10:00"),
    ],
)
def test_a_date_is_read_in_each_of_its_forms(text: str, expected: str) -> None:
    """With a comment, a zone name, two digits of year, or no zone; any other text is left for the core to refuse."""
    assert instant(text) == expected


def test_addresses_are_found_whatever_stands_around() -> None:
    """Display names with commas, at signs and comments are no addresses."""
    text = '"Dupont, Jean @ foyer" <a@y.fr>, b@y.fr (bureau, c@z.fr), <d@y.fr>'
    assert list(addresses(text)) == ["a@y.fr", "b@y.fr", "d@y.fr"]


def test_an_archive_names_the_structure_that_sends(tmp_path: Path) -> None:
    """The only FINESS of METADATA.XML is the ET of the mail; the settings may leave it to the mailbox."""
    put(tmp_path, archived(xdm()), archived(xdm(), "ihe_xdm.zip"), archived(xdm(), "autre.zip"))
    assert Read(tmp_path).column("finess_et") == [FINESS, FINESS, ""]
    assert Read(tmp_path, structure_xdm=False).column("finess_et") == ["", "", ""]


def test_an_archive_about_several_persons_is_told(tmp_path: Path) -> None:
    """A mail concerns one person: a finding, and not a word of them."""
    other = entry("1.2.250.1.999.2", "Document02", "U43^^^&1.2.250.1.999.3&ISO^PI")
    lots = lot(patient="")
    found = Read(put(tmp_path, archived(xdm(metadata(entry(), other, lots)))))
    assert found.notices == {"archives_xdm_plusieurs_personnes": 1}
    assert INS not in repr(found.rows)


STORED = io.BytesIO()
with zipfile.ZipFile(STORED, "w") as _archive:
    _archive.writestr("METADATA.XML", bytes(range(256)) * 200)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"Ici apparait le fichier", "illisible"),
        (b"", "illisible"),
        (xdm()[:200], "illisible"),
        (zipped(AUTRE=b"<a/>"), "illisible"),
        (xdm(b"<a>"), "illisible"),
        (STORED.getvalue(), "trop grande"),
    ],
)
def test_an_archive_that_cannot_be_read_leaves_the_mailbox_to_decide(tmp_path: Path, data: bytes, reason: str) -> None:
    """Cut, empty, without metadata, too large: the mail was sent all the same, and a finding says why."""
    found = Read(put(tmp_path, archived(data)), limites=Limits(ligne_max=20_000))
    assert found.column("statut") == ["envoye"]
    assert found.notices == {f"archives_xdm_non_lues {reason}": 1}
    assert found.problems == []


SUSPECT = "ne l'ouvrez pas : prévenez l'expéditeur."
OUTSIDE = "attendu des noms de fichiers à l'intérieur de l'archive, trouvé un nom qui en sort"


def _named(name: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(name, metadata(entry(), lot()))
    return data.getvalue()


HOSTILE = {
    "un nom qui remonte": (_named("../METADATA.XML"), OUTSIDE),
    "un nom absolu": (_named("/etc/METADATA.XML"), OUTSIDE),
    "un nom de Windows": (_named("a\\..\\..\\METADATA.XML"), OUTSIDE),
    "un lecteur": (_named("C:METADATA.XML"), OUTSIDE),
    "une bombe": (
        zipped(METADATA=b"<a>" + b" " * 30_000_000),
        "attendu une archive compressée au plus 200 fois, trouvé une archive qui gonfle davantage",
    ),
    "un DOCTYPE": (
        xdm(b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
        "attendu un document XML sans DOCTYPE, trouvé un DOCTYPE",
    ),
    "un document profond": (
        xdm(b"<a>" * 5000 + b"</a>" * 5000),
        "attendu au plus 200 niveaux imbriqués, trouvé un document plus profond",
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_archive_is_refused_by_name(tmp_path: Path, case: str) -> None:
    """It bars its sender's mailbox, the others go on; nothing of it is opened or written."""
    data, sentence = HOSTILE[case]
    found = Read(put(tmp_path, archived(data), mail("<2@x>")))
    assert found.problems == [f"0.eml, archive IHE_XDM.ZIP : {sentence} ; {SUSPECT}"]
    assert found.senders == [BOX]
    assert found.column("id_message") == ["<2@x>"]


def test_the_archive_of_a_receipt_is_not_opened(tmp_path: Path) -> None:
    """An error return carries the archive that it refuses."""
    found = Read(put(tmp_path, archived(_named("../METADATA.XML"), Subject="[KO Intégration système !][902] XDM")))
    assert (found.problems, found.column("type")) == ([], ["accuse"])


def test_a_header_without_end_is_told(tmp_path: Path) -> None:
    """Its size is bounded by a setting, whether it is one field or many."""
    put(tmp_path, mail(X_Long="a" * 50_000), mail(body="".join(f"X-{n}: a\r\n" for n in range(9000))))
    expected = "attendu des en-têtes d'au plus 20000 octets, trouvé des en-têtes plus longs ; "
    advice = "vérifiez ce courriel, ou relevez « ligne_max » dans [limites]."
    found = Read(tmp_path, limites=Limits(ligne_max=20_000))
    assert found.problems == [f"{rank}.eml : {expected}{advice}" for rank in (0, 1)]


def test_parts_nested_without_end_are_told(tmp_path: Path) -> None:
    """A thousand multiparts one inside the other."""
    nested = "".join(f"\r\n--B{n}\r\nContent-Type: multipart/mixed; boundary=B{n + 1}\r\n" for n in range(1000))
    put(tmp_path, mail(body=nested, Content_Type="multipart/mixed; boundary=B0"))
    advice = "retirez-le de la source."
    expected = f"0.eml : attendu au plus 200 niveaux imbriqués, trouvé un courriel plus profond ; {advice}"
    assert Read(tmp_path).problems == [expected]


def test_a_file_named_after_a_person_is_told_by_its_rank(tmp_path: Path) -> None:
    """Mail software names an `.eml` after its subject: the name is shown nowhere, and the file can be found."""
    folder = tmp_path / "envois"
    folder.mkdir()
    for name in ("20250331_1.eml", "XDM+CR DUPONT Sophie 12-10-1988.eml"):
        (folder / name).write_bytes(mail(Date=""))
    expected = f", champ « Date » : attendu cet en-tête, trouvé un courriel sans lui ; {AGAIN}"
    assert Read(tmp_path).problems == [
        f"envois/20250331_1.eml{expected}",
        f"envois/courriel n° 2 du dossier{expected}",
    ]
    (folder / "CR DUPONT.eml").write_bytes(mail(Date="hier"))
    (batch,) = [
        item
        for item in MailAdapter(files_of(tmp_path), SourceSettings()).read({"messages_mssante"})
        if isinstance(item, Batch)
    ]
    assert batch.locate([0]) == ["envois/courriel n° 2 du dossier"]


def test_files_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    """A folder, a named pipe, a file that is gone: a problem each, and no waiting."""
    (tmp_path / "dossier").mkdir()
    if hasattr(os, "mkfifo"):  # Windows has none: the file is then absent
        os.mkfifo(tmp_path / "tube")
    names = ("dossier", "tube", "absent")
    adapter = MailAdapter([SourceFile(tmp_path / name, name) for name in names], SourceSettings())
    problems = [item.text() for item in adapter.read({"messages_mssante"}) if isinstance(item, Problem)]
    expected = "attendu un fichier ordinaire, trouvé autre chose ; retirez-le de la source."
    assert problems == [f"{name} : {expected}" for name in names]


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("1.eml", mail(), True),
        ("Maildir/new/1.demo", mail(), True),
        ("Maildir/tmp/1.demo", mail(), False),
        ("Sent", b"From a@b Mon Mar 31 23:59:59 2025\n" + mail(), True),
        ("bom.eml", b"\xef\xbb\xbf" + mail(), True),
        ("1.eml", b"", False),
        ("1.eml", b"From: nous\nA: vous\n", False),
        ("notes.txt", b"Date: hier\nLieu: ici\n", False),
        ("dovecot-uidlist", b"3 V1 N2 G1\n1 :1.demo\n", False),
    ],
)
def test_a_mail_is_recognised_by_its_header(tmp_path: Path, name: str, data: bytes, expected: bool) -> None:
    """Whatever its name; what a Maildir has not delivered yet, and its own files, are left aside."""
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "Maildir" / "cur").mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    assert MailAdapter.sniff(path, data[:HEAD_SIZE]) is expected


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_no_content_ever_raises(tmp_path: Path, data: st.DataObject) -> None:
    """Bytes taken out, put in or doubled anywhere give rows, problems or notices, and never an error."""
    box = b"From a@b Mon Mar 31 23:59:59 2025\n" + mail() + b"\nFrom a@b Mon Mar 31 23:59:59 2025\n" + archived(xdm())
    content = bytearray(data.draw(st.sampled_from([archived(xdm()), dsn("<1@x>", (OTHER, "failed")), box])))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(start, min(len(content), start + 60)))
        pieces = st.sampled_from([b"--B", b"\r\n\r\n", b"--B--\r\n", b"Content-Type: multipart/mixed; boundary=B\r\n"])
        content[start:end] = data.draw(st.binary(max_size=10) | pieces)
    found = Read(put(tmp_path, bytes(content)))
    assert INS not in "".join(found.problems) + repr(found.notices)


@pytest.mark.parametrize("graine", [1, 2])
def test_the_demo_as_mailboxes_gives_the_figures_of_its_pivot_files(tmp_path: Path, graine: int) -> None:
    """To the integer, for every ET: Maildir, mbox and `.eml` in the place of `messages_mssante`."""
    demo = Organisation(graine)
    pivot.write(demo, tmp_path / "entier")
    pivot.write(demo, tmp_path / "pivot")
    (tmp_path / "pivot" / "messages_mssante.csv").unlink()
    courriels.write(demo, tmp_path / "boites")
    (whole,), _ = measure([source("pivot", tmp_path / "entier")])
    (mixed,), inventories = measure([source("pivot", tmp_path / "pivot"), source("courriels", tmp_path / "boites")])
    ratios = [
        {one.finess_et: (one.numerateur, one.denominateur) for one in result.resultats if one.indicateur == "mssante"}
        for result in (whole, mixed)
    ]
    assert ratios[0] == ratios[1]
    assert sum(numerator or 0 for numerator, _ in ratios[0].values()) > 100
    assert [inventory.problemes for inventory in inventories] == [[], []]


@pytest.mark.parametrize("name", ["courriels", "postfix", "imap"])
def test_a_finess_for_a_whole_mailbox_or_log_is_refused(name: str) -> None:
    """It would have no effect: the message says where the mailboxes of an ET are declared."""
    wanted = {"serveur": "x", "utilisateur": "a", "mot_de_passe": "env:A"} if name == "imap" else {}
    described = SourceSettings.model_validate({"nom": "Boîte", "type": name, "finess_et": FINESS} | wanted)
    with pytest.raises(SettingsError) as refused:
        load(name)((), described)
    assert str(refused.value) == (
        f"[[source]] « Boîte », clé « finess_et » : attendu rien pour le type « {name} », trouvé un FINESS ; "
        "déclarez les boîtes de l'établissement dans [boites]."
    )
    load(name)(
        (), described.model_copy(update={"type": "", "finess_et": FINESS} if not wanted else {"finess_et": None})
    )
