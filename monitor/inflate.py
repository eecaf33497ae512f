"""Compressed bytes undone in bounded steps: content codings (RFC 9110 §8.4) and files that are gzip themselves.

https://www.rfc-editor.org/rfc/rfc9110; gzip: RFC 1952, https://www.rfc-editor.org/rfc/rfc1952
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from monitor.model import Outcome
from monitor.text import one_line

# Of a bomb, one packet would make ten megabytes at a time; after this much the others get their turn.
INFLATED_IN_A_ROW = 500_000  # bytes

MOST_GZIP_MEMBERS = 1000  # a body of 10 MB written in blocks of 64 KB has 160


class BadBody(Exception):
    """A body that cannot be used. The text completes "the server …"."""

    def __init__(self, kind: Outcome, why: str) -> None:
        self.kind = kind
        super().__init__(why)


class Inflater:
    """Undoes a body's content coding piece by piece, in small steps, never making more than one byte over the limit."""

    def __init__(self, coding: str, limit: int) -> None:
        """`coding` is the Content-Encoding header. Raises BadBody for one we cannot undo, a chain of them included."""
        self._coding = coding.strip().lower().removeprefix("x-")
        if self._coding not in ("", "identity", "gzip", "deflate"):
            raise BadBody(Outcome.PROTOCOL, f"sends a body coded as {one_line(coding, 40)}, which we did not ask for")
        self._limit = limit
        self._made = 0
        self._members = 0
        self._stream: zlib._Decompress | None = None  # None before the first byte, and without a coding

    @property
    def complete(self) -> bool:
        """Whether the body may end here: at the end of a compressed stream, before its beginning, or uncoded."""
        return self._stream is None or self._stream.eof

    def inflate(self, piece: bytes) -> Iterator[bytes]:
        """The next decoded bytes, INFLATED_IN_A_ROW at a time; cut one byte past the limit. Raises zlib.error."""
        if self._coding in ("", "identity"):
            yield piece
            return
        more = bool(piece)
        while more and self._made <= self._limit:
            if self._stream is None or self._stream.eof:
                if (stream := self._next_stream(piece)) is None:
                    break
                self._stream = stream
            step = min(INFLATED_IN_A_ROW, self._limit + 1 - self._made)
            part = self._stream.decompress(piece, step)
            self._made += len(part)
            yield part
            piece = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail
            # A full step may have left more inside the decoder, although it took the whole piece.
            more = bool(piece) or (len(part) == step and not self._stream.eof)

    def _next_stream(self, piece: bytes) -> zlib._Decompress | None:
        """The decoder for the stream that begins here; None when what follows the last one is mere padding."""
        self._members += 1
        if self._members > MOST_GZIP_MEMBERS:
            raise BadBody(Outcome.PROTOCOL, f"sends a body of more than {MOST_GZIP_MEMBERS} compressed parts")
        if self._coding == "gzip":
            # A gzip body may have several members (RFC 1952 §2.2); other bytes after one are ignored, as gzip does.
            is_member = self._stream is None or piece.startswith(b"\x1f")
            return zlib.decompressobj(wbits=31) if is_member else None
        if self._stream is not None:
            return None
        # "deflate" means the zlib format (RFC 9110 §8.4.1.2), whose first byte ends in 8; some servers send it bare.
        return zlib.decompressobj(wbits=15 if piece[0] & 0x0F == 8 else -15)
