"""A month of news, changes, outages, crashes, nights, mutes, limits and digests, over a change of clocks: whatever the
documentation promises holds. MONITOR_SEEDS says how many months to try."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor import config as configuration
from monitor.archive import Archive, ArchiveThread, open_archive
from monitor.compose import Composer
from monitor.deliver import deliver_due
from monitor.findings import with_alerts
from monitor.hours import is_quiet
from monitor.model import (
    Article,
    Delivered,
    Delivery,
    DeliveryResult,
    Duplicate,
    Finding,
    Join,
    New,
    Revised,
    TryAgain,
)
from tests.alerts.disk import seeds
from tests.alerts.oracle import Arrived, Month, Raised, Rule, broken
from tests.archive.builders import FRENCH, a_match, an_outcome, numbered, the_archived

START = datetime(2027, 3, 8, 9, tzinfo=UTC)  # clocks change on the 28th
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
DAYS, AFTERWARDS = 30, 4

RECIPIENTS = {"desk": ("anna@example.org", "bela@example.org"), "night": ("carl@example.org",), "hook": ("hook",)}


class Crash(Exception):
    """The process ends here."""


class Unsteady:
    """The archive's thread, on which the process may end before a call or after it."""

    def __init__(self, thread: ArchiveThread, chance: random.Random) -> None:
        self.thread, self.chance = thread, chance
        self.likely = 0.0
        self.settled: Callable[[str], None] = lambda _: None

    async def __call__(self, call: Callable[..., Any], /, *given: Any, **named: Any) -> Any:
        when = self.chance.random()
        if when < self.likely / 2:
            raise Crash
        result = await self.thread(call, *given, **named)
        if getattr(call, "__name__", "") == "settle":
            self.settled(given[0].message_id.strip("<>"))
        if when < self.likely:
            raise Crash
        return result


class Channel:
    """A channel that is down at times, puts off single recipients at times, and writes down what it takes."""

    def __init__(self, name: str, world: World) -> None:
        self.name, self.world = name, world

    async def send(self, deliveries: AsyncIterable[Delivery]) -> AsyncGenerator[tuple[Delivery, DeliveryResult], None]:
        async for delivery in deliveries:
            now = self.world.clock
            if self.world.is_out(self.name, now):
                yield delivery, TryAgain(why="down", channel_wide=True)
                return
            if self.world.is_out(f"{self.name} {delivery.recipient}", now):
                yield delivery, TryAgain(why="451 later")
                continue
            arrived = Arrived(now, (self.name, delivery.recipient), delivery.message, json.loads(delivery.message))
            self.world.month.arrived.append(arrived)
            self.world.open.add(arrived.id)
            yield delivery, Delivered(reply="250 ok")


