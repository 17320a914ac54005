"""A nightly verb that fails is a trouble: told once when it starts, once when it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector.cli.site import OpenedState

_WORDS = {
    "collect": ("La collecte échoue : le dernier instantané reste en service.", "dui-connector collect"),
    "measure": ("La mesure échoue : ce qui est dû n'est pas mesuré.", "dui-connector measure"),
}


def failing(site: OpenedState, verb: str) -> None:
    """Open the alert of a verb that failed, and tell it."""
    from connector.cli.site import clock
    from connector.cli.watch import watch
    from connector.publish.alerts import Trouble, start

    what, command = _WORDS[verb]
    with site.database.transaction() as connection:
        start(connection, f"travail:{verb}", Trouble(what, f"Lancez {command} à la main pour lire pourquoi."), clock())
    watch(site)


def working(site: OpenedState, verb: str) -> None:
    """Close it when the verb works again, and tell that too."""
    from connector.cli.site import clock
    from connector.cli.watch import watch
    from connector.publish.alerts import end

    with site.database.transaction() as connection:
        end(connection, f"travail:{verb}", clock())
    watch(site)
