"""What a person reads who types a command wrong, or asks for help: French sentences, whole."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.lib.docs import verbs_of
from tests.lib.run import in_process

ENGLISH = re.compile(
    r"\b(?:Usage|Options:|Commands|Arguments:|Show|Try|Error|Missing|Invalid|default|required|Aborted)\b|<\w+>"
)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (("audit",), "dui-connector audit : il manque l'option --date-mesure"),
        (
            ("explain", "--date-mesur"),
            "dui-connector explain : option inconnue « --date-mesur » (proche : --date-mesure)",
        ),
        (("audti",), "dui-connector : commande inconnue « audti » (proche : audit)"),
        (("mapping", "xyz"), "dui-connector mapping : commande inconnue « xyz »"),
        (("template",), "dui-connector template : il manque l'argument FICHIER.xlsx"),
        (("diff", "a", "b", "c"), "dui-connector diff : en trop : c"),
        (("audit", "--date-mesure"), "dui-connector : l'option « --date-mesure » attend une valeur"),
        (("publish", "--simulation=3"), "dui-connector : l'option « --simulation » ne prend pas de valeur"),
        (
            ("mapping", "check", "m.toml", "--limite", "beaucoup"),
            "dui-connector mapping check : valeur inutilisable pour l'option --limite : attendu un nombre entier "
            "au moins égal à 1",
        ),
    ],
)
def test_a_wrong_command_is_told_in_french(typed: tuple[str, ...], told: str) -> None:
    """One sentence: the command, what is wrong, where to look; nothing on the standard output, code 2."""
    ran = in_process(*typed)
    path = told.partition(" :")[0]
    assert (ran.code, ran.out, ran.err) == (2, "", f"{told} ; « {path} --help » dit comment l'écrire.\n")


def _pages() -> Iterator[tuple[str, ...]]:
    yield ()
    yield from verbs_of()


@pytest.mark.parametrize("verb", list(_pages()), ids=" ".join)
def test_no_help_page_has_a_word_of_english(verb: tuple[str, ...]) -> None:
    """Help is for the people who use it: nothing of the library shows through."""
    ran = in_process(*verb, "--help")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("Utilisation : dui-connector")
    assert not ENGLISH.findall(ran.out)


def test_the_list_of_verbs_cuts_no_sentence() -> None:
    """Half a sentence tells nothing."""
    assert "..." not in in_process("--help").out


def test_no_command_at_all_shows_the_help() -> None:
    """The program alone is a question: it is answered, with the code of a wrong use."""
    ran = in_process()
    assert (ran.code, ran.out, ran.err) == (2, "", in_process("--help").out)
