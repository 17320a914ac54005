"""What changed between two audits, in words, from their `indicateurs.json`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from connector.errors import UsageError
from connector.model.wording import short, why_not

Entry = Mapping[str, Any]


def load_audit(path: Path) -> dict[str, Any]:
    """The content of an audit folder or of its `indicateurs.json`.

    Raises:
        UsageError: no such file, or not a result file.
    """
    file = path / "indicateurs.json" if path.is_dir() else path
    try:
        content = json.loads(file.read_bytes())
        if not isinstance(content, dict) or not isinstance(content.get("resultats"), list):
            raise ValueError
    except OSError:
        raise UsageError(f"{file} : fichier introuvable ; donnez le dossier d'un audit.") from None
    except ValueError:
        raise UsageError(f"{file} : ce n'est pas un fichier de résultats ; donnez le dossier d'un audit.") from None
    return content


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """One sentence per difference: measure, sources, figures, findings."""
    headings = {"programme": "Programme", "catalogue": "Version des règles", "date_mesure": "Date de mesure"}
    for name, label in headings.items():
        if before.get(name) != after.get(name):
            yield f"{label} : {_shown(before.get(name))} → {_shown(after.get(name))}"
    yield from _sources(before, after)
    old, new = _by_key(before), _by_key(after)
    for key in sorted(old.keys() | new.keys()):
        yield from _result(key, old.get(key), new.get(key))
    yield from _findings(before, after)


def _shown(value: Any) -> str:
    """A value of the heading; a date as people write it."""
    try:
        return f"{date.fromisoformat(str(value)):%d/%m/%Y}"
    except ValueError:
        return str(value)


def _by_key(audit: Mapping[str, Any]) -> dict[tuple[str, str], Entry]:
    return {(entry["finess_et"], entry["indicateur"]): entry for entry in audit["resultats"]}


def _sources(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    old = {source["nom"]: source["empreinte"] for source in before.get("sources", [])}
    new = {source["nom"]: source["empreinte"] for source in after.get("sources", [])}
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            yield f"Source disparue : {name}"
        elif name not in old:
            yield f"Source nouvelle : {name}"
        elif old[name] != new[name]:
            yield f"Source modifiée : {name}"


def _result(key: tuple[str, str], old: Entry | None, new: Entry | None) -> Iterator[str]:
    label = f"{key[0]}, {short(key[1])}"
    if old is None or new is None:
        yield f"{label} : {'nouveau résultat' if old is None else 'résultat disparu'}"
        return
    if _figures(old) != _figures(new):
        yield f"{label} : {_figures(old)} → {_figures(new)}"
    if old["cible_atteinte"] != new["cible_atteinte"]:
        yield f"{label} : cible {_attained(old)} → {_attained(new)}"
    if old["opposable"] != new["opposable"]:
        yield f"{label} : la cible {'devient opposable' if new['opposable'] else 'n’est plus opposable'}"


def _figures(entry: Entry) -> str:
    if entry["numerateur"] is None:
        return f"non calculable ({why_not(entry['indicateur'], entry['motif'])})"
    figures = str(entry["numerateur"])
    if entry["denominateur"] is not None:
        figures += f" / {entry['denominateur']}"
    return figures + (" (indéterminé)" if entry["calcul"] == "indetermine" else "")


def _attained(entry: Entry) -> str:
    return {True: "atteinte", False: "non atteinte", None: "sans conclusion"}[entry["cible_atteinte"]]


def _findings(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    old, new = _by_kind(before), _by_kind(after)
    for key in sorted(old.keys() | new.keys()):
        was, now = old.get(key, []), new.get(key, [])
        if _count(was) == _count(now):
            continue
        what = "constat" if was and now else "nouveau constat" if now else "constat disparu"
        told = " ".join(finding["texte"] for finding in now or was)
        yield f"{key[0] or 'ensemble du site'}, {what} : {told}" + (f" (avant : {_count(was)})" if was and now else "")


def _count(findings: list[Entry]) -> int:
    return sum(finding["nombre"] for finding in findings)


def _by_kind(audit: Mapping[str, Any]) -> dict[tuple[str, str], list[Entry]]:
    """The findings of each ET and code, a code may have several details."""
    found: dict[tuple[str, str], list[Entry]] = {}
    for finding in audit.get("constats", []):
        found.setdefault((finding["finess_et"] or "", finding["code"]), []).append(finding)
    return found
