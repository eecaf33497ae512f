"""Every answer a server can give becomes a value; nothing it does costs more than its limits; no door leads inside."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

import httpx
import pytest

from monitor.errors import MonitorError
from monitor.fetch import Fetcher, Limits, without_credentials
from monitor.guard import GuardedBackend, GuardedTransport, is_public, parse_pair
from monitor.model import Fetched, FetchFailed, FetchResult, NotModified, Outcome, Posted, ProxySpec, Validators
from monitor.resolver import SystemResolver
from tests.factories import NOW
from tests.loopback import Answer, Request, Site, redirect
from tests.proxyserver import ProxyServer

FEED = b"<rss version='2.0'><channel><title>Gazette</title></channel></rss>" * 20
ONCE = Validators(etag=b'"1"')
IMPATIENT = Limits(total=timedelta(seconds=0.2), connect=timedelta(seconds=0.2))


async def fetch(
    site: Site, path: str = "/feed", validators: Validators = Validators(), *, limits: Limits = Limits()
) -> FetchResult:
    """One fetch from a site on loopback, with leave to go there."""
    async with Fetcher(user_agent="monitor/test (+mailto:desk@example.org)", limits=limits) as fetcher:
        return await fetcher.fetch(site.url(path), validators, allow_private=[site.pair], now=NOW)


async def fetch_from(
    handler: Callable[[httpx.Request], httpx.Response], url: str = "https://gazette.example/feed"
) -> FetchResult:
    """One fetch whose every hop is answered by a function."""
    async with Fetcher(user_agent="test", transport=httpx.MockTransport(handler)) as fetcher:
        return await fetcher.fetch(url, Validators(), now=NOW)


def failure(result: FetchResult | Posted) -> FetchFailed:
    """The result, which must be a failure whose text is one short line."""
    assert isinstance(result, FetchFailed)
    assert result.detail
    assert "\n" not in result.detail
    assert len(result.detail) <= 300
    return result


def body(result: FetchResult) -> Fetched:
    """The result, which must be a body."""
    assert isinstance(result, Fetched), result
    return result


# ── requests ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_request_says_who_asks_and_offers_only_gzip() -> None:
    async with Site({"/feed": Answer(body=FEED)}) as site:
        await fetch(site)

    (request,) = site.requests
    assert request.header("User-Agent") == b"monitor/test (+mailto:desk@example.org)"
    assert request.header("Accept-Encoding") == b"gzip"
    assert b"application/rss+xml" in (request.header("Accept") or b"")
    assert request.header("If-None-Match") is None


async def test_validators_go_back_byte_for_byte() -> None:
    stored = Validators(etag=b'W/"caf\xc3\xa9 \xff"', last_modified=b"Sun, 22 Nov 2026 11:59:59 +0000")

    async with Site({"/feed": Answer(status=304)}) as site:
        await fetch(site, validators=stored)

    assert site.requests[0].header("If-None-Match") == b'W/"caf\xc3\xa9 \xff"'
    assert site.requests[0].header("If-Modified-Since") == b"Sun, 22 Nov 2026 11:59:59 +0000"


async def test_cookies_are_not_kept() -> None:
    async with (
        Site({"/feed": Answer(body=FEED, headers={"Set-Cookie": "a=1; Path=/"})}) as site,
        Fetcher(user_agent="test") as fetcher,
    ):
        for _ in range(2):
            await fetcher.fetch(site.url("/feed"), Validators(), allow_private=[site.pair], now=NOW)

    assert [request.header("Cookie") for request in site.requests] == [None, None]


async def test_feeds_of_one_host_share_a_connection() -> None:
    async with Site({"/feed": Answer(status=304)}) as site, Fetcher(user_agent="test") as fetcher:
        for _ in range(3):
            await fetcher.fetch(site.url("/feed"), ONCE, allow_private=[site.pair], now=NOW)

    assert (len(site.requests), site.connections) == (3, 1)


# ── answers ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_body_comes_with_all_that_was_said_about_it() -> None:
    headers = {"ETag": b'"caf\xe9"', "Last-Modified": "yesterday", "Content-Type": "text/xml; charset=utf-8"}

    async with Site({"/feed": Answer(body=FEED, headers=headers)}) as site:
        result = await fetch(site)

    assert result == Fetched(
        url=site.url("/feed"),
        moved_to=None,
        status=200,
        body=FEED,
        content_type="text/xml; charset=utf-8",
        validators=Validators(etag=b'"caf\xe9"', last_modified=b"yesterday"),
        truncated=None,
        wire_bytes=len(FEED),
    )


async def test_a_304_brings_its_new_validators() -> None:
    async with Site({"/feed": Answer(status=304, headers={"ETag": '"2"'})}) as site:
        result = await fetch(site, validators=ONCE)

    assert result == NotModified(validators=Validators(etag=b'"2"'))


async def test_a_304_that_nobody_asked_for_is_a_failure() -> None:
    async with Site({"/feed": Answer(status=304)}) as site:
        result = await fetch(site)

    assert failure(result).kind is Outcome.PROTOCOL


@pytest.mark.parametrize(
    ("status", "headers", "kind", "wait"),
    [
        pytest.param(204, {}, Outcome.HTTP_ERROR, None, id="a success without a body is no feed"),
        pytest.param(300, {}, Outcome.HTTP_ERROR, None, id="a choice of addresses is no feed"),
        pytest.param(401, {}, Outcome.BLOCKED, None, id="login wanted"),
        pytest.param(403, {}, Outcome.BLOCKED, None, id="forbidden"),
        pytest.param(403, {"CF-Mitigated": "challenge"}, Outcome.BLOCKED, None, id="bot protection"),
        pytest.param(404, {}, Outcome.HTTP_ERROR, None, id="not found"),
        pytest.param(407, {}, Outcome.BLOCKED, None, id="a proxy wants a login"),
        pytest.param(410, {}, Outcome.GONE, None, id="gone for good"),
        pytest.param(429, {}, Outcome.RATE_LIMITED, None, id="too many requests"),
        pytest.param(429, {"Retry-After": "120"}, Outcome.RATE_LIMITED, 120, id="too many requests, come back then"),
        pytest.param(429, {"Retry-After": "soon"}, Outcome.RATE_LIMITED, None, id="too many requests, unclear when"),
        pytest.param(451, {}, Outcome.BLOCKED, None, id="blocked by law"),
        pytest.param(500, {}, Outcome.HTTP_ERROR, None, id="fault of the server"),
        pytest.param(503, {}, Outcome.HTTP_ERROR, None, id="unavailable"),
        pytest.param(
            503,
            {"Retry-After": "Sun, 22 Nov 2026 13:00:00 GMT"},
            Outcome.RATE_LIMITED,
            3600,
            id="unavailable, come back at a date",
        ),
    ],
)
async def test_an_answer_without_a_feed_is_a_failure_of_its_kind(
    status: int, headers: dict[str, str], kind: Outcome, wait: int | None
) -> None:
    async with Site({"/feed": Answer(status=status, headers=headers)}) as site:
        result = failure(await fetch(site))

    assert (result.kind, result.status) == (kind, status)
    assert result.retry_after == (None if wait is None else timedelta(seconds=wait))
    assert str(status) in result.detail


# ── redirects ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("hops", "moved"),
    [
        pytest.param([301], True, id="a permanent redirect moves the feed"),
        pytest.param([308, 301], True, id="so do two of them"),
        pytest.param([302], False, id="a temporary one does not"),
        pytest.param([301, 307, 308], False, id="one temporary one among them is enough"),
        pytest.param([301] * 5, True, id="five are followed"),
    ],
)
async def test_redirects_are_followed(hops: list[int], moved: bool) -> None:
    routes: dict[str, Any] = {f"/{n}": redirect(f"/{n + 1}", status) for n, status in enumerate(hops)}

    async with Site(routes | {f"/{len(hops)}": Answer(body=FEED)}) as site:
        result = body(await fetch(site, "/0"))

    assert result.url == site.url(f"/{len(hops)}")
    assert result.moved_to == (result.url if moved else None)


async def test_a_sixth_redirect_is_not_followed() -> None:
    routes = {f"/{n}": redirect(f"/{n + 1}") for n in range(9)}

    async with Site(routes) as site:
        result = failure(await fetch(site, "/0"))

    assert (result.kind, len(site.requests)) == (Outcome.REDIRECTS, 6)


async def test_a_circle_of_redirects_is_left_at_once() -> None:
    async with Site({"/a": redirect("/b"), "/b": redirect("/a")}) as site:
        result = failure(await fetch(site, "/a"))

    assert (result.kind, len(site.requests)) == (Outcome.REDIRECTS, 2)


@pytest.mark.parametrize(
    "location",
    [
        pytest.param("file:///etc/passwd", id="a file"),
        pytest.param("gopher://gazette.example/", id="another protocol"),
        pytest.param("javascript:alert(1)", id="a script"),
        pytest.param("", id="nothing"),
        pytest.param("http://", id="no host"),
        pytest.param("http://[::1", id="a bracket that never closes"),
        pytest.param("http://gazette.example:70000/", id="a port beyond the last"),
        pytest.param("http://gazette.example:0/", id="port zero"),
        pytest.param("http://a\\@b/", id="a backslash"),
        pytest.param("http://gazette.example/" + "x" * 9000, id="a very long address"),
        pytest.param("http://" + "x" * 300 + ".example/", id="a host name that is too long"),
        pytest.param("http://xn--\xe9.example/", id="a host name that cannot be encoded"),
    ],
)
async def test_a_redirect_to_nowhere_is_a_failure(location: str) -> None:
    async with Site({"/feed": redirect(location)}) as site:
        result = failure(await fetch(site))

    assert result.kind in (Outcome.PROTOCOL, Outcome.REDIRECTS, Outcome.DNS)


async def test_a_redirect_to_a_private_address_is_refused() -> None:
    async with Site(host="127.0.0.2") as inside, Site({"/feed": redirect(inside.url("/secrets"))}) as site:
        result = failure(await fetch(site))

    assert (result.kind, inside.connections) == (Outcome.REFUSED_ADDRESS, 0)


async def test_a_password_goes_to_the_feeds_own_origin_only() -> None:
    async with Site({"/feed": Answer(body=FEED)}, host="127.0.0.2") as other, Site() as site:
        site.routes = {"/feed": redirect("/next"), "/next": redirect(f"http://eve:trap@{other.pair}/feed")}
        async with Fetcher(user_agent="test") as fetcher:
            result = await fetcher.fetch(
                site.url("/feed", userinfo="desk:p%40ss@"),
                Validators(),
                allow_private=[site.pair, other.pair],
                now=NOW,
            )

    assert [request.header("Authorization") for request in site.requests] == [b"Basic ZGVzazpwQHNz"] * 2
    assert [request.header("Authorization") for request in other.requests] == [None]
    assert body(result).url == other.url("/feed")


async def test_a_password_does_not_leave_https() -> None:
    asked = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        return httpx.Response(302, headers={"Location": "http://gazette.example/feed"})

    result = failure(await fetch_from(handler, "https://desk:secret@gazette.example/feed"))

    assert (result.kind, len(asked)) == (Outcome.REDIRECTS, 1)
    assert "secret" not in result.detail


@pytest.mark.parametrize(
    "url",
    [
        "http://desk:secret@127.0.0.1:1/feed?token=secret",
        "http://desk:secret@nosuch.invalid/?token=secret",
        "http://desk:secret",
        "http://desk:secret/word@gazette.example/",
        "ftp://desk:secret@gazette.example/",
        "http://desk:secret@gazette.example:99999/",
        "http://desk:secret@gazette.example\\@127.0.0.1/",
        "http://desk:secret@gaz\x00ette.example/",
        "secret",
        "",
    ],
)
async def test_no_failure_tells_the_password(url: str) -> None:
    async with Fetcher(user_agent="test") as fetcher:
        result = failure(await fetcher.fetch(url, Validators(), now=NOW))

    assert "secret" not in result.detail


def test_a_url_is_shown_without_its_credentials() -> None:
    assert without_credentials("https://desk:pw@gazette.example:8443/rss?token=x#y") == (
        "https://gazette.example:8443/rss?…"
    )
    assert without_credentials("http://[::1") == "(unreadable URL)"


# ── bodies ───────────────────────────────────────────────────────────────────────────────────────────────────────────

GZIPPED = gzip.compress(FEED)
BARE_DEFLATE = zlib.compress(FEED, wbits=-15)


@pytest.mark.parametrize(
    ("coding", "wire"),
    [
        pytest.param("gzip", GZIPPED, id="gzip"),
        pytest.param("x-gzip", GZIPPED, id="gzip under its old name"),
        pytest.param("GZip", GZIPPED, id="gzip in odd capitals"),
        pytest.param("gzip", gzip.compress(FEED[:100]) + gzip.compress(FEED[100:]), id="gzip in two members"),
        pytest.param("gzip", GZIPPED + b"\0" * 512, id="gzip padded with zeros"),
        pytest.param("gzip", GZIPPED + b"trailing words", id="gzip with something after it"),
        pytest.param("deflate", zlib.compress(FEED), id="deflate as specified"),
        pytest.param("deflate", BARE_DEFLATE, id="deflate without its wrapping"),
        pytest.param("deflate", zlib.compress(FEED) + b"trailing words", id="deflate with something after it"),
        pytest.param("identity", FEED, id="no coding, said aloud"),
    ],
)
@pytest.mark.parametrize("piece", [1, 7, 100_000], ids="in pieces of {}".format)
async def test_a_coded_body_is_decoded(coding: str, wire: bytes, piece: int) -> None:
    async def in_pieces() -> AsyncIterator[bytes]:
        yield f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        for start in range(0, len(wire), piece):
            chunk = wire[start : start + piece]
            yield b"%x\r\n%s\r\n" % (len(chunk), chunk)
        yield b"0\r\n\r\n"

    async with Site({"/feed": lambda _: in_pieces()}) as site:
        result = body(await fetch(site))

    assert (result.body, result.wire_bytes, result.truncated) == (FEED, len(wire), None)


@pytest.mark.parametrize(
    ("wire", "kept"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + FEED, FEED, id="less than was announced"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n<rss\r\n", b"<rss", id="chunks without an end"
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n<rss\r\nzz\r\n", b"<rss", id="a broken chunk"
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + GZIPPED[:-8], FEED, id="gzip without its checksum"
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + GZIPPED[:-20], b"<rss", id="gzip without its end"
        ),
    ],
)
async def test_what_came_of_a_body_that_was_cut_off_is_kept_and_marked(wire: bytes, kept: bytes) -> None:
    async with Site({"/feed": wire}) as site:
        result = body(await fetch(site))

    assert result.truncated
    assert result.body.startswith(kept)


async def test_a_body_that_ends_with_the_connection_is_whole_as_far_as_anyone_can_tell() -> None:
    async with Site({"/feed": b"HTTP/1.0 200 OK\r\n\r\n" + FEED}) as site:
        result = body(await fetch(site))

    assert (result.body, result.truncated) == (FEED, None)


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param(b"", id="nothing at all"),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n", id="another protocol"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\nabcde", id="two lengths"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", id="a negative length"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", id="a length of 5,000 digits"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: \x00\r\n\r\n", id="a NUL in a header"),
        pytest.param(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000, id="headers without end"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000, id="interim answers without end"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", id="the end before the body"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n<rss/>", id="gzip that is none"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\n" + GZIPPED, id="a coding nobody offered"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\n\r\n" + gzip.compress(GZIPPED),
            id="a coding in a coding",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\n" + b"Content-Encoding: gzip\r\n" * 1000 + b"\r\n" + GZIPPED, id="a thousand codings"
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"") * 5000, id="thousands of members"
        ),
    ],
)
async def test_what_cannot_be_understood_is_a_protocol_failure(wire: bytes) -> None:
    async with Site({"/feed": wire}) as site:
        result = failure(await fetch(site))

    assert result.kind is Outcome.PROTOCOL


SMALL = Limits(body=1_000_000)
THIRTY_MEGABYTES = gzip.compress(bytes(30_000_000))


def forever(head: bytes, piece: bytes) -> Callable[[Request], AsyncIterator[bytes]]:
    """A route that never stops sending."""

    async def pieces() -> AsyncIterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\n" + head + b"\r\n"
        while True:
            yield piece

    return lambda _: pieces()


@pytest.mark.parametrize(
    "route",
    [
        pytest.param(Answer(body=THIRTY_MEGABYTES * 10, headers={"Content-Encoding": "gzip"}), id="a bomb of gzip"),
        pytest.param(
            Answer(body=zlib.compress(bytes(300_000_000), 1), headers={"Content-Encoding": "deflate"}),
            id="a bomb of deflate",
        ),
        pytest.param(Answer(headers={"Content-Length": "1000001"}), id="a body announced as too long"),
        pytest.param(forever(b"", bytes(65536)), id="a body without end"),
        pytest.param(forever(b"Transfer-Encoding: chunked\r\n", b"1\r\nx\r\n" * 1000), id="chunks of one byte"),
    ],
)
async def test_a_body_over_the_limit_is_refused_before_it_takes_memory(route: Any) -> None:
    async with Site({"/feed": route}) as site:
        tracemalloc.start()
        result = failure(await fetch(site, limits=SMALL))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert result.kind is Outcome.TOO_LARGE
    assert peak < 8_000_000


async def test_a_body_of_exactly_the_limit_is_taken() -> None:
    answer = Answer(body=gzip.compress(bytes(1_000_000)), headers={"Content-Encoding": "gzip"})

    async with Site({"/feed": answer}) as site:
        result = body(await fetch(site, limits=SMALL))

    assert result.body == bytes(1_000_000)


# ── time ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def stalls(site: Site, *pieces: bytes) -> Callable[[Request], AsyncIterator[bytes]]:
    """A route that sends these pieces and then nothing, holding the line."""

    async def send() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece
        await site.left.wait()

    return lambda _: send()


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([], id="no answer"),
        pytest.param([b"HTTP/1.1 200 OK\r\nX-Slow: "], id="headers that do not end"),
        pytest.param([b"HTTP/1.1 100 Continue\r\n\r\n"] * 50, id="always another interim answer"),
        pytest.param([b"HTTP/1.1 200 OK\r\n\r\n", FEED], id="a body that does not end"),
    ],
)
async def test_a_server_that_stalls_is_left_after_the_total_time(pieces: list[bytes]) -> None:
    async with Site() as site:
        site.routes["/feed"] = stalls(site, *pieces)
        result = failure(await fetch(site, limits=IMPATIENT))

    assert result.kind is Outcome.TIMEOUT


async def test_the_total_time_covers_all_redirects() -> None:
    async with Site() as site:
        site.routes = {"/feed": redirect("/slow"), "/slow": stalls(site, b"HTTP/1.1 200 OK\r\n\r\n")}
        result = failure(await fetch(site, limits=IMPATIENT))

    assert result.kind is Outcome.TIMEOUT


async def test_the_time_of_a_feed_that_waits_for_its_turn_does_not_run() -> None:
    limits = Limits(total=timedelta(seconds=0.2), connections=1)

    async with Site({"/feed": Answer(body=FEED)}) as site, Fetcher(user_agent="test", limits=limits) as fetcher:
        site.routes["/slow"] = stalls(site)
        results = await asyncio.gather(
            *(
                fetcher.fetch(site.url(path), Validators(), allow_private=[site.pair], now=NOW)
                for path in ("/slow", "/slow", "/feed")
            )
        )

    assert [type(result) for result in results] == [FetchFailed, FetchFailed, Fetched]


async def test_many_timeouts_leave_the_fetcher_usable() -> None:
    limits = Limits(total=timedelta(seconds=0.05), connections=2)

    async with Site({"/feed": Answer(body=FEED)}) as site, Fetcher(user_agent="test", limits=limits) as fetcher:
        site.routes["/slow"] = stalls(site, b"HTTP/1.1 200 OK\r\n\r\n")
        await asyncio.gather(
            *(fetcher.fetch(site.url("/slow"), Validators(), allow_private=[site.pair], now=NOW) for _ in range(20))
        )
        result = await fetcher.fetch(site.url("/feed"), Validators(), allow_private=[site.pair], now=NOW)

    assert isinstance(result, Fetched)


# ── connections ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_port_nobody_listens_on_is_a_connect_failure() -> None:
    async with Site() as site:
        pass

    assert failure(await fetch(site)).kind is Outcome.CONNECT


async def test_a_kept_connection_that_has_died_is_no_failure() -> None:
    connections: list[asyncio.Task[None] | None] = []

    async def answers_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(asyncio.current_task())
        await reader.readuntil(b"\r\n\r\n")
        writer.write(Answer(body=FEED).encode())
        with suppress(asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")  # the second request: too late
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(answers_once, "127.0.0.1", 0)
    pair = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        async with Fetcher(user_agent="test") as fetcher:
            results = [
                await fetcher.fetch(f"http://{pair}/", Validators(), allow_private=[pair], now=NOW) for _ in range(3)
            ]
        await asyncio.gather(*filter(None, connections))

    assert [type(result) for result in results] == [Fetched] * 3
    assert len(connections) == 3


async def test_connections_idle_for_too_long_are_closed() -> None:
    limits = Limits(keepalive=timedelta(0))
    async with Site({"/feed": Answer(body=FEED)}) as site, Fetcher(user_agent="test", limits=limits) as fetcher:
        for _ in range(3):
            await fetcher.fetch(site.url("/feed"), Validators(), allow_private=[site.pair], now=NOW)

        assert site.connections == 3


async def test_a_server_without_tls_is_a_tls_failure() -> None:
    async with Site() as site, Fetcher(user_agent="test") as fetcher:
        result = await fetcher.fetch(f"https://{site.pair}/", Validators(), allow_private=[site.pair], now=NOW)

    assert failure(result).kind is Outcome.TLS


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (httpx.ConnectError("no route"), Outcome.CONNECT),
        (httpx.ReadError("reset"), Outcome.CONNECT),
        (httpx.ConnectTimeout("slow"), Outcome.TIMEOUT),
        (httpx.ReadTimeout("slow"), Outcome.TIMEOUT),
        (httpx.RemoteProtocolError("what?"), Outcome.PROTOCOL),
        (httpx.UnsupportedProtocol("what?"), Outcome.PROTOCOL),
        (ExceptionGroup("two", [OverflowError("port"), ValueError("port")]), Outcome.PROTOCOL),
        (UnicodeError("label too long"), Outcome.PROTOCOL),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_whatever_the_transport_raises_becomes_a_value(raised: Exception, kind: Outcome) -> None:
    def handler(_: httpx.Request) -> httpx.Response:
        raise raised

    assert failure(await fetch_from(handler)).kind is kind


# ── the guard ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0",
        "127。0。0。1",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::7f00:1]",
        "[2002:7f00:1::]",
        "[2001::7f00:1]",
        "[fe80::1]",
        "[fec0::1]",
        "[fd00::1]",
        "[ff02::1]",
        "[3fff::1]",
        "10.0.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "172.31.255.255",
        "192.0.0.8",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "168.63.129.16",
        "localhost",
    ],
)
async def test_no_spelling_of_an_inner_address_gets_through(host: str) -> None:
    async with Site() as site, Fetcher(user_agent="test") as fetcher:
        result = await fetcher.fetch(f"http://{host}:{site.port}/", Validators(), now=NOW)

    assert failure(result).kind is Outcome.REFUSED_ADDRESS
    assert site.connections == 0


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "11.0.0.1", "172.32.0.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
)
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(parse_pair(f"[{address}]:80")[0])


@pytest.mark.parametrize("pair", ["10.0.0.5", "10.0.0.5:0", "10.0.0.5:70000", "host:80", "10.0.0.0/8:80", ":80", ""])
def test_an_exception_is_one_address_and_one_port(pair: str) -> None:
    with pytest.raises(ValueError, match="address"):
        parse_pair(pair)


def a_fetcher(*answers: Sequence[str]) -> tuple[Fetcher, list[str]]:
    """A fetcher whose name server gives these answers, one a look-up; and the list of names it was asked for."""
    asked: list[str] = []

    async def resolver(host: str) -> Sequence[str]:
        asked.append(host)
        return answers[len(asked) - 1]

    transport = GuardedTransport(connections=10, keepalive=timedelta(seconds=5), resolver=resolver)
    return Fetcher(user_agent="test", transport=transport), asked


async def test_a_name_with_one_inner_address_among_public_ones_is_refused() -> None:
    fetcher, _ = a_fetcher(["1.1.1.1", "2606:4700::1111", "8.8.8.8", "9.9.9.9", "1.0.0.1", "127.0.0.1"])

    async with fetcher:
        result = await fetcher.fetch("http://gazette.example/", Validators(), now=NOW)

    assert failure(result).kind is Outcome.REFUSED_ADDRESS
    assert "127.0.0.1:80" in failure(result).detail


async def test_the_address_that_was_checked_is_the_one_that_is_dialled() -> None:
    async with Site({"/feed": Answer(body=FEED)}) as site:
        fetcher, asked = a_fetcher(["127.0.0.1"], ["127.0.0.2"])
        async with fetcher:
            url = f"http://gazette.example:{site.port}/feed"
            first = await fetcher.fetch(url, Validators(), allow_private=[site.pair], now=NOW)

    assert body(first).body == FEED
    assert asked == ["gazette.example"]
    assert site.requests[0].header("Host") == f"gazette.example:{site.port}".encode()


async def test_the_next_address_of_a_name_is_tried_when_the_first_does_not_answer() -> None:
    async with Site({"/feed": Answer(body=FEED)}) as site:
        fetcher, _ = a_fetcher(["127.0.0.3", "127.0.0.1"])
        async with fetcher:
            result = await fetcher.fetch(
                f"http://gazette.example:{site.port}/feed",
                Validators(),
                allow_private=[site.pair, f"127.0.0.3:{site.port}"],
                now=NOW,
            )

    assert body(result).body == FEED


async def test_a_name_without_addresses_is_a_dns_failure() -> None:
    fetcher, _ = a_fetcher([])

    async with fetcher:
        result = await fetcher.fetch("http://gazette.example/", Validators(), now=NOW)

    assert failure(result).kind is Outcome.DNS


async def test_a_name_server_that_never_answers_is_a_dns_failure() -> None:
    async def silent(_: str) -> Sequence[str]:
        await asyncio.Event().wait()
        raise AssertionError

    transport = GuardedTransport(connections=10, keepalive=timedelta(seconds=5), resolver=silent)
    limits = Limits(connect=timedelta(seconds=0.05))

    async with Fetcher(user_agent="test", transport=transport, limits=limits) as fetcher:
        result = await fetcher.fetch("http://gazette.example/", Validators(), now=NOW)

    assert failure(result).kind is Outcome.DNS


async def test_leave_for_one_port_is_no_leave_for_another() -> None:
    async with Site() as site, Site() as other, Fetcher(user_agent="test") as fetcher:
        result = await fetcher.fetch(other.url(), Validators(), allow_private=[site.pair], now=NOW)

    assert failure(result).kind is Outcome.REFUSED_ADDRESS
    assert other.connections == 0


async def test_a_connection_opened_for_one_feed_does_not_serve_a_feed_without_leave() -> None:
    async with Site({"/feed": Answer(status=304)}) as site, Fetcher(user_agent="test") as fetcher:
        with_leave = await fetcher.fetch(site.url("/feed"), ONCE, allow_private=[site.pair], now=NOW)
        without = await fetcher.fetch(site.url("/feed"), ONCE, now=NOW)

    assert isinstance(with_leave, NotModified)
    assert failure(without).kind is Outcome.REFUSED_ADDRESS
    assert len(site.requests) == 1


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Site({"/feed": Answer(body=FEED)}) as site, Site() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url())
        result = await fetch(site)

    assert body(result).body == FEED
    assert proxy.connections == 0


async def test_unix_sockets_are_not_dialled() -> None:
    with pytest.raises(NotImplementedError):
        await GuardedBackend(SystemResolver()).connect_unix_socket("/run/docker.sock")


async def test_the_self_test_passes_behind_the_guard() -> None:
    async with Fetcher(user_agent="test") as fetcher:
        await fetcher.self_test()


async def test_the_self_test_stops_everything_when_the_guard_has_fallen() -> None:
    class Fallen(GuardedTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            request.extensions["allow_private"] = [request.url.netloc.decode()]
            return await super().handle_async_request(request)

    transport = Fallen(connections=1, keepalive=timedelta(seconds=1))

    async with Fetcher(user_agent="test", transport=transport) as fetcher:
        with pytest.raises(MonitorError, match="guard"):
            await fetcher.self_test()


# ── messages ─────────────────────────────────────────────────────────────────────────────────────────────────────────

MESSAGE = '{"id": "1@example.org", "text": "L’Ukraine"}'.encode()


async def post(
    site: Site,
    path: str = "/hook",
    *,
    allow: Sequence[str] | None = None,
    timeout: timedelta = timedelta(seconds=30),
) -> Posted | FetchFailed:
    """One message posted to a site on loopback, with leave to go there."""
    async with Fetcher(user_agent="monitor/test") as fetcher:
        return await fetcher.post(
            site.url(path),
            MESSAGE,
            headers={"Content-Type": "application/json", "webhook-id": "1@example.org"},
            allow_private=[site.pair] if allow is None else allow,
            timeout=timeout,
            now=NOW,
        )


def posted(result: Posted | FetchFailed) -> Posted:
    """The result, which must be an answer."""
    assert isinstance(result, Posted), result
    return result


async def test_a_message_is_posted_byte_for_byte_and_says_who_sends_it() -> None:
    async with Site({"/hook": Answer(status=202, body="  merci,\r\n c’est reçu ".encode())}) as site:
        result = await post(site)

    assert result == Posted(site="127.0.0.1", status=202, said="merci, c’est reçu")
    (request,) = site.requests
    assert (request.method, request.target, request.body) == ("POST", "/hook", MESSAGE)
    assert request.header("Content-Type") == b"application/json"
    assert request.header("Content-Length") == str(len(MESSAGE)).encode()
    assert request.header("User-Agent") == b"monitor/test"
    assert request.header("webhook-id") == b"1@example.org"
    assert request.header("Host") == site.pair.encode()


@pytest.mark.parametrize("status", [200, 204, 304, 400, 401, 404, 410, 429, 500, 503])
async def test_every_status_is_told_as_it_came(status: int) -> None:
    async with Site({"/hook": Answer(status=status, headers={"Retry-After": "90"})}) as site:
        result = posted(await post(site))

    assert (result.status, result.retry_after) == (status, timedelta(seconds=90))


async def test_a_redirect_is_not_followed_and_only_its_host_is_told() -> None:
    async with Site() as other, Site({"/hook": redirect(f"{other.url('/T0KEN')}?key=T0KEN", 307)}) as site:
        result = posted(await post(site))

    assert (result.status, result.moved_to) == (307, f"http://{other.pair}")
    assert (len(site.requests), other.connections) == (1, 0)


@pytest.mark.parametrize("location", ["", "ftp://x/", "http://[", "http://desk:secret@gazette.example:99999/"])
async def test_a_redirect_to_nowhere_is_told_without_the_address(location: str) -> None:
    async with Site({"/hook": redirect(location, 301)}) as site:
        result = posted(await post(site))

    assert "secret" not in (result.moved_to or "")
    assert result.moved_to


async def test_a_message_goes_to_no_inner_address_without_leave() -> None:
    async with Site({"/hook": Answer()}) as site:
        result = failure(await post(site, allow=[]))

    assert result.kind is Outcome.REFUSED_ADDRESS
    assert f'give the channel allow_private: ["{site.pair}"]' in result.detail
    assert site.connections == 0


async def test_an_answer_that_does_not_come_in_time_is_a_failure() -> None:
    async with Site() as site:

        async def silence(_: Request) -> AsyncIterator[bytes]:
            await site.left.wait()
            yield b""

        site.routes["/hook"] = lambda request: silence(request)
        result = failure(await post(site, timeout=timedelta(seconds=0.2)))

    assert (result.kind, result.status) == (Outcome.TIMEOUT, None)
    assert "within 0.2 s" in result.detail


async def test_the_status_counts_although_the_rest_of_the_answer_breaks_off() -> None:
    async with Site({"/hook": b"HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\ntaken, and"}) as site:
        result = posted(await post(site))

    assert (result.status, result.said) == (201, "taken, and")


async def test_of_an_endless_answer_only_the_beginning_is_read() -> None:
    async with Site() as site:

        async def endless(_: Request) -> AsyncIterator[bytes]:
            yield b"HTTP/1.1 200 OK\r\n\r\n"
            while not site.left.is_set():
                yield b"blah " * 1000

        site.routes["/hook"] = lambda request: endless(request)
        result = posted(await post(site))

    assert result.status == 200
    assert len(result.said) <= 2000


async def test_a_bomb_in_an_answer_is_not_unpacked() -> None:
    bomb = Answer(body=gzip.compress(b"a" * 50_000_000), headers={"Content-Encoding": "gzip"})

    async with Site({"/hook": bomb}) as site:
        tracemalloc.start()
        result = posted(await post(site))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert result.status == 200
    assert peak < 20_000_000


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Content-Type": "text/html"}, b"<!DOCTYPE html><title>Not found</title>"),
        ({"Content-Encoding": "br"}, b"\x0b\x02"),
        ({"Content-Encoding": "gzip"}, b"no gzip"),
    ],
    ids=["a web page", "a coding we did not ask for", "broken gzip"],
)
async def test_words_that_cannot_be_read_are_no_words(headers: dict[str, str], body: bytes) -> None:
    async with Site({"/hook": Answer(status=404, headers=headers, body=body)}) as site:
        result = posted(await post(site))

    assert (result.status, result.said) == (404, "")


async def test_what_a_server_says_is_cleaned() -> None:
    async with Site({"/hook": Answer(body=b"\x1b[31mred\x00\xff \xe2\x80\xaeback")}) as site:
        result = posted(await post(site))

    assert result.said.isprintable()
    assert "red" in result.said


@pytest.mark.parametrize(
    ("reply", "kind"),
    [(b"", Outcome.PROTOCOL), (b"no HTTP at all\r\n\r\n", Outcome.PROTOCOL)],
    ids=["hangs up", "another protocol"],
)
async def test_what_is_no_answer_is_a_failure(reply: bytes, kind: Outcome) -> None:
    async with Site({"/hook": reply}) as site:
        assert failure(await post(site)).kind is kind


async def test_no_leave_no_encryption_and_no_possible_address_are_failures_of_their_kinds() -> None:
    async with Site() as site:
        port, pair, secure = site.port, site.pair, site.url("/").replace("http:", "https:")
        wanted = {
            f"http://127.0.0.1:{port}/": [],
            secure: [pair],
            "ftp://gazette.example/": [],
            "https://gazette.example:99999/": [],
        }
        async with Fetcher(user_agent="test") as fetcher:
            found = [
                failure(
                    await fetcher.post(
                        url, b"{}", headers={}, allow_private=allow, timeout=timedelta(seconds=10), now=NOW
                    )
                ).kind
                for url, allow in wanted.items()
            ]

    assert found == [Outcome.REFUSED_ADDRESS, Outcome.TLS, Outcome.PROTOCOL, Outcome.PROTOCOL]


async def test_messages_share_a_connection_and_a_dead_one_costs_nothing() -> None:
    alive, last = Answer(body=b"1"), b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2"  # then it hangs up

    async with Site({"/hook": alive, "/last": last}) as site, Fetcher(user_agent="test") as fetcher:
        found = [
            posted(
                await fetcher.post(
                    site.url(path),
                    MESSAGE,
                    headers={},
                    allow_private=[site.pair],
                    timeout=timedelta(seconds=10),
                    now=NOW,
                )
            ).said
            for path in ("/hook", "/last", "/hook")
        ]

    assert found == ["1", "2", "1"]
    assert site.connections == 2
    assert [request.body for request in site.requests] == [MESSAGE] * 3


async def test_a_message_goes_through_the_proxy() -> None:
    async with Site({"/hook": Answer(body=b"taken")}) as site, ProxyServer({"desk.example": site.port}) as proxy:
        spec = ProxySpec(host="localhost", port=proxy.port)
        async with Fetcher(user_agent="test", proxy=spec) as fetcher:
            result = posted(
                await fetcher.post(
                    "http://desk.example/hook", MESSAGE, headers={}, timeout=timedelta(seconds=10), now=NOW
                )
            )

    assert (result.site, result.said, site.requests[0].body) == ("desk.example", "taken", MESSAGE)


async def test_a_proxy_that_wants_a_login_is_not_taken_for_the_receiver() -> None:
    async with ProxyServer({"desk.example": 1}, authorization="Basic x") as proxy:
        spec = ProxySpec(host="localhost", port=proxy.port)
        async with Fetcher(user_agent="test", proxy=spec) as fetcher:
            result = await fetcher.post(
                "http://desk.example/hook", MESSAGE, headers={}, timeout=timedelta(seconds=10), now=NOW
            )

    assert failure(result).kind is Outcome.CONNECT
    assert "proxy-password" in failure(result).detail
