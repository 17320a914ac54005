"""No small number can be read or derived: tried by an attacker who knows the rules and has every payload."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.model.result import Annuel, Calcul, Motif, Result
from connector.publish.declaration import MASKED, Declaration
from connector.publish.disclosure import disclose
from connector.publish.payload import build, parse
from tests.lib.editions import destination, edition, impossible, result, undetermined

Counts = dict[str, int]


def _judged(code: str, n: int, d: int, u: int, worst: tuple[int, int], best: tuple[int, int], **more: Any) -> Result:
    """As the rules of results say: undetermined when the worst and the best case conclude differently."""
    ends = {d_ > 0 and 100 * n_ >= 90 * d_ for n_, d_ in (worst, best)}
    if d == 0 and u == 0:
        return impossible(code, Motif.DENOMINATEUR_NUL)
    if u and (len(ends) > 1 or d == 0):
        return undetermined(code, n, d, u, **more)
    return result(code, n, d, indetermines=u, **more)


def _results(c: Counts) -> tuple[Result, ...]:
    """What a site with these counts would give."""
    accompagnees, actifs, u, projets = c["accompagnees"], c["actifs"], c["indetermines"], c["projets"]
    annual = Annuel(actifs + c["sortis_actifs"], accompagnees + c["sortis"])
    with_project = u * c["indetermines_avec_projet"]
    return (
        _judged(
            "dossiers_actifs",
            actifs,
            accompagnees,
            u,
            (actifs, accompagnees),
            (actifs + u, accompagnees),
            annuel=annual,
        )
        if accompagnees
        else impossible("dossiers_actifs", Motif.DENOMINATEUR_NUL),
        _judged(
            "projet_personnalise",
            projets,
            actifs,
            u,
            (projets, actifs + u - with_project),
            (projets + with_project, actifs + with_project),
        ),
        _rate("mssante", c["messages"], c["eligibles"]),
        _rate("dmp", c["alimentes"], c["eligibles"]),
        _rate("ins_qualifiee", c["qualifiees"], accompagnees),
        result("dui_actifs", actifs, None, indetermines=u),
        result("eprescription", c["messages"], None, cumul=2 * c["messages"]),
    )


def _rate(code: str, n: int, d: int) -> Result:
    return result(code, n, d) if d else impossible(code, Motif.DENOMINATEUR_NUL)


def _cells(c: Counts) -> Counts:
    """Every count of persons that figures of one site give by sums and differences."""
    inactive = c["accompagnees"] - c["actifs"]
    return {
        **{name: count for name, count in c.items() if name != "indetermines_avec_projet"},
        "inactifs": inactive,
        "surement_inactifs": inactive - c["indetermines"],
        "actifs_sans_projet": c["actifs"] - c["projets"],
        "non_qualifiees": c["accompagnees"] - c["qualifiees"],
        "non_eligibles": c["accompagnees"] - c["eligibles"],
        "non_alimentes": c["eligibles"] - c["alimentes"],
        "annee": c["accompagnees"] + c["sortis"],
        "annee_actifs": c["actifs"] + c["sortis_actifs"],
        "sortis_inactifs": c["sortis"] - c["sortis_actifs"],
        "annee_inactifs": inactive + c["sortis"] - c["sortis_actifs"],
    }


def _small_sites(most: int, free: tuple[str, ...]) -> Iterator[Counts]:
    """Every site of at most `most` persons. Indicators that rest on a set outside `free` are not measured."""

    def upto(name: str, top: int) -> range:
        return range(top + 1 if name in free else 1)

    for c in _basic_sites(most, upto):
        for projets, qualifiees, alimentes, sortis, messages in product(
            upto("projets", c["actifs"]),
            upto("qualifiees", c["accompagnees"]),
            upto("alimentes", c["eligibles"]),
            upto("sortis", most),
            upto("messages", most),
        ):
            for sortis_actifs in upto("sortis", sortis):
                yield c | {
                    "projets": projets,
                    "qualifiees": qualifiees,
                    "alimentes": alimentes,
                    "messages": messages,
                    "sortis": sortis,
                    "sortis_actifs": sortis_actifs,
                }


def _basic_sites(most: int, upto: Callable[[str, int], range]) -> Iterator[Counts]:
    for accompagnees in range(most + 1):
        for eligibles, actifs in product(upto("eligibles", accompagnees), upto("actifs", accompagnees)):
            for u, avec in product(upto("indetermines", accompagnees - actifs), upto("indetermines", 1)):
                yield {
                    "accompagnees": accompagnees,
                    "eligibles": eligibles,
                    "actifs": actifs,
                    "indetermines": u,
                    "indetermines_avec_projet": avec,
                }


_RESTS_ON = {
    "dossiers_actifs": "actifs",
    "dui_actifs": "actifs",
    "projet_personnalise": "projets",
    "mssante": "messages",
    "eprescription": "messages",
    "dmp": "alimentes",
    "ins_qualifiee": "qualifiees",
}


def _measured(counts: Counts, free: tuple[str, ...]) -> tuple[Result, ...]:
    """The results of a site that only has the sources of `free`."""
    kept = (one for one in _results(counts) if _RESTS_ON[one.indicateur] in free)
    return tuple(one if "sortis" in free else one._replace(annuel=None) for one in kept)


_UNIVERSES = [
    # Threshold, persons at most, sets that vary.
    (2, 8, ("actifs", "indetermines", "qualifiees")),
    (3, 8, ("actifs", "indetermines", "projets", "qualifiees")),
    (3, 8, ("eligibles", "alimentes", "messages")),
    (3, 7, ("actifs", "sortis", "qualifiees")),
    (3, 9, ("actifs", "projets", "eligibles", "alimentes")),
    (4, 12, ("actifs", "eligibles", "alimentes")),
]


@pytest.mark.parametrize(("threshold", "most", "free"), _UNIVERSES)
def test_an_attacker_who_tries_every_site_learns_no_small_number(
    threshold: int, most: int, free: tuple[str, ...]
) -> None:
    """Whatever is published, each count of 1 to k − 1 of one site is another in some site that publishes the same.

    Sites near the largest size tried are left out: their larger twins were not tried.
    """
    sites: dict[object, list[Counts]] = defaultdict(list)
    for counts in _small_sites(most, free):
        sites[disclose(edition(resultats=_measured(counts, free)), threshold).lignes].append(_cells(counts))
    learnt = [
        (name, first)
        for same in sites.values()
        for name in same[0]
        for first in same[:1]
        if 0 < first[name] < threshold
        and first["accompagnees"] + first["sortis"] <= most - max(threshold, 3)
        and all(other[name] == first[name] for other in same)
    ]
    assert learnt == []
    assert len(sites) > 20


def _mixed_results(c: Counts) -> tuple[Result, ...]:
    """A convention measures the projects over the eligible, the rest stays over the accompanied."""
    over = {"denominateurs": {"projet_personnalise": "eligibles"}}
    none = impossible("projet_personnalise", Motif.DENOMINATEUR_NUL)
    projects = result("projet_personnalise", c["projets"], c["actifs_eligibles"]) if c["actifs_eligibles"] else none
    return (
        _rate("dossiers_actifs", c["actifs"], c["accompagnees"]),
        projects._replace(parametres=over),
        _rate("ins_qualifiee", c["accompagnees"], c["accompagnees"]),
        _rate("dmp", c["eligibles"], c["eligibles"]),
    )


def _mixed_sites(most: int) -> Iterator[Counts]:
    for accompagnees in range(most + 1):
        for eligibles, actifs in product(range(accompagnees + 1), repeat=2):
            for both in range(max(0, eligibles + actifs - accompagnees), min(eligibles, actifs) + 1):
                for projets in range(both + 1):
                    yield {
                        "accompagnees": accompagnees,
                        "eligibles": eligibles,
                        "actifs": actifs,
                        "actifs_eligibles": both,
                        "projets": projets,
                    }


def _mixed_cells(c: Counts) -> Counts:
    return c | {
        "inactifs": c["accompagnees"] - c["actifs"],
        "non_eligibles": c["accompagnees"] - c["eligibles"],
        "eligibles_inactifs": c["eligibles"] - c["actifs_eligibles"],
        "actifs_non_eligibles": c["actifs"] - c["actifs_eligibles"],
        "inactifs_non_eligibles": c["accompagnees"] - c["actifs"] - c["eligibles"] + c["actifs_eligibles"],
        "actifs_sans_projet": c["actifs_eligibles"] - c["projets"],
    }


def test_an_attacker_learns_nothing_either_when_a_convention_changes_a_denominator() -> None:
    """Two sets of persons side by side give the persons between them: those are protected as well."""
    sites: dict[object, list[Counts]] = defaultdict(list)
    for counts in _mixed_sites(10):
        sites[disclose(edition(resultats=_mixed_results(counts)), 3).lignes].append(_mixed_cells(counts))
    learnt = [
        (name, same[0])
        for same in sites.values()
        for name in same[0]
        if 0 < same[0][name] < 3
        and same[0]["accompagnees"] <= 7
        and all(other[name] == same[0][name] for other in same)
    ]
    assert learnt == []
    assert len(sites) > 20


def test_without_secrecy_nothing_is_hidden() -> None:
    """The ARS that decides gets every figure."""
    said = disclose(edition(resultats=_results(_site(12, 3, 2, 1, 1, 1, 1, 1, 1, 0))), 0)
    assert MASKED not in _values(said)


def _site(*numbers: int) -> Counts:
    names = (
        "accompagnees", "actifs", "indetermines", "projets", "eligibles", "alimentes", "qualifiees", "messages",
        "sortis", "sortis_actifs",
    )  # fmt: skip
    return dict(zip(names, numbers, strict=True)) | {"indetermines_avec_projet": 1}


def _values(said: Declaration) -> list[object]:
    lines = [value for line in said.lignes for value in (*vars(line).values(), line.taux)]
    return lines + [one.nombre for one in said.constats]


@st.composite
def sites(draw: st.DrawFn) -> Counts:
    """A site of any size, small numbers being likely everywhere."""

    def upto(top: int) -> int:
        near = [n for base in (0, top) for n in range(base - 12, base + 13) if 0 <= n <= top]
        return draw(st.sampled_from(near) | st.integers(0, top))

    accompagnees = upto(400)
    eligibles, actifs, sortis = upto(accompagnees), upto(accompagnees), upto(60)
    return {
        "accompagnees": accompagnees,
        "eligibles": eligibles,
        "actifs": actifs,
        "indetermines": upto(accompagnees - actifs),
        "indetermines_avec_projet": draw(st.integers(0, 1)),
        "projets": upto(actifs),
        "qualifiees": upto(accompagnees),
        "alimentes": upto(eligibles),
        "messages": upto(500),
        "sortis": sortis,
        "sortis_actifs": upto(sortis),
    }


_PUBLISHED = (
    "numerateur",
    "denominateur",
    "indetermines",
    "annuel_numerateur",
    "annuel_denominateur",
    "cumul",
)


@settings(deadline=None, max_examples=150)
@given(counts=sites(), threshold=st.integers(2, 20), format_=st.sampled_from(["fhir", "adx", "dhis2", "csv"]))
def test_no_small_number_is_read_in_any_format(counts: Counts, threshold: int, format_: str) -> None:
    """What a payload says has no count of 1 to k − 1, no such difference, and no rate that would give one."""
    given_edition = edition(resultats=_results(counts))
    said = parse(build(given_edition, destination(format_, secret_en_dessous=threshold)).body, format_)
    known = _known_counts(said)
    assert [name for name, count in known.items() if 0 < count < threshold] == []
    assert not any(line.statut == "secret" and isinstance(line.taux, float) for line in said.lignes)
    assert all(constat.nombre in (0, MASKED) for constat in said.constats)


def _known_counts(said: Declaration) -> Counts:
    """Everything that plain subtraction gives from what is said, across lines."""
    lines = {line.indicateur: line for line in said.lignes}
    known = {
        f"{code}.{name}": value
        for code, line in lines.items()
        for name in _PUBLISHED
        if isinstance(value := getattr(line, name), int)
    }
    pairs = [
        *((f"{code}.denominateur", f"{code}.numerateur") for code in lines),
        ("ins_qualifiee.denominateur", "dui_actifs.numerateur"),
        ("ins_qualifiee.denominateur", "projet_personnalise.denominateur"),
        ("ins_qualifiee.denominateur", "dmp.denominateur"),
        ("dossiers_actifs.denominateur", "dmp.denominateur"),
        ("dossiers_actifs.denominateur", "mssante.denominateur"),
        ("dossiers_actifs.annuel_denominateur", "dossiers_actifs.denominateur"),
        ("dossiers_actifs.annuel_denominateur", "ins_qualifiee.denominateur"),
        ("dossiers_actifs.annuel_numerateur", "dossiers_actifs.numerateur"),
        ("dossiers_actifs.annuel_numerateur", "dui_actifs.numerateur"),
        ("dossiers_actifs.annuel_denominateur", "dossiers_actifs.annuel_numerateur"),
        ("dui_actifs.numerateur", "projet_personnalise.numerateur"),
    ]
    differences = {f"{a} - {b}": known[a] - known[b] for a, b in pairs if a in known and b in known}
    return known | differences


def test_a_status_beside_a_hidden_figure_is_hidden_too() -> None:
    """With 10 undetermined hidden but the rest shown, « indeterminate » would give the 10 back."""
    lines = (undetermined("dossiers_actifs", 80, 100, 10), result("ins_qualifiee", 50, 100))
    said = disclose(edition(resultats=lines), 11).lignes[0]
    assert (said.statut, said.motif, said.cible_atteinte, said.taux) == ("secret", "", MASKED, MASKED)


def test_the_indicators_of_a_destination_do_not_change_what_is_secret() -> None:
    """Two receivers of one threshold cannot put two halves together."""
    measured = edition(resultats=(result("dui_actifs", 95, None), result("ins_qualifiee", 50, 100)))
    assert disclose(measured, 11, ["dui_actifs"]).lignes == disclose(measured, 11).lignes[:1]
    assert disclose(measured, 11).lignes[0].numerateur is MASKED


def test_half_an_annual_basis_is_protected_too() -> None:
    """Should only one of its two figures be known, a small one is still not read."""
    lines = (result("dossiers_actifs", 180, 200, annuel=Annuel(None, 204)),)
    said = disclose(edition(resultats=lines), 11).lignes[0]
    assert (said.numerateur, said.annuel_numerateur, said.annuel_denominateur) == (180, None, MASKED)


def test_running_totals_do_not_leave_with_secrecy() -> None:
    """Two totals give the month between them."""
    said = disclose(edition(resultats=(result("eprescription", 40, None, cumul=400),)), 11).lignes[0]
    assert (said.numerateur, said.cumul, said.statut) == (40, MASKED, Calcul.CALCULE.value)
