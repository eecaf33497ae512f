"""A real daemon that is killed, or told to stop, at the worst moments: nothing is lost, nothing is half done."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.alerts.service import PATIENCE, Newsfeed, Post, settings
from tests.commands import environment

STOPS_WITHIN = 60.0  # seconds, TimeoutStopSec of the unit


@contextmanager
def running(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The daemon."""
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "monitor", "-v", "run"], cwd=folder, env=environment(), stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def ask(folder: Path, sql: str) -> list[tuple[object, ...]]:
    """Asks the archive."""
    with closing(sqlite3.connect(f"file:{folder}/db/archive.db?mode=ro", uri=True)) as db:
        return db.execute(sql).fetchall()


def test_a_kill_between_answer_and_commit_leaves_the_old_validators_and_loses_no_item(tmp_path: Path) -> None:
    with Newsfeed() as feed, Post() as post:
        (tmp_path / "feeds.yaml").write_text(settings(feed, post))
        with running(tmp_path) as daemon:
            feed.wait_for_polls(2)
        uncommitted = 0
        for number in range(1, 4):
            with running(tmp_path) as daemon:
                feed.wait_for_polls(1)

                def kill(daemon: subprocess.Popen[bytes] = daemon, number: int = number) -> None:
                    if feed.count > number:
                        os.kill(daemon.pid, signal.SIGKILL)

                feed.after_answer = kill
                feed.publish()
                daemon.wait(PATIENCE)
                feed.after_answer = None
            (etag,), (items,) = (
                ask(tmp_path, "SELECT etag FROM feeds")[0],
                ask(tmp_path, "SELECT count(*) FROM articles")[0],
            )
            assert etag == f'"{items}"'.encode()  # what was stored and what will be asked with belong together
            uncommitted += items == number
            asked = len(feed.asked)
            with running(tmp_path):
                feed.wait_for_polls(2)
            assert feed.asked[asked] == f'"{items}"'
        with running(tmp_path) as daemon:
            post.wait_for(3)

        assert uncommitted > 0  # it was killed in time at least once
        assert ask(tmp_path, "SELECT count(*), count(DISTINCT link) FROM articles") == [(4, 4)]
    assert set(post.items) == set(range(1, 4))
    assert all(len(set(copies)) == 1 for copies in post.items.values())


def test_told_to_stop_with_a_message_in_the_servers_hands_it_hears_the_answer_first(tmp_path: Path) -> None:
    in_hand, may_answer = threading.Event(), threading.Event()

    def hold() -> None:
        in_hand.set()
        may_answer.wait(PATIENCE)

    with Newsfeed() as feed, Post() as post:
        (tmp_path / "feeds.yaml").write_text(settings(feed, post))
        with running(tmp_path) as daemon:
            feed.wait_for_polls(2)
            post.on_data = hold
            feed.publish()
            assert in_hand.wait(PATIENCE)
            daemon.send_signal(signal.SIGTERM)
            with pytest.raises(subprocess.TimeoutExpired):
                daemon.wait(1)
            may_answer.set()

            assert daemon.wait(STOPS_WITHIN) == 0
        assert ask(tmp_path, "SELECT state FROM deliveries") == [("sent",)]
    assert len(post.items[1]) == 1


def test_told_to_stop_while_a_feed_is_slow_it_does_not_wait_for_it_and_loses_nothing(tmp_path: Path) -> None:
    asked, never = threading.Event(), threading.Event()

    def hold() -> None:
        asked.set()
        never.wait(PATIENCE)

    with Newsfeed() as feed, Post() as post:
        (tmp_path / "feeds.yaml").write_text(settings(feed, post))
        with running(tmp_path) as daemon:
            feed.wait_for_polls(2)
            feed.before_answer = hold
            feed.publish()
            assert asked.wait(PATIENCE)
            daemon.send_signal(signal.SIGTERM)

            assert daemon.wait(STOPS_WITHIN) == 0
        feed.before_answer = None
        never.set()
        with running(tmp_path) as daemon:
            post.wait_for(1)
            daemon.send_signal(signal.SIGTERM)
            assert daemon.wait(STOPS_WITHIN) == 0

        assert ask(tmp_path, "SELECT DISTINCT state FROM deliveries") == [("sent",)]


def test_told_to_stop_as_soon_as_it_starts_it_ends_well_and_the_archive_is_whole(tmp_path: Path) -> None:
    with Newsfeed() as feed, Post() as post:
        (tmp_path / "feeds.yaml").write_text(settings(feed, post))
        for _ in range(3):
            with running(tmp_path) as daemon:
                feed.wait_for_polls(1)  # of which it may be reading the answer, or be writing it down
                daemon.send_signal(signal.SIGTERM)
                assert daemon.wait(STOPS_WITHIN) == 0
            assert ask(tmp_path, "PRAGMA integrity_check") == [("ok",)]
            feed.publish()
        with running(tmp_path):
            post.wait_for(3)
    assert set(post.items) == {1, 2, 3}
