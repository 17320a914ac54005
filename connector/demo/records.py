"""Draws the dossiers, their journal, the projets personnalisés and the agenda of an ET."""

from __future__ import annotations

from datetime import date, time, timedelta

from connector.demo.draft import Dossier, Draft, Personne
from connector.demo.moments import Moment

_DAY = timedelta(days=1)
_UPDATES = ("utilisateur", "utilisateur", "utilisateur", "")


def record(draft: Draft) -> None:
    """Fill the rows of dossiers, updates, projets and events."""
    _open_dossiers(draft)
    for rank, dossier in enumerate(draft.dossiers):
        entries = _journal(draft, dossier, rank)
        _dossier_rows(draft, dossier, entries)
        _projets(draft, dossier)
        _evenements(draft, dossier)
    if draft.design.journal.covers and draft.dossiers:
        # The journal starts when the software did, on an entry that is no one's update.
        start = draft.moments.exactly(draft.debut_journal, time(12), "local")
        _update(draft, draft.dossiers[0], start, "systeme")


def _open_dossiers(draft: Draft) -> None:
    households = _households(draft)
    taken = {member for pair in households for member in pair}
    alone = [[personne] for personne in (*draft.presents, *draft.absents) if personne not in taken]
    for members in (*households, *alone):
        if not members[0].present and draft.chance(0.1):
            continue  # someone announced, whose dossier is not open yet
        dossier = Dossier(f"D{draft.serial():06}", members)
        dossier.creation = _creation(draft, dossier)
        draft.dossiers.append(dossier)


def _households(draft: Draft) -> list[list[Personne]]:
    """Pairs of persons still present who hold the same facts: a dossier says the same of all."""
    groups: dict[tuple[bool, ...], list[Personne]] = {}
    for personne in draft.presents:
        if personne.dernier_jour == draft.moments.dernier:
            facts = (personne.actif, personne.indetermine, personne.projet, personne.evenement)
            groups.setdefault(facts, []).append(personne)
    pairs = [group[i : i + 2] for group in groups.values() for i in range(0, len(group) - 1, 2)]
    return pairs[: draft.design.foyers]


def _creation(draft: Draft, dossier: Dossier) -> date:
    """In the window only for a dossier that is active: opening it is an update."""
    moments = draft.moments
    head = dossier.tete
    if not head.present:
        return moments.before_window(900)
    entree = min(member.entree for member in dossier.members)
    if head.actif and entree >= moments.debut and draft.chance(0.6):
        return entree
    eve = min(entree, moments.debut - _DAY)
    return eve if draft.chance(0.3) else moments.day(eve - timedelta(days=30), eve)


def _journal(draft: Draft, dossier: Dossier, rank: int) -> list[Moment]:
    """Write the journal of a dossier; the instants of the updates that a person made."""
    moments, head = draft.moments, dossier.tete
    start = draft.debut_journal
    entries: list[Moment] = []
    if start <= moments.dernier:
        first = max(start, moments.debut)
        if head.actif and (draft.design.journal.covers or draft.chance(0.5)):
            entries += _window_entries(draft, dossier, first, rank)
        if head.present and not head.actif and draft.design.journal.covers:
            entries += _edge_entries(draft, rank)
        if not head.present and draft.chance(0.2):
            entries.append(moments.at(moments.day(first, moments.dernier)))
        if start < moments.debut:
            entries += [moments.at(moments.day(start, moments.debut - _DAY)) for _ in range(draft.rng.randrange(5))]
        if draft.design.journal.covers and draft.chance(0.08):
            entries.append(moments.at(moments.after()))
        if draft.chance(0.3):
            _update(draft, dossier, moments.at(moments.day(start, moments.mesure)), "systeme")
    for entry in entries:
        _update(draft, dossier, entry, draft.rng.choice(_UPDATES))
    return entries


def _window_entries(draft: Draft, dossier: Dossier, first: date, rank: int) -> list[Moment]:
    moments = draft.moments
    if rank == 0:
        # One update only, late on the last day: its UTC date may be the next one.
        return [moments.exactly(moments.dernier, time(23, 30), "utc")]
    if dossier.creation >= moments.debut and draft.chance(0.3):
        return []  # its creation is enough
    return [moments.at(moments.day(first, moments.dernier)) for _ in range(draft.rng.randrange(1, 6))]


