"""The pages drawn from the code and the spec tests: `python -m tests.lib.docs` writes them again.

`tests/test_docs.py` compares each page whole with what this module gives. A page that is wholly
drawn is replaced; in the others only what stands between two markers is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from typer.main import get_command
from typer.testing import CliRunner

from connector.cli.main import app
from connector.indicators.catalogue import INDICATORS, Indicator
from connector.indicators.programme import Exemption, Programme, load_programme
from connector.model.findings import FINDINGS, FindingKind, Severity
from connector.model.tables import TABLES, Column, Kind, Table
from connector.publish.answers import HUNDREDS, STATUSES, Rule
from connector.publish.outbox import STATES
from connector.resources import config_path
from tests.lib import docs_formats
from tests.spec.page import rules_page

ROOT = Path(__file__).parents[2]
DRAWN = "<!-- Page produite par `make docs` : ne la modifiez pas à la main. -->"
WIDTH = 100


def with_blocks(text: str, blocks: dict[str, Callable[[], str]]) -> str:
    """A page with the content of its blocks drawn again. Raises ValueError when a marker is missing."""
    for name, draw in blocks.items():
        start, end = f"<!-- début : {name} (produit par `make docs`) -->", f"<!-- fin : {name} -->"
        before, found, rest = text.partition(start)
        _, ended, after = rest.partition(end)
        if not found or not ended:
            raise ValueError(f"marqueur absent : {name}")
        text = f"{before}{start}\n\n{draw()}\n{end}{after}"
    return text


def read(name: str) -> str:
    """A page as it is now."""
    return (ROOT / name).read_text(encoding="utf-8")


# ---------------------------------------------------------------------- findings

_SEVERITIES = {
    Severity.BLOCKING: "Bloquants : une transmission attendra qu'une personne la libère, avec un motif",
    Severity.ATTENTION: "À vérifier",
    Severity.INFO: "Pour information",
}


def findings_page() -> str:
    """`docs/constats.md`."""
    head = f"""\
# Les constats

{DRAWN}

Un constat dit ce que les données ont d'inhabituel. Il accompagne les chiffres et ne les change jamais.
Chacun a un code, une gravité et un nombre de lignes ; « n » et « … » tiennent ici la place de ce nombre et d'un détail.
Les identifiants locaux des lignes concernées restent sur le site, dans le dossier `local/` de l'audit.
"""
    return head + "".join(_findings(severity) for severity in Severity)


def _findings(severity: Severity) -> str:
    kinds = [kind for kind in FINDINGS.values() if kind.severity is severity]
    return f"\n## {_SEVERITIES[severity]}\n" + "".join(_finding(kind) for kind in kinds)


def _finding(kind: FindingKind) -> str:
    text, advice = kind.words(2, "…", shown="n")
    what = "" if advice in ("", "…") else f"- Que faire : {advice}\n"
    return f"\n### `{kind.code}`\n\n- Gravité : {kind.severity.value}\n- Texte : {text}\n{what}"


# ---------------------------------------------------------------------- command line

EXIT_CODES = {
    0: "terminé",
    1: "erreur inattendue, ou interruption au clavier",
    2: "mauvaise utilisation de la commande",
    10: "réglages, correspondance ou programme inutilisables",
    11: "données source fautives ; ce qui n'est pas touché est mesuré et écrit quand même (sauf `--strict`)",
    12: "source introuvable ou injoignable",
    13: "transmission refusée par son destinataire, avec ses mots",
    14: "transmission en file d'attente, pas encore remise",
}


def command_page() -> str:
    """`docs/ligne-de-commande.md`."""
    codes = "".join(f"| {code} | {meaning} |\n" for code, meaning in EXIT_CODES.items())
    verbs = "".join(_verb(path) for path in verbs_of())
    return f"""\
# La ligne de commande

{DRAWN}

Un verbe par tâche. Les noms ne changent pas d'une version à l'autre. `--help` après un verbe donne ce qui suit.

## Codes de sortie

| Code | Sens |
|---|---|
{codes}
## `dui-connector`

