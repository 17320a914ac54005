"""Telling systemd how the service goes, by its notification socket; silent where there is none."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping


def tell(message: str, environment: Mapping[str, str]) -> bool:
    """Send « READY=1 », « WATCHDOG=1 », « STOPPING=1 »; whether someone listens."""
    address = environment.get("NOTIFY_SOCKET", "")
    if os.name != "posix" or not address:
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.connect(address)
        channel.sendall(message.encode())
    return True
