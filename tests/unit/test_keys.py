"""Keys: one per use and per controller; lost ones are told, destroyed ones are gone."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import pyarrow as pa
import pytest

from connector.config import Organisme
from connector.errors import SettingsError, StateError, UsageError
from connector.keys import (
    KeyRing,
    destroyed,
    dumps,
    external,
    forgetting,
    loads,
    read_ring,
    rotated,
    settled,
    without_organisme,
    write_ring,
)
from connector.model.directory import Directory, declared
from connector.pseudonymise import Organisation, Pseudonymiser
from connector.sealed import seal, unseal

NOW = datetime(2025, 2, 1, tzinfo=timezone.utc)
INS = "185057504800162"
NORD, SUD = Organisme(nom="nord", etablissements=("750000044",)), Organisme(nom="sud", etablissements=("750000099",))


def _fresh() -> Callable[[int], bytes]:
    """Keys of a test: each differs from the one before."""
    drawn = iter(range(1, 100))
    return lambda size: bytes([next(drawn)]) * size


def _directory(*ets: str, ej: str = "") -> Directory:
    return declared([{"finess_et": et, "finess_ej": ej} for et in ets], {}, ())


def _usagers(*ets: str) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(
        {"finess_et": list(ets), "id_usager": [f"u-{INS}"] * len(ets), "matricule_ins": [INS] * len(ets)}
    )


def test_each_controller_has_its_own_pseudonyms_and_the_site_the_rest() -> None:
    """One person known to two controllers has two pseudonyms; rows keep their order."""
    secrets = {"nord": b"n" * 32, "sud": b"s" * 32}
    ets = {"750000044": "nord", "750000099": "sud"}
    whole = Pseudonymiser(bytes(32), Organisation(secrets, ets)).knowing(_directory(*ets, "750000001"))
    rows = _usagers("750000044", "750000099", "750000001", "750000044")
    replaced = whole.replace("usagers", rows).to_pydict()
    alone = Pseudonymiser(bytes(32)).replace("usagers", rows).to_pydict()
    assert replaced["finess_et"] == rows.column("finess_et").to_pylist()
    for column in ("matricule", "id_usager"):
        nord, sud, site, again = replaced[column]
        assert (nord, len({nord, sud, site})) == (again, 3)
        assert site == alone[column][0]
    assert INS not in str(replaced)


def test_a_deposit_of_an_ej_has_the_key_of_its_establishments() -> None:
    """Else nobody of these ETs could carry its matricule."""
    secrets, ets = {"nord": b"n" * 32}, {"750000044": "nord", "750000099": "nord"}
    whole = Pseudonymiser(bytes(32), Organisation(secrets, ets)).knowing(_directory(*ets, ej="750000001"))
    replaced = whole.replace("usagers", _usagers("750000044", "750000001")).to_pydict()
    assert len(set(replaced["matricule"])) == 1


def test_a_row_without_establishment_has_the_keys_of_the_site() -> None:
    """A message that names no ET, beside one that does."""
    whole = Pseudonymiser(bytes(32), Organisation({"nord": b"n" * 32}, {"750000044": "nord"}))
    rows = pa.RecordBatch.from_pydict(
        {"finess_et": ["750000044", None], "id_message": [INS, INS], "expediteur": ["a@x.fr", "a@x.fr"]}
    )
    replaced = whole.knowing(_directory("750000044")).replace("messages_mssante", rows).to_pydict()
    assert len(set(replaced["id_message"])) == 2
    assert len(set(replaced["expediteur"])) == 1


def test_the_first_collection_makes_the_keys_and_the_next_keep_them(tmp_path: Path) -> None:
    """Nothing to prepare; a new controller gets its secret, the others keep theirs."""
    fresh = _fresh()
    ring = settled(None, (NORD,), None, fresh, NOW)
    write_ring(tmp_path, ring)
    assert read_ring(tmp_path) == ring
    assert (tmp_path / "cle" / "trousseau.json").stat().st_mode & 0o777 == 0o600
    more = settled(ring, (NORD, SUD), None, fresh, NOW)
    assert settled(more, (NORD, SUD), None, fresh, NOW) == more
    assert (more.current.maitre, more.current.secrets["nord"]) == (ring.current.maitre, ring.current.secrets["nord"])


def test_a_ring_shown_hides_its_keys() -> None:
    """No message or log that shows a ring may show a key."""
    ring = settled(None, (NORD,), bytes(range(32)), _fresh(), NOW)
    assert repr(bytes(range(32))) not in repr(ring)
    assert repr(ring.current.secrets["nord"]) not in repr(ring)


def test_a_master_key_outside_is_not_written_inside() -> None:
    """`[site] cle` says where it rests: the ring keeps its name only."""
    outside = bytes(range(32))
    ring = settled(None, (), outside, _fresh(), NOW)
    assert base64.b64encode(outside) not in dumps(ring)
    assert base64.b64encode(outside) in dumps(ring, whole=True)
    again = loads(dumps(ring))
    assert settled(again, (), outside, _fresh(), NOW) == ring
    with pytest.raises(SettingsError) as error:
        settled(again, (), bytes(32), _fresh(), NOW)
    found = Pseudonymiser(bytes(32)).fingerprint
    assert str(error.value) == (
        f"[site] cle : la clé trouvée ({found}) n'est pas celle du site ({ring.current.empreinte}) ; remettez "
        "l'ancienne, ou adoptez la nouvelle : dui-connector key rotate."
    )


@pytest.mark.parametrize("text", ["00" * 32, base64.b64encode(bytes(32)).decode(), " " + "00" * 32 + "\n"])
def test_a_master_key_is_read_in_hexadecimal_or_base64(text: str) -> None:
    """Thirty-two bytes, however they are written."""
    assert external(text, "env:CLE") == bytes(32)


def test_a_bad_master_key_is_told_without_showing_it() -> None:
    """Too short, or not a key."""
    with pytest.raises(SettingsError) as error:
        external("secret-de-polichinelle", "env:CLE")
    assert str(error.value) == (
        "[site] cle, « env:CLE » : attendu une clé d'au moins 32 octets en hexadécimal ou en base64, trouvé 22 "
        "caractères ; fabriquez-en une, par exemple : openssl rand -hex 32."
    )


def test_a_rotation_keeps_the_former_key_as_long_as_a_snapshot_needs_it() -> None:
    """What was made under the former key stays readable, then its key goes."""
    fresh = _fresh()
    ring = settled(None, (NORD,), None, fresh, NOW)
    turned = rotated(ring, None, fresh, NOW)
    former = ring.current.empreinte
    assert turned.pseudonymiser((NORD,), former).fingerprint == former
    assert turned.pseudonymiser((NORD,)).fingerprint == turned.current.empreinte != former
    assert turned.current.secrets["nord"] != ring.current.secrets["nord"]
    assert forgetting(turned, {former}) == turned
    alone = forgetting(turned, {turned.current.empreinte})
    with pytest.raises(StateError) as error:
        alone.pseudonymiser((), former)
    assert str(error.value) == f"La clé {former} de cet instantané n'est plus là ; lancez dui-connector collect."


def test_the_same_key_outside_is_no_rotation() -> None:
    """It must change where it rests first."""
    ring = settled(None, (), bytes(32), _fresh(), NOW)
    with pytest.raises(SettingsError):
        rotated(ring, bytes(32), _fresh(), NOW)
    assert rotated(ring, bytes(range(32)), _fresh(), NOW).current.dehors


def test_the_pseudonyms_of_a_destroyed_controller_cannot_be_made_again() -> None:
    """Its secrets are gone from every generation, and a collection says so rather than make others."""
    fresh = _fresh()
    ring = rotated(settled(None, (NORD, SUD), None, fresh, NOW), None, fresh, NOW)
    left = without_organisme(ring, "nord", NOW)
    kept = dumps(left, whole=True)
    assert not [one for each in ring.generations for one in [each.secrets["nord"]] if base64.b64encode(one) in kept]
    assert left.current.secrets["sud"] == ring.current.secrets["sud"]
    with pytest.raises(SettingsError) as error:
        settled(left, (NORD, SUD), None, fresh, NOW)
    assert str(error.value) == (
        "[[organisme]] « nord » : sa clé a été détruite le 2025-02-01 ; retirez-le des réglages, ou donnez-lui un "
        "autre nom."
    )
    with pytest.raises(SettingsError) as error:
        without_organisme(left, "nord", NOW)
    assert str(error.value) == "Organisme inconnu du trousseau : « nord » ; connus : sud."


def test_a_destroyed_site_collects_no_more_until_a_new_key_is_asked_for() -> None:
    """No key is made in silence in the place of one that was destroyed."""
    ring = destroyed(settled(None, (), None, _fresh(), NOW), NOW)
    assert (ring.generations, loads(dumps(ring))) == ((), ring)
    with pytest.raises(StateError):
        settled(ring, (), None, _fresh(), NOW)
    assert settled(rotated(ring, None, _fresh(), NOW), (), None, _fresh(), NOW).current.maitre is not None


def test_a_sealed_file_opens_with_its_phrase_alone() -> None:
    """Another phrase, a changed byte or another file open nothing."""
    sealed = seal(b"the keys", "une phrase assez longue", bytes(16), bytes(12))
    assert unseal(sealed, "une phrase assez longue", "x") == b"the keys"
    assert b"the keys" not in sealed
    for wrong, phrase in ((sealed, "une autre phrase longue"), (sealed[:-1] + b"\0", "une phrase assez longue")):
        with pytest.raises(SettingsError) as error:
            unseal(wrong, phrase, "x")
        assert str(error.value) == "x : phrase fausse, ou fichier altéré ; vérifiez l'une et l'autre."
    with pytest.raises(SettingsError):
        unseal(b"PK\3\4", "une phrase assez longue", "x")
    with pytest.raises(UsageError):
        seal(b"", "court", bytes(16), bytes(12))


def test_an_unreadable_ring_is_told(tmp_path: Path) -> None:
    """With what to do."""
    write_ring(tmp_path, KeyRing())
    path = tmp_path / "cle" / "trousseau.json"
    path.write_bytes(b"{}")
    with pytest.raises(StateError) as error:
        read_ring(tmp_path)
    assert str(error.value) == f"{path} : trousseau illisible ; rétablissez-le : dui-connector key restore FICHIER."
