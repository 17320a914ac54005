"""A log line holds what the allow-list names, in the form it names, and nothing else."""

from __future__ import annotations

import io
import json

import pytest

from connector.log import logger


def _line(**fields: object) -> dict[str, object]:
    stream = io.StringIO()
    logger(stream).info("un travail est fini", **fields)
    line: dict[str, object] = json.loads(stream.getvalue())
    assert line.pop("instant")
    return line


def test_a_field_of_the_list_is_logged() -> None:
    """What the list names is written as it is."""
    assert _line(verbe="collect", code=0) == {
        "event": "un travail est fini",
        "level": "info",
        "verbe": "collect",
        "code": 0,
    }


def test_any_other_field_is_dropped() -> None:
    """A field that nobody listed does not reach the line, whatever it holds."""
    assert _line(id_usager="u1", matricule="279035121518989") == {"event": "un travail est fini", "level": "info"}


@pytest.mark.parametrize("value", ["279035121518989", "Mme Martin", "a@b.mssante.fr", "x" * 200])
def test_a_value_without_the_form_of_its_field_is_hidden(value: str) -> None:
    """A listed field cannot carry something else than what it is for."""
    assert _line(verbe=value, finess_et=value)["verbe"] == "écarté"
