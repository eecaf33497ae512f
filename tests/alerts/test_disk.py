"""What was acknowledged is there, whatever the disk did: power that fails, syncs that fail, no room left."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.alerts.disk import Event, acknowledged, after_power_loss, clerk, copied, events, look, seeds, shim
from tests.alerts.service import Newsfeed, Post, settings
from tests.commands import environment

PATIENCE = 60.0  # seconds until a test gives up
ROUNDS = 500


def broken_promises(happened: Sequence[Event], folder: Path, chance: random.Random) -> list[str]:
    """What an archive lacks after a power loss at some moment, or has without reason."""
    folder.mkdir()
    cut = chance.randrange(len(happened)) + 1
    after_power_loss(happened[:cut], folder, chance)
    said = acknowledged(happened[:cut])
    if not (folder / "archive.db").exists():
        return [f"at {cut}: no archive, after {dict(said)}"] if said else []
    found = look(folder / "archive.db")
    missing = {
        "stored": said["stored"] - found.stored,
        "queued": said["queued"] - found.queued,
        "sent": said["sent"] - found.sent,
        "sent without being taken": found.sent - said["taken"],
    }
    return [f"at {cut}: {what} {numbers}" for what, numbers in missing.items() if numbers] + found.wrong


def losses(folder: Path, rounds: int, *mode: str) -> list[str]:
    """The promises broken over so many power losses in one run of the clerk."""
    archive, log = folder / "disk" / "archive.db", folder / "log"
    archive.parent.mkdir(parents=True)
    done = clerk(archive, 0, 12, *mode, DISK_LOG=str(log))
    assert done.returncode == 0, done.stderr
    happened = events(log)
    assert any(event.what == "S" for event in happened), "this program's SQLite does not go through the shim"
    broken = []
    for seed in range(rounds):
        broken += broken_promises(happened, folder / f"after-{seed}", random.Random(seed))
    return broken


def test_a_power_loss_costs_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    assert losses(tmp_path, seeds("MONITOR_LOSSES", ROUNDS)) == []


def test_the_same_harness_sees_what_a_less_careful_archive_would_lose(tmp_path: Path) -> None:
    assert losses(tmp_path, 100, "NORMAL") != []


def test_a_sync_that_fails_loses_nothing_acknowledged_and_doubles_nothing(tmp_path: Path) -> None:
    start = tmp_path / "start"
    start.mkdir()
    assert clerk(start / "archive.db", 0, 1).returncode == 0
    for fault in range(1, 200):
        folder = copied(start, tmp_path / "disk")
        failed = clerk(folder / "archive.db", 1, 2, DISK_FAULT=str(fault), DISK_LOG=str(tmp_path / f"log-{fault}"))
        said = acknowledged(events(tmp_path / f"log-{fault}"))
        again = clerk(folder / "archive.db", 1, 2)
        found = look(folder / "archive.db")

        assert found.wrong == []
        for step, numbers in (("stored", found.stored), ("queued", found.queued), ("sent", found.sent)):
            assert said[step] <= numbers, f"fault {fault}: {step}"
        assert again.returncode == 0, again.stderr
        assert (found.sent, found.alerts) == ({0, 1, 2}, 3), f"fault {fault}"
        if failed.returncode == 0:
            break
    assert fault > 5  # there were that many chances to fail


@pytest.mark.parametrize("what", ["while it stores", "while it sends"])
def test_a_disk_without_room_costs_no_alert_and_is_used_again_when_there_is(tmp_path: Path, what: str) -> None:
    """The real daemon: the disk fills up, items come, mails are taken; then there is room again."""
    full = tmp_path / "full"
    with Newsfeed() as feed, Post() as post:
        folder = tmp_path / "service"
        folder.mkdir()
        (folder / "feeds.yaml").write_text(settings(feed, post))
        variables = {"LD_PRELOAD": str(shim()), "DISK_FOLDER": str(folder / "db"), "DISK_FULL": str(full)}
        with (tmp_path / "log").open("wb") as log:
            daemon = subprocess.Popen(
                [sys.executable, "-m", "monitor", "-v", "run"],
                cwd=folder,
                env=environment(**variables),
                stdout=log,
                stderr=log,
            )
        try:
            feed.wait_for_polls(1)
            feed.publish()
            post.wait_for(1)
            if what == "while it stores":
                full.touch()
                feed.publish()
            else:
                post.on_data = full.touch  # taken, and the disk is full when that is to be written down
                feed.publish()
                post.wait_for(2)
            said = wait_for_words(tmp_path / "log", b"everything waits for it")
            post.on_data = None
            full.unlink()
            feed.publish()
            post.wait_for(3)
            feed.wait_for_polls(2)
            daemon.send_signal(signal.SIGTERM)
            status = daemon.wait(PATIENCE)
        finally:
            daemon.kill()
            daemon.wait()

    assert status == 0
    assert set(post.items) == {1, 2, 3}
    assert all(len(set(copies)) == 1 for copies in post.items.values())
    assert look(folder / "db" / "archive.db").wrong == []
    assert b"make room" in said
    assert b"can be used again" in (tmp_path / "log").read_bytes()
    assert b"Traceback" not in (tmp_path / "log").read_bytes()


def wait_for_words(log: Path, words: bytes) -> bytes:
    """The log, once these words are in it."""
    end = time.monotonic() + PATIENCE
    while words not in (said := log.read_bytes()):
        assert time.monotonic() < end, f"the daemon did not say {words.decode()!r}"
        os.sched_yield()
    return said
