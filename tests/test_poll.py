"""The pipeline, from a feed on loopback to rows in a real archive."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor import config as configuration
from monitor.archive import Archive, ArchiveThread, open_archive
from monitor.errors import WorkerFailed
from monitor.model import Outcome, PollOutcome
from monitor.poll import Poller, fresh_state, open_poller, poll_feed, poll_host, sync
from tests.factories import NOW
from tests.loopback import Answer, Request, Site, redirect
from tests.rss import item, rss

SETTINGS = """
monitor: {{contact: desk@example.org, workers: 0, host_delay: 2s, host_connections: {connections}, languages: [en, fr],
          tracking: {tracking}}}
feeds:
{feeds}
rules:
  - {{name: ukraine, query: Ukraine, channels: [desk]}}
  - {{name: nato, query: NATO, channels: [desk]}}
  - {{name: daily, query: Kyiv, channels: [desk], digest: morning}}
channels: {{desk: {{kind: email, to: [desk@example.org]}}}}
digests: {{morning: {{cron: "0 7 * * *"}}}}
"""


@dataclass
class Newsroom:
    """A loopback site, an archive, and a poller whose clock the test moves."""

    site: Site
    poller: Poller
    archive: Archive
    thread: ArchiveThread
    database: Path
    clock: datetime = NOW
    paused: list[float] = field(default_factory=list)

    async def poll(self, *keys: str) -> dict[str, PollOutcome]:
        """Polls the named feeds (or all) once, ten minutes after the last time."""
        self.clock += timedelta(minutes=10)
        outcomes: list[PollOutcome] = []
        leases = await self.thread(
            self.archive.lease, self.clock, hosts=100, ttl=timedelta(hours=1), keys=keys or None, everything=True
        )
        for lease in leases:
            await poll_host(self.poller, lease, done=outcomes.append)
        return {outcome.feed: outcome for outcome in outcomes}

    async def sleep(self, seconds: float) -> None:
        """Waiting moves the clock and takes no time."""
        self.paused.append(seconds)
        self.clock += timedelta(seconds=seconds)
        await asyncio.sleep(0)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Asks the archive file, as a user would."""
        connection = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def row(self, sql: str) -> tuple[Any, ...]:
        """The one row a question has."""
        (row,) = self.rows(sql)
        return row


Opener = Callable[..., Awaitable[Newsroom]]


@asynccontextmanager
async def newsroom(
    folder: Path, *keys: str, connections: int = 1, tracking: str = "{}", **options: str
) -> AsyncIterator[Newsroom]:
    """A newsroom whose feeds are served at `/KEY`; options go into each feed's line."""
    async with Site() as site:
        more = "".join(f", {name}: {value}" for name, value in options.items())
        feeds = "\n".join(
            f"  - {{key: {key}, url: '{site.url('/' + key)}', allow_private: ['{site.pair}']{more}}}"
            for key in keys or ("gazette",)
        )
        (folder / "feeds.yaml").write_text(SETTINGS.format(feeds=feeds, connections=connections, tracking=tracking))
        settings = configuration.load(folder / "feeds.yaml", environ={})
        thread = ArchiveThread()
        archive = await thread(open_archive, settings.archive, now=NOW)
        await sync(settings, archive=archive, thread=thread, now=NOW)
        room: Newsroom
        async with open_poller(
            settings, archive=archive, thread=thread, now=lambda: room.clock, jitter=lambda: 0.5
        ) as poller:
            room = Newsroom(site, poller, archive, thread, folder / "db" / "archive.db")
            room.poller = replace(poller, sleep=room.sleep)
            yield room
        await thread(archive.close)
        await thread.aclose()


