"""The signature of what leaves, and what it takes to believe one."""

from __future__ import annotations

import stat
from base64 import b64encode
from datetime import datetime, timedelta, timezone
from pathlib import Path

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jws
from joserfc.jwk import OKPKey

from connector.config import Signature
from connector.errors import SettingsError, SignatureError, StateError, UsageError
from connector.signature import (
    Signer,
    Trust,
    load_signer,
    load_trust,
    public_keys,
    revoke,
    revoked_keys,
    rotate,
    verify_detached,
)
from tests.lib.certificates import Authority, PrivateKey, authority, certificate, new_key, pem

NOW = datetime(2025, 4, 1, 4, 0, tzinfo=timezone.utc)
BODY = '{"numerateur": 12, "é": "accent"}'.encode()
UNKNOWN_KEY = "Signature refusée : sa clé n'est pas parmi celles que vous avez données."
BAD_CHAIN = "Signature refusée : son certificat ne mène à aucune autorité que vous avez donnée, ou n'est plus valable."
OTHER_BODY = "Signature refusée : elle n'est pas celle de ce contenu."


def _trust(*signers: Signer, revoked: frozenset[str] = frozenset()) -> Trust:
    return Trust({one.kid: OKPKey.import_key(one.public_jwk) for one in signers}, (), revoked)


def _refusal(body: bytes, signature: str, trusted: Trust, at: datetime = NOW) -> str:
    with pytest.raises(SignatureError) as refused:
        verify_detached(body, signature, trusted, at)
    return str(refused.value)


def test_a_signature_holds_for_its_bytes_and_no_others(tmp_path: Path) -> None:
    """One byte changed, and the signature is refused."""
    signer = load_signer(Signature(), tmp_path, NOW)
    signature = signer.sign(BODY)
    assert verify_detached(BODY, signature, _trust(signer), NOW).kid == signer.kid
    assert signature.count(".") == 2
    assert signature.split(".")[1] == ""
    assert _refusal(BODY + b" ", signature, _trust(signer)) == OTHER_BODY


def test_a_large_body_is_signed_like_another(tmp_path: Path) -> None:
    """No size of body is refused, a consolidated month included."""
    signer = load_signer(Signature(), tmp_path, NOW)
    large = BODY * 50_000
    assert verify_detached(large, signer.sign(large), _trust(signer), NOW).kid == signer.kid


def test_an_independent_library_call_verifies_it(tmp_path: Path) -> None:
    """It is a plain detached JWS: any JOSE library checks it with the payload put back."""
    signer = load_signer(Signature(), tmp_path, NOW)
    found = jws.deserialize_compact(signer.sign(BODY), OKPKey.import_key(signer.public_jwk), ["Ed25519"], payload=BODY)
    assert found.headers() == {"alg": "Ed25519", "kid": signer.kid}


def test_the_pair_is_made_once_and_kept_for_its_owner(tmp_path: Path) -> None:
    """The key of the state folder is made at the first use, mode 0600, and found again."""
    first, second = (load_signer(Signature(), tmp_path, NOW) for _ in range(2))
    assert first.kid == second.kid
    assert stat.S_IMODE((tmp_path / "signature" / "cle.pem").stat().st_mode) == 0o600
    assert sorted(path.name for path in (tmp_path / "signature").iterdir()) == ["cle.pem", "publiques.json"]


def test_a_damaged_key_is_said(tmp_path: Path) -> None:
    """Never a traceback, never a new key behind the back of the receivers."""
    load_signer(Signature(), tmp_path, NOW)
    path = tmp_path / "signature" / "cle.pem"
    path.write_bytes(b"\x00" * 100)
    with pytest.raises(StateError) as refused:
        load_signer(Signature(), tmp_path, NOW)
    assert str(refused.value) == (
        f"{path} : clé de signature illisible ; remettez sa sauvegarde, ou ôtez ce fichier : une nouvelle sera faite."
    )


