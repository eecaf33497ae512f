"""How servers are treated over time, whatever they answer: never a storm of requests, never given up, nothing believed
too soon. The clock is injected: a week takes a second."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from pathlib import Path

import pytest

from monitor.compose import Composer
from monitor.fetch import Fetcher
from monitor.guard import GuardedTransport
from monitor.model import Outcome
from monitor.poll import poll_host
from monitor.watch import queue_notice, queue_storm_notice
from tests.factories import NOW
from tests.loopback import Answer, Request, Route, Site, redirect
from tests.rss import item, rss
from tests.test_poll import Newsroom, newsroom

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TICK = timedelta(seconds=10)
FEED = Answer(body=rss(item(1), item(2)))


async def live(room: Newsroom, span: timedelta) -> list[tuple[datetime, str]]:
    """Lets the daemon's ticks go by for a while: when was asked, and what for. Nothing waits for real."""
    asked: list[tuple[datetime, str]] = []
    end = room.clock + span
    while room.clock < end:
        seen = len(room.site.requests)
        for lease in await room.thread(room.archive.lease, room.clock, hosts=99, ttl=HOUR):
            await poll_host(room.poller, lease, done=lambda _: None)
        asked += [(room.clock, request.target) for request in room.site.requests[seen:]]
        (due,) = room.row("SELECT min(next_poll_at) FROM feeds WHERE state NOT IN ('paused', 'removed')")
        # What is due and was not leased waits for its host.
        room.clock = min(max(datetime.fromisoformat(due), room.clock + TICK), end)
    return asked


def a_day(asked: list[tuple[datetime, str]]) -> list[int]:
    """How many requests fell on each day, in order."""
    return list(Counter((at - NOW) // DAY for at, _ in asked).values())


# ── a server that asks for fewer requests ────────────────────────────────────────────────────────────────────────────

IN_TWO_HOURS = format_datetime(NOW + 10 * MINUTE + 2 * HOUR, usegmt=True)
YESTERDAY = format_datetime(NOW - DAY, usegmt=True)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("value", "least", "most"),
    [
        pytest.param("30", 30 * MINUTE, 40 * MINUTE, id="less than we would wait anyway"),
        pytest.param("7200", 2 * HOUR, 3 * HOUR, id="two hours"),
        pytest.param(IN_TWO_HOURS, 2 * HOUR - MINUTE, 3 * HOUR, id="a date"),
        pytest.param("1000000000000", DAY, DAY + MINUTE, id="for ever"),
        pytest.param(YESTERDAY, 14 * MINUTE, HOUR, id="a date that is over"),
        pytest.param("-1", 14 * MINUTE, HOUR, id="negative"),
    ],
)
async def test_retry_after_is_obeyed_up_to_a_day(
    status: int, value: str, least: timedelta, most: timedelta, tmp_path: Path
) -> None:
    async with newsroom(tmp_path) as room:
        room.site.routes["/gazette"] = Answer(status=status, headers={"Retry-After": value})

        outcome = (await room.poll())["gazette"]
        room.site.routes["/gazette"] = FEED
        asked = await live(room, 2 * DAY)

        assert outcome.outcome is Outcome.RATE_LIMITED
        assert least <= asked[0][0] - outcome.at <= most
        assert room.row("SELECT state FROM feeds") == ("ok",)


@pytest.mark.parametrize("value", ["abc", "", "30 seconds", "1e9", "\N{ARABIC-INDIC DIGIT ONE}0"])
async def test_a_retry_after_that_says_nothing_leaves_our_own_back_off(value: str, tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.site.routes["/gazette"] = Answer(status=429, headers={"Retry-After": value.encode()})

        asked = await live(room, DAY)

        gaps = [later - before for (before, _), (later, _) in pairwise(asked)]
        assert gaps == sorted(gaps)
        assert len(asked) <= 8


async def test_a_host_of_many_feeds_that_limits_them_all_is_asked_once_a_limit(tmp_path: Path) -> None:
    async with newsroom(tmp_path, *(f"feed-{number}" for number in range(20)), connections=2) as room:
        for number in range(20):
            room.site.routes[f"/feed-{number}"] = Answer(status=429, headers={"Retry-After": "3600"})

        asked = await live(room, 6 * HOUR)

        assert len(asked) <= 20  # twenty feeds at fifteen minutes would have asked 480 times


# ── a server that will not have us ───────────────────────────────────────────────────────────────────────────────────

CHALLENGE = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>enable JavaScript</body></html>"
HTML = {"Content-Type": "text/html; charset=utf-8"}


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(status=403), id="403"),
        pytest.param(Answer(status=403, headers={"cf-mitigated": "challenge"}), id="a challenge by header"),
        pytest.param(Answer(status=200, headers=HTML, body=CHALLENGE), id="a challenge as success"),
        pytest.param(Answer(status=503, headers=HTML, body=CHALLENGE), id="a challenge as trouble"),
        pytest.param(Answer(status=202, headers=HTML, body=CHALLENGE), id="a challenge as accepted"),
        pytest.param(Answer(status=401), id="401"),
        pytest.param(Answer(status=402), id="402"),
        pytest.param(Answer(status=407), id="407"),
        pytest.param(Answer(status=451), id="451"),
        pytest.param(b"HTTP/1.1 999 Denied\r\nContent-Length: 0\r\n\r\n", id="999"),
    ],
)
async def test_a_feed_that_is_refused_is_asked_rarely_told_once_and_works_again_by_itself(
    answer: Answer | bytes, tmp_path: Path
) -> None:
    async with newsroom(tmp_path) as room:
        room.site.routes["/gazette"] = FEED
        await room.poll()
        room.site.routes["/gazette"] = answer

        asked = await live(room, 7 * DAY)
        state = room.row("SELECT state, last_outcome FROM feeds")
        told = [await queue_notice(room.thread, room.archive, room.poller.config, now=room.clock) for _ in range(3)]
        room.site.routes["/gazette"] = Answer(body=rss(item(3), item(2)))
        await live(room, DAY)
        ended = await queue_notice(room.thread, room.archive, room.poller.config, now=room.clock)

        assert state == ("blocked", "blocked")
        assert len(asked) <= 16
        assert told == ["1 feed fails: gazette", None, None]
        assert ended == "1 feed works again: gazette"
        assert room.row("SELECT state FROM feeds") == ("ok",)
        assert room.row("SELECT count(*) FROM alerts WHERE kind = 'article'") == (1,)


