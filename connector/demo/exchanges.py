"""Draws the mailboxes, messages, DMP deposits, prescriptions and e-parcours exchanges of an ET."""

from __future__ import annotations

from datetime import timedelta

from connector.demo.draft import Draft, Personne
from connector.demo.moments import Moment
from connector.demo.people import OID_NIR

DOMAIN = "demo.mssante.fr"
UNKNOWN_BOX = "secretariat.inconnu@autre-demo.mssante.fr"
_ERRORS = ("DMPClosed", "DMPClosed", "XDSRepositoryError", "XDSPatientIdDoesNotMatch")


def exchange(draft: Draft) -> None:
    """Fill the rows of every exchange."""
    _depots(draft)
    if draft.design.boite:
        draft.tables["boites_mssante"].append((_adresse(draft), draft.finess_et))
        _messages(draft)
    else:
        # Nothing may name the ET: its messages would then be attributable.
        for _ in range(3):
            message(draft, draft.moments.at(draft.moments.in_window()), "envoye", "message", (UNKNOWN_BOX, ""))
    _counted(draft, "prescriptions_importees", "PR", draft.design.prescriptions)
    _counted(draft, "echanges_eparcours", "CL", draft.design.echanges)


def message(draft: Draft, moment: Moment, statut: str, kind: str, sender: tuple[str, str]) -> None:
    """One message of a sender (address, FINESS); some have two recipients, hence two rows, of which one may fail."""
    identifier = f"<{draft.serial()}.{draft.finess_et}@{DOMAIN}>"
    expediteur, finess = sender
    draft.tables["messages_mssante"].append((identifier, moment.text, expediteur, statut, kind, finess))
    if statut == "envoye" and draft.chance(0.1):
        second = draft.rng.choice(("envoye", "echec"))
        draft.tables["messages_mssante"].append((identifier, moment.text, expediteur, second, kind, finess))


def depot(draft: Draft, moment: Moment, identity: tuple[str, str, str], issue: tuple[str, str, str]) -> str:
    """One deposit of (matricule, oid, id_usager) with (statut, code_erreur, operation); its document."""
    document = f"1.2.250.1.999.{draft.rank + 1}.{draft.serial()}"
    draft.tables["depots_dmp"].append((document, moment.text, draft.finess_et, *identity, *issue))
    return document


def _adresse(draft: Draft) -> str:
    """The mailbox of the ET alone."""
    return f"contact.{draft.finess_et.lower()}@{DOMAIN}"


