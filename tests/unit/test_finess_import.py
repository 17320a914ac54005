"""`finess import`: the public extract becomes the register of a site, whole or not at all. Rule: `docs/finess.md`."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from connector.errors import SourceDataError, SourceUnreachableError
from connector.lake.register import Entry, open_register
from connector.lake.register_import import import_extract
from tests.lib.run import in_process, started

AGAIN = "téléchargez de nouveau l'extrait."


def line(
    et: str, ej: str = "750800019", name: str = "RÉSIDENCE", category: str = "500", department: str = "PARIS"
) -> str:
    """A `structureet` line of 32 fields, as the extract writes it."""
    fields = ["structureet", et, ej, name, "", *[""] * 27]
    fields[14], fields[18], fields[28] = department, category, "2001-01-01"
    return ";".join(fields) + ";"


def extract(path: Path, *lines: str, day: str = "2026-05-12", encoding: str = "utf-8") -> Path:
    path.write_bytes("".join(f"{one}\n" for one in (f"finess;etalab;111;{day}", *lines)).encode(encoding))
    return path


def entries(target: Path) -> list[Entry]:
    return [Entry(*row.values()) for row in pq.read_table(target).to_pylist()]


def test_an_extract_becomes_a_register(tmp_path: Path) -> None:
    """EJ, name (the long one when there is one), category, département; the lines of coordinates are let by."""
    long_name = line("2A0000014").replace("RÉSIDENCE;", 'RES;"RÉSIDENCE ""LES PINS"" ; ANNEXE"')
    source = extract(tmp_path / "e.csv", line("750900017"), "geolocalisation;750900017;1;2;x;y", long_name)
    done = import_extract(source, tmp_path / "etat" / "r.parquet")
    assert done == (2, 0, "2026-05-12", tmp_path / "etat" / "r.parquet")
    assert entries(done.fichier) == [
        Entry("750900017", "750800019", "RÉSIDENCE", "500", "PARIS", ""),
        Entry("2A0000014", "750800019", 'RÉSIDENCE "LES PINS" ; ANNEXE', "500", "PARIS", ""),
    ]
    assert [path.name for path in (tmp_path / "etat").iterdir()] == ["r.parquet"]


def test_the_sample_of_the_public_extract_is_read(tmp_path: Path, samples: Path) -> None:
    """Three lines of the extract of 2026-05-12."""
    done = import_extract(samples / "finess" / "etalab-cs1100502-extrait.csv", tmp_path / "r.parquet")
    assert (done.etablissements, done.extrait) == (3, "2026-05-12")
    register = open_register(done.fichier)
    assert register is not None
    assert register.about({"970302287"}).ets["970302287"] == (
        Entry("970302287", "970302022", "E.H.P.A.D. DU CENTRE HOSPITALIER DE CAYENNE", "500", "GUYANE", "")
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_both_encodings_give_the_same_register(encoding: str, tmp_path: Path) -> None:
    """UTF-8 when the whole file is, with or without a mark, else Latin-1."""
    done = import_extract(extract(tmp_path / "e.csv", line("750900017"), encoding=encoding), tmp_path / "r.parquet")
    assert entries(done.fichier)[0].raison_sociale == "RÉSIDENCE"


def many(count: int, first: int = 0) -> list[str]:
    return [line(f"75{n:07}") for n in range(first, first + count)]


def test_an_et_that_leaves_the_extract_is_kept_as_gone(tmp_path: Path) -> None:
    """With the date of the extract that lacks it, until an extract has it again."""
    target = tmp_path / "r.parquet"
    import_extract(extract(tmp_path / "1.csv", *many(20)), target)
    second = import_extract(extract(tmp_path / "2.csv", *many(19), day="2026-06-12"), target)
    assert (second.etablissements, second.disparus) == (19, 1)
    third = import_extract(extract(tmp_path / "3.csv", *many(19), day="2026-07-12"), target)
    assert third.disparus == 0
    assert {entry.finess_et: entry.disparu_le for entry in entries(target) if entry.disparu_le} == {
        "750000019": "2026-06-12"
    }
    import_extract(extract(tmp_path / "4.csv", *many(20), day="2026-08-12"), target)
    assert not any(entry.disparu_le for entry in entries(target))


def test_the_same_extract_twice_changes_no_byte(tmp_path: Path) -> None:
    """Same inputs, same bytes."""
    target, source = tmp_path / "r.parquet", extract(tmp_path / "e.csv", *many(3))
    import_extract(source, target)
    before = target.read_bytes()
    import_extract(source, target)
    assert target.read_bytes() == before


BROKEN = {
    "vide": ([], ", ligne 1 : attendu « finess;etalab;… » (extrait etalab-cs1100502), trouvé une autre première ligne"),
    "un autre fichier": (
        ["nofinesset;rs", "1;x"],
        ", ligne 1 : attendu « finess;etalab;… » (extrait etalab-cs1100502), trouvé une autre première ligne",
    ),
    "sans date": (
        ["finess;etalab;111;hier", line("750900017")],
        ", ligne 1 : attendu la date de l'extrait, AAAA-MM-JJ, trouvé un autre texte",
    ),
    "coupé": (
        ["finess;etalab;111;2026-05-12", line("750900017"), line("750900025")[:80]],
        ", ligne 3 : attendu au moins 32 champs, trouvé 29 champs",
    ),
    "un FINESS trop court": (
        ["finess;etalab;111;2026-05-12", line("75090001")],
        ", ligne 2 : attendu un FINESS de 9 caractères, trouvé un autre texte",
    ),
    "un autre début": (
        ["finess;etalab;111;2026-05-12", "structureej;1"],
        ", ligne 2 : attendu « structureet », trouvé un autre début de ligne",
    ),
    "deux fois le même": (
        ["finess;etalab;111;2026-05-12", line("750900017"), line("750900017")],
        ", ligne 3 : attendu chaque établissement une fois, trouvé 750900017 une seconde fois",
    ),
    "une ligne sans fin": (
        ["finess;etalab;111;2026-05-12", "structureet;" + "x" * 200_000],
        ", ligne 2 : attendu une ligne d'au plus 65536 octets, trouvé une ligne plus longue",
    ),
    "binaire": (["finess;etalab;111;2026-05-12", "\0\0"], ", ligne 2 : attendu du texte, trouvé un octet nul"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_extract_leaves_the_register_as_it_was(name: str, tmp_path: Path) -> None:
    """The line, what was expected, what is there; the former register is untouched."""
    target = tmp_path / "r.parquet"
    import_extract(extract(tmp_path / "bon.csv", *many(3)), target)
    before = target.read_bytes()
    lines, expected = BROKEN[name]
    source = tmp_path / "e.csv"
    source.write_text("".join(f"{one}\n" for one in lines), encoding="utf-8")
    with pytest.raises(SourceDataError) as fault:
        import_extract(source, target)
    assert str(fault.value) == f"{source}{expected} ; {AGAIN}"
    assert target.read_bytes() == before


def test_an_extract_without_any_establishment_is_refused(tmp_path: Path) -> None:
    """A first line alone is no register."""
    source = extract(tmp_path / "e.csv")
    with pytest.raises(SourceDataError) as fault:
        import_extract(source, tmp_path / "r.parquet")
    assert str(fault.value) == f"{source} : attendu des établissements, trouvé aucune ligne « structureet » ; {AGAIN}"


def test_an_extract_that_lost_too_much_is_refused(tmp_path: Path) -> None:
    """A file cut at the end of a line would close thousands of establishments."""
    target = tmp_path / "r.parquet"
    import_extract(extract(tmp_path / "1.csv", *many(20)), target)
    source = extract(tmp_path / "2.csv", *many(17), day="2026-06-12")
    with pytest.raises(SourceDataError) as fault:
        import_extract(source, target)
    assert str(fault.value) == (
        f"{source} : attendu au plus 10 % d'établissements disparus, trouvé 3 sur 20 ; l'extrait est sans doute "
        f"incomplet : {AGAIN} Sinon, supprimez {target} pour repartir de celui-ci."
    )


def test_an_older_extract_is_refused(tmp_path: Path) -> None:
    """It would close what opened since."""
    target = tmp_path / "r.parquet"
    import_extract(extract(tmp_path / "1.csv", *many(3)), target)
    source = extract(tmp_path / "2.csv", *many(3), day="2026-01-12")
    with pytest.raises(SourceDataError) as fault:
        import_extract(source, target)
    assert str(fault.value) == (
        f"{source} : attendu un extrait du 2026-05-12 ou plus récent, trouvé du 2026-01-12 ; "
        f"téléchargez le dernier, ou supprimez {target} pour repartir de celui-ci."
    )


def test_what_is_no_file_is_unreachable(tmp_path: Path) -> None:
    """A folder, a pipe or nothing: said at once."""
    os.mkfifo(tmp_path / "tube")
    found = {tmp_path: "un dossier", tmp_path / "tube": "autre chose", tmp_path / "absent": "rien"}
    for place, what in found.items():
        with pytest.raises(SourceUnreachableError) as fault:
            import_extract(place, tmp_path / "r.parquet")
        assert str(fault.value) == f"{place} : attendu un fichier, trouvé {what} ; vérifiez le chemin."


def test_the_command_says_what_it_kept(tmp_path: Path) -> None:
    """Where the register is, how many ETs, how many left; in the folder asked, else that of the settings."""
    first = started("finess", "import", extract(tmp_path / "1.csv", *many(20)), "--etat", tmp_path / "etat")
    target = tmp_path / "etat" / "registre-finess.parquet"
    assert (first.code, first.err) == (0, "")
    assert first.out == f"Registre FINESS du 2026-05-12 : 20 établissements, dans {target}.\n"
    settings = tmp_path / "connecteur.toml"
    settings.write_text('[site]\netat = "etat"\nregistre = "ailleurs/registre.parquet"\n', encoding="utf-8")
    second = in_process("finess", "import", tmp_path / "1.csv", "--config", settings)
    assert second.out.endswith(f"dans {tmp_path / 'ailleurs' / 'registre.parquet'}.\n")
    third = in_process(
        "finess", "import", extract(tmp_path / "2.csv", *many(19), day="2026-06-12"), "--etat", tmp_path / "etat"
    )
    assert third.out.endswith("\nDisparus depuis l'extrait précédent : 1.\n")


def test_a_damaged_register_is_told_by_name(tmp_path: Path) -> None:
    """An audit stops on it: what it would have confirmed is not known."""
    (tmp_path / "registre-finess.parquet").write_bytes(b"PAR1")
    source = tmp_path / "exports"
    source.mkdir()
    (source / "sejours.csv").write_text("finess_et;id_usager;date_entree\n750900017;U1;2025-01-01\n", encoding="utf-8")
    settings = tmp_path / "connecteur.toml"
    settings.write_text('[site]\netat = "."\n', encoding="utf-8")
    options = ("--date-mesure", "2025-04-01", "--programme", "esms-2025", "--output", tmp_path / "audit")
    ran = in_process("audit", source, "--config", settings, *options)
    assert ran.code == 10
    named = tmp_path / "registre-finess.parquet"
    assert ran.err.endswith(f"{named} : registre FINESS illisible ; relancez dui-connector finess import.\n")
    settings.write_text('[site]\nregistre = "absent.parquet"\n', encoding="utf-8")
    ran = in_process("audit", source, "--config", settings, *options)
    assert (ran.code, ran.err) == (
        10,
        f"{tmp_path / 'absent.parquet'} : registre FINESS introuvable ; lancez dui-connector finess import, "
        "ou corrigez [site] registre.\n",
    )
