"""No feed, name, redirect or environment leads a request anywhere but to public addresses and what was allowed."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from monitor.model import Outcome
from monitor.resolver import SystemResolver
from tests.commands import monitor
from tests.loopback import Answer, Request, Site, redirect
from tests.rss import item, rss
from tests.torture.room import PATIENT, room, settings, spied_on

FEED = Answer(body=rss(item(1)))

# Spellings of this machine, of its network, and of what embeds them. PORT is that of the listener inside.
INSIDE = [
    "127.0.0.2:PORT",
    "2130706434:PORT",
    "0x7f.2:PORT",
    "127.2:PORT",
    "0:PORT",
    "[::1]:PORT",
    "[::ffff:127.0.0.2]:PORT",
    "[64:ff9b::7f00:2]:PORT",
    "[2002:7f00:2::]:PORT",
    "[fec0::1]:PORT",
    "169.254.169.254",
    "100.64.0.1",
    "224.0.0.1",
    "127。0。0。2:PORT",
    "localhost:PORT",
]


async def test_no_spelling_of_an_inner_address_is_reached_by_feed_or_redirect(tmp_path: Path) -> None:
    async with Site({"/": FEED}, host="127.0.0.2") as inside, Site({"/": FEED}) as loopback, Site() as outside:
        port = inside.port
        places = [f"http://{place.replace('PORT', str(port))}/" for place in INSIDE] + [f"http://a\\@127.0.0.2:{port}/"]
        feeds = {}
        for number, place in enumerate(places):
            outside.routes[f"/{number}"] = redirect(place)
            feeds[f"redirect-{number}"] = outside.url(f"/{number}")
            if "\\" not in place:
                feeds[f"feed-{number}"] = place
        config = settings(tmp_path, feeds, allow=[outside.pair])
        async with room(config) as newsroom:
            outcomes = await newsroom.poll()

    refused = {key for key, outcome in outcomes.items() if outcome.outcome is Outcome.REFUSED_ADDRESS}
    assert set(outcomes) - refused == {f"redirect-{len(places) - 1}"}, "a backslash is refused as it stands"
    assert outcomes[f"redirect-{len(places) - 1}"].outcome is Outcome.PROTOCOL
    assert (inside.connections, loopback.connections) == (0, 0)


async def test_a_chain_that_ends_inside_is_left_at_its_last_hop(tmp_path: Path) -> None:
    async with Site({"/": FEED}, host="127.0.0.2") as inside, Site() as outside:
        outside.routes = {f"/{hop}": redirect(f"/{hop + 1}") for hop in range(4)} | {"/4": redirect(inside.url())}
        config = settings(tmp_path, {"feed": outside.url("/0")}, allow=[outside.pair])
        async with room(config) as newsroom:
            outcome = (await newsroom.poll())["feed"]

    assert (outcome.outcome, len(outside.requests), inside.connections) == (Outcome.REFUSED_ADDRESS, 5, 0)


async def test_a_name_that_changes_its_address_is_judged_at_every_connection(tmp_path: Path) -> None:
    asked: dict[str, int] = {}

    async def resolver(host: str) -> Sequence[str]:
        asked[host] = asked.get(host, 0) + 1
        match host, asked[host]:
            case ("flip.example", 1) | ("good.example", _):
                return ["127.0.0.1"]
            case ("flip.example", _):
                return ["127.0.0.2"]
            case ("mixed.example", _):
                return ["127.0.0.1", "::1", "127.0.0.2"]
            case ("alias.example", _):
                return ["10.0.0.1"]  # what a CNAME to an inner name comes out as
        raise OSError

    async with Site({"/": FEED}, host="127.0.0.2") as inside, Site() as outside:
        # The public name's first answer ends the connection, so that the second poll has to look up again.
        outside.routes["/"] = Answer(body=FEED.body, headers={"Connection": "close"})
        names = ("good", "flip", "mixed", "alias")
        urls = {name: f"http://{name}.example:{outside.port}/" for name in names}
        config = settings(tmp_path, urls, allow=[outside.pair])
        async with room(config, resolver=resolver) as newsroom:
            first = await newsroom.poll()
            second = await newsroom.poll()

    assert {name: first[name].outcome is Outcome.REFUSED_ADDRESS for name in names} == {
        "good": False,
        "flip": False,
        "mixed": True,
        "alias": True,
    }
    assert second["flip"].outcome is Outcome.REFUSED_ADDRESS
    assert asked == dict.fromkeys([f"{name}.example" for name in names], 2), "one look-up a connection"
    assert inside.connections == 0


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "gopher://gazette.example/",
        "javascript:alert(1)",
        "data:text/xml,<rss/>",
        "http://gazette.example:70000/",
        "http://gazette.example:99999999999999999999/",
        "http://gazette.example:-1/",
        "http://gazette.example/" + "x" * 70_000,
        "http://" + "é" * 4_000 + ".example/",
        "",
        "http://[::1",
        "http://",
        "//",
        "\\\\gazette.example\\share",
        "http://%00/",
        "http://gazette .example/",
        "/feed",
    ],
    ids=lambda location: location[:40],
)
async def test_a_redirect_to_nowhere_is_a_failure_and_the_next_feed_is_fine(location: str, tmp_path: Path) -> None:
    async with Site({"/feed": redirect(location), "/good": FEED}) as site:
        config = settings(tmp_path, {"bad": site.url("/feed"), "good": site.url("/good")}, allow=[site.pair])
        async with room(config) as newsroom:
            outcomes = await newsroom.poll()

            assert outcomes["bad"].outcome in (Outcome.PROTOCOL, Outcome.REDIRECTS, Outcome.DNS)
            assert outcomes["good"].outcome is Outcome.NEW
            (error,) = newsroom.column("SELECT last_error FROM feeds WHERE key = 'bad'")
            assert "\n" not in error
            assert len(error) <= 300


async def test_redirects_end_and_cookies_stay_with_nobody(tmp_path: Path) -> None:
    def cookie_game(request: Request) -> Answer:
        """Redirects to itself until its cookie comes back."""
        if request.header("Cookie"):
            return FEED
        return Answer(status=302, headers={"Location": f"{request.target}x", "Set-Cookie": "seen=1; Path=/"})

    async with Site() as site:
        site.routes = {f"/game{'x' * number}": cookie_game for number in range(20)}
        site.routes |= {"/self": redirect("/self"), "/a": redirect("/b"), "/b": redirect("/a")}
        site.routes["/sets"] = Answer(body=FEED.body, headers={"Set-Cookie": "seen=1; Path=/"})
        names = ("sets", "self", "a", "game")
        config = settings(tmp_path, {name: site.url(f"/{name}") for name in names}, allow=[site.pair])
        async with room(config) as newsroom:
            outcomes = await newsroom.poll()

    assert {name: outcomes[name].outcome for name in names[1:]} == dict.fromkeys(names[1:], Outcome.REDIRECTS)
    assert len([request for request in site.requests if request.target.startswith("/game")]) == 6
    assert {request.header("Cookie") for request in site.requests} == {None}


async def test_credentials_of_a_feed_do_not_reach_another_origin(tmp_path: Path) -> None:
    async with Site({"/": FEED}, host="127.0.0.2") as other, Site() as site:
        site.routes["/"] = redirect(other.url("/"))
        url = site.url("/", userinfo="desk:s3cret@")
        config = settings(tmp_path, {"feed": url}, allow=[site.pair, other.pair])
        async with room(config) as newsroom:
            outcome = (await newsroom.poll())["feed"]

    assert outcome.outcome is Outcome.NEW
    assert site.requests[0].header("Authorization")
    sent = {name.lower(): value for name, value in other.requests[0].headers}
    assert set(sent) <= {b"host", b"user-agent", b"accept", b"accept-encoding", b"connection"}
    assert b"s3cret" not in b"".join(sent.values())


async def test_the_environment_changes_nothing_about_the_way_out(tmp_path: Path) -> None:
    async with Site() as trap, Site({"/": FEED}, host="127.0.0.2") as inside, Site({"/": FEED}) as site:
        proxies = {
            name: trap.url()
            for plain in ("http_proxy", "https_proxy", "all_proxy", "ftp_proxy")
            for name in (plain, plain.upper())
        }
        variables, seen = spied_on(
            tmp_path, **proxies, NO_PROXY="*", SSL_CERT_FILE=str(tmp_path / "none.pem"), SSL_CERT_DIR=str(tmp_path)
        )
        feeds = {"good": site.url(), "inside": inside.url(), "secure": f"https://{site.pair}/"}
        settings(tmp_path, feeds, allow=[site.pair])

        polled = await asyncio.to_thread(monitor, "poll", "--all", "--json", cwd=tmp_path, **variables)

    outcomes = {fact["feed"]: fact["outcome"] for fact in polled.json()}
    assert outcomes == {"good": "new", "inside": "refused_address", "secure": "tls"}
    assert (trap.connections, inside.connections) == (0, 0)
    connected = [line for line in seen.read_text(errors="replace").splitlines() if line.startswith("connect (")]
    assert set(connected) == {f"connect ('127.0.0.1', {site.port})"}


async def test_a_dead_name_server_delays_nothing_but_its_own_names(tmp_path: Path) -> None:
    repaired = threading.Event()

    def look_up(host: str) -> list[str]:
        if host.startswith("dead"):
            repaired.wait(60)
        return ["127.0.0.1"]

    async with AsyncExitStack() as stack:
        stack.callback(repaired.set)
        site = await stack.enter_async_context(Site())
        site.routes = {f"/{number}": Answer(body=rss(item(number))) for number in range(10)}
        # Dead ones first: a hundred hosts are asked side by side, and these are the first to be.
        feeds = {f"a-dead-{number}": f"http://dead-{number}.example:{site.port}/" for number in range(60)}
        good = {f"good-{number}": f"http://good-{number}.example:{site.port}/{number}" for number in range(10)}
        config = settings(tmp_path, feeds | good, allow=[site.pair])
        resolver = SystemResolver(look_up)
        newsroom = await stack.enter_async_context(room(config, limits=PATIENT, resolver=resolver))
        for _ in range(3):  # the threads of one poll still hang during the next
            polling = asyncio.ensure_future(newsroom.poll())
            begun = time.monotonic()
            await newsroom.thread(newsroom.archive.ping)
            archive_took = time.monotonic() - begun
            outcomes = await polling

            assert {outcomes[key].outcome for key in feeds} == {Outcome.DNS}
            assert {outcomes[key].outcome for key in good} <= {Outcome.NEW, Outcome.UNCHANGED}
            # Nobody waited as long as a name that is not answered is waited for.
            assert max(newsroom.took[key] for key in good) < PATIENT.connect.total_seconds()
            assert archive_took < PATIENT.connect.total_seconds()
            assert newsroom.lag.worst < 0.2
        resolver.close()
