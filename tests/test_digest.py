"""Digests into the outbox: an alert is in exactly one, and none is forgotten."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path

import pytest

from monitor.archive import AlertRow
from monitor.deliver import deliver_due
from monitor.digest import queue_digest
from monitor.model import ChannelSpec, RuleSpec
from tests.archive.builders import an_alert, an_outcome, found, numbered
from tests.factories import HOUSE, NOW, a_rule, later
from tests.outbox import Outbox, Scripted

ANNA, BELA = "anna@example.org", "bela@example.org"
CHANNELS = {
    "desk": ChannelSpec(name="desk", kind="email", to=(ANNA, BELA)),
    "screen": ChannelSpec(name="screen", kind="console"),
}
MORNING = a_rule(digest="morning")


@pytest.fixture
async def outbox(tmp_path: Path) -> AsyncIterator[Outbox]:
    opened = Outbox(tmp_path)
    await opened.open()
    yield opened
    await opened.aclose()


async def wait(outbox: Outbox, *numbers: int, digest: str = "morning", rule: str = "ukraine") -> None:
    """Archives articles by number, each with an alert that waits."""
    findings = [
        found(numbered(number), rules=(rule,), alerts=(an_alert(rule=rule, digest=digest),)) for number in numbers
    ]
    assert await outbox.thread(outbox.archive.record, an_outcome(*findings))


async def queued(outbox: Outbox, *rules: RuleSpec, digest: str = "morning", now: datetime = NOW) -> int:
    return await queue_digest(
        outbox.thread,
        outbox.archive,
        digest,
        rules={rule.name: rule for rule in rules},
        channels=CHANNELS,
        house=HOUSE,
        now=now,
    )


async def alert_states(outbox: Outbox) -> list[tuple[str, str]]:
    """(kind, state) of all alerts, oldest first."""
    rows: Sequence[AlertRow] = await outbox.thread(outbox.archive.alert_rows, limit=100)
    return [(row.kind, row.state) for row in sorted(rows, key=lambda row: row.id)]


async def sent(outbox: Outbox) -> list[str]:
    """Sends everything; the text of each message."""
    desk, screen = Scripted(), Scripted("screen")
    channels = {"desk": desk, "screen": screen}
    await deliver_due(outbox.thread, outbox.archive, channels, now=lambda: later(hours=1), jitter=lambda: 0.5)
    return [delivery.message.decode() for delivery in (*desk.offered, *screen.offered)]


async def test_what_waits_goes_to_every_recipient_in_one_message(outbox: Outbox) -> None:
    await wait(outbox, 1, 2)

    messages = await queued(outbox, MORNING)

    assert messages == 2
    assert await alert_states(outbox) == [("article", "queued"), ("article", "queued"), ("digest", "queued")]
    mails = await sent(outbox)
    assert len(mails) == 2
    assert all("Titre 1" in mail and "Titre 2" in mail for mail in mails)
    assert await alert_states(outbox) == [("article", "sent"), ("article", "sent"), ("digest", "sent")]


async def test_when_nothing_waits_nothing_is_sent(outbox: Outbox) -> None:
    assert await queued(outbox, MORNING) == 0
    assert await sent(outbox) == []


async def test_an_alert_is_in_one_digest_only(outbox: Outbox) -> None:
    await wait(outbox, 1)
    await queued(outbox, MORNING)
    await sent(outbox)
    await wait(outbox, 2)

    assert await queued(outbox, MORNING, now=later(days=1)) == 2
    mails = await sent(outbox)

    assert all("Titre 2" in mail and "Titre 1" not in mail for mail in mails)
    assert await queued(outbox, MORNING, now=later(days=2)) == 0


async def test_a_digest_asked_for_twice_at_once_is_queued_once(outbox: Outbox) -> None:
    await wait(outbox, 1)
    waiting = await outbox.thread(outbox.archive.waiting_alerts, "morning")

    await queued(outbox, MORNING)
    again = await queued(outbox, MORNING)

    assert (len(waiting), again) == (1, 0)
    assert len(await sent(outbox)) == 2


async def test_another_digest_leaves_the_first_alone(outbox: Outbox) -> None:
    await wait(outbox, 1)

    assert await queued(outbox, MORNING, a_rule(name="otan", digest="evening"), digest="evening") == 0
    assert await alert_states(outbox) == [("article", "waiting")]


@pytest.mark.parametrize(
    "rules", [pytest.param([], id="no rule is left"), pytest.param([a_rule(channels=())], id="no channel is left")]
)
async def test_without_anybody_to_tell_the_alerts_go_on_waiting(outbox: Outbox, rules: list[RuleSpec]) -> None:
    await wait(outbox, 1)

    messages = await queued(outbox, *rules)

    assert messages == 0
    assert await alert_states(outbox) == [("article", "waiting")]


async def test_what_waited_for_a_rule_that_is_gone_is_sent_with_the_rest(outbox: Outbox) -> None:
    await wait(outbox, 1, rule="gone")

    messages = await queued(outbox, a_rule(digest="morning", channels=("screen",)))

    assert messages == 1
    (mail,) = await sent(outbox)
    assert "Titre 1" in mail
    assert await alert_states(outbox) == [("article", "sent"), ("digest", "sent")]
