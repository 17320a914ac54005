"""How a drawn site becomes files: foreign and bad rows, rows dealt over sources, columns and tables left out."""

from collections.abc import Callable

from .cases_plan import UNKNOWN_FINESS, Plan, Raw
from .reference_tables import TABLES, Column

BAD_DATES = ("01/02/2025", "2025-02-30", "2025-03-01T25:00", "hier", "2025-01-01T10", "2025-01-01T10:00+25:00")
BOX_ADDRESS = ("boites_mssante", "adresse")
BAD_FINESS = ("97030002", "97030-026", "2970300026", "inconnu")


def break_some(plan: Plan) -> None:
    """In some cases a foreign row, and in few a bad row or two."""
    draw = plan.draw
    for rows in plan.rows.values():
        draw.shuffle(rows)
    if draw.chance(0.1):
        table = draw.choice(("sejours", "usagers", "messages_mssante", "depots_dmp", "evenements_agenda"))
        for row in plan.rows[table][:1]:
            row["finess_et"] = UNKNOWN_FINESS
    if draw.chance(0.12):
        for _ in range(draw.choice((1, 1, 2))):
            draw.choice(SPOILERS)(plan)


def bad_row(plan: Plan, table: str, **spoiled: str) -> None:
    """A bad row beside a good one, or instead of it; sometimes of a FINESS that nobody knows."""
    rows = plan.rows[table]
    if rows:
        place = plan.draw.randrange(len(rows))
        unknown = {"finess_et": UNKNOWN_FINESS} if plan.draw.chance(0.1) else {}
        row = rows[place] | unknown | spoiled
        rows[place : place + plan.draw.choice((0, 1))] = [row]


def draw_column(plan: Plan, suits: Callable[[Column], bool]) -> tuple[str, str]:
    columns = [(table, name) for table in TABLES for name, column in TABLES[table].items() if suits(column)]
    return plan.draw.choice(columns)


def spoil_required(plan: Plan) -> None:
    table = plan.draw.choice(tuple(TABLES))
    name = plan.draw.choice([name for name, column in TABLES[table].items() if column.required])
    bad_row(plan, table, **{name: plan.draw.choice(("", "  "))})


def spoil_what_is_only_read(plan: Plan) -> None:
    """A fault in a table that some indicators read without needing it."""
    table, name = plan.draw.choice((("usagers", "id_usager"), ("matricules_anterieurs", "id_usager"), BOX_ADDRESS))
    bad_row(plan, table, **{name: ""})


def spoil_date(plan: Plan) -> None:
    table, name = draw_column(plan, lambda column: column.kind == "date")
    bad_row(plan, table, **{name: plan.draw.choice(BAD_DATES)})


def spoil_code(plan: Plan) -> None:
    table, name = draw_column(plan, lambda column: column.kind == "code")
    bad_row(plan, table, **{name: "autre chose"})


def spoil_finess(plan: Plan) -> None:
    bad_row(plan, plan.draw.choice(tuple(TABLES)), finess_et=plan.draw.choice(BAD_FINESS))


def spoil_message(plan: Plan) -> None:
    """No FINESS, and sometimes no sender either: its ET, if any, is its mailbox's."""
    senders = [row["expediteur"] for row in plan.rows["messages_mssante"]]
    spoiled = {"expediteur": plan.draw.choice(["", *senders]), "statut": "", "finess_et": ""}
    bad_row(plan, "messages_mssante", **spoiled)


def spoil_zone(plan: Plan) -> None:
    bad_row(plan, "etablissements", fuseau="Mars/Olympus")


SPOILERS = (
    spoil_required,
    spoil_required,
    spoil_what_is_only_read,
    spoil_what_is_only_read,
    spoil_date,
    spoil_code,
    spoil_finess,
    spoil_message,
    spoil_zone,
)


def deal(plan: Plan) -> list[dict[str, list[Raw]]]:
    """The rows over one source or several, each table to one of them or row by row to all."""
    draw = plan.draw
    sources: list[dict[str, list[Raw]]] = [{} for _ in range(draw.choice((1, 1, 1, 2, 3, 4)))]
    for table in kept_tables(plan):
        holders = draw.sample(sources, draw.choice((1, 1, len(sources))))
        for source in holders:
            source[table] = []
        for row in plan.rows[table]:
            draw.choice(holders)[table].append(row)
    if draw.chance(0.2):
        sources.append(lonely_source(plan, sources))
    filled = [source for source in sources if source]
    return [{table: trim_file(plan, table, rows) for table, rows in source.items()} for source in filled]


def lonely_source(plan: Plan, sources: list[dict[str, list[Raw]]]) -> dict[str, list[Raw]]:
    """One table taken from all the others, without a row of some ET; the settings may say that it covers it still."""
    draw, et = plan.draw, plan.draw.choice(plan.ets)
    table = draw.choice(("messages_mssante", "depots_dmp", "mises_a_jour", "evenements_agenda", "echanges_eparcours"))
    rows = [row for source in sources for row in source.pop(table, [])]
    if draw.chance(0.5):
        plan.settings.setdefault("couverture", {})[table] = [et.finess]
    return {table: [row for row in rows if not any(name in row["finess_et"] for name in et.names)]}


def kept_tables(plan: Plan) -> list[str]:
    """Most tables, some of them emptied."""
    draw = plan.draw
    often_left_out = {"mises_a_jour": 0.35, "etablissements": 0.25}
    for rows in plan.rows.values():
        if draw.chance(0.015):
            rows.clear()
    return [table for table in TABLES if not draw.chance(often_left_out.get(table, 0.035))]


def trim_file(plan: Plan, table: str, rows: list[Raw]) -> list[Raw]:
    """Without some optional columns, rarely without a required one, with a blank line now and then."""
    draw = plan.draw
    dropped = {name for name, column in TABLES[table].items() if not column.required and draw.chance(0.03)}
    dropped -= {"expediteur"}
    if draw.chance(0.002):
        dropped.add(draw.choice([name for name, column in TABLES[table].items() if column.required]))
    kept = [{name: text for name, text in row.items() if name not in dropped} for row in rows]
    if kept and draw.chance(0.05):
        kept.insert(draw.randrange(len(kept) + 1), dict.fromkeys(kept[0], draw.choice(("", "  "))))
    return kept
