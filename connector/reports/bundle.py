"""Every output of an audit in one folder, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from connector.disk import move
from connector.model.result import Measure, WorkItem
from connector.reports.csv_file import to_csv
from connector.reports.html_file import to_html
from connector.reports.json_file import to_json
from connector.reports.local import write_local
from connector.reports.method import ProgrammeText
from connector.reports.overview import by_date
from connector.reports.xlsx_file import to_xlsx


def write_all(
    folder: Path, measures: Iterable[Measure], programme: ProgrammeText, worklists: Iterable[WorkItem] = ()
) -> list[Path]:
    """Write the files of an audit into `folder` and return their paths.

    Everything is rendered before anything is written, then each file replaces its
    predecessor in one step: a failure leaves the files of the previous run as they were.
    """
    ordered = by_date(measures)
    last = ordered[-1]
    contents = {"indicateurs.json": to_json(last)}
    if len(ordered) > 1:
        contents |= {f"indicateurs-{measure.date_mesure.isoformat()}.json": to_json(measure) for measure in ordered}
    contents |= {
        "indicateurs.csv": to_csv(ordered),
        "rapport.xlsx": to_xlsx(ordered),
        "rapport.html": to_html(ordered, programme).encode("utf-8"),
    }
    lists = list(worklists)
    folder.mkdir(parents=True, exist_ok=True)
    written = _replace_all(folder, contents)
    return written + write_local(folder, lists, last.date_mesure)


def _replace_all(folder: Path, contents: dict[str, bytes]) -> list[Path]:
    targets = {name: folder / name for name in contents}
    temporary = {name: folder / f".{name}.{os.getpid()}.tmp" for name in contents}
    try:
        for name, content in contents.items():
            with temporary[name].open("wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
        for path in targets.values():
            if path.exists():
                move(path, path)  # Windows refuses here, before any is replaced, a file that a spreadsheet holds open
        for name, path in targets.items():
            move(temporary[name], path)
    finally:
        for path in temporary.values():
            path.unlink(missing_ok=True)
    return list(targets.values())
