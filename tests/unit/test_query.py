"""A query is one reading; `:depuis` is its only parameter."""

from __future__ import annotations

import pytest

from connector.query import has_since, literal, plain, refusal, words_of

READ = "une requête qui lit, rien d'autre"
START = "une requête qui commence par SELECT ou WITH"


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1",
        "  -- les usagers\nselect * from t;",
        "/* ; */ WITH a AS (SELECT 'DELETE; :x' AS b) SELECT \"update\", [drop], `set` FROM a ; -- fin",
        "SELECT a::text, 'l''été' FROM t WHERE d >= :depuis",
        r"SELECT 'c:\temp' FROM t WHERE x = 'a\'b; DROP'",
        "SELECT $x$ DELETE ; $x$, TO_CHAR(d, 'HH24:MI:SS'), updated_at, replace(a, 'b', '') FROM t",
    ],
)
def test_a_reading_is_accepted(query: str) -> None:
    """Whatever its strings, quoted names and comments hold."""
    assert refusal(query) is None


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("DELETE FROM t", (START, "DELETE")),
        ("-- rien", (START, "aucun mot SQL")),
        ("(SELECT 1); EXEC xp_cmdshell 'dir'", (READ, "le mot EXEC")),
        ("WITH a AS (DELETE FROM t RETURNING *) SELECT * FROM a", (READ, "le mot DELETE")),
        ("SELECT * INTO copie FROM t", (READ, "le mot INTO")),
        ("SELECT * FROM t FOR UPDATE", (READ, "le mot UPDATE")),
        ("SELECT 1; SELECT 2", ("une seule requête", "plusieurs, séparées par « ; »")),
        ("SELECT * FROM t WHERE d > :debut", ("le seul paramètre « :depuis »", ":debut")),
    ],
)
def test_anything_else_is_refused(query: str, told: tuple[str, str]) -> None:
    """What was expected, and the first thing found that is not it."""
    assert refusal(query) == told


def test_a_query_is_given_to_a_driver_without_comment_nor_end() -> None:
    """A comment at the end would swallow what a driver adds after it."""
    query = "SELECT 'a -- b', 50 % 3 FROM t /* x */ WHERE d >= :depuis AND e = ':depuis' ; -- fin"
    assert (
        plain(query, "%s", double_percent=True) == "SELECT 'a -- b', 50 %% 3 FROM t   WHERE d >= %s AND e = ':depuis'"
    )
    assert plain("SELECT 1 ;\n") == "SELECT 1"
    assert has_since(query)
    assert not has_since("SELECT ':depuis', a::depuis -- :depuis")


def test_a_position_cannot_leave_its_string() -> None:
    """A number stays one where the column is one; anything else is a string without a quote inside."""
    assert literal("2025-03-01 10:00:00.5Z", number=False) == "'2025-03-01 10:00:00.5Z'"
    assert literal("x' OR 1=1 --\\", number=True) == "'x OR 11 --'"
    assert literal("-12.5", number=True) == "-12.5"
    assert literal("12", number=False) == "'12'"


def test_the_names_of_a_query_are_those_that_a_message_may_show() -> None:
    """A name in a comment is no name of the query."""
    assert words_of('SELECT t."Date maj" FROM [dbo].t -- DUPONT') == {"SELECT", "t", "Date", "maj", "FROM", "dbo"}