# ── a feed that is gone for a while ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("status", [404, 410])
async def test_a_feed_that_is_gone_is_asked_daily_and_comes_back_by_itself(status: int, tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.site.routes["/gazette"] = FEED
        await room.poll()
        room.site.routes["/gazette"] = Answer(status=status)

        asked = await live(room, 6 * DAY)
        told = await queue_notice(room.thread, room.archive, room.poller.config, now=room.clock)
        room.site.routes["/gazette"] = Answer(body=rss(item(4), item(3), item(2)))
        await live(room, DAY + HOUR)

        assert max(a_day(asked)[1:]) <= 1
        assert told == "1 feed fails: gazette"
        assert room.row("SELECT state FROM feeds") == ("ok",)
        assert room.row("SELECT count(*) FROM articles") == (4,)


async def test_a_name_that_is_gone_is_asked_hourly_then_daily_and_comes_back_by_itself(tmp_path: Path) -> None:
    known = False
    looked_up: list[datetime] = []

    async def resolver(host: str) -> list[str]:
        looked_up.append(room.clock)
        if not known:
            raise OSError(-2, "Name or service not known")
        return ["127.0.0.1"]

    async with newsroom(tmp_path) as room:
        transport = GuardedTransport(connections=9, keepalive=timedelta(seconds=1), resolver=resolver)
        async with Fetcher(user_agent="test", transport=transport) as fetcher:
            room.poller = replace(room.poller, fetcher=fetcher)
            room.site.routes["/gazette"] = FEED

            await live(room, 7 * DAY)
            counts = a_day([(at, "") for at in looked_up])
            known = True
            await live(room, DAY + HOUR)

        assert 20 <= counts[0] <= 30
        assert counts[-1] <= 1
        assert room.row("SELECT state FROM feeds") == ("ok",)


# ── redirects ────────────────────────────────────────────────────────────────────────────────────────────────────────


def every_other(first: Answer, second: Answer) -> Callable[[Request], Answer]:
    """Answers one way and the other in turn."""
    asked = 0

    def route(_: Request) -> Answer:
        nonlocal asked
        asked += 1
        return first if asked % 2 else second

    return route


def once(first: Answer, then: Answer) -> Callable[[Request], Answer]:
    """Answers one way the first time only."""
    answers = iter([first])
    return lambda _: next(answers, then)


@pytest.mark.parametrize(
    "routes",
    [
        pytest.param({"/gazette": once(redirect("/new", 301), FEED), "/new": FEED}, id="once"),
        pytest.param({"/gazette": every_other(redirect("/new", 301), FEED), "/new": FEED}, id="every other time"),
        pytest.param(
            {"/gazette": every_other(redirect("/new", 301), redirect("/other", 301)), "/new": FEED, "/other": FEED},
            id="elsewhere each time",
        ),
        pytest.param({"/gazette": redirect("/new", 302), "/new": FEED}, id="for now only"),
        pytest.param(
            {"/gazette": redirect("/new", 301), "/new": redirect("/newer", 302), "/newer": FEED}, id="partly for now"
        ),
        pytest.param({"/gazette": redirect("/new", 301), "/new": Answer(body=b"<html>Log in")}, id="to a login"),
        pytest.param({"/gazette": redirect("/gazette", 301)}, id="to itself"),
        pytest.param({"/gazette": redirect("http://10.0.0.1/", 301)}, id="into a private network"),
        pytest.param({"/gazette": redirect("/courier", 301), "/courier": FEED}, id="to another feed of ours"),
    ],
)
async def test_an_address_is_kept_when_nothing_better_is_certain(routes: dict[str, Route], tmp_path: Path) -> None:
    async with newsroom(tmp_path, "gazette", "courier") as room:
        room.site.routes |= {"/courier": Answer(body=rss(item(9)))} | routes

        for _ in range(8):
            await room.poll("gazette")

        assert room.row("SELECT url = given_url FROM feeds WHERE key = 'gazette'") == (1,)
        assert room.row("SELECT count(*) FROM feed_moves") == (0,)
        assert room.row("SELECT count(*) FROM feeds") == (2,)


# ── hints ────────────────────────────────────────────────────────────────────────────────────────────────────────────

SY = 'xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"'


@pytest.mark.parametrize(
    "hint",
    [
        *(f"<ttl>{value}</ttl>" for value in ("0", "999999", "-5", "abc", "9" * 400, "")),
        *(
            f"<sy:updatePeriod>{period}</sy:updatePeriod><sy:updateFrequency>{frequency}</sy:updateFrequency>"
            for period, frequency in (("hourly", "0"), ("yearly", "1"), ("never", "-3"), ("daily", "9" * 400))
        ),
        "<skipHours>" + "".join(f"<hour>{hour}</hour>" for hour in range(25)) + "</skipHours>",
        "<skipDays><day>Monday</day><day>Someday</day></skipDays>",
    ],
)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Cache-Control": "max-age=0"},
        {"Cache-Control": "max-age=315360000"},
        {"Cache-Control": "max-age=" + "9" * 400, "Age": "-7"},
        {"Expires": "0"},
        {"Expires": "-1"},
        {"Expires": "Fri, 31 Dec 9999 23:59:59 GMT"},
    ],
    ids=str,
)
async def test_no_hint_takes_a_feed_out_of_its_bounds(hint: str, headers: dict[str, str], tmp_path: Path) -> None:
    document = rss(item(1)).replace(b"<rss ", f"<rss {SY} ".encode()).replace(b"<channel>", f"<channel>{hint}".encode())
    async with newsroom(tmp_path, "free", every="10m", max="30m") as room:
        room.site.routes["/free"] = Answer(body=document, headers=headers)

        outcome = (await room.poll())["free"]

        assert outcome.error is None
        assert 9 * MINUTE <= outcome.next_poll_at - outcome.at <= 32 * MINUTE


