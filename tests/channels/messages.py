"""Messages for the channels' tests: state only what matters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from monitor.channels import Channel
from monitor.model import Delivery, DeliveryResult
from tests.factories import NOW

MESSAGE = (
    b"From: monitor <desk@example.org>\r\nTo: anna@example.org\r\nSubject: Ukraine\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    b".\r\n..\r\n.hidden?\r\nL=E2=80=99Ukraine =\r\n\r\nlast line\r\n"
)


def a_delivery(number: int = 1, **given: Any) -> Delivery:
    """One message of the outbox; its number makes its id and its Message-ID."""
    delivery = Delivery(
        id=number,
        alert=number,
        channel="desk",
        recipient="anna@example.org",
        message_id=f"<{number}@example.org>",
        message=MESSAGE,
        attempts=0,
        created_at=NOW,
    )
    return replace(delivery, **given)


async def all_results(channel: Channel, deliveries: Sequence[Delivery]) -> list[tuple[int, DeliveryResult]]:
    """Everything a channel says of these messages, by the message's number."""
    return [(delivery.id, result) async for delivery, result in channel.send(deliveries)]


async def results(channel: Channel, *deliveries: Delivery) -> list[DeliveryResult]:
    """What a channel says of these messages; one message when none is given."""
    return [result for _, result in await all_results(channel, deliveries or [a_delivery()])]
