"""Typer in French: its help pages and what it says of a command that was typed wrong.

Typer has no translation: its few fixed words are replaced in the pages that it draws, and its errors are told again
from what they are, since their English text has no fixed form.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import typer
from typer._click.exceptions import (  # no public name, and the version of typer is locked
    BadOptionUsage,
    MissingParameter,
    NoSuchOption,
    UsageError,
)
from typer.core import TyperCommand, TyperGroup

_FIXED = (
    (re.compile(r"^Usage: (?P<rest>.*)"), r"Utilisation : \g<rest>"),
    (re.compile(r"^(Arguments|Options):$"), r"\1 :"),
    (re.compile(r"Show this message and exit\."), "Affiche cette aide."),
    (re.compile(r"(?<=\[)default:"), "défaut :"),
    (re.compile(r"(?<=[;\[ ])required(?=[;\]])"), "obligatoire"),
    (re.compile(r"\[OPTIONS\] COMMAND \[ARGS\]\.\.\."), "[OPTIONS] COMMANDE [ARGUMENTS]"),
)
_WHOLE = 400  # characters, more than any sentence of a verb
_TYPE = re.compile(r"<(str|path|int|float|int range|list\[\w+\])>")
_TYPES = {"str": "TEXTE", "path": "CHEMIN"}  # no longer than the word that they replace, brackets included


def in_french(page: str) -> str:
    """A help page with the words of typer in French; those of the verbs are French already."""
    return "\n".join(_line(line) for line in page.splitlines())


def _line(line: str) -> str:
    for english, french in _FIXED:
        line = english.sub(french, line)
    option = line.lstrip().startswith("-")  # an argument has its name, and needs none for its value
    return _TYPE.sub(lambda kind: _value(kind, option), line).rstrip()


def _value(kind: re.Match[str], option: bool) -> str:
    """A name for a value, as wide as the one it replaces: what follows stays in its column."""
    word = _TYPES.get(kind[1], "N") if option else ""
    return word.ljust(len(kind[0]))


class _Command(TyperCommand):
    def get_help(self, ctx: Any) -> str:
        return in_french(super().get_help(ctx))


class _Group(TyperGroup):
    def get_help(self, ctx: Any) -> str:
        return in_french(super().get_help(ctx))

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - the signature of typer
        """Each verb with its whole sentence: half of one tells nothing."""
        rows = [(name, verb.get_short_help_str(_WHOLE)) for name, verb in self.commands.items() if not verb.hidden]
        with formatter.section("Commandes "):
            formatter.write_dl(rows)


class French(typer.Typer):
    """A group of verbs whose help is in French."""

    def __init__(self, **words: Any) -> None:
        super().__init__(cls=_Group, rich_markup_mode=None, **words)

    def command(self, name: str | None = None, **more: Any) -> Callable[[Any], Any]:
        """As in typer."""
        return super().command(name, **{"cls": _Command, **more})


def wrong_use(error: UsageError) -> str:
    """What is wrong with a command that was typed, in a sentence, and where to look."""
    path = error.ctx.command_path if error.ctx else "dui-connector"
    return f"{path} : {_fault(error)} ; « {path} --help » dit comment l'écrire."


def _fault(error: UsageError) -> str:
    if isinstance(error, MissingParameter):
        return f"il manque {_named(error)}"
    if isinstance(error, NoSuchOption):
        near = f" (proche : {error.possibilities[0]})" if error.possibilities else ""
        return f"option inconnue « {error.option_name} »{near}"
    if isinstance(error, BadOptionUsage):
        if "does not take" in error.message:
            return f"l'option « {error.option_name} » ne prend pas de valeur"
        return f"l'option « {error.option_name} » attend une valeur"
    if hasattr(error, "param"):
        return f"valeur inutilisable pour {_named(error)}{_wanted(error)}"
    return _refused(error.message)


def _named(error: Any) -> str:
    parameter = error.param
    if parameter is None:
        return "un argument"
    if parameter.param_type_name == "argument":
        return f"l'argument {(parameter.metavar or parameter.name).rstrip('.')}"
    return f"l'option {max(parameter.opts, key=len)}"


def _wanted(error: Any) -> str:
    """What the value of a number or of a path should be; nothing for another kind of value."""
    kinds = _leaves(getattr(getattr(error.param, "type_descriptor", None), "annotation", None))
    if Path in kinds:
        return " : lecture impossible, vérifiez les droits"
    if int not in kinds:
        return ""
    low, high = error.param.min, error.param.max
    bounds = f" de {low} à {high}" if high is not None else f" au moins égal à {low}" if low is not None else ""
    return f" : attendu un nombre entier{bounds}"


def _leaves(annotation: Any) -> set[Any]:
    """The types that an annotation is made of: int and NoneType for Optional[list[int]]."""
    inner = get_args(annotation)
    return set().union(*map(_leaves, inner)) if inner else {annotation}


def _refused(message: str) -> str:
    """A verb that is not one, or something too many."""
    quoted = re.findall(r"'([^']*)'", message)
    if message.startswith("No such command") and quoted:
        near = ", ".join(quoted[1:])
        return f"commande inconnue « {quoted[0]} »" + (f" (proche : {near})" if near else "")
    if message.startswith("Missing command"):
        return "il manque la commande"
    if extra := re.search(r"unexpected extra arguments?\W*(?:s\))? ?\((.*)\)", message):
        return f"en trop : {extra[1]}"
    return "commande mal écrite"
