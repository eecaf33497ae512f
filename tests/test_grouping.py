"""What goes together, what waits longer and why: nothing is dropped, and nobody is told more than they can bear."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.grouping import MOST_IN_A_MAIL, SUMMARY_EVERY, Plan, digest_bundles, plan
from monitor.model import Bundle, ChannelSpec, Composed, Mute, RuleSpec, Waiting, Window
from tests.factories import NOW, a_rule, later

ANNA, BELA = "anna@example.org", "bela@example.org"
DESK = ChannelSpec(name="desk", kind="email", to=(ANNA, BELA))
ALL_DAY = Window(days=frozenset(range(7)), start=time(), end=time(23, 30))
NO_LIMIT = {"burst": None, "max_per_hour": None}


def waits(number: int, **given: Any) -> Waiting:
    """A delivery to Anna that is due now, of a story of its own unless told otherwise."""
    values: dict[str, Any] = {
        "id": number,
        "alert": number,
        "rule": "ukraine",
        "story": number,
        "channel": "desk",
        "recipient": ANNA,
        "created_at": NOW,
        "due_at": NOW,
        "why": "group",
        "digest": None,
    }
    return Waiting(**(values | given))


def was_sent(kind: str = "story", **given: Any) -> Composed:
    values: dict[str, Any] = {
        "kind": kind,
        "rule": "ukraine",
        "channel": "desk",
        "recipient": ANNA,
        "at": later(minutes=-10),
        "stories": 1,
    }
    return Composed(**(values | given))


def planned(*waiting: Waiting, rules: Sequence[RuleSpec] = (), channel: ChannelSpec = DESK, **given: Any) -> Plan:
    values: dict[str, Any] = {
        "rules": {rule.name: rule for rule in rules or [a_rule()]},
        "channels": {channel.name: channel},
        "now": NOW,
    }
    return plan(waiting, **(values | given))


def told(bundles: Sequence[Bundle]) -> list[tuple[str, list[int]]]:
    """Each bundle's kind, and the deliveries in it."""
    return [(bundle.kind, [each.id for each in bundle.deliveries]) for bundle in bundles]


def held(result: Plan) -> list[tuple[int, str]]:
    return [(number, each.why) for each in result.held for number in each.deliveries]


# ── grouping ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_a_rule_finds_within_its_wait_goes_together() -> None:
    result = planned(waits(1), waits(2, due_at=later(seconds=20)))

    assert told(result.bundles) == [("group", [1, 2])]


def test_one_story_is_a_mail_about_that_story() -> None:
    assert told(planned(waits(1), waits(2, story=1)).bundles) == [("story", [1, 2])]


def test_nothing_goes_before_its_time() -> None:
    assert planned(waits(1, due_at=later(seconds=1))) == Plan(bundles=(), held=())


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"recipient": BELA}, id="another recipient"),
        pytest.param({"rule": "otan"}, id="another rule"),
        pytest.param({"channel": "chat"}, id="another channel"),
    ],
)
def test_what_is_for_somebody_else_or_of_another_rule_goes_by_itself(other: dict[str, str]) -> None:
    assert told(planned(waits(1), waits(2, **other)).bundles) == [("story", [1]), ("story", [2])]


def test_a_rule_that_waits_for_nothing_mails_each_story() -> None:
    rules = [a_rule(group_wait=timedelta(0))]

    assert told(planned(waits(1), waits(2), waits(3, story=1), rules=rules).bundles) == [
        ("story", [1, 3]),
        ("story", [2]),
    ]


def test_followups_go_to_the_thread_of_their_story_each() -> None:
    result = planned(waits(1, why="followup"), waits(2, why="followup"), waits(3, why="followup", story=1))

    assert told(result.bundles) == [("followup", [1, 3]), ("followup", [2])]


def test_a_followup_that_is_not_due_waits_though_others_go() -> None:
    result = planned(waits(1), waits(2, why="followup", due_at=later(minutes=3)))

    assert told(result.bundles) == [("story", [1])]


def test_when_all_is_asked_for_what_waits_for_others_goes_too() -> None:
    result = planned(waits(1, due_at=later(hours=1)), everything=True)

    assert told(result.bundles) == [("story", [1])]


