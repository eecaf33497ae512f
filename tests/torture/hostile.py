"""A web server without manners, in a process of its own: it drips, floods, lies, never ends, and sends bombs.

    with hostile() as server:
        ... server.url("endless-body"), server.pair

A process of its own, so that what the tests measure of ours (memory, the event loop's lag) is ours alone. What it
answers is chosen by the path: a name of `REPLIES`, or `documents/NAME` for one of `documents.DOCUMENTS`.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.rss import item, rss
from tests.torture.documents import DOCUMENTS

Reply = Iterator[bytes | float]  # what is sent, piece by piece; a number is a pause in seconds

FEED = rss(item(1), item(2))
OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
BOMB_MEGABYTES = 300
MEGABYTE = bytes(1_000_000)


def with_length(body: bytes, *headers: bytes) -> bytes:
    """A whole answer."""
    return OK + b"".join(header + b"\r\n" for header in headers) + b"Content-Length: %d\r\n\r\n" % len(body) + body


def deflated_bomb(wbits: int) -> bytes:
    """300 MB of zeros in 300 KB. Its checksum is wrong, which nobody will come to see."""
    packer = zlib.compressobj(9, wbits=wbits)
    first = packer.compress(MEGABYTE) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(MEGABYTE) + packer.flush(zlib.Z_FULL_FLUSH)
    return first + again * (BOMB_MEGABYTES - 1) + packer.flush()


def zstd_bomb() -> bytes:
    """300 MB of zeros in 10 KB: blocks of one repeated byte (RFC 8878 §3.1.1.2)."""
    size = 128 * 1024
    count = BOMB_MEGABYTES * 1_000_000 // size
    blocks = [(size << 3 | 1 << 1 | (number == count - 1)).to_bytes(3, "little") + b"\0" for number in range(count)]
    return b"\x28\xb5\x2f\xfd\x00\x58" + b"".join(blocks)


def coded(coding: bytes, body: bytes) -> Callable[[], Reply]:
    """A body under a Content-Encoding."""
    return lambda: iter([with_length(body, b"Content-Encoding: " + coding)])


def repeated(head: bytes, piece: bytes, times: int | None, pause: float | None = None, end: bytes = b"") -> Reply:
    """A head, then a piece again and again; `times` None: for ever."""
    yield head
    while times is None or times > 0:
        yield piece
        if pause is not None:
            yield pause
        times = None if times is None else times - 1
    yield end


def dripped(whole: bytes, pause: float) -> Reply:
    """An answer byte by byte."""
    for position in range(len(whole)):
        yield whole[position : position + 1]
        yield pause


REPLIES: dict[str, Callable[[], Reply]] = {
    # bodies that grow
    "gzip-bomb": coded(b"gzip", deflated_bomb(31)),
    "deflate-bomb": coded(b"deflate", deflated_bomb(15)),
    "bare-deflate-bomb": coded(b"deflate", deflated_bomb(-15)),
    "brotli-bomb": coded(b"br", b"\xcb\xff\xff\x1f" + bytes(450)),
    "zstd-bomb": coded(b"zstd", zstd_bomb()),
    "gzip-in-gzip": coded(b"gzip, gzip", zlib.compress(deflated_bomb(31), wbits=31)),
    "a-thousand-codings": coded(b", ".join([b"gzip"] * 1000), deflated_bomb(31)),
    "a-thousand-coding-headers": lambda: iter(
        [with_length(deflated_bomb(31), *[b"Content-Encoding: gzip"] * 1000)],
    ),
    "brotli-nobody-asked-for": coded(b"br", FEED),
    # bodies that do not end
    "hundred-megabytes": lambda: repeated(OK + b"Content-Length: 100000000\r\n\r\n", MEGABYTE, 100),
    "hundred-megabytes-unannounced": lambda: repeated(OK + b"\r\n", MEGABYTE, 100),
    "endless-body": lambda: repeated(OK + b"\r\n", b"<item>" * 10_000, None),
    "endless-chunks-of-one-byte": lambda: repeated(
        OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 1000, None
    ),
    "endless-chunk-extension": lambda: repeated(
        OK + b"Transfer-Encoding: chunked\r\n\r\n1;", b"extension=" * 1000, None
    ),
    "dripped-body": lambda: repeated(OK + b"\r\n" + FEED[:200], b"x", None, 0.05),
    "dripped-trailers": lambda: repeated(
        OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\n<rss\r\n0\r\n", b"X: y\r\n", None, 0.05
    ),
    # heads that do not end
    "silence": lambda: repeated(b"", b"", None, 0.05),
    "dripped-head": lambda: dripped(OK + b"X-Slow: " + b"slow" * 1000, 0.05),
    "endless-headers": lambda: repeated(OK, b"X-Flood: yes\r\n" * 1000, None),
    "endless-header": lambda: repeated(OK + b"X-Flood: ", b"yes" * 1000, None),
    "header-of-a-megabyte": lambda: iter([OK + b"X-Big: " + MEGABYTE.replace(b"\0", b"x") + b"\r\n\r\n" + FEED]),
    "folded-header-without-end": lambda: repeated(OK + b"X-Fold: a\r\n", b" and more\r\n" * 1000, None),
    "hundred-thousand-interim-answers": lambda: repeated(
        b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, 100, end=with_length(FEED)
    ),
    "endless-interim-answers": lambda: repeated(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1000, None),
    "as-many-headers-as-fit": lambda: iter([OK + b"a:b\r\n" * 16_000 + b"\r\n" + FEED]),
}


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError, asyncio.IncompleteReadError):
        path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode().strip("/").partition("?")[0]
        kind, _, name = path.partition("/")
        if kind == "documents":
            reply: Reply = iter([with_length(DOCUMENTS[name]())])
        else:
            reply = REPLIES[path]()
        for piece in reply:
            if isinstance(piece, bytes):
                writer.write(piece)
                await writer.drain()
            else:
                await asyncio.sleep(piece)
    writer.close()


async def _main() -> None:
    server = await asyncio.start_server(_answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


@dataclass(frozen=True, slots=True)
class Hostile:
    """The running server."""

    port: int

    @property
    def pair(self) -> str:
        """Address and port, as `allow_private` wants them."""
        return f"127.0.0.1:{self.port}"

    def url(self, name: str) -> str:
        """Where a reply is to be had."""
        return f"http://{self.pair}/{name}"


@contextmanager
def hostile() -> Iterator[Hostile]:
    """The server, running until the end of the block."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.torture.hostile"],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        try:
            yield Hostile(int(process.stdout.readline()))
        finally:
            process.kill()


if __name__ == "__main__":
    asyncio.run(_main())
