"""The way out of this machine: connections to public addresses only, and to the very address that was checked.

A feed's URL and its redirects are written by strangers. Without this guard they could make the monitor ask the router,
a cloud's metadata service or another program on this machine. Names are therefore resolved here, once; when any of a
name's addresses is not public the connection is refused; and what is dialled is an address from that same answer, so a
second look-up with another result cannot slip in between. Spellings (`127.1`, `0x7f.1`, `2130706433`) need no rule of
their own: only resolved addresses are judged. TLS still checks the certificate against the name.

There is no way around it: environment proxies are never used, unix sockets are refused, and an exception for a private
service is one address with one port, for one feed. A proxy that the configuration names looks names up itself; then
only addresses written as such, and names that are known to be local, can be refused here.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache, partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

import httpcore
import httpx

from monitor.model import ProxySpec
from monitor.resolver import Resolver, SystemResolver, addresses_of

Address = IPv4Address | IPv6Address

# IANA's special-purpose registry for IPv4, and multicast, reserved and broadcast above 224. `ipaddress.is_global` is
# not used: it calls 192.88.99.1 and multicast global, and its answers change between Python releases.
NOT_PUBLIC_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
        "168.63.129.16/32",  # a cloud's host agent, on an address that looks public
    )
)

# Global unicast is all of IPv6 that can be public; these parts of it are not, or hide an IPv4 address (Teredo, 6to4).
GLOBAL_UNICAST_V6 = IPv6Network("2000::/3")
NOT_PUBLIC_V6 = tuple(IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: reaches the IPv4 address in its last 32 bits

DIAL_AT_MOST = 4  # addresses of one name; a name with more must not use up the time for nothing
READ_AT_MOST = 16_384  # bytes; also the size of a TLS record
# Bytes an answer may have before its body begins, interim answers (RFC 9110 §15.2) included. h11 gives up on one head
# of 100 KiB by itself, but takes interim answers without end, at the price of all the processor's time.
MOST_BEFORE_BODY = 131_072

# Names that can only mean this machine or its own network (RFC 6761, RFC 6762, RFC 8375, ICANN's .internal).
LOCAL_DOMAINS = ("localhost", "localdomain", "local", "internal", "home.arpa")


class AddressRefused(Exception):
    """The name resolves to an address that must not be dialled."""

    def __init__(self, host: str, address: Address, port: int) -> None:
        self.pair = f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"  # as in `allow_private`
        super().__init__(f"{host} leads to {self.pair}")


class NameRefused(Exception):
    """A name of the local network, which the proxy is not asked for. The text says which."""


class NameUnresolved(Exception):
    """The name has no address, or none was found in time. The text says which name, and why."""


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet; an embedded IPv4 address is judged in its place."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in NOT_PUBLIC_V4)
    if address.ipv4_mapped is not None:
        return is_public(address.ipv4_mapped)
    if address in NAT64:
        return is_public(IPv4Address(int(address) & 0xFFFF_FFFF))
    return address in GLOBAL_UNICAST_V6 and not any(address in network for network in NOT_PUBLIC_V6)


def parse_pair(pair: str) -> tuple[Address, int]:
    """`10.0.0.5:8080` or `[fd00::5]:8080` as address and port. Raises ValueError for all else: no names, no ranges."""
    host, _, port = pair.rpartition(":")
    if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError(f"{pair!r} is not an address and a port, such as 10.0.0.5:8080")
    return ip_address(host.removeprefix("[").removesuffix("]")), int(port)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A proxy with what it takes to log in there (RFC 9110 §11.7.2)."""

    spec: ProxySpec
    password: str | None = field(default=None, repr=False)

    def opened(self) -> httpcore.Proxy:
        """As httpcore takes it."""
        user = self.spec.user
        return httpcore.Proxy(self.spec.url, auth=(user.encode(), (self.password or "").encode()) if user else None)


