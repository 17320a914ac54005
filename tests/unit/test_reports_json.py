"""`indicateurs.json`, byte for byte."""

from __future__ import annotations

from dataclasses import replace

import orjson

from connector.model.findings import Finding
from connector.model.result import Annuel, Etablissement, Measure, Motif, SourceSummary
from connector.reports.json_file import to_json
from tests.unit.test_reports_samples import CODES, D1, impossible, result, site, undetermined

A, B = "970300026", "970300034"

GOLDEN = """{
  "version": "1",
  "programme": "esms-2025",
  "convention": null,
  "catalogue": "1",
  "date_mesure": "2025-04-01",
  "resultats": [
    {
      "finess_et": "970300026",
      "indicateur": "dossiers_actifs",
      "convention": null,
      "periode": {
        "debut": "2025-01-01",
        "fin": "2025-03-31"
      },
      "calcul": "calcule",
      "numerateur": 27,
      "denominateur": 30,
      "indetermines": 0,
      "taux": 90.0,
      "cible": 90,
      "cible_atteinte": true,
      "opposable": true,
      "reference": null,
      "motif": null,
      "annuel": {
        "numerateur": 27,
        "denominateur": 41
      },
      "cumul": null
    },
    {
      "finess_et": "970300026",
      "indicateur": "dmp",
      "convention": null,
      "periode": {
        "debut": "2025-01-01",
        "fin": "2025-03-31"
      },
      "calcul": "non_calculable",
      "numerateur": null,
      "denominateur": 0,
      "indetermines": null,
      "taux": null,
      "cible": 70,
      "cible_atteinte": null,
      "opposable": true,
      "reference": null,
      "motif": "denominateur_nul",
      "annuel": null,
      "cumul": null
    },
    {
      "finess_et": "970300026",
      "indicateur": "eprescription",
      "convention": null,
      "periode": {
        "debut": "2025-01-01",
        "fin": "2025-03-31"
      },
      "calcul": "calcule",
      "numerateur": 12,
      "denominateur": null,
      "indetermines": null,
      "taux": null,
      "cible": null,
      "cible_atteinte": null,
      "opposable": true,
      "reference": null,
      "motif": null,
      "annuel": null,
      "cumul": 132
    },
    {
      "finess_et": "970300034",
      "indicateur": "dossiers_actifs",
      "convention": "CONV-7",
      "periode": {
        "debut": "2025-01-01",
        "fin": "2025-03-31"
      },
      "calcul": "indetermine",
      "numerateur": 8996,
      "denominateur": 10000,
      "indetermines": 4,
      "taux": 89.9,
      "cible": 90,
      "cible_atteinte": null,
      "opposable": false,
      "reference": "Avenant n° 2",
      "motif": "mise_a_jour_indeterminee",
      "annuel": {
        "numerateur": null,
        "denominateur": null
      },
      "cumul": null,
      "parametres": {
        "exclusions": [
          "dossiers_actifs"
        ],
        "reference": "Avenant n° 2",
        "signataire": "ARS"
      }
    }
  ],
  "constats": [
    {
      "finess_et": null,
      "code": "colonne_inconnue",
      "gravite": "info",
      "nombre": 1,
      "texte": "Colonne ignorée : « age »."
    },
    {
      "finess_et": "970300026",
      "code": "identites_fusionnees",
      "gravite": "attention",
      "nombre": 2,
      "texte": "2 usagers partagent leur matricule INS avec un autre. Ils comptent pour une seule personne : fusionnez ces dossiers dans le DUI."
    }
  ],
  "sources": [
    {
      "nom": "export",
      "adaptateur": "pivot",
      "empreinte": "sha256:00",
      "lignes": {
        "sejours": 500,
        "usagers": 412
      }
    }
  ]
}
"""  # noqa: E501


def small() -> Measure:
    """One result of each kind, given in disorder."""
    terms: dict[str, object] = {"exclusions": ["dossiers_actifs"], "reference": "Avenant n° 2", "signataire": "ARS"}
    open_result = undetermined(
        B, "dossiers_actifs", 8996, 10000, annuel=Annuel(None, None), convention="CONV-7", parametres=terms,
        opposable=False, reference="Avenant n° 2",
    )  # fmt: skip
    return Measure(
        "esms-2025",
        "1",
        None,
        D1,
        (Etablissement(A, "America/Cayenne"), Etablissement(B, "America/Cayenne")),
        (
            open_result,
            result(A, "eprescription", 12, None, cumul=132),
            impossible(A, "dmp", Motif.DENOMINATEUR_NUL),
            result(A, "dossiers_actifs", 27, 30, annuel=Annuel(27, 41)),
        ),
        (Finding(A, "identites_fusionnees", 2), Finding("", "colonne_inconnue", 1, "age")),
        (),
        (SourceSummary("export", "pivot", "sha256:00", {"usagers": 412, "sejours": 500}),),
    )


def test_the_file_is_exactly_the_published_form() -> None:
    """Keys, order, indent, accents and last newline are those of the format; results are sorted."""
    assert to_json(small()).decode() == GOLDEN


def test_the_order_given_does_not_change_a_byte() -> None:
    """Results, findings and tables of a source may come in any order."""
    measure = small()
    turned = replace(
        measure,
        resultats=measure.resultats[::-1],
        constats=measure.constats[::-1],
        sources=(replace(measure.sources[0], lignes={"sejours": 500, "usagers": 412}),),
    )
    assert to_json(turned) == to_json(measure)


def test_annual_basis_and_total_stand_only_where_they_mean_something() -> None:
    """`annuel` on dossiers_actifs, `cumul` on the two counts, null elsewhere whatever the engine gave."""
    stray = (
        *(result(A, code, 1, 2, annuel=Annuel(1, 2)) for code in CODES[:5]),
        *(result(A, code, 1, None, cumul=3) for code in CODES[5:]),
    )
    rows = orjson.loads(to_json(replace(small(), resultats=stray)))["resultats"]
    assert [row["indicateur"] for row in rows if row["annuel"]] == ["dossiers_actifs"]
    assert [row["indicateur"] for row in rows if row["cumul"]] == ["eprescription", "eparcours"]
    assert not any("parametres" in row for row in rows)


def test_a_file_name_that_is_not_text_does_not_stop_the_file() -> None:
    """A source whose name is not UTF-8 is still reported."""
    measure = replace(small(), sources=(SourceSummary("export\udce9.csv", "pivot", "sha256:00", {}),))
    assert orjson.loads(to_json(measure))["sources"][0]["nom"] == "export\ufffd.csv"


def test_every_result_and_finding_is_there() -> None:
    """Nothing is dropped between the measure and the file."""
    measure = site()
    content = orjson.loads(to_json(measure))
    assert len(content["resultats"]) == len(measure.resultats)
    assert len(content["constats"]) == len(measure.constats)
    keys = [(row["finess_et"], row["indicateur"]) for row in content["resultats"]]
    assert [finess for finess, _ in keys] == sorted(finess for finess, _ in keys)
