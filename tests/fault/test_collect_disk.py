"""A disk that fills up or refuses: the last snapshot stays, and the next night succeeds."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.errors import StateError
from connector.night import read_last
from tests.fault.disk import mounted, no_large_file, read_only
from tests.lib.nights import Site, at, people, write

_FEW = people(("A", "2025-01-10"))
_MANY = people(("A", "2025-01-10"), ids=" ".join(f"P{rank:06d}" for rank in range(60_000)))


def _refused(site: Site, day: str) -> str:
    with pytest.raises(StateError) as error:
        site.night(day)
    return str(error.value)


def test_a_full_disk_keeps_the_last_snapshot(tmp_path: Path) -> None:
    """No room for the new one: told, the half removed, the last one read, and the next night collects."""
    site = Site(tmp_path)
    with mounted(site.etat, 400) as real:
        first = site.night("2025-02-01", _FEW)
        _write(site, _MANY)
        with no_large_file(not real):
            said = _refused(site, "2025-02-02")
        assert said.startswith(f"{site.etat} : dossier d'état inutilisable (")
        assert said.endswith("; l'instantané précédent reste le dernier, vérifiez la place et les droits.")
        assert read_last(site.etat, site.settings).nom == first.nom
        assert [path.name for path in (site.etat / "lac").iterdir()] == [first.nom]
        assert site.night("2025-02-03", _FEW).nom == "00000002-20250203T020000Z"


def test_a_read_only_folder_is_read_all_the_same(tmp_path: Path) -> None:
    """A collection is refused with words; a measure still reads the last snapshot, past a damaged one."""
    site = Site(tmp_path)
    with mounted(site.etat, 2000) as real:
        first = site.night("2025-02-01", _FEW)
        second = site.night("2025-02-02")
        (site.etat / "lac" / second.nom / "manifeste.json").write_bytes(b"{")
        (site.etat / "lac").chmod(0o500)
        with read_only(site.etat, real=real):
            assert read_last(site.etat, site.settings).nom == first.nom
            assert _refused(site, "2025-02-03").startswith(f"{site.etat} : dossier d'état inutilisable (")
        (site.etat / "lac").chmod(0o700)
        assert site.night("2025-02-04").nom == "00000003-20250204T020000Z"


def _write(site: Site, tables: dict[str, list[dict[str, str]]]) -> None:
    write(site.exports, tables, at("2025-02-02"))
