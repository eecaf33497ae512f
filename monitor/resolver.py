"""Host names to addresses, so that a dead name server holds up nothing but its own names.

getaddrinfo cannot be cancelled, and hangs for half a minute and more when a name server does not answer. Every look-up
therefore has a thread of its own, and names that were slow the last time share a small number of them.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from threading import Thread

Resolver = Callable[[str], Awaitable[Sequence[str]]]
"""A host name to its addresses, in the order to try them. Raises OSError when it has none."""

# Threads in getaddrinfo, which cannot be cancelled and may hang for half a minute when a name server is dead.
LOOK_UPS_AT_ONCE = 96
# Of names whose last look-up took longer than SLOW_LOOK_UP there are no more than these, so that the names of a dead
# server wait for each other and for nobody else.
SLOW_LOOK_UPS_AT_ONCE = 32
SLOW_LOOK_UP = 2.0  # seconds
SLOW_NAMES = 10_000  # remembered at most


class SystemResolver:
    """getaddrinfo on threads of its own, so that a dead name server holds up nothing but its own names."""

    def __init__(
        self,
        look_up: Callable[[str], list[str]] | None = None,
        *,
        at_once: int = LOOK_UPS_AT_ONCE,
        slow_at_once: int = SLOW_LOOK_UPS_AT_ONCE,
        slow_after: float = SLOW_LOOK_UP,
    ) -> None:
        """`look_up` replaces getaddrinfo; it runs in a thread and may hang. `slow_after` is in seconds."""
        self._look_up = look_up or addresses_of
        self._slow_after = slow_after
        self._under_way: dict[str, asyncio.Task[list[str]]] = {}
        self._quick = asyncio.Semaphore(at_once)
        self._slow = asyncio.Semaphore(slow_at_once)
        self._slow_names: dict[str, None] = {}  # in the order they were met

    async def __call__(self, host: str) -> list[str]:
        """The addresses of a name; of an address, itself."""
        with suppress(socket.gaierror):
            return addresses_of(host, socket.AI_NUMERICHOST)  # an address already: nothing to wait for
        # One thread a name: a look-up that hangs is joined, not begun again.
        task = self._under_way.get(host)
        if task is None:
            task = self._under_way[host] = asyncio.create_task(self._looked_up(host))
            task.add_done_callback(lambda done: self._finished(host, done))
        return await asyncio.shield(task)

    async def _looked_up(self, host: str) -> list[str]:
        async with self._slow if host in self._slow_names else self._quick:
            begun = time.monotonic()
            try:
                return await _in_a_thread(self._look_up, host)
            finally:
                self._slow_names.pop(host, None)
                if time.monotonic() - begun > self._slow_after:
                    self._slow_names[host] = None
                    if len(self._slow_names) > SLOW_NAMES:
                        del self._slow_names[next(iter(self._slow_names))]

    def _finished(self, host: str, look_up: asyncio.Task[list[str]]) -> None:
        del self._under_way[host]
        if not look_up.cancelled():
            look_up.exception()  # all who waited may have left; asyncio would complain that nobody heard of it

    def close(self) -> None:
        """Ends every look-up, as far as we wait for it; their threads keep nobody from leaving."""
        for task in list(self._under_way.values()):
            task.cancel()


def _in_a_thread(look_up: Callable[[str], list[str]], host: str) -> asyncio.Future[list[str]]:
    """A look-up in a thread that the program's end does not wait for, as it would for one of an executor."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[str]] = loop.create_future()

    def settle(found: list[str] | Exception) -> None:
        if answer.cancelled():
            return
        if isinstance(found, Exception):
            answer.set_exception(found)
        else:
            answer.set_result(found)

    def run() -> None:
        found: list[str] | Exception
        try:
            found = look_up(host)
        except Exception as error:
            found = error
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, found)

    try:
        Thread(target=run, name="resolve", daemon=True).start()
    except RuntimeError as error:
        answer.set_exception(OSError(f"no thread to look it up in: {error}"))
    return answer


def addresses_of(host: str, flags: int = 0) -> list[str]:
    """getaddrinfo's answer, each address once; `flags` are its own. Raises OSError, UnicodeError."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=flags)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))
