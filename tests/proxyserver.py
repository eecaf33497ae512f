"""A small HTTP proxy on loopback: forward requests and tunnels, to wherever a test says a name leads."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import closing, suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit


class ProxyServer:
    """The proxy; an async context manager. `asked` holds the first line of every request."""

    def __init__(self, places: Mapping[str, int], *, authorization: str | None = None) -> None:
        """`places` are host:port → port on 127.0.0.1; what is not there gets a 502. `authorization` is demanded."""
        self.places = dict(places)
        self.asked: list[str] = []
        self._authorization = authorization
        self._under_way: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._welcome, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.close()
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        await self._server.wait_closed()

    def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer), suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, _, headers = head.partition("\r\n")
            self.asked.append(first)
            method, target, _ = first.split(" ")
            place = target if method == "CONNECT" else urlsplit(target).netloc
            if self._authorization and f"Proxy-Authorization: {self._authorization}\r\n" not in headers:
                writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            elif place not in self.places:
                writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            else:
                await self._pass_on(method, target, headers, self.places[place], reader, writer)

    async def _pass_on(
        self,
        method: str,
        target: str,
        headers: str,
        port: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        onward_reader, onward = await asyncio.open_connection("127.0.0.1", port)
        try:
            if method == "CONNECT":
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                path = urlsplit(target).path or "/"
                onward.write(f"{method} {path} HTTP/1.1\r\n{headers}".encode("latin-1"))
            async with asyncio.TaskGroup() as ways:
                ways.create_task(_copy(reader, onward))
                ways.create_task(_copy(onward_reader, writer))
        finally:
            onward.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
    writer.close()
