"""`outbox`: what waits, what was sent, what they answered, and what a person decides about it."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from connector.cli import options as given
from connector.cli.french import French
from connector.cli.site import DEFAULT, clock, opened_state
from connector.cli.watch import watch
from connector.errors import UsageError
from connector.model.counting import count_of

if TYPE_CHECKING:
    from connector.publish.ledger import Item

Numbers = Annotated[list[int], typer.Argument(metavar="N...", help="Numéros des transmissions.")]
Json = Annotated[bool, typer.Option("--json", help="Écrit le résultat en JSON.")]
Why = Annotated[str, typer.Option("--motif", metavar="TEXTE", help="Pourquoi ; gardé avec la transmission.")]
To = Annotated[
    Optional[str],  # noqa: UP045 - typer reads this form on every Python
    typer.Option("--destination", metavar="ID", help="Seulement vers cette destination."),
]


def register(app: typer.Typer) -> None:
    """Add the group to the command line."""
    group = French(no_args_is_help=True)
    group.command("list")(list_)
    group.command("show")(show)
    group.command("release")(release)
    group.command("retry")(retry)
    group.command("abandon")(abandon)
    app.add_typer(group, name="outbox", help="La file d'envoi : ce qui attend, ce qui est parti, ce qu'on a répondu.")


def list_(
    config: given.ServiceConfig = DEFAULT,
    etat: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            "--etat", metavar="ETAT", help="retenu, en_attente, en_cours, inconnu, accepte, rejete, abandonne."
        ),
    ] = None,
    destination: To = None,
    finess: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--finess", metavar="ET", help="Seulement cet établissement."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Donne les transmissions, les plus anciennes d'abord."""
    from connector.publish.ledger import listed
    from connector.publish.outbox import STATES
    from connector.publish.waits import open_until

    wrong = [one for one in etat or [] if one not in STATES]
    if wrong:
        raise UsageError(f"État inconnu : « {wrong[0]} » ; attendu {', '.join(STATES)}.")
    now = clock()
    with opened_state(config, now) as site, site.database.transaction() as connection:
        items = listed(connection, etat or (), destination, finess)
        alone = {name: open_until(connection, name, now) for name in {item.destination for item in items}}
    if as_json:
        _print([item._asdict() for item in items])
        return
    for item in items:
        window = f"{date.fromisoformat(item.debut):%d/%m/%Y} au {date.fromisoformat(item.fin):%d/%m/%Y}"
        head = f"{item.id:>6}  {item.etat:<10}  {item.destination}  {item.finess_et}  {item.programme}  {window}"
        said = f"  {item.motif}" if item.motif else ""
        sys.stdout.write(f"{head}  révision {item.revision}{said}{_next(item, alone, now)}\n")
    sys.stdout.write(f"{count_of(len(items), 'transmission', 'transmissions')}.\n")


def _next(item: Item, alone: Mapping[str, str], now: datetime) -> str:
    """When a submission that waits is tried next, unless that is at once."""
    from connector.publish.outbox import UNKNOWN, WAITING
    from connector.publish.waits import due
    from connector.status import local

    if item.etat not in (WAITING, UNKNOWN):
        return ""
    wanted = max("" if due(item.prochaine, now) else item.prochaine, alone[item.destination])
    return f"  (essai suivant le {local(datetime.fromisoformat(wanted))})" if wanted else ""


def show(
    numero: int = typer.Argument(metavar="N", help="Numéro de la transmission."),
    config: given.ServiceConfig = DEFAULT,
    corps: bool = typer.Option(False, "--corps", help="Écrit seulement le corps, à l'octet près."),
    as_json: Json = False,
) -> None:
    """Montre une transmission, ses tentatives et ce que le destinataire a répondu."""
    from connector.publish.decisions import one
    from connector.publish.ledger import shown
    from connector.publish.outbox import STATES, body_of

    with opened_state(config, clock()) as site, site.database.transaction() as connection:
        found, body = shown(connection, numero), body_of(one(connection, numero))
    if corps and not body:
        raise UsageError(f"Transmission {numero} : son corps a été effacé ([conservation]) ; son empreinte reste.")
    if corps:
        sys.stdout.flush()
        sys.stdout.buffer.write(body)
    elif as_json:
        _print(found)
    else:
        _describe(found, STATES[found["etat"]])


