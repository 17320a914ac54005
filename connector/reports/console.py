"""A measure on a terminal: readable in 80 columns, and in a log without colour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from connector.model.findings import Severity
from connector.model.result import Measure
from connector.reports.html_view import EtView, Line, Note, et_views, month_end_hint, notes_of
from connector.reports.labels import MOTIFS, State
from connector.reports.method import ProgrammeText
from connector.reports.overview import Tally, others_words, tallies
from connector.reports.text import clean, count_of, day, enumeration, group

SHOWN_ETS = 20
_SHOWN_NOTES = 8
_STYLES = {
    State.REACHED: "green",
    State.MISSED: "red",
    State.UNKNOWN: "yellow",
    State.NO_FIGURE: "dim",
    State.NO_TARGET: "",
}
_SEVERITY_STYLES = {Severity.BLOCKING: "bold red", Severity.ATTENTION: "yellow", Severity.INFO: "dim"}


def print_measure(console: Console, measure: Measure, programme: ProgrammeText) -> None:
    """Print each ET, the first 20 only, then how many ETs reach each target."""
    views = et_views(measure)
    console.print(Text(f"{clean(programme.intitule)}, mesure au {day(measure.date_mesure)}", style="bold"))
    hint = month_end_hint(measure.date_mesure, measure.resultats)
    if hint:
        console.print(Text(f"Attention : {hint}", style="yellow"))
    for view in views[:SHOWN_ETS]:
        _print_et(console, view)
    if len(views) > SHOWN_ETS:
        rest = len(views) - SHOWN_ETS
        others = count_of(rest, "autre établissement", "autres établissements")
        console.print(Text(f"\n… et {others}, à lire dans rapport.html ou rapport.xlsx.", style="bold"))
    named = {view.finess for view in views}
    general = notes_of((one for one in measure.constats if one.finess_et not in named), with_subject=True)
    if general:
        console.print(Text("\nConstats généraux", style="bold"))
        _print_notes(console, general)
    if len(views) > 1:
        _print_tallies(console, tallies(measure.resultats))


def _print_et(console: Console, view: EtView) -> None:
    console.print()
    console.print(Text(f"{view.finess}  {view.name}", style="bold"))
    if not view.lines:
        console.print(Text("Aucun indicateur n'a été calculé pour cet établissement."))
    else:
        convention = f", convention {view.convention}" if view.convention else ""
        console.print(Text(f"Période {view.period}{convention}"))
        # A Windows log in cp1252 has no sign for « reached »: the words are enough.
        console.print(_table(view.lines, symbols=not console.options.ascii_only))
    for words in [*_remarks(view.lines), *view.ceilings]:
        console.print(Padding(Text(words), (0, 0, 0, 2)))
    _print_notes(console, view.notes)


def _table(lines: Sequence[Line], *, symbols: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, collapse_padding=True)
    table.add_column("Indicateur")  # on a narrow terminal words go to the line, and no number is cut
    for title in ("Chiffres", "Taux", "Cible"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("Résultat")
    table.add_column("Manque", justify="right", no_wrap=True)
    for line in lines:
        figure = "" if line.state in {State.NO_FIGURE, State.UNKNOWN} else line.rate  # the state says it
        missing = group(line.result.manquants or 0) if line.state is State.MISSED else ""
        state = Text(line.state.text if symbols else line.state.word, style=_STYLES[line.state])
        table.add_row(line.short, line.figures, figure, line.target, state, missing)
    return table


def _remarks(lines: Sequence[Line]) -> list[str]:
    """Why figures are missing or do not bind, each reason once for all its indicators."""
    groups: dict[str, list[str]] = {}
    for line in lines:
        if line.result.motif:
            groups.setdefault(MOTIFS[line.result.motif], []).append(line.short)
        if not line.binding:
            reference = clean(line.result.reference or "référence non précisée")
            groups.setdefault(f"cible non opposable ({reference}).", []).append(line.short)
    return [f"{enumeration(names)} : {words[0].lower()}{words[1:]}" for words, names in groups.items()]


def _print_notes(console: Console, notes: Sequence[Note]) -> None:
    """The gravest findings, then how many more there are: a log line must stay short."""
    for note in notes[:_SHOWN_NOTES]:
        subject = f"{note.subject} : " if note.subject else ""
        line = Text.assemble(
            (f"{note.word} : ", _SEVERITY_STYLES[note.severity]), f"{subject}{note.sentence} {note.advice}".rstrip()
        )
        console.print(Padding(line, (0, 0, 0, 2)))
    rest = Counter(note.word for note in notes[_SHOWN_NOTES:])
    if rest:
        kinds = ", ".join(f"{group(count)} « {word} »" for word, count in rest.items())
        console.print(Padding(Text(f"… et d'autres constats : {kinds}."), (0, 0, 0, 2)))


def _print_tallies(console: Console, counts: Sequence[Tally]) -> None:
    if not counts:
        return
    console.print(Text("\nÉtablissements qui atteignent chaque cible", style="bold"))
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, collapse_padding=True)
    table.add_column("Indicateur", no_wrap=True)
    table.add_column("Cible", no_wrap=True)
    table.add_column("Atteinte par", justify="right", no_wrap=True)
    table.add_column("Les autres")
    for one in counts:
        reached = f"{group(one.by_state[State.REACHED])} sur {group(one.binding)}"
        table.add_row(one.short, one.target, reached, ", ".join(others_words(one)))
    console.print(table)
