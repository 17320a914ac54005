"""The FHIR resources of one ET in a TDDUI transfer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zlib import crc32

from connector.demo.draft import Row, Tables
from connector.demo.organisation import EtData
from connector.demo.tddui_reduced import event, members_of, reduce_et
from connector.model.ins import PRODUCTION_OIDS, is_well_formed

Resource = dict[str, Any]

PROFILE = "https://interop.esante.gouv.fr/ig/fhir/tddui/StructureDefinition"
_FR_CORE = "https://hl7.fr/ig/fhir/core"
_V2_0445 = f"{_FR_CORE}/CodeSystem/fr-core-cs-v2-0445"
_IDENTITY_STATUS = f"{_FR_CORE}/CodeSystem/fr-core-cs-identity-status"
_ID_SYSTEM = "https://identifiant-medicosocial-{}.esante.gouv.fr"
_INS_TYPES = {
    "1.2.250.1.213.1.4.8": "INS-NIR",
    "1.2.250.1.213.1.4.9": "INS-NIA",
    "1.2.250.1.213.1.4.10": "INS-NIR-TEST",
}
_STATUS_CODES = {"qualifiee": "QUAL", "recuperee": "RECUP", "validee": "VALI", "provisoire": "PROV"}
_STAY_STATUS = {"actif": "in-progress", "termine": "finished", "annule": "cancelled", "attente": "planned"}
_PLAN_STATUS = {
    "en_preparation": "draft",
    "actif": "active",
    "suspendu": "on-hold",
    "termine": "completed",
    "abandonne": "revoked",
}
_HOME = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "HH"}


def resources(et: EtData) -> Iterator[Resource]:
    """Every resource of the ET: structure, usagers, households, stays, events, projets."""
    return _Transfer(et).resources()


class _Transfer:
    """The resources of one ET, and the references between them."""

    def __init__(self, et: EtData) -> None:
        self._et = et
        self._rows: Tables = reduce_et(et)
        self._patients = {row[1]: f"{et.finess_et}-{n}" for n, row in enumerate(self._rows["usagers"], start=1)}
        self._members = members_of(et, set(self._patients))
        self._updates = {row[1]: row[4] for row in self._rows["dossiers"]}
        self._stays: dict[str, list[str]] = defaultdict(list)
        for n, row in enumerate(self._rows["sejours"], start=1):
            self._stays[row[1]].append(f"{et.finess_et}-s{n}")
        self._matricules = {row[1]: row[2] for row in self._rows["usagers"]}

    def resources(self) -> Iterator[Resource]:
        yield self._organization()
        yield from (self._patient(row) for row in self._rows["usagers"])
        households = {dossier: people for dossier, people in self._members.items() if len(people) > 1}
        yield from (self._group(dossier, people) for dossier, people in households.items())
        yield from (self._stay(n, row) for n, row in enumerate(self._rows["sejours"], start=1))
        for n, row in enumerate(self._et.tables["evenements_agenda"], start=1):
            if self._members.get(row[1]):
                yield self._event(n, event(row, self._et))
        for n, row in enumerate(self._et.tables["projets_personnalises"], start=1):
            if self._members.get(row[1]):
                yield self._plan(n, row)
        if self._et.design.fautes:
            yield from self._spoiled()

    def _organization(self) -> Resource:
        identifier = _identifier("urn:oid:1.2.250.1.71.4.2.2", f"1{self._et.finess_et}", "IDNST", fr_core=True)
        return self._resource("Organization", "tddui-organization", f"org-{self._et.finess_et}", [identifier]) | {
            "name": self._et.raison_sociale
        }

    def _patient(self, row: Row) -> Resource:
        _, usager, matricule, oid, statut, *_ = row
        previous = [(old[2], old[3]) for old in self._rows["matricules_anterieurs"] if old[1] == usager]
        identifiers = [_ins(matricule, oid, "official")] if matricule else []
        identifiers += [_ins(number, system, "old") for number, system in previous]
        local = f"3{self._et.finess_et}/{usager}"
        identifiers.append(_identifier(_ID_SYSTEM.format("localusager"), local, "PI", fr_core=False))
        profile = "tddui-patient-ins" if matricule else "tddui-patient"
        resource = self._resource("Patient", profile, self._patients[usager], identifiers)
        moment = self._updates[usager]
        if moment:
            # A later resource of the usager may be the one that carries the last update.
            older = (datetime.fromisoformat(moment) - timedelta(days=100)).isoformat()
            resource["meta"]["lastUpdated"] = older if self._bearer(usager) else moment
        if statut:
            resource["extension"] = [_reliability(statut, matricule, oid)]
        name = {"use": "official", "family": "DEMO", "given": ["USAGER"]}
        return resource | {"name": [name], "gender": "unknown", "birthDate": "1950-01-01"}

    def _bearer(self, usager: str) -> str:
        """The stay that carries the last update of a usager; "" when the Patient does."""
        stays = self._stays[usager]
        return stays[-1] if stays and crc32(usager.encode()) % 3 == 0 else ""

    def _group(self, dossier: str, people: list[str]) -> Resource:
        members = [{"entity": {"reference": f"Patient/{self._patients[usager]}"}} for usager in people]
        return {
            "resourceType": "Group",
            "id": self._group_id(dossier),
            "type": "person",
            "actual": True,
            "member": members,
        }

    def _group_id(self, dossier: str) -> str:
        return f"{self._et.finess_et}-g{dossier}"

    def _stay(self, n: int, row: Row) -> Resource:
        _, usager, entree, sortie, statut = row
        value = self._business_id(usager, "SEJOUR", n)
        resource = self._resource(
            "Encounter",
            "tddui-encounter-sejour",
            f"{self._et.finess_et}-s{n}",
            [_identifier(_ID_SYSTEM.format("sejour"), value)],
        )
        if self._updates[usager] and resource["id"] == self._bearer(usager):
            resource["meta"]["lastUpdated"] = self._updates[usager]
        resource |= {"status": _STAY_STATUS[statut], "class": _HOME, "subject": self._subject([usager], "")}
        return resource | _period(entree, sortie) | {"serviceProvider": self._provider()}

    def _event(self, n: int, row: Row) -> Resource:
        _, dossier, debut, statut = row
        people = self._members[dossier]
        resource = self._event_of(n, people[0], debut)
        planned = "triaged" if n % 2 else "planned"
        status = {"realise": "finished", "annule": "cancelled"}.get(statut, planned)
        resource |= {"status": status, "subject": self._subject(people, dossier)}
        if len(people) == 1 and self._stays[people[0]] and n % 3 == 0:
            resource["partOf"] = {"reference": f"Encounter/{self._stays[people[0]][0]}"}
        return resource

    def _event_of(self, n: int, usager: str, debut: str) -> Resource:
        identifiers = [_identifier(_ID_SYSTEM.format("evenement"), self._business_id(usager, "EVN", n))]
        resource = self._resource("Encounter", "tddui-encounter-evenement", f"{self._et.finess_et}-e{n}", identifiers)
        return resource | {"class": _HOME} | _period(debut, debut) | {"serviceProvider": self._provider()}

    def _plan(self, n: int, row: Row) -> Resource:
        _, dossier, statut, debut, fin = row
        people = self._members[dossier]
        identifiers = [_identifier(_ID_SYSTEM.format("projetpersonnalise"), self._business_id(people[0], "PPER", n))]
        resource = self._resource(
            "CarePlan", "tddui-careplan-projet-personnalise", f"{self._et.finess_et}-p{n}", identifiers
        )
        resource |= {"status": _PLAN_STATUS[statut], "intent": "plan", "title": f"Projet personnalisé {n}"}
        return resource | {"subject": self._subject(people, dossier)} | _period(debut, fin)

    def _spoiled(self) -> Iterator[Resource]:
        """An event entered in error, and one of a Patient that the transfer does not hold."""
        usager = next(iter(self._patients))
        day = "2025-01-15"
        wrong = self._event_of(900_001, usager, day)
        yield wrong | {"status": "entered-in-error", "subject": self._subject([usager], "")}
        orphan = self._event_of(900_002, "INCONNU", day)
        yield orphan | {"status": "finished", "subject": {"reference": f"Patient/{self._et.finess_et}-absent"}}

    def _business_id(self, usager: str, suffix: str, n: int) -> str:
        """As in the sample of the ANS, the INS of the person may stand inside."""
        matricule = self._matricules.get(usager, "")
        person = matricule if is_well_formed(matricule) and n % 2 else usager
        return f"3{self._et.finess_et}/{person}-{suffix}-{n}"

    def _subject(self, people: list[str], dossier: str) -> dict[str, str]:
        if len(people) > 1:
            return {"reference": f"Group/{self._group_id(dossier)}"}
        return {"reference": f"Patient/{self._patients[people[0]]}"}

    def _provider(self) -> dict[str, str]:
        return {"reference": f"Organization/org-{self._et.finess_et}"}

    def _resource(self, kind: str, profile: str, identifier: str, identifiers: list[Resource]) -> Resource:
        meta = {"profile": [f"{PROFILE}/{profile}"]}
        return {"resourceType": kind, "id": identifier, "meta": meta, "identifier": identifiers}


def _identifier(system: str, value: str, code: str = "", *, fr_core: bool = False) -> Resource:
    if not code:
        return {"system": system, "value": value}
    types = f"{_FR_CORE}/CodeSystem/fr-core-cs-v2-0203" if fr_core else "http://terminology.hl7.org/CodeSystem/v2-0203"
    return {"type": {"coding": [{"system": types, "code": code}]}, "system": system, "value": value}


def _ins(matricule: str, oid: str, use: str) -> Resource:
    return {"use": use} | _identifier(f"urn:oid:{oid}", matricule, _INS_TYPES[oid], fr_core=True)


def _reliability(statut: str, matricule: str, oid: str) -> Resource:
    """The status in one code system or in the other: both are met."""
    system, code = _IDENTITY_STATUS, _STATUS_CODES[statut]
    old_style = crc32(matricule.encode()) % 2
    if statut == "qualifiee" and old_style and oid in PRODUCTION_OIDS and is_well_formed(matricule):
        system, code = _V2_0445, "VALI"
    if statut == "provisoire" or (statut == "validee" and not matricule):
        system = _V2_0445
    coding = {"system": system, "code": code}
    return {
        "extension": [{"url": "identityStatus", "valueCoding": coding}],
        "url": f"{_FR_CORE}/StructureDefinition/fr-core-identity-reliability",
    }


def _period(start: str, end: str) -> Resource:
    period = {name: text for name, text in (("start", start), ("end", end)) if text}
    return {"period": period} if period else {}
