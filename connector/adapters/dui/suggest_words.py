"""How French software names things: headings cut into words, abbreviations written out, and what each column is called."""

from __future__ import annotations

import re

from connector.adapters.tabular import plain_name

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SPLIT = re.compile(r"[^a-z0-9]+")


def _said(meaning: str, words: str) -> dict[str, str]:
    return dict.fromkeys(words.split(), meaning)


_WORDS = (
    _said("date", "date dt dat dte jour day dth")
    | _said("heure", "heure hre time horaire hms")
    | _said("instant", "dh horodatage horodate timestamp ts datetime moment dhr")
    | _said("numero", "numero num no nr n numer")
    | _said("code", "code cd cod cde co")
    | _said("id", "id ident identifiant identifier uid pk fk ref cle key idt identif uuid guid")
    | _said("libelle", "libelle lib lb label intitule nom name denomination designation raison denom")
    | _said("usager", "usager usagers usa usag usr beneficiaire benef bnf resident residents residente res rsd personne "
            "personnes pers prs patient patients pat enfant accompagne accompagnee individu ind ipp iup pat client cli")
    | _said("etablissement", "etablissement etablissements etab etb ets etabl structure structures struct site sit esms "
            "et essms service serv unite um ug")
    | _said("finess", "finess nofiness finesset finesse geo geographique")
    | _said("juridique", "juridique ej finessej gestionnaire organisme gest entite association")
    | _said("sejour", "sejour sejours sej sjr contrat contrats ctr pec accompagnement accompagnements prise charge "
            "placement placements admissions passage parcours hebergement presence presences stay occupation")
    | _said("dossier", "dossier dossiers dos doss dsr folder dui")
    | _said("entree", "entree entrees ent entr adm admission admis arrivee arr debut deb start du commence ouverture ouvert")
    | _said("sortie", "sortie sorties sor sort srt depart fin end au termine cloture clos echeance")
    | _said("creation", "creation cree cre crea created creat ins0 saisie enregistrement")
    | _said("maj", "maj modification modif modifie mod update updated upd modified majour actualisation last")
    | _said("dernier", "dernier derniere der dern last recente")
    | _said("statut", "statut stat status etat sts state situation avancement issue resultat phase etape")
    | _said("ins", "ins nir matricule mat nia matins inse")
    | _said("ancien", "ancien ancienne anciens old historique histo hist precedent anterieur anterieurs anc")
    | _said("oid", "oid domaine")
    | _said("identite", "identite identito identitovigilance idv qualif qualification rniv")
    | _said("projet", "projet projets prj proj pp ppa ppi pia pai pap pap ppe individualise personnalise personnalises")
    | _said("evenement", "evenement evenements evt evts event events rdv rendez agenda agendas planning activite activites "
            "acte actes seance seances intervention interventions")
    | _said("message", "message messages msg mess mail mails mel mssante courriel courriels envoi envois envoye envoyes mss")
    | _said("boite", "boite boites bal bals bal mailbox")
    | _said("adresse", "adresse adr email e mailadr address")
    | _said("expediteur", "expediteur exp emetteur emettrice emet from sender expedit")
    | _said("depot", "depot depots depose deposes dpt dmp alimentation alim")
    | _said("document", "document documents doc docs cda")
    | _said("prescription", "prescription prescriptions presc ordonnance ordonnances ord eprescription prescrit")
    | _said("echange", "echange echanges ech liaison cahier transmission transmissions")
    | _said("journal", "journal log logs trace traces audit mouvement mouvements tracabilite")
    | _said("auteur", "auteur origine source operateur user utilisateur util qui")
    | _said("type", "type typ nature nat categorie_message genre sorte")
    | _said("erreur", "erreur err retour ret code_erreur motif_rejet")
    | _said("operation", "operation oper op action")
    | _said("categorie", "categorie categ cat")
    | _said("secteur", "secteur sect champ filiere")
    | _said("version", "version vers")
    | _said("vsr", "vsr")
    | _said("convention", "convention conv")
    | _said("fuseau", "fuseau timezone tz")
)  # fmt: skip
MEANINGS = frozenset(_WORDS.values())
_PHRASES = {
    "mise a jour": "maj",
    "mise_a_jour": "maj",
    "mises a jour": "maj",
    "mis a jour": "maj",
    "mise en oeuvre": "debut",
}
_NOISE = {
    "t",
    "tb",
    "tbl",
    "table",
    "tab",
    "ref",
    "dui",
    "v",
    "vw",
    "s",
    "de",
    "la",
    "le",
    "les",
    "l",
    "du",
    "des",
    "et",
}


