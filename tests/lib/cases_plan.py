"""What a drawn site is made of: ETs, matricules, the days on which rules turn, and how a value may be written."""

import random
from dataclasses import dataclass, field
from datetime import date, timedelta

from .reference import Request
from .reference_tables import TABLES
from .reference_text import CORSICA, shift_months

Raw = dict[str, str]

FINESS_POOL = [
    "970300026",
    "970600018",
    "970400038",
    "970100019",
    "970200017",
    "980500012",
    "750000016",
    "2A0000014",
    "690000021",
    "986000017",
]
EJ_POOL = ("970399001", "750099002", "690099003")
ALIASES = ("880000001", "880000002")
UNKNOWN_FINESS = "999999999"
OIDS = ("", "1.2.250.1.213.1.4.8", "1.2.250.1.213.1.4.9", " 1.2.250.1.213.1.4.8 ", "1.2.250.1.213.1.4.10", "1.2.3")
ACCENTED = {
    "qualifiee": "Qualifiée",
    "recuperee": "récupérée",
    "validee": "VALIDÉE",
    "succes": "Succès",
    "envoye": "Envoyé",
    "echec": "Échec",
    "depot": "Dépôt",
    "termine": "Terminé",
    "annule": "ANNULÉ",
    "systeme": "Système",
    "en_preparation": "En_Préparation",
}
OFFSETS = ("", "", "Z", "+02:00", "-0300", "+14:00", "-11:00", "+0530")
CLOCKS = ("00:00", "00:30:00", "02:30", "10:15:00.5", "20:30", "21:30", "22:30", "23:30", "23:59:59.999")
MEASURE_DATES = [
    "2025-04-01",
    "2025-05-01",
    "2025-07-01",
    "2025-11-01",
    "2025-12-01",
    "2026-01-01",
    "2024-03-01",
    "2025-03-31",
    "2025-05-31",
    "2024-02-29",
    "2025-09-01",
    "2025-09-02",
    "2025-10-01",
    "2025-06-15",
    "2024-11-30",
]


class Draw(random.Random):
    def chance(self, probability: float) -> bool:
        return self.random() < probability


@dataclass
class Et:
    finess: str
    ej: str
    names: list[str]  # every FINESS it may be written with
    usagers: list[str] = field(default_factory=list)
    dossiers: list[str] = field(default_factory=list)

    @property
    def box(self) -> str:
        return f"contact@{self.finess.lower()}.mssante.fr"


@dataclass
class Plan:
    """What is being drawn. `quality` is how often a record is as the targets would have it."""

    draw: Draw
    request: Request
    quality: float
    ets: list[Et] = field(default_factory=list)
    matricules: list[str] = field(default_factory=list)
    rows: dict[str, list[Raw]] = field(default_factory=lambda: {table: [] for table in TABLES})
    settings: dict[str, dict] = field(default_factory=dict)

    def good(self) -> bool:
        return self.draw.chance(self.quality)

    def inside(self) -> date:
        window = self.request.window
        return window.start + timedelta(days=self.draw.randrange((window.end - window.start).days))

    def edge(self) -> date:
        """A day on which some rule turns, or a neighbour."""
        window, year = self.request.window, self.request.year
        turns = [window.start, window.end, window.end, year.start, year.end, shift_months(window.end, -3)]
        return self.draw.choice(turns) + timedelta(days=self.draw.choice((-40, -2, -1, -1, 0, 0, 0, 1, 20)))

    def day(self) -> date:
        return self.inside() if self.good() else self.edge()

    def instant(self, day: date) -> str:
        """The day in one of the accepted forms; an offset may carry it to a neighbouring local day."""
        form = self.draw.random()
        if form < 0.35:
            return day.isoformat()
        clock = f"{day.isoformat()}{self.draw.choice('TTT ')}{self.draw.choice(CLOCKS)}"
        return clock if form < 0.5 else clock + self.draw.choice(OFFSETS)

    def code(self, *codes: str) -> str:
        """One of the codes, now and then with accents, capitals or blanks."""
        code, form = self.draw.choice(codes), self.draw.random()
        if form < 0.1:
            return ACCENTED.get(code, code.title())
        return f" {code.upper()} " if form < 0.15 else code

    def finess(self, et: Et) -> str:
        name = self.draw.choice(et.names) if self.draw.chance(0.3) else et.finess
        form = self.draw.random()
        if form < 0.05:
            return "1" + name
        return f" {name} " if form < 0.08 else name

    def matricule(self, matricule: str) -> str:
        """Mostly as it is; else with blanks, in lower case, or no longer a matricule."""
        form = self.draw.random()
        if form < 0.1:
            return f"{matricule[:1]} {matricule[1:5]}\u00a0{matricule[5:13].lower()}\u202f{matricule[13:]}"
        if form < 0.15:
            return matricule[:-1] + str((int(matricule[-1]) + 1) % 10)
        if form < 0.2:
            misplaced = matricule[:9] + "2A" + matricule[11:]
            return self.draw.choice((matricule[:14], matricule + "0", "A" + matricule[1:], misplaced))
        return matricule

    def oid(self) -> str:
        return self.draw.choice(OIDS[:4] if self.draw.chance(0.9) else OIDS)

    def add(self, table: str, et: Et | None, **cells: str) -> None:
        """A row of an ET (of the `finess_et` among the cells when None), and sometimes the same one again."""
        if et is not None:
            cells["finess_et"] = self.finess(et)
        for _ in range(2 if self.draw.chance(0.04) else 1):
            self.rows[table].append({name: cells.get(name, "") for name in TABLES[table]})


def new_plan(draw: Draw) -> Plan:
    programme = draw.choice(("esms-2021", "esms-2022", "esms-2025", "esms-2025"))
    fenetre = draw.choice((None, None, None, "mois_civil", "trois_mois_glissants"))
    request = Request(programme, date.fromisoformat(draw.choice(MEASURE_DATES)), draw.chance(0.3), fenetre)
    plan = Plan(draw, request, draw.choice((0.5, 0.8, 0.97, 1.0)))
    plan.matricules = [valid_matricule(draw) for _ in range(6)]
    ejs = draw.sample(EJ_POOL, draw.choice((1, 1, 2)))
    for finess in draw.sample(FINESS_POOL, draw.choice((1, 1, 2, 2, 3, 4))):
        plan.ets.append(Et(finess, draw.choice(ejs) if draw.chance(0.75) else "", [finess]))
    if draw.chance(0.2):
        add_aliases(plan)
    return plan


def add_aliases(plan: Plan) -> None:
    correspondances = plan.settings.setdefault("correspondances", {})
    for alias in ALIASES[: plan.draw.choice((1, 2))]:
        et = plan.draw.choice(plan.ets)
        et.names.append(alias)
        correspondances[alias] = et.finess


def valid_matricule(draw: Draw) -> str:
    department = draw.choice(("75", "97", "2A", "2B", "99"))
    head, tail = f"{draw.choice('12')}{draw.randrange(10000):04}", f"{draw.randrange(1000000):06}"
    number = int(head + CORSICA.get(department, department) + tail)
    return f"{head}{department}{tail}{97 - number % 97:02}"
