"""The programmes: dated parameters with their legal reference, and what a convention changes.

Rule: `docs/indicateurs.md`, « Programmes ». Parameters are data under `config/programmes/`;
unknown keys are refused and every section carries the reference of the text it comes from.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from connector.config import Convention, load_toml, validate
from connector.errors import SettingsError
from connector.model.period import Period, WindowKind, window
from connector.model.result import Etablissement
from connector.resources import config_path


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Window(_Strict):
    """The window of a programme and the length, in months, of a first civil-month measure."""

    sorte: Literal["mois_civil", "trois_mois_glissants"]
    premiere_mesure_mois: int = Field(ge=1, le=12)
    reference: str


class IndicatorList(_Strict):
    """Indicators of a programme, in the order of its table."""

    liste: tuple[str, ...]
    reference: str


class Targets(_Strict):
    """Whole percentages; an indicator that is not named has no target."""

    dossiers_actifs: int | None = None
    projet_personnalise: int | None = None
    evenement_agenda: int | None = None
    mssante: int | None = None
    dmp: int | None = None
    reference: str

    @cached_property
    def known(self) -> dict[str, int]:
        """The indicators that have a target, with it."""
        return {code: value for code, value in self if code != "reference" and value is not None}


class Exemption(_Strict):
    """When the target of some indicators does not bind an ET."""

    secteur: str
    eligible_sons: Literal["oui", "non"] | None = None
    tout_le_projet: bool = False  # only when every ET of the project is of this sector
    depuis: date | None = None
    indicateurs: tuple[str, ...]
    reference: str

    def applies(self, et: Etablissement, project_sectors: Collection[str], date_mesure: date) -> bool:
        """`project_sectors` are the sectors of every ET of the project of `et`, its own included."""
        if et.secteur != self.secteur or (self.depuis and date_mesure < self.depuis):
            return False
        if self.eligible_sons and et.eligible_sons != self.eligible_sons:
            return False
        return not self.tout_le_projet or set(project_sectors) == {self.secteur}


class Programme(_Strict):
    """One programme as its TOML file states it."""

    id: str
    version: str
    intitule: str
    reference: str
    valide_du: date
    fenetre: Window
    indicateurs: IndicatorList
    cibles: Targets
    exemption: tuple[Exemption, ...] = ()


@dataclass(frozen=True)
class Terms:
    """What applies to one ET at one measure date: the programme, then its convention.

    `waivers` maps an indicator whose target does not bind to the reference of the text.
    """

    convention: str | None
    period: Period
    targets: Mapping[str, int]
    denominators: Mapping[str, str]
    waivers: Mapping[str, str]
    parameters: Mapping[str, object] | None


def load_programme(identifier: str) -> Programme:
    """The programme of this identifier, from the files that ship with the package.

    Raises:
        SettingsError: no such programme, or an invalid file.
    """
    folder = config_path("programmes")
    path = folder / f"{identifier}.toml"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in folder.glob("*.toml")))
        raise SettingsError(f"Programme inconnu : « {identifier} » ; programmes disponibles : {known}.")
    return validate(Programme, load_toml(path), Path(path.name))


def terms_of(
    programme: Programme,
    et: Etablissement,
    project_sectors: Collection[str],
    conventions: Collection[Convention],
    date_mesure: date,
    *,
    window_kind: str | None,
    first_measure: bool,
) -> Terms:
    """The window, targets and waivers of one ET at one date.

    `project_sectors` are the sectors of every ET of its project, its own included;
    `window_kind` is what the command line imposes on everyone, or None.
    """
    convention = convention_of(et, conventions, date_mesure)
    kind = WindowKind(window_kind or (convention and convention.fenetre) or programme.fenetre.sorte)
    months = programme.fenetre.premiere_mesure_mois if first_measure else 1
    waivers = {
        code: exemption.reference
        for exemption in programme.exemption
        if exemption.applies(et, project_sectors, date_mesure)
        for code in exemption.indicateurs
    }
    if convention is None:
        return Terms(None, window(date_mesure, kind, months=months), programme.cibles.known, {}, waivers, None)
    waivers |= dict.fromkeys(convention.exclusions, convention.reference)
    return Terms(
        convention.id,
        window(date_mesure, kind, months=months),
        programme.cibles.known | convention.cibles,
        convention.denominateurs,
        waivers,
        _overrides(convention),
    )


def convention_of(et: Etablissement, conventions: Collection[Convention], day: date) -> Convention | None:
    """The convention of an ET at a date. Raises SettingsError when two apply at once."""
    found = [
        convention
        for convention in conventions
        if (et.finess_et in convention.etablissements or (convention.projet and convention.projet == et.projet))
        and (convention.du is None or convention.du <= day)
        and (convention.au is None or day <= convention.au)
    ]
    if len(found) > 1:
        names = ", ".join(convention.id for convention in found)
        raise SettingsError(
            f"[[convention]] : l'établissement {et.finess_et} relève de plusieurs conventions le {day:%d/%m/%Y} "
            f"({names}) ; bornez-les par « du » et « au »."
        )
    return found[0] if found else None


def _overrides(convention: Convention) -> dict[str, object] | None:
    changed: dict[str, object] = {
        key: value
        for key in ("fenetre", "cibles", "denominateurs", "exclusions")
        if (value := getattr(convention, key))
    }
    if not changed:
        return None
    if "exclusions" in changed:
        changed["exclusions"] = list(convention.exclusions)
    return changed | {"reference": convention.reference, "signataire": convention.signataire}
