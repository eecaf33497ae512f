"""A program that does with an archive what the daemon does, and says of each step when it is done; see `disk`.

python -m tests.alerts.clerk ARCHIVE FIRST ITEMS [SYNCHRONOUS]

stored N    the article and its alert are recorded
queued N    a message tells of it
taken N     somebody took the message
sent N      that is written down
"""

from __future__ import annotations

import os
import sys
from datetime import timedelta

from monitor.archive import open_archive
from monitor.archive.sqlite import SqliteArchive
from monitor.model import Delivered
from tests.archive.builders import an_alert, an_outcome, found, leased, numbered, queue_each
from tests.factories import NOW, a_feed


def say(what: str, number: int) -> None:
    """One line, at once."""
    os.write(1, f"{what} {number}\n".encode())


def main() -> None:
    """So many items, one after the other."""
    path, first, items, *synchronous = sys.argv[1:]
    archive = open_archive(path, now=NOW)
    assert isinstance(archive, SqliteArchive)
    for mode in synchronous:
        archive._db.execute(f"PRAGMA synchronous = {mode}")  # the proof that the harness sees a difference
    archive.sync_feeds([a_feed()], NOW)
    for number in range(int(first), int(first) + int(items)):
        at = NOW + timedelta(minutes=number)
        article = numbered(number, seen_at=at, entry_key=f"item-{number}", guid=f"item-{number}")
        archive.record(an_outcome(found(article, rules=("ukraine",), alerts=(an_alert(due_at=at),)), at=at))
        say("stored", number)
        queue_each(archive, at)
        say("queued", number)
        for delivery in leased(archive, now=at):
            say("taken", number)
            archive.settle(delivery, Delivered(reply="250 ok"), now=at, next_attempt_at=None)
        say("sent", number)
    archive.close()


if __name__ == "__main__":
    main()
