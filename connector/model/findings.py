"""The list of findings: code, severity and French wording. Published in `docs/constats.md`.

Rule: `docs/indicateurs.md`, « Constats »; how a sentence is written: `finding_kind`.
"""

from __future__ import annotations

from dataclasses import dataclass

from connector.model.finding_kind import FindingKind, Severity

__all__ = ["FINDINGS", "Finding", "FindingKind", "Severity"]


@dataclass(frozen=True, order=True)
class Finding:
    """One finding about an ET, or about the whole run when `finess_et` is empty."""

    finess_et: str
    code: str
    count: int
    detail: str = ""

    @property
    def kind(self) -> FindingKind:
        return FINDINGS[self.code]

    @property
    def text(self) -> str:
        return " ".join(self.kind.words(self.count, self.detail)).strip()


_B, _A, _I = Severity.BLOCKING, Severity.ATTENTION, Severity.INFO

_KINDS = (
    # Blocking: a submission waits until someone releases it with a reason.
    FindingKind(
        "table_en_erreur",
        _B,
        "{nombre} [ligne ou fichier inutilisable|lignes ou fichiers inutilisables] dans la table « {detail} ».",
        "Corrigez l'export puis relancez : les indicateurs qui lisent cette table ne sont pas calculés.",
    ),
    FindingKind(
        "mise_a_jour_massive",
        _B,
        "{nombre} [dossier porte|dossiers portent] la même minute de dernière mise à jour.",
        "Cette date est sans doute technique (reprise, traitement de nuit) : demandez la date réelle à l'éditeur.",
    ),
    FindingKind(
        "finess_non_confirme",
        _B,
        "Rien ne confirme que ce numéro soit un FINESS géographique.",
        "Fournissez la table « etablissements » ou une correspondance, ou importez le registre FINESS.",
    ),
    FindingKind(
        "ecart_historique",
        _B,
        "« {detail} » s'écarte fortement des mesures précédentes.",
        "Vérifiez l'export avant de transmettre.",
    ),
    FindingKind(
        "sources_messages_multiples",
        _B,
        "{nombre} [sorte de source donne|sortes de source donnent] des messages à cet établissement ({detail}).",
        "Le même courriel peut être compté deux fois : ne gardez que l'une d'elles, ou dites-le dans [messages].",
    ),
    # Identities.
    FindingKind(
        "identites_fusionnees",
        _A,
        "{nombre} [usager partage son|usagers partagent leur] matricule INS avec un autre.",
        "Ils comptent pour une seule personne : fusionnez ces dossiers dans le DUI.",
    ),
    FindingKind(
        "ins_malforme",
        _A,
        "{nombre} [matricule INS mal formé|matricules INS mal formés].",
        "Corrigez-[le|les] depuis le téléservice INSi.",
    ),
    FindingKind(
        "ins_de_test",
        _A,
        "{nombre} [matricule|matricules] INS de test ou d'un domaine inconnu.",
        "[Il ne sert|Ils ne servent] pas à identifier : vérifiez l'OID.",
    ),
    FindingKind(
        "ins_absent",
        _I,
        "{nombre} [usager|usagers] sans matricule INS.",
        "C'est licite pour certains (accueil anonyme, mineurs non accompagnés).",
    ),
    FindingKind(
        "statut_identite_inconnu",
        _A,
        "{nombre} [statut|statuts] d'identité hors liste, [lu comme vide|lus comme vides].",
        "Attendu : provisoire, recuperee, validee ou qualifiee.",
    ),
    FindingKind(
        "attributs_contradictoires",
        _A,
        "{nombre} [identifiant|identifiants] de « {detail} » [a|ont] des lignes qui se contredisent.",
        "La première valeur non vide est retenue.",
    ),
    # Establishments.
    FindingKind("finess_cle_fausse", _A, "La clé de ce numéro FINESS est fausse.", "Vérifiez la saisie."),
    FindingKind(
        "finess_inconnu",
        _A,
        "{nombre} [ligne|lignes] de « {detail} » [nomme|nomment] un FINESS hors de la liste des établissements.",
        "Complétez « etablissements » ou ajoutez une correspondance.",
    ),
    FindingKind(
        "finess_absent_du_registre",
        _A,
        "Ce numéro n'est pas dans le registre FINESS.",
        "Vérifiez la saisie, ou importez un extrait plus récent.",
    ),
    FindingKind(
        "finess_ferme",
        _A,
        "Cet établissement n'est plus dans le registre FINESS depuis l'extrait du {detail}.",
        "S'il a changé de numéro, ajoutez une correspondance.",
    ),
    FindingKind(
        "finess_entite_juridique",
        _A,
        "Le numéro {detail}, employé comme établissement, est celui d'une entité juridique.",
        "Écrivez le FINESS géographique, ou ajoutez une correspondance.",
    ),
    FindingKind(
        "registre_contredit",
        _A,
        "« {detail} » n'est pas ce que dit le registre FINESS.",
        "La valeur du site est retenue : vérifiez-la.",
    ),
    FindingKind(
        "secteur_propose",
        _I,
        "Le registre FINESS propose le secteur « {detail} », d'après la catégorie.",
        "Rien ne change tant qu'il n'est pas écrit dans « etablissements ».",
    ),
    FindingKind(
        "secteur_vide",
        _I,
        "Le secteur n'est pas renseigné : les cibles s'appliquent.",
        "Renseignez-le si une exemption vous concerne.",
    ),
    FindingKind(
        "eligible_sons_vide",
        _I,
        "L'éligibilité SONS n'est pas renseignée : les cibles s'appliquent.",
        "Renseignez-la (secteur AHI).",
    ),
    FindingKind("fenetre_avant_vsr", _A, "La période mesurée commence avant la vérification de service régulier.", ""),
    FindingKind(
        "bases_divergentes",
        _A,
        "L'assiette annuelle et celle de la période ne concluent pas de même sur la cible.",
        "Voyez les deux taux de « Dossiers actifs ».",
    ),
    # Records that point nowhere.
    FindingKind(
        "dossiers_orphelins",
        _A,
        "{nombre} [dossier rattaché|dossiers rattachés] à un usager inconnu.",
        "[Il ne compte|Ils ne comptent] pas.",
    ),
    FindingKind(
        "projets_orphelins",
        _A,
        "{nombre} [projet personnalisé rattaché|projets personnalisés rattachés] à un dossier inconnu.",
        "[Il ne compte|Ils ne comptent] pas.",
    ),
    FindingKind(
        "evenements_orphelins",
        _A,
        "{nombre} [événement rattaché|événements rattachés] à un dossier inconnu.",
        "[Il ne compte|Ils ne comptent] pas.",
    ),
    FindingKind(
        "mises_a_jour_orphelines",
        _A,
        "{nombre} [mise|mises] à jour d'un dossier inconnu.",
        "[Elle ne compte|Elles ne comptent] pas.",
    ),
    FindingKind(
        "sejours_orphelins", _A, "{nombre} [séjour|séjours] d'un usager inconnu.", "[Il ne compte|Ils ne comptent] pas."
    ),
    FindingKind(
        "matricules_anterieurs_orphelins", _A, "{nombre} [ancien matricule|anciens matricules] d'un usager inconnu.", ""
    ),
    FindingKind(
        "usagers_sans_sejour", _A, "{nombre} [usager|usagers] sans aucun séjour.", "[Il ne compte|Ils ne comptent] pas."
    ),
    # Dates.
    FindingKind(
        "sejours_inverses",
        _A,
        "{nombre} [séjour se termine|séjours se terminent] avant de commencer.",
        "Corrigez les dates.",
    ),
    FindingKind(
        "sejours_sans_trace",
        _A,
        "{nombre} [personne présente|personnes présentes] sans aucune trace depuis six mois.",
        "Une sortie non déclarée gonfle le dénominateur : vérifiez.",
    ),
    FindingKind(
        "dates_futures",
        _A,
        "{nombre} [date|dates] de « {detail} » [dépasse|dépassent] d'un an la date de mesure.",
        "Vérifiez la saisie.",
    ),
    FindingKind(
        "mises_a_jour_indeterminees",
        _A,
        "{nombre} [personne|personnes] dont la mise à jour pendant la période ne peut pas être établie.",
        "Exportez le journal des mises à jour, ou exportez plus tôt après la date de mesure.",
    ),
    # MSSanté.
    FindingKind(
        "boite_inconnue",
        _A,
        "{nombre} [message|messages] d'une boîte que rien ne rattache à un établissement.",
        "Déclarez la boîte dans « boites_mssante » ou [boites], ou corrigez-y son FINESS, qui n'est pas mesuré.",
    ),
    FindingKind(
        "boite_partagee",
        _A,
        "{nombre} [message|messages] d'une boîte déclarée pour plusieurs établissements.",
        "[Il ne compte|Ils ne comptent] pour aucun : indiquez « finess_et » sur les messages.",
    ),
    FindingKind(
        "messages_sans_reponse",
        _I,
        "{nombre} [message|messages] dont l'issue est inconnue.",
        "[Il ne compte|Ils ne comptent] pas.",
    ),
    FindingKind(
        "messages_ecartes",
        _I,
        "{nombre} [message d'une autre sorte|messages d'autres sortes] que « {detail} ».",
        "[Il ne compte|Ils ne comptent] pas : la section [messages] des réglages l'a décidé.",
    ),
    FindingKind(
        "courriels_hors_mssante",
        _I,
        "{nombre} [courriel|courriels] d'un expéditeur hors de MSSanté.",
        "[Il ne compte|Ils ne comptent] pas.",
    ),
    FindingKind(
        "courriels_de_patients",
        _I,
        "{nombre} [courriel écrit par un patient|courriels écrits par des patients].",
        "[Il ne compte|Ils ne comptent] pas, et aucune adresse n'est gardée.",
    ),
    FindingKind(
        "brouillons",
        _I,
        "{nombre} [brouillon|brouillons] dans une boîte aux lettres.",
        "[Il ne compte|Ils ne comptent] pas.",
    ),
    FindingKind(
        "courriels_sans_identifiant",
        _I,
        "{nombre} [courriel|courriels] sans Message-ID.",
        "L'empreinte de [ses|leurs] en-têtes en tient lieu.",
    ),
    FindingKind(
        "archives_xdm_non_lues",
        _A,
        "{nombre} [archive IHE_XDM non lue|archives IHE_XDM non lues] ({detail}).",
        "La boîte d'envoi désigne alors l'établissement.",
    ),
    FindingKind(
        "archives_xdm_plusieurs_personnes",
        _A,
        "{nombre} [archive IHE_XDM concerne|archives IHE_XDM concernent] plusieurs personnes.",
        "Un courriel ne devrait en concerner qu'une : signalez-le à l'éditeur.",
    ),
    FindingKind(
        "journal_incomplet",
        _A,
        "{nombre} [envoi|envois] dont le début manque au journal.",
        "[Il ne compte|Ils ne comptent] pas : ajoutez le fichier qui précède (rotation).",
    ),
    # DMP.
    FindingKind(
        "depots_sans_usager",
        _A,
        "{nombre} [dépôt ne correspond|dépôts ne correspondent] à aucun usager.",
        "[Il ne compte|Ils ne comptent] pas.",
    ),
    FindingKind("depots_echec", _A, "{nombre} [dépôt refusé|dépôts refusés] avec le code « {detail} ».", ""),
    FindingKind(
        "depots_ambigus",
        _A,
        "{nombre} [dépôt|dépôts] au nom d'une entité juridique sans établissement certain.",
        "[Il ne compte|Ils ne comptent] pas.",
    ),
    FindingKind(
        "accuse_jamais_demande",
        _A,
        "{nombre} [dépôt|dépôts] sans accusé demandé : [son|leur] issue restera inconnue.",
        "Demandez l'accusé de réception (ACK_RECEPTION) à l'éditeur.",
    ),
    FindingKind(
        "reponse_sans_demande", _A, "{nombre} [réponse|réponses] du DMP sans la demande correspondante ({detail}).", ""
    ),
    # Sources.
    FindingKind("colonne_inconnue", _I, "Colonne ignorée : « {detail} ».", ""),
    FindingKind("fichier_laisse_de_cote", _I, "Fichier laissé de côté : « {detail} ».", ""),
    FindingKind("feuille_laissee_de_cote", _I, "Feuille non reconnue, laissée de côté : « {detail} ».", ""),
    FindingKind("encodage_windows_1252", _I, "Fichier lu en Windows-1252 : « {detail} ».", "Préférez UTF-8."),
    FindingKind(
        "ressource_saisie_par_erreur",
        _I,
        "{nombre} [ressource|ressources] « {detail} » [marquée saisie|marquées saisies] par erreur.",
        "[Elle ne compte|Elles ne comptent] pas.",
    ),
    FindingKind(
        "reference_introuvable",
        _A,
        "{nombre} [ressource|ressources] « {detail} » [se rattache|se rattachent] à un usager absent de l'export.",
        "[Elle ne compte|Elles ne comptent] pas.",
    ),
    FindingKind(
        "ressource_sans_etablissement",
        _A,
        "{nombre} [ressource|ressources] « {detail} » qu'aucun établissement ne porte.",
        "[Elle ne compte|Elles ne comptent] pas.",
    ),
    FindingKind(
        "message_de_test",
        _I,
        "{nombre} [message|messages] HL7 de test ou de mise au point ({detail}).",
        "[Il ne compte|Ils ne comptent] pas.",
    ),
    FindingKind(
        "message_hors_champ",
        _I,
        "{nombre} [message|messages] « {detail} » [reconnu, pas encore exploité|reconnus, pas encore exploités].",
        "",
    ),
    FindingKind("accuse_sans_message", _A, "{nombre} [accusé|accusés] sans le message correspondant ({detail}).", ""),
    FindingKind(
        "journal_date_absente",
        _A,
        "Aucune date de création ni de mise à jour de dossier, et aucun journal.",
        "Les taux de dossiers actifs ne peuvent pas être calculés.",
    ),
    # What effort cannot reach.
    FindingKind(
        "plafond_dmp",
        _A,
        "La cible DMP est hors d'atteinte avant que {nombre} INS de plus [soit qualifiée|soient qualifiées].",
        "{detail}",
    ),
)

FINDINGS: dict[str, FindingKind] = {kind.code: kind for kind in _KINDS}
