"""The ways of sending. A channel takes queued messages and says of each what became of it.

email     SMTP
maildir   a folder any mail program reads; also where mail goes while there is no mail server
console   the terminal
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from monitor.channels.console import ConsoleChannel
from monitor.channels.email import EmailChannel
from monitor.channels.maildir import MaildirChannel
from monitor.model import ChannelSpec, Delivery, DeliveryResult, SmtpSpec

__all__ = ["Channel", "ConsoleChannel", "EmailChannel", "MaildirChannel", "open_channels"]


class Channel(Protocol):
    """One way of sending.

    `send` offers the messages in order and yields each with its result as soon as that is known. It never raises for
    anything the other side does, its results hold no secret, and it sends the bytes it is given, unchanged. It may be
    closed early: what was not yielded was not decided.
    """

    name: str

    def send(self, deliveries: Sequence[Delivery]) -> AsyncGenerator[tuple[Delivery, DeliveryResult], None]:
        """Offers each message once."""
        ...


def open_channels(
    channels: Mapping[str, ChannelSpec], *, smtp: SmtpSpec | None, sender: str, password: str | None, maildir: Path
) -> dict[str, Channel]:
    """The configured channels by name. Without a mail server, email channels write to `maildir`.

    `sender` is the envelope's sender, whom servers tell of mail that bounced. `password` None: there is none.
    """
    return {
        name: _open(spec, smtp=smtp, sender=sender, password=password, maildir=maildir)
        for name, spec in channels.items()
    }


def _open(spec: ChannelSpec, *, smtp: SmtpSpec | None, sender: str, password: str | None, maildir: Path) -> Channel:
    match spec.kind:
        case "email" if smtp is not None:
            return EmailChannel(spec.name, smtp, sender=sender, password=password)
        case "email" | "maildir":
            return MaildirChannel(spec.name, Path(spec.path) if spec.path else maildir)
        case "console":
            return ConsoleChannel(spec.name)
        case unknown:
            raise AssertionError(f"the configuration let a channel of kind {unknown!r} pass")
