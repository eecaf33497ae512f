"""The operator hears once that a feed goes on failing and once that it works again, and not of every hiccup."""

from __future__ import annotations

import email
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.message import Message
from pathlib import Path

import pytest

from monitor import config as configuration
from monitor.archive import Archive, ArchiveThread, open_archive
from monitor.config import Config
from monitor.model import End, Finding, Outcome
from monitor.watch import end_of, forget_end, queue_heartbeat, queue_notice, queue_return, survey
from tests.archive.builders import a_failure, an_alert, an_outcome, found, numbered
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


# ── channels ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_channel_that_stays_down_is_told_once_and_its_return_once(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        desk.archive.note_down("desk", why="mail.example: refused", next_at=later(minutes=1), now=NOW)
        brief = await desk.watch(0.2)
        told, again = await desk.watch(0.3), await desk.watch(2)
        desk.archive.note_up("desk")
        back = await desk.watch(3)
        over = await desk.watch(5)

    assert (brief, told, again) == (None, "1 channel is down: desk", None)
    # It is no channel of the file (any more), so nobody needs to hear that it works.
    assert (back, over) == (None, None)


async def test_a_configured_channel_is_told_of_again_when_it_works(tmp_path: Path) -> None:
    async with office(tmp_path, SETTINGS + "channels: {desk: {kind: console}}\n") as desk:
        desk.archive.note_down("desk", why="mail.example: refused", next_at=later(minutes=1), now=NOW)
        await desk.watch(1)
        desk.archive.note_up("desk")

        assert [await desk.watch(3), await desk.watch(5)] == ["1 channel works again: desk", None]


# ── silences and spikes ──────────────────────────────────────────────────────────────────────────────────────────────

RULES = SETTINGS + "rules: [{name: ukraine, query: Ukraine, channels: [desk]}]\nchannels: {desk: {kind: console}}\n"


class Month:
    """A feed that brings an article an hour, from 6 to 22; each alerts. Its clock is the test's."""

    def __init__(self, desk: Office) -> None:
        self.desk = desk
        self.at = NOW
        self.said: list[str] = []
        self.number = 0

    async def goes_by(self, days: float, *, articles: int = 1, fails: bool = False) -> None:
        """So many days, hour by hour: what the feed brings, and what the operator is told."""
        for _ in range(round(days * 24)):
            self.at += timedelta(hours=1)
            if fails:
                self.desk.archive.record(a_failure(at=self.at))
            else:
                self.desk.archive.record(an_outcome(*self._news(articles), at=self.at))
            await survey(self.desk.thread, self.desk.archive, self.desk.config, now=self.at)
            told = await queue_notice(self.desk.thread, self.desk.archive, self.desk.config, now=self.at)
            self.said += [told] if told else []

    def _news(self, articles: int) -> list[Finding]:
        if not 6 <= self.at.hour < 22:
            return []
        self.number += articles
        return [
            found(numbered(n, seen_at=self.at), rules=("ukraine",), alerts=(an_alert(due_at=self.at),))
            for n in range(self.number, self.number + articles)
        ]


async def test_a_feed_that_falls_silent_is_told_once_and_once_when_it_publishes_again(tmp_path: Path) -> None:
    async with office(tmp_path, RULES) as desk:
        month = Month(desk)
        await month.goes_by(21)
        usual = list(month.said)
        await month.goes_by(6, articles=0)
        silent = month.said[len(usual) :]
        await month.goes_by(2)

    assert usual == []
    assert silent == ["1 feed is silent: gazette; 1 rule finds nothing any more: ukraine"]
    assert month.said[1:] == ["1 feed publishes again: gazette; 1 rule finds something again: ukraine"]


async def test_a_silent_feed_that_then_fails_does_not_publish_again(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        month = Month(desk)
        await month.goes_by(21)
        await month.goes_by(4, articles=0)
        await month.goes_by(2, fails=True)

    assert month.said == ["1 feed is silent: gazette", "1 feed fails: gazette"]


async def test_a_rule_that_finds_far_more_than_usual_is_told_once_and_once_when_that_is_over(tmp_path: Path) -> None:
    async with office(tmp_path, RULES) as desk:
        month = Month(desk)
        await month.goes_by(21)
        await month.goes_by(1, articles=5)
        spiked = list(month.said)
        await month.goes_by(2)

    assert spiked == ["1 rule finds far more than usual: ukraine"]
    assert month.said[1:] == ["1 rule is back to its usual: ukraine"]


async def test_a_restart_repeats_nothing_that_was_told(tmp_path: Path) -> None:
    async with office(tmp_path, RULES) as desk:
        month = Month(desk)
        await month.goes_by(21)
        await month.goes_by(6, articles=0)
    async with office(tmp_path, RULES) as desk:
        await survey(desk.thread, desk.archive, desk.config, now=month.at)

        assert await queue_notice(desk.thread, desk.archive, desk.config, now=month.at + timedelta(hours=2)) is None


# ── the heartbeat ────────────────────────────────────────────────────────────────────────────────────────────────────

BEATING = SETTINGS + 'heartbeat: {cron: "30 2 * * *", timezone: Europe/Berlin}\n'


@pytest.mark.parametrize(
    "day", [datetime(2027, 3, 27, 12, tzinfo=UTC), datetime(2027, 10, 30, 12, tzinfo=UTC)], ids=["spring", "autumn"]
)
async def test_a_heartbeat_comes_once_a_day_on_days_of_23_and_25_hours_too(tmp_path: Path, day: datetime) -> None:
    async with office(tmp_path, BEATING) as desk:
        desk.archive.sync_heartbeat(desk.config.heartbeat, day)
        said = []
        for quarters in range(4 * 24 * 3):  # three days, the clock changes in the first night
            now = day + timedelta(minutes=15 * quarters)
            said.append(await queue_heartbeat(desk.thread, desk.archive, desk.config, now=now))

    assert len([each for each in said if each]) == 3


async def test_without_a_heartbeat_in_the_file_none_comes(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        assert await queue_heartbeat(desk.thread, desk.archive, desk.config, now=later(days=9)) is None


# ── the daemon's own end ─────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_end_is_told_once_and_the_return_once(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:

        def ended(hours: float) -> End | None:
            said = {"MONITOR_SERVICE_RESULT": "exit-code", "MONITOR_EXIT_STATUS": "1"}
            return end_of(desk.config, unit="monitor.service", environ=said, log=("bye",), now=later(hours=hours))

        first, again = ended(0), ended(1)
        back, and_then = [
            await queue_return(desk.thread, desk.archive, desk.config, now=later(hours=hours)) for hours in (2, 3)
        ]

        assert first is not None
        assert (first.why, first.log) == ("exit-code 1", ("bye",))
        assert again is None
        assert (back, and_then) == (True, False)
        assert "runs again" in desk.mails()[-1]["Subject"]
        assert ended(4) is not None


async def test_an_end_that_could_not_be_told_is_told_the_next_time(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        end_of(desk.config, unit="monitor.service", environ={}, log=(), now=NOW)
        forget_end(desk.config)

        assert end_of(desk.config, unit="monitor.service", environ={}, log=(), now=NOW) is not None
