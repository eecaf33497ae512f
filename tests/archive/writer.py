"""Writes polls into an archive until it is killed, saying the number of each one that was recorded.

python -m tests.archive.writer PATH
"""

from __future__ import annotations

import sys
from itertools import count

from monitor.archive import open_archive
from tests.archive.builders import an_alert, an_outcome, found, numbered
from tests.factories import NOW, a_feed

ARTICLES_A_POLL = 5


def main(path: str) -> None:
    """Records one poll after the other, each with five articles and five alerts."""
    archive = open_archive(path, now=NOW)
    archive.sync_feeds([a_feed()], NOW)
    for poll in count():
        numbers = range(poll * ARTICLES_A_POLL, (poll + 1) * ARTICLES_A_POLL)
        outcome = an_outcome(*(found(numbered(number), rules=("ukraine",), alerts=(an_alert(),)) for number in numbers))
        archive.record(outcome)
        print(poll, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