def test_a_key_found_in_the_message_is_never_believed(tmp_path: Path) -> None:
    """A forger who puts his own key in the header (jwk, jku, x5c) is refused."""
    owner, forger = (load_signer(Signature(), tmp_path / name, NOW) for name in ("ours", "theirs"))
    for extra in ({"jwk": forger.public_jwk}, {"jku": "https://example.org/jwks"}, {"x5c": ["AAAA"]}):
        header = {"alg": "Ed25519", "kid": forger.kid, **extra}
        first, _, last = jws.serialize_compact(header, BODY, forger.key, algorithms=["Ed25519"]).split(".")
        assert _refusal(BODY, f"{first}..{last}", _trust(owner)) == UNKNOWN_KEY
    stolen = {"alg": "Ed25519", "kid": owner.kid, "jwk": forger.public_jwk}
    first, _, last = jws.serialize_compact(stolen, BODY, forger.key, algorithms=["Ed25519"]).split(".")
    assert _refusal(BODY, f"{first}..{last}", _trust(owner)) == OTHER_BODY


@pytest.mark.parametrize("header", [{"alg": "none"}, {"alg": "HS256"}, {"alg": "Ed25519", "crit": ["exp"], "exp": 1}])
def test_a_weaker_algorithm_is_refused(tmp_path: Path, header: dict[str, object]) -> None:
    """The algorithm is that of the trusted key, whatever the header says."""
    signer = load_signer(Signature(), tmp_path, NOW)
    text = b64encode(orjson.dumps({**header, "kid": signer.kid})).decode().rstrip("=")
    assert _refusal(BODY, f"{text}..AAAA", _trust(signer)) == OTHER_BODY


@pytest.mark.parametrize("text", ["", "a.b.c", "..", "é..", "bnVsbA..AA", "W10..AA", "a.b"])
def test_what_is_no_detached_jws_is_said(text: str) -> None:
    """Nonsense gives a sentence, never a traceback."""
    assert _refusal(BODY, text, Trust()) == "Signature illisible : attendu un JWS détaché, « entête..signature »."


def test_rotation_keeps_what_was_signed_verifiable(tmp_path: Path) -> None:
    """The new key signs from now on; the old one stays listed for the receivers."""
    old = load_signer(Signature(), tmp_path, NOW)
    signature = old.sign(BODY)
    new = rotate(tmp_path, NOW + timedelta(days=1))
    assert [key.kid for key in public_keys(tmp_path)] == [old.kid, new.kid]
    assert load_signer(Signature(), tmp_path, NOW).kid == new.kid
    trusted = load_trust([tmp_path / "signature" / "publiques.json"])
    assert verify_detached(BODY, signature, trusted, NOW).kid == old.kid


def test_a_revoked_key_is_not_believed_and_signs_no_more(tmp_path: Path) -> None:
    """Revoking the key that signs replaces it at once; what it signed and was not sent is signed again."""
    old = load_signer(Signature(), tmp_path, NOW)
    signature = old.sign(BODY)
    new = revoke(tmp_path, old.kid, "ordinateur volé", NOW)
    signer = load_signer(Signature(), tmp_path, NOW)
    assert new is not None
    assert signer.kid == new.kid != old.kid
    assert revoked_keys(tmp_path) == {old.kid: {"revoquee_le": NOW.isoformat(), "motif": "ordinateur volé"}}
    refused = "Signature refusée : cette clé a été révoquée."
    assert _refusal(BODY, signature, _trust(old, revoked=frozenset(revoked_keys(tmp_path)))) == refused
    assert signer.must_replace(signature)
    assert not signer.must_replace(signer.sign(BODY))


@pytest.mark.parametrize("told", ["publiques.json", "revocations.json"])
def test_a_list_of_trust_says_what_is_revoked(tmp_path: Path, told: str) -> None:
    """A key given as good by one file, and as revoked by the set of `key sign show` or by the list, is not believed."""
    old = load_signer(Signature(), tmp_path, NOW)
    signature = old.sign(BODY)
    good, said = tmp_path / "cle.json", tmp_path / "dite.json"
    good.write_bytes(orjson.dumps(old.public_jwk))
    revoke(tmp_path, old.kid, "ordinateur volé", NOW)
    shown = [{**key.jwk, "kid": key.kid, "revoquee_le": key.revoquee_le} for key in public_keys(tmp_path)]
    listed = (tmp_path / "signature" / "revocations.json").read_bytes()
    said.write_bytes(listed if told == "revocations.json" else orjson.dumps({"keys": shown}))
    assert _refusal(BODY, signature, load_trust([good, said])) == "Signature refusée : cette clé a été révoquée."
    assert verify_detached(BODY, signature, load_trust([good]), NOW).kid == old.kid