def words(name: str) -> frozenset[str]:
    """The meanings of a heading: `DT_ENT_RES` is a date, an entry, a person."""
    text = plain_name(_CAMEL.sub("_", name)).replace("œ", "oe")
    for phrase, meant in _PHRASES.items():
        text = text.replace(phrase, meant)
    parts = [part for part in _SPLIT.split(text) if part]
    found: set[str] = set()
    for part in parts:
        bare = part.rstrip("0123456789")
        meaning = _WORDS.get(part) or _WORDS.get(bare) or _shortened(bare)
        if meaning:
            found.add(meaning)
        else:
            found |= _compound(bare) or (set() if part in _NOISE else {part})
    return frozenset(found)


def _compound(text: str) -> set[str]:
    """Two known words in one: `datesortie`, `numdossier`."""
    for cut in range(2, len(text) - 1):
        first = _WORDS.get(text[:cut])
        second = _WORDS.get(text[cut:]) or _shortened(text[cut:])
        if first and second and len(text) > 4:
            return {first, second}
    return set()


def _shortened(text: str) -> str:
    """A known word cut short, when every word that begins so means the same: `resid`."""
    meant = {meaning for word, meaning in _WORDS.items() if word.startswith(text)} if len(text) > 3 else set()
    return meant.pop() if len(meant) == 1 else ""


def _called(*ways: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(way.split()) for way in ways)


# Words that a table of the export has in its name, by pivot table.
TABLE_WORDS: dict[str, tuple[frozenset[str], ...]] = {
    "etablissements": _called("etablissement"),
    "usagers": _called("usager"),
    "matricules_anterieurs": _called("ins ancien", "ancien usager ins"),
    "sejours": _called("sejour"),
    "dossiers": _called("dossier"),
    "mises_a_jour": _called("journal", "maj", "ancien"),
    "projets_personnalises": _called("projet"),
    "evenements_agenda": _called("evenement"),
    "messages_mssante": _called("message"),
    "boites_mssante": _called("boite"),
    "depots_dmp": _called("depot", "depot document"),
    "prescriptions_importees": _called("prescription"),
    "echanges_eparcours": _called("echange"),
}
ALLOWED_BESIDE = {  # words of another table that a name may hold beside its own
    "projets_personnalises": frozenset({"sejour"}),
    "depots_dmp": frozenset({"message"}),
    "mises_a_jour": frozenset({"ancien"}),
    "messages_mssante": frozenset({"journal"}),
}
_DAY = ("date", "instant", "date heure", "date creation", "date maj", "instant creation", "instant maj")
# Ways to call each pivot column, the words of its table apart; in its own table, the table's word is understood.
COLUMN_WORDS: dict[str, tuple[frozenset[str], ...]] = {
    "finess_et": _called("finess", "finess etablissement", "etablissement", "numero etablissement", "code etablissement"),
    "finess_ej": _called("finess juridique", "juridique"),
    "id_usager": _called("usager", "usager id", "usager numero", "usager code"),
    "id_dossier": _called("dossier", "dossier id", "dossier numero", "dossier code"),
    "matricule_ins": _called("ins", "ins numero", "ins code", "ins usager"),
    "oid_ins": _called("oid", "oid ins"),
    "statut_identite": _called("statut identite", "identite", "statut ins", "identite ins", "code identite"),
    "date_entree": _called("entree", "date entree", "entree sejour"),
    "date_sortie": _called("sortie", "date sortie", "sortie sejour"),
    "date_creation": _called("creation", "date creation", "entree", "date entree"),
    "date_derniere_maj": _called("maj", "date maj", "dernier maj", "date dernier maj", "instant maj", "instant dernier maj"),
    "date_debut": _called("entree", "date entree", "instant entree", "entree heure", *_DAY[:3]),
    "date_fin": _called("sortie", "date sortie"),
    "statut": _called("statut", "code statut", "statut type"),
    "origine": _called("auteur", "type auteur", "code auteur", "type"),
    "type": _called("type", "code type", "type message"),
    "operation": _called("operation", "code operation", "type operation", "type"),
    "code_erreur": _called("erreur", "code erreur"),
    "expediteur": _called("expediteur", "adresse expediteur", "boite expediteur", "boite", "adresse", "message expediteur"),
    "adresse": _called("adresse", "boite", "boite adresse", "message"),
    "id_message": _called("message id", "message", "id", "numero message"),
    "id_document": _called("document id", "document", "depot id", "document depot", "oid document", "id"),
    "id_prescription": _called("prescription id", "prescription", "prescription numero", "id", "numero"),
    "id_echange": _called("echange id", "echange", "echange numero", "id", "numero"),
    "horodatage": _called(*_DAY, "heure", "creation", "message", "date message", "depot", "date depot", "date journal", "instant message",
                          "instant depot", "instant journal", "entree", "date prescription", "date echange"),
    "raison_sociale": _called("libelle", "libelle etablissement", "sociale libelle"),
    "categorie": _called("categorie", "code categorie", "categorie etablissement"),
    "secteur": _called("secteur", "code secteur", "secteur etablissement"),
    "fuseau": _called("fuseau"),
    "projet": _called("projet"),
    "date_convention": _called("convention", "date convention"),
    "date_vsr": _called("vsr", "date vsr"),
    "version_dui": _called("version"),
}  # fmt: skip
OWN_WORD = {  # what the name of a column need not repeat inside its own table
    "etablissements": "etablissement", "usagers": "usager", "sejours": "sejour", "dossiers": "dossier",
    "mises_a_jour": "journal", "projets_personnalises": "projet", "evenements_agenda": "evenement",
    "messages_mssante": "message", "boites_mssante": "boite", "depots_dmp": "depot",
    "prescriptions_importees": "prescription", "echanges_eparcours": "echange", "matricules_anterieurs": "usager",
}  # fmt: skip


