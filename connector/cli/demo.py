"""`demo`: a realistic site, audited at once."""

from __future__ import annotations

from pathlib import Path

import typer


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command()(demo)


def demo(
    dossier: Path = typer.Argument(Path("demo"), metavar="DIR", help="Dossier à créer."),
    graine: int = typer.Option(1, "--graine", help="Même graine, même site, à l'octet près."),
) -> None:
    """Crée un site de démonstration dans chaque format, et mesure aussitôt ses fichiers pivot."""
    from connector.cli.audit import run_audit
    from connector.cli.run import Options
    from connector.cli.site import writing

    exports = dossier / "exports"
    with writing(dossier):
        _write(dossier, exports, graine)
    run_audit(
        Options([exports], ["2025-04-01"], "esms-2025", None, False, None, None, False),
        dossier / "audit",
        as_json=False,
    )


def _write(folder: Path, exports: Path, seed: int) -> None:
    """The site in pivot files, then in each other format."""
    from datetime import date

    from connector.demo import courriels, database, fhir_echanges, hl7v2, mapped, pdsm, pivot, postfix, tddui, xds
    from connector.demo.organisation import Organisation

    organisation = Organisation(seed, date_mesure=date(2025, 4, 1))
    pivot.write(organisation, exports)
    others = {"correspondance": mapped, "tddui": tddui, "hl7v2": hl7v2, "xds": xds, "pdsm": pdsm, "postfix": postfix}
    others["courriels"] = courriels
    others["echanges"] = fhir_echanges
    for name, writer in others.items():
        writer.write(organisation, folder / "autres-formats" / name)
    database.write(organisation, folder / "autres-formats" / "base" / f"{database.SQL_DUI}.sqlite")
