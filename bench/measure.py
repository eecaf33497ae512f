"""What the benchmarks share: CPU and memory of a process tree from /proc, the feed server, event-loop lag."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def tree(root: int) -> list[int]:
    """The process and all its descendants that are alive."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(path.parent.name)] = int(fields[1])
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        found.append(pid)
        todo += [child for child, parent in parents.items() if parent == pid]
    return found


def cpu_seconds(pids: list[int]) -> float:
    """User and system time of these processes so far, with the time of their dead children they waited for."""
    total = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(int(fields[index]) for index in (11, 12, 13, 14))
    return total / TICKS


def peak_mb(pid: int) -> float:
    """The most resident memory a process ever had, in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1000
    return 0.0


def resident_mb(pid: int) -> float:
    """The resident memory of a process now, in MB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE / 1e6


def free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def feed_server(feeds: int) -> Iterator[int]:
    """The feed server as a process of its own; gives its port."""
    port = free_port()
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("feedserver.py")), str(port), str(feeds)],
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout
        assert server.stdout.readline() == "ready\n"
        try:
            yield port
        finally:
            server.kill()


def set_round(port: int, number: int) -> None:
    """Tells the feed server which round it is."""
    request = urllib.request.Request(f"http://127.0.1.1:{port}/round?n={number}", method="POST")
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request).close()


def url(feed: int, port: int) -> str:
    """The address of a benchmark feed."""
    return f"http://127.0.1.{feed % 200 + 1}:{port}/{feed}"


class Lag:
    """How late the event loop runs what is due: the longest it was blocked, in milliseconds."""

    def __init__(self) -> None:
        self.worst_ms = 0.0

    async def watch(self) -> None:
        """Samples for ever, every 5 ms."""
        while True:
            start = time.perf_counter()
            await asyncio.sleep(0.005)
            self.worst_ms = max(self.worst_ms, (time.perf_counter() - start - 0.005) * 1000)
