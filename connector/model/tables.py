"""The pivot tables: names, columns, types and codes, with their French descriptions.

Rule: `docs/format-pivot.md`. One declaration serves the readers, the checks, the
workbook template and the published page of the format.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Kind(Enum):
    """How the text of a column is understood."""

    FINESS = "finess"  # 9 alphanumerics, a leading 1 of a 10-character id removed
    ID = "id"  # a local identifier: opaque, may embed an INS
    MATRICULE = "matricule"  # an INS: replaced before anything is written
    ADDRESS = "adresse"  # a mail address: replaced, its domain kept
    CODE = "code"  # one of a closed list, compared without case or accents
    DATE = "date"  # a date or an instant, kept as the ET's local calendar date
    ZONE = "fuseau"  # an IANA time zone
    TEXT = "texte"  # a label


@dataclass(frozen=True)
class Column:
    """One column of a pivot table. `codes` is empty unless `kind` is CODE."""

    name: str
    kind: Kind
    description: str
    required: bool = False
    codes: tuple[str, ...] = ()

    @property
    def identifying(self) -> bool:
        """Whether a value may point to a person, so that messages show its shape only."""
        return self.kind in (Kind.ID, Kind.MATRICULE, Kind.ADDRESS)


@dataclass(frozen=True)
class Table:
    """A pivot table. `key` names the columns of which two rows are one (entities only)."""

    name: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    by_name: dict[str, Column] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {column.name: column for column in self.columns})

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.required)


_FINESS_ET = Column("finess_et", Kind.FINESS, "FINESS géographique de l'établissement", required=True)
_ID_USAGER = Column("id_usager", Kind.ID, "identifiant local de l'usager dans l'établissement", required=True)
_ID_DOSSIER = Column("id_dossier", Kind.ID, "identifiant local du dossier dans l'établissement", required=True)
_OID = Column("oid_ins", Kind.TEXT, "OID de l'INS (vide : production)")
_OUI_NON = ("oui", "non")


def _horodatage(what: str) -> Column:
    return Column("horodatage", Kind.DATE, what, required=True)


_ALL = (
    Table(
        "etablissements",
        "Les établissements (FINESS ET) que l'export concerne",
        (
            _FINESS_ET,
            Column("finess_ej", Kind.FINESS, "FINESS de l'entité juridique"),
            Column("raison_sociale", Kind.TEXT, "nom de l'établissement"),
            Column("categorie", Kind.TEXT, "code de catégorie FINESS"),
            Column(
                "secteur",
                Kind.CODE,
                "secteur médico-social",
                codes=("pa", "ph", "domicile", "pds", "ase", "ahi", "pjm", "autre"),
            ),
            Column("eligible_sons", Kind.CODE, "éligible au financement SONS (secteur AHI)", codes=_OUI_NON),
            Column("fuseau", Kind.ZONE, "fuseau horaire IANA, si ce n'est pas celui du département"),
            Column("projet", Kind.TEXT, "projet ESMS numérique auquel l'établissement participe"),
            Column("type_projet", Kind.CODE, "nature du projet", codes=("acquisition", "evolution")),
            Column("date_convention", Kind.DATE, "début du projet (signature de la convention)"),
            Column("date_vsr", Kind.DATE, "vérification de service régulier"),
            Column("logiciel_dui", Kind.TEXT, "nom du logiciel DUI"),
            Column("version_dui", Kind.TEXT, "version du logiciel DUI"),
            Column("journal_depuis", Kind.DATE, "date depuis laquelle le journal des mises à jour est complet"),
        ),
        key=("finess_et",),
    ),
    Table(
        "usagers",
        "Les personnes connues de l'établissement",
        (
            _FINESS_ET,
            _ID_USAGER,
            Column("matricule_ins", Kind.MATRICULE, "matricule INS (15 caractères)"),
            _OID,
            Column(
                "statut_identite",
                Kind.CODE,
                "statut de l'identité (RNIV)",
                codes=("provisoire", "recuperee", "validee", "qualifiee"),
            ),
            Column("eligible_projet", Kind.CODE, "peut bénéficier d'un projet (vide : oui)", codes=_OUI_NON),
            Column(
                "prestations_confort_seules",
                Kind.CODE,
                "ne reçoit que des prestations de confort (vide : non)",
                codes=_OUI_NON,
            ),
        ),
        key=("finess_et", "id_usager"),
    ),
    Table(
        "matricules_anterieurs",
        "Les matricules INS qu'un usager a portés avant l'actuel",
        (
            _FINESS_ET,
            _ID_USAGER,
            Column("matricule_ins", Kind.MATRICULE, "ancien matricule INS", required=True),
            _OID,
        ),
    ),
    Table(
        "sejours",
        "Les périodes d'accompagnement : séjour, contrat, mesure, placement, notification",
        (
            _FINESS_ET,
            _ID_USAGER,
            Column("date_entree", Kind.DATE, "entrée (peut manquer si attente ou annulé)", required=True),
            Column("date_sortie", Kind.DATE, "sortie (vide : en cours)"),
            Column(
                "statut",
                Kind.CODE,
                "statut du séjour (vide : valable)",
                codes=("actif", "termine", "annule", "attente"),
            ),
        ),
    ),
    Table(
        "dossiers",
        "Les dossiers ; un dossier de foyer a une ligne par usager",
        (
            _FINESS_ET,
            _ID_DOSSIER,
            _ID_USAGER,
            Column("date_creation", Kind.DATE, "création du dossier"),
            Column("date_derniere_maj", Kind.DATE, "dernière mise à jour du dossier"),
        ),
        key=("finess_et", "id_dossier", "id_usager"),
    ),
    Table(
        "mises_a_jour",
        "Le journal des mises à jour des dossiers",
        (
            _FINESS_ET,
            _ID_DOSSIER,
            _horodatage("instant de la mise à jour"),
            Column(
                "origine", Kind.CODE, "auteur de la mise à jour (vide : utilisateur)", codes=("utilisateur", "systeme")
            ),
        ),
    ),
    Table(
        "projets_personnalises",
        "Les projets personnalisés",
        (
            _FINESS_ET,
            _ID_DOSSIER,
            Column(
                "statut",
                Kind.CODE,
                "statut du projet",
                required=True,
                codes=("en_preparation", "actif", "suspendu", "termine", "abandonne"),
            ),
            Column("date_debut", Kind.DATE, "début de mise en œuvre"),
            Column("date_fin", Kind.DATE, "fin de mise en œuvre"),
        ),
    ),
    Table(
        "evenements_agenda",
        "Les événements d'agenda liés à un dossier",
        (
            _FINESS_ET,
            _ID_DOSSIER,
            Column("date_debut", Kind.DATE, "début de l'événement", required=True),
            Column("statut", Kind.CODE, "statut de l'événement", codes=("planifie", "realise", "annule")),
        ),
    ),
    Table(
        "messages_mssante",
        "Les messages MSSanté",
        (
            Column("id_message", Kind.ID, "identifiant du message (Message-ID)", required=True),
            _horodatage("instant de l'envoi"),
            Column("expediteur", Kind.ADDRESS, "adresse d'envoi (obligatoire sans finess_et)"),
            Column(
                "statut",
                Kind.CODE,
                "issue de l'envoi",
                required=True,
                codes=("envoye", "echec", "inconnu", "recu"),
            ),
            Column("type", Kind.CODE, "nature (vide : message)", codes=("message", "accuse", "test")),
            Column("finess_et", Kind.FINESS, "FINESS de l'établissement qui envoie"),
        ),
    ),
    Table(
        "boites_mssante",
        "Les boîtes aux lettres MSSanté de chaque établissement",
        (Column("adresse", Kind.ADDRESS, "adresse MSSanté", required=True), _FINESS_ET),
    ),
    Table(
        "depots_dmp",
        "Les dépôts de documents dans le DMP",
        (
            Column("id_document", Kind.ID, "identifiant unique du document", required=True),
            _horodatage("instant du dépôt"),
            _FINESS_ET,
            Column("matricule_ins", Kind.MATRICULE, "matricule INS de la personne"),
            _OID,
            Column("id_usager", Kind.ID, "identifiant local de l'usager"),
            Column("statut", Kind.CODE, "issue du dépôt", required=True, codes=("succes", "echec", "inconnu")),
            Column("code_erreur", Kind.TEXT, "code de l'erreur rendue par le DMP"),
            Column("operation", Kind.CODE, "opération (vide : dépôt)", codes=("depot", "remplacement", "suppression")),
        ),
    ),
    Table(
        "prescriptions_importees",
        "Les e-prescriptions importées dans le DUI",
        (
            _FINESS_ET,
            Column("id_prescription", Kind.ID, "identifiant de la prescription", required=True),
            _horodatage("instant de l'import"),
        ),
    ),
    Table(
        "echanges_eparcours",
        "Les échanges par cahier de liaison avec la plateforme e-parcours",
        (
            _FINESS_ET,
            Column("id_echange", Kind.ID, "identifiant de l'échange", required=True),
            _horodatage("instant de l'échange"),
        ),
    ),
)

TABLES: dict[str, Table] = {table.name: table for table in _ALL}

# Read before the others: they say which time zones and mailboxes the site has.
REFERENCE_TABLES = frozenset({"etablissements", "boites_mssante"})

# A message or a deposit may find its ET at measure time: its date is kept in every zone of the site.
MANY_ZONES = frozenset({"messages_mssante", "depots_dmp"})


def day_columns(zones: int) -> list[str]:
    """Names of the local dates of a row whose ET is found at measure time, one per zone."""
    return [f"jour_{index}" for index in range(zones)]
