"""What the watchman asks and notes: activity by the hour, conditions told once, the heartbeat's time and figures."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.archive import Archive
from monitor.model import Condition, HeartbeatSpec, Outcome, RuleFailure
from tests.archive.builders import a_failure, an_alert, an_outcome, found, numbered
from tests.archive.conftest import Open
from tests.factories import NOW, later

DAILY = HeartbeatSpec(cron="0 8 * * *", timezone="Europe/Berlin")
SILENT = Condition(kind="feed_silent", subject="gazette", since=NOW, usual=40.0)
LOUD = Condition(kind="rule_spike", subject="ukraine", since=NOW, count=80, usual=20.0)
KINDS = ("feed_silent", "rule_silent", "rule_spike")


def poll(archive: Archive, *numbers: int, hours: float, feed: str = "gazette", **given: object) -> None:
    """A poll of a feed so many hours after the beginning, which brings these articles; each alerts."""
    at = later(hours=hours)
    findings = [
        found(numbered(n, feed=feed, seen_at=at), rules=("ukraine",), alerts=(an_alert(due_at=at),)) for n in numbers
    ]
    assert archive.record(an_outcome(*findings, feed=feed, at=at, **given))


def test_a_feeds_activity_is_the_polls_that_brought_something_by_the_hour(archive: Archive) -> None:
    poll(archive, 1, 2, hours=0.1)
    poll(archive, 3, hours=0.5)
    poll(archive, hours=1)
    poll(archive, 4, hours=2.5)

    activity = archive.feed_activity("gazette", NOW)

    assert activity is not None
    assert activity.hours == {later(hours=0): 2, later(hours=2): 1}
    assert (activity.began, activity.last_at) == (NOW, later(hours=2.5))
    assert archive.feed_activity("nobody", NOW) is None


def test_a_rules_activity_is_the_news_it_found_by_the_hour(archive: Archive) -> None:
    poll(archive, 1, 2, hours=0.1)
    poll(archive, 3, hours=5)

    (activity,) = archive.rule_activity(NOW).values()

    assert activity.hours == {later(hours=0): 2, later(hours=5): 1}
    assert activity.last_at == later(hours=5)
    assert archive.rule_activity(later(hours=6)) == {}


def test_feeds_that_work_and_bring_nothing_are_quiet(archive: Archive) -> None:
    poll(archive, 1, hours=0)
    poll(archive, 2, hours=0, feed="courier")
    poll(archive, 3, hours=5)
    archive.record(a_failure(feed="courier", at=later(hours=5)))

    assert archive.quiet_feeds(later(hours=4)) == ()
    assert archive.quiet_feeds(later(hours=5)) == ("gazette",)  # the other one fails, which is told otherwise


# ── conditions ───────────────────────────────────────────────────────────────────────────────────────────────────────


def tell(archive: Archive, *told: Condition, hours: float) -> None:
    archive.record_notice("told", (), conditions=told, now=later(hours=hours))


def test_a_condition_is_there_until_the_operator_was_told_of_its_end(archive: Archive) -> None:
    archive.note_conditions(KINDS, [SILENT], NOW)
    begun = archive.conditions()
    tell(archive, *begun, hours=1)
    told = archive.conditions()
    archive.note_conditions(KINDS, [], later(hours=2))
    ended = archive.conditions()
    tell(archive, *ended, hours=3)

    assert [(each.told_at, each.ended_at) for each in (*begun, *told, *ended)] == [
        (None, None),
        (later(hours=1), None),
        (later(hours=1), later(hours=2)),
    ]
    assert archive.conditions() == ()


def test_one_that_is_over_before_it_was_told_is_forgotten(archive: Archive) -> None:
    archive.note_conditions(KINDS, [SILENT, LOUD], NOW)
    archive.note_conditions(KINDS, [LOUD], later(hours=1))

    assert [each.subject for each in archive.conditions()] == ["ukraine"]


def test_one_that_comes_back_before_its_end_was_told_has_not_ended(archive: Archive) -> None:
    archive.note_conditions(KINDS, [LOUD], NOW)
    tell(archive, LOUD, hours=1)
    archive.note_conditions(KINDS, [], later(hours=2))
    archive.note_conditions(KINDS, [LOUD], later(hours=3))

    (again,) = archive.conditions()
    assert (again.told_at, again.ended_at) == (later(hours=1), None)


def test_a_look_at_other_kinds_ends_nothing(archive: Archive) -> None:
    archive.note_conditions(KINDS, [LOUD], NOW)
    archive.note_conditions(("channel_down",), [], later(hours=1))

    assert [each.subject for each in archive.conditions()] == ["ukraine"]


def test_a_notice_that_was_there_already_marks_nothing(archive: Archive) -> None:
    archive.note_conditions(KINDS, [LOUD], NOW)
    archive.record_notice("one", (), now=NOW)
    archive.record_notice("another in the same second", (), conditions=[LOUD], now=NOW)

    assert [each.told_at for each in archive.conditions()] == [None]


# ── the heartbeat ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_heartbeat_is_due_at_its_time_and_once(archive: Archive) -> None:
    archive.sync_heartbeat(DAILY, NOW)  # noon in London, 13:00 in Berlin
    early = archive.heartbeat_due(later(hours=17))
    since = archive.heartbeat_due(later(hours=20))
    archive.record_notice("beat", (), key="heartbeat 1", heartbeat=DAILY, now=later(hours=20))

    assert early is None
    assert since == later(hours=-5)  # a day before it was due
    assert archive.heartbeat_due(later(hours=42)) is None
    assert archive.heartbeat_due(later(hours=43)) == later(hours=20)


def test_a_heartbeat_keeps_its_time_through_a_restart_and_takes_a_new_table(archive: Archive) -> None:
    archive.sync_heartbeat(DAILY, NOW)
    archive.sync_heartbeat(DAILY, later(hours=30))
    overdue = archive.heartbeat_due(later(hours=30))
    archive.sync_heartbeat(HeartbeatSpec(cron="0 9 * * *", timezone="Europe/Berlin"), later(hours=30))
    moved = archive.heartbeat_due(later(hours=30))
    archive.sync_heartbeat(None, later(hours=30))

    assert overdue is not None
    assert moved is None
    assert archive.heartbeat_due(later(days=9)) is None


def test_the_pulse_counts_what_came_since(archive: Archive) -> None:
    poll(archive, 1, 2, hours=-1)
    poll(archive, 3, hours=1)

    pulse = archive.pulse(NOW, later(hours=24))

    assert (pulse.feeds, pulse.articles, pulse.sent, pulse.queued, pulse.dead) == (2, 1, 0, 0, 0)
    assert pulse.waiting == 3
    assert (pulse.coverage, pulse.gaps) == (1.0, ())


def test_what_lies_before_a_gap_and_behind_a_failure_is_not_covered(archive: Archive) -> None:
    poll(archive, hours=6)
    poll(archive, 1, hours=12, gap=True)
    archive.record(a_failure(feed="courier", outcome=Outcome.TIMEOUT, at=later(hours=18)))

    pulse = archive.pulse(NOW, later(hours=24))

    assert pulse.gaps == (("gazette", 1),)
    assert pulse.failing == 1
    assert pulse.coverage == pytest.approx(1 - (6 + 6) / 48)


def test_without_a_feed_there_is_nothing_to_cover(reopen: Open) -> None:
    assert reopen().pulse(NOW, NOW + timedelta(days=1)).coverage is None


# ── rules that fail ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_rule_that_failed_is_named_until_it_was_held_against_what_it_missed(archive: Archive) -> None:
    failures = (RuleFailure(rule="report", error="RuntimeError: x"),)
    for number, hours in ((1, 1.0), (2, 5.0)):
        at = later(hours=hours)
        finding = replace(found(numbered(number, seen_at=at)), failures=failures)
        archive.record(an_outcome(finding, at=at))

    (failing,) = archive.failing_rules()
    archive.forget_failures("report", later(hours=4))
    (left,) = archive.failing_rules()
    archive.forget_failures("report", NOW)

    assert (failing.subject, failing.count, failing.since, failing.error) == (
        "report",
        2,
        later(hours=1),
        "RuntimeError: x",
    )
    assert left.count == 1
    assert archive.failing_rules() == ()