def _refuse_local(url: httpx.URL, allow_private: Collection[str]) -> None:
    """Raises AddressRefused or NameRefused for what the proxy must not be asked for, as far as the URL shows it."""
    host = url.raw_host.decode("ascii")
    port = url.port or {"http": 80, "https": 443}[url.scheme]
    try:
        addresses = [ip_address(address) for address in addresses_of(host, socket.AI_NUMERICHOST)]
    except (OSError, UnicodeError):
        name = host.lower().rstrip(".")
        if "." not in name or name.endswith(tuple(f".{domain}" for domain in LOCAL_DOMAINS)):
            raise NameRefused(f"{name[:80]} is a name of the local network, which the proxy is not asked for") from None
        return
    for address in addresses:
        if not is_public(address) and (address, port) not in {parse_pair(pair) for pair in allow_private}:
            raise AddressRefused(host, address, port)


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Dials what `is_public` lets through, the address:port pairs of `admitted`, and the proxy."""

    def __init__(
        self, resolver: Resolver, admitted: Collection[tuple[Address, int]] = (), proxy: Proxy | None = None
    ) -> None:
        self._resolver = resolver
        self._admitted = frozenset(admitted)
        self._proxy = proxy and (proxy.spec.host, proxy.spec.port)  # named by the operator, so wherever it is
        self._dialler = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to the first address of the name that answers. `timeout` covers look-up and dialling."""
        _dialled.set(True)
        until = None if timeout is None else time.monotonic() + timeout
        addresses = await self._resolve(host, timeout)
        for address in addresses:
            if not (is_public(address) or (address, port) in self._admitted or (host, port) == self._proxy):
                raise AddressRefused(host, address, port)
        failure: Exception = NameUnresolved(f"no address found for {host}")
        to_dial = addresses[:DIAL_AT_MOST]
        for left, address in zip(range(len(to_dial), 0, -1), to_dial, strict=True):
            # Those not yet tried keep their share of the time: an address that swallows packets must not use it all.
            share = None if until is None else max(until - time.monotonic(), 0) / left
            try:
                stream = await self._dialler.connect_tcp(str(address), port, share, local_address, socket_options)
                return _Sipped(stream)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def _resolve(self, host: str, timeout: float | None) -> list[Address]:
        try:
            async with asyncio.timeout(timeout):
                return [ip_address(address) for address in await self._resolver(host)]
        except TimeoutError as error:
            raise NameUnresolved(f"the name server gave no answer about {host}") from error
        except OSError as error:
            raise NameUnresolved(f"no address found for {host}: {error.strerror or error}") from error
        except UnicodeError as error:
            raise NameUnresolved(f"{host[:80]} is not a possible host name") from error

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.AsyncNetworkStream:
        """Refused, always; no URL leads here."""
        raise NotImplementedError("unix sockets are not dialled")

    async def sleep(self, seconds: float) -> None:
        """Waits, for httpcore."""
        await asyncio.sleep(seconds)