def _messages(draft: Draft) -> None:
    """As many counted messages as the design says, among others that do not count."""
    moments, wanted = draft.moments, draft.design.messages
    # Some documents leave for a DMP and for a mailbox at once.
    sent = draft.envois[: wanted // 4]
    sent += [moments.at(moments.in_window()) for _ in range(wanted - len(sent))]
    for rank, moment in enumerate(sent):
        _from_et(draft, moment, "envoye", draft.rng.choice(("message", "")), by_mailbox=rank % 5 > 2)
    for _ in range(wanted // 3 + 2):
        kinds = ("avant", "apres", "echec", "inconnu", "recu", "accuse", "test")
        match draft.rng.choice(kinds):
            case "avant":
                _from_et(draft, moments.at(moments.before_window(270)), "envoye", "message", by_mailbox=True)
            case "apres":
                _from_et(draft, moments.at(moments.after()), "envoye", "", by_mailbox=False)
            case "accuse" | "test" as kind:
                _from_et(draft, moments.at(moments.in_window()), "envoye", kind, by_mailbox=draft.chance(0.4))
            case statut:
                _from_et(draft, moments.at(moments.in_window()), statut, "message", by_mailbox=draft.chance(0.4))


def _from_et(draft: Draft, moment: Moment, statut: str, kind: str, *, by_mailbox: bool) -> None:
    """A message of the ET, known by its mailbox alone or by the FINESS that its relay writes."""
    adresse = _adresse(draft)
    if by_mailbox:
        # Case and outer blanks of an address mean nothing.
        message(draft, moment, statut, kind, (draft.rng.choice((adresse, adresse.upper(), f" {adresse}")), ""))
    else:
        message(draft, moment, statut, kind, (draft.rng.choice((adresse, "")), draft.finess_et))


def _depots(draft: Draft) -> None:
    for personne in draft.presents:
        if personne.dmp:
            _fed(draft, personne)
        elif personne.eligible and draft.chance(0.35):
            _not_fed(draft, personne)
        elif not personne.eligible and personne.matricule and draft.chance(0.5):
            _accepted(draft, personne)
    for personne in draft.absents:
        if personne.matricule and draft.chance(0.2):
            _accepted(draft, personne)


def _identity(draft: Draft, personne: Personne) -> tuple[str, str, str]:
    """Most software writes the matricule, some the local id alone."""
    if not personne.matricule or draft.chance(0.1):
        return "", "", personne.id_usager
    return personne.matricule, draft.rng.choice((OID_NIR, "")), draft.rng.choice((personne.id_usager, ""))


def _accepted(draft: Draft, personne: Personne) -> None:
    operation = draft.rng.choices(("depot", "", "remplacement"), (70, 15, 15))[0]
    moment = draft.moments.at(draft.moments.in_window())
    depot(draft, moment, _identity(draft, personne), ("succes", "", operation))
    if operation != "remplacement":
        draft.envois.append(moment)


def _fed(draft: Draft, personne: Personne) -> None:
    """One to three documents accepted in the window; some were refused at first."""
    rows = draft.tables["depots_dmp"]
    for _ in range(draft.rng.randrange(1, 4)):
        _accepted(draft, personne)
    document, _, _, matricule, oid, usager, *_ = rows[-1]
    moment = draft.envois[-1] if draft.envois else draft.moments.at(draft.moments.debut)
    if draft.chance(0.1):
        refused = Moment(moment.local - timedelta(hours=1), (moment.local - timedelta(hours=1)).isoformat())
        code = draft.rng.choice(_ERRORS)
        rows.append((document, refused.text, draft.finess_et, matricule, oid, usager, "echec", code, "depot"))
    if matricule and draft.chance(0.05):
        # Sent under the certificate of the legal entity: the matricule tells the ET.
        rows[-1] = (*rows[-1][:2], draft.finess_ej, *rows[-1][3:])


def _not_fed(draft: Draft, personne: Personne) -> None:
    """Deposits that feed no DMP in the window."""
    moments, identity = draft.moments, _identity(draft, personne)
    match draft.rng.choice(("echec", "echec", "inconnu", "suppression", "avant", "apres")):
        case "echec":
            code = draft.rng.choice(_ERRORS)
            depot(draft, moments.at(moments.in_window()), identity, ("echec", code, "depot"))
        case "inconnu":
            depot(draft, moments.at(moments.in_window()), identity, ("inconnu", "", ""))
        case "suppression":
            depot(draft, moments.at(moments.in_window()), identity, ("succes", "", "suppression"))
        case "avant":
            depot(draft, moments.at(moments.before_window(200)), identity, ("succes", "", "depot"))
        case _:
            depot(draft, moments.at(moments.after()), identity, ("succes", "", "depot"))


def _counted(draft: Draft, table: str, prefix: str, wanted: int) -> None:
    """`wanted` distinct ids in the window, some written twice, and others outside it."""
    moments, rows = draft.moments, draft.tables[table]
    for _ in range(wanted):
        rows.append((draft.finess_et, f"{prefix}-{draft.serial()}", moments.at(moments.in_window()).text))
        if draft.chance(0.1):
            rows.append(rows[-1])
    if wanted:
        rows.append((draft.finess_et, f"{prefix}-{draft.serial()}", moments.at(moments.before_window(250)).text))
        rows.append((draft.finess_et, f"{prefix}-{draft.serial()}", moments.at(moments.after()).text))
