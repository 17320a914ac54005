"""Building the proofs of a measure: from an open site to the files of each ET."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from connector.evidence import merkle
from connector.evidence.archive import SiteKey, canonical, commitment, digest, external, persons_csv, sealed
from connector.evidence.slices import Slice
from connector.model.edition import Edition
from connector.model.result import Result
from connector.model.tables import TABLES
from connector.publish.allowlist import check
from connector.publish.declaration import public_text

Entropy = Callable[[int], bytes]
Sign = Callable[[bytes], str]

# Tables without which a fact about persons is unknown, not false.
_RESTS_ON = {
    "accompagnee": ("usagers", "sejours"),
    "accompagnee_12_mois": ("usagers", "sejours"),
    "eligible": ("usagers",),
    "mis_a_jour": ("dossiers",),
    "indetermine": ("dossiers",),
    "avec_projet": ("dossiers", "projets_personnalises"),
    "avec_evenement": ("dossiers", "evenements_agenda"),
    "dmp_alimente": ("depots_dmp",),
    "qualifiee": ("usagers",),
}


@dataclass(frozen=True)
class Proof:
    """The two files of one edition, and what names them."""

    edition: Edition
    externe: bytes
    interne: bytes
    engagement: str


def build(cut: Slice, edition: Edition, key: SiteKey, entropy: Entropy, sign: Sign) -> Proof:
    """The proof of one edition. `key` encrypts the internal part; `entropy(n)` gives n random bytes."""
    people = [{"id": entropy(8).hex(), **person} for person in cut.persons]
    seed = entropy(merkle.SEED)
    lines = list(_lines(cut, people))
    engagement = commitment(lines, seed)
    known = [
        fact for fact, tables in _RESTS_ON.items() if all(cut.context["tables"][table] == "FULL" for table in tables)
    ]
    persons = persons_csv(people, known)
    measure = _measure(cut, edition, digest(persons), engagement)
    interne = sealed(lines, seed, key, entropy(12))
    return Proof(edition, external(measure, persons, sign(measure)), interne, engagement)


def _lines(cut: Slice, people: list[dict[str, Any]]) -> Iterator[bytes]:
    yield canonical("contexte", cut.context)
    for person in people:
        yield canonical("personne", person)
    for table in TABLES:
        for row in cut.tables.get(table, ()):
            yield canonical(table, row)


def _measure(cut: Slice, edition: Edition, persons: str, engagement: str) -> bytes:
    """`mesure.json`: all that an external proof says beside the persons' lines."""
    measured = {one["indicateur"]: one for one in cut.context["resultats"]}
    content = {
        "version": "1",
        "finess_et": edition.finess_et,
        "raison_sociale": public_text(edition.raison_sociale),
        "finess_ej": edition.finess_ej or None,  # null: no table says which
        "programme": edition.programme,
        "catalogue": edition.catalogue,
        "convention": edition.convention and public_text(edition.convention),
        "debut": edition.debut.isoformat(),
        "fin": edition.fin.isoformat(),
        "date_mesure": edition.date_mesure.isoformat(),
        "revision": edition.revision,
        "motif_revision": public_text(edition.motif_revision),
        "etabli_le": edition.etabli_le.isoformat(),
        "logiciel": public_text(edition.logiciel),
        "resultats": [_result(result, measured) for result in edition.resultats],
        "constats": [
            {"code": one.code, "gravite": one.kind.severity.value, "nombre": one.count} for one in edition.constats
        ],
        "sources": list(edition.sources),
        "personnes": persons,
        "engagement": engagement,
    }
    check("preuve", content)
    return orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _result(result: Result, measured: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """One figure. `repris` tells a figure kept from an earlier revision, whose own proof has its persons."""
    fresh = measured[result.indicateur]
    return {
        "indicateur": result.indicateur,
        "debut": result.periode.first.isoformat(),
        "fin": result.periode.last.isoformat(),
        "calcul": result.calcul.value,
        "numerateur": result.numerateur,
        "denominateur": result.denominateur,
        "indetermines": result.indetermines,
        "assiette": _base(result),
        "cible": result.cible,
        "cible_atteinte": result.cible_atteinte,
        "opposable": result.opposable,
        "reference": result.reference and public_text(result.reference),
        "motif": result.motif and result.motif.value,
        "annuel": list(result.annuel) if result.annuel else None,
        "cumul": result.cumul,
        "repris": (fresh["numerateur"], fresh["denominateur"], fresh["calcul"])
        != (result.numerateur, result.denominateur, result.calcul.value),
    }


def _base(result: Result) -> str | None:
    """The set of persons that a convention puts in the place of the programme's."""
    changed = (result.parametres or {}).get("denominateurs")
    return changed.get(result.indicateur) if isinstance(changed, dict) else None
