"""The command line as a user runs it: a process of its own, its exit status, what it printed.

A process of its own that does not import everything anew: `tests.starter`.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any


@dataclass(frozen=True, slots=True)
class Result:
    """What a command left behind."""

    status: int
    out: str
    err: str

    def json(self) -> Any:
        """Standard output as one JSON document."""
        return json.loads(self.out)


def environment(**more: str) -> dict[str, str]:
    """The environment of a fresh login: none of our variables, and no colour."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("MONITOR_") and name not in ("CREDENTIALS_DIRECTORY", "STATE_DIRECTORY", "NOTIFY_SOCKET")
    }
    return {**kept, "NO_COLOR": "1", "PYTHONPATH": str(Path(__file__).parent.parent), **more}


def monitor(*arguments: str, cwd: Path | None = None, timeout: float = 60, **variables: str) -> Result:
    """Runs `monitor` with these arguments to its end. With a variable of Python's own it is a process that starts from
    nothing, since Python reads them only then."""
    if any(name.startswith("PYTHON") for name in variables):
        return _from_nothing(arguments, cwd, timeout, environment(**variables))
    message = {"arguments": arguments, "cwd": str(cwd or Path.cwd()), "environment": environment(**variables)}
    with (
        Path(os.devnull).open() as nothing,
        TemporaryFile("w+") as out,
        TemporaryFile("w+") as err,
        closing(_Told()) as told,
    ):
        files = [nothing.fileno(), out.fileno(), err.fileno(), told.writing]
        socket.send_fds(_starter(), [json.dumps(message).encode()], files)
        os.close(told.writing)
        command = told.number(timeout)
        try:
            status = told.number(timeout)
        except TimeoutError:
            os.kill(command, signal.SIGKILL)
            raise
        out.seek(0)
        err.seek(0)
        return Result(status, out.read(), err.read())


def _from_nothing(arguments: tuple[str, ...], cwd: Path | None, timeout: float, variables: dict[str, str]) -> Result:
    done = subprocess.run(
        [sys.executable, "-m", "monitor", *arguments],
        cwd=cwd,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)


class _Told:
    """A pipe on which the starter tells numbers, a line for each."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()
        self.lines = b""

    def number(self, timeout: float) -> int:
        """The next number. Raises TimeoutError when none comes within so many seconds."""
        while b"\n" not in self.lines:
            if not select.select([self.reading], [], [], timeout)[0]:
                raise TimeoutError(f"monitor did not end within {timeout:g} seconds")
            more = os.read(self.reading, 100)
            assert more, "the process that starts commands has failed"
            self.lines += more
        line, _, self.lines = self.lines.partition(b"\n")
        return int(line)

    def close(self) -> None:
        """Closes the end that is read; the other one is the starter's."""
        os.close(self.reading)


@cache
def _starter() -> socket.socket:
    """The line to `tests.starter`, which runs until we end."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen([sys.executable, "-m", "tests.starter"], stdin=theirs, env=environment())

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours
