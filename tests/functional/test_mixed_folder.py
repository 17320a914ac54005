"""One folder that mixes every format: each file goes to its reader, by its content."""

from __future__ import annotations

import gzip
from pathlib import Path

from connector.adapters.detect import detect
from connector.config import Limits
from connector.demo import courriels, hl7v2, pdsm, pivot, postfix, tddui, xds
from connector.demo.organisation import Organisation

WRITERS = {
    "pivot": pivot,
    "tddui": tddui,
    "hl7v2": hl7v2,
    "xds": xds,
    "pdsm": pdsm,
    "postfix": postfix,
    "courriels": courriels,
}


def test_a_folder_that_mixes_every_format_is_sorted_by_content(tmp_path: Path) -> None:
    """Three ETs, hence a Maildir, an mbox and `.eml`; a log and its archives; what no reader knows is named."""
    for name, writer in WRITERS.items():
        writer.write(Organisation(1, 3), tmp_path / name)
    (tmp_path / "postfix" / "mail.log.9.gz").write_bytes(gzip.compress(b"Mar  1 08:00:00 relais cron[1]: (root) CMD\n"))
    (tmp_path / "courriels" / "subscriptions").write_text("Sent\n", encoding="utf-8")
    (tmp_path / "courriels" / "notes.txt").write_text("Un texte.\n", encoding="utf-8")
    found = detect([tmp_path], Limits())
    sorted_files = {source.adapter.name: {file.name for file in source.files} for source in found.sources}
    aside = {name for name, _ in found.left_aside}
    assert aside == {"postfix/mail.log.9.gz", "courriels/subscriptions", "courriels/notes.txt"}
    for name in WRITERS:
        written = {path.relative_to(tmp_path).as_posix() for path in (tmp_path / name).rglob("*") if path.is_file()}
        assert sorted_files[name] == written - aside
    assert sorted_files.keys() == WRITERS.keys()
