"""`mapping suggest`: columns found by name, type and shape, each with its evidence, and nobody in what is written."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from connector.adapters.base import Batch, Problem
from connector.adapters.dui.mapped import MappedAdapter
from connector.adapters.dui.sql import SqlAdapter
from connector.adapters.dui.suggest import suggest_mapping
from connector.adapters.dui.suggest_words import words
from connector.config import Settings, SourceSettings, load_settings
from connector.demo import database, mapped
from connector.demo.organisation import Organisation
from connector.errors import SourceDataError
from connector.mapping import MappingFile, load_mapping
from connector.model.tables import TABLES
from tests.lib import suggest_bar, suggest_final, suggest_schemas, suggest_unseen
from tests.lib.run import command, files_of, started
from tests.lib.suggest_schemas import NAMES, Expected
from tests.unit.test_mapped_workbook import workbook

BASE = '[[source]]\nnom = "DUI"\ntype = "sql"\nbase = "sqlite"\nchemin = "dui.sqlite"\n'
Write = Callable[[Path], None]


def proposed(folder: Path, write: Write, kind: str) -> tuple[MappingFile, str]:
    """What is proposed of a schema, loaded, and its text."""
    settings, source = Settings(), folder / "export"
    if kind == "base":
        write(folder / "dui.sqlite")
        (folder / "connecteur.toml").write_text(BASE, encoding="utf-8")
        settings, source = load_settings(folder / "connecteur.toml"), Path("DUI")
    else:
        source.mkdir()
        write(source if kind == "files" else source / "export.xlsx")
    text = suggest_mapping(source, settings, folder)
    path = folder / "m.toml"
    path.write_text(text, encoding="utf-8")
    return load_mapping(path), text


def right(mapping: MappingFile, expected: Expected) -> list[bool]:
    """For each needed column, whether the one proposed is the one a person would have written."""
    return [
        table in mapping.tables and mapping.tables[table].colonnes.get(column) == heading
        for table, columns in expected.items()
        for column, heading in columns.items()
    ]


def wrong_and_sure(text: str, expected: Expected) -> list[str]:
    """The lines marked sure that are not what a person would have written."""
    wrong, table = [], ""
    for line in text.splitlines():
        if match := re.fullmatch(r"\[tables\.(\w+)\.colonnes\]", line):
            table = match[1]
        elif (match := re.match(r'(\w+) = "(.*)" # sûr', line)) and expected.get(table, {}).get(match[1]) != match[2]:
            wrong.append(f"{table}.{line}")
    return wrong


@pytest.mark.parametrize(
    ("write", "expected", "kind"),
    [
        (suggest_bar.write_base, suggest_bar.BASE_EXPECTED, "base"),
        (suggest_bar.write_book, suggest_bar.BOOK_EXPECTED, "book"),
    ],
    ids=["base", "classeur"],
)
def test_the_bar_on_schemas_never_seen(tmp_path: Path, write: Write, expected: Expected, kind: str) -> None:
    """At least eight needed columns of ten are right, none that is marked sure is wrong, and nobody is named."""
    mapping, text = proposed(tmp_path, write, kind)
    found = right(mapping, expected)
    assert sum(found) >= 0.8 * len(found)
    assert wrong_and_sure(text, expected) == []
    assert " # sûr" in text
    assert [name for name in NAMES if name in text] == []


@pytest.mark.parametrize(
    ("write", "expected", "kind"),
    [
        (suggest_schemas.write_base, suggest_schemas.BASE_EXPECTED, "base"),
        (suggest_schemas.write_files, suggest_schemas.FILES_EXPECTED, "files"),
        (suggest_unseen.write_base, suggest_unseen.BASE_EXPECTED, "base"),
        (suggest_unseen.write_files, suggest_unseen.FILES_EXPECTED, "files"),
        (suggest_final.write_base, suggest_final.BASE_EXPECTED, "base"),
        (suggest_final.write_files, suggest_final.FILES_EXPECTED, "files"),
    ],
)
def test_the_schemas_that_it_learned_from(tmp_path: Path, write: Write, expected: Expected, kind: str) -> None:
    """What an earlier schema taught is not forgotten: nineteen needed columns of twenty."""
    mapping, text = proposed(tmp_path, write, kind)
    found = right(mapping, expected)
    assert sum(found) >= 0.95 * len(found)
    assert wrong_and_sure(text, expected) == []
    assert [name for name in NAMES if name in text] == []


def test_what_is_proposed_of_a_base_can_be_read(tmp_path: Path) -> None:
    """The queries run, FINESS joined from the table of establishments, and no row is refused."""
    proposed(tmp_path, suggest_schemas.write_base, "base")
    told = {"nom": "DUI", "type": "sql", "base": "sqlite", "chemin": tmp_path / "dui.sqlite"}
    settings = SourceSettings.model_validate(told | {"mapping": tmp_path / "m.toml"})
    items = list(SqlAdapter((), settings).read(TABLES))
    assert [item.text() for item in items if isinstance(item, Problem)] == []
    stays = [item for item in items if isinstance(item, Batch) and item.table == "sejours"]
    assert {row["finess_et"] for item in stays for row in item.rows.to_pylist()} == set(suggest_schemas.Draw().ets)


def test_what_is_proposed_of_a_folder_can_be_read(tmp_path: Path) -> None:
    """Codes and formats included: no row of the sample is refused."""
    proposed(tmp_path, suggest_schemas.write_files, "files")
    adapter = MappedAdapter(files_of(tmp_path / "export"), SourceSettings(mapping=tmp_path / "m.toml"))
    items = list(adapter.read(TABLES))
    assert [item.text() for item in items if isinstance(item, Problem)] == []
    assert {item.table for item in items if isinstance(item, Batch)} >= suggest_schemas.FILES_EXPECTED.keys()


def test_the_exports_of_the_demo_are_all_found(tmp_path: Path) -> None:
    """Each table that a mapping of the package describes is proposed."""
    demo = Organisation(3)
    mapped.write(demo, tmp_path)
    database.write(demo, tmp_path / "dui.sqlite")
    (tmp_path / "connecteur.toml").write_text(BASE, encoding="utf-8")
    settings = load_settings(tmp_path / "connecteur.toml")
    for source, name in (
        (tmp_path / "dossier-plus", mapped.CSV_DUI),
        (tmp_path / "registre-bleu.xlsx", mapped.XLSX_DUI),
    ):
        text = suggest_mapping(source, Settings(), Path())
        assert set(re.findall(r"^\[tables\.(\w+)\]$", text, re.MULTILINE)) == set(
            load_mapping(mapped.MAPPINGS / f"{name}.toml").tables
        )
    text = suggest_mapping(Path("DUI"), settings, tmp_path)
    assert set(re.findall(r"^\[tables\.(\w+)\]$", text, re.MULTILINE)) == set(TABLES)


def test_a_code_whose_sense_is_unknown_is_left_to_a_person(tmp_path: Path) -> None:
    """Shown when it is frequent, with the pivot codes to choose from; a rare one may be somebody's name."""
    lines = [
        f"010900116;{rank:04d};0{1 + rank % 9}/02/2025;{'Zorglub' if rank % 2 else 'En cours'}" for rank in range(60)
    ]
    lines.append("010900116;9999;01/02/2025;DUPONT")
    (tmp_path / "sejours.csv").write_text("FINESS;Num usager;Entrée;Statut\n" + "\n".join(lines), encoding="utf-8")
    text = suggest_mapping(tmp_path / "sejours.csv", Settings(), Path())
    assert '# "Zorglub" = "" # à compléter : actif, termine, annule, attente' in text
    assert "# et 1 code rare : voyez mapping check" in text
    assert "DUPONT" not in text