async def test_a_first_poll_stores_and_matches_everything_and_alerts_on_nothing(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.site.routes["/gazette"] = Answer(body=rss(item(1), item(2)))

        outcomes = await room.poll()

        assert outcomes["gazette"].outcome is Outcome.NEW
        assert room.row("SELECT count(*) FROM articles") == (2,)
        assert room.row("SELECT count(*) FROM matches WHERE rule = 'ukraine'") == (2,)
        assert room.row("SELECT (SELECT count(*) FROM alerts), (SELECT count(*) FROM deliveries)") == (0, 0)


async def test_what_is_new_after_the_first_poll_alerts_once(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.site.routes["/gazette"] = Answer(body=rss(item(1)))
        await room.poll()
        room.site.routes["/gazette"] = Answer(body=rss(item(2), item(1)))

        second, third = await room.poll(), await room.poll()

        assert (second["gazette"].new, third["gazette"].new) == (1, 0)
        assert room.rows("SELECT rule, state FROM alerts") == [("ukraine", "waiting")]
        assert room.rows("SELECT channel, recipient, state FROM deliveries") == [
            ("desk", "desk@example.org", "waiting")
        ]


async def test_a_headline_of_names_has_the_language_its_feed_has_carried(tmp_path: Path) -> None:
    told = "Regeringen säger att mer pengar ska användas för att hjälpa landet under vintern, dag {}."
    async with newsroom(tmp_path) as room:
        room.site.routes["/gazette"] = Answer(
            body=rss(*(item(n, title="", description=told.format(n)) for n in range(9)))
        )
        await room.poll()
        names = item(10, title="Zelensky, Merz, Macron", description=None)
        room.site.routes["/gazette"] = Answer(body=rss(names))

        await room.poll()

        asked = "SELECT language, language_source FROM articles WHERE title LIKE 'Zelensky%'"
        assert room.row(asked) == ("sv", "feed")


async def test_a_first_poll_alerts_on_the_young_when_asked_to(tmp_path: Path) -> None:
    async with newsroom(tmp_path, alert_backlog="24h") as room:
        young, old = item(1, published=NOW - timedelta(hours=3)), item(2, published=NOW - timedelta(days=3))
        undated = item(3, published=None)
        room.site.routes["/gazette"] = Answer(body=rss(young, old, undated))

        await room.poll()

        titles = "SELECT a.title FROM alerts JOIN articles a ON a.id = alerts.article"
        assert room.rows(titles) == [("Report 1 on Ukraine",)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("{keep: [utm_source]}", "{}", id="a parameter less"),
        pytest.param("{}", "{keep: [utm_source]}", id="a parameter more"),
    ],
)
async def test_what_is_known_stays_known_when_links_are_compared_otherwise(
    tmp_path: Path, before: str, after: str
) -> None:
    def carried(*numbers: int) -> bytes:
        by_link = [item(number, guid=None, link=f"https://a.example/{number}?utm_source=rss") for number in numbers]
        renumbered = [item(7, guid="same", link=f"https://a.example/7?part={n}&utm_source=rss") for n in numbers]
        same_link = [item(8, guid=None, link="https://a.example/8?utm_source=rss", title=f"Day {n}") for n in numbers]
        return rss(*by_link, *renumbered, *same_link, item(9, link="https://a.example/9?utm_source=rss"))

    async with newsroom(tmp_path, tracking=before) as room:
        room.site.routes["/gazette"] = Answer(body=carried(1, 2))
        await room.poll()
        room.site.routes["/gazette"] = Answer(body=carried(1, 2, 3))
        await room.poll()
        counts = "SELECT (SELECT count(*) FROM articles), (SELECT count(*) FROM alerts)"
        articles, alerts = room.row(counts)
        assert alerts > 0

    async with newsroom(tmp_path, tracking=after) as room:
        room.site.routes["/gazette"] = Answer(body=carried(1, 2, 3))
        outcomes = await room.poll()

        assert outcomes["gazette"].entries == 10
        assert outcomes["gazette"].new == 0
        assert room.row(counts) == (articles, alerts)


async def test_both_validators_go_back_byte_for_byte(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        validators = {"ETag": b'W/"caf\xe9"', "Last-Modified": "yesterday, about noon"}
        room.site.routes["/gazette"] = Answer(body=rss(item(1)), headers=validators)
        await room.poll()
        room.site.routes["/gazette"] = Answer(status=304)

        outcomes = await room.poll()

        assert outcomes["gazette"].outcome is Outcome.NOT_MODIFIED
        asked = room.site.requests[-1]
        assert asked.header("If-None-Match") == validators["ETag"]
        assert asked.header("If-Modified-Since") == b"yesterday, about noon"


async def test_a_304_keeps_the_stored_validators(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.site.routes["/gazette"] = Answer(body=rss(item(1)), headers={"ETag": '"1"'})
        await room.poll()
        room.site.routes["/gazette"] = Answer(status=304)
        await room.poll()

        await room.poll()

        assert room.site.requests[-1].header("If-None-Match") == b'"1"'


async def test_the_same_body_is_not_read_again(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.site.routes["/gazette"] = Answer(body=rss(item(1)))
        await room.poll()

        outcomes = await room.poll()

        assert outcomes["gazette"].outcome is Outcome.UNCHANGED
        assert outcomes["gazette"].entries is None


async def test_a_body_that_is_cut_off_keeps_its_entries_and_advances_no_validators(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        cut = rss(item(1), item(2), end="")[:-40]
        room.site.routes["/gazette"] = Answer(body=cut, headers={"ETag": '"cut"'})

        outcomes = await room.poll()
        room.site.routes["/gazette"] = Answer(body=rss(item(1), item(2)), headers={"ETag": '"whole"'})
        await room.poll()

        assert outcomes["gazette"].outcome is Outcome.TRUNCATED
        assert outcomes["gazette"].error
        assert room.site.requests[-1].header("If-None-Match") is None
        assert room.row("SELECT count(*) FROM articles") == (2,)


async def test_a_feed_that_is_always_cut_off_alerts_all_the_same(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        for newest in range(2, 7):
            items = [item(number) for number in range(newest, 0, -1)]
            room.site.routes["/gazette"] = Answer(body=rss(*items, end="<item><title>Cut o"))
            await room.poll()

        titles = "SELECT a.title FROM alerts JOIN articles a ON a.id = alerts.article ORDER BY a.id"
        assert room.rows(titles)[-1] == ("Report 6 on Ukraine",)


def news_sitemap(*titles: str) -> Answer:
    """A news sitemap: the titles' pages are /1, /2, …, the newest last."""
    urls = "".join(
        f"<url><loc>https://gazette.example/{number}</loc><news:news><news:publication><news:name>The Gazette"
        f"</news:name><news:language>en</news:language></news:publication><news:title>{title}</news:title>"
        f"<news:publication_date>2026-11-22T0{number}:00:00Z</news:publication_date></news:news></url>"
        for number, title in enumerate(titles, start=1)
    )
    namespace = "http://www.google.com/schemas/sitemap-news/0.9"
    return Answer(body=f'<urlset xmlns:news="{namespace}">{urls}</urlset>'.encode())


async def test_a_news_sitemap_is_polled_like_a_feed(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.site.routes["/gazette"] = news_sitemap("Talks on Ukraine")
        first = (await room.poll())["gazette"]
        room.site.routes["/gazette"] = news_sitemap("Talks on Ukraine resume", "NATO meets")
        second = (await room.poll())["gazette"]
        room.site.routes["/gazette"] = news_sitemap("Talks on Ukraine resume", "NATO meets", "Ukraine answers")
        third = (await room.poll())["gazette"]

        assert [(outcome.outcome, outcome.new) for outcome in (first, second, third)] == [(Outcome.NEW, 1)] * 3
        assert room.rows("SELECT link, title, revisions FROM articles ORDER BY id") == [
            ("https://gazette.example/1", "Talks on Ukraine resume", 1),
            ("https://gazette.example/2", "NATO meets", 0),
            ("https://gazette.example/3", "Ukraine answers", 0),
        ]
        assert room.row("SELECT title, language FROM feeds") == ("The Gazette", "en")
        assert room.rows("SELECT rule FROM alerts ORDER BY id") == [("nato",), ("ukraine",)]


async def test_a_sitemap_index_is_no_feed_and_its_error_says_what_to_watch(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        body = b"<sitemapindex><sitemap><loc>https://gazette.example/news.xml</loc></sitemap></sitemapindex>"
        room.site.routes["/gazette"] = Answer(body=body)

        await room.poll()

        outcome, error = room.row("SELECT outcome, error FROM polls")
        assert outcome == Outcome.NOT_A_FEED.value
        assert error.endswith("watch one of these: https://gazette.example/news.xml")


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        pytest.param(Answer(body=b"<html><title>Log in</title>"), Outcome.NOT_A_FEED, id="a web page"),
        pytest.param(Answer(body=b""), Outcome.NOT_A_FEED, id="nothing at all"),
        pytest.param(Answer(status=404), Outcome.HTTP_ERROR, id="not found"),
        pytest.param(Answer(status=410), Outcome.GONE, id="gone"),
        pytest.param(Answer(status=403), Outcome.BLOCKED, id="forbidden"),
        pytest.param(Answer(status=429, headers={"Retry-After": "7200"}), Outcome.RATE_LIMITED, id="too many requests"),
        pytest.param(redirect("http://10.0.0.1/"), Outcome.REFUSED_ADDRESS, id="a redirect into a private network"),
        pytest.param(b"", Outcome.PROTOCOL, id="a connection closed at once"),
    ],
)
async def test_a_feed_that_fails_says_so_in_its_state_and_in_polls(
    answer: Answer | bytes, outcome: Outcome, tmp_path: Path
) -> None:
    async with newsroom(tmp_path) as room:
        room.site.routes["/gazette"] = answer

        await room.poll()

        assert room.row("SELECT outcome, error IS NOT NULL FROM polls") == (outcome.value, 1)
        state = outcome.value if outcome in (Outcome.GONE, Outcome.BLOCKED) else "failing"
        assert room.row("SELECT state, failures, last_error IS NOT NULL FROM feeds") == (state, 1, 1)


async def test_one_feeds_failure_costs_its_neighbours_nothing(tmp_path: Path) -> None:
    async with newsroom(tmp_path, "broken", "gazette") as room:
        room.site.routes["/broken"] = Answer(body=b"\x00\x01 no feed")
        room.site.routes["/gazette"] = Answer(body=rss(item(1)))

        outcomes = await room.poll()

        assert outcomes["broken"].error
        assert outcomes["gazette"].new == 1


async def test_a_success_after_failures_clears_them(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        await room.poll()
        room.site.routes["/gazette"] = Answer(body=rss(item(1)))

        await room.poll()

        assert room.row("SELECT state, failures, last_error FROM feeds") == ("ok", 0, None)


async def test_the_same_story_in_two_feeds_raises_one_alert(tmp_path: Path) -> None:
    async with newsroom(tmp_path, "gazette", "herald") as room:
        for key in ("gazette", "herald"):
            room.site.routes[f"/{key}"] = Answer(body=rss(item(1)))
        await room.poll()
        for key in ("gazette", "herald"):
            room.site.routes[f"/{key}"] = Answer(body=rss(item(2, guid=f"{key}-2"), item(1)))

        await room.poll()

        assert room.row("SELECT count(*) FROM articles WHERE title = 'Report 2 on Ukraine'") == (1,)
        assert room.row("SELECT count(*) FROM sightings WHERE guid IN ('gazette-2', 'herald-2')") == (2,)
        assert room.row("SELECT count(*) FROM alerts") == (1,)


async def test_two_feeds_that_archive_one_article_at_the_same_moment_raise_one_alert(tmp_path: Path) -> None:
    async with newsroom(tmp_path, "gazette", "herald", connections=2) as room:
        for key in ("gazette", "herald"):
            room.site.routes[f"/{key}"] = Answer(body=rss(item(1, guid=f"{key}-1")))
        await room.poll()
        both_asked = asyncio.Barrier(2)

        async def together(request: Request) -> AsyncIterator[bytes]:
            await both_asked.wait()
            yield Answer(body=rss(item(2, guid=f"{request.target}-2"))).encode()

        for key in ("gazette", "herald"):
            room.site.routes[f"/{key}"] = together

        await room.poll()

        assert room.row("SELECT count(*) FROM articles WHERE title = 'Report 2 on Ukraine'") == (1,)
        assert room.row("SELECT count(*) FROM sightings") == (4,)
        assert room.row("SELECT count(*) FROM alerts") == (1,)


async def test_a_later_carrier_with_more_text_alerts_on_what_only_it_says(tmp_path: Path) -> None:
    async with newsroom(tmp_path, "gazette", "herald") as room:
        for key in ("gazette", "herald"):
            room.site.routes[f"/{key}"] = Answer(body=rss(item(1)))
        await room.poll()
        room.site.routes["/gazette"] = Answer(body=rss(item(2)))
        await room.poll("gazette")
        longer = item(2, guid="herald-2", description="A whole report, in which NATO has its say as well.")
        room.site.routes["/herald"] = Answer(body=rss(longer))

        await room.poll("herald")

        assert room.rows("SELECT rule FROM alerts ORDER BY id") == [("ukraine",), ("nato",)]
        assert room.row("SELECT count(*) FROM articles") == (2,)


async def test_a_retitled_entry_is_a_revision_and_alerts_only_on_rules_it_newly_matches(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.site.routes["/gazette"] = Answer(body=rss(item(1)))
        await room.poll()
        room.site.routes["/gazette"] = Answer(body=rss(item(2), item(1)))
        await room.poll()
        room.site.routes["/gazette"] = Answer(body=rss(item(2, title="Ukraine and NATO talk"), item(1)))

        outcomes = await room.poll()

        assert outcomes["gazette"].outcome is Outcome.NOTHING_NEW
        assert room.rows("SELECT title FROM revisions") == [("Report 2 on Ukraine",)]
        assert room.row("SELECT title, revisions FROM articles WHERE revisions > 0") == ("Ukraine and NATO talk", 1)
        assert room.rows("SELECT rule FROM alerts ORDER BY id") == [("ukraine",), ("nato",)]


async def test_an_entry_that_comes_back_is_known(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        for items in ([item(1), item(2)], [item(2)], [item(1), item(2)]):
            room.site.routes["/gazette"] = Answer(body=rss(*items))
            await room.poll()

        assert room.row("SELECT count(*) FROM articles") == (2,)
        assert room.row("SELECT count(*) FROM alerts") == (0,)


async def test_a_poll_that_shares_nothing_with_the_last_is_a_gap(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        for items in ([item(1), item(2)], [item(3), item(2)], [item(8), item(9)]):
            room.site.routes["/gazette"] = Answer(body=rss(*items))
            await room.poll()

        assert room.rows("SELECT gap FROM polls ORDER BY rowid") == [(None,), (0,), (1,)]


async def test_what_a_rule_with_a_digest_finds_waits_for_it_without_a_time(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.site.routes["/gazette"] = Answer(body=rss(item(1)))
        await room.poll()
        room.site.routes["/gazette"] = Answer(body=rss(item(2, title="Rain in Kyiv", description="It rains."), item(1)))

        await room.poll()

        assert room.rows("SELECT rule, state FROM alerts") == [("daily", "waiting")]
        assert room.rows("SELECT why, due_at FROM deliveries") == [("digest", None)]


async def test_a_host_is_asked_no_faster_than_its_delay(tmp_path: Path) -> None:
    async with newsroom(tmp_path, "one", "two", "three") as room:
        await room.poll()

        assert room.paused == [2.0, 2.0]


async def test_retry_after_is_obeyed(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.site.routes["/gazette"] = Answer(status=503, headers={"Retry-After": "80000"})

        outcomes = await room.poll()

        assert outcomes["gazette"].next_poll_at >= room.clock + timedelta(seconds=80000)


async def test_a_fault_of_our_own_is_charged_to_its_feed_and_costs_its_neighbours_nothing(tmp_path: Path) -> None:
    async with newsroom(tmp_path, "gazette", "courier") as room:
        room.site.routes |= {"/gazette": Answer(body=rss(item(1))), "/courier": Answer(body=rss(item(2)))}
        workers = room.poller.workers
        read = workers.read

        async def stumbles(body: bytes, **given: Any) -> Any:
            if given["feed"] == "gazette":
                raise ZeroDivisionError("secret")
            return await read(body, **given)

        workers.read = stumbles  # type: ignore[method-assign]
        outcomes = await room.poll()

        assert outcomes["courier"].outcome is Outcome.NEW
        assert outcomes["gazette"].next_poll_at > room.clock
        assert room.row("SELECT state, failures, last_error FROM feeds WHERE key = 'gazette'") == (
            "failing",
            1,
            "a fault of monitor's own: ZeroDivisionError. The log says more",
        )


class LostWorkers:
    """Workers whose process dies over every document, or every article."""

    def __init__(self, inline: Any, *, at: str) -> None:
        self.inline, self.at = inline, at

    async def read(self, *arguments: Any, **named: Any) -> Any:
        if self.at == "read":
            raise WorkerFailed("the worker was killed")
        return await self.inline.read(*arguments, **named)

    async def enrich(self, *arguments: Any, **named: Any) -> Any:
        raise WorkerFailed("the worker was killed")


@pytest.mark.parametrize("step", ["read", "enrich"])
async def test_a_worker_that_dies_fails_the_poll_and_the_next_one_gets_everything(step: str, tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.site.routes["/gazette"] = Answer(body=rss(item(1)), headers={"ETag": '"1"'})
        healthy = room.poller
        room.poller = replace(healthy, workers=LostWorkers(healthy.workers, at=step))  # type: ignore[arg-type]

        failed = await room.poll()
        room.poller = healthy
        worked = await room.poll()

        assert failed["gazette"].outcome is Outcome.PARSER
        assert worked["gazette"].new == 1
        assert room.site.requests[-1].header("If-None-Match") is None


async def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.site.routes["/gazette"] = Answer(body=rss(item(1)))
        (spec,) = room.poller.config.feeds

        outcome = await poll_feed(room.poller, spec, fresh_state(spec, NOW))

        assert outcome.new == 1
        assert room.rows("SELECT * FROM polls") == []
        assert room.rows("SELECT * FROM articles") == []


async def test_a_feed_removed_while_its_host_was_leased_is_not_polled(tmp_path: Path) -> None:
    async with newsroom(tmp_path, "gazette", "herald") as room:
        room.poller = replace(room.poller, config=replace(room.poller.config, feeds=room.poller.config.feeds[1:]))

        outcomes = await room.poll()

        assert set(outcomes) == {"herald"}
