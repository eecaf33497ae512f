"""The outbox → the channels: nothing is lost, nothing is settled before the channel spoke."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from monitor import deliver
from monitor.channels import Channel
from monitor.deliver import Deliveries, Senders, deliver_due, send_test
from monitor.errors import ArchiveError
from monitor.model import ChannelSpec, Delivered, Delivery, DeliveryIntent, DeliveryResult, Refused, TryAgain
from tests.factories import HOUSE, NOW, later
from tests.mails import body, subject
from tests.outbox import Outbox, Scripted

ANNA, BELA, CARL = "anna@example.org", "bela@example.org", "carl@example.org"
DOWN = TryAgain(why="mail.example.org:25: connection refused", channel_wide=True)
LATER = TryAgain(why="451 greylisted")


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
async def outbox(tmp_path: Path) -> AsyncIterator[Outbox]:
    opened = Outbox(tmp_path)
    await opened.open()
    yield opened
    await opened.aclose()


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def delivered(outbox: Outbox, clock: Clock, *channels: Channel, everything: bool = False) -> Deliveries:
    """One round of sending, without chance."""
    return await deliver_due(
        outbox.thread,
        outbox.archive,
        {channel.name: channel for channel in channels},
        now=clock,
        jitter=lambda: 0.5,
        everything=everything,
    )


async def test_what_is_due_is_sent_oldest_first_and_settled(outbox: Outbox, clock: Clock) -> None:
    await outbox.queue(ANNA, BELA, CARL)
    desk = Scripted()

    counts = await delivered(outbox, clock, desk)

    assert counts == Deliveries(sent=3)
    assert desk.recipients == [ANNA, BELA, CARL]
    assert [(row.state, row.attempts, row.sent_at, row.reply) for row in await outbox.rows()] == [
        ("sent", 1, NOW, "250 queued")
    ] * 3


async def test_many_messages_go_out_over_one_connection(outbox: Outbox, clock: Clock) -> None:
    await outbox.queue(*[ANNA] * (2 * deliver.BATCH + 1))
    desk = Scripted()

    assert await delivered(outbox, clock, desk) == Deliveries(sent=2 * deliver.BATCH + 1)
    assert desk.closed == 1


async def test_what_was_sent_is_not_sent_again(outbox: Outbox, clock: Clock) -> None:
    await outbox.queue(ANNA)
    desk = Scripted()
    await delivered(outbox, clock, desk)

    counts = await delivered(outbox, clock, desk, everything=True)

    assert counts == Deliveries()
    assert desk.recipients == [ANNA]


async def test_three_recipients_have_three_fates(outbox: Outbox, clock: Clock) -> None:
    await outbox.queue(ANNA, BELA, CARL)
    desk = Scripted(answers={BELA: LATER, CARL: Refused(why="550 no such user")})

    counts = await delivered(outbox, clock, desk)

    assert counts == Deliveries(sent=1, retried=1, dead=1)
    assert [(row.state, row.next_attempt_at, row.last_error) for row in await outbox.rows()] == [
        ("sent", None, None),
        ("queued", later(minutes=1), "451 greylisted"),
        ("dead", None, "550 no such user"),
    ]


async def test_a_refused_delivery_is_not_tried_again(outbox: Outbox, clock: Clock) -> None:
    await outbox.queue(CARL)
    desk = Scripted(answers={CARL: Refused(why="550 no such user")})
    await delivered(outbox, clock, desk)
    clock.at = later(days=1)

    await delivered(outbox, clock, desk, everything=True)

    assert desk.recipients == [CARL]


async def test_a_refused_recipient_is_offered_again_over_a_day_and_then_given_up(outbox: Outbox, clock: Clock) -> None:
    await outbox.queue(CARL, ANNA)
    desk = Scripted(answers={CARL: Refused(why="550 come back later", about="recipient")})
    waits = []

    while (await outbox.states())[0] == "queued":
        await delivered(outbox, clock, desk)
        await delivered(outbox, clock, desk)  # too early: nothing happens
        (row, _) = await outbox.rows()
        if row.next_attempt_at is not None:
            waits.append(row.next_attempt_at - clock.at)
            clock.at = row.next_attempt_at

    assert waits == [timedelta(hours=1), timedelta(hours=23)]
    assert desk.recipients == [CARL, ANNA, CARL, CARL]
    assert len({delivery.message for delivery in desk.offered if delivery.recipient == CARL}) == 1
    assert (row.state, row.attempts, row.last_error) == ("dead", 3, "550 come back later")


async def test_a_greylist_that_says_550_costs_an_hour_and_no_alert(outbox: Outbox, clock: Clock) -> None:
    await outbox.queue(CARL)
    desk = Scripted(answers={CARL: Refused(why="550 greylisted", about="recipient")})
    await delivered(outbox, clock, desk)
    desk.answers.clear()
    clock.at = later(hours=1)

    assert await delivered(outbox, clock, desk) == Deliveries(sent=1)


class Strict(Scripted):
    """A channel that refuses whatever looks elaborate."""

    async def send(self, deliveries: AsyncIterable[Delivery]) -> AsyncGenerator[tuple[Delivery, DeliveryResult], None]:
        async for delivery, result in super().send(deliveries):
            spam = Refused(why="554 looks like spam", about="message")
            yield delivery, result if delivery.is_stub else spam


async def test_a_refused_message_goes_out_at_once_as_a_plain_one(outbox: Outbox, clock: Clock) -> None:
    await outbox.queue(CARL, ANNA)
    desk = Strict()

    counts = await delivered(outbox, clock, desk)

    assert counts == Deliveries(sent=2)
    assert desk.recipients == [CARL, ANNA, CARL, ANNA]
    whole, plain = desk.offered[0], desk.offered[2]
    assert (plain.id, plain.message_id) == (whole.id, whole.message_id)
    assert subject(plain.message) == subject(whole.message)
    assert body(plain.message, "plain").splitlines() == [
        "ukraine: Titre 0",
        "https://gazette.example/0",
        "",
        "The mail server refused this message as it was: 554 looks like spam",
    ]
    assert [(row.state, row.attempts, row.last_error) for row in await outbox.rows()] == [("sent", 2, None)] * 2


async def test_a_plain_message_that_is_refused_too_is_given_up(outbox: Outbox, clock: Clock) -> None:
    await outbox.queue(CARL)
    desk = Scripted(answers={CARL: Refused(why="554 not even so", about="message")})

    counts = [await delivered(outbox, clock, desk) for _ in range(2)]

    assert counts == [Deliveries(dead=1), Deliveries()]
    assert await outbox.states() == ["dead"]
    assert desk.recipients == [CARL, CARL]


async def test_a_plain_message_that_could_not_be_offered_yet_stays_plain(outbox: Outbox, clock: Clock) -> None:
    await outbox.queue(CARL, ANNA)
    desk = Scripted(answers={CARL: Refused(why="554 looks like spam", about="message"), ANNA: DOWN})
    await delivered(outbox, clock, desk)
    desk.answers.clear()
    clock.at = later(minutes=1)

    counts = await delivered(outbox, clock, desk)

    assert counts == Deliveries(sent=2)
    assert [(each.recipient, each.is_stub) for each in desk.offered] == [
        (CARL, False),
        (ANNA, False),
        (CARL, True),
        (ANNA, False),
    ]


async def test_a_message_for_programs_has_no_plainer_form_and_is_given_up(outbox: Outbox, clock: Clock) -> None:
    await outbox.queue(CARL)
    await outbox.say(b'{"id": "1@example.org"}')
    desk = Scripted(answers={CARL: Refused(why="hook.example answered 400", about="message")})

    counts = await delivered(outbox, clock, desk)

    assert counts == Deliveries(dead=1)
    assert [delivery.message for delivery in desk.offered] == [b'{"id": "1@example.org"}']


WISHES = pytest.mark.parametrize(
    ("asked_for", "waits"),
    [
        (timedelta(seconds=1), timedelta(minutes=1)),
        (timedelta(hours=2), timedelta(hours=2)),
        (timedelta(days=999), timedelta(days=1)),
    ],
    ids=["sooner than we would", "later than we would", "beyond all reason"],
)


@WISHES
async def test_the_wish_of_a_channel_is_waited_for_up_to_a_day(
    outbox: Outbox, clock: Clock, asked_for: timedelta, waits: timedelta
) -> None:
    await outbox.queue(ANNA, BELA)
    desk = Scripted(answers={ANNA: TryAgain(why="429", channel_wide=True, after=asked_for)})

    await delivered(outbox, clock, desk)

    (down,) = (await outbox.thread(outbox.archive.status, NOW)).channels_down
    assert down.next_at == NOW + waits
    clock.at = down.next_at - timedelta(seconds=1)
    assert await delivered(outbox, clock, desk) == Deliveries()


@WISHES
async def test_a_wish_for_one_message_is_waited_for_up_to_a_day(
    outbox: Outbox, clock: Clock, asked_for: timedelta, waits: timedelta
) -> None:
    await outbox.queue(ANNA, BELA)
    desk = Scripted(answers={ANNA: TryAgain(why="429", after=asked_for)})

    await delivered(outbox, clock, desk)

    assert [row.next_attempt_at for row in await outbox.rows()] == [NOW + waits, None]


async def test_an_old_message_waits_for_the_wish_of_its_channel_too(outbox: Outbox, clock: Clock) -> None:
    await outbox.queue(ANNA)
    desk = Scripted(answers={ANNA: DOWN})
    while clock.at < later(days=6):
        await delivered(outbox, clock, desk)
        clock.at += timedelta(hours=1)
    desk.answers[ANNA] = replace(DOWN, after=timedelta(hours=5))

    await delivered(outbox, clock, desk, everything=True)

    (down,) = (await outbox.thread(outbox.archive.status, clock.at)).channels_down
    assert down.next_at == clock.at + timedelta(hours=5)
    assert await outbox.states() == ["queued"]


async def test_a_message_put_off_is_offered_again_with_the_same_bytes(outbox: Outbox, clock: Clock) -> None:
    await outbox.queue(ANNA)
    desk = Scripted(answers={ANNA: LATER})
    waits = []

    for _ in range(6):
        await delivered(outbox, clock, desk)
        (row,) = await outbox.rows()
        assert row.next_attempt_at is not None
        waits.append(row.next_attempt_at - clock.at)
        await delivered(outbox, clock, desk)  # too early: nothing happens
        clock.at = row.next_attempt_at

    assert [wait / timedelta(minutes=1) for wait in waits] == [1, 5, 15, 30, 60, 60]
    assert len(desk.offered) == 6
    assert len({(delivery.message, delivery.message_id) for delivery in desk.offered}) == 1


async def test_what_was_given_up_is_sent_once_more_when_asked(outbox: Outbox, clock: Clock) -> None:
    await outbox.queue(CARL, ANNA)
    desk = Scripted(answers={CARL: Refused(why="550 no such user")})
    await delivered(outbox, clock, desk)
    desk.answers.clear()
    clock.at = later(days=30)

    left_alone = await delivered(outbox, clock, desk)
    await outbox.thread(outbox.archive.resend, None, clock.at)
    resent = await delivered(outbox, clock, desk)

    assert (left_alone, resent) == (Deliveries(), Deliveries(sent=1))
    first, _, again = desk.offered
    assert (again.message, again.message_id) == (first.message, first.message_id)


async def test_after_five_days_a_message_is_given_up_and_kept(outbox: Outbox, clock: Clock) -> None:
    await outbox.queue(ANNA)
    desk = Scripted(answers={ANNA: LATER})
    for attempt in range(5):
        clock.at = later(days=attempt + 1, minutes=1)
        await delivered(outbox, clock, desk)

    (row,) = await outbox.rows()
    assert (row.state, row.attempts, row.last_error) == ("dead", 5, "451 greylisted")


async def test_in_quiet_hours_only_digests_and_notices_go_whatever_was_queued_before(
    outbox: Outbox, clock: Clock
) -> None:
    await outbox.queue(ANNA)
    desk = Scripted(answers={ANNA: LATER})
    await delivered(outbox, clock, desk)  # put off, and the night begins
    desk.answers.clear()
    intent = DeliveryIntent(channel="desk", recipient=BELA, message_id="<n@x>", message=b"notice", due_at=NOW)
    await outbox.thread(outbox.archive.record_notice, "a notice", (intent,), now=NOW)
    clock.at = later(hours=1)

    night = await deliver_due(
        outbox.thread, outbox.archive, {"desk": desk}, now=clock, jitter=lambda: 0.5, quiet=lambda name: name == "desk"
    )
    morning = await delivered(outbox, clock, desk)

    assert (night, morning) == (Deliveries(sent=1), Deliveries(sent=1))
    assert desk.recipients == [ANNA, BELA, ANNA]


# ── a channel that is down ───────────────────────────────────────────────────────────────────────────────────────────


async def test_a_channel_that_is_down_is_asked_once_and_everything_waits(outbox: Outbox, clock: Clock) -> None:
    await outbox.queue(ANNA, BELA, CARL)
    desk = Scripted(answers={ANNA: DOWN})

    counts = await delivered(outbox, clock, desk)

    assert counts == Deliveries(retried=1)
    assert desk.recipients == [ANNA]
    assert desk.closed == 1
    assert [(row.state, row.attempts, row.next_attempt_at) for row in await outbox.rows()] == [
        ("queued", 0, NOW),
        ("queued", 0, NOW),
        ("queued", 0, NOW),
    ]
    (down,) = (await outbox.thread(outbox.archive.status, NOW)).channels_down
    assert (down.channel, down.failures, down.next_at) == ("desk", 1, later(minutes=1))


async def test_a_channel_that_is_down_is_tried_with_one_message_later_and_later(outbox: Outbox, clock: Clock) -> None:
    await outbox.queue(*[ANNA] * 3)
    desk = Scripted(answers={ANNA: DOWN})
    waits = []

    for _ in range(6):
        await delivered(outbox, clock, desk)
        (down,) = (await outbox.thread(outbox.archive.status, NOW)).channels_down
        waits.append(down.next_at - clock.at)
        clock.at = down.next_at - timedelta(seconds=1)
        assert await delivered(outbox, clock, desk) == Deliveries()  # too early
        clock.at = down.next_at

    assert [wait / timedelta(minutes=1) for wait in waits] == [1, 5, 15, 30, 60, 60]
    assert [delivery.id for delivery in desk.offered] == [1] * 6


async def test_a_channel_that_works_again_gets_one_message_then_sixty_a_minute_oldest_first(
    outbox: Outbox, clock: Clock
) -> None:
    await outbox.queue(*[ANNA] * 150)
    desk = Scripted(answers={ANNA: DOWN})
    await delivered(outbox, clock, desk)
    at_once: list[int] = []  # how many messages are in its hands when it is offered one

    async def count(_: Delivery) -> None:
        at_once.append(await outbox.leased())

    desk = Pausing(count)
    clock.at = later(minutes=1)
    sent = []

    for _ in range(7):  # every half minute
        before = len(desk.offered)
        await delivered(outbox, clock, desk)
        sent.append(len(desk.offered) - before)
        clock.at += timedelta(seconds=30)
    await outbox.queue(*[BELA] * 100, now=clock.at)
    afterwards = await delivered(outbox, clock, desk)

    assert sent == [60, 0, 60, 0, 30, 0, 0]
    assert at_once[:2] == [1, deliver.BATCH]  # whether it works is tried with one
    assert [delivery.id for delivery in desk.offered[:150]] == list(range(1, 151))
    assert afterwards == Deliveries(sent=100)  # it has caught up


async def test_a_channel_that_fails_anew_while_it_recovers_is_tried_again_soon(outbox: Outbox, clock: Clock) -> None:
    await outbox.queue(*[ANNA] * 3, *[BELA])
    desk = Scripted(answers={ANNA: DOWN})
    for _ in range(4):
        await delivered(outbox, clock, desk)
        clock.at += timedelta(hours=1)
    desk.answers = {BELA: DOWN}

    await delivered(outbox, clock, desk)

    (down,) = (await outbox.thread(outbox.archive.status, NOW)).channels_down
    assert (down.failures, down.since, down.next_at) == (1, clock.at, clock.at + timedelta(minutes=1))


async def test_a_probe_that_is_refused_for_its_own_sake_shows_that_the_channel_works(
    outbox: Outbox, clock: Clock
) -> None:
    await outbox.queue(CARL, ANNA)
    desk = Scripted(answers={CARL: DOWN})
    await delivered(outbox, clock, desk)
    desk.answers = {CARL: Refused(why="550 no such user")}
    clock.at = later(minutes=1)

    assert await delivered(outbox, clock, desk) == Deliveries(sent=1, dead=1)


@pytest.mark.parametrize("everything", [False, True], ids=["what is due", "everything"])
async def test_a_channel_that_is_down_is_asked_once_however_much_waits(
    outbox: Outbox, clock: Clock, everything: bool
) -> None:
    await outbox.queue(*[ANNA] * (2 * deliver.BATCH + 1))
    desk = Scripted(answers={ANNA: DOWN})

    counts = await delivered(outbox, clock, desk, everything=everything)

    assert counts == Deliveries(retried=1)
    assert len(desk.offered) == 1


async def test_one_channel_that_is_down_does_not_hold_up_another(outbox: Outbox, clock: Clock) -> None:
    await outbox.queue(ANNA, BELA)
    await outbox.queue("folder", "folder", channel="folder")
    desk, folder = Scripted(answers={ANNA: DOWN}), Scripted("folder")

    counts = await delivered(outbox, clock, desk, folder)

    assert counts == Deliveries(sent=2, retried=1)
    assert await outbox.states() == ["queued", "queued", "sent", "sent"]


@pytest.mark.parametrize("everything", [False, True], ids=["what is due", "everything"])
async def test_messages_behind_many_for_a_channel_that_is_down_are_sent(
    outbox: Outbox, clock: Clock, everything: bool
) -> None:
    many = 3 * deliver.BATCH
    await outbox.queue(*[ANNA] * many)
    await outbox.queue("folder", channel="folder")
    desk, folder = Scripted(answers={ANNA: DOWN}), Scripted("folder")

    counts = await delivered(outbox, clock, desk, folder, everything=everything)

    assert counts == Deliveries(sent=1, retried=1)
    assert (len(desk.offered), len(folder.offered)) == (1, 1)


async def test_channels_send_side_by_side(outbox: Outbox, clock: Clock) -> None:
    await outbox.queue(ANNA)
    await outbox.queue("folder", channel="folder")
    desk, folder = Scripted(), Scripted("folder")
    desk.waiting_for = folder.waiting_for = asyncio.Barrier(2)  # each waits until the other has begun

    async with asyncio.timeout(30):
        counts = await delivered(outbox, clock, desk, folder)

    assert counts == Deliveries(sent=2)


async def test_three_days_of_a_server_that_is_down_lose_nothing(outbox: Outbox, clock: Clock) -> None:
    await outbox.queue(*[ANNA] * 500)
    desk = Scripted(answers={ANNA: DOWN})
    while clock.at < later(days=3):
        await delivered(outbox, clock, desk)
        clock.at += timedelta(minutes=30)
    asked = len(desk.offered)

    desk.answers.clear()
    counts = await delivered(outbox, clock, desk, everything=True)

    assert asked < 100
    assert counts == Deliveries(sent=500)
    sent = [delivery.id for delivery in desk.offered[asked:]]
    assert sent == sorted(sent)


async def test_a_server_that_is_down_for_weeks_kills_no_message(outbox: Outbox, clock: Clock) -> None:
    await outbox.queue(ANNA, BELA)
    desk = Scripted(answers={ANNA: DOWN, BELA: DOWN})
    while clock.at < later(days=14):
        await delivered(outbox, clock, desk)
        clock.at += timedelta(hours=6)
    desk.answers.clear()

    counts = await delivered(outbox, clock, desk)

    assert counts == Deliveries(sent=2)


async def test_a_channel_that_left_the_configuration_is_named_and_its_mail_waits(outbox: Outbox, clock: Clock) -> None:
    await outbox.queue(ANNA, BELA, channel="gone")

    counts = await delivered(outbox, clock, Scripted())
    row, _ = await outbox.rows()
    clock.at = later(minutes=1)
    named_again = await delivered(outbox, clock, Scripted("gone"))

    assert (counts, named_again) == (Deliveries(retried=1), Deliveries(sent=2))
    assert (row.state, row.attempts) == ("queued", 0)
    assert row.last_error is not None
    assert 'no channel "gone"' in row.last_error


# ── rounds, crashes ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("everything", [False, True], ids=["what is due", "everything"])
async def test_all_that_is_due_is_offered_once_however_much_it_is(
    outbox: Outbox, clock: Clock, everything: bool
) -> None:
    many = 2 * deliver.BATCH + 50
    await outbox.queue(*[ANNA, BELA] * (many // 2))
    desk = Scripted(answers={BELA: LATER})

    counts = await delivered(outbox, clock, desk, everything=everything)

    assert counts == Deliveries(sent=many // 2, retried=many // 2)
    assert len({delivery.id for delivery in desk.offered}) == len(desk.offered) == many


async def test_with_everything_what_waits_for_its_time_goes_too(outbox: Outbox, clock: Clock) -> None:
    await outbox.queue(ANNA)
    await delivered(outbox, clock, Scripted(answers={ANNA: LATER}))

    at_once = await delivered(outbox, clock, Scripted())
    forced = await delivered(outbox, clock, Scripted(), everything=True)

    assert (at_once, forced) == (Deliveries(), Deliveries(sent=1))


class Crash(Exception):
    """Stands for the end of the process."""


class Crashing(Scripted):
    """Answers for some messages; then the next is taken, and the process ends before that can be said."""

    async def send(self, deliveries: AsyncIterable[Delivery]) -> AsyncGenerator[tuple[Delivery, DeliveryResult], None]:
        first, second = await anext(aiter(deliveries)), await anext(aiter(deliveries))
        self.offered.append(first)
        yield first, Delivered(reply="250 queued")
        self.offered.append(second)
        raise Crash


async def test_a_crash_after_sending_means_the_same_message_again_and_no_other(outbox: Outbox, clock: Clock) -> None:
    await outbox.queue(ANNA, BELA, CARL)
    before, after = Crashing(), Scripted()

    with pytest.raises(Crash):
        await delivered(outbox, clock, before)
    states = await outbox.states()
    await delivered(outbox, clock, after)

    assert states == ["sent", "queued", "queued"]
    assert after.recipients == [BELA, CARL]
    assert after.offered[0] == before.offered[1]


class Pausing(Scripted):
    """Does something before it answers for a message."""

    def __init__(self, before: Callable[[Delivery], Awaitable[None]]) -> None:
        super().__init__()
        self.before = before

    async def send(self, deliveries: AsyncIterable[Delivery]) -> AsyncGenerator[tuple[Delivery, DeliveryResult], None]:
        async for delivery, result in super().send(deliveries):
            await self.before(delivery)
            yield delivery, result


async def test_a_message_is_settled_before_the_next_is_offered(outbox: Outbox, clock: Clock) -> None:
    await outbox.queue(ANNA, BELA, CARL)
    seen = []

    async def look(_: Delivery) -> None:
        seen.append(await outbox.states())

    await delivered(outbox, clock, Pausing(look))

    assert seen == [["queued", "queued", "queued"], ["sent", "queued", "queued"], ["sent", "sent", "queued"]]


async def test_a_round_that_is_cancelled_leaves_the_rest_queued(outbox: Outbox, clock: Clock) -> None:
    await outbox.queue(ANNA, BELA, CARL)
    waiting = asyncio.Event()

    async def wait_for_bela(delivery: Delivery) -> None:
        if delivery.recipient == BELA:
            waiting.set()
            await asyncio.Event().wait()

    sending = asyncio.create_task(delivered(outbox, clock, Pausing(wait_for_bela)))
    await waiting.wait()

    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)

    assert sending.cancelled()
    assert [(row.state, row.attempts) for row in await outbox.rows()] == [("sent", 1), ("queued", 0), ("queued", 0)]


async def test_a_channel_that_was_cancelled_leaves_the_rest_queued(outbox: Outbox, clock: Clock) -> None:
    await outbox.queue(ANNA, BELA, CARL)

    async def stop_at_bela(delivery: Delivery) -> None:
        if delivery.recipient == BELA:
            raise asyncio.CancelledError

    counts = await delivered(outbox, clock, Pausing(stop_at_bela))

    assert counts == Deliveries(sent=1)
    assert [(row.state, row.attempts) for row in await outbox.rows()] == [("sent", 1), ("queued", 0), ("queued", 0)]


async def test_an_archive_that_breaks_under_way_is_said_in_one_line(
    outbox: Outbox, clock: Clock, tmp_path: Path
) -> None:
    await outbox.queue(ANNA)

    async def break_it(_: Delivery) -> None:
        connection = sqlite3.connect(tmp_path / "archive.db")
        connection.execute("DROP TABLE deliveries")
        connection.close()

    with pytest.raises(ArchiveError):
        await delivered(outbox, clock, Pausing(break_it))


async def test_every_fate_is_logged_with_what_to_look_for(outbox: Outbox, clock: Clock) -> None:
    await outbox.queue(ANNA, BELA, CARL)
    desk = Scripted(answers={BELA: LATER, CARL: Refused(why="550 no such user")})

    with capture_logs() as lines:
        await delivered(outbox, clock, desk)

    assert [(line["log_level"], line["event"], line["message"], line.get("why")) for line in lines] == [
        ("info", "message sent", 1, None),
        ("warning", "message not sent", 2, "451 greylisted"),
        ("error", "message given up", 3, "550 no such user"),
    ]


# ── a daemon's channels ──────────────────────────────────────────────────────────────────────────────────────────────


class Slow(Scripted):
    """A channel that answers when it is let to; `asked` is set once it was offered something."""

    def __init__(self, name: str = "desk") -> None:
        super().__init__(name)
        self.asked, self.may_answer = asyncio.Event(), asyncio.Event()

    async def send(self, deliveries: AsyncIterable[Delivery]) -> AsyncGenerator[tuple[Delivery, DeliveryResult], None]:
        async for delivery, result in super().send(deliveries):
            self.asked.set()
            await self.may_answer.wait()
            yield delivery, result


def senders(outbox: Outbox, clock: Clock) -> Senders:
    return Senders(outbox.thread, outbox.archive, clock, lambda: 0.5)


async def test_a_slow_channel_holds_up_no_other(outbox: Outbox, clock: Clock) -> None:
    await outbox.queue(ANNA)
    await outbox.queue("folder", channel="folder")
    desk, folder, at_work = Slow(), Scripted("folder"), senders(outbox, clock)

    await at_work.start({"desk": desk, "folder": folder})
    await desk.asked.wait()
    await outbox.queue("folder", channel="folder")
    while len(folder.offered) < 2:
        await at_work.start({"desk": desk, "folder": folder})
    desk.may_answer.set()

    assert await at_work.finish(within=60)
    assert await outbox.states() == ["sent"] * 3
    assert desk.recipients == [ANNA]


async def test_what_comes_while_a_channel_is_at_work_goes_when_it_is_done(outbox: Outbox, clock: Clock) -> None:
    await outbox.queue(ANNA)
    desk, at_work = Slow(), senders(outbox, clock)
    await at_work.start({"desk": desk})
    await desk.asked.wait()

    await outbox.queue(BELA)
    await at_work.start({"desk": desk})
    desk.may_answer.set()
    while len(desk.offered) < 2:
        await outbox.states()

    assert await at_work.finish(within=60)
    assert await outbox.states() == ["sent", "sent"]


async def test_a_channel_that_does_not_finish_is_stopped_and_what_it_had_is_sent_again(
    outbox: Outbox, clock: Clock
) -> None:
    await outbox.queue(ANNA, BELA)
    desk, at_work = Slow(), senders(outbox, clock)
    await at_work.start({"desk": desk})
    await desk.asked.wait()

    finished = await at_work.finish(within=0)
    counts = await delivered(outbox, clock, after := Scripted())

    assert not finished
    assert counts == Deliveries(sent=2)
    assert after.offered[0] == desk.offered[0]


async def test_a_message_under_way_is_offered_by_nobody_else(outbox: Outbox, clock: Clock) -> None:
    await outbox.queue(ANNA, BELA)
    desk, at_work = Slow(), senders(outbox, clock)
    await at_work.start({"desk": desk})
    await desk.asked.wait()
    clock.at = later(minutes=10)  # as long as a server may take over a final dot

    meanwhile = await delivered(outbox, clock, other := Scripted(), everything=True)
    desk.may_answer.set()

    assert await at_work.finish(within=60)
    assert (meanwhile, other.offered) == (Deliveries(), [])
    assert await outbox.states() == ["sent", "sent"]


async def test_a_channel_that_breaks_is_started_again(outbox: Outbox, clock: Clock) -> None:
    await outbox.queue(ANNA, BELA, CARL)
    at_work, desk = senders(outbox, clock), Scripted()
    with capture_logs() as lines:
        await at_work.start({"desk": (broken := Crashing())})
        while len(broken.offered) < 2:
            await outbox.states()
        await at_work.finish(within=60)

    await at_work.start({"desk": desk})
    while len(desk.offered) < 2:
        await outbox.states()
    await at_work.finish(within=60)

    assert [line["event"] for line in lines if line["log_level"] == "error"] == ["sending failed in an unforeseen way"]
    assert desk.recipients == [BELA, CARL]


async def test_what_was_leased_when_the_archive_failed_is_offered_as_soon_as_it_works_again(
    outbox: Outbox, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await outbox.queue(ANNA, BELA, CARL)
    desk = Scripted()
    at_work = senders(outbox, clock)

    def full(*_: object, **__: object) -> None:
        raise ArchiveError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(outbox.archive, "settle", full)
        broken.setattr(outbox.archive, "release_messages", full)
        await at_work.start({"desk": desk})
        while at_work.busy:
            await outbox.states()
    taken = list(desk.recipients)
    await at_work.start({"desk": desk})
    while at_work.busy:
        await outbox.states()

    assert taken == [ANNA]
    # Whether Anna has hers is not known: it is sent again, but not before its lease is over.
    assert desk.recipients == [ANNA, BELA, CARL]


# ── tests by hand ────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_test_message_goes_to_every_recipient_and_says_what_the_channel_said() -> None:
    specs = [ChannelSpec(name="desk", kind="email", to=(ANNA, BELA)), ChannelSpec(name="screen", kind="console")]
    answers: Mapping[str, DeliveryResult] = {BELA: Refused(why="550 no such user")}
    desk, screen = Scripted(answers=answers), Scripted("screen")

    said = await send_test(specs, {"desk": desk, "screen": screen}, house=HOUSE, now=NOW)

    assert [(result.channel, result.recipient, result.delivered, result.said) for result in said] == [
        ("desk", ANNA, True, "250 queued"),
        ("desk", BELA, False, "550 no such user"),
        ("screen", "screen", True, "250 queued"),
    ]
    assert desk.offered[0].message_id.encode() in desk.offered[0].message


async def test_two_tests_are_two_messages() -> None:
    specs, desk = [ChannelSpec(name="desk", kind="email", to=(ANNA,))], Scripted()

    await send_test(specs, {"desk": desk}, house=HOUSE, now=NOW)
    await send_test(specs, {"desk": desk}, house=HOUSE, now=later(minutes=1))

    assert len({delivery.message_id for delivery in desk.offered}) == 2