def test_revoking_an_unknown_key_is_refused(tmp_path: Path) -> None:
    """The message says where to find the right one."""
    with pytest.raises(UsageError) as refused:
        revoke(tmp_path, "abc", "motif", NOW)
    assert str(refused.value) == ("Aucune clé de signature « abc » ; « dui-connector key sign show » les donne toutes.")


@pytest.fixture(scope="module", params=["ec", "rsa"])
def key(request: pytest.FixtureRequest) -> PrivateKey:
    """A key of a certificate, of each usual kind."""
    return new_key() if request.param == "ec" else rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def root() -> Authority:
    """An authority and its key."""
    return authority(NOW)


def test_a_certificate_counts_when_it_chains_to_a_given_authority(
    tmp_path: Path, key: PrivateKey, root: Authority
) -> None:
    """X.509: the chain travels in x5c; only an authority given from outside makes it believed, while it is valid."""
    leaf = certificate("Les Érables", key, root, now=NOW)
    settings = Signature(
        cle=pem(tmp_path / "cle.pem", key, password=b"secret"),
        certificat=pem(tmp_path / "chaine.pem", leaf),
        mot_de_passe="env:PHRASE",
    )
    signer = load_signer(settings, tmp_path, NOW, reveal=lambda reference: "secret")
    signature = signer.sign(BODY)
    trusted = load_trust([pem(tmp_path / "ac.pem", root.certificate)])
    assert verify_detached(BODY, signature, trusted, NOW).sujet == "CN=Les Érables"
    assert _refusal(BODY, signature, trusted, NOW + timedelta(days=400)) == BAD_CHAIN
    assert _refusal(BODY, signature, Trust()) == UNKNOWN_KEY
    other = Trust({}, (authority(NOW).certificate,))
    assert _refusal(BODY, signature, other) == BAD_CHAIN
    assert _refusal(BODY + b"x", signature, trusted) == OTHER_BODY
    pinned = load_trust([tmp_path / "chaine.pem"])
    assert verify_detached(BODY, signature, pinned, NOW).kid == signer.kid


def test_a_certificate_of_another_key_is_refused(tmp_path: Path, root: Authority) -> None:
    """Settings whose key and certificate do not go together stop before anything is signed."""
    chain = pem(tmp_path / "chaine.pem", root.certificate)
    own = pem(tmp_path / "cle.pem", new_key())
    with pytest.raises(SettingsError) as refused:
        load_signer(Signature(cle=own, certificat=chain), tmp_path, NOW)
    assert str(refused.value) == (
        f"{chain} : ce certificat n'est pas celui de la clé de signature ; corrigez [signature]."
    )


def test_a_wrong_password_is_said_without_it(tmp_path: Path) -> None:
    """The message names the file, never the password."""
    path = pem(tmp_path / "cle.pem", new_key(), password=b"bon")
    with pytest.raises(SettingsError) as refused:
        load_signer(Signature(cle=path, mot_de_passe="env:PHRASE"), tmp_path, NOW, reveal=lambda reference: "mauvais")
    assert str(refused.value) == f"{path} : attendu une clé privée PEM et son mot de passe ; corrigez [signature]."


def test_a_file_that_is_no_key_is_said(tmp_path: Path) -> None:
    """Trust is loaded whole or not at all."""
    path = tmp_path / "n'importe.quoi"
    path.write_bytes(b"{}")
    with pytest.raises(SettingsError) as refused:
        load_trust([path])
    assert str(refused.value) == (
        f"{path} : attendu une clé publique (JWK ou PEM) ou un certificat PEM ; vérifiez le fichier."
    )
