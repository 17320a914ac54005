"""A damaged archive is refused with words, wherever the damage is."""

from __future__ import annotations

import io
import shutil
import sqlite3
import zipfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connector.archive import read_archive, write_archive
from connector.errors import SettingsError, SourceDataError
from connector.evidence.archive import MEASURE, external, open_external
from connector.state.database import NAME as DATABASE

NOW = datetime(2026, 7, 1, tzinfo=UTC)


def _damages(content: bytes, step: int) -> list[bytes]:
    """The content with one byte changed, then cut, at each place."""
    places = range(0, len(content), step)
    flipped = [content[:at] + bytes([content[at] ^ mask]) + content[at + 1 :] for at in places for mask in (1, 32, 255)]
    return [*flipped, *(content[:at] for at in places)]


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    """A backup of a state with a database and one proof."""
    etat = tmp_path / "etat"
    (etat / "preuves").mkdir(parents=True)
    (etat / "preuves" / "une.json").write_bytes(b"{}" * 40)
    with closing(sqlite3.connect(etat / DATABASE)) as state:
        state.execute("CREATE TABLE runs (id INTEGER)")
    write_archive(etat, tmp_path / "etat.zip", NOW, "0", b"scelle")
    return tmp_path / "etat.zip"


def test_a_damaged_backup_is_refused_and_changes_nothing(backup: Path) -> None:
    """Each entry is verified before anything is touched: what is restored is whole, else nothing is."""
    etat, altered, refused = backup.parent / "etat", backup.parent / "altere.zip", list[str]()
    whole = (etat / DATABASE).read_bytes()
    for content in _damages(backup.read_bytes(), 7):
        altered.write_bytes(content)
        target = backup.parent / "autre"
        try:
            assert read_archive(altered, target, NOW) == b"scelle"
            assert (target / DATABASE).read_bytes() == whole
        except SettingsError as error:
            refused.append(str(error))
            target.rmdir()  # refuses unless nothing was written
        else:
            shutil.rmtree(target)
    assert len(refused) > 100
    assert all("rien n'a été changé" in words for words in refused)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_proof_with_two_members_of_one_name_is_refused() -> None:
    """What is verified must be what a person extracts: a second « mesure.json » would be one or the other."""
    target = io.BytesIO(external(b'{"a": 1}', b"numero;faits\n", "entete..signature"))
    with zipfile.ZipFile(target, "a") as archive:
        archive.writestr(MEASURE, b'{"a": 2}')
    with pytest.raises(SourceDataError, match="trouvé autre chose"):
        open_external(target.getvalue(), "preuve.zip")


def test_a_damaged_proof_is_refused_or_opened_for_its_signature_to_judge() -> None:
    """Opening an external proof gives a proof or words, never another error."""
    content = external(b'{"a": 1}', b"numero;faits\n" * 9, "entete..signature")
    refused = []
    for damaged in _damages(content, 5):
        try:
            assert isinstance(open_external(damaged, "preuve.zip").measure, bytes)
        except SourceDataError as error:
            refused.append(str(error))
    assert len(refused) > 100
    assert all("preuve.zip" in words for words in refused)
