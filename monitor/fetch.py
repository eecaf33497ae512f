"""One polite, bounded, guarded conditional GET; and the POST of a message, through the same guard.

Every way a server, a name server or the network can behave ends in a value: `Fetched`, `NotModified` or `FetchFailed`.
Bounded are the time of the whole exchange, the bytes on the wire, the bytes after decompression, and the redirects; the
addresses are guarded by `guard`. Nothing of one feed's exchange reaches another's: no cookies, and credentials from a
feed's URL go to that URL's origin only.

HTTP semantics: RFC 9110 (https://www.rfc-editor.org/rfc/rfc9110), redirects §15.4, content codings §8.4.
"""

from __future__ import annotations

import asyncio
import logging
import os
import ssl
import zlib
from base64 import b64encode
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit, urlunsplit

import httpcore
import httpx

from monitor.body import CutOff, read_body
from monitor.challenge import protection
from monitor.conditional import fresh_for, request_headers, retry_after, validators_from
from monitor.errors import MonitorError
from monitor.guard import AddressRefused, GuardedTransport, NameRefused, NameUnresolved, Proxy
from monitor.inflate import BadBody, Inflater
from monitor.model import Fetched, FetchFailed, FetchResult, NotModified, Outcome, Posted, ProxySpec, Validators
from monitor.refusal import failed, protected, refusal
from monitor.text import one_line

ACCEPT = (
    b"application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9,"
    b" application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.5"
)

PAGE_ACCEPT = b"text/html, application/xhtml+xml, */*;q=0.5"

PERMANENT = frozenset({301, 308})
REDIRECTS = PERMANENT | {302, 303, 307}

PAGE_LOOKED_AT = 65_536  # bytes of a page that is no feed, to see what it is

LONGEST_URL = 8192  # characters; what browsers and servers agree on

REPLY_LOOKED_AT = 4096  # bytes of the answer to a message
REPLY_KEPT = 2000  # characters of it
REPLY_WITHIN = 5.0  # seconds for the answer's body; its status has come before, and is what counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked for: how to say it to a server, and to people."""

    name: str
    accept: bytes


