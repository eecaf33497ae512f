"""A mail server that takes everything and keeps nothing: as fast as one can be in Python. A process of its own.

    python bench/sink.py PORT

Prints `ready`, then for each message one line: the instant of its 250 on the machine's monotonic clock, the number of
its connection, and its subject.
"""

from __future__ import annotations

import asyncio
import sys
import time
from email import message_from_bytes
from email.header import decode_header, make_header
from itertools import count

CONNECTIONS = count(1)
WORDS = {b"EHLO": b"250 sink\r\n", b"DATA": b"354 go on\r\n", b"QUIT": b"221 bye\r\n"}


class Sink(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.number = next(CONNECTIONS)
        self.heard = b""
        self.is_data = False
        transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        self.heard += data
        while True:
            end = b"\r\n.\r\n" if self.is_data else b"\r\n"
            said, found, rest = self.heard.partition(end)
            if not found:
                return
            self.heard = rest
            if self.is_data:
                self.is_data = False
                self.transport.write(b"250 taken\r\n")
                print(f"{time.monotonic():.6f} {self.number} {subject(said)}", flush=True)
            else:
                command = said[:4].upper()
                self.is_data = command == b"DATA"
                self.transport.write(WORDS.get(command, b"250 ok\r\n"))
                if command == b"QUIT":
                    self.transport.close()


def subject(message: bytes) -> str:
    """A message's subject in one line."""
    head = message_from_bytes(message.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
    return " ".join(str(make_header(decode_header(head["Subject"] or ""))).split())


async def main() -> None:
    """Serves until it is killed."""
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", int(sys.argv[1]))
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
