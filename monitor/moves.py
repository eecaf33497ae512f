"""Where a feed is polled: what its redirects say, believed only after a while.

A permanent redirect (301, 308: RFC 9110 §15.4) may be a mistake, a captive portal or a login page. It is followed at
once and remembered only when several good polls in a row came from there, with the same feed. The address in the
configuration is kept, and is asked again when the new one fails.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from monitor.model import FeedState, Move

ADOPT_AFTER = 3  # good polls in a row
FALL_BACK_AFTER = 3  # failures in a row


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirected:
    """What is remembered of a feed's permanent redirects."""

    moved_to: str | None
    polls: int
    move: Move | None  # None: it stays where it is


def after_document(state: FeedState, *, moved_to: str | None, is_same_feed: bool, taken: Collection[str]) -> Redirected:
    """What a complete document says of where the feed lives. `taken` are the addresses of the other feeds."""
    if moved_to is None:
        return Redirected(moved_to=None, polls=0, move=None)
    before = state.moved_polls if moved_to == state.moved_to else 0
    polls = before + 1 if is_same_feed else 0
    if polls < ADOPT_AFTER or why_not(state.url, moved_to, taken) is not None:
        return Redirected(moved_to=moved_to, polls=polls, move=None)
    why = f"it has redirected there for good in {polls} good polls in a row"
    return Redirected(moved_to=None, polls=0, move=Move(to_url=moved_to, why=why))


def after_failure(state: FeedState, *, failures: int) -> Move | None:
    """Back to the configured address, when the one it moved to has failed for a while. `failures` includes this one."""
    if state.url == state.given_url or failures < FALL_BACK_AFTER:
        return None
    return Move(to_url=state.given_url, why=f"{failures} polls in a row failed at the new address")


def why_not(url: str, moved_to: str, taken: Collection[str]) -> str | None:
    """Why a feed is not moved however often its server says so; None when nothing speaks against it."""
    old, new = urlsplit(url), urlsplit(moved_to)
    if old.username or old.password:
        return "its address carries a login, which the new one would lack"
    if old.scheme == "https" and new.scheme == "http":
        return "the new address is not encrypted"
    if _comparable(moved_to) in map(_comparable, taken):
        return "another feed has that address already"
    return None


def _comparable(url: str) -> str:
    return url.partition("://")[2].rstrip("/")
