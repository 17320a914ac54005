"""`key sign`: the key that signs what leaves; shown for enrolment, rotated, revoked."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import typer

from connector.cli import options as given
from connector.cli.french import French
from connector.cli.site import clock, opened_state
from connector.errors import UsageError

if TYPE_CHECKING:
    from connector.cli.site import OpenedState
    from connector.signature import PublicKey


def register(group: typer.Typer) -> None:
    """Add the verbs to the group `key`."""
    verbs = French(no_args_is_help=True)
    verbs.command("show")(show)
    verbs.command("rotate")(rotate)
    verbs.command("revoke")(revoke)
    group.add_typer(verbs, name="sign", help="La clé qui signe ce qui part.")


def show(
    config: given.Config = None,
    as_json: bool = typer.Option(False, "--json", help="Écrit les clés publiques en JSON (JWK set)."),
) -> None:
    """Montre la clé publique, à faire enregistrer par chaque destinataire, et les anciennes."""
    with opened_state(config, clock()) as site:
        signer = site.signer()
        listed = _listed(site)
    if as_json:
        known = [_entry(one) for one in listed] or [signer.public_jwk]
        sys.stdout.write(json.dumps({"keys": known}, ensure_ascii=False, indent=2) + "\n")
        return
    sys.stdout.write(
        f"Clé qui signe : {signer.kid} ({signer.algorithm})\n"
        f"À faire enregistrer par chaque destinataire :\n{json.dumps(signer.public_jwk, ensure_ascii=False)}\n"
    )
    for one in listed:
        if one.kid != signer.kid:
            sys.stdout.write(f"Ancienne clé : {one.kid}, {_fate(one)}\n")


def rotate(config: given.Config = None) -> None:
    """Signe désormais avec une nouvelle clé ; les anciennes restent vérifiables."""
    from connector.signature import rotate as new_key

    with opened_state(config, clock()) as site:
        _own(site)
        made = new_key(site.folder, clock())
    sys.stdout.write(f"Nouvelle clé : {made.kid}. Faites-la enregistrer : dui-connector key sign show.\n")


def revoke(
    kid: str = typer.Argument(metavar="KID", help="Empreinte de la clé, donnée par key sign show."),
    motif: str = typer.Option(..., "--motif", metavar="TEXTE", help="Pourquoi ; écrit dans la liste de révocation."),
    config: given.Config = None,
) -> None:
    """Révoque une clé ; si c'est celle qui signe, une nouvelle la remplace aussitôt."""
    from connector.signature import revoke as distrust

    with opened_state(config, clock()) as site:
        _own(site)
        made = distrust(site.folder, kid, motif, clock())
        path = site.folder / "signature" / "revocations.json"
    sys.stdout.write(f"Clé révoquée : {kid}. Transmettez {path} à vos destinataires.\n")
    if made is not None:
        sys.stdout.write(f"Nouvelle clé : {made.kid}. Faites-la enregistrer : dui-connector key sign show.\n")


def _own(site: OpenedState) -> None:
    if site.settings.signature.cle is not None:
        raise UsageError("La clé de [signature] n'est pas gérée ici : remplacez ou révoquez-la chez qui l'a émise.")


def _listed(site: OpenedState) -> tuple[PublicKey, ...]:
    from connector.signature import public_keys

    return () if site.settings.signature.cle is not None else public_keys(site.folder)


def _entry(key: PublicKey) -> dict[str, Any]:
    entry = {**key.jwk, "kid": key.kid, "alg": "Ed25519", "use": "sig", "cree_le": key.cree_le}
    return entry | ({"revoquee_le": key.revoquee_le, "motif": key.motif} if key.revoquee_le else {})


def _fate(key: PublicKey) -> str:
    return f"révoquée le {key.revoquee_le} ({key.motif})" if key.revoquee_le else f"créée le {key.cree_le}"
