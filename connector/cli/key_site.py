"""`key backup|restore|rotate|destroy`: the keys that make pseudonyms. Each is written in the access journal."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from connector.cli import options as given
from connector.cli.site import clock, opened_state, outside_key, read_file
from connector.disk import why
from connector.errors import StateError, UsageError

if TYPE_CHECKING:
    from connector.cli.site import OpenedState
    from connector.keys import KeyRing

Phrase = Annotated[
    Optional[str],  # noqa: UP045 - typer reads this form on every Python
    typer.Option(
        "--phrase", metavar="REF", help="Phrase secrète par référence (env:, file:, keyring:) ; sinon demandée."
    ),
]
Yes = Annotated[bool, typer.Option("--oui", help="Ne demande pas de confirmation.")]


def register(group: typer.Typer) -> None:
    """Add the verbs to the group `key`."""
    for verb in (backup, restore, rotate, destroy):
        group.command()(verb)


def backup(
    fichier: Annotated[Path, typer.Argument(metavar="FICHIER", help="Fichier à écrire, scellé par la phrase.")],
    config: given.Config = None,
    phrase: Phrase = None,
) -> None:
    """Sauvegarde les clés du site, celle qui signe comprise, dans un fichier que seule une phrase secrète ouvre."""
    from connector.disk import write_synced

    with opened_state(config, clock()) as site:
        sealed = sealed_keys(site, phrase)
        try:
            write_synced(fichier, sealed, private=True)
        except OSError as error:
            raise UsageError(f"{fichier} : écriture impossible ({why(error)}) ; vérifiez le chemin.") from None
        _journal(site, "key backup")
    sys.stdout.write(
        f"Clés sauvegardées dans {fichier}. Sans la phrase, personne ne les ouvrira : gardez-la ailleurs.\n"
    )


def restore(
    fichier: Annotated[Path, typer.Argument(metavar="FICHIER", help="Sauvegarde faite par key backup.")],
    config: given.Config = None,
    phrase: Phrase = None,
    oui: Yes = False,
) -> None:
    """Rétablit les clés du site depuis une sauvegarde."""
    with opened_state(config, clock()) as site:
        ring, signature = _keys_of(read_file(fichier), asked_phrase(site, phrase, twice=False), fichier)
        _spare(site, ring, oui)
        _put_back(site, ring, signature)
        _journal(site, "key restore")
    sys.stdout.write(f"Clés rétablies : {ring.current.empreinte}.\n")


def rotate(config: given.Config = None, oui: Yes = False) -> None:
    """Remplace les clés : la collecte suivante commence une nouvelle lignée de pseudonymes."""
    from connector.keys import read_ring, rotated, write_ring

    with opened_state(config, clock()) as site:
        former = read_ring(site.folder)
        ring = rotated(former, outside_key(site), secrets.token_bytes, clock())
        confirm(
            "Les pseudonymes changeront : toutes les sources seront relues, et ce qu'elles ne donnent plus sera perdu.",
            oui,
        )
        write_ring(site.folder, ring)
        _journal(site, "key rotate")
    sys.stdout.write(
        f"Nouvelle clé : {ring.current.empreinte}. L'ancienne reste le temps des instantanés faits avec elle ; "
        "sauvegardez la nouvelle (dui-connector key backup), puis lancez dui-connector collect.\n"
    )


def destroy(
    config: given.Config = None,
    organisme: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--organisme", metavar="NOM", help="Détruit les clés de cet organisme seulement."),
    ] = None,
    site_entier: Annotated[bool, typer.Option("--site", help="Détruit toutes les clés du site.")] = False,
    oui: Yes = False,
) -> None:
    """Détruit des clés, sans retour : leurs pseudonymes ne pourront plus être refaits."""
    from connector.keys import destroyed, without_organisme, write_ring

    if (organisme is None) == (not site_entier):
        raise UsageError("Que détruire ? Donnez --organisme NOM, ou --site.")
    with opened_state(config, clock()) as site:
        ring = known_ring(site)
        left = destroyed(ring, clock()) if organisme is None else without_organisme(ring, organisme, clock())
        confirm("Cette destruction est définitive. Les sauvegardes de ces clés doivent être détruites aussi.", oui)
        write_ring(site.folder, left)
        _journal(site, "key destroy", organisme or "site")
    what = f"Clés de l'organisme « {organisme} » détruites" if organisme else "Clés du site détruites"
    outside = " La clé maître est ailleurs ([site] cle) : détruisez-la là aussi." if site.settings.site.cle else ""
    sys.stdout.write(f"{what}.{outside}\n")


def known_ring(site: OpenedState) -> KeyRing:
    """The keys of the site as they are. Raises StateError when there is none, SettingsError when they do not match."""
    from connector.keys import read_ring, settled

    ring = read_ring(site.folder)
    if ring is None:
        raise StateError(f"{site.folder} : aucune clé ; la première collecte en fait une (dui-connector collect).")
    return settled(ring, (), outside_key(site), secrets.token_bytes, clock())


def sealed_keys(site: OpenedState, phrase: str | None) -> bytes:
    """Every key of the site, the one that signs included, sealed by a passphrase. Raises ConnectorError."""
    import orjson

    from connector.keys import dumps
    from connector.sealed import NONCE, SALT, seal
    from connector.signature import exported

    ring = known_ring(site)
    words = asked_phrase(site, phrase, twice=True)
    content = orjson.loads(dumps(ring, whole=True)) | {"signature": exported(site.folder)}
    return seal(orjson.dumps(content), words, secrets.token_bytes(SALT), secrets.token_bytes(NONCE))


def put_back(site: OpenedState, sealed: bytes, phrase: str | None, fichier: Path) -> None:
    """Put the keys of a sealed content in place of those of the site. Raises ConnectorError."""
    _put_back(site, *_keys_of(sealed, asked_phrase(site, phrase, twice=False), fichier))


def _put_back(site: OpenedState, ring: KeyRing, signature: dict[str, str]) -> None:
    from connector.keys import write_ring
    from connector.signature import adopt

    write_ring(site.folder, ring)
    adopt(site.folder, signature)


def _keys_of(sealed: bytes, phrase: str, fichier: Path) -> tuple[KeyRing, dict[str, str]]:
    """The ring and the signing files that a sealed content holds. Raises SettingsError."""
    import orjson

    from connector.keys import loads
    from connector.sealed import unseal

    content = unseal(sealed, phrase, str(fichier))
    return loads(content), dict(orjson.loads(content).get("signature", {}))


def asked_phrase(site: OpenedState, reference: str | None, *, twice: bool) -> str:
    """The passphrase: by reference, else typed. Raises SettingsError."""
    if reference is not None:
        return site.secret(reference, "--phrase")
    if not sys.stdin.isatty():
        raise UsageError("Phrase secrète : personne n'est là pour la taper ; ajoutez --phrase, par exemple env:PHRASE.")
    typed: str = typer.prompt("Phrase secrète", hide_input=True, err=True)
    if twice and typer.prompt("La même, encore une fois", hide_input=True, err=True) != typed:
        raise UsageError("Les deux phrases diffèrent : rien n'a été écrit, recommencez.")
    return typed


def confirm(warning: str, yes: bool) -> None:
    """Ask before what cannot be undone. Raises UsageError when the answer is no, or nobody is there to give it."""
    if yes:
        return
    sys.stderr.write(f"{warning}\n")
    if not sys.stdin.isatty() or not _agreed():
        raise UsageError("Rien n'a été changé ; confirmez, ou ajoutez --oui.")


def _agreed() -> bool:
    answer: str = typer.prompt("Continuer ? [o/N]", default="", show_default=False, err=True)
    return answer.strip().casefold() in ("o", "oui")


def _spare(site: OpenedState, ring: KeyRing, yes: bool) -> None:
    """Other keys that are there now are not lost by mistake."""
    from connector.keys import read_ring

    present = read_ring(site.folder)
    known = {one.empreinte for one in present.generations} if present else set()
    if known - {one.empreinte for one in ring.generations}:
        confirm("D'autres clés sont là, que cette sauvegarde ne contient pas : elles seront perdues.", yes)


def _journal(site: OpenedState, verb: str, what: str = "") -> None:
    from connector.access import record

    record(clock(), verb, indicateur=what, folder=site.folder)
