"""The console channel: the message's text on standard output, for demonstrations and for piping into other programs."""

from __future__ import annotations

import asyncio
import email
import email.policy
import sys
from collections.abc import AsyncGenerator, AsyncIterable
from email.message import EmailMessage
from typing import TextIO

from monitor.model import Delivered, Delivery, DeliveryResult, TryAgain
from monitor.text import clean

_LINE = "─" * 72


class ConsoleChannel:
    """Writes the text part of each message to a stream."""

    def __init__(self, name: str, stream: TextIO | None = None) -> None:
        self.name = name
        self._stream = stream  # None: standard output as it is when something is sent

    async def send(self, deliveries: AsyncIterable[Delivery]) -> AsyncGenerator[tuple[Delivery, DeliveryResult], None]:
        """Prints each message, off the event loop: whoever reads a pipe may be slow."""
        async for delivery in deliveries:
            yield delivery, await asyncio.to_thread(self._print, delivery)

    def _print(self, delivery: Delivery) -> DeliveryResult:
        stream = self._stream or sys.stdout
        # What the terminal has no character for is shown as "?": better than holding up everything behind it.
        encoding = stream.encoding or "utf-8"
        text = _plainly(delivery.message).encode(encoding, "replace").decode(encoding)
        try:
            print(text, file=stream, flush=True)
        except (OSError, ValueError) as error:  # a closed pipe, a closed file
            return TryAgain(why=f"standard output cannot be written: {error}", channel_wide=True)
        return Delivered(reply="printed")


def _plainly(message: bytes) -> str:
    """Subject and text part, with nothing in them that could steer a terminal."""
    mail = email.message_from_bytes(message, _class=EmailMessage, policy=email.policy.default)
    part = mail.get_body(("plain",))
    body = part.get_content() if part is not None else ""
    lines = [_LINE, str(mail["Subject"]), "", *body.rstrip().splitlines(), _LINE]
    return "\n".join(clean(line).replace("\n", " ") for line in lines)
