"""The ways of sending. A channel takes queued messages and says of each what became of it.

email     SMTP
maildir   a folder any mail program reads; also where mail goes while there is no mail server
console   the terminal
webhook   a POST to a URL
exec      a program of the operator's
apprise   the services that the library apprise knows (an extra)

The first three are sent mails; the others JSON, of which `payload` reads what every message has.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Protocol

from monitor.channels.apprise import AppriseChannel, services_of
from monitor.channels.console import ConsoleChannel
from monitor.channels.email import EmailChannel
from monitor.channels.exec import ExecChannel
from monitor.channels.maildir import MaildirChannel
from monitor.channels.webhook import Post, WebhookChannel, signing_keys
from monitor.model import ChannelSpec, Delivery, DeliveryResult, SmtpSpec

__all__ = [
    "AppriseChannel",
    "Channel",
    "ConsoleChannel",
    "EmailChannel",
    "ExecChannel",
    "MaildirChannel",
    "Post",
    "WebhookChannel",
    "check_secret",
    "open_channels",
]


class Channel(Protocol):
    """One way of sending.

    `send` offers the messages in order and yields each with its result as soon as that is known; only then it asks for
    the next one, so that they may be found one after the other. What it sends over is kept open from the first to the
    last. It never raises for anything the other side does, its results hold no secret, and it sends the bytes it is
    given, unchanged. It may be closed early: what was not yielded was not decided.
    """

    name: str

    def send(self, deliveries: AsyncIterable[Delivery]) -> AsyncGenerator[tuple[Delivery, DeliveryResult], None]:
        """Offers each message once."""
        ...


def open_channels(
    channels: Mapping[str, ChannelSpec],
    *,
    smtp: SmtpSpec | None,
    sender: str,
    password: str | None,
    maildir: Path,
    secrets: Mapping[str, str] = {},
    post: Post | None = None,
    now: Callable[[], datetime] | None = None,
    environ: Mapping[str, str] = {},
) -> dict[str, Channel]:
    """The configured channels by name. Without a mail server, email channels write to `maildir`.

    `sender` is the envelope's sender, whom servers tell of mail that bounced. `password` None: there is none. `secrets`
    are those of single channels, by name; a webhook channel without one does not sign. Webhook channels need `post` and
    `now`; `environ` is what exec channels take three variables from. Raises ConfigError for a secret that is unusable.
    """
    opened: dict[str, Channel] = {}
    for name, spec in channels.items():
        match spec.kind:
            case "email" if smtp is not None:
                opened[name] = EmailChannel(name, smtp, sender=sender, password=password)
            case "email" | "maildir":
                opened[name] = MaildirChannel(name, Path(spec.path) if spec.path else maildir)
            case "console":
                opened[name] = ConsoleChannel(name)
            case "webhook":
                assert post is not None, "whoever opens a webhook channel says how to post"
                assert now is not None, "whoever opens a webhook channel says what time it is"
                opened[name] = WebhookChannel(spec, secret=secrets.get(name), post=post, now=now)
            case "exec":
                opened[name] = ExecChannel(spec, environ=environ)
            case "apprise":
                opened[name] = AppriseChannel(spec, services_of(secrets[name], spec))
            case unknown:
                raise AssertionError(f"the configuration let a channel of kind {unknown!r} pass")
    return opened


def check_secret(spec: ChannelSpec, secret: str) -> None:
    """Raises ConfigError when a channel's own secret cannot be used; nothing is sent."""
    match spec.kind:
        case "webhook":
            signing_keys(secret, spec)
        case "apprise":
            services_of(secret, spec)
