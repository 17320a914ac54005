"""The contract of dui-connector, held by this adapter: a writer, and what is said when the file is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dui_connector_carnet.adapter import KINDS, TABLES

from connector.contract import Fault, Harness, contract_suite
from connector.demo import pivot

DATE = (
    "attendu une date AAAA-MM-JJ, avec ou sans heure, trouvé 'hier' ; "
    "écrivez-la ainsi (dans un tableur : une vraie date), ou décrivez son format dans un fichier de correspondance."
)


def write(records: Any, folder: Path) -> None:
    """The records of the suite, in the vendor's own format."""
    lines = ["CARNET\t1"]
    for et in records.iter_etablissements():
        for kind, (table, columns) in KINDS.items():
            lines += ["\t".join([kind, *(row[name] for name in columns)]) for row in et.dicts(table)]
    (folder / "export.carnet").write_text("\n".join(lines) + "\n", encoding="utf-8")


def says(records: Any, folder: Path) -> None:
    """The same as pivot files: what this format cannot carry is left empty."""
    kept = {table: set(columns) for table, columns in KINDS.values()}
    tables = (
        {
            table: [tuple(row[name] if name in kept[table] else "" for name in row) for row in et.dicts(table)]
            for table in sorted(TABLES)
        }
        for et in records.iter_etablissements()
    )
    pivot.write_tables(tables, folder, always=TABLES)


def empty(folder: Path) -> None:
    (folder / "export.carnet").write_text("CARNET\t1\n", encoding="utf-8")


def changed(old: str, new: str) -> Any:
    def spoil(folder: Path) -> None:
        path = folder / "export.carnet"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return spoil


TestCarnet = contract_suite(
    Harness(
        "carnet",
        write=write,
        says=says,
        empty=empty,
        empty_tables=TABLES,
        faults=(
            Fault(
                "une date illisible",
                changed("\t2025-01-01T00:00:00\tutilisateur", "\thier\tutilisateur"),
                (f"export.carnet, ligne 8, champ « horodatage » : {DATE}",),
            ),
            Fault(
                "un champ de moins",
                changed("\tqualifiee", ""),
                ("export.carnet, ligne 2 : attendu 5 champs, trouvé 4 champs ; refaites l'export.",),
            ),
        ),
    )
)
