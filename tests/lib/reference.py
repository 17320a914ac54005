"""The reference evaluator: `indicators.md` and `pivot-format.md` in plain Python, independent of the engine."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from .reference_facts import Facts, Persons, Records, Window
from .reference_places import Mailboxes, Places, barred_tables
from .reference_tables import Source, read_sources
from .reference_text import normalise_finess, shift_months

PERSONS = ("usagers", "sejours")
DOSSIERS = (*PERSONS, "dossiers")

NEEDS: dict[str, tuple[str, ...]] = {
    "dossiers_actifs": DOSSIERS,
    "projet_personnalise": (*DOSSIERS, "projets_personnalises"),
    "evenement_agenda": (*DOSSIERS, "evenements_agenda"),
    "mssante": (*PERSONS, "messages_mssante"),
    "mssante_messages": ("messages_mssante",),
    "dmp": (*PERSONS, "depots_dmp"),
    "dmp_documents": ("depots_dmp",),
    "ins_qualifiee": PERSONS,
    "dui_actifs": DOSSIERS,
    "eprescription": ("prescriptions_importees",),
    "eparcours": ("echanges_eparcours",),
}
ALSO_READS: dict[str, tuple[str, ...]] = {
    "dossiers_actifs": ("mises_a_jour",),
    "projet_personnalise": ("mises_a_jour",),
    "evenement_agenda": ("mises_a_jour",),
    "dui_actifs": ("mises_a_jour",),
    "mssante": ("boites_mssante",),
    "mssante_messages": ("boites_mssante",),
    "dmp": ("matricules_anterieurs",),
}
REST_ON_DOSSIERS_ACTIFS = ("dossiers_actifs", "projet_personnalise", "evenement_agenda", "dui_actifs")
TARGETS = {"dossiers_actifs": 90, "projet_personnalise": 90, "evenement_agenda": 90, "mssante": 70, "dmp": 70}
ID_OF_EXCHANGE = {
    "eprescription": ("prescriptions_importees", "id_prescription"),
    "eparcours": ("echanges_eparcours", "id_echange"),
}
SOCLES_2021 = {"mssante": "mssante_messages", "dmp": "dmp_documents"}
SOCLES_2025 = ("mssante", "dmp")
AHI_SINCE = date(2025, 9, 2)


@dataclass(frozen=True)
class Request:
    programme: str
    date_mesure: date
    premiere_mesure: bool = False
    fenetre: str | None = None

    @property
    def indicators(self) -> list[str]:
        usual = [*TARGETS, "ins_qualifiee", "dui_actifs", *ID_OF_EXCHANGE]
        return [SOCLES_2021.get(code, code) for code in usual] if self.programme == "esms-2021" else usual

    @property
    def window(self) -> Window:
        day = self.date_mesure
        rolling = "trois_mois_glissants" if self.programme == "esms-2025" else "mois_civil"
        if (self.fenetre or rolling) == "trois_mois_glissants":
            return Window(shift_months(day, -3), day)
        first = self.premiere_mesure and self.programme != "esms-2021"
        end = day.replace(day=1)
        return Window(shift_months(end, -3 if first else -1), end)

    @property
    def year(self) -> Window:
        return Window(shift_months(self.date_mesure, -12), self.date_mesure)

    def window_of(self, indicator: str) -> Window:
        if indicator in SOCLES_2021.values():
            return Window(shift_months(self.window.end, -3), self.window.end)
        return self.window

    def target(self, indicator: str) -> int | None:
        return None if self.programme == "esms-2021" else TARGETS.get(indicator)


@dataclass(frozen=True)
class Figure:
    calcul: str
    numerateur: int | None = None
    denominateur: int | None = None
    indetermines: int | None = None
    motif: str | None = None


def evaluate(
    sources: list[Source],
    *,
    programme: str,
    date_mesure: date,
    premiere_mesure: bool = False,
    fenetre: str | None = None,
    settings: Mapping[str, Mapping] | None = None,
) -> list[dict]:
    """The `resultats` of `indicateurs.json`."""
    request = Request(programme, date_mesure, premiere_mesure, fenetre)
    site = Site(sources, settings or {})
    studies = [Study(site, request, et) for et in sorted(site.places.known)]
    return [study.result(indicator) for study in studies for indicator in request.indicators]


class Site:
    """All the sources, read once: the ETs, their records, and what faults bar."""

    def __init__(self, sources: list[Source], settings: Mapping[str, Mapping]) -> None:
        written = settings.get("correspondances") or {}
        correspondances = {normalise_finess(key): normalise_finess(et) for key, et in written.items()}
        export = read_sources(sources, correspondances)
        self.places = Places(export, settings.get("couverture") or {}, correspondances)
        self.mailboxes = Mailboxes(self.places, settings.get("boites") or {}, correspondances)
        self.barred = barred_tables(self.places, self.mailboxes)
        self.records = Records(self.places, self.mailboxes)

    def journal_start(self, et: str) -> date | None:
        if self.places.is_absent("mises_a_jour", et):
            return None
        entries = [entry["horodatage"] for entry in self.records.of[et]["mises_a_jour"]]
        return self.places.day(et, "journal_depuis") or min(entries, default=None)

    def is_absent(self, table: str, et: str) -> bool:
        """A deposit in the name of an EJ is given for the ET to which its person attributes it."""
        received = table == "depots_dmp" and bool(self.records.of[et][table])
        return self.places.is_absent(table, et) and not received

    def is_barred(self, et: str, tables: list[str]) -> bool:
        return any((table, et) in self.barred for table in ["etablissements", *tables])

    def can_attribute_messages(self, et: str) -> bool:
        """It has a mailbox of its own, or a message names it, or the settings say that its messages are all there."""
        named = (row.cells["finess_et"] for row in self.places.export.rows["messages_mssante"])
        return (
            et in self.mailboxes.ets_with_their_own()
            or et in self.places.resolve_all(named)
            or et in self.places.declared.get("messages_mssante", set())
        )

    def receives_by_ej(self, et: str) -> bool:
        """Some deposit names an EJ of several known ETs, this one among them."""
        return any(
            et in ets and len(ets) > 1
            for row in self.places.export.rows["depots_dmp"]
            for ets in [self.places.candidates(row.cells["finess_et"])]
        )

    def exemption(self, et: str, request: Request) -> str | None:
        own = self.places.attributes[et]
        if request.programme != "esms-2025":
            return None
        if all(self.places.attributes[other]["secteur"] == "pjm" for other in self.same_projet(et)):
            return "AAP Guyane 2025, 4.2.C"
        if own["secteur"] == "ahi" and own["eligible_sons"] == "non" and request.date_mesure >= AHI_SINCE:
            return "instruction DNS/DGCS/CNSA/2025/100"
        return None

    def same_projet(self, et: str) -> list[str]:
        projet = self.places.attributes[et]["projet"]
        if not projet:
            return [et]
        return [other for other, attributes in self.places.attributes.items() if attributes["projet"] == projet]


class Study:
    """One ET under one request."""

    def __init__(self, site: Site, request: Request, et: str) -> None:
        self.site, self.request, self.et = site, request, et
        self.journal_start = site.journal_start(et)
        self.facts = self.facts_over(request.window)

    def facts_over(self, window: Window) -> Facts:
        return Facts(self.site.records, self.et, window, self.journal_start)

    @cached_property
    def actifs(self) -> Persons:
        return self.facts.dossiers_actifs()

    @cached_property
    def indetermines(self) -> Persons:
        return self.facts.indetermines()

    def result(self, indicator: str) -> dict:
        figure, target = self.figure(indicator), self.request.target(indicator)
        window = self.request.window_of(indicator)
        reference = self.site.exemption(self.et, self.request) if indicator in SOCLES_2025 else None
        return {
            "finess_et": self.et,
            "indicateur": indicator,
            "convention": None,
            "periode": {"debut": window.start.isoformat(), "fin": window.last_day.isoformat()},
            "calcul": figure.calcul,
            "numerateur": figure.numerateur,
            "denominateur": figure.denominateur,
            "indetermines": figure.indetermines,
            "taux": taux(figure),
            "cible": target,
            "cible_atteinte": cible_atteinte(figure, target),
            "opposable": reference is None,
            "reference": reference,
            "motif": figure.motif,
            "annuel": self.annuel() if indicator == "dossiers_actifs" else None,
            "cumul": self.cumul(indicator) if indicator in ID_OF_EXCHANGE and figure.calcul == "calcule" else None,
        }

    def obstacle(self, indicator: str) -> str | None:
        """Why there is no value to compute, a zero denominator apart."""
        needs = NEEDS[indicator]
        if any(self.site.is_absent(table, self.et) for table in needs):
            return "source_absente"
        if self.site.is_barred(self.et, [*needs, *ALSO_READS.get(indicator, ()), *self.read_by_ej(indicator)]):
            return "source_en_erreur"
        if indicator in ("mssante", "mssante_messages") and not self.site.can_attribute_messages(self.et):
            return "boite_inconnue"
        if indicator in REST_ON_DOSSIERS_ACTIFS and self.journal_start is None and self.facts.has_no_dates():
            return "date_absente"
        if indicator == "ins_qualifiee" and self.facts.has_no_identity_status():
            return "statut_absent"
        return None

    def read_by_ej(self, indicator: str) -> tuple[str, ...]:
        by_ej = indicator == "dmp_documents" and self.site.receives_by_ej(self.et)
        return ("usagers", "matricules_anterieurs") if by_ej else ()

    def figure(self, indicator: str) -> Figure:
        motif = self.obstacle(indicator)
        if motif:
            return Figure("non_calculable", motif=motif)
        if indicator == "dossiers_actifs":
            return self.figure_of_dossiers_actifs()
        if indicator == "projet_personnalise":
            return self.figure_within_dossiers_actifs(indicator, self.facts.avec_projet())
        if indicator == "evenement_agenda":
            return self.figure_within_dossiers_actifs(indicator, self.facts.avec_evenement())
        if indicator == "dui_actifs":
            return Figure("calcule", len(self.actifs), indetermines=len(self.indetermines))
        return self.figure_of_persons(indicator) or Figure("calcule", len(self.ids(indicator)))

    def figure_of_persons(self, indicator: str) -> Figure | None:
        facts = self.facts
        if indicator == "mssante":
            return proportion(len(facts.messages()), len(facts.eligibles()))
        if indicator == "dmp":
            return proportion(len(facts.dmp_alimentes() & facts.eligibles()), len(facts.eligibles()))
        if indicator == "ins_qualifiee":
            return proportion(len(facts.ins_qualifiees() & facts.accompagnees()), len(facts.accompagnees()))
        return None

    def ids(self, indicator: str) -> set[str]:
        facts = self.facts_over(self.request.window_of(indicator))
        if indicator == "mssante_messages":
            return facts.messages()
        if indicator == "dmp_documents":
            return facts.documents()
        return facts.ids_in_window(*ID_OF_EXCHANGE[indicator])

    def figure_of_dossiers_actifs(self) -> Figure:
        found, base, unknown = len(self.actifs), len(self.facts.accompagnees()), len(self.indetermines)
        bounds = (found, base), (found + unknown, base)
        return settled(found, base, unknown, bounds, self.request.target("dossiers_actifs"))

    def figure_within_dossiers_actifs(self, indicator: str, holders: Persons) -> Figure:
        found, base, unknown = len(self.actifs & holders), len(self.actifs), len(self.indetermines)
        holding = len(self.indetermines & holders)
        bounds = (found, base + unknown - holding), (found + holding, base + holding)
        return settled(found, base, unknown, bounds, self.request.target(indicator))

    def annuel(self) -> dict:
        """The updates of the window among the persons of the last twelve months; nothing is undetermined here."""
        if self.obstacle("dossiers_actifs"):
            return {"numerateur": None, "denominateur": None}
        accompagnees = set(self.facts.stays(self.request.year))
        return {"numerateur": len(self.facts.mis_a_jour() & accompagnees), "denominateur": len(accompagnees)}

    def cumul(self, indicator: str) -> int | None:
        start = self.site.places.day(self.et, "date_convention")
        if start is None:
            return None
        since = Window(start, self.request.window.end)
        return len(self.facts_over(since).ids_in_window(*ID_OF_EXCHANGE[indicator]))


def proportion(numerator: int, denominator: int, unknown: int | None = None) -> Figure:
    if denominator == 0:
        return Figure("non_calculable", None, 0, unknown, "denominateur_nul")
    return Figure("calcule", numerator, denominator, unknown)


def settled(found: int, base: int, unknown: int, bounds: tuple, target: int | None) -> Figure:
    """`bounds` are the worst and the best case; the figure is undetermined when the target separates them."""
    undecided = unknown > 0 and (
        base == 0 or (target is not None and attained(*bounds[0], target) != attained(*bounds[1], target))
    )
    if undecided:
        return Figure("indetermine", found, base, unknown, "mise_a_jour_indeterminee")
    return proportion(found, base, unknown)


def attained(numerator: int, denominator: int, target: int) -> bool:
    return 100 * numerator >= target * denominator


def cible_atteinte(figure: Figure, target: int | None) -> bool | None:
    if figure.calcul != "calcule" or target is None:
        return None
    return attained(figure.numerateur, figure.denominateur, target)


def taux(figure: Figure) -> float | None:
    """The percentage, truncated to one decimal."""
    if figure.numerateur is None or not figure.denominateur:
        return None
    return 1000 * figure.numerateur // figure.denominateur / 10
