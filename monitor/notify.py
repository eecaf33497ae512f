"""What the service manager is told: ready, reloading, stopping, a line of status, and that we live.

The protocol is a datagram of `NAME=value` lines to the socket in $NOTIFY_SOCKET, see sd_notify(3). Nothing here can
fail for the caller: a daemon must not die of a service manager that does not listen.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Mapping
from datetime import timedelta

_LONGEST_STATUS = 500
_PATIENCE_SECONDS = 1.0  # a manager that is busy for longer misses one message


class Notifier:
    """The line to the service manager. `address` is $NOTIFY_SOCKET; with None nothing is sent."""

    def __init__(self, address: str | None) -> None:
        self._address = address

    def ready(self) -> None:
        """Start-up is done, or a reload is."""
        self._send("READY=1")

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        self._send(f"STATUS={' '.join(text.split())[:_LONGEST_STATUS]}")

    def starting(self, within: timedelta) -> None:
        """We are not ready yet, and may not be for so long; without it the manager's own limit holds."""
        self._send(f"EXTEND_TIMEOUT_USEC={within // timedelta(microseconds=1)}")

    def watchdog(self) -> None:
        """We live; to be said at least every WATCHDOG_USEC, else the manager restarts us."""
        self._send("WATCHDOG=1")

    def reloading(self) -> None:
        """A reload begins; `ready` ends it. The manager wants to know when, on its own clock."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self) -> None:
        """We have begun to stop."""
        self._send("STOPPING=1")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        # A leading "@" names an abstract socket, which the kernel spells with a leading NUL (unix(7)).
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with contextlib.suppress(OSError, ValueError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.settimeout(_PATIENCE_SECONDS)
            sender.sendto(message.encode(errors="replace"), address)


def watchdog_interval(environ: Mapping[str, str]) -> timedelta | None:
    """How often to say that we live: half of what the manager allows. None when it does not ask, or asks another.

    WATCHDOG_USEC is in microseconds; WATCHDOG_PID names the process that is meant (sd_watchdog_enabled(3)).
    """
    try:
        allowed = timedelta(microseconds=int(environ.get("WATCHDOG_USEC", "0")))
        meant = int(environ.get("WATCHDOG_PID") or os.getpid())
    except (ValueError, OverflowError):
        return None
    if allowed <= timedelta(0) or meant != os.getpid():
        return None
    return allowed / 2
