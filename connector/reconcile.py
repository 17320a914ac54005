"""The vendor's figures, or its list of ids, read from a CSV file.

Form: `finess_et;indicateur;numerateur;denominateur` or `finess_et;indicateur;id_usager`.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from connector.errors import SourceDataError
from connector.model.finess import normalise_finess

Key = tuple[str, str]


@dataclass(frozen=True)
class VendorFigures:
    """What the screen of the DUI says: figures, or the ids of those it counts."""

    figures: dict[Key, tuple[int, int | None]]
    ids: dict[Key, set[str]]


def load_vendor(path: Path) -> VendorFigures:
    """Read the vendor's file.

    Raises:
        SourceDataError: unreadable file, wrong heading or wrong value, with the line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, delimiter=";")
            heading = {(name or "").strip() for name in reader.fieldnames or []}
            wants_ids = {"finess_et", "indicateur", "id_usager"} <= heading
            if not wants_ids and not {"finess_et", "indicateur", "numerateur"} <= heading:
                raise SourceDataError(
                    f"{path.name}, ligne 1 : attendu finess_et;indicateur;numerateur;denominateur "
                    "ou finess_et;indicateur;id_usager, trouvé d'autres colonnes ; corrigez l'en-tête."
                )
            return _read(path.name, reader, wants_ids=wants_ids)
    except OSError:
        raise SourceDataError(f"{path} : fichier introuvable ou illisible ; vérifiez le chemin.") from None
    except UnicodeDecodeError:
        raise SourceDataError(f"{path.name} : attendu de l'UTF-8 ; réenregistrez le fichier.") from None


def _read(name: str, reader: csv.DictReader[str], *, wants_ids: bool) -> VendorFigures:
    figures: dict[Key, tuple[int, int | None]] = {}
    ids: dict[Key, set[str]] = defaultdict(set)
    for row in reader:
        values = {(key or "").strip(): (value or "").strip() for key, value in row.items() if isinstance(value, str)}
        finess = normalise_finess(values.get("finess_et", ""))
        place = f"{name}, ligne {reader.line_num}"
        if finess is None:
            raise SourceDataError(f"{place}, champ « finess_et » : attendu un FINESS de 9 caractères ; corrigez-le.")
        key = (finess, values.get("indicateur", ""))
        if wants_ids:
            ids[key].add(values["id_usager"])
        else:
            figures[key] = (_whole(place, "numerateur", values), _optional(place, values))
    return VendorFigures(figures, dict(ids))


def _whole(place: str, field: str, values: dict[str, str]) -> int:
    text = values.get(field, "")
    if not text.isdecimal():
        raise SourceDataError(f"{place}, champ « {field} » : attendu un nombre entier ; corrigez-le.")
    return int(text)


def _optional(place: str, values: dict[str, str]) -> int | None:
    return _whole(place, "denominateur", values) if values.get("denominateur") else None
