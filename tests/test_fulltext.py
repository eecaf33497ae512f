"""An article's page, from the feed that links to it to what it adds to the archive."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from monitor import config as configuration
from monitor.archive import Archive, ArchiveThread, open_archive
from monitor.compose import Composer
from monitor.model import HostLease, PageOutcome, PollOutcome
from monitor.poll import Poller, open_poller, poll_host
from tests.factories import NOW
from tests.loopback import Answer, Request, Route, Site, redirect
from tests.mails import body
from tests.rss import item, rss

SETTINGS = """
monitor: {{contact: desk@example.org, workers: 0, host_delay: 2s, host_connections: 1, languages: [en, fr]}}
feeds:
{feeds}
rules:
  - {{name: ukraine, query: Ukraine, channels: [desk]}}
  - {{name: corridor, query: corridor, channels: [desk]}}
  - {{name: daily, query: harbour, channels: [desk], digest: morning}}
channels: {{desk: {{kind: email, to: [desk@example.org]}}}}
digests: {{morning: {{cron: "0 7 * * *"}}}}
"""

TEASER = "What happened in Ukraine on this day, told in a sentence of some length by our correspondent."
REST = (
    "The ministers agreed late at night on a corridor for grain ships that leads along the western coast.",
    "Insurers had asked for it since the summer, because no company would send its crews without an escort.",
    "The first three vessels are expected to leave the harbour before the end of the week, officials said.",
)


def a_page(*paragraphs: str, title: str = "Report on Ukraine") -> Answer:
    """A newsroom's page with these paragraphs; by default the teaser and what follows it."""
    text = "".join(f"<p>{each}</p>" for each in paragraphs or (TEASER, *REST))
    body = f"<html lang=en><body><nav><a href=/>Home</a></nav><article><h1>{title}</h1>{text}</article></body></html>"
    return Answer(body=body.encode(), headers={"Content-Type": "text/html; charset=utf-8"})


@dataclass
class Newsroom:
    """A site with feeds and pages, an archive, and a poller whose clock the test moves."""

    site: Site
    poller: Poller
    archive: Archive
    thread: ArchiveThread
    database: Path
    clock: datetime = NOW
    started: list[tuple[str, datetime]] = field(default_factory=list)  # requests, by the moved clock

    def serve(self, path: str, answer: Route) -> None:
        """Serves an answer, noting when it was asked for."""

        def noted(request: Request) -> Any:
            self.started.append((request.target, self.clock))
            return answer(request) if callable(answer) else answer

        self.site.routes[path] = noted

    def feed(self, *numbers: int, key: str = "gazette", **given: str | None) -> None:
        """Lets a feed carry these entries, which link to `/NUMBER`."""
        items = [item(n, **{"description": TEASER, "link": self.site.url(f"/{n}")} | given) for n in numbers]
        self.serve(f"/{key}", Answer(body=rss(*items)))

    async def lease(self, **given: Any) -> tuple[HostLease, ...]:
        """What is to be done now."""
        return await self.thread(self.archive.lease, self.clock, hosts=100, ttl=timedelta(hours=1), **given)

    async def poll(self) -> list[PollOutcome]:
        """Polls every feed ten minutes after the last time, and reads no page: as if killed right after."""
        self.clock += timedelta(minutes=10)
        outcomes: list[PollOutcome] = []
        for lease in await self.lease(everything=True):
            await poll_host(self.poller, replace(lease, pages=()), done=outcomes.append)
        return outcomes

    async def read_pages(self) -> list[PageOutcome]:
        """Reads the pages that are due, and polls nothing."""
        outcomes: list[PageOutcome] = []
        for lease in await self.lease(pages_only=True):
            await poll_host(self.poller, lease, done=lambda _: None, page_done=outcomes.append)
        return outcomes

    async def compose(self) -> int:
        """Composes all that waits."""
        composer = Composer(config=self.poller.config, archive=self.archive, thread=self.thread, now=lambda: self.clock)
        await composer.begin()
        return await composer.compose_due(everything=True)

    async def sleep(self, seconds: float) -> None:
        """Waiting moves the clock and takes no time."""
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

    @property
    def alerts(self) -> list[tuple[str, str]]:
        """Rule and state of every alert, in the order of raising."""
        return self.rows("SELECT rule, state FROM alerts ORDER BY id")


