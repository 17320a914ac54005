"""Exchange files of the bench, in the forms that the demo writes: FHIR, HL7 v2, XDS, Postfix.

Each builder fills `donnees/` and says in `compte.json` how many things it wrote, and their bytes.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from itertools import count, islice
from pathlib import Path
from random import Random
from typing import NamedTuple

import orjson

from connector.demo import xds
from connector.demo.hl7v2 import sendings
from connector.demo.hl7v2_segments import document
from connector.demo.organisation import EtData, Organisation
from connector.demo.tddui_resources import Resource, resources
from tests.bench.published import EXAMPLES, completer
from tests.bench.store import Store

_GRAINE, _MANY = 7, 90_000
_IN_QUEUE = 200  # messages of a relay that are not gone yet
_FILES = 20  # among which HL7 v2 messages are shared out
_DEMO = ("connector/demo/*.py", "tests/bench/exchanges.py")
_FHIR = (*_DEMO, "tests/bench/published.py")
_BASE = "https://bench.example/fhir"


class Volume(NamedTuple):
    """How many resources, messages or pairs, and how many bytes they have."""

    nombre: int
    octets: int


def ndjson(store: Store) -> Path:
    """Resources, one file per type."""
    wanted = store.sizes.ressources
    return store.get("fhir-ndjson", lambda folder: _write_ndjson(folder, wanted), _FHIR, wanted, EXAMPLES.exists())


def bundle(store: Store) -> Path:
    """One transaction Bundle, on one line."""
    wanted = store.sizes.bundle
    return store.get("fhir-bundle", lambda folder: _write_bundle(folder, wanted), _FHIR, wanted, EXAMPLES.exists())


def hl7v2(store: Store, wanted: int, size: int) -> Path:
    """Messages of `size` bytes that carry a document."""
    name = f"hl7v2-{size}"
    return store.get(name, lambda folder: _write_hl7v2(folder, wanted, size), _DEMO, wanted, size)


def pairs(store: Store) -> Path:
    """Requests and their responses."""
    wanted = store.sizes.xds
    return store.get("xds", lambda folder: _write_pairs(folder, wanted), _DEMO, wanted)


def journal(store: Store) -> Path:
    """Lines of a Postfix relay, six for each message."""
    wanted = store.sizes.journal
    return store.get("journal", lambda folder: _write_journal(folder, wanted), _DEMO, wanted)


def mailbox(store: Store, wanted: int) -> Path:
    """An mbox of mails of 10 kB, one in fifty of them followed by its return."""
    return store.get(f"mbox-{wanted}", lambda folder: _write_mailbox(folder, wanted), _DEMO, wanted)


def data(folder: Path) -> Path:
    """Where the files of a data set are."""
    return folder / "donnees"


def volume(folder: Path) -> Volume:
    """What a data set holds."""
    return Volume(*json.loads((folder / "compte.json").read_text()))


def _close(folder: Path, number: int) -> None:
    size = sum(path.stat().st_size for path in data(folder).rglob("*") if path.is_file())
    (folder / "compte.json").write_text(json.dumps([number, size]))


def _ets() -> Iterator[EtData]:
    return Organisation(_GRAINE, etablissements=_MANY).iter_etablissements()


def _resources() -> Iterator[Resource]:
    complete = completer()
    return (complete(resource) for et in _ets() for resource in resources(et))


def _write_ndjson(folder: Path, wanted: int) -> None:
    data(folder).mkdir()
    with ExitStack() as stack:
        streams = {}
        for resource in islice(_resources(), wanted):
            kind = resource["resourceType"]
            if kind not in streams:
                streams[kind] = stack.enter_context((data(folder) / f"{kind}.ndjson").open("wb"))
            streams[kind].write(orjson.dumps(resource) + b"\n")
    _close(folder, wanted)


def _write_bundle(folder: Path, size: int) -> None:
    data(folder).mkdir()
    written = number = 0
    with (data(folder) / "transfert.json").open("wb") as stream:
        stream.write(b'{"resourceType":"Bundle","type":"transaction","entry":[')
        for number, resource in enumerate(_resources(), start=1):
            kind = resource["resourceType"]
            url = f"{_BASE}/{kind}/{resource['id']}"
            entry = {"fullUrl": url, "resource": resource, "request": {"method": "POST", "url": kind}}
            written += stream.write((b"," if number > 1 else b"") + orjson.dumps(entry))
            if written >= size:
                break
        stream.write(b"]}")
    _close(folder, number)


def _write_hl7v2(folder: Path, wanted: int, size: int) -> None:
    data(folder).mkdir()
    filler = b64encode(Random(_GRAINE).randbytes(size)).decode()
    flow = ("\r".join(document(sending)) for et in _ets() for sending in sendings(et))
    messages = islice(flow, wanted)
    for rank in range(_FILES):
        share = islice(messages, -(-wanted // _FILES))
        text = "".join(_longer(message, size, filler) + "\r" for message in share)
        (data(folder) / f"lot-{rank:02}.hl7").write_bytes(text.encode())
    _close(folder, wanted)


def _longer(message: str, size: int, filler: str) -> str:
    """A message whose document fills it up to `size`; base64 grows by four characters."""
    missing = max(0, size - len(message.encode())) // 4 * 4
    return message.replace("^Base64^", f"^Base64^{filler[:missing]}", 1)


def _write_pairs(folder: Path, wanted: int) -> None:
    """Those in MTOM are left out: lxml alone could not read them."""
    data(folder).mkdir()
    number = 0
    for size in count(start=wanted // 40 + 1, step=20):
        xds.write(Organisation(_GRAINE, etablissements=size), data(folder))
        requests = sorted(data(folder).rglob("*-request.*"))
        number = 0
        for request in requests:
            response = request.with_name(request.name[:5] + "-response.xml")
            if request.suffix == ".xml" and response.exists() and number < wanted:
                number += 1
            else:
                request.unlink()
                response.unlink(missing_ok=True)
        if number == wanted:
            break
    _close(folder, number)


def _write_journal(folder: Path, wanted: int) -> None:
    """One message a second, as many messages at once in the queue as a busy relay has."""
    data(folder).mkdir()
    start = datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=1)))
    number, late = 0, deque[str]()
    with (data(folder) / "mail.log").open("w", encoding="utf-8") as stream:
        for rank in count():
            head = f"{(start + timedelta(seconds=rank)).isoformat(timespec='microseconds')} relais postfix"
            begun, ended = _journal_lines(f"{rank * 7919 % 16**12:012X}", rank)
            late.append(ended)
            texts = begun + (late.popleft() if len(late) > _IN_QUEUE else "")
            lines = texts.splitlines()
            stream.writelines(f"{head}/{line}\n" for line in lines)
            number += len(lines)
            if number >= wanted:
                break
    _close(folder, number)


def _journal_lines(queue: str, rank: int) -> tuple[str, str]:
    """What is written when a message comes, and when it is gone."""
    begun = (
        f"smtpd[811]: {queue}: client=dui.local[192.0.2.5], sasl_method=PLAIN, sasl_username=dui\n"
        f"cleanup[812]: {queue}: message-id=<{rank}.journal@demo.mssante.fr>\n"
        f"qmgr[790]: {queue}: from=<contact.{rank % 300}@demo.mssante.fr>, size=48213, nrcpt=1 (queue active)\n"
    )
    ended = (
        f"smtp[901]: {queue}: to=<medecin{rank % 999}@cabinet-demo.mssante.fr>, "
        "relay=mx.cabinet-demo.mssante.fr[192.0.2.25]:25, delay=0.62, delays=0.05/0.01/0.31/0.25, dsn=2.0.0, "
        "status=sent (250 2.0.0 Ok: queued as 4XyZ9k2mBz)\n"
        f"qmgr[790]: {queue}: removed\n"
        "smtpd[811]: disconnect from dui.local[192.0.2.5] ehlo=2 starttls=1 auth=1 mail=1 rcpt=1 data=1 quit=1\n"
    )
    return begun, ended


def _write_mailbox(folder: Path, wanted: int) -> None:
    data(folder).mkdir()
    start, text = datetime(2024, 1, 1, tzinfo=timezone.utc), "Un texte de démonstration sans intérêt.\n" * 250
    with (data(folder) / "Sent.mbox").open("w", encoding="utf-8") as stream:
        for rank in range(wanted):
            moment = start + timedelta(minutes=rank)
            separator = f"From a@b {moment:%a %b %d %H:%M:%S %Y}\n"
            head = f"Date: {format_datetime(moment)}\nTo: medecin{rank % 999}@cabinet.mssante.fr\nMIME-Version: 1.0\n"
            sender = f"Message-ID: <{rank}.mbox@demo.mssante.fr>\nFrom: contact.{rank % 300}@demo.mssante.fr\n"
            stream.write(f"{separator}{sender}{head}Content-Type: text/plain\n\n{text}\n")
            if rank % 50 == 0:
                stream.write(f"{separator}From: MAILER-DAEMON@demo.mssante.fr\nMessage-ID: <{rank}.retour@x>\n{head}")
                stream.write(_RETURN.format(rank=rank, who=rank % 999))
    _close(folder, wanted + -(-wanted // 50))


_RETURN = """Content-Type: multipart/report; report-type=delivery-status; boundary=B

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.demo.mssante.fr

Final-Recipient: rfc822; medecin{who}@cabinet.mssante.fr
Action: failed

--B
Content-Type: text/rfc822-headers

Message-ID: <{rank}.mbox@demo.mssante.fr>

--B--

"""
