"""Archives to come to harm, and what there is to tell of a file."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random

from monitor.archive import open_archive
from monitor.archive.condition import faults
from tests.archive.builders import an_alert, an_outcome, found, leased, numbered, queue_each, settle_sent
from tests.factories import NOW, a_feed, later

LONG = "Les ministres parlent de l’Ukraine et de l’OTAN. " * 40


def fill(path: Path, articles: int = 300) -> None:
    """Makes an archive with articles, each third of them with an alert: a message that was sent, or is to be sent, or
    an alert that waits for its digest."""
    with closing(open_archive(str(path), now=NOW)) as archive:
        archive.sync_feeds([a_feed()], NOW)
        for start in range(0, articles, 30):
            archive.record(
                an_outcome(
                    *(
                        found(
                            numbered(n, text=f"{LONG} {n}"),
                            rules=("ukraine",) if n % 3 == 0 else (),
                            alerts=(an_alert(digest="morning" if n % 9 == 0 else None),) if n % 3 == 0 else (),
                        )
                        for n in range(start, start + 30)
                    ),
                    at=later(minutes=start),
                )
            )
            queue_each(archive, later(minutes=start))
            if start % 60 == 0:
                for delivery in leased(archive, now=later(minutes=start)):
                    settle_sent(archive, delivery)


def ask(path: Path, sql: str) -> list[tuple[object, ...]]:
    """Asks an archive file."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        return db.execute(sql).fetchall()


def whole(path: Path) -> bool:
    """Whether a file is an archive without a fault, every word of its index compared."""
    return faults(path, thorough=True, index=True) == []


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder; the index of a log, which every reader makes anew, and our locks left out."""
    return {
        each.name: each.read_bytes()
        for each in sorted(folder.iterdir())
        if each.is_file() and not each.name.endswith(("-shm", ".lock", ".turn"))
    }


def damage(path: Path, *, pages: int, seed: int = 1, spare: str = "") -> None:
    """Writes nonsense over some pages in the middle of a file, but not over those of one table."""
    chance = Random(seed)
    size = 4096
    spared = (
        {number for (number,) in ask(path, f"SELECT pageno FROM dbstat WHERE name = '{spare}'")} if spare else set()
    )
    others = [page for page in range(5, path.stat().st_size // size) if page + 1 not in spared]
    with path.open("r+b") as file:
        for page in chance.sample(others, pages):
            file.seek(page * size)
            file.write(chance.randbytes(size))


@contextmanager
def being_written(path: Path) -> Iterator[threading.Event]:
    """An archive to which articles come without end; the event is set once there is one."""
    begun, done = threading.Event(), threading.Event()

    def write() -> None:
        with closing(open_archive(str(path), now=NOW)) as archive:
            number = 100_000
            while not done.is_set():
                archive.record(
                    an_outcome(
                        *(
                            found(numbered(n, text=f"{LONG} {n}"), rules=("ukraine",), alerts=(an_alert(),))
                            for n in range(number, number + 10)
                        )
                    )
                )
                number += 10
                begun.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert begun.wait(30)
        yield begun
    finally:
        done.set()
        writer.join()
