"""Disks that fail, and what is left of files when the power does: a shim between a real program and its archive.

The shim (disk.c) is compiled once a run; without a C compiler, or where programs do not link to SQLite, tests that need
it are skipped, and say so.
"""

from __future__ import annotations

import atexit
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.commands import environment

SECTOR = 512  # bytes that a disk writes whole or not at all


@cache
def shim() -> Path:
    """The compiled shim."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler, so disks cannot be made to fail (Debian: apt install gcc libc6-dev)")
    folder = Path(tempfile.mkdtemp(prefix="monitor-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    library, source = folder / "disk.so", Path(__file__).with_name("disk.c")
    done = subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl", "-lpthread"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"the shim for disks that fail could not be compiled: {done.stderr[-200:]}")
    return library


def clerk(archive: Path, *arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs the clerk on an archive, on a disk as the variables say."""
    given = {"LD_PRELOAD": str(shim()), "DISK_FOLDER": str(archive.parent), **variables}
    return subprocess.run(
        [sys.executable, "-m", "tests.alerts.clerk", str(archive), *map(str, arguments)],
        env=environment(**given),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that a program did to its files, or said."""

    what: str  # W(rite), T(runcate), S(ync), U(nlink), A(cknowledged: on standard output)
    path: str
    offset: int  # of a truncation the new length
    data: bytes


def events(log: Path) -> list[Event]:
    """What the shim wrote down, in order."""
    found, data, at = [], log.read_bytes(), 0
    while at < len(data):
        end = data.index(b"\n", at)
        what, path, offset, length = data[at:end].decode().split(" ")
        at = end + 1
        size = int(length) if what in "WA" else 0
        found.append(Event(what, path, int(offset), data[at : at + size]))
        at += size
    return found


def acknowledged(happened: Sequence[Event]) -> dict[str, set[int]]:
    """What the program said that it had done: step → numbers."""
    said: dict[str, set[int]] = defaultdict(set)
    for line in b"".join(event.data for event in happened if event.what == "A").decode().splitlines():
        step, number = line.split()
        said[step].add(int(number))
    return said


def after_power_loss(happened: Sequence[Event], folder: Path, chance: random.Random) -> None:
    """Writes the files as a disk may hold them when the power fails after these events.

    What was synced is there; that a file was deleted is known once its folder was synced. Of the rest each write may be
    there, or not, or some of its sectors: a disk writes in the order that it likes.
    """
    last_sync = {event.path: number for number, event in enumerate(happened) if event.what == "S"}
    files: dict[str, bytearray] = {}
    for number, event in enumerate(happened):
        synced = str(Path(event.path).parent) if event.what == "U" else event.path
        is_safe = number < last_sync.get(synced, -1)
        if event.what not in "WTU" or not (is_safe or chance.random() < 0.5):
            continue
        if event.what == "U":
            files.pop(event.path, None)
            continue
        content = files.setdefault(event.path, bytearray())
        if event.what == "T":
            content[event.offset :] = bytes(max(event.offset - len(content), 0))
            continue
        content.extend(bytes(max(event.offset + len(event.data) - len(content), 0)))
        for start in range(0, len(event.data), SECTOR):
            if is_safe or chance.random() < 0.7:
                piece = event.data[start : start + SECTOR]
                content[event.offset + start : event.offset + start + len(piece)] = piece
    for path, content in files.items():
        (folder / Path(path).name).write_bytes(content)


@dataclass(frozen=True, slots=True)
class Found:
    """What an archive holds."""

    stored: set[int]
    queued: set[int]
    sent: set[int]
    alerts: int
    wrong: list[str]


def look(archive: Path) -> Found:
    """What an archive holds, after SQLite's own recovery, and what is wrong with it."""
    with closing(sqlite3.connect(archive)) as db:
        wrong = [row[0] for row in db.execute("PRAGMA integrity_check") if row[0] != "ok"]
        wrong += [str(row) for row in db.execute("PRAGMA foreign_key_check")]
        tables = {row[0] for row in db.execute("SELECT name FROM sqlite_schema")}
        if "deliveries" not in tables:
            return Found(set(), set(), set(), 0, wrong)
        numbers = {
            key: int(entry.rpartition("-")[2]) for key, entry in db.execute("SELECT article, entry_key FROM sightings")
        }
        states = db.execute(
            "SELECT article, deliveries.state FROM deliveries JOIN alerts ON alerts.id = alert"
        ).fetchall()
        return Found(
            stored=set(numbers.values()),
            queued={numbers[article] for article, state in states if state != "waiting"},
            sent={numbers[article] for article, state in states if state == "sent"},
            alerts=db.execute("SELECT count(*) FROM alerts").fetchone()[0],
            wrong=wrong,
        )


def copied(folder: Path, to: Path) -> Path:
    """A copy of a folder."""
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(folder, to)
    return to


def seeds(name: str, usual: int) -> int:
    """How many rounds to make: $NAME, or the usual number."""
    return int(os.environ.get(name) or usual)
