"""One edition, every format: written, read back, equal."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from io import BytesIO
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from connector.errors import SettingsError
from connector.model.edition import Edition
from connector.model.result import Motif
from connector.publish.disclosure import disclose
from connector.publish.payload import build, parse
from connector.publish.payload.workbook import to_xlsx
from tests.lib.editions import MONTH, NASTY, destination, edition, impossible, result, results, second

FORMATS = ("fhir", "adx", "dhis2", "csv")
NASTY_TEXTS = {"raison_sociale": NASTY, "convention": NASTY, "motif_revision": NASTY, "finess_ej": ""}
CASES: dict[str, Edition] = {
    "three rolling months": edition(),
    "a civil month": edition(debut=MONTH.first, fin=MONTH.last, resultats=results(MONTH)),
    "days that are no months": edition(debut=date(2025, 2, 28), fin=date(2025, 4, 14)),
    "a second revision": second(edition()),
    "texts that try to escape": edition(**NASTY_TEXTS),
    "nothing but an indicator without a figure": edition(
        resultats=(impossible("dmp", Motif.SOURCE_ABSENTE),), constats=(), sources=()
    ),
    "a denominator that a convention changed": edition(
        convention="grand-est",
        resultats=(result("dmp", 50, 90, parametres={"denominateurs": {"dmp": "accompagnees"}}),),
    ),
}


@pytest.mark.parametrize("threshold", [0, 11, 100])
@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("case", CASES)
def test_every_format_says_the_same_thing(case: str, format_: str, threshold: int) -> None:
    """What is read back equals what may leave, field by field, whatever the format and the secrecy."""
    payload = build(CASES[case], destination(format_, secret_en_dessous=threshold))
    assert parse(payload.body, format_) == disclose(CASES[case], threshold)


@pytest.mark.parametrize("format_", FORMATS)
def test_the_same_edition_gives_the_same_bytes(format_: str) -> None:
    """No clock, no order of chance."""
    bodies = {build(edition(), destination(format_)).body for _ in range(3)}
    assert len(bodies) == 1


@pytest.mark.parametrize("format_", FORMATS)
def test_the_codes_of_the_receiver_are_read_back(format_: str) -> None:
    """A receiver's own codes change the words, not what is said."""
    codes = {"dmp_opposable_3M": "X 1", "dossiers_actifs_numerateur_3M": "de:42", "970300026": "ou7", "esms-2025": "ds"}
    payload = build(edition(), destination(format_, codes=codes))
    assert parse(payload.body, format_, codes) == disclose(edition())


@pytest.mark.parametrize("format_", FORMATS)
def test_a_destination_keeps_only_its_indicators(format_: str) -> None:
    """`indicateurs` chooses lines and changes nothing of those that stay."""
    payload = build(edition(), destination(format_, indicateurs=["dmp", "mssante"]))
    said = parse(payload.body, format_)
    assert [line.indicateur for line in said.lignes] == ["mssante", "dmp"]


def test_a_destination_that_keeps_nothing_is_a_fault_of_the_settings() -> None:
    """An empty submission would read as « nothing to say »."""
    with pytest.raises(SettingsError) as caught:
        build(edition(), destination("fhir", indicateurs=["inconnu"]))
    assert str(caught.value) == (
        "[[destination]] « essai », clé « indicateurs » : attendu au moins un indicateur mesuré pour l'établissement "
        "970300026 sous esms-2025, trouvé inconnu ; corrigez la liste ou videz-la."
    )


def test_a_revision_replaces_and_another_identity_does_not() -> None:
    """The address of a PUT is that of the identity: window, programme, version, convention; never the revision."""
    first = edition()
    path = build(first, destination("fhir")).path
    assert path == build(second(first), destination("fhir")).path
    changes: tuple[dict[str, Any], ...] = (
        {"finess_et": "970300034"},
        {"programme": "esms-2022"},
        {"catalogue": "2"},
        {"convention": "grand-est"},
        {"debut": date(2025, 1, 1)},
        {"fin": date(2025, 4, 29)},
    )
    others = {build(edition(**change), destination("fhir")).path for change in changes}
    assert len(others | {path}) == len(changes) + 1
    assert build(first, destination("csv")).path == path.removeprefix("MeasureReport/") + ".csv"


@pytest.mark.parametrize("threshold", [0, 11, 100])
@pytest.mark.parametrize("case", CASES)
def test_the_workbook_says_the_same_thing(case: str, threshold: int) -> None:
    """The XLSX that people receive reads back as the files that machines receive."""
    declared = disclose(CASES[case], threshold)
    assert parse(to_xlsx(declared), "xlsx") == declared
    assert to_xlsx(declared) == to_xlsx(declared)


def test_the_workbook_has_typed_cells() -> None:
    """A date is a date, a count a number, a rate a percentage; text never runs as a formula."""
    body = to_xlsx(disclose(edition(raison_sociale="=1+1")))
    header, first, *_ = CalamineWorkbook.from_filelike(BytesIO(body)).get_sheet_by_index(0).to_python()
    row = dict(zip(header, first, strict=True))
    assert (row["debut"], row["numerateur"], row["taux"]) == (date(2025, 2, 1), 180.0, 0.9)
    assert (row["raison_sociale"], row["cible_atteinte"], row["cumul"]) == ("=1+1", "oui", "")


@pytest.mark.parametrize("format_", ["fhir", "adx", "dhis2", "csv", "xlsx"])
def test_a_body_that_is_not_ours_is_said_so(format_: str) -> None:
    """Reading back is for our own files: anything else is a ValueError, never half a declaration."""
    with pytest.raises(ValueError, match=r"."):
        parse(b'{"resourceType": "Patient"}', format_)
    with pytest.raises(ValueError, match="format inconnu"):
        parse(b"", "pdf")


@pytest.mark.parametrize(
    ("found", "put", "said"),
    [
        (b'"count": 180', b'"count": -1', "place « numerateur » : attendu dénombrement"),
        (b'"count": 180', b'"count": "180"', "place « numerateur » : attendu dénombrement"),
        (b'"count": 180', b'"count": 201', "indicateur « dossiers_actifs » : numérateur plus grand"),
        (b'"valuePositiveInt": 1', b'"valuePositiveInt": 0', "transmission incomplète"),
        (b'"valueCode": "calcule"', b'"valueCode": "sur"', "forme, statut ou opposabilité inconnus"),
        (b"-03:00", b"", "place « etabli_le » : attendu instant"),
        (b'"code": "evenement_agenda"', b'"code": "dossiers_actifs"', "un indicateur paraît deux fois"),
        ("Foyer « L'Étoile »".encode(), b"185057800608436", "place « raison_sociale » : attendu nom"),
    ],
)
def test_a_body_that_none_of_ours_could_be_is_refused(found: bytes, put: bytes, said: str) -> None:
    """A receiver may be sent anything: values are checked when read as they are when written."""
    body = build(edition(), destination("fhir")).body
    assert found in body
    with pytest.raises(ValueError, match=said):
        parse(body.replace(found, put), "fhir")


_LIGHT = """
import sys
from connector.publish.payload import build
from tests.lib.editions import destination, edition
for format_ in ("fhir", "adx", "dhis2", "csv"):
    build(edition(), destination(format_))
print(sorted({name.split(".")[0] for name in sys.modules} & {"duckdb", "ibis", "pandas", "pyarrow", "numpy"}))
"""


def test_the_sending_process_never_imports_the_engine() -> None:
    """Building every format loads no engine: the process that sends stays small."""
    run = subprocess.run([sys.executable, "-c", _LIGHT], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"
