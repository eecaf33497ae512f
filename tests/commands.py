"""The command line as a user runs it: a process of its own, its exit status, what it printed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
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
    """Runs `monitor` with these arguments to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "monitor", *arguments],
        cwd=cwd,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=timeout,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)
