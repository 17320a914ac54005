"""Reading a mapped export: what is translated, and what is told of what cannot be used."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from connector.adapters.base import Batch, Item, Notice
from connector.adapters.dui.mapped import MappedAdapter
from connector.config import SourceSettings
from connector.mapping import settled
from connector.model.finess import zone_of
from connector.model.tables import TABLES
from connector.normalise import ZoneMap, normalise
from tests.lib.run import files_of

SEJOURS = """
logiciel = "Essai"
format_date = "%d/%m/%Y"
[tables.sejours]
fichier = "SEJOURS.csv"
[tables.sejours.colonnes]
finess_et = "FINESS"
id_usager = "Num"
date_entree = "Entrée"
date_sortie = "Sortie"
statut = "État"
[tables.sejours.codes.statut]
"En cours" = "actif"
"Liste d'attente" = "attente"
"" = "termine"
"""
HEADING = "FINESS;Num;Entrée;Sortie;État\n"
ET = "010900116"


@dataclass
class Held:
    """What a source gave: pivot rows as the core reads them, and everything said."""

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    barred: set[tuple[str, str | None]] = field(default_factory=set)
    notices: list[Notice] = field(default_factory=list)


def read(
    folder: Path, mapping: str, tables: Collection[str] = tuple(TABLES), settings: SourceSettings | None = None
) -> Held:
    """Read every file of `folder/export` with a mapping."""
    path = folder / "m.toml"
    path.write_text(mapping, encoding="utf-8")
    asked = settled((settings or SourceSettings()).model_copy(update={"mapping": path}))
    held = Held()
    for item in MappedAdapter(files_of(folder / "export"), asked).read(tables):
        _keep(held, item, ZoneMap(zone_of, ("Europe/Paris",), asked.fuseau))
    return held


def _keep(held: Held, item: Item, zones: ZoneMap) -> None:
    if isinstance(item, Batch):
        result = normalise(item, zones)
        held.rows.setdefault(item.table, []).extend(result.rows.to_pylist())
        held.told += [problem.text() for problem in result.problems]
        held.notices += result.notices
    elif isinstance(item, Notice):
        held.notices.append(item)
    else:
        held.told += [item.text()] if item.told else []
        held.barred |= {(table, item.finess) for table in item.tables if item.bars}


def export(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """A folder with `export/` in it."""
    for name, content in files.items():
        path = folder / "export" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (folder / "export").mkdir(exist_ok=True)
    return folder


def test_codes_dates_and_empty_values(tmp_path: Path) -> None:
    """Codes ignore case and accents, a pivot code passes as it is, the empty code is one like the others."""
    lines = [
        f"{ET};1;01/02/2025;28/02/2025;en COURS",
        f"{ET};2;1/2/2025;;  Actif ",
        f"{ET};3;01/02/2025;;",
        f"{ET};4;;;Liste d'attente",
    ]
    held = read(export(tmp_path, {"SEJOURS.csv": HEADING + "\n".join(lines)}), SEJOURS)
    values = [(row["id_usager"], row["date_entree"], row["date_sortie"], row["statut"]) for row in held.rows["sejours"]]
    assert values == [
        ("1", date(2025, 2, 1), date(2025, 2, 28), "actif"),
        ("2", date(2025, 2, 1), None, "actif"),
        ("3", date(2025, 2, 1), None, "termine"),
        ("4", None, None, "attente"),
    ]
    assert (held.told, held.barred) == ([], set())


def test_an_unknown_identity_status_is_empty_with_a_finding(tmp_path: Path) -> None:
    """As in the pivot format, this column alone never makes a row bad."""
    mapping = """
logiciel = "Essai"
finess_et = "010900116"
[tables.usagers]
fichier = "R.csv"
colonnes = {id_usager = "Num", statut_identite = "Identité"}
codes = {statut_identite = {Q = "qualifiee", "?" = ""}}
"""
    held = read(export(tmp_path, {"R.csv": "Num;Identité\n1;Q\n2;?\n3;Z\n"}), mapping)
    assert [(row["id_usager"], row["statut_identite"]) for row in held.rows["usagers"]] == [
        ("1", "qualifiee"),
        ("2", None),
        ("3", None),
    ]
    assert (held.told, held.notices) == ([], [Notice("statut_identite_inconnu", 1, ET)])


def test_codes_that_differ_by_their_case_alone_are_two_codes(tmp_path: Path) -> None:
    """The exact code comes first; what is alike to both of them is neither."""
    mapping = """
logiciel = "Essai"
[tables.usagers]
fichier = "R.csv"
colonnes = {finess_et = "FINESS", id_usager = "Num", eligible_projet = "Projet"}
codes = {eligible_projet = {a = "oui", A = "non"}}
"""
    held = read(export(tmp_path, {"R.csv": f"FINESS;Num;Projet\n{ET};1;a\n{ET};2;A\n{ET};3;à\n"}), mapping)
    assert [row["eligible_projet"] for row in held.rows["usagers"]] == ["oui", "non"]
    assert held.told == [
        "R.csv, ligne 4, champ « eligible_projet (Projet) » : attendu a ou A, trouvé 'à' ; "
        "ajoutez ce code à [tables.usagers.codes.eligible_projet], ou corrigez-le."
    ]


def test_constants_and_codes_of_any_column(tmp_path: Path) -> None:
    """A constant fills its column, site codes become FINESS, a text code is translated, a sentinel date is empty."""
    mapping = """