class _Sipped(httpcore.AsyncNetworkStream):
    """A stream that is read a little at a time, and not for ever before a body begins.

    httpcore takes in everything one read gives before it lets others run, and 64 KB of interim answers or one-byte
    chunks are a sixth of a second of work.
    """

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self._before_body: int | None = 0  # bytes since the request; None once the body has begun

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        piece = await self._stream.read(min(max_bytes, READ_AT_MOST), timeout)
        if self._before_body is not None:
            self._before_body += len(piece)
            if self._before_body > MOST_BEFORE_BODY:
                raise httpcore.RemoteProtocolError(f"more than {MOST_BEFORE_BODY // 1024} KiB before its body begins")
        return piece

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._before_body = 0
        await self._stream.write(buffer, timeout)

    def body_begins(self) -> None:
        """What is read from now on, until the next request, is a body."""
        self._before_body = None

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        return _Sipped(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


# Whether the request under way has opened a connection of its own; it runs in the task that asks.
_dialled: ContextVar[bool] = ContextVar("dialled", default=False)


@dataclass(slots=True, kw_only=True)
class _Connections:
    """The connections to one origin for the feeds with one set of exceptions."""

    pool: httpcore.AsyncConnectionPool
    users: int = 0  # requests under way
    idle_since: float = 0.0  # of the monotonic clock, while there are no users


class GuardedTransport(httpx.AsyncBaseTransport):
    """httpx's way to the network through the guard.

    A request carries its feed's exceptions in `extensions["allow_private"]`. A connection kept open for one feed never
    serves a feed without its permission: every origin with every distinct set of exceptions has a pool of its own. (One
    pool for all would also be slow: for each idle connection httpcore counts all of them.)
    """

    def __init__(
        self, *, connections: int, keepalive: timedelta, resolver: Resolver | None = None, proxy: Proxy | None = None
    ) -> None:
        """`connections` bounds those to one origin, `keepalive` how long an idle one is kept; `resolver` replaces the
        system's."""
        self._proxy = proxy
        self._connections = connections
        self._keepalive = keepalive.total_seconds()
        self._system_resolver = None if resolver else SystemResolver()
        self._resolver: Resolver = resolver or self._system_resolver  # type: ignore[assignment]  # one of them is set
        self._kept: dict[tuple[str, bytes, int | None, frozenset[str]], _Connections] = {}
        self._swept_at = time.monotonic()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One request, one response; raises httpcore's errors and the guard's, not httpx's."""
        allow_private = frozenset(request.extensions.get("allow_private", ()))
        if self._proxy:
            _refuse_local(request.url, allow_private)
        await self._sweep()
        connections = self._connections_to(request.url, allow_private)
        connections.users += 1
        try:
            response = await _asked(connections.pool, request)
        except BaseException:
            _give_back(connections)
            raise
        stream = response.extensions.get("network_stream")
        if isinstance(stream, _Sipped):
            stream.body_begins()
        body = _Body(response, closed=partial(_give_back, connections))
        return httpx.Response(response.status, headers=response.headers, stream=body)

    def backend(self, allow_private: frozenset[str]) -> httpcore.AsyncNetworkBackend:
        """What dials: the guard."""
        return GuardedBackend(self._resolver, [parse_pair(pair) for pair in allow_private], self._proxy)

    def _connections_to(self, url: httpx.URL, allow_private: frozenset[str]) -> _Connections:
        key = (url.scheme, url.raw_host, url.port, allow_private)
        kept = self._kept.get(key)
        if kept is None:
            kept = self._kept[key] = _Connections(
                pool=httpcore.AsyncConnectionPool(
                    ssl_context=_tls(),
                    proxy=self._proxy.opened() if self._proxy else None,
                    max_connections=self._connections,
                    keepalive_expiry=self._keepalive,
                    network_backend=self.backend(allow_private),
                )
            )
        return kept

    async def _sweep(self) -> None:
        """Closes what has been idle for too long."""
        now = time.monotonic()
        if now - self._swept_at < self._keepalive:
            return
        self._swept_at = now
        stale = [key for key, kept in self._kept.items() if not kept.users and now - kept.idle_since >= self._keepalive]
        for connections in [self._kept.pop(key) for key in stale]:
            await connections.pool.aclose()

    async def aclose(self) -> None:
        """Closes every connection."""
        for connections in self._kept.values():
            await connections.pool.aclose()
        if self._system_resolver:
            self._system_resolver.close()


async def _asked(pool: httpcore.AsyncConnectionPool, request: httpx.Request) -> httpcore.Response:
    """The response, asked for once more when a kept connection turned out to be dead.

    A server may close an idle connection at the moment we use it, and so may httpcore, to which a connection is idle
    until its request has begun. A GET changes nothing, and what we post carries an identity by which a receiver knows
    it again, so asking again is safe (RFC 9110 §9.2.2).
    """
    asked = httpcore.Request(
        request.method,
        httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        ),
        headers=request.headers.raw,
        content=request.stream,
        extensions={"timeout": request.extensions["timeout"]},
    )
    _dialled.set(False)
    try:
        return await pool.handle_async_request(asked)
    except (httpcore.NetworkError, httpcore.ProtocolError, IndexError):
        if _dialled.get():
            raise
    return await pool.handle_async_request(asked)


def _give_back(connections: _Connections) -> None:
    connections.users -= 1
    connections.idle_since = time.monotonic()


class _Body(httpx.AsyncByteStream):
    def __init__(self, response: httpcore.Response, *, closed: Callable[[], None]) -> None:
        self._response = response
        self._closed: Callable[[], None] | None = closed

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._response.aiter_stream():
            yield chunk

    async def aclose(self) -> None:
        closed, self._closed = self._closed, None
        try:
            await self._response.aclose()
        finally:
            if closed:
                closed()


@cache
def _tls() -> ssl.SSLContext:
    """The one TLS context, made once: reading the certificate authorities takes 20 ms.

    It trusts the authorities that come with httpx and those the operator has installed on this machine.
    """
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context
