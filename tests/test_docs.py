"""The documentation says what the program does."""

from __future__ import annotations

import inspect
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from connector.adapters.registry import names
from connector.config import Settings
from connector.errors import ConnectorError
from connector.indicators.catalogue import INDICATORS
from connector.mapping import MappingFile, TableMapping
from connector.model.findings import FINDINGS
from connector.model.result import Calcul, Motif
from connector.model.tables import TABLES
from tests.lib.docs import EXIT_CODES, PAGES, ROOT, anchors, code_blocks, links, programmes, read, verbs_of
from tests.spec.page import MODULES, module, rules_of, written

_ELSEWHERE = (ROOT / "connector" / "adapters" / "README.md", ROOT / "tests" / "plugin_exemple" / "README.md")
MARKDOWN = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *_ELSEWHERE])
LINE = 140


def test_the_readme_gives_the_two_commands() -> None:
    """Someone who reads only the README can set everything up."""
    text = read("README.md")
    assert "make demo" in text
    assert "make test" in text


@pytest.mark.parametrize("name", PAGES)
def test_a_drawn_page_is_what_the_code_says(name: str) -> None:
    """`make docs` was run after the last change."""
    assert read(name) == PAGES[name]()


def test_every_rule_is_published() -> None:
    """A new spec module has its place in the page, a title, and one French sentence per test."""
    assert sorted(MODULES) == sorted(written())
    for name in MODULES:
        assert inspect.getdoc(module(name))
        for test in rules_of(module(name)):
            sentence = inspect.getdoc(test) or ""
            assert sentence.endswith("."), f"{name}.{test.__name__}"
            assert "\n" not in sentence, f"{name}.{test.__name__}"


def test_every_verb_is_documented() -> None:
    """Each verb has its help on the page of the command line."""
    text = read("docs/ligne-de-commande.md")
    assert [verb for verb in map(" ".join, verbs_of()) if f"\n## `{verb}`\n" not in text] == []


def test_every_exit_code_is_documented() -> None:
    """An exit code that a script may meet is in the README and on the page of the command line."""
    raised = {ConnectorError.exit_code, *(kind.exit_code for kind in _below(ConnectorError))}
    assert raised | {0} == EXIT_CODES.keys()
    assert [code for code in EXIT_CODES if f"\n| {code} | " not in read("README.md")] == []


def _below(kind: type[ConnectorError]) -> Iterator[type[ConnectorError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _below(child)


def test_every_finding_is_documented() -> None:
    """Each finding code has its section."""
    text = read("docs/constats.md")
    assert [code for code in FINDINGS if f"\n### `{code}`\n" not in text] == []


def test_every_indicator_and_programme_is_documented() -> None:
    """Each has its section on the page of the indicators, and its rules are shown case by case."""
    text, cases = read("docs/indicateurs.md"), read("docs/regles.md")
    wanted = [*INDICATORS, *(programme.id for programme in programmes())]
    assert [code for code in wanted if f"\n### `{code}`\n" not in text] == []
    assert [code for code in INDICATORS if f"→ `{code}`" not in cases] == []


def test_every_table_reason_and_state_is_documented() -> None:
    """The page of the pivot format names every table, every reason and every state of a result."""
    text = read("docs/format-pivot.md")
    wanted = [*TABLES, *(motif.value for motif in Motif), *(calcul.value for calcul in Calcul)]
    assert [word for word in wanted if f"`{word}`" not in text] == []


def test_every_adapter_is_documented() -> None:
    """Each type of source is on the page of the sources, with an example of settings."""
    text = read("docs/sources.md")
    assert [name for name in names() if f"\n| `{name}` |" not in text or f'\ntype = "{name}"' not in text] == []


def test_every_setting_is_documented() -> None:
    """Each section has its heading and each key its line on the page of the settings."""
    text = read("docs/reglages.md")
    sections = Settings.model_fields
    assert [name for name in sections if f"\n## {name}\n" not in text] == []
    assert [key for key in _keys(Settings) if f"`{key}`" not in text] == []


def _keys(model: type[BaseModel]) -> Iterator[str]:
    """The keys of the sections of a settings model."""
    for field in model.model_fields.values():
        kinds = [field.annotation, *getattr(field.annotation, "__args__", ())]
        for kind in kinds:
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from (name for name, key in kind.model_fields.items() if not key.exclude)


def test_every_key_of_a_mapping_is_documented() -> None:
    """Each key of a mapping file has its line."""
    text = read("docs/correspondance.md")
    keys = [*MappingFile.model_fields, *TableMapping.model_fields]
    assert [key for key in keys if f"\n| `{key}` |" not in text] == []


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_relative_link_points_somewhere(path: Path) -> None:
    """The file and the heading that a link names exist."""
    text = path.read_text(encoding="utf-8")
    assert [target for target in links(text) if not _exists(path, target)] == []


def _exists(path: Path, target: str) -> bool:
    file, _, anchor = target.partition("#")
    aimed = path.parent / file if file else path
    return aimed.exists() and (not anchor or anchor in anchors(aimed.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_line_fits_in_a_window(path: Path) -> None:
    """No Markdown line is longer than a wide terminal."""
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
    assert [number for number, line in lines if len(line) > LINE] == []


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_an_example_in_toml_can_be_read(path: Path) -> None:
    """What is there to be copied is TOML."""
    for block in code_blocks(path.read_text(encoding="utf-8"), "toml"):
        tomllib.loads(block)


def test_the_settings_of_the_example_are_valid() -> None:
    """The complete example, and that of each source, are settings that the program accepts."""
    for name in ("docs/reglages.md", "docs/sources.md", "docs/sources-mssante.md"):
        for block in code_blocks(read(name), "toml"):
            content = tomllib.loads(block)
            (MappingFile if "logiciel" in content else Settings).model_validate(content)


def test_the_mapping_of_the_example_is_valid() -> None:
    """The example of a mapping is one that the program accepts."""
    for block in code_blocks(read("docs/correspondance.md"), "toml"):
        MappingFile.model_validate(tomllib.loads(block))
