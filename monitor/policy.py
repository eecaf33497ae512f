"""What a poll means for the ones to come: when next, at which address, how much we may believe, who must wait.

answer + verdicts ─→ rhythm ─→ next poll          (cadence)
                  ─→ redirects ─→ address         (moves)
                  ─→ "not modified" was untrue?   (conditional)
                  ─→ the whole host must wait?
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from monitor.cadence import LONGEST_RETRY_AFTER, next_poll, observed
from monitor.model import (
    Duplicate,
    FeedSpec,
    FeedState,
    Fetched,
    FetchFailed,
    FetchResult,
    Hold,
    New,
    Outcome,
    PollOutcome,
    ReadFeed,
    Revised,
    Rhythm,
    Verdict,
)
from monitor.moves import after_document, after_failure

# A host that refuses one feed for asking too often, without saying for how long, is left alone for this long.
LONGEST_UNASKED_HOLD = timedelta(hours=1)


def decide(
    outcome: PollOutcome,
    *,
    spec: FeedSpec,
    state: FeedState,
    answer: FetchResult,
    read: ReadFeed | None = None,
    verdicts: Sequence[Verdict] = (),
    conditional: bool,
    taken: Collection[str],
    now: datetime,
    jitter: float,
) -> PollOutcome:
    """The outcome with everything filled in that later polls go by.

    `read` and `verdicts` are what the document held, when one came that was not the same as last time. `conditional` is
    whether the request carried validators; `taken` are the addresses of the other feeds; `now` is when the poll ended.
    """
    failures = 0 if outcome.error is None else state.failures + 1
    rhythm = _rhythm(outcome, state, read, verdicts)
    retry_after = answer.retry_after if isinstance(answer, FetchFailed) else None
    decided = replace(
        outcome,
        rhythm=rhythm,
        next_poll_at=next_poll(
            pace=spec.pace,
            rhythm=rhythm or state.rhythm,
            fresh_for=None if isinstance(answer, FetchFailed) else answer.fresh_for,
            ttl=read.ttl if read else state.ttl,
            period=read.period if read else state.period,
            outcome=outcome.outcome,
            status=outcome.status,
            failures=failures,
            retry_after=retry_after,
            now=now,
            jitter=jitter,
        ),
        move=after_failure(state, failures=failures),
        hold=_hold(outcome, retry_after, spec, now),
    )
    if not outcome.whole:
        return decided
    moved_to = answer.moved_to if isinstance(answer, Fetched) else None
    redirected = after_document(state, moved_to=moved_to, is_same_feed=outcome.gap is not True, taken=taken)
    return replace(
        decided,
        moved_to=redirected.moved_to,
        moved_polls=redirected.polls,
        move=redirected.move,
        lied=_was_lied_to(state, answer, verdicts, conditional=conditional),
    )


# What one feed hears may be meant for that feed alone: a host of three hundred feeds does not stand still for it.
HOLD_AT_FIRST = timedelta(minutes=1)

# Fewer failures than this are hiccups. Five are a quarter of a day for a feed that is polled every quarter of an hour,
# because each is tried later than the one before; a feed that is asked daily from the start gets its two days.
PERSISTS_AFTER = 5
PERSISTS_AFTER_LONG = (2, timedelta(hours=20))


def persists(failures: int, failing_since: datetime | None, now: datetime) -> bool:
    """Whether a failure has lasted so long that the operator should hear of it."""
    if failures >= PERSISTS_AFTER:
        return True
    fewest, long = PERSISTS_AFTER_LONG
    return failing_since is not None and failures >= fewest and now - failing_since >= long


def _hold(outcome: PollOutcome, retry_after: timedelta | None, spec: FeedSpec, now: datetime) -> Hold | None:
    """Until when the feed's whole host is left alone; None: it did not ask for that."""
    if outcome.outcome is not Outcome.RATE_LIMITED:
        return None
    wait = min(retry_after or min(spec.every, LONGEST_UNASKED_HOLD), LONGEST_RETRY_AFTER)
    return Hold(at_first=now + min(wait, HOLD_AT_FIRST), confirmed=now + wait)


def _rhythm(
    outcome: PollOutcome, state: FeedState, read: ReadFeed | None, verdicts: Sequence[Verdict]
) -> Rhythm | None:
    """What the feed's rhythm is now; None when this poll says nothing of it."""
    if read is None and outcome.outcome in (Outcome.UNCHANGED, Outcome.NOT_MODIFIED):
        entries, fresh = len(state.entry_digests), []
    elif read is not None and outcome.whole:
        entries = read.entries
        fresh = [verdict.article for verdict in verdicts if isinstance(verdict, New | Duplicate)]
    else:
        return None
    dates = [article.published_at for article in fresh if article.published_at is not None]
    believable = [date for date in dates if date <= outcome.at]
    since = state.rhythm.until if state.rhythm else None
    return observed(state.rhythm, at=outcome.at, since=since, entries=entries, fresh=len(fresh), dates=believable)


def _was_lied_to(state: FeedState, answer: FetchResult, verdicts: Sequence[Verdict], *, conditional: bool) -> bool:
    """Whether the server said "not modified" last time and, asked without conditions, has news under old validators."""
    return (
        not conditional
        and state.last_outcome is Outcome.NOT_MODIFIED
        and isinstance(answer, Fetched)
        and answer.validators == state.validators
        and any(isinstance(verdict, New | Duplicate | Revised) for verdict in verdicts)
    )
