"""The real samples of the standards bodies, end to end: what is recognised, and why each figure is what it is."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from tests.lib.run import Ran, command

TDDUI_ET, ORU_ET, MDM_ET = "480787529", "120459876", "300017985"
NOTHING = ("non_calculable", None, None)
NO_SOURCE = (*NOTHING, "source_absente")
NO_DATE = (*NOTHING, "date_absente")
Figure = tuple[str, int | None, int | None, str | None]


def audit(
    output: Path, *sources: Path, day: str, programme: str = "esms-2025", config: Path | None = None, code: int = 0
) -> tuple[Ran, dict[str, Any]]:
    """A run that must end with this code, and its `indicateurs.json`."""
    settings = ["--config", config] if config else []
    ran = command("audit", *sources, "--date-mesure", day, "--programme", programme, "--output", output, *settings)
    assert (ran.code, "Traceback" in ran.err) == (code, False), ran.err
    return ran, json.loads((output / "indicateurs.json").read_bytes())


def figures(content: dict[str, Any], finess: str) -> dict[str, Figure]:
    return {
        one["indicateur"]: (one["calcul"], one["numerateur"], one["denominateur"], one["motif"])
        for one in content["resultats"]
        if one["finess_et"] == finess
    }


def findings(content: dict[str, Any]) -> dict[tuple[str | None, str], int]:
    return {(one["finess_et"], one["code"]): one["nombre"] for one in content["constats"]}


def test_the_tddui_samples_are_measured(samples: Path, tmp_path: Path) -> None:
    """Thirteen files are one transfer of one ET; each figure below follows from what they hold.

    Two Patients (each twice: in a Bundle and alone): 194704032 with a stay since 2023-04-14, and the « PP-PA » one
    123456789 without stay. So one person is accompanied. No resource has `meta.lastUpdated`, and a transfer has no
    journal: the dossiers have no date at all, and what rests on updates cannot be computed. The one accompanied
    says QUAL, but the made-up matricule of the ANS fails its key: it identifies nobody, so no qualified INS.
    Messages, deposits, prescriptions and exchanges are no part of a transfer.
    """
    ran, content = audit(tmp_path / "audit", samples / "tddui", day="2023-07-01")
    assert ran.err.splitlines() == [
        "Reconnu : tddui (TDDUI FHIR, 13 fichiers)",
        "Laissé de côté : INDEX.md (format non reconnu)",
    ]
    assert {one["finess_et"] for one in content["resultats"]} == {TDDUI_ET}
    assert figures(content, TDDUI_ET) == {
        "dossiers_actifs": NO_DATE,
        "projet_personnalise": NO_DATE,
        "evenement_agenda": NO_DATE,
        "mssante": NO_SOURCE,
        "dmp": NO_SOURCE,
        "ins_qualifiee": ("calcule", 0, 1, None),
        "dui_actifs": NO_DATE,
        "eprescription": NO_SOURCE,
        "eparcours": NO_SOURCE,
    }
    assert findings(content) == {
        (None, "fichier_laisse_de_cote"): 1,  # the Bundle of the 1.x form: a CDA in a DocumentReference
        (TDDUI_ET, "finess_cle_fausse"): 1,  # 480787529 is made up
        (TDDUI_ET, "finess_non_confirme"): 1,
        (TDDUI_ET, "ins_absent"): 1,  # 123456789
        (TDDUI_ET, "ins_malforme"): 1,  # 194704032
        (TDDUI_ET, "journal_date_absente"): 1,
        (TDDUI_ET, "usagers_sans_sejour"): 1,  # 123456789
    }
    (source,) = content["sources"]
    assert source["lignes"] == {
        "usagers": 4,
        "matricules_anterieurs": 0,
        "sejours": 2,
        "dossiers": 2,
        "evenements_agenda": 2,
        "projets_personnalises": 2,
    }


def test_pivot_files_carry_the_rest_of_the_tddui_samples(samples: Path, tmp_path: Path) -> None:
    """A transfer has no journal, no message and no deposit: pivot files that name the same local ids complete it.

    The journal covers the window and has one entry of a user: 1 active dossier of the 1 accompanied. The only
    project belongs to 123456789, who is not accompanied: 0 / 1. The event of 2023-04-14 is in the window: 1 / 1.
    The deposit has the matricule that fails its key, so its `id_usager` decides: 1 / 1. One message: 1 / 1.
    """
    rest = {
        "etablissements": "finess_et;secteur;journal_depuis\n480787529;ph;2023-04-01\n",
        "mises_a_jour": "finess_et;id_dossier;horodatage\n480787529;194704032;2023-06-30T23:59:59\n",
        "messages_mssante": "id_message;horodatage;finess_et;statut\nm;2023-04-01;480787529;envoye\n",
        "depots_dmp": "id_document;horodatage;finess_et;matricule_ins;id_usager;statut\n"
        "d;2023-05-02;480787529;147720425367411;194704032;succes\n",
    }
    (tmp_path / "reste").mkdir()
    for table, text in rest.items():
        (tmp_path / "reste" / f"{table}.csv").write_text(text, encoding="utf-8")
    _, content = audit(tmp_path / "audit", samples / "tddui", tmp_path / "reste", day="2023-07-01")
    assert figures(content, TDDUI_ET) == {
        "dossiers_actifs": ("calcule", 1, 1, None),
        "projet_personnalise": ("calcule", 0, 1, None),
        "evenement_agenda": ("calcule", 1, 1, None),
        "mssante": ("calcule", 1, 1, None),
        "dmp": ("calcule", 1, 1, None),
        "ins_qualifiee": ("calcule", 0, 1, None),
        "dui_actifs": ("calcule", 1, None, None),
        "eprescription": NO_SOURCE,
        "eparcours": NO_SOURCE,
    }
    assert (None, "fichier_laisse_de_cote") in findings(content)
    assert (TDDUI_ET, "finess_non_confirme") not in findings(content)


def test_the_hl7v2_samples_are_counted(samples: Path, tmp_path: Path) -> None:
    """Documents of 2021-06-06 sent by two ETs, which `esms-2021` counts without knowing any person.

    Three ORU of 120459876 share MSH-3, 4 and 10: the mail acknowledgement Z02 Y makes the two that are no deletion
    sent, one message since they share their id; the DMP acknowledgement Z01 N makes the three deposits fail: 0.
    Three MDM of 300017985 asked for no acknowledgement: their two mails are sent under one id, 1; their deposits
    stay unknown, 0. Three ADT are named for a later version, and one ACK answers a message that is not there.
    """
    ran, content = audit(tmp_path / "audit", samples / "hl7v2", day="2021-07-01", programme="esms-2021")
    assert ran.err.splitlines() == [
        "Reconnu : hl7v2 (HL7 v2 (ORU, MDM, ACK, ZAM), 15 fichiers)",
        "Laissé de côté : INDEX.md (format non reconnu)",
        "Laissé de côté : PAM_consent_DMP_readme.md (format non reconnu)",
    ]
    for finess in (ORU_ET, MDM_ET):
        found = figures(content, finess)
        assert found.pop("mssante_messages") == ("calcule", 1, None, None)
        assert found.pop("dmp_documents") == ("calcule", 0, None, None)
        assert set(found.values()) == {NO_SOURCE}  # no usager: nothing else can be counted
    assert findings(content) == {
        (None, "accuse_sans_message"): 1,
        (None, "message_hors_champ"): 3,
        (ORU_ET, "depots_echec"): 3,  # DMPClosed
        (ORU_ET, "finess_cle_fausse"): 1,
        (ORU_ET, "finess_non_confirme"): 1,
        (MDM_ET, "finess_non_confirme"): 1,
        (MDM_ET, "accuse_jamais_demande"): 3,
    }
    (source,) = content["sources"]
    assert source["lignes"] == {"depots_dmp": 6, "messages_mssante": 4}


def test_documents_of_a_month_past_are_counted_in_it_alone(samples: Path, tmp_path: Path) -> None:
    """Three civil months that end with the window: from September on, nothing of June is left."""
    _, content = audit(tmp_path / "audit", samples / "hl7v2", day="2021-10-01", programme="esms-2021")
    for finess in (ORU_ET, MDM_ET):
        found = figures(content, finess)
        assert found["mssante_messages"] == ("calcule", 0, None, None)
        assert found["dmp_documents"] == ("calcule", 0, None, None)


NO_FINESS = (
    "document 1, champ « finess_et » : attendu un FINESS de 9 caractères, trouvé une valeur vide ; "
    "complétez cette valeur."
)


def test_the_dmp_samples_are_deposits_that_nobody_answered(samples: Path, tmp_path: Path) -> None:
    """Six requests or documents of PDSm that name no ET: the settings say whose, and none has an answer.

    A deposit without an answer is of unknown outcome: no document is counted in any month. Without the settings
    each is a row without FINESS, told, and exit 11.
    """
    config = tmp_path / "connecteur.toml"
    config.write_text(
        f'[[source]]\nnom = "dmp"\nchemin = "{samples / "dmp"}"\ntype = "pdsm"\nfiness_et = "{MDM_ET}"\n',
        encoding="utf-8",
    )
    ran, content = audit(tmp_path / "a", samples / "dmp", day="2026-07-01", programme="esms-2021", config=config)
    assert figures(content, MDM_ET)["dmp_documents"] == ("calcule", 0, None, None)
    assert content["sources"][0]["lignes"] == {"depots_dmp": 6}
    aside = [
        "Bundle-example-annexe-searchset-documentreferences.json",
        "INDEX.md",
        "pdsm-List-ExampleSubmissionSet.json",
    ]
    assert ran.err.splitlines()[1:] == [f"Laissé de côté : {name} (format non reconnu)" for name in aside]
    ran, content = audit(tmp_path / "b", samples / "dmp", day="2026-07-01", code=11)
    problems = [line for line in ran.err.splitlines() if " : attendu " in line]
    assert len(problems) == 6
    assert all(line.endswith(f".json, {NO_FINESS}") for line in problems)
    assert content["resultats"] == []  # nobody is named


def test_every_sample_is_recognised_or_named(samples: Path, tmp_path: Path) -> None:
    """All the samples in one run: no file goes unmentioned, the three ETs keep the figures of their own folder.

    Exit 11 for the deposits that name no ET, which bar nobody: the source of those documents speaks for no ET.
    """
    ran, content = audit(tmp_path / "audit", samples, day="2023-07-01", code=11)
    lines = ran.err.splitlines()
    aside = [line.removeprefix("Laissé de côté : ").rpartition(" (")[0] for line in lines if line.startswith("Laissé")]
    counts = [line.rpartition(", ")[2].split()[0] for line in lines if line.startswith("Reconnu : ")]
    files = {path.relative_to(samples).as_posix() for path in samples.rglob("*") if path.is_file()}
    assert set(aside) <= files
    assert len(aside) == len(set(aside))
    assert sum(map(int, counts)) + len(aside) == len(files)
    assert all(NO_FINESS in line for line in lines if " : attendu " in line)
    assert {TDDUI_ET, ORU_ET, MDM_ET} <= {one["finess_et"] for one in content["resultats"]}
    assert figures(content, TDDUI_ET)["ins_qualifiee"] == ("calcule", 0, 1, None)
    assert figures(content, MDM_ET)["dmp"] == NO_SOURCE
    kinds = Counter(source["adaptateur"] for source in content["sources"])
    assert {"tddui", "hl7v2"} <= kinds.keys()
