"""A permanent redirect is believed only after a while, never into a trap, and taken back when it leads nowhere."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.model import Move
from monitor.moves import Redirected, after_document, after_failure
from tests.factories import a_state

OLD = "https://gazette.example/rss.xml"
NEW = "https://gazette.example/feed/"


def redirected(*, url: str = OLD, before: int = 0, moved_to: str | None = NEW, **given: Any) -> Redirected:
    """What a good document after `before` such ones comes to."""
    state = a_state(url=url, given_url=url, moved_to=NEW if before else None, moved_polls=before)
    return after_document(state, **({"moved_to": moved_to, "is_same_feed": True, "taken": ()} | given))


def test_the_third_good_poll_in_a_row_moves_the_feed() -> None:
    assert [redirected(before=before).move for before in (0, 1)] == [None, None]
    assert redirected(before=2) == Redirected(
        moved_to=None, polls=0, move=Move(to_url=NEW, why="it has redirected there for good in 3 good polls in a row")
    )


@pytest.mark.parametrize(
    ("given", "polls"),
    [
        pytest.param({"before": 2, "moved_to": None}, 0, id="no redirect any more"),
        pytest.param({"before": 2, "moved_to": "https://elsewhere.example/"}, 1, id="another address each time"),
        pytest.param({"before": 2, "is_same_feed": False}, 0, id="nothing there that was in the feed"),
        pytest.param({"before": 5, "taken": ("http://gazette.example/feed",)}, 6, id="where another feed is"),
        pytest.param({"before": 5, "moved_to": NEW.replace("https", "http")}, 1, id="an unencrypted address"),
        pytest.param({"before": 5, "url": "https://me:secret@gazette.example/rss.xml"}, 6, id="with a login to lose"),
    ],
)
def test_a_feed_stays_where_it_is(given: dict[str, Any], polls: int) -> None:
    found = redirected(**given)

    assert (found.move, found.polls) == (None, polls)


def test_an_encrypted_feed_never_moves_to_an_unencrypted_address() -> None:
    bare = NEW.replace("https", "http")
    state = a_state(moved_to=bare, moved_polls=9)

    assert after_document(state, moved_to=bare, is_same_feed=True, taken=()).move is None


def test_a_new_address_that_fails_is_given_up_for_the_configured_one() -> None:
    moved = a_state(url=NEW)

    assert [after_failure(moved, failures=failures) for failures in (0, 1, 2)] == [None] * 3
    assert after_failure(moved, failures=3) == Move(to_url=OLD, why="3 polls in a row failed at the new address")


def test_a_feed_at_its_configured_address_has_nowhere_to_go_back_to() -> None:
    assert after_failure(a_state(), failures=99) is None
