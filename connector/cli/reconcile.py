"""`reconcile`: the vendor's figures, or its list of ids, beside ours. Local only."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli import options as given
from connector.cli.explain import WARNING, explained

if TYPE_CHECKING:
    from connector.cli.run import Opened
    from connector.reconcile import Key, VendorFigures

Vendor = Annotated[
    Path,
    typer.Option("--editeur", metavar="FICHIER", help="CSV de l'éditeur : chiffres, ou liste d'identifiants."),
]


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command()(reconcile)


def reconcile(
    date_mesure: given.Dates,
    editeur: Vendor,
    sources: given.Sources = None,
    programme: given.ProgrammeId = None,
    fenetre: given.Window = None,
    premiere_mesure: given.FirstMeasure = False,
    mapping: given.Mapping = None,
    config: given.Config = None,
    strict: given.Strict = False,
) -> None:
    """Compare les chiffres de l'éditeur aux nôtres, personne par personne (liste locale)."""
    from connector.access import record
    from connector.cli.run import Options, opened
    from connector.reconcile import load_vendor

    vendor = load_vendor(editeur)
    asked = Options(sources, date_mesure, programme, fenetre, premiere_mesure, mapping, config, strict)
    with opened(asked) as run:
        sys.stdout.write(f"{WARNING}\n\n")
        for key in sorted(vendor.figures.keys() | vendor.ids.keys()):
            record(datetime.now().astimezone(), "reconcile", *key, folder=run.folder)
            _compare(run, key, vendor)


def _compare(run: Opened, key: Key, vendor: VendorFigures) -> None:
    from connector.indicators.explain import Place
    from connector.model.counting import count_of
    from connector.model.wording import short

    explanation = explained(run, *key)
    result = explanation.result
    ours = "aucun chiffre" if result.numerateur is None else f"{result.numerateur}"
    if result.denominateur is not None:
        ours += f" / {result.denominateur}"
    out, what = sys.stdout.write, f"{key[0]}, {short(key[1])}"
    if key in vendor.figures:
        numerator, denominator = vendor.figures[key]
        theirs = f"{numerator}" + (f" / {denominator}" if denominator is not None else "")
        out(f"{what} : éditeur {theirs}, nous {ours} : {'identique' if theirs == ours else 'écart'}\n")
    if key not in vendor.ids:
        return
    counted = {one for person in explanation.persons if person.place is Place.NUMERATOR for one in person.usagers}
    rules = {one: person.rule for person in explanation.persons for one in person.usagers}
    theirs_only, ours_only = vendor.ids[key] - counted, counted - vendor.ids[key]
    out(f"{what} : éditeur {count_of(len(vendor.ids[key]), 'personne', 'personnes')}, nous {ours}\n")
    for one in sorted(theirs_only):
        out(f"  {one:<20} compté par l'éditeur, pas par nous : {rules.get(one, 'usager inconnu de nos sources')}\n")
    for one in sorted(ours_only):
        out(f"  {one:<20} compté par nous, pas par l'éditeur : {rules[one]}\n")
    if not theirs_only and not ours_only:
        out("  mêmes personnes\n")
