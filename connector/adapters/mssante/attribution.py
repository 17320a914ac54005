"""How the messages of logs and mailboxes find their ET: by their mailbox alone."""

from __future__ import annotations

from connector.config import SourceSettings
from connector.errors import SettingsError


def refuse_finess(settings: SourceSettings, adapter: str) -> None:
    """A `finess_et` in the settings of such a source would have no effect: it is refused, not ignored.

    A log holds the mails of others, a mailbox those that were received: none may count for one ET at large.

    Raises:
        SettingsError: the source of this type gives `finess_et`.
    """
    if settings.finess_et and settings.type == adapter:
        name = settings.nom or settings.chemin or adapter
        raise SettingsError(
            f"[[source]] « {name} », clé « finess_et » : attendu rien pour le type « {adapter} », trouvé un FINESS ; "
            "déclarez les boîtes de l'établissement dans [boites]."
        )