def _codes(text: str) -> dict[str, str]:
    """« pivot: word, word; pivot: … » as word → pivot."""
    found: dict[str, str] = {}
    for part in text.split(";"):
        pivot, _, known = part.partition(":")
        found |= {word.strip(): pivot.strip() for word in known.split(",")}
    return found


EMPTY_WORDS = {"non renseigne", "non renseignee", "non precise", "nsp", "vide", "aucun", "aucune", "sans objet"}
# What the codes of an export usually mean, without case, accents or blanks; a lone letter is never sure.
CODE_WORDS: dict[str, dict[str, str]] = {
    "statut_identite": _codes(
        "provisoire: provisoire, prov, provi, ins provisoire, identite provisoire, p; recuperee: recuperee, recup, "
        "ins recuperee, recu, identite recuperee, r; validee: validee, valid, valide, val, identite validee, ins validee, v; "
        "qualifiee: qualifiee, qual, quali, qualif, qualifie, identite qualifiee, ins qualifiee, q"
    ),
    "sejours.statut": _codes(
        "actif: actif, active, en cours, encours, present, presente, ouvert, e, act, admis, c; termine: termine, terminee, "
        "sorti, sortie, clos, close, cloture, fini, fin, t, ferme; annule: annule, annulee, a, ann, supprime, abandonne; "
        "attente: attente, en attente, liste d'attente, att, l, prevu, pre-admission, preadmission, programme, w"
    ),
    "projets_personnalises.statut": _codes(
        "en_preparation: en preparation, preparation, brouillon, redaction, en redaction, prep, p, en elaboration, "
        "elaboration, projet, a valider; actif: actif, en cours, encours, valide, signe, e, c, act, en vigueur, v; "
        "suspendu: suspendu, en pause, pause, s, susp; termine: termine, fini, clos, cloture, echu, t, expire; "
        "abandonne: abandonne, annule, a, aband, refuse"
    ),
    "evenements_agenda.statut": _codes(
        "planifie: planifie, prevu, programme, a venir, p, plan, pla; realise: realise, fait, effectue, r, honore, termine, "
        "present, real, venu; annule: annule, a, ann, absent, excuse, non honore, annulee"
    ),
    "messages_mssante.statut": _codes(
        "envoye: envoye, ok, emis, transmis, delivre, distribue, succes, sent, e; echec: echec, rejete, ko, erreur, refuse, "
        "nok, x; inconnu: inconnu, en attente, sans reponse, nr, attente; recu: recu, reception, r, entrant"
    ),
    "depots_dmp.statut": _codes(
        "succes: succes, ok, accepte, depose, reussi, alimente, s, 0, valide, envoye; echec: echec, ko, refuse, rejete, "
        "erreur, nok, e, x; inconnu: inconnu, en attente, attente, nr, en cours, a envoyer"
    ),
    "type": _codes(
        "message: message, courriel, msg, mail, m; accuse: accuse, ar, acc, a, dsn, mdn; test: test, essai, t"
    ),
    "operation": _codes(
        "depot: depot, creation, ajout, d, c, nouveau; remplacement: remplacement, r, modification, remplace, version; "
        "suppression: suppression, s, supprime, suppr, annulation"
    ),
    "origine": _codes(
        "utilisateur: utilisateur, user, humain, professionnel, u, manuel, saisie, pro; systeme: systeme, batch, auto, "
        "automatique, traitement automatique, s, reprise, import, technique, traitement, sys"
    ),
    "secteur": _codes(
        "pa: pa, personnes agees, ehpad, personne agee; ph: ph, handicap, personnes handicapees; domicile: domicile, dom, "
        "saad, ssiad, sad; pds: pds, difficultes specifiques; ase: ase, protection de l'enfance, enfance; "
        "ahi: ahi, hebergement, hebergement et insertion; pjm: pjm, protection juridique, mjpm, tutelles; autre: autre, aut"
    ),
    "type_projet": _codes("acquisition: acquisition, acq; evolution: evolution, evo"),
    "eligible_sons": _codes("oui: oui, o, 1, true, vrai, y; non: non, n, 0, false, faux"),
}
CODE_WORDS |= dict.fromkeys(("eligible_projet", "prestations_confort_seules"), CODE_WORDS["eligible_sons"])
