"""Backups are made when they are due, missed ones too; one that fails, and a log that grows, the operator hears of."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from monitor import config as configuration
from monitor import upkeep
from monitor.archive import Archive, ArchiveThread, open_archive
from monitor.config import Config
from monitor.upkeep import Backups, look_at_log
from monitor.watch import queue_notice
from tests.archive.builders import an_outcome, found, numbered
from tests.commands import monitor
from tests.factories import NOW, later
from tests.keeping.archives import LONG, ask, fill, whole

SETTINGS = """
monitor: {contact: desk@example.org, timezone: Europe/Paris}
feeds: [{key: gazette, url: "https://gazette.example/rss.xml"}]
backup: {to: copies, cron: "30 3 * * *", keep: 3}
"""


class House:
    """An archive with backups, and a clock that is set."""

    def __init__(self, config: Config, archive: Archive, thread: ArchiveThread) -> None:
        self.config, self.archive, self.thread = config, archive, thread
        self.now = NOW
        self.backups = Backups(thread, archive, lambda: self.now)

    async def at(self, now: datetime) -> list[str]:
        """The copies there are when the minute's job was done at an instant."""
        self.now = now
        await self.backups.back_up_if_due(self.config)
        return copies(self.config)

    async def told(self) -> list[str]:
        """The subjects of the notices that are queued from now on."""
        subject = await queue_notice(self.thread, self.archive, self.config, now=self.now)
        return [] if subject is None else [subject]


def copies(config: Config) -> list[str]:
    """The names of the copies there are."""
    assert config.backup is not None
    folder = Path(config.backup.folder)
    return sorted(each.name for each in folder.iterdir()) if folder.is_dir() else []


def wait_for_part(folder: Path) -> None:
    """Until a copy is under way."""
    while not list(folder.glob("copies/*.part")):
        os.sched_yield()


@asynccontextmanager
async def house(folder: Path) -> AsyncIterator[House]:
    (folder / "feeds.yaml").write_text(SETTINGS)
    config = configuration.load(folder / "feeds.yaml", environ={})
    path = Path(config.archive)
    path.parent.mkdir(exist_ok=True)
    fill(path, 60)
    thread = ArchiveThread()
    with closing(open_archive(str(path), now=NOW)) as archive:
        yield House(config, archive, thread)
    await thread.aclose()


async def test_the_first_copy_is_made_at_once_and_the_next_when_the_time_table_strikes(tmp_path: Path) -> None:
    async with house(tmp_path) as at:  # noon; 3:30 in Paris is 2:30 UTC
        first = await at.at(NOW)
        assert first == ["archive-20261122T120000Z.db"]
        assert whole(tmp_path / "copies" / first[0])
        assert await at.at(datetime.fromisoformat("2026-11-23T02:29:00Z")) == first
        assert await at.at(datetime.fromisoformat("2026-11-23T02:30:00Z")) == [*first, "archive-20261123T023000Z.db"]
        assert len(await at.at(datetime.fromisoformat("2026-11-23T02:31:00Z"))) == 2


