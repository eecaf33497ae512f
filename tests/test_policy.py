"""What a poll means for the ones to come, and when the operator hears of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from monitor.model import (
    Fetched,
    FetchFailed,
    FetchResult,
    New,
    NotModified,
    Outcome,
    PollOutcome,
    ReadFeed,
    Validators,
)
from monitor.policy import decide, persists
from tests.factories import NOW, a_feed, a_state, an_article

HOUR = timedelta(hours=1)


def fetched(**given: Any) -> Fetched:
    """An answer with a body, under the same validators as last time."""
    answer = Fetched(
        url="https://gazette.example/rss.xml",
        moved_to=None,
        status=200,
        body=b"",
        content_type=None,
        validators=Validators(etag=b'"1"'),
        truncated=None,
        wire_bytes=0,
    )
    return replace(answer, **given)


def failed(kind: Outcome = Outcome.TIMEOUT, **given: Any) -> FetchFailed:
    """No usable answer."""
    return FetchFailed(kind=kind, detail="why", **given)


def decided(answer: FetchResult, outcome: Outcome | None = None, **given: Any) -> PollOutcome:
    """The decision on a poll that ended so; `spec`, `state` and the rest as given."""
    error = None
    if isinstance(answer, FetchFailed):
        outcome, error = answer.kind, answer.detail
    poll = PollOutcome(
        feed="gazette",
        at=NOW,
        outcome=outcome or Outcome.NOTHING_NEW,
        status=None,
        error=error,
        duration=timedelta(0),
        wire_bytes=None,
        next_poll_at=NOW,
        whole=isinstance(answer, Fetched),
    )
    usual: dict[str, Any] = {
        "spec": a_feed(),
        "state": a_state(),
        "conditional": True,
        "taken": (),
        "now": NOW,
        "jitter": 0.5,
    }
    return decide(poll, answer=answer, **(usual | given))


def a_read(entries: int) -> ReadFeed:
    """A document of so many entries."""
    return ReadFeed(
        title=None,
        language=None,
        format="rss20",
        entries=entries,
        digests=frozenset(),
        articles=(),
        truncated=None,
        problems=(),
    )


# ── the host ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("retry_after", "hold"),
    [
        pytest.param(2 * HOUR, 2 * HOUR, id="for as long as it says"),
        pytest.param(timedelta(days=400), timedelta(days=1), id="a day at most"),
        pytest.param(None, timedelta(minutes=15), id="for the feed's interval when it does not say"),
        pytest.param(timedelta(0), timedelta(minutes=15), id="and when it says nothing sensible"),
    ],
)
def test_too_many_requests_hold_the_whole_host(retry_after: timedelta | None, hold: timedelta) -> None:
    outcome = decided(failed(Outcome.RATE_LIMITED, retry_after=retry_after))

    assert outcome.hold is not None
    assert outcome.hold.confirmed == NOW + hold
    assert outcome.hold.at_first == NOW + timedelta(minutes=1)


@pytest.mark.parametrize("kind", [Outcome.BLOCKED, Outcome.HTTP_ERROR, Outcome.TIMEOUT, Outcome.DNS])
def test_no_other_failure_holds_the_host(kind: Outcome) -> None:
    assert decided(failed(kind, retry_after=HOUR)).hold is None


# ── the rhythm ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        pytest.param(fetched(), Outcome.NOTHING_NEW, id="a document"),
        pytest.param(fetched(), Outcome.UNCHANGED, id="the same body"),
        pytest.param(NotModified(validators=Validators()), Outcome.NOT_MODIFIED, id="not modified"),
    ],
)
def test_every_whole_answer_tells_of_the_rhythm(answer: FetchResult, outcome: Outcome) -> None:
    read = a_read(2) if outcome is Outcome.NOTHING_NEW else None

    rhythm = decided(answer, outcome, read=read).rhythm

    assert rhythm is not None
    assert rhythm.until == NOW


def test_a_failure_tells_nothing_of_the_rhythm() -> None:
    assert decided(failed()).rhythm is None


# ── untrue answers ───────────────────────────────────────────────────────────────────────────────────────────────────

CAUGHT: dict[str, Any] = {
    "state": a_state(last_outcome=Outcome.NOT_MODIFIED),
    "conditional": False,
    "read": a_read(2),
    "verdicts": (New(article=an_article()),),
}


def test_news_under_the_validators_of_a_304_gives_the_server_away() -> None:
    assert decided(fetched(), **CAUGHT).lied


@pytest.mark.parametrize(
    ("answer", "given"),
    [
        pytest.param(fetched(), {"conditional": True}, id="it was asked conditionally and did answer"),
        pytest.param(fetched(validators=Validators(etag=b'"2"')), {}, id="it says that something changed"),
        pytest.param(fetched(), {"verdicts": ()}, id="nothing had changed"),
        pytest.param(fetched(), {"state": a_state(last_outcome=Outcome.NEW)}, id="it had not said so"),
    ],
)
def test_an_honest_server_is_not_suspected(answer: Fetched, given: dict[str, Any]) -> None:
    assert not decided(answer, **(CAUGHT | given)).lied


# ── what the operator hears of ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("failures", "hours", "told"),
    [
        pytest.param(1, 0, False, id="a hiccup"),
        pytest.param(4, 4, False, id="a bad morning"),
        pytest.param(5, 4, True, id="five in a row"),
        pytest.param(1, 90, False, id="one poll, however long ago"),
        pytest.param(2, 24, True, id="two polls a day apart"),
    ],
)
def test_a_failure_is_told_when_it_persists(failures: int, hours: int, told: bool) -> None:
    assert persists(failures, NOW - timedelta(hours=hours), NOW) is told