def _edge_entries(draft: Draft, rank: int) -> list[Moment]:
    """Updates just outside the window by the local clock, inside it by another."""
    moments = draft.moments
    if rank % 3 == 0:
        return [moments.exactly(moments.mesure, time(0, 15), "utc")]
    if rank % 3 == 1:
        return [moments.exactly(moments.debut - _DAY, time(23, 45), "utc")]
    return []


def _update(draft: Draft, dossier: Dossier, moment: Moment, origine: str) -> None:
    draft.tables["mises_a_jour"].append((draft.finess_et, dossier.id_dossier, moment.text, origine))


def _dossier_rows(draft: Draft, dossier: Dossier, entries: list[Moment]) -> None:
    """One row per member; only one of them may carry the date of the last update."""
    derniere = _derniere_maj(draft, dossier, entries)
    creation = "" if dossier.creation < draft.moments.debut and draft.chance(0.05) else dossier.creation.isoformat()
    for rank, member in enumerate(dossier.members):
        text = derniere if rank == 0 or draft.chance(0.5) else ""
        draft.tables["dossiers"].append((draft.finess_et, dossier.id_dossier, member.id_usager, creation, text))


def _derniere_maj(draft: Draft, dossier: Dossier, entries: list[Moment]) -> str:
    """Decides of the fact when the journal does not cover the window; else follows the journal."""
    moments, head = draft.moments, dossier.tete
    if draft.design.journal.covers:
        if draft.chance(0.05):
            return moments.at(moments.day(dossier.creation, moments.dernier)).text  # a technical date
        latest = max(entries, default=None, key=lambda entry: entry.local)
        return latest.text if latest else dossier.creation.isoformat()
    if head.indetermine:
        return moments.at(moments.after()).text
    if head.actif:
        day = moments.day(max(dossier.creation, moments.debut), moments.dernier)
        return moments.at(day).text
    eve = moments.debut - _DAY
    return moments.at(moments.day(min(dossier.creation, eve), eve)).text


def _projets(draft: Draft, dossier: Dossier) -> None:
    """A projet valid on the day of judgment for those who must have one, and others that are not."""
    rng, head = draft.rng, dossier.tete
    jour = head.dernier_jour if head.present else draft.moments.debut
    year = timedelta(days=365)
    before = jour - timedelta(days=rng.randrange(1, 300))
    later = jour + timedelta(days=rng.randrange(0, 300))
    valid: tuple[tuple[str, date | None, date | None], ...] = (
        ("actif", before, later),
        ("actif", jour, None),
        ("actif", before, None),
        ("actif", None, jour),
        ("en_preparation", None, None),
        ("en_preparation", before, later),
        ("termine", before, jour),
    )
    void: tuple[tuple[str, date | None, date | None], ...] = (
        ("suspendu", before, None),
        ("abandonne", before, later),
        ("termine", before - year, before),
        ("termine", before, None),
        ("actif", before - year, jour - _DAY),
        ("actif", jour + _DAY, None),
        ("en_preparation", before - year, before),
    )
    wanted = head.projet if head.present else draft.chance(0.5)
    chosen = [rng.choice(valid)] if wanted else []
    if draft.chance(0.2 if wanted else 0.6):
        chosen.append(rng.choice(void))
    for statut, debut, fin in chosen:
        texts = (day.isoformat() if day else "" for day in (debut, fin))
        draft.tables["projets_personnalises"].append((draft.finess_et, dossier.id_dossier, statut, *texts))


def _evenements(draft: Draft, dossier: Dossier) -> None:
    """Events in the window for those who must have one; cancelled or outside for all."""
    moments, head, rng = draft.moments, dossier.tete, draft.rng
    days: list[tuple[date, str]] = []
    wanted = head.evenement if head.present else draft.chance(0.1)
    for _ in range(rng.randrange(1, 5) if wanted else 0):
        days.append((moments.in_window(), rng.choice(("realise", "realise", "planifie", ""))))
    days += [(moments.before_window(270), "realise") for _ in range(rng.randrange(4))]
    if head.present and draft.chance(0.3):
        days.append((moments.after(60), "planifie"))
    if draft.chance(0.15):
        days.append((moments.in_window(), "annule"))
    for day, statut in days:
        moment = moments.at(day)
        draft.tables["evenements_agenda"].append((draft.finess_et, dossier.id_dossier, moment.text, statut))
