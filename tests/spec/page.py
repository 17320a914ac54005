"""`docs/regles.md`: every spec case as Markdown, its rule first, its figure last."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType

from tests.spec.cases import ET, FIGURES, SINCE, Case, Row, case

# In the order of the page: from the words of the rules to what may go wrong.
MODULES = (
    "fenetres",
    "fuseaux",
    "finess",
    "identite",
    "accompagnees",
    "eligibles",
    "mis_a_jour",
    "indetermines",
    "foyer",
    "dossiers_actifs",
    "base_annuelle",
    "projet_personnalise",
    "evenement_agenda",
    "mssante",
    "mssante_attribution",
    "dmp",
    "dmp_entite_juridique",
    "ins_qualifiee",
    "nombres",
    "socles_2021",
    "resultat",
    "exemptions",
    "conventions",
    "couverture",
    "fautes",
    "plusieurs_sources",
)
HEAD = f"""\
# Les règles, cas par cas

<!-- Page produite par `make docs` à partir de tests/spec : ne la modifiez pas à la main. -->

Chaque règle tient en une phrase. De petites tables la montrent, puis le résultat attendu.
Chaque cas est un test : deux calculs indépendants, le moteur et un évaluateur de contrôle, doivent donner ce chiffre.
La rédaction suivie des règles est dans [les indicateurs](indicateurs.md) ; les colonnes sont celles du
[format pivot](format-pivot.md).

Lecture des tables : sans colonne `finess_et`, une ligne concerne l'établissement {ET}. « Usagers présents » désigne des
usagers dont le séjour commence le {SINCE} et dure encore. Une table qui n'est pas montrée n'est pas fournie.
"""

Speaker = Callable[[object], str]


def rules_page() -> str:
    """The whole page."""
    return HEAD + "".join(f"\n{line}\n" for name in MODULES for line in _section(module(name)))


def module(name: str) -> ModuleType:
    return import_module(f"tests.spec.test_{name}")


def written() -> set[str]:
    """The names of the spec modules that exist."""
    return {path.stem.removeprefix("test_") for path in Path(__file__).parent.glob("test_*.py")}


def cases_of(test: Callable[..., None]) -> list[Case]:
    """The cases that a spec test asks."""
    cases: list[Case] = []
    test(lambda *words, **named: cases.append(case(*words, **named)))
    return cases


def rules_of(source: ModuleType) -> list[Callable[..., None]]:
    """The spec tests of a module, in the order of the file."""
    return [test for name, test in vars(source).items() if name.startswith("test_")]


def _section(source: ModuleType) -> Iterator[str]:
    yield f"## {inspect.getdoc(source)}"
    for test in rules_of(source):
        yield f"### {(inspect.getdoc(test) or '').removesuffix('.')}"
        for one in cases_of(test):
            yield from _case(one)


def _case(one: Case) -> Iterator[str]:
    yield f"{_question(one)}."
    yield from _tables(one.tables, "")
    yield from _tables(one.ailleurs, ", dans une autre source")
    if one.reglages:
        yield "Réglages :"
        yield "```toml\n" + "\n".join(_toml(one.reglages)) + "\n```"
    for finess, fields in one.expected.items():
        yield _answer(one, finess, fields)
    if one.constats:
        yield f"Constats : {', '.join(f'`{code}`' for code in one.constats)}."


def _question(one: Case) -> str:
    words = [f"Mesure du {one.date_mesure}", f"programme `{one.programme}`"]
    words += ["première mesure"] if one.premiere_mesure else []
    words += [f"fenêtre `{one.fenetre}` demandée"] if one.fenetre else []
    present = f". Usagers présents : {', '.join(one.presents)}" if one.presents else ""
    return ", ".join(words) + present


def _tables(tables: Mapping[str, list[Row]], where: str) -> Iterator[str]:
    for name, rows in tables.items():
        if not rows:
            yield f"`{name}`{where} : fournie, sans aucune ligne."
            continue
        elsewhere = any(row.get("finess_et") != ET for row in rows)
        headings = [heading for heading in rows[0] if heading != "finess_et" or elsewhere]
        lines = [headings, ["---"] * len(headings), *([row[heading] for heading in headings] for row in rows)]
        yield f"`{name}`{where} :"
        yield "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _toml(settings: Mapping[str, Mapping | list]) -> Iterator[str]:
    for section, content in settings.items():
        for part in content if isinstance(content, list) else [content]:
            yield f"[[{section}]]" if isinstance(content, list) else f"[{section}]"
            for key, value in part.items():
                yield f"{_key(key)} = {_value(value)}"


def _key(key: str) -> str:
    return key if key.replace("_", "").isalpha() else f'"{key}"'


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_value(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _answer(one: Case, finess: str, fields: Mapping[str, object]) -> str:
    whose = f" pour {finess}" if finess != ET or len(one.expected) > 1 else ""
    return f"→ `{one.indicateur}`{whose} : {', '.join(_said(dict(fields)))}"


def _said(fields: dict[str, object]) -> Iterator[str]:
    """The answer in words, its figure first."""
    numerator, denominator = (fields.pop(name, None) for name in FIGURES)
    calcul, motif = fields.pop("calcul", None), fields.pop("motif", None)
    figure = f"{numerator}" if denominator is None else f"{numerator} / {denominator}"
    reason = f" (motif `{motif}`)" if motif else ""
    if calcul == "indetermine":
        yield f"**indéterminé**{reason}, chiffres {figure}"
    elif numerator is not None:
        yield f"**{figure}**"
    elif motif:
        nothing = f", dénominateur {denominator}" if denominator is not None else ""
        yield f"**non calculable**{reason}{nothing}"
    yield from (_WORDS[name](value) for name, value in fields.items())


_WORDS: dict[str, Speaker] = {
    "periode": lambda value: f"période du {value}",
    "taux": lambda value: "sans taux" if value is None else f"taux {str(value).replace('.', ',')} %",
    "cible": lambda value: "sans cible" if value is None else f"cible {value} %",
    "cible_atteinte": lambda value: {True: "cible atteinte", False: "cible non atteinte"}.get(value, "sans verdict"),
    "opposable": lambda value: "cible opposable" if value else "cible non opposable",
    "indetermines": lambda value: "indéterminées : sans objet" if value is None else f"indéterminées : {value}",
    "annuel": lambda value: f"assiette annuelle : {_annual(value)}",
    "cumul": lambda value: "sans cumul" if value is None else f"cumul : {value}",
}


def _annual(value: object) -> str:
    return "sans objet" if value is None else "inconnue" if "None" in str(value) else f"{value}"
