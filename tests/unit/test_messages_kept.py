"""Two kinds of source that give messages to one ET: a blocking finding, until the settings say which one counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.config import Messages, Settings
from connector.demo import hl7v2, pivot, postfix
from connector.demo.organisation import Organisation
from connector.model.result import Measure
from tests.lib.run import measure, source

DEMO = Organisation(1, 3)


class Site:
    """The demo without its messages, which an HL7 v2 flow and a log both give; measured once a question."""

    def __init__(self, folder: Path) -> None:
        pivot.write(DEMO, folder / "entier")
        pivot.write(DEMO, folder / "pivot")
        (folder / "pivot" / "messages_mssante.csv").unlink()
        hl7v2.write(DEMO, folder / "hl7v2")
        postfix.write(DEMO, folder / "postfix")
        self._folder = folder
        self._known: dict[str, Measure] = {}

    def measured(self, *names: str, **messages: object) -> Measure:
        """These sources under these `[messages]`."""
        key = f"{names} {messages}"
        if key not in self._known:
            read = [source("pivot" if name == "entier" else name, self._folder / name) for name in names]
            settings = Settings(messages=Messages.model_validate(messages))
            (self._known[key],), _ = measure(read, settings=settings)
        return self._known[key]

    def both(self, **messages: object) -> Measure:
        return self.measured("pivot", "hl7v2", "postfix", **messages)

    @property
    def several(self) -> dict[str, str]:
        """The ETs that both kinds give messages of, with their names."""
        return _told(self.both(), "sources_messages_multiples")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return Site(tmp_path_factory.mktemp("site"))


def _sent(measured: Measure) -> dict[str, int | None]:
    return {one.finess_et: one.numerateur for one in measured.resultats if one.indicateur == "mssante"}


def _told(measured: Measure, code: str) -> dict[str, str]:
    return {one.finess_et: one.detail for one in measured.constats if one.code == code}


def test_without_a_choice_the_mails_add_up_and_a_finding_blocks(site: Site) -> None:
    """The ids of the two kinds differ: the same mail counts twice, and the finding names both."""
    alone, both = _sent(site.measured("pivot", "postfix")), site.both()
    assert set(site.several.values()) == {"hl7v2, postfix"}
    assert all((_sent(both)[et] or 0) > (alone[et] or 0) for et in site.several)
    assert _told(both, "messages_ecartes") == {}


@pytest.mark.parametrize("kept", ["hl7v2", "postfix"])
def test_the_kind_that_the_settings_keep_counts_alone(site: Site, kept: str) -> None:
    """The figures are those of that source alone; the others are counted in a finding that blocks nothing."""
    both, alone = site.both(sorte=kept), site.measured("pivot", kept)
    assert _told(both, "sources_messages_multiples") == {}
    assert _told(both, "messages_ecartes") == dict.fromkeys(site.several, kept)
    assert {et: _sent(both)[et] for et in site.several} == {et: _sent(alone)[et] for et in site.several}


def test_an_et_may_keep_another_kind(site: Site) -> None:
    """`etablissements` comes before `sorte`."""
    one = next(iter(site.several))
    both = site.both(sorte="postfix", etablissements={one: "hl7v2"})
    assert _sent(both)[one] == _sent(site.measured("pivot", "hl7v2"))[one]
    assert _told(both, "messages_ecartes") == dict.fromkeys(site.several, "postfix") | {one: "hl7v2"}


def test_kinds_that_see_different_mails_add_up(site: Site) -> None:
    """`additionner`: the same figures as without a choice, and nothing blocks."""
    both = site.both(sorte="additionner")
    assert _sent(both) == _sent(site.both())
    assert _told(both, "sources_messages_multiples") == _told(both, "messages_ecartes") == {}


def test_a_kind_that_an_et_does_not_have_decides_nothing(site: Site) -> None:
    """Keeping what is not there would be a silent zero: the finding stays."""
    both = site.both(sorte="imap")
    assert _sent(both) == _sent(site.both())
    assert _told(both, "sources_messages_multiples") == site.several


def test_an_export_is_one_kind(site: Site) -> None:
    """Pivot files, mapped exports and databases are « export »."""
    both = site.measured("entier", "postfix", sorte="export")
    assert _sent(both) == _sent(site.measured("entier"))
    assert _told(both, "sources_messages_multiples") == {}
