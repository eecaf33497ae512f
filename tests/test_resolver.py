"""Look-ups: joined, bounded, and never in the way of one another."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from monitor.resolver import SystemResolver
from tests.commands import environment


class NameServer:
    """Answers at once, but for names under `dead.example` only once it is repaired; counts what it is asked."""

    def __init__(self) -> None:
        self.repaired = threading.Event()
        self.asked: list[str] = []

    def __call__(self, host: str) -> list[str]:
        self.asked.append(host)
        if host.endswith("dead.example"):
            self.repaired.wait()
        if host == "nosuch.example":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return ["1.1.1.1"]


@pytest.fixture
def server() -> Iterator[NameServer]:
    """A name server, repaired in the end so that no thread stays."""
    started = NameServer()
    yield started
    started.repaired.set()


async def test_look_ups_of_one_name_at_a_time_are_one(server: NameServer) -> None:
    resolver = SystemResolver(server)

    found = await asyncio.gather(*(resolver("gazette.example") for _ in range(50)))

    assert found == [["1.1.1.1"]] * 50
    assert server.asked == ["gazette.example"]


async def test_the_system_is_asked_unless_a_test_says_otherwise() -> None:
    assert "127.0.0.1" in await SystemResolver()("localhost")


async def test_an_address_is_not_looked_up(server: NameServer) -> None:
    assert await SystemResolver(server)("127.1") == ["127.0.0.1"]
    assert server.asked == []


async def test_a_name_that_does_not_exist_is_an_error_every_time(server: NameServer) -> None:
    resolver = SystemResolver(server)

    for _ in range(2):
        with pytest.raises(OSError, match="not known"):
            await resolver("nosuch.example")


async def test_names_that_were_slow_leave_the_places_to_the_others(server: NameServer) -> None:
    resolver = SystemResolver(server, at_once=2, slow_at_once=1, slow_after=0.0)
    dead = [f"{number}.dead.example" for number in range(5)]
    server.repaired.set()
    for host in dead:
        await resolver(host)
    server.repaired.clear()

    waiting = [asyncio.ensure_future(resolver(host)) for host in dead]
    await asyncio.sleep(0)
    found = await asyncio.wait_for(resolver("gazette.example"), 5)

    assert found == ["1.1.1.1"]
    assert not any(each.done() for each in waiting)
    server.repaired.set()
    assert await asyncio.gather(*waiting) == [["1.1.1.1"]] * 5


async def test_closing_ends_what_is_waited_for(server: NameServer) -> None:
    resolver = SystemResolver(server)
    waiting = asyncio.ensure_future(resolver("a.dead.example"))
    await asyncio.sleep(0)

    resolver.close()

    with pytest.raises(asyncio.CancelledError):
        await waiting


def test_a_look_up_that_hangs_keeps_no_program_from_ending() -> None:
    program = """
import asyncio, threading
from monitor.resolver import SystemResolver

async def main():
    resolver = SystemResolver(lambda host: threading.Event().wait())
    try:
        await asyncio.wait_for(resolver("dead.example"), 0.01)
    except TimeoutError:
        print("left")
    resolver.close()

asyncio.run(main())
"""
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment(), capture_output=True, text=True, timeout=30, check=True
    )

    assert done.stdout == "left\n"