{_help(())}{verbs}"""


def verbs_of() -> list[tuple[str, ...]]:
    """Every verb, groups included, in the order of the help."""

    def below(command: object, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        for name, child in getattr(command, "commands", {}).items():
            yield (*path, name)
            yield from below(child, (*path, name))

    return list(below(get_command(app), ()))


def _verb(path: tuple[str, ...]) -> str:
    return f"\n## `{' '.join(path)}`\n\n{_help(path)}"


def _help(path: tuple[str, ...]) -> str:
    ran = CliRunner().invoke(app, [*path, "--help"], prog_name="dui-connector", terminal_width=WIDTH)
    if ran.exit_code:
        raise ValueError(f"{' '.join(path)} --help : code {ran.exit_code}")
    text = "\n".join(line.rstrip() for line in ran.output.strip().splitlines())
    return f"```text\n{text}\n```\n"


# ---------------------------------------------------------------------- pivot tables

_KINDS = {
    Kind.FINESS: "FINESS",
    Kind.ID: "identifiant",
    Kind.MATRICULE: "matricule INS",
    Kind.ADDRESS: "adresse",
    Kind.CODE: "code",
    Kind.DATE: "date ou instant",
    Kind.ZONE: "fuseau IANA",
    Kind.TEXT: "texte",
}


def pivot_tables() -> str:
    """The tables of the pivot format, one section each."""
    return "\n".join(_table(table) for table in TABLES.values())


def _table(table: Table) -> str:
    columns = "".join(_column(column) for column in table.columns)
    key = f"Clé : {', '.join(f'`{name}`' for name in table.key)}.\n\n" if table.key else ""
    head = "| Colonne | Obligatoire | Nature | Contenu |\n|---|---|---|---|\n"
    return f"### `{table.name}`\n\n{table.description}.\n\n{key}{head}{columns}"


def _column(column: Column) -> str:
    content = column.description
    if column.codes:
        content += " : " + ", ".join(f"`{code}`" for code in column.codes)
    return f"| `{column.name}` | {'oui' if column.required else ''} | {_KINDS[column.kind]} | {content} |\n"


# ---------------------------------------------------------------------- submissions


def states() -> str:
    """The states of a submission."""
    return "| État | Sens |\n|---|---|\n" + "".join(f"| `{name}` | {meaning} |\n" for name, meaning in STATES.items())


def answers() -> str:
    """What each status means: one line for each rule."""
    lines = "| Statut | Décision |\n|---|---|\n"
    for rule in Rule:
        known = [f"{status}" for status, found in STATUSES.items() if found is rule]
        known += [f"autres {hundred}xx" for hundred, found in HUNDREDS.items() if found is rule]
        lines += f"| {', '.join(known)} | {rule.value} |\n"
    return lines


# ---------------------------------------------------------------------- indicators and programmes


def programmes() -> list[Programme]:
    """The programmes that ship with the package, oldest first."""
    return [load_programme(path.stem) for path in sorted(config_path("programmes").glob("*.toml"))]


def indicator_list() -> str:
    """Each indicator: its formula, what it needs and reads, its reference."""
    return "\n".join(_indicator(indicator) for indicator in INDICATORS.values())


def _indicator(indicator: Indicator) -> str:
    lines = [
        f"- Formule : {indicator.formule}",
        f"- Tables nécessaires : {_codes(indicator.needs)}",
        *([f"- Tables lues si elles sont fournies : {_codes(indicator.reads)}"] if indicator.reads else []),
        f"- Référence : {indicator.reference}",
    ]
    return f"### `{indicator.code}`\n\n" + "\n".join(lines) + "\n"


def _codes(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def programme_list() -> str:
    """Each programme: its window, its targets, its exemptions, with the reference of each."""
    return "\n".join(_programme(programme) for programme in programmes())


_WINDOWS = {"mois_civil": "mois civil", "trois_mois_glissants": "trois mois glissants"}


def _programme(programme: Programme) -> str:
    targets = programme.cibles.model_dump(exclude={"reference"}, exclude_none=True)
    shown = ", ".join(f"`{code}` {value} %" for code, value in targets.items()) or "aucune"
    first = programme.fenetre.premiere_mesure_mois
    lines = [
        f"- {programme.intitule}, paramètres version {programme.version}",
        f"- Texte : {programme.reference}",
        f"- Fenêtre : {_WINDOWS[programme.fenetre.sorte]} ({programme.fenetre.reference})",
        *([f"- Première mesure en mois civil : {first} mois"] if first > 1 else []),
        f"- Indicateurs : {_codes(programme.indicateurs.liste)}",
        f"- Cibles : {shown} ({programme.cibles.reference})",
        *(f"- Cibles non opposables : {_exemption(one)}" for one in programme.exemption),
    ]
    folded = "\n".join(folded_line for line in lines for folded_line in fold(line))
    return f"### `{programme.id}`\n\n{folded}\n"


def _exemption(one: Exemption) -> str:
    who = f"secteur `{one.secteur}`"
    who += f", `eligible_sons` = {one.eligible_sons}" if one.eligible_sons else ""
    who += ", quand tout le projet en relève" if one.tout_le_projet else ""
    who += f", depuis le {one.depuis}" if one.depuis else ""
    return f"{_codes(one.indicateurs)} pour {who} ({one.reference})"


def fold(line: str, width: int = 120) -> list[str]:
    """A list item over several lines, none longer than `width`."""
    words, lines = line.split(" "), [""]
    for word in words:
        if len(lines[-1]) + len(word) >= width:
            lines.append("  " + word)
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return lines


PAGES: dict[str, Callable[[], str]] = {
    "docs/regles.md": rules_page,
    "docs/constats.md": findings_page,
    "docs/ligne-de-commande.md": command_page,
    "docs/format-pivot.md": lambda: with_blocks(read("docs/format-pivot.md"), {"tables": pivot_tables}),
    "docs/formats-de-sortie.md": lambda: with_blocks(
        read("docs/formats-de-sortie.md"),
        {
            "faits": docs_formats.facts,
            **{name: partial(docs_formats.example, name) for name in ("fhir", "adx", "dhis2", "csv")},
        },
    ),
    "docs/envoi.md": lambda: with_blocks(read("docs/envoi.md"), {"états": states, "réponses": answers}),
    "docs/indicateurs.md": lambda: with_blocks(
        read("docs/indicateurs.md"), {"programmes": programme_list, "indicateurs": indicator_list}
    ),
}


# ---------------------------------------------------------------------- links


def links(text: str) -> list[str]:
    """The relative targets of the links of a Markdown page, code apart."""
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)\s]+)\)", prose)
    return [target for target in targets if not re.match(r"[a-z]+:", target)]


def code_blocks(text: str, language: str) -> list[str]:
    """The code blocks of a page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


def anchors(text: str) -> set[str]:
    """The anchors that the headings of a page give."""
    titles = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-") for title in titles}


def main() -> None:
    """Write every page that is not what it should be."""
    for name, draw in PAGES.items():
        text = draw()
        if not (ROOT / name).exists() or read(name) != text:
            (ROOT / name).write_text(text, encoding="utf-8", newline="\n")
            print(f"Écrit : {name}")


if __name__ == "__main__":
    main()
