"""`explain`: each person counted or not, and the one rule that decided. Local only."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli import options as given
from connector.errors import UsageError

if TYPE_CHECKING:
    from connector.cli.run import Opened
    from connector.indicators.evaluate import WindowMeasure
    from connector.indicators.explain import Explained
    from connector.indicators.explain_occurrences import Occurrence
    from connector.indicators.programme import Terms
    from connector.model.result import Result

Finess = Annotated[str, typer.Option("--finess", metavar="ET", help="FINESS de l'établissement.")]
Code = Annotated[str, typer.Option("--indicateur", metavar="CODE", help="Code de l'indicateur, par exemple dmp.")]
WARNING = "NE PAS DIFFUSER : cette liste désigne des personnes et ne doit pas quitter l'établissement."


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command()(explain)


def explain(
    date_mesure: given.Dates,
    finess: Finess,
    indicateur: Code,
    sources: given.Sources = None,
    programme: given.ProgrammeId = None,
    fenetre: given.Window = None,
    premiere_mesure: given.FirstMeasure = False,
    mapping: given.Mapping = None,
    config: given.Config = None,
    strict: given.Strict = False,
    as_json: bool = typer.Option(False, "--json", help="Écrit l'explication en JSON."),
) -> None:
    """Dit pour chaque personne si elle compte, et la règle qui l'a décidé (liste locale)."""
    from connector.access import record
    from connector.cli.run import Options, opened

    asked = Options(sources, date_mesure, programme, fenetre, premiere_mesure, mapping, config, strict)
    with opened(asked) as run:
        explanation = explained(run, finess, indicateur)
        journal = record(
            datetime.now().astimezone(), "explain", explanation.result.finess_et, indicateur, folder=run.folder
        )
        if as_json:
            _print_json(explanation)
        else:
            _print(explanation)
            sys.stdout.write(f"\nCette consultation est inscrite au journal des accès : {journal}\n")


class Explanation:
    """The result of one ET and indicator, with its persons and its occurrences."""

    def __init__(self, result: Result, persons: list[Explained], occurrences: list[Occurrence]) -> None:
        self.result = result
        self.persons = persons
        self.occurrences = occurrences


def explained(run: Opened, finess: str, code: str) -> Explanation:
    """Explain a result at the last date asked.

    Raises:
        UsageError: unknown ET or indicator, or no figure to explain.
    """
    from connector.indicators.catalogue import INDICATORS, Base
    from connector.indicators.explain import explain as explain_persons
    from connector.indicators.explain_occurrences import OCCURRENCES, explain_occurrences

    window, result, terms = _measured(run, finess, code)
    indicator = INDICATORS[code]
    base = Base(terms.denominators.get(code, indicator.base.value))
    persons = explain_persons(run.site, window, result.finess_et, code, base) if _over_persons(code) else []
    occurrences = explain_occurrences(run.site, result.finess_et, code, window.periode) if code in OCCURRENCES else []
    _verify(result, persons, occurrences)
    return Explanation(result, persons, occurrences)


def _over_persons(code: str) -> bool:
    from connector.indicators.catalogue import INDICATORS

    return INDICATORS[code].counts_persons or code == "mssante"


def _measured(run: Opened, finess: str, code: str) -> tuple[WindowMeasure, Result, Terms]:
    from connector.agent import request_at
    from connector.indicators.evaluate import evaluate, terms_by_et
    from connector.model.finess import normalise_finess

    if code not in run.asked.programme.indicateurs.liste:
        known = ", ".join(run.asked.programme.indicateurs.liste)
        raise UsageError(f"Indicateur inconnu de ce programme : « {code} » ; attendu {known}.")
    dates = list(run.asked.dates)
    request = request_at(run.site, run.settings, run.asked, len(dates) - 1, dates)
    terms = terms_by_et(run.site, request)
    wanted = run.site.directory.resolve(normalise_finess(finess) or "")
    for window in evaluate(run.site, request, terms):
        for result in window.results:
            if result.finess_et == wanted and result.indicateur == code:
                return window, result, terms[result.finess_et]
    known = ", ".join(list(run.site.directory.ets)[:10])
    raise UsageError(f"Établissement inconnu de ces sources : « {finess} » ; connus : {known}.")


def _verify(result: Result, persons: list[Explained], occurrences: list[Occurrence]) -> None:
    """The explanation adds up to the figures; anything else is a defect."""
    from connector.indicators.explain import Place
    from connector.model.result import Calcul

    if result.calcul is Calcul.NON_CALCULABLE:
        return
    counted = sum(one.place is Place.NUMERATOR for one in persons)
    inside = counted + sum(one.place is Place.DENOMINATOR for one in persons)
    numerator = sum(one.counted for one in occurrences) if occurrences or not persons else counted
    if result.indicateur == "mssante":
        numerator = sum(one.counted for one in occurrences)
    if numerator != result.numerateur or (result.denominateur is not None and inside != result.denominateur):
        raise RuntimeError("the explanation does not add up to the figures")


def _print(explanation: Explanation) -> None:
    from connector.model.wording import short
    from connector.reports.labels import reason, state_of

    result = explanation.result
    out = sys.stdout.write
    out(f"{WARNING}\n\n{result.finess_et}, {short(result.indicateur)}, du {result.periode.first:%d/%m/%Y}")
    out(f" au {result.periode.last:%d/%m/%Y} inclus\n")
    if result.motif is not None:
        out(f"{state_of(result).word} : {reason(result)}\n")
    for person in explanation.persons:
        mark = " (indéterminé)" if person.undetermined else ""
        place = person.place.value
        if result.indicateur == "mssante" and place == "compté":  # persons make the denominator, messages are below
            place = "au dénominateur"
        out(f"  {' + '.join(person.usagers):<20} {place:<22}{mark} {person.rule}\n")
    for occurrence in explanation.occurrences:
        out(f"  {occurrence.identifier:<40} {'compté' if occurrence.counted else 'non compté':<12} {occurrence.rule}\n")
    figures = "aucun chiffre" if result.numerateur is None else str(result.numerateur)
    if result.denominateur is not None and result.numerateur is not None:
        figures += f" / {result.denominateur}"
    out(f"\nTotal : {figures}, comme dans le résultat.\n")


def _print_json(explanation: Explanation) -> None:
    import orjson

    content = {
        "avertissement": WARNING,
        "finess_et": explanation.result.finess_et,
        "indicateur": explanation.result.indicateur,
        "numerateur": explanation.result.numerateur,
        "denominateur": explanation.result.denominateur,
        "personnes": [
            {
                "id_usager": list(one.usagers),
                "place": one.place.value,
                "indetermine": one.undetermined,
                "regle": one.rule,
            }
            for one in explanation.persons
        ],
        "occurrences": [
            {"id": one.identifier, "compte": one.counted, "regle": one.rule} for one in explanation.occurrences
        ],
    }
    sys.stdout.buffer.write(orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n")