@asynccontextmanager
async def newsroom(folder: Path, *lines: str) -> AsyncIterator[Newsroom]:
    """A newsroom with one feed, or with one for each line; `{pair}` in a line is the site's address."""
    async with Site() as site:
        usual = "key: gazette, fulltext: true, allow_private: ['{pair}']"
        feeds = "\n".join(
            f"  - {{{line.format(pair=site.pair)}, url: '{site.url('/' + line.split(',')[0].split()[1])}'}}"
            for line in lines or (usual,)
        )
        (folder / "feeds.yaml").write_text(SETTINGS.format(feeds=feeds))
        settings = configuration.load(folder / "feeds.yaml", environ={})
        thread = ArchiveThread()
        archive = await thread(open_archive, settings.archive, now=NOW)
        await thread(archive.sync_feeds, settings.feeds, NOW)
        room: Newsroom
        async with open_poller(
            settings, archive=archive, thread=thread, now=lambda: room.clock, jitter=lambda: 0.5
        ) as poller:
            room = Newsroom(site, poller, archive, thread, folder / "db" / "archive.db")
            room.poller = replace(poller, sleep=room.sleep)
            yield room
        await thread(archive.close)
        await thread.aclose()


async def primed(room: Newsroom) -> None:
    """The gazette has been polled once, with one entry whose page is gone."""
    room.feed(0)
    await room.poll()
    await room.read_pages()
    room.started.clear()