FEED = Wish(name="feed", accept=ACCEPT)
PAGE = Wish(name="page", accept=PAGE_ACCEPT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much one feed, or one page, may ask of us."""

    total: timedelta = timedelta(seconds=30)  # the whole exchange, redirects included
    connect: timedelta = timedelta(seconds=10)  # name look-up and TCP together; the same again for TLS
    body: int = 10_000_000  # bytes, on the wire and after decompression alike
    redirects: int = 5
    connections: int = 100  # exchanges at once; more wait, and their time does not run
    keepalive: timedelta = timedelta(seconds=3)  # for the host's next feed; many servers hang up after five seconds


class Fetcher:
    """The one client of the program; an async context manager. Safe to share between tasks."""

    def __init__(
        self,
        *,
        user_agent: str,
        proxy: ProxySpec | None = None,
        proxy_password: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        limits: Limits = Limits(),
    ) -> None:
        """`transport` replaces the network, guard and proxy with it; None is the guarded network."""
        self._proxy = proxy
        self._limits = limits
        self._headers = [
            (b"User-Agent", user_agent.encode()),
            (b"Accept-Encoding", b"gzip"),  # the only one we can undo in bounded steps with the standard library
        ]
        self._timeouts = httpx.Timeout(None, connect=limits.connect.total_seconds()).as_dict()
        self._places = asyncio.Semaphore(limits.connections)
        if transport is None:
            transport = GuardedTransport(
                connections=limits.connections,
                keepalive=limits.keepalive,
                proxy=Proxy(spec=proxy, password=proxy_password) if proxy else None,
            )
        self._guarded = isinstance(transport, GuardedTransport)
        self._client = httpx.AsyncClient(
            transport=transport,
            trust_env=False,  # a proxy from the environment would resolve names past the guard
            cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
        )
        # They log every URL, and with it the tokens that publishers put into feed addresses.
        for library in ("httpx", "httpcore"):
            logging.getLogger(library).setLevel(logging.WARNING)

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._client.__aexit__(exc_type, exc_value, traceback)

    async def fetch(
        self, url: str, validators: Validators, *, allow_private: Collection[str] = (), now: datetime, wish: Wish = FEED
    ) -> FetchResult:
        """Asks for what is wished; conditionally, when there are validators. Never raises for what the network does.

        `allow_private` lists the "address:port" pairs this feed may reach although they are not public. `now` is what a
        Retry-After date counts from.
        """
        try:
            start, authorization = _start(url)
        except (ValueError, httpx.InvalidURL) as error:
            advice = ". Correct it in feeds.yaml" if wish is FEED else ""
            return failed(Outcome.PROTOCOL, f"the {wish.name}'s URL {_why(error)}{advice}")
        trail = [start]
        try:
            async with self._places, asyncio.timeout(self._limits.total.total_seconds()):
                return await self._follow(trail, authorization, validators, frozenset(allow_private), now, wish)
        except TROUBLE as error:
            return self._explained(error, _site(trail[-1]))

    async def post(
        self,
        url: str,
        body: bytes,
        *,
        headers: Mapping[str, str],
        allow_private: Collection[str] = (),
        timeout: timedelta,
        now: datetime,
    ) -> Posted | FetchFailed:
        """Posts a message. Never raises for what the network does.

        No redirect is followed. `headers` come on top of our own. `timeout` is for the exchange up to the answer's
        status; its first words may take five seconds more. `allow_private` and `now` are as in `fetch`. A message sent
        over a kept connection that turns out to be dead is sent once more, so it must carry an identity.
        """
        try:
            target, _ = _start(url)
        except (ValueError, httpx.InvalidURL) as error:
            return failed(Outcome.PROTOCOL, f"the channel's URL {_why(error)}. Correct it in feeds.yaml")
        written = [*self._headers, *((name.encode(), value.encode()) for name, value in headers.items())]
        try:
            async with self._places:
                async with asyncio.timeout(timeout.total_seconds()):
                    response = await self._send("POST", target, written, frozenset(allow_private), body)
                said = await _first_words(response)
        except TROUBLE as error:
            return self._explained(error, _site(target), asker="channel", total=timeout)
        if response.status_code == 407 and self._proxy:
            return failed(Outcome.CONNECT, f"{self._proxy_at()} answered 407. {PROXY_LOGIN}", 407)
        return Posted(
            site=_site(target),
            status=response.status_code,
            said=said,
            moved_to=_elsewhere(response, target) if response.status_code in REDIRECTS else None,
            retry_after=retry_after(response.headers.get("Retry-After"), now),
        )

    async def self_test(self) -> None:
        """Proves that the guard stands: a listener on loopback must see no connection. Raises MonitorError if it fell.

        A fetcher that was given another transport has no guard to test.
        """
        if not self._guarded:
            return
        knocks = 0

        async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal knocks
            knocks += 1
            writer.close()

        listener = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with listener:
            port = listener.sockets[0].getsockname()[1]
            result = await self.fetch(f"http://127.0.0.1:{port}/", Validators(), now=datetime.fromtimestamp(0, UTC))
        if knocks or not isinstance(result, FetchFailed) or result.kind is not Outcome.REFUSED_ADDRESS:
            raise MonitorError(
                "the address guard let a connection to this machine through; nothing is fetched. Reinstall the"
                " versions of httpx and httpcore that requirements.lock names."
            )

    async def _follow(
        self,
        trail: list[httpx.URL],
        authorization: bytes | None,
        validators: Validators,
        allow_private: frozenset[str],
        now: datetime,
        wish: Wish,
    ) -> FetchResult:
        """Walks the redirects by hand; `trail` grows with each, so that the caller knows how far it came."""
        conditional = request_headers(validators)
        permanent = True
        while True:
            headers = [*self._headers, (b"Accept", wish.accept), *conditional]
            if authorization and _origin(trail[-1]) == _origin(trail[0]):
                headers = [*headers, (b"Authorization", authorization)]
            async with self._response(trail[-1], headers, allow_private) as response:
                if response.status_code not in REDIRECTS:
                    return await self._answer(response, trail, permanent, bool(conditional), now, wish)
                step = self._redirect(response, trail, authorization)
            if isinstance(step, FetchFailed):
                return step
            permanent = permanent and response.status_code in PERMANENT
            trail.append(step)

    @asynccontextmanager
    async def _response(
        self, url: httpx.URL, headers: list[tuple[bytes, bytes]], allow_private: frozenset[str]
    ) -> AsyncIterator[httpx.Response]:
        response = await self._send("GET", url, headers, allow_private)
        try:
            yield response
        finally:
            await response.aclose()

    async def _send(
        self,
        method: str,
        url: httpx.URL,
        headers: list[tuple[bytes, bytes]],
        allow_private: frozenset[str],
        body: bytes | None = None,
    ) -> httpx.Response:
        extensions = {"timeout": self._timeouts, "allow_private": allow_private}
        request = httpx.Request(method, url, headers=headers, content=body, extensions=extensions)
        return await self._client.send(request, stream=True)

    def _redirect(
        self, response: httpx.Response, trail: list[httpx.URL], authorization: bytes | None
    ) -> httpx.URL | FetchFailed:
        """Where a redirect leads, or why it is not followed."""
        here, status = trail[-1], response.status_code
        try:
            target = _target(here.join(_checked(response.headers.get("Location", "").strip())))
        except (ValueError, httpx.InvalidURL) as error:
            return failed(Outcome.PROTOCOL, f"{_site(here)} redirects to an address that {_why(error)}", status)
        if target in trail:
            return failed(Outcome.REDIRECTS, f"{_site(here)} redirects in a circle", status)
        if len(trail) > self._limits.redirects:
            return failed(Outcome.REDIRECTS, f"more than {self._limits.redirects} redirects in a row", status)
        if authorization and here.scheme == "https" and target.scheme == "http":
            why = "redirects from https to http, which is refused because the feed's URL carries a password"
            return failed(Outcome.REDIRECTS, f"{_site(here)} {why}", status)
        return target

    async def _answer(
        self,
        response: httpx.Response,
        trail: list[httpx.URL],
        permanent: bool,
        conditional: bool,
        now: datetime,
        wish: Wish,
    ) -> FetchResult:
        """What the last response of the trail means."""
        site, status = _site(trail[-1]), response.status_code
        if status == 304 and conditional:
            with suppress(CutOff):
                async for _ in _pieces(response):  # there is no body; only at its end can the connection be kept
                    pass
            return NotModified(
                validators=validators_from(response.headers.raw), fresh_for=fresh_for(response.headers, now)
            )
        if status == 304:
            return failed(Outcome.PROTOCOL, f"{site} answered 304 to a request that set no condition", status)
        if status == 407 and self._proxy:
            return failed(Outcome.CONNECT, f"{self._proxy_at()} answered 407. {PROXY_LOGIN}", status)
        if status not in (200, 203):
            page = await _beginning(response)
            return refusal(status, response.headers, site=site, wanted=wish.name, page=page, now=now)
        length = response.headers.get("Content-Length")
        try:
            body, wire_bytes, truncated = await read_body(
                _pieces(response),
                coding=response.headers.get("Content-Encoding", ""),
                announced=int(length) if length else None,  # a number: httpcore refuses a response with another one
                limit=self._limits.body,
            )
        except BadBody as error:
            return failed(error.kind, f"{site} {error}", status)
        if product := protection(response.headers, body[:PAGE_LOOKED_AT]):
            return protected(site, status, product)
        return Fetched(
            url=str(trail[-1]),
            moved_to=str(trail[-1]) if permanent and len(trail) > 1 else None,
            status=status,
            body=body,
            content_type=response.headers.get("Content-Type"),
            validators=validators_from(response.headers.raw),
            truncated=truncated,
            fresh_for=fresh_for(response.headers, now),
            wire_bytes=wire_bytes,
            redirects=len(trail) - 1,
            robots=one_line(response.headers.get("X-Robots-Tag", ""), 200) or None,
        )

    def _proxy_at(self) -> str:
        assert self._proxy is not None
        return f"the proxy {self._proxy.host}:{self._proxy.port}"

    def _explained(
        self, error: Exception, site: str, *, asker: str = "feed", total: timedelta | None = None
    ) -> FetchFailed:
        """What went wrong, in the words of `polls.outcome` and in words for people.

        `asker` is what in the configuration names the URL; `total` the time it had, None: that of the limits.
        """
        if isinstance(error, ExceptionGroup):
            return self._explained(error.exceptions[0], site, asker=asker, total=total)
        if tls := _tls_cause(error):
            why = getattr(tls, "verify_message", None) or tls.reason or "the handshake failed"
            return failed(Outcome.TLS, f"no secure connection to {site}: {why}")
        if self._proxy:
            site = f"{site} by way of {self._proxy_at()}"
        match error:
            case AddressRefused():
                advice = f'If it is meant, give the {asker} allow_private: ["{error.pair}"]'
                return failed(Outcome.REFUSED_ADDRESS, f"{error}, which is not a public address. {advice}")
            case NameRefused():
                return failed(Outcome.REFUSED_ADDRESS, str(error))
            case NameUnresolved():
                return failed(Outcome.DNS, str(error))
            case httpx.ConnectTimeout() | httpcore.ConnectTimeout():
                seconds = self._limits.connect.total_seconds()
                return failed(Outcome.TIMEOUT, f"no connection to {site} within {seconds:g} s")
            case TimeoutError() | httpx.TimeoutException() | httpcore.TimeoutException():
                seconds = (total or self._limits.total).total_seconds()
                return failed(Outcome.TIMEOUT, f"{site} did not finish its answer within {seconds:g} s")
            case httpcore.ProxyError():
                advice = PROXY_LOGIN if str(error).startswith("407") else "Ask whoever runs it why"
                return failed(Outcome.CONNECT, f"no connection to {site}, which answered {error}. {advice}")
            case httpx.ConnectError() | httpcore.ConnectError():
                return failed(Outcome.CONNECT, f"no connection to {site}: {_root(error)}")
            case httpx.NetworkError() | httpcore.NetworkError() | OSError():
                return failed(Outcome.CONNECT, f"the connection to {site} broke: {_root(error)}")
            case httpx.RemoteProtocolError() | httpcore.RemoteProtocolError():
                return failed(Outcome.PROTOCOL, f"{site} does not speak HTTP as we understand it: {error}")
            case _:
                # The text of these may quote the request, and with it a password.
                return failed(Outcome.PROTOCOL, f"the request to {site} could not be made ({type(error).__name__})")


PROXY_LOGIN = "Write the proxy's user into monitor.proxy, and the password into the secret proxy-password"

# Everything the network, a server or a strange address can raise on the way; anything else is a fault of ours.
TROUBLE = (
    AddressRefused,
    NameRefused,
    NameUnresolved,
    httpcore.ProxyError,
    httpx.HTTPError,
    httpx.InvalidURL,
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
    IndexError,  # httpcore lost a connection between taking it and using it
    OSError,
    ValueError,
    ExceptionGroup,
)

# A connection that ended before the body did.
CUT_OFF = (httpx.NetworkError, httpx.RemoteProtocolError, httpcore.NetworkError, httpcore.RemoteProtocolError)


async def _pieces(response: httpx.Response) -> AsyncIterator[bytes]:
    """The body as it came. httpx's own decoding would inflate a whole piece at once, however large it becomes."""
    assert isinstance(response.stream, httpx.AsyncByteStream)
    try:
        async for piece in response.stream:
            yield piece
    except CUT_OFF as error:
        raise CutOff(_root(error)) from error


def _root(error: BaseException) -> str:
    """The innermost reason, in the operating system's words when it has any."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner.exceptions[0] if isinstance(inner, BaseExceptionGroup) else inner
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)  # asyncio's own text is about its calls
    return str(error) or type(error).__name__


def _tls_cause(error: BaseException) -> ssl.SSLError | None:
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    return cause


# ── addresses ────────────────────────────────────────────────────────────────────────────────────────────────────────


class BadAddress(ValueError):
    """An address that is not asked. The text completes "the address …"."""


def _why(error: Exception) -> str:
    # What httpx says of an address it cannot read may quote it, and with it a password.
    return str(error) if isinstance(error, BadAddress) else "cannot be read"


def without_credentials(url: str) -> str:
    """A URL fit for a message: without user and password, and without its query, where tokens live."""
    try:
        parts = urlsplit(url)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "…" if parts.query else "", ""))
    except ValueError:
        return "(unreadable URL)"


def _start(url: str) -> tuple[httpx.URL, bytes | None]:
    """A feed's URL as it is requested, and the Authorization its user and password amount to (RFC 7617)."""
    parsed = httpx.URL(_checked(url))
    authorization = None
    if parsed.userinfo:
        authorization = b"Basic " + b64encode(f"{parsed.username}:{parsed.password}".encode())
    return _target(parsed), authorization


def _checked(url: str) -> str:
    if not url:
        raise BadAddress("is empty")
    if len(url) > LONGEST_URL:
        raise BadAddress(f"is over {LONGEST_URL} characters long")
    if "\\" in url:
        # Some readers take it for a slash and some do not: two programs would see two hosts.
        raise BadAddress("has a backslash in it")
    return url


def _target(url: httpx.URL) -> httpx.URL:
    """The URL as it may be requested: http or https, with a host, without user, password and fragment."""
    if url.scheme not in ("http", "https"):
        raise BadAddress(f"begins with {one_line(url.scheme, 20)}: and not with http: or https:")
    if not url.raw_host:
        raise BadAddress("names no host")
    if url.port is not None and not 0 < url.port < 65536:
        raise BadAddress("has an impossible port")
    return url.copy_with(userinfo=b"", fragment=None)


def _origin(url: httpx.URL) -> tuple[str, bytes, int | None]:
    return url.scheme, url.raw_host, url.port


def _site(url: httpx.URL) -> str:
    return url.raw_host.decode("ascii")


async def _beginning(response: httpx.Response) -> bytes:
    """The first bytes of a page that comes with a refusal; none when it is no page or cannot be read."""
    if "html" not in response.headers.get("Content-Type", "").lower():
        return b""
    body = bytearray()
    with suppress(BadBody, CutOff, zlib.error):
        inflater = Inflater(response.headers.get("Content-Encoding", ""), PAGE_LOOKED_AT)
        async for piece in _pieces(response):
            for part in inflater.inflate(piece):
                body += part
            if len(body) >= PAGE_LOOKED_AT:
                break
    return bytes(body[:PAGE_LOOKED_AT])


async def _first_words(response: httpx.Response) -> str:
    """What a server said to a message, as far as it came; the response is closed.

    Nothing that goes wrong here counts: with the status the server has taken the message, or not.
    """
    body = bytearray()
    try:
        with suppress(BadBody, CutOff, zlib.error, *TROUBLE):
            async with asyncio.timeout(REPLY_WITHIN):
                inflater = Inflater(response.headers.get("Content-Encoding", ""), REPLY_LOOKED_AT)
                async for piece in _pieces(response):
                    for part in inflater.inflate(piece):
                        body += part
                    if len(body) >= REPLY_LOOKED_AT:
                        break
    finally:
        with suppress(*TROUBLE):
            await response.aclose()
    if "html" in response.headers.get("Content-Type", "").lower():
        return ""  # a page for people in a browser begins with everything but its point
    return one_line(body.decode("utf-8", "replace"), REPLY_KEPT)


def _elsewhere(response: httpx.Response, here: httpx.URL) -> str:
    """The scheme and host a redirect names. No more of the address: it may repeat a token."""
    try:
        target = _target(here.join(_checked(response.headers.get("Location", "").strip())))
    except (ValueError, httpx.InvalidURL):
        return "an address that cannot be read"
    return f"{target.scheme}://{target.netloc.decode('ascii')}"
