"""HAPI FHIR, the reference implementation: its validator offline, and its server over HTTP."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests

from connector.publish.disclosure import disclose
from connector.publish.outbox import queue
from connector.publish.payload import Payload, build, definition, parse
from connector.state import editions as store
from connector.state.database import open_database
from tests.lib.editions import MONTH, NASTY, destination, edition, results, second
from tests.lib.madx import profiles
from tests.lib.submissions import NOW, signer

pytestmark = pytest.mark.services

HAPI = Path(__file__).parents[1] / "hapi"
FHIR = destination("fhir")
OPEN_DATA = destination("fhir", secret_en_dessous=11)
FIRST = edition()
SECOND = second(FIRST)


@pytest.fixture(scope="session")
def java(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command that starts HAPI, its libraries taken from Maven Central or from Maven's own folder."""
    for program in ("mvn", "java"):
        assert shutil.which(program), f"{program} manque : apt-get install default-jdk-headless maven"
    path = tmp_path_factory.mktemp("hapi") / "classpath"
    maven = ["mvn", "-q", "-B", "-f", str(HAPI / "pom.xml"), "dependency:build-classpath", f"-Dmdep.outputFile={path}"]
    subprocess.run(maven, check=True, capture_output=True, timeout=900)
    return ["java", "-Xmx1g", "-cp", path.read_text(encoding="utf-8"), str(HAPI / "Hapi.java")]


@pytest.fixture(scope="session")
def known(tmp_path_factory: pytest.TempPathFactory, samples: Path) -> Path:
    """What the validator knows beside FHIR R4: the mADX profiles and the definition of the programme."""
    folder = tmp_path_factory.mktemp("known")
    for profile in profiles(samples):
        (folder / f"{profile['id']}.json").write_bytes(orjson.dumps(profile))
    (folder / "measure.json").write_bytes(_definition().body)
    return folder


def _definition() -> Payload:
    found = definition(FIRST, FHIR)
    assert found is not None
    return found


def _messages(java: list[str], known: Path, folder: Path) -> list[list[str]]:
    run = subprocess.run([*java, "valider", str(known), str(folder)], capture_output=True, text=True, timeout=600)
    assert run.returncode == 0, run.stderr
    return [line.split("\t") for line in run.stdout.splitlines()]


def test_what_is_sent_is_valid_fhir_and_valid_madx(java: list[str], known: Path, tmp_path: Path) -> None:
    """HAPI's instance validator finds no error, against R4, against mADX and against our own Measure.

    Its warnings are all about code systems that a validator without a network cannot know. A broken
    report among them shows that it looks.
    """
    month = edition(debut=MONTH.first, fin=MONTH.last, resultats=results(MONTH))
    nameless = second(edition(finess_ej="", raison_sociale=NASTY, convention=NASTY))
    bodies = {
        "measure": _definition().body,
        "first": build(FIRST, FHIR).body,
        "second": build(SECOND, FHIR).body,
        "secret": build(FIRST, OPEN_DATA).body,
        "all-secret": build(FIRST, destination("fhir", secret_en_dessous=100)).body,
        "month": build(month, FHIR).body,
        "nameless": build(nameless, OPEN_DATA).body,
    }
    for name, body in bodies.items():
        (tmp_path / name).write_bytes(body)
    (tmp_path / "broken").write_bytes(orjson.dumps(_broken()))
    messages = _messages(java, known, tmp_path)
    assert {name for name, severity, *_ in messages if severity == "vu"} == {*bodies, "broken"}
    assert {name for name, severity, *_ in messages if severity in ("error", "fatal")} == {"broken"}
    assert [one for one in messages if one[1] == "warning" and not _about_code_systems(one)] == []
    assert any("mADX-MeasureReport" in text for name, severity, _, text in messages if severity == "error")


def _about_code_systems(message: list[str]) -> bool:
    return message[3].startswith(("CodeSystem is unknown", "None of the codings provided are in the value set"))


def _broken() -> dict[str, Any]:
    """A report that mADX refuses: a group without its code."""
    report: dict[str, Any] = orjson.loads(build(FIRST, FHIR).body)
    del report["group"][0]["code"]
    return report


@pytest.fixture(scope="session")
def server(java: list[str], known: Path) -> Iterator[str]:
    """A HAPI server that validates what it receives, on a free port of this machine."""
    process = subprocess.Popen([*java, "servir", str(known)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    port = process.stdout.readline().strip()
    yield f"http://127.0.0.1:{port}/fhir/"
    process.kill()
    process.wait()
    process.stdout.close()


def _send(server: str, payload: Payload) -> requests.Response:
    headers = {"Content-Type": payload.content_type}
    return requests.request(payload.method, server + payload.path, data=payload.body, headers=headers, timeout=60)


def test_a_real_server_takes_a_report_again_and_its_revision(server: str) -> None:
    """PUT creates, the same PUT updates, revision 2 replaces: what is read back is what may leave of revision 2."""
    assert _send(server, _definition()).status_code == 201
    one, two = build(FIRST, FHIR), build(SECOND, FHIR)
    assert [_send(server, payload).status_code for payload in (one, one, two)] == [201, 200, 200]
    kept = requests.get(server + one.path, timeout=60)
    assert parse(kept.content, "fhir") == disclose(SECOND)
    earlier = requests.get(f"{server}{one.path}/_history/1", timeout=60)
    assert parse(earlier.content, "fhir") == disclose(FIRST)


def test_a_real_server_keeps_secrets_secret(server: str) -> None:
    """A masked count survives storage: neither 0 nor absent."""
    payload = build(edition(finess_et="970300034"), OPEN_DATA)
    assert _send(server, payload).status_code == 201
    kept = requests.get(server + payload.path, timeout=60)
    assert parse(kept.content, "fhir") == disclose(edition(finess_et="970300034"), 11)


def test_a_real_server_refuses_what_is_no_report(server: str) -> None:
    """The server of this test validates: what it takes is valid."""
    report = orjson.loads(build(FIRST, FHIR).body)
    del report["period"]
    payload = build(FIRST, FHIR)
    refused = _send(server, Payload(orjson.dumps(report), payload.content_type, "PUT", payload.path))
    assert refused.status_code == 422


def test_the_outbox_delivers_to_a_real_server(server: str, tmp_path: Path) -> None:
    """From the queue to HAPI by the verb itself: signed, accepted, then replaced by its second revision."""
    database = open_database(tmp_path / "etat", NOW)
    by = signer(tmp_path / "etat")
    settings = tmp_path / "connecteur.toml"
    settings.write_text(
        f'[site]\netat = "etat"\n[[destination]]\nid = "ars"\ntype = "fhir"\nurl = "{server}"\n', encoding="utf-8"
    )
    target = destination("fhir", id="ars", url=server)
    first = edition(finess_et="970300042")
    for one in (first, second(first)):
        with database.transaction() as connection:
            queue(connection, store.add(connection, one, "instantane", ()), one, [target], by, NOW, False)
        done = subprocess.run(
            [sys.executable, "-m", "connector", "publish", "--config", str(settings)],
            cwd=HAPI.parents[1],
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (
            0,
            "Transmissions : 1 acceptée, 0 refusée.\n",
            "",
        )
    database.close()
    kept = requests.get(server + build(first, target).path, timeout=60)
    assert parse(kept.content, "fhir") == disclose(second(first))