def _describe(found: dict[str, Any], meaning: str) -> None:
    for name, value in found.items():
        if name not in ("recus", "liberation") and value != "":
            sys.stdout.write(f"{name:<13} {value}{f' ({meaning})' if name == 'etat' else ''}\n")
    if found["liberation"]:
        release_of = found["liberation"]
        sys.stdout.write(
            f"{'liberation':<13} {release_of['instant']} par {release_of['utilisateur']} : {release_of['motif']}\n"
        )
    for receipt in found["recus"]:
        sys.stdout.write(f"{'reponse':<13} {receipt['instant']} {receipt['verdict']} {receipt['motif']}\n")


def release(numeros: Numbers, motif: Why, config: given.ServiceConfig = DEFAULT, as_json: Json = False) -> None:
    """Laisse partir une mesure qu'un constat bloquant retient, vers toutes ses destinations."""
    from connector.publish import decisions

    _said(motif)
    with opened_state(config, clock()) as site:
        with site.database.transaction() as connection:
            user = getpass.getuser()
            made = sum(decisions.release(connection, number, user, motif, clock()) for number in numeros)
        watch(site)
    _done("libérée", made, as_json=as_json)


def retry(
    numeros: Annotated[
        Optional[list[int]],  # noqa: UP045
        typer.Argument(metavar="N...", help="Numéros des transmissions.", show_default=False),
    ] = None,
    tout: bool = typer.Option(False, "--tout", help="Toutes celles qui ont été refusées, ou qui attendent."),
    destination: To = None,
    config: given.ServiceConfig = DEFAULT,
    as_json: Json = False,
) -> None:
    """Renvoie ce qui a été refusé ou abandonné, avec la même clé ; ce qui attend repart sans attendre."""
    from connector.publish.decisions import retry as again
    from connector.publish.ledger import listed
    from connector.publish.outbox import REJECTED, UNKNOWN, WAITING

    if bool(numeros) == tout:
        raise UsageError("Attendu des numéros de transmission, ou --tout.")
    with opened_state(config, clock()) as site:
        with site.database.transaction() as connection:
            ids = numeros or [item.id for item in listed(connection, [REJECTED, WAITING, UNKNOWN], destination)]
            made = again(connection, ids, site.signer(), clock())
        watch(site)
    _done("remise", made, " en attente", as_json=as_json)


def abandon(numeros: Numbers, motif: Why, config: given.ServiceConfig = DEFAULT, as_json: Json = False) -> None:
    """Renonce à une transmission ; elle reste dans la liste et peut être reprise par retry."""
    from connector.publish import decisions

    _said(motif)
    with opened_state(config, clock()) as site:
        with site.database.transaction() as connection:
            for number in numeros:
                decisions.abandon(connection, number, motif, clock())
        watch(site)
    _done("abandonnée", len(numeros), as_json=as_json)


def _said(motif: str) -> None:
    if not motif.strip():
        raise UsageError('Motif vide : dites pourquoi avec --motif, par exemple --motif "vérifié avec l\'équipe".')


def _done(what: str, number: int, where: str = "", *, as_json: bool) -> None:
    if as_json:
        _print({"transmissions": number})
    else:
        told = count_of(number, f"transmission {what}", f"transmissions {what}s")
        sys.stdout.write(f"{told}{where}.\n")


def _print(content: object) -> None:
    sys.stdout.write(json.dumps(content, ensure_ascii=False, indent=2) + "\n")
