"""From the outbox into messages: what is due goes into one message, once, and a digest at each strike of its clock."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from monitor import config as configuration
from monitor.archive import ArchiveThread, open_archive
from monitor.compose import BUNDLES_AT_ONCE, Composer, laid_out_here
from monitor.errors import WorkerFailed
from monitor.model import AlertIntent, NewMessage
from monitor.render import Job
from tests.archive.builders import an_alert, an_outcome, found, leased, numbered
from tests.factories import NOW, later
from tests.outbox import Outbox

ANNA, BELA = ("desk", "anna@example.org"), ("desk", "bela@example.org")
FEEDS = """
monitor: {contact: desk@example.org, timezone: UTC}
feeds: [{key: gazette, url: https://gazette.example/rss}]
channels: {desk: {kind: email, to: [anna@example.org, bela@example.org]}}
rules: [{name: ukraine, query: Ukraine, channels: [desk]}]
digests: {morning: {cron: "0 7 * * *"}, evening: {cron: "0 19 * * *", empty: true}}
"""


@dataclass
class Room:
    """An outbox, the composer of a configuration, and a clock that is set by hand."""

    outbox: Outbox
    folder: Path
    clock: datetime = NOW
    articles: int = 0
    composer: Composer = field(init=False)

    def configure(self, text: str = FEEDS) -> None:
        """Composes by this configuration from now on."""
        path = self.folder / "feeds.yaml"
        path.write_text(text)
        self.composer = Composer(
            config=configuration.load(path, environ={}),
            archive=self.outbox.archive,
            thread=self.outbox.thread,
            now=lambda: self.clock,
        )

    async def raise_alerts(self, *alerts: AlertIntent) -> None:
        """Archives an article for each, so that no two are of one story."""
        findings = []
        for alert in alerts:
            findings.append(found(numbered(self.articles, seen_at=self.clock), rules=(alert.rule,), alerts=(alert,)))
            self.articles += 1
        assert await self.outbox.thread(self.outbox.archive.record, an_outcome(*findings, at=self.clock))

    async def compose(self, **given: int) -> list[tuple[str, str]]:
        """Sets the clock on by so much and composes; (recipient, subject) of what is new in the outbox."""
        self.clock += timedelta(**given)
        await self.composer.compose_due()
        return await self.taken()

    async def taken(self) -> list[tuple[str, str]]:
        """(recipient, subject) of the messages that nobody took before."""
        messages = await self.outbox.thread(leased, self.outbox.archive, now=self.clock, until=later(days=999))
        mails = [(each.recipient, message_from_bytes(each.message, policy=policy.default)) for each in messages]
        return [(recipient, str(mail["Subject"])) for recipient, mail in mails]


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    outbox = Outbox(tmp_path)
    await outbox.open()
    opened = Room(outbox, tmp_path)
    opened.configure()
    await opened.composer.begin()
    yield opened
    await outbox.aclose()


# ── soon ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_what_was_found_within_the_wait_is_one_message_to_each(room: Room) -> None:
    alert = an_alert(ANNA, BELA, due_at=later(seconds=30))
    await room.raise_alerts(alert, alert)

    assert await room.compose(seconds=29) == []
    mails = await room.compose(seconds=1)

    assert [recipient for recipient, _ in mails] == ["anna@example.org", "bela@example.org"]
    assert all("2" in subject for _, subject in mails)
    assert await room.compose(hours=1) == []


async def test_what_is_composed_twice_is_queued_once(room: Room) -> None:
    await room.raise_alerts(an_alert(ANNA))
    layout = room.composer.layout

    async def meanwhile_another_does(jobs: Sequence[Job]) -> Sequence[NewMessage]:
        await replace(room.composer, layout=layout).compose_due()
        return await layout(jobs)

    room.composer = replace(room.composer, layout=meanwhile_another_does)

    assert len(await room.compose()) == 1


async def test_a_message_that_cannot_be_laid_out_goes_out_plainly_and_holds_up_no_other(room: Room) -> None:
    await room.raise_alerts(an_alert(ANNA), an_alert(BELA, rule="otan"))

    async def no_ukraine(jobs: Sequence[Job]) -> Sequence[NewMessage]:
        if any(job.bundle.rule == "ukraine" for job in jobs):
            raise WorkerFailed("a template failed")
        return await laid_out_here(jobs)

    room.composer = replace(room.composer, layout=no_ukraine)
    messages = [*(await room.compose())]

    assert [recipient for recipient, _ in messages] == ["anna@example.org", "bela@example.org"]
    assert all("Titre" in subject for _, subject in messages)


async def test_more_messages_than_are_composed_at_once_all_go(room: Room) -> None:
    await room.raise_alerts(*(an_alert(ANNA, rule=f"rule{number}") for number in range(BUNDLES_AT_ONCE + 5)))

    assert await room.composer.compose_due() == BUNDLES_AT_ONCE + 5
    assert await room.outbox.thread(room.outbox.archive.waiting, later(days=1)) == ()


async def test_what_waits_survives_a_restart(room: Room, tmp_path: Path) -> None:
    await room.raise_alerts(an_alert(ANNA, due_at=later(seconds=30)))
    await room.outbox.aclose()
    room.outbox.thread = ArchiveThread()
    room.outbox.archive = await room.outbox.thread(open_archive, str(tmp_path / "archive.db"), now=later(days=1))
    room.configure()
    await room.composer.begin()

    assert len(await room.compose(days=1)) == 1


# ── digests ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_digest_is_sent_when_its_clock_strikes_and_tells_what_came_since(room: Room) -> None:
    await room.raise_alerts(an_alert(ANNA, digest="morning"), an_alert(ANNA, BELA, digest="morning"))

    assert await room.compose(hours=18) == []
    mails = await room.compose(hours=1)

    assert [recipient for recipient, _ in mails] == ["anna@example.org", "bela@example.org"]
    assert await room.compose(days=1) == []


async def test_an_alert_is_in_one_digest_only(room: Room) -> None:
    await room.raise_alerts(an_alert(ANNA, digest="morning"))
    assert len(await room.compose(days=1)) == 1
    await room.raise_alerts(an_alert(ANNA, digest="morning"))

    ((_, subject),) = await room.compose(days=1)

    assert "1" in subject
    assert await room.compose(days=1) == []


async def test_a_strike_missed_while_we_were_away_is_made_up_for_once(room: Room) -> None:
    await room.raise_alerts(an_alert(ANNA, digest="morning"))
    room.clock += timedelta(days=5)
    await room.composer.begin()

    assert len(await room.compose()) == 1
    assert await room.compose(hours=1) == []


async def test_a_digest_asked_for_by_hand_leaves_nothing_for_its_time(room: Room) -> None:
    await room.raise_alerts(an_alert(ANNA, digest="morning"))

    assert await room.composer.compose_digest(room.composer.config.digests["morning"]) == 1
    assert len(await room.taken()) == 1
    assert await room.compose(days=1) == []


async def test_another_digest_leaves_the_first_alone(room: Room) -> None:
    await room.raise_alerts(an_alert(ANNA, digest="morning"))

    assert await room.composer.compose_digest(room.composer.config.digests["evening"]) == 0


async def test_an_empty_digest_is_sent_to_who_wants_one_once_a_strike(room: Room) -> None:
    room.configure(FEEDS.replace("channels: [desk]}]", "channels: [desk], digest: evening}]"))
    await room.composer.begin()

    mails = await room.compose(hours=7)

    assert [recipient for recipient, _ in mails] == ["anna@example.org", "bela@example.org"]
    assert await room.compose(hours=1) == []
    assert len(await room.compose(hours=23)) == 2


async def test_a_crash_after_a_digest_was_queued_sends_no_empty_one_behind_it(room: Room) -> None:
    room.configure(FEEDS.replace("channels: [desk]}]", "channels: [desk], digest: evening}]"))
    await room.composer.begin()
    await room.raise_alerts(an_alert(ANNA, BELA, digest="evening"))
    assert len(await room.compose(hours=7)) == 2

    await room.composer.begin()  # as after a restart: all that is known is in the archive

    assert await room.compose(seconds=5) == []


async def test_a_digest_whose_hour_was_changed_strikes_by_the_new_one(room: Room) -> None:
    await room.raise_alerts(an_alert(ANNA, digest="morning"))
    room.configure(FEEDS.replace("0 7 * * *", "0 14 * * *"))
    await room.composer.begin()

    assert len(await room.compose(hours=2)) == 1


async def test_what_is_muted_goes_into_the_digest_after_the_mute(room: Room) -> None:
    await room.raise_alerts(an_alert(ANNA, digest="morning"))
    await room.outbox.thread(room.outbox.archive.mute, rule="ukraine", until=later(hours=30), now=room.clock)

    assert await room.compose(hours=20) == []
    assert len(await room.compose(days=1)) == 1


# ── held back ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_what_quiet_hours_held_back_comes_in_one_message_when_they_end(room: Room) -> None:
    room.configure(FEEDS.replace("bela@example.org]}", 'bela@example.org], quiet: ["sun 11:00-14:00"]}'))
    await room.raise_alerts(an_alert(ANNA), an_alert(ANNA, rule="otan"))

    assert await room.compose(minutes=1) == []
    assert await room.compose(minutes=110) == []
    mails = await room.compose(minutes=10)

    assert [recipient for recipient, _ in mails] == ["anna@example.org"]


async def test_a_burst_becomes_summaries_and_nothing_of_it_is_lost(room: Room) -> None:
    rule = "channels: [desk], group_wait: 0s, burst: 3}]"
    room.configure(FEEDS.replace("channels: [desk]}]", rule))
    await room.raise_alerts(*(an_alert(ANNA) for _ in range(10)))

    at_once = await room.compose()
    room.clock = later(minutes=20)
    summary = await room.compose()

    assert (len(at_once), len(summary)) == (3, 1)
    assert "7" in summary[0][1]


async def test_an_unmuted_rule_tells_what_was_held_back_at_once(room: Room) -> None:
    archive, thread = room.outbox.archive, room.outbox.thread
    await thread(archive.mute, rule="ukraine", until=later(days=9), now=room.clock)
    await room.raise_alerts(an_alert(ANNA))
    assert await room.compose() == []

    await thread(archive.unmute, rule="ukraine", story=None, now=room.clock)

    assert len(await room.compose()) == 1
