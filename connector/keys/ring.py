"""The keys of a site: a master key, a secret per controller, and the former ones as long as a snapshot needs them.

Nothing here draws a key or touches a disk: what is fresh is given by the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from connector.config import Organisme
from connector.errors import SettingsError, StateError
from connector.pseudonymise import Organisation, Pseudonymiser

SIZE = 32  # bytes of a key or of a secret
Fresh = Callable[[int], bytes]


@dataclass(frozen=True)
class Generation:
    """A master key and the secrets that went with it. `maitre` is None when it rests outside the ring."""

    empreinte: str
    maitre: bytes | None = field(repr=False)
    secrets: Mapping[str, bytes] = field(repr=False)
    creee_le: str
    dehors: bool = False  # the master key rests where `[site] cle` says


@dataclass(frozen=True)
class KeyRing:
    """Every key that a site holds, the current generation last, and what was destroyed, with the day."""

    generations: tuple[Generation, ...] = ()
    organismes_detruits: Mapping[str, str] = field(default_factory=dict)
    detruit_le: str = ""

    @property
    def current(self) -> Generation:
        return self.generations[-1]

    def pseudonymiser(self, organismes: Iterable[Organisme], cle: str = "") -> Pseudonymiser:
        """What replaces identifiers under the current key, or under the one that `cle` names.

        Raises:
            StateError: that key is no longer there.
        """
        wanted = cle or self.current.empreinte
        for one in self.generations:
            if one.empreinte == wanted and one.maitre is not None:
                finess = {et: each.nom for each in organismes for et in each.etablissements}
                known = {et: nom for et, nom in finess.items() if nom in one.secrets}
                return Pseudonymiser(one.maitre, Organisation(one.secrets, known))
        raise StateError(f"La clé {wanted} de cet instantané n'est plus là ; lancez dui-connector collect.")


def proof_key(ring: KeyRing, organismes: Iterable[Organisme], finess_et: str, cle: str = "") -> bytes:
    """The key of the internal proofs of an ET, under the current master key or the one that `cle` names.

    It is derived with the secret of the ET's controller: destroying that secret closes its proofs.

    Raises:
        StateError: that key is no longer there.
    """
    wanted = cle or ring.current.empreinte
    owner = next((one.nom for one in organismes if finess_et in one.etablissements), "")
    for one in ring.generations:
        if one.empreinte == wanted and one.maitre is not None:
            if owner in ring.organismes_detruits:
                break
            secret = one.secrets.get(owner, b"")
            return HKDF(hashes.SHA256(), SIZE, salt=secret or None, info=b"dui-connector/preuve").derive(one.maitre)
    raise StateError(f"La clé {wanted} de cette preuve n'est plus là : sa partie interne ne peut plus être lue.")


def settled(
    ring: KeyRing | None, organismes: Iterable[Organisme], outside: bytes | None, fresh: Fresh, now: datetime
) -> KeyRing:
    """The ring that a collection needs: made at the first one, with a secret for each controller of the settings.

    Raises:
        SettingsError: the key outside is not the one of the ring, or a controller's key was destroyed.
        StateError: the key of the site was destroyed.
    """
    if ring is not None and ring.detruit_le:
        raise StateError(
            f"La clé du site a été détruite le {ring.detruit_le[:10]} ; pour recommencer avec une clé neuve : "
            "dui-connector key rotate."
        )
    if ring is None:
        ring = KeyRing((_generation(outside, fresh, now),))
    ring = _with_outside(ring, outside)
    names = [one.nom for one in organismes]
    for nom in names:
        if nom in ring.organismes_detruits:
            raise SettingsError(
                f"[[organisme]] « {nom} » : sa clé a été détruite le {ring.organismes_detruits[nom][:10]} ; "
                "retirez-le des réglages, ou donnez-lui un autre nom."
            )
    missing = {nom: fresh(SIZE) for nom in names if nom not in ring.current.secrets}
    if not missing:
        return ring
    return _with_current(ring, replace(ring.current, secrets={**ring.current.secrets, **missing}))


def rotated(ring: KeyRing | None, outside: bytes | None, fresh: Fresh, now: datetime) -> KeyRing:
    """The ring with a new master key and new secrets; the former ones stay for the snapshots made under them.

    Raises:
        SettingsError: the key rests outside and has not been changed there first.
    """
    ring = ring or KeyRing()
    new = _generation(outside, fresh, now)
    if any(one.empreinte == new.empreinte for one in ring.generations):
        raise SettingsError(
            "[site] cle : c'est toujours la même clé ; changez-la d'abord là où elle est, puis relancez."
        )
    names = ring.generations[-1].secrets if ring.generations else {}
    new = replace(new, secrets={nom: fresh(SIZE) for nom in names})
    return KeyRing((*ring.generations, new), ring.organismes_detruits)


def without_organisme(ring: KeyRing, nom: str, now: datetime) -> KeyRing:
    """The ring once the secrets of a controller are gone, in every generation.

    Raises:
        SettingsError: no such controller.
    """
    if not any(nom in one.secrets for one in ring.generations):
        known = ", ".join(sorted({name for one in ring.generations for name in one.secrets})) or "aucun"
        raise SettingsError(f"Organisme inconnu du trousseau : « {nom} » ; connus : {known}.")
    left = tuple(
        replace(one, secrets={name: secret for name, secret in one.secrets.items() if name != nom})
        for one in ring.generations
    )
    return replace(ring, generations=left, organismes_detruits={**ring.organismes_detruits, nom: now.isoformat()})


def destroyed(ring: KeyRing, now: datetime) -> KeyRing:
    """The ring once everything is gone: what remains says when."""
    return KeyRing((), ring.organismes_detruits, now.isoformat())


def forgetting(ring: KeyRing, needed: Iterable[str]) -> KeyRing:
    """The ring without the former generations that no snapshot needs any more."""
    kept = set(needed)
    former = tuple(one for one in ring.generations[:-1] if one.empreinte in kept)
    return replace(ring, generations=(*former, *ring.generations[-1:]))


def _generation(outside: bytes | None, fresh: Fresh, now: datetime) -> Generation:
    maitre = fresh(SIZE) if outside is None else outside
    return Generation(Pseudonymiser(maitre).fingerprint, maitre, {}, now.isoformat(), outside is not None)


def _with_outside(ring: KeyRing, outside: bytes | None) -> KeyRing:
    if outside is None:
        if ring.current.maitre is None:
            raise SettingsError("[site] cle : attendu la référence de la clé du site, qui manque ; remettez-la.")
        return ring
    found = Pseudonymiser(outside).fingerprint
    if found != ring.current.empreinte:
        raise SettingsError(
            f"[site] cle : la clé trouvée ({found}) n'est pas celle du site ({ring.current.empreinte}) ; remettez "
            "l'ancienne, ou adoptez la nouvelle : dui-connector key rotate."
        )
    return _with_current(ring, replace(ring.current, maitre=outside, dehors=True))


def _with_current(ring: KeyRing, current: Generation) -> KeyRing:
    return replace(ring, generations=(*ring.generations[:-1], current))
