"""What a search of the archive prints: an article with what was found in it, and how far it has come."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING

from monitor import show
from monitor.search import Hit

if TYPE_CHECKING:
    from monitor.archive import SearchRow
    from monitor.model import Match


def print_hit(hit: Hit, *, with_score: bool = False, before: str = "") -> None:
    """An article with what was found in it, and a line of air."""
    score = f"  score {hit.score:g}" if with_score else ""
    show.line(f"{before}{show.cell(hit.first_seen_at)}  {hit.feed}  [{hit.language}]  #{hit.id}{score}")
    show.marked(hit.title, hit.title_marks, indent=2)
    show.marked(hit.excerpt, hit.marks, indent=2)
    show.line(f"  {hit.link or '(no link)'}")
    show.line()


PROGRESS_AFTER = 1.0  # seconds: what is done sooner needs none
_PROGRESS_EVERY = 0.2


class Progress:
    """How far back a search has come, on one line of a terminal, once it takes longer than a moment."""

    def __init__(self, newest: datetime, oldest: datetime | None) -> None:
        self._newest, self._oldest = newest, oldest
        self._shown = False
        self._next = monotonic() + PROGRESS_AFTER
        self.matches = 0

    def reached(self, at: datetime) -> None:
        """The search has come to an article first seen then."""
        if not sys.stderr.isatty() or monotonic() < self._next:
            return
        self._next = monotonic() + _PROGRESS_EVERY
        self._shown = True
        done = ""
        if self._oldest is not None and self._newest > self._oldest:
            share = (self._newest - at) / (self._newest - self._oldest)
            done = f"{min(max(share, 0.0), 1.0):.0%}, "
        print(f"\r\x1b[K{done}back to {at:%Y-%m-%d}: {self.matches} found", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Takes the line away, before something else is printed and at the end."""
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            self._shown = False


@contextmanager
def progress(newest: datetime, oldest: datetime | None) -> Iterator[Progress]:
    """A progress line from the newest article back to the oldest, gone in the end, also when that comes early."""
    line = Progress(newest, oldest)
    try:
        yield line
    finally:
        line.clear()


def each_match(
    rows: Iterable[SearchRow],
    match: Callable[[SearchRow], tuple[Match, ...]],
    line: Progress,
) -> Iterator[tuple[SearchRow, tuple[Match, ...]]]:
    """The articles in which something is found, with what it is."""
    for row in rows:
        line.reached(row.first_seen_at)
        if matches := match(row):
            line.matches += 1
            yield row, matches
