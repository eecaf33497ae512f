"""The operator hears once that a feed goes on failing and once that it works again, and not of every hiccup."""

from __future__ import annotations

import email
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from email.message import Message
from pathlib import Path

from monitor import config as configuration
from monitor.archive import Archive, ArchiveThread, open_archive
from monitor.config import Config
from monitor.model import Outcome
from monitor.watch import queue_notice
from tests.archive.builders import a_failure, an_outcome
from tests.factories import NOW, later

SETTINGS = """
monitor: {contact: desk@example.org}
feeds:
  - {key: gazette, url: "https://gazette.example/rss.xml", title: La Gazette}
  - {key: courier, url: "https://courier.example/rss.xml"}
  - {key: herald, url: "https://herald.example/rss.xml"}
  - {key: tribune, url: "https://tribune.example/rss.xml"}
"""


class Office:
    """An archive, a configuration, and what the operator was sent."""

    def __init__(self, config: Config, archive: Archive, thread: ArchiveThread) -> None:
        self.config, self.archive, self.thread = config, archive, thread

    def fail(self, feed: str = "gazette", *, times: int = 5, outcome: Outcome = Outcome.BLOCKED) -> None:
        """So many polls of a feed fail, the last of them now."""
        for number in range(times):
            self.archive.record(
                a_failure(
                    feed=feed,
                    outcome=outcome,
                    status=403 if outcome is Outcome.BLOCKED else None,
                    error=f"{feed}.example is ill",
                    at=NOW - timedelta(minutes=times - number),
                )
            )

    def work(self, feed: str = "gazette") -> None:
        """A poll of a feed works."""
        self.archive.record(an_outcome(feed=feed))

    async def watch(self, hours: float = 0) -> str | None:
        """What the operator is told so long after the beginning."""
        return await queue_notice(self.thread, self.archive, self.config, now=later(hours=hours))

    def mails(self) -> list[Message]:
        """Everything in the outbox."""
        due = [
            delivery
            for state in self.archive.due_channels(later(days=99), everything=True)
            for delivery in self.archive.lease_messages(
                state.channel, later(days=99), after=0, limit=99, until=later(days=99), everything=True
            )
        ]
        return [email.message_from_bytes(delivery.message) for delivery in due]


@asynccontextmanager
async def office(folder: Path, settings: str = SETTINGS) -> AsyncIterator[Office]:
    (folder / "feeds.yaml").write_text(settings)
    config = configuration.load(folder / "feeds.yaml", environ={})
    archive = open_archive(config.archive, now=NOW)
    archive.sync_feeds(config.feeds, NOW)
    thread = ArchiveThread()

    async def here(call, /, *args, **kwargs):  # type: ignore[no-untyped-def]  # the archive lives on this thread
        return call(*args, **kwargs)

    yield Office(config, archive, here)  # type: ignore[arg-type]
    thread.close()
    archive.close()


async def test_a_persisting_failure_is_told_once_and_its_end_once(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        desk.fail(times=4)
        before = await desk.watch()
        desk.fail(times=1)
        told, again, much_later = await desk.watch(), await desk.watch(2), await desk.watch(200)
        desk.work()
        ended, over = await desk.watch(201), await desk.watch(300)

        assert (before, told, again, much_later) == (None, "1 feed fails: gazette", None, None)
        assert (ended, over) == ("1 feed works again: gazette", None)
        assert [mail["Subject"] for mail in desk.mails()] == [f"[monitor] {told}", f"[monitor] {ended}"]


async def test_the_notice_goes_to_the_contact_and_says_what_to_do(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        desk.fail()
        await desk.watch()

        (mail,) = desk.mails()
        text = mail.get_payload(0).get_payload(decode=True).decode()
        assert mail["To"] == "desk@example.org"
        for expected in ("La Gazette", "5 polls failed", "gazette.example is ill", "Ask the publisher"):
            assert expected in " ".join(text.split())


async def test_a_channel_named_operator_gets_the_notices_instead(tmp_path: Path) -> None:
    async with office(tmp_path, SETTINGS + "channels: {operator: {kind: email, to: [it@example.org]}}\n") as desk:
        desk.fail()
        await desk.watch()

        assert [mail["To"] for mail in desk.mails()] == ["it@example.org"]


async def test_feeds_that_fail_together_come_in_one_notice_and_the_next_one_waits(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        desk.fail("gazette")
        desk.fail("courier")
        first = await desk.watch()
        desk.fail("herald")
        soon, later_on = await desk.watch(0.9), await desk.watch(1.1)

        assert (first, soon, later_on) == ("2 feeds fail: courier, gazette", None, "1 feed fails: herald")


async def test_when_most_feeds_cannot_be_reached_the_notice_suspects_our_own_line(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        for feed in ("gazette", "courier", "herald"):
            desk.fail(feed, outcome=Outcome.DNS)
        await desk.watch()

        assert b"this machine's own connection" in desk.mails()[0].get_payload(0).get_payload(decode=True)


async def test_a_paused_feed_is_not_told_of(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        desk.fail()
        (paused,) = configuration.load(
            _written(tmp_path, SETTINGS.replace("La Gazette", "La Gazette, paused: true")), environ={}
        ).feeds[:1]
        desk.archive.sync_feeds([paused, *desk.config.feeds[1:]], NOW)

        assert await desk.watch() is None


def _written(folder: Path, settings: str) -> Path:
    (folder / "paused.yaml").write_text(settings)
    return folder / "paused.yaml"