def test_a_heading_on_two_lines_stays_in_its_place(tmp_path: Path) -> None:
    """As spreadsheets write them: the proposal still loads."""
    rows = [("010900116", f"R{rank}", f"0{1 + rank % 9}/02/2025") for rank in range(40)]
    workbook(tmp_path / "x.xlsx", {"Séjours": [["FINESS", "Num\nusager", "Date\nentrée"], *map(list, rows)]})
    (tmp_path / "m.toml").write_text(suggest_mapping(tmp_path / "x.xlsx", Settings(), Path()), encoding="utf-8")
    assert load_mapping(tmp_path / "m.toml").tables["sejours"].colonnes == {
        "finess_et": "FINESS",
        "id_usager": "Num\nusager",
        "date_entree": "Date\nentrée",
    }


def test_a_file_without_headings_is_no_table(tmp_path: Path) -> None:
    """Its first line holds values, which would be written as headings."""
    suggest_schemas.write_files(tmp_path)
    for path in tmp_path.iterdir():
        path.write_text(path.read_text(encoding="utf-8").partition("\n")[2], encoding="utf-8")
    with pytest.raises(SourceDataError):
        suggest_mapping(tmp_path, Settings(), Path())


def test_headings_are_cut_into_known_words() -> None:
    """Prefixes, camel case, words stuck together or cut short; an unknown word stays, and counts."""
    assert words("DT_ENT_RES") == {"date", "entree", "usager"}
    assert words("dateSortiePrevue") == {"date", "sortie", "prevue"}
    assert words("NUMDOS") == {"numero", "dossier"}
    assert words("Mis à jour le") == {"maj"}
    assert words("resid") == {"usager"}


def test_the_verb_writes_a_new_file(tmp_path: Path) -> None:
    """Never over one that someone may have read again; nothing like a pivot table is said so."""
    mapped.write_csv(Organisation(3, 2), tmp_path / "export")
    output = tmp_path / "m.toml"
    ran = command("mapping", "suggest", tmp_path / "export", "--output", output)
    assert (ran.code, ran.out) == (
        0,
        f"Proposition écrite : {output}. Relisez-la, puis lancez "
        f"dui-connector mapping check {output} {tmp_path / 'export'}.\n",
    )
    load_mapping(output)
    again = started("mapping", "suggest", tmp_path / "export", "--output", output)
    assert (again.code, again.err) == (2, f"{output} : ce fichier existe déjà ; choisissez un autre nom.\n")
    (tmp_path / "vide").mkdir()
    with pytest.raises(SourceDataError) as met:
        suggest_mapping(tmp_path / "vide", Settings(), Path())
    assert str(met.value) == (
        f"{tmp_path / 'vide'} : aucune table ne ressemble à une table pivot ; écrivez la correspondance à la main."
    )


def test_a_table_that_is_used_is_not_said_to_be_spare(tmp_path: Path) -> None:
    """Only the files that nothing of the proposal reads are listed; one that has no row is no table."""
    (tmp_path / "exports").mkdir()
    resident = "N° FINESS;Num résident;Statut d'identité\n010900116;R-104;INS qualifiée\n"
    (tmp_path / "exports" / "RESIDENTS.csv").write_text(resident, encoding="utf-8")
    (tmp_path / "exports" / "VIDE.csv").write_text("N° FINESS;Num résident\n", encoding="utf-8")
    (tmp_path / "exports" / "METEO.csv").write_text("ciel;vent\nbleu;nord\ngris;sud\n", encoding="utf-8")
    text = suggest_mapping(tmp_path / "exports", Settings(), tmp_path)
    assert [line for line in text.splitlines() if "Non utilisés" in line] == ["# Non utilisés : METEO."]
