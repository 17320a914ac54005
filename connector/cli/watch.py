"""Alerts of submissions, after any verb that may start or end a trouble."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from connector.cli.site import OpenedState, clock

if TYPE_CHECKING:
    from connector.publish.alerts import Message


def watch(site: OpenedState) -> None:
    """Open and close the alerts of submissions, and tell them; a channel that fails is said, and tried next time."""
    from connector.errors import AlertError
    from connector.publish.alerts import announce, follow, troubles
    from connector.publish.channels import tell

    with site.database.transaction() as connection:
        known = {one.id for one in site.settings.destination if one.actif}
        follow(connection, troubles(connection, known), clock())
    silent: set[str] = set()  # what a deaf channel said, once whatever it had to tell
    channels = {one.id: one for one in site.settings.alerte}

    def speak(channel: str, message: Message) -> bool:
        try:
            tell(channels[channel], message, site.settings.site.nom, clock(), site.secret)
        except AlertError as error:
            if str(error) not in silent:
                sys.stderr.write(f"{error}\n")
            silent.add(str(error))
            return False
        return True

    announce(site.database, channels, speak)
