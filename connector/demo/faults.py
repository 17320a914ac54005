"""Adds the typical faults of an export: each is a finding, none changes a figure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from connector.demo.draft import Draft, Personne
from connector.demo.exchanges import DOMAIN, UNKNOWN_BOX, depot, message
from connector.demo.people import OID_NIR

_OID_TEST = "1.2.250.1.213.1.4.10"
_MATRICULE, _OID, _STATUT = 2, 3, 4  # columns of usagers


def spoil(draft: Draft) -> None:
    """Add one or two of each fault."""
    _merge_identities(draft)
    _spoil_matricules(draft)
    _orphans(draft)
    _stays(draft)
    _events(draft)
    _shared_mailbox(draft)
    _deposits(draft)


def _rows_of(draft: Draft, personne: Personne) -> int:
    return next(i for i, row in enumerate(draft.tables["usagers"]) if row[1] == personne.id_usager)


def _change(draft: Draft, personne: Personne, values: dict[int, str]) -> None:
    rank = _rows_of(draft, personne)
    row = draft.tables["usagers"][rank]
    draft.tables["usagers"][rank] = tuple(values.get(i, value) for i, value in enumerate(row))


def _merge_identities(draft: Draft) -> None:
    """The same matricule on a second usager, opened twice by mistake: one person."""
    twin = next((p for p in draft.presents if p.statut == "qualifiee" and p.eligible), None)
    if twin is None:
        return
    finess, usager, old = draft.finess_et, f"{twin.id_usager}B", draft.moments.before_window(200)
    draft.tables["usagers"].append((finess, usager, twin.matricule, "", "qualifiee", "", ""))
    draft.tables["sejours"].append((finess, usager, old.isoformat(), twin.dernier_jour.isoformat(), "termine"))
    # An empty dossier, so that the facts of the person stay those of the first one.
    draft.tables["dossiers"].append((finess, f"D{draft.serial():06}", usager, old.isoformat(), old.isoformat()))


def _spoil_matricules(draft: Draft) -> None:
    """Malformed, of test, and one typed with blanks, which is right all the same."""
    qualified = [p for p in draft.presents if p.statut == "qualifiee"]
    others = [p for p in draft.presents if p.statut not in {"qualifiee", "recuperee"}]
    if qualified:
        number = qualified[-1].matricule
        _change(draft, qualified[-1], {_MATRICULE: f"{number[0]} {number[1:3]} {number[3:5]} {number[5:]}"})
    sample = draft.absents[0].matricule or "190010100100101"
    wrong_key = sample[:13] + f"{(int(sample[13:]) + 1) % 97:02}"
    if others:
        _change(draft, others[0], {_MATRICULE: wrong_key})
    if len(others) > 1:
        # A test number is never an identity, whatever the status claims.
        _change(draft, others[1], {_MATRICULE: "279035121518989", _OID: _OID_TEST, _STATUT: "qualifiee"})
    twice = draft.tables["usagers"][_rows_of(draft, draft.absents[1])]
    other = "validee" if twice[_STATUT] == "provisoire" else "provisoire"
    draft.tables["usagers"].append((*twice[:_STATUT], other, *twice[_STATUT + 1 :]))


def _orphans(draft: Draft) -> None:
    """Rows that point to a usager or a dossier that the export does not hold."""
    moments, finess, tables = draft.moments, draft.finess_et, draft.tables
    day = moments.in_window().isoformat()
    tables["sejours"].append((finess, "INCONNU-1", day, "", "actif"))
    tables["dossiers"] += [(finess, f"D-ORPHELIN-{i}", f"INCONNU-{i}", day, day) for i in (1, 2)]
    if draft.design.journal.covers:  # else this entry could start a journal
        tables["mises_a_jour"].append((finess, "D-ABSENT-1", moments.at(moments.in_window()).text, "utilisateur"))
    tables["projets_personnalises"].append((finess, "D-ABSENT-1", "actif", day, ""))
    tables["evenements_agenda"].append((finess, "D-ABSENT-2", moments.at(moments.in_window()).text, "realise"))


def _stays(draft: Draft) -> None:
    """A stay that ends before it starts, and a usager without any."""
    moments, finess = draft.moments, draft.finess_et
    entree = moments.before_window(60)
    usager = f"{draft.prefixe}{draft.serial():05}"
    sortie = entree - timedelta(days=30)
    draft.tables["usagers"].append((finess, usager, "", "", "provisoire", "", ""))
    draft.tables["sejours"].append((finess, usager, entree.isoformat(), sortie.isoformat(), "termine"))
    draft.tables["usagers"].append((finess, f"{draft.prefixe}{draft.serial():05}", "", "", "provisoire", "", ""))


def _events(draft: Draft) -> None:
    """After the exit, on the day the clocks change, and in a year that is a slip of the pen."""
    rows, finess = draft.tables["evenements_agenda"], draft.finess_et
    busy = [d for d in draft.dossiers if d.tete.present and d.tete.evenement]
    gone = next((d for d in busy if d.tete.dernier_jour < draft.moments.dernier), None)
    if gone:
        day = gone.tete.dernier_jour + timedelta(days=1)
        rows.append((finess, gone.id_dossier, draft.moments.at(day, "local").text, "realise"))
    if busy:
        texts = [text for pair in _clock_changes(draft.moments.zone, draft.moments.mesure) for text in pair]
        rows += [(finess, busy[0].id_dossier, text, "realise") for text in texts]
        slip = draft.moments.mesure + timedelta(days=27 * 365)
        rows.append((finess, busy[0].id_dossier, slip.isoformat(), "planifie"))


def _clock_changes(zone: ZoneInfo, before: date) -> list[tuple[str, str]]:
    """The instants on both sides of each change of offset in the year before a day."""
    end = datetime.combine(before, time(), UTC)
    hours = [end - timedelta(hours=n) for n in range(366 * 24)]
    changes = []
    for later, earlier in pairwise(hours):
        if earlier.astimezone(zone).utcoffset() != later.astimezone(zone).utcoffset():
            eve = later - timedelta(seconds=1)
            changes.append((eve.astimezone(zone).isoformat(), later.astimezone(zone).isoformat()))
    return changes


def _shared_mailbox(draft: Draft) -> None:
    """One mailbox declared for two ETs, and one that nobody declared: their messages count nowhere."""
    shared = f"accueil.{draft.finess_ej.lower()}@{DOMAIN}"
    boites = [(shared, draft.finess_et)]
    if draft.rank:
        boites.append((shared, draft.finess_voisin))
    draft.tables["boites_mssante"] += boites
    senders = (shared, shared, UNKNOWN_BOX) if draft.rank else (UNKNOWN_BOX,)
    for sender in senders:
        message(draft, draft.moments.at(draft.moments.in_window()), "envoye", "message", (sender, ""))


def _deposits(draft: Draft) -> None:
    """For nobody known; and under a document id that embeds the matricule."""
    moments = draft.moments
    depot(draft, moments.at(moments.in_window()), ("", "", "INCONNU-3"), ("succes", "", "depot"))
    fed = next((p for p in draft.presents if p.dmp), None)
    if fed:
        moment = moments.at(moments.in_window())
        depot(draft, moment, (fed.matricule, OID_NIR, ""), ("succes", "", "depot"))
        _, *rest = draft.tables["depots_dmp"].pop()
        draft.tables["depots_dmp"].append((f"{fed.matricule}-DOC-1", *rest))
