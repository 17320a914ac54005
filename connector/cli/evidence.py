"""`evidence`: hand out the proof of a measure, and check one that was received."""

from __future__ import annotations

import sys
from datetime import date, datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from connector.cli import options as given
from connector.cli.french import French
from connector.cli.site import read_file
from connector.disk import why
from connector.errors import SourceDataError, UsageError

if TYPE_CHECKING:
    from connector.cli.site import OpenedState
    from connector.evidence.archive import Opened
    from connector.evidence.verify import Check
    from connector.model.edition import Edition

group = French(no_args_is_help=True, help="Preuves : remettre celle d'une mesure, vérifier celle qu'on a reçue.")

Finess = Annotated[str, typer.Option("--finess", metavar="ET", help="FINESS de l'établissement.")]
Day = Annotated[str, typer.Option("--date-mesure", metavar="D", help="Date de mesure, par exemple 2025-04-01.")]
Trusted = Annotated[
    list[Path],
    typer.Option("--cle", metavar="FICHIER", help="Clé publique (JWK, PEM) ou certificat de confiance ; répétable."),
]
Internal = Annotated[
    Optional[Path],  # noqa: UP045 - typer reads this form on every Python
    typer.Option("--interne", metavar="FICHIER", help="Partie interne, à recalculer sur le site (demande --config)."),
]


def register(app: typer.Typer) -> None:
    """Add the verbs to the command line."""
    app.add_typer(group, name="evidence")


@group.command()
def create(
    finess: Finess,
    date_mesure: Day,
    output: given.Output,
    programme: given.ProgrammeId = None,
    config: given.ServiceConfig = Path("connecteur.toml"),
) -> None:
    """Remet la preuve d'une mesure : l'archive à transmettre, et une attestation d'une page, signée."""
    from connector.cli.site import opened_state

    now = datetime.now(timezone.utc)
    with opened_state(config, now) as site:
        edition = _edition(site, finess, given.parse_day(date_mesure), programme)
        written = _hand_out(site, edition, output)
    sys.stdout.write("\n".join(f"Écrit : {path}" for path in written) + "\n")


@group.command()
def verify(
    preuve: Annotated[Path, typer.Argument(metavar="PREUVE", help="Archive de preuve (.zip), ou attestation (.pdf).")],
    cle: Trusted,
    interne: Internal = None,
    config: given.ServiceConfig = Path("connecteur.toml"),
    as_json: bool = typer.Option(False, "--json", help="Écrit les vérifications en JSON."),
) -> None:
    """Vérifie une preuve : signature, recompte, et sur le site le recalcul de tout."""
    from connector.evidence.archive import open_external
    from connector.evidence.verify import Check, verify_external
    from connector.signature import load_trust, verify_detached

    trusted, now = load_trust(cle), datetime.now(timezone.utc)

    def authenticate(body: bytes, signature: str) -> str:
        signed = verify_detached(body, signature, trusted, now)
        return f"clé {signed.kid}" + (f" ({signed.sujet})" if signed.sujet else "")

    content = read_file(preuve)
    if content.startswith(b"%PDF-"):
        signature = read_file(preuve.with_name(preuve.name + ".jws")).decode("ascii", "replace")
        checks = [Check(True, f"attestation : signature valide, {authenticate(content, signature)}")]
    else:
        proof = open_external(content, preuve.name)
        checks = verify_external(proof, authenticate)
        if interne is not None:
            checks += _inspect(proof, interne, config, now)
    _tell(checks, as_json=as_json)
    if not all(check.ok for check in checks):
        raise typer.Exit(SourceDataError.exit_code)


def _edition(site: OpenedState, finess: str, day: date, programme: str | None) -> Edition:
    """The last revision of the edition asked."""
    from connector.state.editions import current

    with site.database.transaction() as connection:
        found = [
            one.edition
            for one in current(connection, programme=programme or "", on=day)
            if one.edition.finess_et == finess
        ]
    if not found:
        raise UsageError(
            f"Aucune mesure de {finess} au {day:%d/%m/%Y} ; « dui-connector status » dit ce qui est mesuré."
        )
    if len({one.programme for one in found}) > 1:
        raise UsageError(f"{finess} est mesuré sous plusieurs programmes : précisez --programme.")
    return found[-1]


def _hand_out(site: OpenedState, edition: Edition, output: Path) -> list[Path]:
    from connector.disk import write_synced
    from connector.evidence.archive import digest, external, open_external
    from connector.evidence.attestation import attestation
    from connector.evidence.places import EXTERNAL, folder_of

    proof = read_file(folder_of(edition, site.folder) / EXTERNAL)
    signer = site.signer()
    opened = open_external(proof, EXTERNAL)
    if signer.must_replace(opened.signature):  # nobody would believe the key that was revoked since
        proof = external(opened.measure, opened.persons, signer.sign(opened.measure))
    engagement = opened.content["engagement"]
    page = attestation(edition, digest(proof), engagement, signer.kid)
    name = f"{edition.finess_et}-{edition.programme}-{edition.fin}-r{edition.revision}"
    files = {
        output / f"preuve-{name}.zip": proof,
        output / f"attestation-{name}.pdf": page,
        output / f"attestation-{name}.pdf.jws": signer.sign(page).encode(),
    }
    try:
        output.mkdir(parents=True, exist_ok=True)
        for path, content in files.items():
            write_synced(path, content)
    except OSError as error:
        raise UsageError(f"{output} : écriture impossible ({why(error)}) ; vérifiez le dossier.") from None
    return list(files)


def _inspect(proof: Opened, internal: Path, config: Path, now: datetime) -> list[Check]:
    """Everything computed again from the internal part; a consultation that the access journal keeps."""
    from connector.access import record
    from connector.cli.measure import site_ring
    from connector.cli.site import opened_state
    from connector.evidence.archive import key_name, unsealed
    from connector.evidence.inspect import verify_internal
    from connector.keys import proof_key
    from connector.scratch import working_folder

    content = read_file(internal)
    with opened_state(config, now) as site:
        finess = str(proof.content.get("finess_et"))
        key = proof_key(site_ring(site, now), site.settings.organisme, finess, key_name(content, internal.name))
        lines, seed = unsealed(content, key, internal.name)
        record(now, "evidence verify", finess, folder=site.folder)
        with working_folder(site.folder) as scratch:
            return verify_internal(proof, lines, seed, scratch)


def _tell(checks: list[Check], *, as_json: bool) -> None:
    if as_json:
        import orjson

        content = {"verifie": all(check.ok for check in checks), "points": [check._asdict() for check in checks]}
        sys.stdout.buffer.write(orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n")
        return
    from connector.model.counting import count_of

    for check in checks:
        sys.stdout.write(f"{'OK     ' if check.ok else 'ÉCHEC  '}{check.text}\n")
    failed = sum(not check.ok for check in checks)
    wrong = f"{count_of(failed, 'point', 'points')} en échec : ne retenez pas cette preuve."
    conclusion = wrong if failed else "Preuve vérifiée."
    sys.stdout.write(f"\n{conclusion}\n")
