"""Messages for the channels' tests: state only what matters."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
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
        channel="desk",
        recipient="anna@example.org",
        message_id=f"<{number}@example.org>",
        message=MESSAGE,
        attempts=0,
        created_at=NOW,
    )
    return replace(delivery, **given)


def a_payload(number: int = 1, **given: Any) -> bytes:
    """What a program is sent: the keys that every message has, and one that channels only pass on."""
    written = {
        "id": f"{number}@example.org",
        "kind": "alert",
        "subject": "Ukraine",
        "text": "L’Ukraine\n\nlast line\n",
        "articles": [{"title": "L’Ukraine"}],
    }
    return json.dumps(written | given, ensure_ascii=False).encode()


def for_programs(number: int = 1, **given: Any) -> Delivery:
    """One message of the outbox for a channel that is sent JSON."""
    return a_delivery(number, **({"message": a_payload(number), "recipient": "desk"} | given))


async def offered(*deliveries: Delivery) -> AsyncGenerator[Delivery, None]:
    """These messages, one after the other, as a channel is offered them."""
    for delivery in deliveries:
        yield delivery


async def all_results(channel: Channel, deliveries: Sequence[Delivery]) -> list[tuple[int, DeliveryResult]]:
    """Everything a channel says of these messages, by the message's number."""
    return [(delivery.id, result) async for delivery, result in channel.send(offered(*deliveries))]


async def results(channel: Channel, *deliveries: Delivery) -> list[DeliveryResult]:
    """What a channel says of these messages; one message when none is given."""
    return [result for _, result in await all_results(channel, deliveries or [a_delivery()])]
