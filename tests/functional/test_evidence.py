"""A proof is verified by a stranger, then recomputed whole on site; whatever is changed is seen."""

from __future__ import annotations

import io
import json
import random
import tempfile
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, timezone
from pathlib import Path

import pytest

from connector.agent import Measured, open_site
from connector.campaign import Ground, Proposed, measure_dates
from connector.config import Settings
from connector.demo import pivot
from connector.demo.organisation import Organisation
from connector.errors import SourceDataError
from connector.evidence.archive import MEASURE, PERSONS, SiteKey, open_external, unsealed
from connector.evidence.build import Proof, build
from connector.evidence.inspect import verify_internal
from connector.evidence.slices import slices
from connector.evidence.verify import verify_external
from connector.indicators.evaluate import Request
from connector.state.database import open_database
from tests.lib.run import KEY, source

DAY = date(2025, 4, 1)
NOW = datetime(2025, 4, 2, 4, 0, tzinfo=timezone.utc)
SITE_KEY = bytes(range(32, 64))
NAMED_KEY = SiteKey("empreinte", SITE_KEY)


def _sign(body: bytes) -> str:
    return f"signature-of-{len(body)}-bytes"


def _authenticate(body: bytes, signature: str) -> str:
    if signature != _sign(body):
        raise SourceDataError("signature fausse")
    return "clé du site"


@pytest.fixture(scope="module", params=["esms-2025", "esms-2022", "esms-2021"])
def proofs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Proof]:
    """The proof of every ET of the demonstration site, under each programme."""
    folder = tmp_path_factory.mktemp("preuves")
    pivot.write(Organisation(1, date_mesure=DAY), folder / "exports")
    settings = Settings.model_validate({"programme": {"id": request.param}})
    found: list[Proof] = []
    entropy = random.Random(1).randbytes

    def prove(asked: Request, measured: Measured, proposed: list[Proposed]) -> None:
        editions = {one.edition.finess_et: one for one in proposed}
        wanted = {finess: one.measured for finess, one in editions.items()}
        found.extend(
            build(cut, editions[cut.finess_et].edition, NAMED_KEY, entropy, _sign)
            for cut in slices(site, asked, measured.windows, wanted)
        )

    with (
        tempfile.TemporaryDirectory() as scratch,
        open_site([source("pivot", folder / "exports")], settings, KEY, Path(scratch)) as (site, collected),
    ):
        ground = Ground(site, collected, "nuit", NOW, settings, NOW, "dui-connector test")
        database = open_database(folder / "etat", NOW)
        list(measure_dates(ground, database, [DAY], lambda *edition: None, prove))
    assert len(found) == 8
    return found


def test_a_stranger_recounts_every_figure(proofs: list[Proof]) -> None:
    """Signature, lines and arithmetic hold for every ET, without the engine and without the site."""
    for proof in proofs:
        checks = verify_external(open_external(proof.externe, "preuve.zip"), _authenticate)
        assert [check.text for check in checks if not check.ok] == []
        assert len(checks) > 8


def test_the_site_recomputes_every_figure(proofs: list[Proof], tmp_path: Path) -> None:
    """The internal part reproduces the commitment, every result and every yes and no."""
    for rank, proof in enumerate(proofs):
        lines, seed = unsealed(proof.interne, SITE_KEY, "preuve.dui")
        checks = verify_internal(open_external(proof.externe, "preuve.zip"), lines, seed, tmp_path / str(rank))
        assert [check.text for check in checks if not check.ok] == []


def _changed(archive: bytes, member: str, before: bytes, after: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as source_archive, zipfile.ZipFile(target, "w") as copy:
        for one in source_archive.infolist():
            content = source_archive.read(one)
            if one.filename == member:
                assert before in content
                content = content.replace(before, after, 1)
            copy.writestr(one, content)
    return target.getvalue()


def test_a_changed_figure_breaks_the_signature(proofs: list[Proof]) -> None:
    """Nothing of a proof is read when its signature is not that of the bytes."""
    changed = _changed(proofs[0].externe, MEASURE, b'"revision": 1', b'"revision": 12')
    with pytest.raises(SourceDataError, match="signature fausse"):
        verify_external(open_external(changed, "preuve.zip"), _authenticate)


def test_a_changed_person_is_seen(proofs: list[Proof]) -> None:
    """A yes turned into a no is seen twice: by the digest of the lines, and by the count."""
    changed = _changed(proofs[0].externe, PERSONS, b";1;1;1;1;", b";1;1;1;0;")
    checks = verify_external(open_external(changed, "preuve.zip"), _authenticate)
    texts = [check.text for check in checks if not check.ok]
    assert texts[0] == "lignes des personnes : changées depuis"
    assert any(text.startswith("Dossiers actifs : numérateur") for text in texts)


def test_a_changed_line_breaks_the_commitment(proofs: list[Proof], tmp_path: Path) -> None:
    """A date changed in the internal part breaks the commitment."""
    lines, seed = unsealed(proofs[0].interne, SITE_KEY, "preuve.dui")
    lines[-1] = lines[-1].replace(b"2025", b"2024")
    checks = verify_internal(open_external(proofs[0].externe, "preuve.zip"), lines, seed, tmp_path)
    assert checks[0] == (False, "engagement : rompu")


def test_another_key_reads_nothing(proofs: list[Proof]) -> None:
    """The internal part belongs to the site that made it."""
    with pytest.raises(SourceDataError) as refusal:
        unsealed(proofs[0].interne, bytes(32), "preuve.dui")
    assert str(refusal.value) == (
        "preuve.dui : déchiffrement impossible ; le fichier a changé, ou la clé n'est pas celle du site qui l'a fait."
    )


def _texts(proof: Proof) -> Iterator[str]:
    with zipfile.ZipFile(io.BytesIO(proof.externe)) as archive:
        for name in archive.namelist():
            yield archive.read(name).decode()


def test_nothing_personal_leaves(proofs: list[Proof]) -> None:
    """The external part holds no local id, no pseudonym and no date of a person."""
    for proof in proofs:
        lines, _ = unsealed(proof.interne, SITE_KEY, "preuve.dui")
        secrets = {
            value
            for line in lines[1:]
            for name, value in json.loads(line)[1].items()
            if name in ("id_usager", "id_dossier", "matricule", "id_document", "id_message") and len(value) > 3
        }
        outside = "\n".join(_texts(proof))
        assert secrets
        assert [value for value in secrets if value in outside] == []


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not a zip at all", b"PK\x05\x06" + b"\x00" * 18])
def test_anything_else_is_refused_by_name(content: bytes) -> None:
    """An archive that is not a proof is one sentence."""
    with pytest.raises(SourceDataError) as refusal:
        open_external(content, "recu.zip")
    assert str(refusal.value) == "recu.zip : attendu une archive de preuve, trouvé autre chose ; demandez l'originale."
