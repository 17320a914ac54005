"""Every legal variation of a pivot folder gives the same figures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lib.run import as_entry, in_process, measure, source

ET = "040900042"  # starts with a 0
TABLES = {
    "etablissements": [["finess_et", "raison_sociale"], [ET, "Résidence « L'Œuvre »"]],
    "usagers": [
        ["finess_et", "id_usager", "statut_identite", "matricule_ins", "remarque"],
        [ET, "é1", "qualifiee", "185057504800162", "a"],
        [ET, "é2", "", "", "b"],
    ],
    "sejours": [["finess_et", "id_usager", "date_entree"], [ET, "é1", "2024-01-01"], [ET, "é2", "2024-01-01"]],
    "dossiers": [
        ["finess_et", "id_dossier", "id_usager", "date_derniere_maj"],
        [ET, "d1", "é1", "2025-03-31T23:59:59"],
        [ET, "d2", "é2", "2025-04-01"],
    ],
    "depots_dmp": [["id_document", "horodatage", "finess_et", "statut"]],
}
Rows = list[list[str]]
Written = Callable[[Rows], bytes]


def text(rows: Rows, delimiter: str = ";", end: str = "\n") -> str:
    return "".join(delimiter.join(row) + end for row in rows)


def quoted(rows: Rows) -> bytes:
    """Everything between quotes, and a line break inside one of them."""
    lines = [['"' + cell.replace("Résidence ", "Résidence\n") + '"' for cell in row] for row in rows]
    return text(lines).encode()


def shuffled(rows: Rows) -> bytes:
    """Columns from the last to the first, headings in capitals."""
    heading, *others = [row[::-1] for row in rows]
    return text([[name.upper() for name in heading], *others]).encode()


def blank_lines(rows: Rows) -> bytes:
    """Empty lines, lines of separators, lines of blanks: before, between and after."""
    heading, *others = rows
    width = len(heading)
    blank = "\n" + ";" * (width - 1) + "\n" + " ;" * (width - 1) + "  \n   \n"
    return (blank + text([heading]) + blank + text(others) + blank).encode()


FORMS: dict[str, Written] = {
    "byte order mark": lambda rows: b"\xef\xbb\xbf" + text(rows).encode(),
    "commas": lambda rows: text(rows, ",").encode(),
    "windows lines": lambda rows: text(rows, end="\r\n").encode(),
    "no last line end": lambda rows: text(rows).rstrip("\n").encode(),
    "windows-1252": lambda rows: text(rows).encode("cp1252"),
    "quoted": quoted,
    "shuffled columns": shuffled,
    "blank lines": blank_lines,
    "leading 1": lambda rows: text(rows).replace(ET, f"1{ET}").encode(),
    "blanks around": lambda rows: text([[f"  {cell}\t" for cell in row] for row in rows]).encode(),
}


def figures(folder: Path, write: Written) -> list[dict[str, object]]:
    folder.mkdir()
    for name, rows in TABLES.items():
        (folder / f"{name}.csv").write_bytes(write(rows))
    (measured,), (inventory,) = measure([source("pivot", folder)])
    assert inventory.problemes == []
    assert {finding.code for finding in measured.constats} >= {"colonne_inconnue"}
    return [as_entry(result) for result in measured.resultats]


@pytest.mark.parametrize("form", FORMS)
def test_a_legal_form_changes_no_figure(form: str, tmp_path: Path) -> None:
    """`docs/format-pivot.md`: marks, separators, order, blank lines, encodings and quotes mean nothing."""
    usual = figures(tmp_path / "usual", lambda rows: text(rows).encode())
    assert figures(tmp_path / "other", FORMS[form]) == usual
    found = {entry["indicateur"]: (entry["calcul"], entry["numerateur"], entry["denominateur"]) for entry in usual}
    assert found == {
        "dossiers_actifs": ("indetermine", 1, 2),  # one updated on the last day, the other after it
        "projet_personnalise": ("non_calculable", None, None),
        "evenement_agenda": ("non_calculable", None, None),
        "mssante": ("non_calculable", None, None),
        "dmp": ("calcule", 0, 2),  # a heading alone: the table is there and says nothing of this ET
        "ins_qualifiee": ("calcule", 1, 2),
        "dui_actifs": ("calcule", 1, None),
        "eprescription": ("non_calculable", None, None),
        "eparcours": ("non_calculable", None, None),
    }


def test_a_row_whose_only_value_is_in_an_unknown_column_is_a_bad_row(tmp_path: Path) -> None:
    """It is not blank: something was written, that names no establishment."""
    for name, rows in TABLES.items():
        extra = [["", "", "", "", "reste"]] if name == "usagers" else []
        (tmp_path / f"{name}.csv").write_text(text([*rows, *extra]), encoding="utf-8")
    (measured,), (inventory,) = measure([source("pivot", tmp_path)])
    assert inventory.problemes[0] == (
        "usagers.csv, ligne 4, champ « finess_et » : attendu un FINESS de 9 caractères, trouvé une valeur vide ; "
        "complétez cette valeur."
    )
    assert {r.motif.value for r in measured.resultats if r.indicateur == "dmp" and r.motif} == {"source_en_erreur"}


def test_two_rows_that_contradict_each_other_are_told(tmp_path: Path) -> None:
    """The first non-empty attribute is kept, of an establishment as of a person, and the conflict is a finding."""
    tables = {
        "etablissements": [["finess_et", "secteur", "projet"], [ET, "", "P1"], [ET, "pjm", "P2"], [ET, "pa", "P1"]],
        "usagers": [["finess_et", "id_usager", "eligible_projet"], [ET, "u", ""], [ET, "u", "non"], [ET, "u", "oui"]],
        "sejours": [["finess_et", "id_usager", "date_entree"], [ET, "u", "2024-01-01"]],
        "depots_dmp": [["id_document", "horodatage", "finess_et", "statut"]],
    }
    for name, rows in tables.items():
        (tmp_path / f"{name}.csv").write_text(text(rows), encoding="utf-8")
    (measured,), _ = measure([source("pivot", tmp_path)])
    (et,) = measured.etablissements
    assert (et.secteur, et.projet) == ("pjm", "P1")
    (dmp,) = [result for result in measured.resultats if result.indicateur == "dmp"]
    assert (dmp.motif and dmp.motif.value, dmp.denominateur) == ("denominateur_nul", 0)
    told = {finding.text for finding in measured.constats if finding.code == "attributs_contradictoires"}
    assert told == {
        f"1 identifiant de « {table} » a des lignes qui se contredisent. La première valeur non vide est retenue."
        for table in ("etablissements", "usagers")
    }


def test_the_ends_of_the_calendar_are_dates_like_others(tmp_path: Path) -> None:
    """Year 1 and year 9999, which software writes for « no date », keep their day whatever their offset."""
    finess, first, last = "970300026", "0001-01-01T00:00:00+14:00", "9999-12-31T23:30:00-11:00"
    tables = {
        "etablissements": [["finess_et", "date_vsr", "journal_depuis"], [finess, last, first]],
        "usagers": [["finess_et", "id_usager"], [finess, "u"]],
        "sejours": [["finess_et", "id_usager", "date_entree", "date_sortie"], [finess, "u", first, last]],
        "dossiers": [["finess_et", "id_dossier", "id_usager", "date_creation"], [finess, "d", "u", last]],
        "mises_a_jour": [["finess_et", "id_dossier", "horodatage"], [finess, "d", "2025-02-01"], [finess, "d", last]],
    }
    for name, rows in tables.items():
        (tmp_path / f"{name}.csv").write_text(text(rows), encoding="utf-8")
    (measured,), (inventory,) = measure([source("pivot", tmp_path)])
    assert inventory.problemes == []
    (active,) = [result for result in measured.resultats if result.indicateur == "dossiers_actifs"]
    assert (active.numerateur, active.denominateur) == (1, 1)


@pytest.mark.parametrize("day", ["0001-06-01", "9999-12-31", "1899-12-31", "3000-01-01"])
def test_a_measure_date_out_of_use_is_a_usage_error(day: str, tmp_path: Path) -> None:
    """A date whose windows would leave the calendar is a typing error, said as such."""
    ran = in_process("audit", tmp_path, "--date-mesure", day, "--programme", "esms-2025", "--output", tmp_path / "a")
    assert ran.code == 2
    assert ran.err == f"Date hors d'usage : « {day} » ; attendu une année de 1900 à 2999.\n"
