"""A small HTTP/1.1 server on loopback that does what a test tells it to, bad manners included.

    async with Site({"/feed": Answer(body=b"<rss/>", headers={"ETag": '"1"'})}) as site:
        ... site.url("/feed"), site.pair, site.requests, site.connections

A route is an answer, raw bytes (sent as they are, then the connection is closed), or a function from the request to
either of them or to an async iterator of raw bytes, which may wait for `site.left` to hold the line without sleeping.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from types import TracebackType
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as it came."""

    method: str
    target: str  # path and query
    headers: tuple[tuple[bytes, bytes], ...]  # names and values byte for byte, in order
    body: bytes = b""

    def header(self, name: str) -> bytes | None:
        """The value of the first header of that name, in any case; None when there is none."""
        wanted = name.lower().encode()
        return next((value for given, value in self.headers if given.lower() == wanted), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A well-formed response. Its Content-Length is that of the body unless a header says otherwise."""

    status: int = 200
    headers: Mapping[str, str | bytes] = field(default_factory=dict)
    body: bytes = b""

    def encode(self) -> bytes:
        """The response as bytes."""
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}".encode()]
        names = {name.lower() for name in self.headers}
        if self.status != 304 and not names & {"content-length", "transfer-encoding"}:
            lines.append(b"Content-Length: %d" % len(self.body))
        for name, value in self.headers.items():
            lines.append(name.encode() + b": " + (value.encode() if isinstance(value, str) else value))
        return b"\r\n".join(lines) + b"\r\n\r\n" + self.body


Reply = Answer | bytes | AsyncIterator[bytes]
Route = Reply | Callable[[Request], Reply]

NOT_FOUND = Answer(status=404)


def redirect(location: str, status: int = 302) -> Answer:
    """An answer that leads elsewhere."""
    return Answer(status=status, headers={"Location": location})


class Site:
    """The server; an async context manager. `routes` may be changed while it runs."""

    def __init__(self, routes: Mapping[str, Route] | None = None, *, host: str = "127.0.0.1") -> None:
        self.routes = dict(routes or {})
        self.requests: list[Request] = []
        self.connections = 0
        self.left = asyncio.Event()  # set when the test is over
        self._host = host
        self._under_way: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._welcome, self._host, 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.left.set()
        self._server.close()
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def pair(self) -> str:
        """Address and port, as `allow_private` wants them."""
        return f"{self._host}:{self.port}"

    def url(self, path: str = "/", *, userinfo: str = "") -> str:
        """The URL of a path on this server."""
        return f"http://{userinfo}{self.pair}{path}"

    def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.ensure_future(self._converse(reader, writer))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (request := await _read_request(reader)) is not None:
                self.requests.append(request)
                if not await self._reply(request, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client left in the middle, as clients may
        finally:
            writer.close()

    async def _reply(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        """Sends the route's reply; whether the connection stays open."""
        route = self.routes.get(request.target.partition("?")[0], NOT_FOUND)
        reply = route(request) if callable(route) else route
        if isinstance(reply, AsyncIterator):
            async for piece in reply:
                writer.write(piece)
                await writer.drain()
            return False
        writer.write(reply.encode() if isinstance(reply, Answer) else reply)
        await writer.drain()
        return isinstance(reply, Answer) and "Connection" not in reply.headers


async def _read_request(reader: asyncio.StreamReader) -> Request | None:
    """The next request on a connection; None when the client has closed it, or speaks no HTTP."""
    method, _, target = (await reader.readline()).decode("latin-1").removesuffix(" HTTP/1.1\r\n").partition(" ")
    if method not in ("GET", "POST"):
        return None
    headers = []
    while (line := await reader.readline()) not in (b"\r\n", b""):
        name, _, value = line.rstrip(b"\r\n").partition(b": ")
        headers.append((name, value))
    request = Request(method=method, target=target, headers=tuple(headers))
    length = int(request.header("Content-Length") or 0)
    return replace(request, body=await reader.readexactly(length))