async def test_an_interval_that_was_promised_is_kept_whatever_the_feed_says(tmp_path: Path) -> None:
    async with newsroom(tmp_path, every="10m") as room:
        document = rss(item(1)).replace(b"<channel>", b"<channel><ttl>1440</ttl>")
        room.site.routes["/gazette"] = Answer(body=document, headers={"Cache-Control": "max-age=86400"})

        asked = await live(room, DAY)

        assert len(asked) >= 130


# ── validators that lie ──────────────────────────────────────────────────────────────────────────────────────────────


async def test_every_body_is_read_under_validators_that_never_change(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        stuck = {"ETag": '"1"', "Last-Modified": "Sun, 22 Nov 2026 11:00:00 GMT"}
        for newest in range(1, 6):
            room.site.routes["/gazette"] = Answer(
                body=rss(*(item(number) for number in range(newest, 0, -1))), headers=stuck
            )
            await room.poll()

        assert room.row("SELECT count(*) FROM articles") == (5,)


async def test_a_304_that_hides_news_is_found_out_within_a_day(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:

        def liar(request: Request) -> Answer:
            if request.header("If-None-Match"):
                return Answer(status=304)
            newest = 1 + (room.clock - NOW) // HOUR
            body = rss(*(item(number) for number in range(newest, max(newest - 40, 0), -1)))
            return Answer(body=body, headers={"ETag": '"always"'})

        room.site.routes["/gazette"] = liar
        await live(room, 3 * DAY)

        (articles,) = room.row("SELECT count(*) FROM articles")
        assert articles >= 71  # one an hour for three days; none was missed, the first day's came late


# ── a cold start, and many restarts ──────────────────────────────────────────────────────────────────────────────────


@asynccontextmanager
async def counting_site() -> AsyncIterator[tuple[Site, Counter[str]]]:
    """A site that counts how many requests for each host are under way at the same time, at most."""
    at_once: Counter[str] = Counter()
    most: Counter[str] = Counter()

    async def slow(host: str, body: bytes) -> AsyncIterator[bytes]:
        at_once[host] += 1
        most[host] = max(most[host], at_once[host])
        await asyncio.sleep(0)
        yield b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
        await asyncio.sleep(0)
        yield body
        at_once[host] -= 1

    async with Site() as site:
        body = rss(item(1))

        def route(request: Request) -> AsyncIterator[bytes]:
            return slow(request.target.split("/")[1], body)

        site.routes = _Everything(route)  # type: ignore[assignment]
        yield site, most


class _Everything(dict[str, Route]):
    """The same route for every path."""

    def __init__(self, route: Route) -> None:
        super().__init__()
        self._route = route

    def get(self, key: str, default: object = None) -> Route:  # type: ignore[override]
        """The route."""
        return self._route


async def test_a_cold_start_of_many_feeds_is_no_burst_and_restarts_ask_nothing(tmp_path: Path) -> None:
    async with counting_site() as (site, most), newsroom(tmp_path, connections=2) as room:
        (like,) = room.poller.config.feeds
        ours = [
            replace(like, key=f"ours-{number}", url=site.url(f"/ours/{number}"), allow_private=(site.pair,))
            for number in range(300)
        ]
        others = [replace(like, key=f"other-{number}", url=f"http://{number}.example/") for number in range(700)]
        feeds = (*ours, *others)
        config = replace(room.poller.config, feeds=feeds, host_delay=timedelta(seconds=1))
        room.poller = replace(room.poller, config=config)
        started: list[datetime] = []

        async def start() -> None:
            await room.thread(room.archive.sync_feeds, feeds, room.clock, spread=timedelta(seconds=0.1))
            for lease in await room.thread(room.archive.lease, room.clock, hosts=9999, ttl=HOUR):
                if lease.host == site.pair:
                    await poll_host(room.poller, lease, done=lambda outcome: started.append(outcome.at))

        await room.thread(room.archive.sync_feeds, feeds, NOW, spread=timedelta(seconds=0.1))
        begins = room.rows("SELECT next_poll_at, count(*) FROM feeds WHERE state = 'new' GROUP BY 1")
        room.clock = NOW + 2 * MINUTE
        for _ in range(6):  # a start and five restarts
            await start()

        assert len(begins) >= 100
        assert max(count for _, count in begins) <= 11
        assert len(site.requests) == len(started) == 300
        assert max(most.values()) <= 2
        assert min(later - before for before, later in pairwise(sorted(started))) >= timedelta(seconds=1)


# ── identities that do not last ──────────────────────────────────────────────────────────────────────────────────────


def renumbered(room: Newsroom, **given: Callable[[str], str | None]) -> Callable[[Request], Answer]:
    """A hundred items with new guids at every request; other fields made of a mark that is new, too."""

    def route(_: Request) -> Answer:
        each = len(room.site.requests)
        items = []
        for number in range(100):
            fields = {name: make(f"{each}-{number}") for name, make in given.items()}
            items.append(item(number, guid=f"{each}-{number}", published=None, **fields))
        return Answer(body=rss(*items))

    return route


@pytest.mark.parametrize("days", [0, 3])
@pytest.mark.parametrize("linked", [True, False], ids=["with links", "without links"])
async def test_new_guids_for_all_items_on_every_poll_repeat_nothing(linked: bool, days: int, tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.site.routes["/gazette"] = renumbered(room) if linked else renumbered(room, link=lambda _: None)

        for _ in range(4):
            await room.poll()
            room.clock += days * DAY

        assert room.row("SELECT count(*) FROM articles") == (100,)
        assert room.row("SELECT count(*) FROM alerts") == (0,)


async def test_a_storm_of_new_identities_is_one_mail_and_one_notice_and_drops_nothing(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        renumbering = renumbered(
            room,
            link=lambda mark: f"https://gazette.example/{mark}",
            description=lambda mark: f"Ukraine. Read by {mark}.",
        )
        room.site.routes["/gazette"] = renumbering(Request(method="GET", target="/gazette", headers=()))
        for _ in range(3):
            await room.poll()
        room.site.routes["/gazette"] = renumbering
        outcome = (await room.poll())["gazette"]
        config = room.poller.config
        composer = Composer(
            config=config, archive=room.archive, thread=room.thread, now=lambda: room.clock + timedelta(minutes=1)
        )
        assert await composer.compose_due() == 1
        for _ in range(3):
            await queue_storm_notice(
                room.thread, room.archive, config, feed="gazette", entries=outcome.storm, now=room.clock
            )

        assert room.row("SELECT count(*) FROM articles") == (200,)
        assert room.row("SELECT count(*) FROM alerts WHERE kind = 'article'") == (100,)
        assert room.rows("SELECT kind, channel FROM messages ORDER BY id") == [
            ("overflow", "desk"),
            ("notice", "operator"),
        ]
