"""From records to bodies: the figures of a measured site, in every format, and nobody in any of them."""

from __future__ import annotations

import csv
import tempfile
from datetime import date, datetime, timezone
from pathlib import Path

import pytest

from connector.agent import open_site
from connector.campaign import Ground, measure_dates
from connector.config import Settings
from connector.demo import pivot
from connector.demo.organisation import Organisation
from connector.model.edition import Edition
from connector.publish.disclosure import disclose
from connector.publish.payload import build, parse
from connector.publish.payload.workbook import to_xlsx
from connector.state import editions as store
from connector.state.database import open_database
from tests.lib.editions import destination
from tests.lib.run import KEY, source

DAY = date(2025, 4, 1)
NOW = datetime(2025, 4, 2, 4, 0, tzinfo=timezone.utc)
FORMATS = ("fhir", "adx", "dhis2", "csv")


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The records of the demonstration site."""
    folder = tmp_path_factory.mktemp("exports")
    pivot.write(Organisation(1, date_mesure=DAY), folder)
    return folder


@pytest.fixture(scope="module", params=["esms-2025", "esms-2022", "esms-2021"])
def measured(request: pytest.FixtureRequest, exports: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Edition]:
    """The editions of its eight ETs, under each programme, as the service stores them."""
    settings = Settings.model_validate({"programme": {"id": request.param}})
    database = open_database(tmp_path_factory.mktemp("etat"), NOW)
    with (
        tempfile.TemporaryDirectory() as scratch,
        open_site([source("pivot", exports)], settings, KEY, Path(scratch)) as (site, collected),
    ):
        ground = Ground(site, collected, "nuit", NOW, settings, NOW, "dui-connector test")
        list(measure_dates(ground, database, [DAY], lambda *edition: None, lambda *proof: None))
    with database.transaction() as connection:
        found = [kept.edition for kept in store.current(connection)]
    assert len(found) == 8
    return found


def test_every_format_has_the_figures_of_the_measure(measured: list[Edition]) -> None:
    """Numerator, denominator, undetermined, attainment and status, result by result."""
    for edition in measured:
        expected = [_figures(one) for one in edition.resultats]
        for format_ in FORMATS:
            said = parse(build(edition, destination(format_)).body, format_)
            assert [_figures(line) for line in said.lignes] == expected
            assert [line.statut for line in said.lignes] == [one.calcul.value for one in edition.resultats]
        assert parse(to_xlsx(disclose(edition)), "xlsx") == disclose(edition)


def _figures(one: object) -> tuple[object, ...]:
    names = (
        "indicateur",
        "numerateur",
        "denominateur",
        "indetermines",
        "cible",
        "cible_atteinte",
        "opposable",
        "cumul",
    )
    return tuple(getattr(one, name) for name in names)


def test_nobody_of_the_site_is_in_what_leaves(measured: list[Edition], exports: Path) -> None:
    """No matricule, local identifier, address or name of the records is in any body of any format."""
    bodies = [
        build(edition, destination(format_, secret_en_dessous=threshold)).body.decode()
        for edition in measured
        for format_ in FORMATS
        for threshold in (0, 11)
    ]
    everything = "\n".join(bodies)
    secrets = _identities(exports)
    assert len(secrets) > 500
    assert [word for word in secrets if word in everything] == []


def _identities(exports: Path) -> set[str]:
    """The values that identify: matricules, local identifiers, addresses, identifiers of messages and documents."""
    found: set[str] = set()
    for path in exports.glob("*.csv"):
        with path.open(encoding="utf-8-sig", newline="") as stream:
            for row in csv.DictReader(stream, delimiter=";"):
                found |= {
                    value
                    for name, value in row.items()
                    if value and (name.startswith("id_") or "matricule" in name or "adresse" in name)
                }
    return {value for value in found if len(value) > 3}
