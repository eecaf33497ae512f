"""A response body within bounds: counted on the wire, decompressed in bounded steps, known to be whole or cut off.

Content codings: RFC 9110 §8.4 (https://www.rfc-editor.org/rfc/rfc9110); `inflate` undoes them.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterable

from monitor.inflate import INFLATED_IN_A_ROW, BadBody, Inflater
from monitor.model import Outcome

# A body in pieces of one byte costs a hundred times more work than its size says, so each piece counts at least this.
SMALLEST_PIECE = 100  # bytes

# The pieces of one packet come without a pause; after so many of them the others get their turn.
PIECES_IN_A_ROW = 256


class CutOff(Exception):
    """The connection ended before the body did. The text says how."""


async def read_body(
    pieces: AsyncIterable[bytes], *, coding: str, announced: int | None, limit: int
) -> tuple[bytes, int, str | None]:
    """The decoded body, its bytes on the wire, and why it is known to be cut off (None: nothing says so).

    `coding` is the Content-Encoding header, `announced` the Content-Length; `limit` holds for bytes on the wire and for
    decoded bytes alike. `pieces` may raise CutOff; what came until then is kept. Raises BadBody when nothing is left.
    """
    too_large = BadBody(Outcome.TOO_LARGE, f"sends more than {limit:,} bytes, which is more than a feed may have")
    if announced is not None and announced > limit:
        raise too_large
    inflater = Inflater(coding, limit)
    body = bytearray()
    count = wire_bytes = charged = 0
    truncated = None
    try:
        async for piece in pieces:
            count += 1
            if count % PIECES_IN_A_ROW == 0:
                await asyncio.sleep(0)
            wire_bytes += len(piece)
            charged += max(len(piece), SMALLEST_PIECE)
            for part in inflater.inflate(piece):
                body += part
                if charged > limit or len(body) > limit:
                    raise too_large
                if len(part) == INFLATED_IN_A_ROW:
                    await asyncio.sleep(0)
    except zlib.error as error:
        raise BadBody(Outcome.PROTOCOL, "sends a body that is not compressed the way it says") from error
    except CutOff as error:
        truncated = f"the connection ended before the body did: {error}"
    if truncated is None and not inflater.complete:
        truncated = "the compressed body ends before its end mark"
    if truncated and not body:
        raise BadBody(Outcome.PROTOCOL, "ended its answer before anything of the body had come")
    return bytes(body), wire_bytes, truncated