async def test_a_copy_that_was_missed_is_made_once_and_no_more_are_kept_than_wanted(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        await at.at(NOW)
        assert len(await at.at(later(days=5))) == 2
        for day in (6, 7, 8):
            copies = await at.at(later(days=day))
        assert copies == [f"archive-202611{day}T120000Z.db" for day in (28, 29, 30)]


async def test_a_backup_that_fails_is_tried_every_hour_and_told_once_and_once_when_it_works(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        (tmp_path / "copies").write_text("no folder")
        assert await at.at(NOW) == []
        first = await at.told()
        (tmp_path / "copies").unlink()
        assert await at.at(later(minutes=59)) == []
        status = monitor("status", cwd=tmp_path)
        assert len(await at.at(later(minutes=60))) == 1
        at.now = later(hours=2)
        last = await at.told()

        assert len(first) == len(last) == 1
        assert "the backup fails" in first[0]
        assert "the backup works again" in last[0]
        assert "no backup could be made in" in status.out
        assert await at.told() == []


async def test_told_to_stop_it_does_not_finish_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.archive.copies.STEP_PAGES", 1)
    monkeypatch.setattr("monitor.archive.copies.REST", 10.0)
    async with house(tmp_path) as at:
        task = asyncio.create_task(at.at(NOW))
        await asyncio.to_thread(wait_for_part, tmp_path)
        await at.backups.finish()

        assert await task == []
        assert await at.at(later(days=1)) == []
        assert [each.kind for each in at.archive.conditions()] == []


async def test_without_the_section_nothing_is_copied(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        config = replace(at.config, backup=None)
        await at.backups.back_up_if_due(config)
        assert not (tmp_path / "copies").exists()


async def test_a_log_that_a_reader_lets_grow_is_told_of_once_and_once_when_it_is_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.archive.sqlite.WAL_KEPT_BYTES", 100_000)
    monkeypatch.setattr(upkeep, "LOG_GROWN", 1_000_000)
    async with house(tmp_path) as at:
        path = Path(at.config.archive)
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)) as reader:
            cursor = reader.execute("SELECT id FROM articles")
            cursor.fetchone()
            for start in range(1_000, 2_000, 100):
                at.archive.record(an_outcome(*(found(numbered(n, text=LONG)) for n in range(start, start + 100))))
            await look_at_log(at.thread, at.archive, at.config, now=NOW)
            first = await at.told()
            status = monitor("status", cwd=tmp_path)
            cursor.close()
        await look_at_log(at.thread, at.archive, at.config, now=NOW + timedelta(hours=2))
        at.now = NOW + timedelta(hours=2)
        last = await at.told()

        assert "the archive's log grows" in first[0]
        assert "the archive's log was cut" in last[0]
        assert "its log has" in status.out
        assert ask(path, "SELECT count(*) FROM articles") == [(1_060,)]


def test_the_commands_copy_look_drill_and_put_back(tmp_path: Path) -> None:
    (tmp_path / "feeds.yaml").write_text(SETTINGS)
    (tmp_path / "db").mkdir()
    fill(tmp_path / "db" / "archive.db", 60)

    copied = monitor("db", "backup", cwd=tmp_path)
    (copy,) = (tmp_path / "copies").iterdir()
    elsewhere = monitor("db", "backup", "elsewhere", "--json", cwd=tmp_path).json()
    looked = monitor("db", "check", cwd=tmp_path)
    drilled = monitor("db", "restore", str(copy), "--drill", cwd=tmp_path)
    restored = monitor("db", "restore", str(copy), cwd=tmp_path)
    vacuumed = monitor("db", "vacuum", cwd=tmp_path)
    reindexed = monitor("db", "reindex", cwd=tmp_path)
    saved = monitor("db", "salvage", "db/archive.db", "new.db", cwd=tmp_path)

    assert f"{copy}: " in copied.out
    assert "MB, checked, in " in copied.out
    assert Path(elsewhere["path"]).parent == Path("elsewhere")
    assert looked.out == "the archive is whole, and its full-text index holds every word\n"
    assert "can be restored" in drilled.out
    assert "articles   60, the newest of 2026-11-22T12:00:00Z" in restored.out
    assert "what was there is" in restored.out
    assert vacuumed.out.endswith("MB given back\n")
    assert reindexed.out == "the full-text index is made anew\n"
    assert "articles" in saved.out
    for result in (copied, looked, drilled, restored, vacuumed, reindexed, saved):
        assert (result.status, result.err) == (0, "")


def test_a_backup_without_a_folder_says_where_to_write_one(tmp_path: Path) -> None:
    (tmp_path / "feeds.yaml").write_text(SETTINGS.partition("backup:")[0])
    (tmp_path / "db").mkdir()
    fill(tmp_path / "db" / "archive.db", 60)

    result = monitor("db", "backup", cwd=tmp_path)

    assert result.status == 2
    assert "backup: {to: FOLDER}" in result.err


def test_an_archive_with_a_fault_is_named_and_fails_the_command(tmp_path: Path) -> None:
    (tmp_path / "feeds.yaml").write_text(SETTINGS)
    (tmp_path / "db").mkdir()
    fill(tmp_path / "db" / "archive.db", 60)
    with closing(sqlite3.connect(tmp_path / "db" / "archive.db")) as db:
        db.execute("DELETE FROM matches WHERE article = 1")
        db.execute("DELETE FROM messages")
        db.commit()

    result = monitor("db", "check", cwd=tmp_path)

    assert result.status == 1
    assert "refers to a row of messages that is not there" in result.out
