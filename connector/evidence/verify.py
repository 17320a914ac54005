"""Checking an external proof on a machine that never saw the site.

The signature is checked against keys or certificates given from outside, never one found in the archive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from connector.evidence.archive import Opened, digest, read_persons
from connector.evidence.arithmetic import RULES, recount
from connector.model.wording import short, why_not

Authenticate = Callable[[bytes, str], str]  # bytes and detached signature → the signer; raises ConnectorError


class Check(NamedTuple):
    """One thing checked, in words."""

    ok: bool
    text: str


def verify_external(proof: Opened, authenticate: Authenticate) -> list[Check]:
    """Signature, digests and arithmetic of a proof.

    Raises:
        ConnectorError: the signature is not that of a trusted key; nothing else is then worth reading.
    """
    signer = authenticate(proof.measure, proof.signature)
    checks = [Check(True, f"signature : valide, {signer}")]
    same = digest(proof.persons) == proof.content.get("personnes")
    checks.append(Check(same, f"lignes des personnes : {'celles qui ont été signées' if same else 'changées depuis'}"))
    persons = read_persons(proof.persons)
    for result in proof.content.get("resultats", ()):
        checks += _figures(result, persons)
    return checks


def _figures(result: Mapping[str, Any], persons: list[dict[str, bool]]) -> Iterator[Check]:
    code, name = result["indicateur"], short(result["indicateur"])
    if result["calcul"] == "non_calculable":
        words = f"{name} : non calculable ({why_not(code, result['motif'])}), aucun chiffre"
        yield Check(result["numerateur"] is None, words)
    elif result["repris"]:
        yield Check(True, f"{name} : chiffre repris d'une révision antérieure ; sa preuve est celle de cette révision")
    elif code in RULES:
        yield from _recounted(result, persons)
    else:
        yield Check(True, f"{name} : {result['numerateur']}, attesté par la signature, sans personne à recompter")
    if result["cible_atteinte"] is not None:
        reached = 100 * result["numerateur"] >= result["cible"] * result["denominateur"]
        yield Check(
            reached == result["cible_atteinte"],
            f"{name} : cible de {result['cible']} % {'atteinte' if reached else 'non atteinte'}",
        )


def _recounted(result: Mapping[str, Any], persons: list[dict[str, bool]]) -> Iterator[Check]:
    code, name = result["indicateur"], short(result["indicateur"])
    found = recount(code, persons, result["assiette"])
    pairs = [("numérateur", result["numerateur"], found.numerator)] if found.numerator is not None else []
    if result["denominateur"] is not None:
        pairs.append(("dénominateur", result["denominateur"], found.denominator))
    if result["indetermines"] is not None and found.undetermined is not None:
        pairs.append(("indéterminés", result["indetermines"], found.undetermined))
    for what, said, counted in pairs:
        agreement = "recompté" if said == counted else f"les lignes des personnes en donnent {counted}"
        yield Check(said == counted, f"{name} : {what} {said}, {agreement}")
    if code == "dossiers_actifs" and result["annuel"] and result["annuel"][1] is not None:
        annual = recount(code, persons, "accompagnees_12_mois")
        same = [annual.numerator, annual.denominator] == list(result["annuel"])
        yield Check(same, f"{name} : base annuelle {result['annuel'][0]} / {result['annuel'][1]}")
