"""Feeds asked once: how each is and what helps, and the feeds of a page, found by asking politely."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from monitor.discover import Where
from monitor.fetch import Fetcher
from monitor.model import FeedSpec, Outcome
from monitor.probe import Answer as Verdict
from monitor.probe import FeedCheck, FoundFeed, NoFeed, Prober, SeveralFeeds, check_feeds, checked, discover
from monitor.workers import Brief, Workers
from tests.factories import NOW, a_feed
from tests.loopback import Answer, Site, redirect
from tests.rss import item, rss

FEED = Answer(body=rss(item(1), item(2)), headers={"X-Robots-Tag": "noindex"})


@dataclass
class Desk:
    """A loopback site and a prober whose clock moves only by waiting."""

    site: Site
    prober: Prober
    clock: datetime = NOW
    paused: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        """Waiting moves the clock and takes no time."""
        self.paused.append(seconds)
        self.clock += timedelta(seconds=seconds)
        await asyncio.sleep(0)

    def spec(self, key: str, path: str | None = None, **given: str) -> FeedSpec:
        """A feed on the site."""
        return a_feed(key=key, url=self.site.url(path or f"/{key}"), allow_private=(self.site.pair,), **given)

    async def check(self, *keys: str) -> tuple[FeedCheck, ...]:
        """What is said of these feeds."""
        return await check_feeds(self.prober, [self.spec(key) for key in keys])

    def asked(self) -> list[str]:
        """What the site was asked for, in turn."""
        return [request.target for request in self.site.requests]


@asynccontextmanager
async def a_desk(*, connections: int = 1, **routes: Answer | bytes) -> AsyncIterator[Desk]:
    """A site with these pages; `index` is its home page."""
    workers = Workers(0, Brief(languages=(), rules=(), aliases={}))
    await workers.start()
    served = {f"/{'' if name == 'index' else name}": answer for name, answer in routes.items()}
    async with Site(served) as site, Fetcher(user_agent="test") as fetcher:
        desk: Desk
        prober = Prober(
            fetcher=fetcher,
            workers=workers,
            now=lambda: desk.clock,
            host_delay=timedelta(seconds=2),
            host_connections=connections,
        )
        desk = Desk(site, prober)
        desk.prober = replace(prober, sleep=desk.sleep)
        yield desk


def page(markup: str) -> Answer:
    """An HTML page."""
    body = f"<!doctype html><html><head><title>The Gazette</title></head><body>{markup}</body></html>".encode()
    return Answer(body=body, headers={"Content-Type": "text/html"})


def link(href: str, title: str = "") -> str:
    """An announcement."""
    return f'<link rel="alternate" type="application/rss+xml" title="{title}" href="{href}">'


# ── the configured feeds ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("answer", "verdict", "outcome", "said"),
    [
        pytest.param(FEED, Verdict.FINE, None, "", id="a feed"),
        pytest.param(redirect("/feed"), Verdict.REDIRECTED, None, "for now", id="a feed elsewhere"),
        pytest.param(redirect("/feed", 301), Verdict.REDIRECTED, None, "moved for good; write http", id="moved"),
        pytest.param(Answer(body=rss(item(1), end="")), Verdict.INCOMPLETE, Outcome.TRUNCATED, "cut off", id="cut off"),
        pytest.param(Answer(status=403), Verdict.BLOCKED, Outcome.BLOCKED, "User-Agent", id="403"),
        pytest.param(Answer(status=401), Verdict.BLOCKED, Outcome.BLOCKED, "login", id="401"),
        pytest.param(Answer(status=404), Verdict.DEAD, Outcome.HTTP_ERROR, "remove it from feeds.yaml", id="404"),
        pytest.param(Answer(status=410), Verdict.DEAD, Outcome.GONE, "remove it from feeds.yaml", id="410"),
        pytest.param(Answer(status=500), Verdict.FAILING, Outcome.HTTP_ERROR, "mostly passes", id="500"),
        pytest.param(Answer(status=429), Verdict.FAILING, Outcome.RATE_LIMITED, "fewer requests", id="429"),
        pytest.param(b"", Verdict.FAILING, Outcome.PROTOCOL, "HTTP", id="nothing"),
        pytest.param(page("Hello"), Verdict.NO_FEED, Outcome.NOT_A_FEED, "titled 'The Gazette'", id="a page"),
        pytest.param(page(link("/feed")), Verdict.NO_FEED, Outcome.NOT_A_FEED, "It announces http", id="announcing"),
    ],
)
async def test_a_feed_gets_a_verdict_and_what_helps(
    answer: Answer | bytes, verdict: Verdict, outcome: Outcome | None, said: str
) -> None:
    async with a_desk(gazette=answer, feed=FEED) as desk:
        (check,) = await desk.check("gazette")

    assert (check.answer, check.outcome) == (verdict, outcome)
    assert said in (check.detail or "")
    assert "None" not in str(check.detail or "")


async def test_a_host_that_is_not_there_is_dead_and_one_that_is_closed_is_failing() -> None:
    async with a_desk() as desk:
        gone = a_feed(key="gone", url="http://gazette.invalid/rss")
        closed = a_feed(key="closed", url="http://127.0.0.9:1/rss", allow_private=("127.0.0.9:1",))
        refused = a_feed(key="refused", url="http://127.0.0.9:1/rss")

        checks = await check_feeds(desk.prober, [gone, closed, refused])

    assert [check.answer for check in checks] == [Verdict.DEAD, Verdict.FAILING, Verdict.FAILING]
    assert 'allow_private: ["127.0.0.9:1"]' in (checks[2].detail or "")


async def test_the_facts_of_a_feed_are_told() -> None:
    async with a_desk(gazette=FEED) as desk:
        (check,) = await desk.check("gazette")

        assert check == FeedCheck(
            feed="gazette",
            answer=Verdict.FINE,
            status=200,
            format="rss20",
            entries=2,
            newest=NOW,
            language="en",
            bytes=len(FEED.body),
            robots="noindex",
            url=desk.site.url("/gazette"),
        )


async def test_two_feeds_that_end_at_one_address_are_remarked() -> None:
    async with a_desk(gazette=FEED, old=redirect("/gazette"), herald=FEED) as desk:
        gazette, herald, old = await desk.check("gazette", "herald", "old")

    assert gazette.detail is None
    assert herald.detail is None
    assert 'the same as feed "gazette"' in (old.detail or "")


async def test_a_host_is_asked_no_faster_than_its_delay() -> None:
    async with a_desk(one=FEED, two=FEED, three=FEED) as desk:
        await desk.check("one", "two", "three")

        assert desk.paused == [2.0, 2.0]


async def test_hosts_do_not_wait_for_one_another() -> None:
    async with a_desk(one=FEED) as desk, Site({"/two": FEED}, host="127.0.0.2") as other:
        two = a_feed(key="two", url=other.url("/two"), allow_private=(other.pair,))

        await check_feeds(desk.prober, [desk.spec("one"), two])

        assert desk.paused == []
        assert len(other.requests) == 1


@pytest.mark.parametrize("connections", [1, 2])
async def test_a_host_gets_only_so_many_requests_at_a_time(connections: int) -> None:
    under_way = most = 0
    both = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        if under_way == connections:
            both.set()
        await both.wait()
        yield FEED.encode()
        under_way -= 1

    async with a_desk(connections=connections) as desk:
        for key in ("one", "two", "three", "four"):
            desk.site.routes[f"/{key}"] = lambda request: slowly()

        await desk.check("one", "two", "three", "four")

    assert most == connections


async def test_a_feed_is_checked_although_its_host_asked_for_fewer_requests() -> None:
    async with a_desk(one=Answer(status=429), two=FEED) as desk:
        one, two = await desk.check("one", "two")

    assert (one.answer, one.outcome) == (Verdict.FAILING, Outcome.RATE_LIMITED)
    assert two.answer is Verdict.FINE


async def test_no_more_guesses_are_made_at_a_host_that_asks_for_fewer_requests() -> None:
    async with a_desk(page=page(link("/one") + link("/two") + link("/three")), one=Answer(status=429)) as desk:
        await found(desk, "/page")

        assert desk.asked()[:2] == ["/page", "/one"]
        assert "/three" not in desk.asked()


async def test_no_password_is_told() -> None:
    async with a_desk(
        gazette=redirect("/feed?token=hidden", 301), feed=FEED, page=page(link("/f?token=hidden"))
    ) as desk:
        url = desk.site.url("/gazette", userinfo="desk:secret@")
        private = a_feed(url=url, allow_private=(desk.site.pair,))

        said = [*await check_feeds(desk.prober, [private]), *await desk.check("page")]
        said += await check_feeds(desk.prober, [a_feed(url=url)])  # refused, with the address in the message

    assert "secret" not in repr(said)
    assert "hidden" not in repr(said)


# ── the feeds of a page ──────────────────────────────────────────────────────────────────────────────────────────────


async def found(desk: Desk, path: str = "/") -> list[tuple[str, Where]]:
    """The feeds found at a page of the site: path and where."""
    discovery = await discover(desk.prober, desk.site.url(path), allow_private=[desk.site.pair])
    return [(feed.url.removeprefix(desk.site.url("")), feed.where) for feed in discovery.feeds]


async def test_an_address_that_is_a_feed_is_the_feed() -> None:
    async with a_desk(rss=FEED) as desk:
        url = desk.site.url("/rss")

        discovery = await discover(desk.prober, url, allow_private=[desk.site.pair])

    assert discovery.feeds == (
        FoundFeed(
            url=url,
            title="The Gazette",
            format="rss20",
            entries=2,
            newest=NOW,
            language="en",
            where=Where.GIVEN,
        ),
    )
    assert discovery.detail is None


async def test_the_feeds_a_page_points_to_are_asked_and_read() -> None:
    async with a_desk(
        index=page('<a href="/sport/rss">Sport</a>' + link("/all") + link("/dead") + '<a href="/about-rss">RSS</a>'),
        all=FEED,
        **{"sport/rss": Answer(body=rss(item(7))), "about-rss": page("What RSS is")},
    ) as desk:
        discovery = await discover(desk.prober, desk.site.url(), allow_private=[desk.site.pair])

        assert await found(desk) == [("/all", Where.ANNOUNCED), ("/sport/rss", Where.LINKED)]
        ((address, why),) = discovery.refused
    assert address.endswith("/dead")
    assert "404" in why
    assert discovery.detail == "an HTML page titled 'The Gazette'"


async def test_guesses_are_made_only_when_nothing_is_announced_and_only_until_one_is_right() -> None:
    async with a_desk(index=page("Hello"), other=page(link("/dead")), **{"rss.xml": FEED, "feed.xml": FEED}) as desk:
        assert await found(desk) == [("/rss.xml", Where.GUESSED)]
        assert desk.asked() == ["/", "/feed", "/rss", "/rss.xml"]

        desk.site.requests.clear()
        assert await found(desk, "/other") == []
        assert desk.asked() == ["/other", "/dead"]


async def test_a_page_is_not_asked_for_more_than_twelve_guesses_and_each_in_its_turn() -> None:
    async with a_desk(index=page("Hello")) as desk:
        assert await found(desk) == []

        assert len(desk.asked()) == 13
        assert desk.paused == [2.0] * 12


async def test_a_host_that_asks_for_fewer_requests_is_not_searched_on() -> None:
    async with a_desk(index=page("Hello"), feed=Answer(status=429)) as desk:
        await found(desk)

        assert desk.asked() == ["/", "/feed"]


async def test_one_feed_at_two_addresses_is_found_once_and_in_two_formats_is_said_to_be_the_same() -> None:
    async with a_desk(
        index=page(link("/one") + link("/two") + link("/three") + link("/four")),
        one=FEED,
        two=redirect("/one"),
        three=Answer(body=rss(item(1), item(2), title="Also")),
        four=Answer(body=rss(item(3))),
    ) as desk:
        discovery = await discover(desk.prober, desk.site.url(), allow_private=[desk.site.pair])

        assert [(feed.url, feed.same_as) for feed in discovery.feeds] == [
            (desk.site.url("/one"), None),
            (desk.site.url("/three"), desk.site.url("/one")),
            (desk.site.url("/four"), None),
        ]


async def test_a_feed_that_has_moved_for_good_is_found_where_it_is_now() -> None:
    async with a_desk(old=redirect("/new", 301), new=FEED) as desk:
        assert await found(desk, "/old") == [("/new", Where.GIVEN)]


async def test_an_address_that_cannot_be_asked_says_why_and_what_helps() -> None:
    async with a_desk() as desk:
        missing = await discover(desk.prober, desk.site.url("/none"), allow_private=[desk.site.pair])
        refused = await discover(desk.prober, desk.site.url("/none"))

    assert "spelt right" in (missing.detail or "")
    assert "--allow-private" in (refused.detail or "")


# ── the feed that is meant ───────────────────────────────────────────────────────────────────────────────────────────

OTHER = Answer(body=rss(item(3), title="Other"))


@pytest.mark.parametrize(
    ("markup", "paths"),
    [
        pytest.param(link("/one"), ["/one"], id="one"),
        pytest.param(link("/one") + link("/same"), ["/one"], id="one in two formats"),
        pytest.param(link("/one") + link("/other", "Comments"), ["/one"], id="one, and its comments"),
        pytest.param(link("/other", "Comments"), ["/other"], id="comments alone"),
        pytest.param(link("/one") + link("/other"), ["/one", "/other"], id="two"),
        pytest.param(link("/dead"), [], id="one that is dead"),
        pytest.param("", [], id="none"),
    ],
)
async def test_the_feed_that_is_meant_by_a_page(markup: str, paths: list[str]) -> None:
    async with a_desk(index=page(markup), one=FEED, same=FEED, other=OTHER) as desk:
        meant = await checked(desk.prober, desk.site.url(), allow_private=[desk.site.pair])

        match meant:
            case FoundFeed():
                assert [meant.url] == [desk.site.url(path) for path in paths]
            case SeveralFeeds():
                assert [feed.url for feed in meant.feeds] == [desk.site.url(path) for path in paths]
                assert len(paths) > 1
            case NoFeed():
                assert paths == []
                assert "an HTML page titled 'The Gazette'" in meant.detail


async def test_an_address_that_is_a_feed_is_meant_itself() -> None:
    async with a_desk(one=FEED) as desk:
        meant = await checked(desk.prober, desk.site.url("/one"), allow_private=[desk.site.pair])

        assert isinstance(meant, FoundFeed)
        assert meant.url == desk.site.url("/one")