def test_what_was_too_much_stays_so_when_all_is_asked_for() -> None:
    result = planned(
        waits(1, why="cap", due_at=later(hours=1)), waits(2, why="burst", due_at=later(hours=1)), everything=True
    )

    assert told(result.bundles) == []


def test_a_rule_that_is_gone_still_tells_what_was_promised() -> None:
    assert told(planned(waits(1, rule="gone")).bundles) == [("story", [1])]


def test_a_mail_that_would_be_too_long_comes_in_parts_and_no_story_in_two() -> None:
    stories = MOST_IN_A_MAIL + 1
    result = planned(*(waits(number, story=number % stories) for number in range(2 * stories)))

    assert [bundle.part for bundle in result.bundles] == [(1, 2), (2, 2)]
    first, second = ({each.story for each in bundle.deliveries} for bundle in result.bundles)
    assert (len(first), len(second)) == (MOST_IN_A_MAIL, 1)
    assert not first & second


# ── what holds back ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_quiet_hours_hold_back_until_they_end_and_then_all_goes_in_one_mail() -> None:
    quiet = replace(DESK, quiet=(ALL_DAY,))

    result = planned(waits(1), waits(2, rule="otan"), channel=quiet)

    assert result.bundles == ()
    assert held(result) == [(1, "quiet"), (2, "quiet")]
    assert {each.until for each in result.held} == {NOW.replace(hour=23, minute=30)}
    after = planned(*(waits(number, rule=rule, why="quiet") for number, rule in ((1, "ukraine"), (2, "otan"))))
    assert told(after.bundles) == [("overflow", [1, 2])]
    assert after.bundles[0].why == "quiet"


@pytest.mark.parametrize("what", [{"rule": "ukraine", "story": None}, {"rule": None, "story": 1}])
def test_a_mute_holds_back_what_it_names_alone(what: dict[str, Any]) -> None:
    mute = Mute(id=1, created_at=NOW, until=later(hours=8), **what)

    result = planned(waits(1), waits(2, rule="otan", story=2), mutes=[mute])

    assert told(result.bundles) == [("story", [2])]
    assert held(result) == [(1, "mute")]
    assert result.held[0].until == later(hours=8)


def test_a_mute_that_has_ended_holds_nothing_back() -> None:
    mute = Mute(id=1, rule="ukraine", story=None, created_at=later(hours=-9), until=NOW)

    assert told(planned(waits(1), mutes=[mute]).bundles) == [("story", [1])]


def test_above_the_cap_the_rest_is_deferred_until_the_hour_is_over() -> None:
    rules = [a_rule(max_per_hour=2, group_wait=timedelta(0))]

    result = planned(waits(1), waits(2), rules=rules, recent=[was_sent(at=later(minutes=-40))])

    assert told(result.bundles) == [("story", [1])]
    assert held(result) == [(2, "cap")]
    assert result.held[0].until == later(minutes=20)


def test_what_was_deferred_comes_in_one_mail_that_says_so() -> None:
    result = planned(waits(1, why="cap"), waits(2, why="cap"))

    assert [(bundle.kind, bundle.why) for bundle in result.bundles] == [("overflow", "cap")]


def test_the_cap_of_a_channel_counts_all_its_rules() -> None:
    channel = replace(DESK, max_per_hour=1)

    result = planned(waits(1), channel=channel, recent=[was_sent(rule="otan")])

    assert held(result) == [(1, "cap")]


def test_a_cap_counts_each_recipient_by_themselves() -> None:
    result = planned(waits(1), rules=[a_rule(max_per_hour=1)], recent=[was_sent(recipient=BELA)])

    assert told(result.bundles) == [("story", [1])]


def test_a_burst_becomes_a_running_summary() -> None:
    rules = [a_rule(burst=3, group_wait=timedelta(0))]
    recent = [was_sent(at=later(minutes=-number)) for number in range(1, 4)]

    result = planned(waits(4), waits(5), rules=rules, recent=recent)

    assert result.bundles == ()
    assert held(result) == [(4, "burst"), (5, "burst")]
    assert result.held[0].until == later(minutes=-1) + SUMMARY_EVERY
    summary = planned(waits(4, why="burst"), waits(5, why="burst"), rules=rules, recent=recent)
    assert told(summary.bundles) == [("summary", [4, 5])]