class World:
    """The month, and the real parts in it."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.chance = random.Random(seed)
        self.folder = folder
        self.clock = START
        self.version = 0
        self.articles: dict[int, list[Article]] = {}  # story → its articles, as last written
        self.number = 0
        self.out: dict[str, list[tuple[datetime, datetime]]] = {}
        self.open: set[str] = set()  # messages taken, and not written down
        self.crashes = 0
        self.month = Month(rules={}, recipients=RECIPIENTS, quiet={"night"})
        (folder / "feeds.yaml").write_text(self._settings())
        self.config = configuration.load(folder / "feeds.yaml", environ={})
        self.thread = ArchiveThread()
        self.unsteady = Unsteady(self.thread, self.chance)
        self.unsteady.settled = self.open.discard
        self.archive: Archive
        self.composer: Composer

    def _settings(self) -> str:
        lines = [f"monitor: {{contact: desk@example.org, archive: {self.folder}/archive.db, timezone: Europe/Berlin}}"]
        lines += [f"feeds: [{', '.join(f'{{key: f{n}, url: https://f{n}.example/}}' for n in range(3))}]", "rules:"]
        for number in range(5):
            rule = Rule(
                name=f"rule{number}",
                channels=tuple(self.chance.sample(sorted(RECIPIENTS), self.chance.randint(1, 3))),
                followups=self.chance.choice(["none", "updates", "all"]),
                digest=self.chance.choice([None, None, None, "morning", "weekly"]),
                max_per_hour=self.chance.choice([None, None, 1, 3]),
                burst=self.chance.choice([0, 0, 2]),
            )
            self.month.rules[rule.name] = rule
            more = f", digest: {rule.digest}" if rule.digest else ""
            more += f", max_per_hour: {rule.max_per_hour}" if rule.max_per_hour else ""
            wait = self.chance.choice(["0s", "30s", "5m"])
            lines.append(
                f"  - {{name: {rule.name}, query: word{number}, channels: [{', '.join(rule.channels)}], "
                f"followups: {rule.followups}, burst: {rule.burst}, group_wait: {wait}{more}}}"
            )
        hook = "kind: exec, command: [/bin/true]"  # never run: told in JSON, which is read here
        lines += [
            "channels:",
            f"  desk: {{{hook}, to: [{', '.join(RECIPIENTS['desk'])}]}}",
            f"  night: {{{hook}, to: [carl@example.org], quiet: ['22:00-7:00']}}",
            f"  hook: {{{hook}}}",
            "digests: {morning: {cron: '30 2 * * *'}, weekly: {cron: '0 18 * * fri'}}",
        ]
        return "\n".join(lines) + "\n"

    def is_out(self, what: str, now: datetime) -> bool:
        """Whether a channel, or a recipient of one, takes nothing now."""
        return any(start <= now < end for start, end in self.out.get(what, ()))

    async def open_archive(self) -> None:
        """As the daemon does when it starts."""
        self.archive = await self.thread(open_archive, self.config.archive, now=self.clock)
        await self.thread(self.archive.sync_feeds, self.config.feeds, self.clock)
        self.composer = Composer(
            config=self.config,
            archive=self.archive,
            thread=self.unsteady,
            now=lambda: self.clock,  # type: ignore[arg-type]
        )
        likely, self.unsteady.likely = self.unsteady.likely, 0.0
        await self.composer.begin()
        self.unsteady.likely = likely

    async def crash(self) -> None:
        """Ends the process, and starts it again. What was taken and not written down may come again, once more."""
        self.crashes += 1
        self.month.excused.update(self.open)
        self.open.clear()
        await self.thread(self.archive.close)
        await self.open_archive()

    async def look(self) -> None:
        """What the daemon does every few seconds."""
        channels = {name: Channel(name, self) for name in RECIPIENTS}
        try:
            await self.composer.compose_due()
            await deliver_due(
                self.unsteady,  # type: ignore[arg-type]
                self.archive,
                channels,
                now=lambda: self.clock,
                jitter=self.chance.random,
                quiet=lambda name: is_quiet(self.config.channels[name].quiet, self.clock),
            )
        except Crash:
            await self.crash()

    async def goes_by(self, span: timedelta) -> None:
        """Lets time pass, in steps of chance."""
        end = self.clock + span
        while self.clock < end:
            self.clock = min(self.clock + self.chance.choice([MINUTE, 5 * MINUTE, 20 * MINUTE, 40 * MINUTE]), end)
            await self.look()

    # ── what happens ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def record(self, finding: Finding, raised: list[Raised]) -> None:
        """A poll finds it; as the pipeline does, once more when the process ends before that is written."""
        rules = {rule.name: rule for rule in self.config.rules}
        feed = finding.verdict.article.feed
        (of_feed,) = [each for each in await self.thread(self.archive.feed_states) if each.key == feed]
        told = with_alerts(finding, of_feed, rules=rules, channels=self.config.channels, now=self.clock)
        await self.thread(self.archive.record, an_outcome(told, feed=feed, at=self.clock))
        self.month.raised += raised

    async def news(self) -> None:
        """An article that begins a story, or joins one that is known."""
        self.number += 1
        rules = self.chance.sample(sorted(self.month.rules), self.chance.randint(1, 3))
        joins = bool(self.articles) and self.chance.random() < 0.35
        feed = f"f{self.chance.randrange(3)}"
        article = numbered(self.number, feed=feed, seen_at=self.clock, entry_key=f"e{self.number}", guid=None)
        join = None
        story, relation = self.number, None
        if joins:
            story = self.chance.choice(sorted(self.articles)[-8:])
            relation = self.chance.choice(["copy", "cut", "retitled", "update"])
            join = Join(to=story, relation=relation, score=0.9)
        finding = Finding(
            verdict=New(article=article), language=FRENCH, matches=tuple(map(a_match, rules)), news=True, story=join
        )
        await self.record(finding, [Raised(self.clock, rule, story, "article", relation) for rule in rules])
        self.articles.setdefault(story, []).append(article)

    async def change(self) -> None:
        """A publisher changes an article, or another feed has it, too."""
        if not self.articles:
            return
        story = self.chance.choice(sorted(self.articles)[-8:])
        place = self.chance.randrange(len(self.articles[story]))
        article = self.articles[story][place]
        archived = await self.thread(the_archived, self.archive, article)
        if self.chance.random() < 0.5:
            self.version += 1
            changed = replace(article, title=f"{article.title}, {self.version}", text=f"{article.text} {self.version}")
            self.articles[story][place] = changed
            kind, verdict = "revision", Revised(article=changed, of=archived)
        else:
            others = [f"f{n}" for n in range(3) if f"f{n}" != article.feed]
            key = f"c{self.chance.randrange(10**9)}"
            kind, verdict = (
                "carrier",
                Duplicate(  # type: ignore[assignment]
                    article=replace(article, feed=self.chance.choice(others), entry_key=key), of=archived, why="link"
                ),
            )
        finding = Finding(verdict=verdict, language=FRENCH, news=True)
        await self.record(finding, [Raised(self.clock, rule, story, kind, None) for rule in archived.rules])

    async def trouble(self) -> None:
        """A channel goes down, a recipient is put off, or somebody mutes something."""
        end = self.clock + HOUR * self.chance.choice([0.2, 2, 9, 20])
        match self.chance.randrange(4):
            case 0 | 1:
                self.out.setdefault(self.chance.choice(sorted(RECIPIENTS)), []).append((self.clock, end))
            case 2:
                name = self.chance.choice(sorted(RECIPIENTS))
                self.month.rough.add(name)
                whom = f"{name} {self.chance.choice(RECIPIENTS[name])}"
                self.out.setdefault(whom, []).append((self.clock, end))
            case _:
                self.month.muted = True
                rule = self.chance.choice(sorted(self.month.rules))
                await self.thread(self.archive.mute, rule=rule, story=None, until=end, now=self.clock)

    async def a_month(self) -> None:
        """Thirty days of it, and some in which all is well."""
        await self.open_archive()
        self.unsteady.likely = 0.004
        end = START + DAYS * DAY
        while self.clock < end:
            what = self.chance.random()
            burst = 25 if what > 0.985 else 1  # some days everything happens
            for _ in range(burst):
                await (self.news if what < 0.7 or burst > 1 else self.change)()
            if self.chance.random() < 0.12:
                await self.trouble()
            await self.goes_by(MINUTE * self.chance.expovariate(1 / 200))
        self.out.clear()
        self.unsteady.likely = 0.0
        for _ in range(AFTERWARDS * 24 * 4):
            self.clock += 15 * MINUTE
            await self.look()
        # Until Friday's digest, and the one of the morning after.
        while self.clock.weekday() != 5:
            self.clock += HOUR
            await self.look()
        self.clock += 12 * HOUR
        await self.look()
        await self.thread(self.archive.close)
        await self.thread.aclose()


@pytest.mark.parametrize("seed", range(seeds("MONITOR_SEEDS", 8)))
async def test_a_month_keeps_every_promise(tmp_path: Path, seed: int) -> None:
    world = World(tmp_path, seed)

    await world.a_month()

    kinds = Counter(each.kind for each in world.month.once())
    story = f"seed {seed}: {len(world.month.raised)} found, {dict(kinds)}, {world.crashes} crashes"
    assert broken(world.month) == [], story
    assert len(world.month.arrived) > 50, story
    assert world.crashes > 0, story