async def test_a_word_that_only_the_page_holds_alerts_when_the_page_was_read_and_once(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        await primed(room)
        room.serve("/1", a_page())
        room.feed(1, 0)

        await room.poll()
        before = room.alerts
        outcomes = await room.read_pages()
        again = [await room.read_pages(), await room.poll(), await room.read_pages()]

        assert before == [("ukraine", "waiting")]
        assert [len(outcome.alerts) for outcome in outcomes] == [2]
        assert room.alerts == [("ukraine", "waiting"), ("corridor", "waiting"), ("daily", "waiting")]
        assert (again[0], again[2]) == ([], [])
        assert room.row("SELECT count(*), count(DISTINCT alert) FROM deliveries") == (3, 3)
        assert room.row("SELECT state, attempts, next_attempt_at, status, error FROM pages WHERE article = 2") == (
            ("read", 1, None, 200, None)
        )


async def test_the_pages_text_takes_the_place_of_the_feeds_and_is_found(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        await primed(room)
        room.serve("/1", a_page())
        room.feed(1, 0)
        await room.poll()
        digests = "SELECT content_digest, fingerprint, revisions, updated_at FROM articles WHERE id = 2"
        before = room.row(digests)

        await room.read_pages()

        assert room.row("SELECT text, text_source, language FROM articles WHERE id = 2") == (
            "\n".join((TEASER, *REST)),
            "page",
            "en",
        )
        assert room.row("SELECT chars FROM pages WHERE article = 2") == (sum(len(each) + 1 for each in REST),)
        assert room.rows("SELECT rowid FROM articles_fts WHERE articles_fts MATCH 'insurers'") == [(2,)]
        assert room.row(digests) == before


async def test_the_mail_shows_what_the_page_says(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        await primed(room)
        room.serve("/1", a_page())
        room.feed(1, 0)
        await room.poll()

        await room.read_pages()
        await room.compose()

        (mail,) = room.row("SELECT bytes FROM messages WHERE rule = 'corridor'")
        assert "grain ships" in body(mail, "plain")


async def test_what_the_feed_says_and_the_page_does_not_stands_before_it(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        await primed(room)
        teaser = (
            "Ministers agree a corridor for grain ships along the western coast; markets in Chicago react with relief, "
        )
        teaser += "brokers report, while wheat futures tumble"
        room.serve("/1", a_page(*REST))
        room.feed(1, 0, description=teaser)
        await room.poll()

        await room.read_pages()

        assert room.row("SELECT text FROM articles WHERE id = 2") == ("\n".join((teaser, *REST)),)


async def test_the_next_poll_does_not_bring_the_teaser_back(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.serve("/1", a_page())
        room.feed(1, title="Report on Ukraine")
        await room.poll()
        await room.read_pages()
        # The same entry with another date: judged anew, and known.
        room.feed(1, title="Report on Ukraine", category="world")

        (outcome,) = await room.poll()

        assert outcome.entries == 1
        assert room.row("SELECT text_source, revisions FROM articles") == ("page", 0)
        assert room.rows("SELECT count(*) FROM revisions") == [(0,)]
        assert await room.read_pages() == []


async def test_a_revised_entry_keeps_the_longer_text_until_its_page_is_read_again(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        await primed(room)
        room.serve("/1", a_page())
        room.feed(1, 0)
        await room.poll()
        await room.read_pages()
        room.feed(1, 0, title="Corrected: report on Ukraine")
        room.serve(
            "/1", a_page(TEASER, *REST[:2], "A spokesman denied that a vote had been taken on the matter at all.")
        )

        await room.poll()
        between = room.row("SELECT title, text, text_source, revisions FROM articles WHERE id = 2")
        too_early = await room.read_pages()
        room.clock += timedelta(hours=1)
        outcome = next(outcome for outcome in await room.read_pages() if outcome.wanted.id == 2)

        assert between == ("Corrected: report on Ukraine", "\n".join((TEASER, *REST)), "page", 1)
        assert room.row("SELECT title FROM revisions WHERE article = 2") == ("Report 1 on Ukraine",)
        assert too_early == []
        assert outcome.full_text is not None
        assert room.row("SELECT text LIKE '%spokesman denied%', revisions FROM articles WHERE id = 2") == (1, 1)
        assert room.alerts == [("ukraine", "waiting"), ("corridor", "waiting"), ("daily", "waiting")]


async def test_a_longer_text_in_the_feed_takes_the_place_of_the_pages(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.serve("/1", a_page())
        room.feed(1)
        await room.poll()
        await room.read_pages()
        whole = " ".join((TEASER, *REST, *REST))
        room.feed(1, description=whole)

        await room.poll()

        assert room.row("SELECT text, text_source FROM articles") == (whole, "feed")


async def test_a_revision_while_the_page_is_read_is_not_overwritten(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.serve("/1", a_page())
        room.feed(1)
        await room.poll()
        leases = await room.lease(pages_only=True)
        (page,) = leases[0].pages
        for lease in leases:
            await room.thread(room.archive.release, lease, last_request_at=None)
        room.feed(1, title="Another title altogether")
        await room.poll()
        outcomes: list[PageOutcome] = []

        late = replace(leases[0], pages=(page,))
        await poll_host(room.poller, late, done=lambda _: None, page_done=outcomes.append)

        assert outcomes == []
        assert room.row("SELECT title, text, text_source FROM articles") == ("Another title altogether", TEASER, "feed")
        assert room.row("SELECT state, attempts FROM pages") == ("waiting", 0)


async def test_the_pages_of_a_first_poll_are_read_and_matched_and_alert_on_nothing(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.serve("/1", a_page())
        room.feed(1)

        await room.poll()
        await room.read_pages()

        assert room.row("SELECT count(*) FROM matches WHERE rule = 'corridor'") == (1,)
        assert room.alerts == []


@pytest.mark.parametrize(
    ("answer", "error", "status", "attempts"),
    [
        pytest.param(Answer(status=404), "there is nothing at the page's address", 404, 1, id="not found"),
        pytest.param(Answer(status=410), "the page is gone for good", 410, 1, id="gone"),
        pytest.param(Answer(status=403), "it will not give us this page", 403, 1, id="forbidden"),
        pytest.param(Answer(status=402), "it will not give us this page", 402, 1, id="payment required"),
        pytest.param(Answer(status=500), "answered 500", 500, 4, id="a server in trouble"),
        pytest.param(b"", "", None, 4, id="a connection closed at once"),
        pytest.param(redirect("http://10.0.0.1/1"), "not a public address", None, 1, id="into a private network"),
        pytest.param(redirect("/"), "leads to the front page", 200, 1, id="to the front page"),
        pytest.param(
            Answer(body=b"%PDF-1.7", headers={"Content-Type": "application/pdf"}),
            "the page is application/pdf, not a web page",
            200,
            1,
            id="a document",
        ),
        pytest.param(
            a_page("Please log in to read on, or subscribe.<form><input type=password></form>"),
            "the page wants a login",
            200,
            1,
            id="a login",
        ),
        pytest.param(
            a_page(
                "We and our partners store information on a device, such as cookies, and process personal data.",
                "You may accept or manage your choices by clicking below, including your right to object at any time.",
                "These choices will be signalled to our partners and will not affect browsing data of any kind.",
                title="We value your privacy",
            ),
            "the page does not seem to be the article",
            200,
            1,
            id="a consent wall",
        ),
        pytest.param(a_page(TEASER[:50]), "the page has hardly any text", 200, 1, id="less than the teaser"),
        pytest.param(a_page(*REST), "has no more text", 200, 1, id="no more than the feed has"),
    ],
)
async def test_without_a_usable_page_the_feeds_text_stays_and_the_reason_is_kept(
    answer: Answer | bytes, error: str, status: int | None, attempts: int, tmp_path: Path
) -> None:
    async with newsroom(tmp_path) as room:
        await primed(room)
        room.serve("/1", answer)
        room.serve("/", a_page())
        description = " ".join((*REST, TEASER)) if error == "has no more text" else TEASER
        room.feed(1, 0, description=description)
        await room.poll()
        alerts = room.alerts

        for _ in range(6):
            await room.read_pages()
            room.clock += timedelta(hours=3)

        assert room.row("SELECT text, text_source FROM articles WHERE id = 2") == (description, "feed")
        state, reason, *rest = room.row("SELECT state, error, status, attempts FROM pages WHERE article = 2")
        assert (state, *rest) == ("failed", status, attempts)
        assert error in reason
        # A kept connection that dies is no attempt: the request is made again at once.
        assert sum(target == "/1" for target, _ in room.started) in (attempts, attempts + 1)
        assert room.alerts == alerts


async def test_a_page_that_fails_is_tried_again_after_5_minutes_then_30_then_2_hours(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        await primed(room)
        room.serve("/1", Answer(status=500))
        room.feed(1, 0)
        await room.poll()
        waits = []

        for _ in range(4):
            await room.read_pages()
            ((due,),) = room.rows("SELECT next_attempt_at FROM pages WHERE article = 2")
            if due:
                waits.append(datetime.fromisoformat(due) - room.clock)
                room.clock = datetime.fromisoformat(due)

        assert waits == [timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2)]


async def test_a_host_that_asks_for_rest_gets_it_for_all_its_pages(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.serve("/2", Answer(status=429, headers={"Retry-After": "7200"}))
        room.serve("/1", a_page())
        room.feed(2, 1)
        await room.poll()

        await room.read_pages()
        room.serve("/2", a_page())
        room.clock += timedelta(minutes=119)
        early = await room.read_pages()
        room.clock += timedelta(minutes=2)
        await room.read_pages()

        assert early == []
        assert [target for target, _ in room.started] == ["/gazette", "/2", "/2", "/1"]


async def test_a_page_that_is_cut_off_is_asked_for_again_and_at_last_taken_as_it_is(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        whole = a_page()
        assert isinstance(whole, Answer)
        cut = whole.body[:-60]
        room.serve("/1", Answer(body=cut, headers={"Content-Length": str(len(whole.body)), "Connection": "close"}))
        room.feed(1)
        await room.poll()

        states = []
        for _ in range(4):
            await room.read_pages()
            states.append(room.row("SELECT state FROM pages"))
            room.clock += timedelta(hours=3)

        assert states == [("waiting",), ("waiting",), ("waiting",), ("read",)]
        assert room.row("SELECT text_source FROM articles") == ("page",)


async def test_pages_share_the_pace_of_their_hosts_feeds_and_come_after_them(tmp_path: Path) -> None:
    lines = [f"key: {key}, fulltext: true, allow_private: ['{{pair}}']" for key in ("gazette", "courier")]
    async with newsroom(tmp_path, *lines) as room:
        for number in (1, 2, 3):
            room.serve(f"/{number}", a_page())
        room.feed(1, 2)
        room.feed(3, key="courier", description="Something else altogether that shares no words with others.")
        await room.poll()
        room.started.clear()
        room.clock += timedelta(minutes=10)

        for lease in await room.lease(everything=True):
            await poll_host(room.poller, lease, done=lambda _: None)

        targets = [target for target, _ in room.started]
        assert sorted(targets[:2]) == ["/courier", "/gazette"]
        assert sorted(targets[2:]) == ["/1", "/2", "/3"]
        instants = [at for _, at in room.started]
        assert all(after - before == timedelta(seconds=2) for before, after in pairwise(instants))


async def test_a_lease_takes_a_few_pages_the_newest_articles_first(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.feed(*range(30, 0, -1))
        await room.poll()

        (lease,) = await room.lease(pages_only=True)

        assert [page.url for page in lease.pages] == [room.site.url(f"/{number}") for number in range(30, 20, -1)]


async def test_a_kill_between_poll_and_page_loses_nothing(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        await primed(room)
        room.serve("/1", a_page())
        room.feed(1, 0)
        await room.poll()
        await room.lease(pages_only=True)  # and here it is killed, with the lease in its hands

        held = await room.read_pages()
        room.clock += timedelta(hours=1)
        await room.read_pages()

        assert held == []
        assert room.alerts == [("ukraine", "waiting"), ("corridor", "waiting"), ("daily", "waiting")]


async def test_an_article_of_two_feeds_has_its_page_read_once(tmp_path: Path) -> None:
    lines = [f"key: {key}, fulltext: true, allow_private: ['{{pair}}']" for key in ("gazette", "courier")]
    async with newsroom(tmp_path, *lines) as room:
        room.serve("/1", a_page())
        room.feed(1)
        await room.poll()
        await room.read_pages()
        room.feed(1, key="courier")

        await room.poll()
        room.clock += timedelta(hours=2)
        await room.read_pages()

        assert room.row("SELECT count(*) FROM articles") == (1,)
        assert room.row("SELECT count(*) FROM sightings") == (2,)
        assert [target for target, _ in room.started].count("/1") == 1


async def test_a_page_is_guarded_as_its_feed_is(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room, Site({"/1": a_page()}, host="127.0.0.2") as private:
        room.feed(1, link=private.url("/1"))
        await room.poll()

        await room.read_pages()

        assert private.connections == 0
        assert room.row("SELECT state, attempts FROM pages") == ("failed", 1)


async def test_a_page_is_asked_for_as_html_without_conditions(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.serve("/1", a_page())
        room.feed(1)
        await room.poll()

        await room.read_pages()

        asked = room.site.requests[-1]
        assert (asked.header("Accept") or b"").startswith(b"text/html")
        assert asked.header("If-None-Match") is None


async def test_without_fulltext_no_page_is_wanted(tmp_path: Path) -> None:
    async with newsroom(tmp_path, "key: gazette, allow_private: ['{pair}']") as room:
        room.feed(1)

        await room.poll()

        assert room.rows("SELECT * FROM pages") == []
        assert await room.lease(pages_only=True) == ()


async def test_pages_that_wait_when_fulltext_is_switched_off_are_given_up_unasked(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.feed(1)
        await room.poll()
        feeds = tuple(replace(feed, fulltext=False) for feed in room.poller.config.feeds)
        room.poller = replace(room.poller, config=replace(room.poller.config, feeds=feeds))

        await room.read_pages()

        assert room.row("SELECT state, error LIKE '%switched off%' FROM pages") == ("failed", 1)
        assert [target for target, _ in room.started] == ["/gazette"]


async def test_the_pages_of_a_paused_feed_wait(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.feed(1)
        await room.poll()
        feeds = [replace(feed, paused=True) for feed in room.poller.config.feeds]
        await room.thread(room.archive.sync_feeds, feeds, room.clock)

        assert await room.lease(pages_only=True) == ()
        assert len(await room.lease(pages_only=True, keys=["gazette"])) == 1
