"""The service manager hears what it must, and can do no harm."""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.notify import Notifier, watchdog_interval


class Manager:
    """A service manager: a bound datagram socket and what came in."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self.socket.settimeout(5)

    def heard(self) -> str:
        """The next message."""
        return self.socket.recv(4096).decode()


@pytest.fixture(params=["a socket in the file system", "an abstract socket"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    abstract = request.param == "an abstract socket"
    listening = Manager(f"@monitor-test-{uuid.uuid4()}" if abstract else str(tmp_path / "notify"))
    yield listening
    listening.socket.close()


@pytest.mark.parametrize(
    ("say", "message"),
    [
        pytest.param(Notifier.ready, "READY=1", id="ready"),
        pytest.param(lambda line: line.starting(timedelta(hours=1)), "EXTEND_TIMEOUT_USEC=3600000000", id="starting"),
        pytest.param(Notifier.watchdog, "WATCHDOG=1", id="alive"),
        pytest.param(Notifier.stopping, "STOPPING=1", id="stopping"),
        pytest.param(lambda line: line.status("watching 3 feeds"), "STATUS=watching 3 feeds", id="status"),
    ],
)
def test_each_message_is_one_datagram(manager: Manager, say: Callable[[Notifier], None], message: str) -> None:
    say(Notifier(manager.address))

    assert manager.heard() == message


def test_a_reload_says_when_it_began_on_the_managers_clock(manager: Manager) -> None:
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000

    Notifier(manager.address).reloading()

    first, second = manager.heard().split("\n")
    after = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    assert first == "RELOADING=1"
    assert before <= int(second.removeprefix("MONOTONIC_USEC=")) <= after


def test_a_status_cannot_smuggle_in_another_message(manager: Manager) -> None:
    Notifier(manager.address).status("reload refused:\nSTOPPING=1\n")

    assert manager.heard() == "STATUS=reload refused: STOPPING=1"


@pytest.mark.parametrize(
    "address",
    [
        pytest.param(None, id="not run by a service manager"),
        pytest.param("", id="an empty address"),
        pytest.param("/nowhere/notify", id="nobody listens"),
        pytest.param("vsock:2:1234", id="a kind of address we do not speak"),
        pytest.param("/" + "x" * 200, id="longer than an address may be"),
        pytest.param("/a\0b", id="a NUL inside"),
    ],
)
def test_a_manager_that_does_not_listen_is_no_fault_of_ours(address: str | None) -> None:
    line = Notifier(address)

    line.ready()
    line.status("half a letter: \ud800")
    line.reloading()
    line.watchdog()
    line.stopping()


@pytest.mark.parametrize(
    ("environ", "interval"),
    [
        pytest.param({}, None, id="no watchdog is asked for"),
        pytest.param({"WATCHDOG_USEC": "120000000"}, timedelta(minutes=1), id="half of what is allowed"),
        pytest.param(
            {"WATCHDOG_USEC": "2000000", "WATCHDOG_PID": str(os.getpid())}, timedelta(seconds=1), id="we are meant"
        ),
        pytest.param({"WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "1"}, None, id="another process is meant"),
        pytest.param({"WATCHDOG_USEC": "0"}, None, id="zero means none"),
        pytest.param({"WATCHDOG_USEC": "soon"}, None, id="not a number"),
        pytest.param({"WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "me"}, None, id="not a process number"),
        pytest.param({"WATCHDOG_USEC": "9" * 30}, None, id="longer than time itself"),
    ],
)
def test_the_watchdog_is_fed_twice_as_often_as_asked(environ: Mapping[str, str], interval: timedelta | None) -> None:
    assert watchdog_interval(environ) == interval