logiciel = "Essai"
format_date = "%Y%m%d"
[tables.sejours]
fichier = "S.csv"
colonnes = {finess_et = "Site", id_usager = "Num", date_entree = "Du", date_sortie = "Au"}
constantes = {statut = "actif"}
codes = {finess_et = {NORD = "010900116"}, date_sortie = {"99991231" = ""}}
[tables.usagers]
fichier = "S.csv"
colonnes = {finess_et = "Site", id_usager = "Num", oid_ins = "OID"}
codes = {finess_et = {NORD = "010900116"}, oid_ins = {NIR = "1.2.250.1.213.1.4.8"}}
"""
    text = "Site,Num,Du,Au,OID\nNORD,1,20250201,99991231,NIR\n970300026,2,20250201,20250301,1.2.3\n"
    held = read(export(tmp_path, {"S.csv": text}), mapping)
    assert held.told == []
    assert [tuple(row.values()) for row in held.rows["sejours"]] == [
        (ET, "1", "actif", date(2025, 2, 1), None),
        ("970300026", "2", "actif", date(2025, 2, 1), date(2025, 3, 1)),
    ]
    assert [(row["finess_et"], row["oid_ins"]) for row in held.rows["usagers"]] == [
        (ET, "1.2.250.1.213.1.4.8"),
        ("970300026", "1.2.3"),
    ]


def test_one_heading_may_give_two_columns(tmp_path: Path) -> None:
    """Software with one dossier per person writes one number for both."""
    mapping = """
logiciel = "Essai"
format_date = "%d/%m/%Y"
[tables.dossiers]
fichier = "D.csv"
colonnes = {finess_et = "FINESS", id_dossier = "Num", id_usager = "Num", date_creation = "Le"}
"""
    held = read(export(tmp_path, {"D.csv": f"Le;Num;FINESS\n01/02/2025;7;{ET}\n"}), mapping)
    assert [(row["id_dossier"], row["id_usager"]) for row in held.rows["dossiers"]] == [("7", "7")]


def test_rows_that_name_no_et_take_the_one_of_the_source(tmp_path: Path) -> None:
    """The FINESS of the mapping fills empty cells; that of the settings comes first."""
    text = HEADING + ";1;01/02/2025;;En cours\n970300026;2;01/02/2025;;En cours\n"
    export(tmp_path, {"SEJOURS.csv": text})
    held = read(tmp_path, f'finess_et = "{ET}"\n{SEJOURS}')
    assert [row["finess_et"] for row in held.rows["sejours"]] == [ET, "970300026"]
    held = read(tmp_path, f'finess_et = "{ET}"\n{SEJOURS}', settings=SourceSettings(finess_et="380900116"))
    assert [row["finess_et"] for row in held.rows["sejours"]] == ["380900116", "970300026"]


def test_stamps_are_in_the_declared_zone(tmp_path: Path) -> None:
    """23:30 at the server in Paris is 19:30 in Cayenne; a stamp with its offset needs no zone."""
    mapping = """
logiciel = "Essai"
format_horodatage = "%d/%m/%Y %H:%M"
format_date = "%d/%m/%Y"
fuseau = "Europe/Paris"
[tables.mises_a_jour]
fichier = "J*.csv"
colonnes = {finess_et = "FINESS", id_dossier = "D", horodatage = "Le"}
[tables.evenements_agenda]
fichier = "A.csv"
colonnes = {finess_et = "FINESS", id_dossier = "D", date_debut = "Le"}
formats = {date_debut = "%Y-%m-%dT%H:%M:%S%z"}
"""
    lines = ["970300026;1;02/01/2025 03:30", "970300026;1;02/01/2025", f"{ET};1;02/01/2025 03:30"]
    files = {
        "J1.csv": "FINESS;D;Le\n" + "\n".join(lines),
        "j2.CSV": "FINESS;D;Le\n970300026;1;02/01/2025 04:30\n",
        "A.csv": "FINESS;D;Le\n970300026;1;2025-01-02T02:59:59Z\n970300026;1;2025-01-02T00:00:00-0300\n",
    }
    held = read(export(tmp_path, files), mapping)
    assert held.told == []
    days = [row["horodatage"] for row in held.rows["mises_a_jour"]]
    assert days == [date(2025, 1, 1), date(2025, 1, 2), date(2025, 1, 2), date(2025, 1, 2)]
    assert [row["date_debut"] for row in held.rows["evenements_agenda"]] == [date(2025, 1, 1), date(2025, 1, 2)]


def test_a_zone_cannot_be_lost(tmp_path: Path) -> None:
    """An adapter given settings that its mapping has not completed is a programming error."""
    path = tmp_path / "m.toml"
    path.write_text(f'fuseau = "Europe/Paris"\n{SEJOURS}', encoding="utf-8")
    with pytest.raises(ValueError, match="the zone of the mapping is lost"):
        MappedAdapter([], SourceSettings(mapping=path))
    with pytest.raises(ValueError, match="a mapped source needs a mapping file"):
        MappedAdapter([], SourceSettings())


def test_files_are_never_claimed_by_content() -> None:
    """`--mapping` or the settings choose this adapter."""
    assert not MappedAdapter.sniff(Path("RESIDENTS.csv"), b"FINESS;Num\n")


def test_nothing_but_the_tables_asked_is_read(tmp_path: Path) -> None:
    """The other tables of the mapping are neither read nor missed."""
    held = read(export(tmp_path, {}), SEJOURS, ["usagers"])
    assert held == Held()
