"""The list of sent mails that a webmail or a DUI exports, read by the example mapping of messages."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.adapters.base import Batch, Problem
from connector.collect import Source
from connector.config import Settings, SourceSettings
from connector.demo import mapped, pivot
from connector.demo.mails import mails
from connector.demo.organisation import Organisation
from connector.demo.postfix import PARIS_TIME
from connector.mapping import settled
from tests.lib.run import measure, source

MAPPING = mapped.MAPPINGS / "messagerie-web.toml"
HEADINGS = "Identifiant du message;Envoyé le;De;À;Objet;État;Nature"
BOX = "accueil@foyer.mssante.fr"
STATES = ("Envoyé", "Remis", "Lu", "Non remis", "Rejeté", "En cours", "Reçu")
KINDS = ("Courriel", "Document", "Accusé de lecture", "Accusé de réception", "Réponse automatique", "Test", "")


def export(folder: Path, *lines: str, name: str = "Envois 2025-03.csv") -> Source:
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes("\r\n".join([HEADINGS, *lines, ""]).encode("cp1252"))
    return source("correspondance", folder, settled(SourceSettings(mapping=MAPPING)))


def test_an_export_of_a_webmail_gives_its_messages(tmp_path: Path) -> None:
    """Every state and every nature become pivot codes; recipients and subjects are not read at all."""
    lines = [
        f"<{rank}@x>;31/03/2025 23:59:59;{BOX};186027512345678@patient.mssante.fr;DUPONT Sophie;{state};{kind}"
        for rank, (state, kind) in enumerate(zip(STATES, KINDS, strict=True))
    ]
    items = list(export(tmp_path / "export", *lines).open().read({"messages_mssante"}))
    rows = [row for item in items if isinstance(item, Batch) for row in item.rows.to_pylist()]
    assert [item.text() for item in items if isinstance(item, Problem)] == []
    assert [row["statut"] for row in rows] == ["envoye"] * 3 + ["echec"] * 2 + ["inconnu", "recu"]
    kinds = ["message", "message", "accuse", "accuse", "accuse", "test", None]
    assert [row["type"] for row in rows] == kinds
    assert {row["horodatage"] for row in rows} == {"2025-03-31T23:59"}
    assert {row["expediteur"] for row in rows} == {BOX}
    assert "DUPONT" not in repr(items) + repr(rows)
    assert "186027512345678" not in repr(rows)


@pytest.mark.parametrize("named", ["etablissements", "finess_et"])
def test_the_demo_as_such_an_export_gives_the_figures_of_its_pivot_files(tmp_path: Path, named: str) -> None:
    """The settings say for whom the export speaks: every ET by its mailboxes, or one ET for all its lines."""
    demo = Organisation(1, 1) if named == "finess_et" else Organisation(1)
    ets = list(demo.iter_etablissements())
    pivot.write(demo, tmp_path / "entier")
    pivot.write(demo, tmp_path / "pivot")
    (tmp_path / "pivot" / "messages_mssante.csv").unlink()
    read = export(tmp_path / "export", *_lines(demo))
    numbers = [et.finess_et for et in ets]
    changes = {"finess_et": numbers[0]} if named == "finess_et" else {"etablissements": tuple(numbers)}
    described = Source(read.adapter, read.nom, read.files, read.settings.model_copy(update=changes))
    (whole,), _ = measure([source("pivot", tmp_path / "entier")])
    (mixed,), _ = measure([source("pivot", tmp_path / "pivot"), described], settings=Settings())
    sent = [
        {one.finess_et: (one.numerateur, one.denominateur) for one in result.resultats if one.indicateur == "mssante"}
        for result in (whole, mixed)
    ]
    assert sent[0] == sent[1]


def _lines(demo: Organisation) -> list[str]:
    """The messages of the demo by Paris time, as the webmail would list them."""
    states = {"envoye": "Remis", "echec": "Rejeté", "inconnu": "En cours"}
    return [
        f"{mail.identifier};{mail.moment.astimezone(PARIS_TIME):%d/%m/%Y %H:%M:%S};{mail.sender};;;"
        f"{states[mail.statut]};Courriel"
        for mail in mails(demo)
    ]