def test_a_burst_goes_on_while_its_summaries_are_full_and_ends_when_they_are_not() -> None:
    rules = [a_rule(burst=3, group_wait=timedelta(0))]

    full = planned(waits(1), rules=rules, recent=[was_sent("summary", stories=40)])
    nearly_none = planned(waits(1), rules=rules, recent=[was_sent("summary", stories=1)])

    assert held(full) == [(1, "burst")]
    assert told(nearly_none.bundles) == [("story", [1])]


@pytest.mark.parametrize("why", ["storm", "backlog"])
def test_what_came_in_too_great_a_number_goes_in_one_mail_over_all_rules(why: str) -> None:
    result = planned(*(waits(number, rule=f"rule{number}", why=why) for number in range(50)))

    assert [(bundle.kind, bundle.why, len(bundle.deliveries)) for bundle in result.bundles] == [("overflow", why, 50)]


# ── digests ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_digest_is_one_mail_a_recipient_over_all_rules() -> None:
    waiting = [waits(1), waits(2, rule="otan"), waits(3, recipient=BELA)]

    assert told(digest_bundles("morning", waiting, now=NOW)) == [("digest", [1, 2]), ("digest", [3])]


def test_what_is_muted_waits_for_the_next_digest() -> None:
    mute = Mute(id=1, rule=None, story=2, created_at=NOW, until=later(hours=8))

    assert told(digest_bundles("morning", [waits(1), waits(2)], mutes=[mute], now=NOW)) == [("digest", [1])]


# ── the promise ──────────────────────────────────────────────────────────────────────────────────────────────────────

DELIVERIES = st.lists(
    st.fixed_dictionaries(
        {
            "rule": st.sampled_from(["ukraine", "otan", "gone"]),
            "story": st.integers(1, 6),
            "recipient": st.sampled_from([ANNA, BELA]),
            "why": st.sampled_from(["group", "followup", "quiet", "cap", "mute", "burst", "storm", "backlog"]),
            "due_at": st.sampled_from([later(minutes=-1), NOW, later(minutes=1)]),
        }
    ),
    max_size=40,
)


@given(
    waiting=DELIVERIES,
    burst=st.sampled_from([None, 1, 3]),
    cap=st.sampled_from([None, 0, 1, 5]),
    wait=st.sampled_from([timedelta(0), timedelta(seconds=30)]),
    muted=st.sampled_from([None, "ukraine"]),
    quiet=st.booleans(),
    sent=st.integers(0, 4),
)
def test_what_is_due_is_told_once_or_held_back_until_later(
    waiting: list[dict[str, Any]],
    burst: int | None,
    cap: int | None,
    wait: timedelta,
    muted: str | None,
    quiet: bool,
    sent: int,
) -> None:
    every = [waits(number, **each) for number, each in enumerate(waiting)]
    rules = [a_rule(name=name, burst=burst, max_per_hour=cap or None, group_wait=wait) for name in ("ukraine", "otan")]
    mutes = [Mute(id=1, rule=muted, story=None, created_at=NOW, until=later(hours=1))] if muted else []

    result = planned(
        *every,
        rules=rules,
        channel=replace(DESK, quiet=(ALL_DAY,) if quiet else ()),
        mutes=mutes,
        recent=[was_sent(at=later(minutes=-5 * number)) for number in range(sent)],
    )

    gone = [each.id for bundle in result.bundles for each in bundle.deliveries]
    kept = [number for each in result.held for number in each.deliveries]
    due = {each.id for each in every if each.due_at is not None and each.due_at <= NOW}
    assert len(gone) == len(set(gone))
    assert not set(gone) & set(kept)
    assert due <= set(gone) | set(kept)
    assert all(each.until > NOW for each in result.held)
    assert all(len({each.recipient for each in bundle.deliveries}) == 1 for bundle in result.bundles)
