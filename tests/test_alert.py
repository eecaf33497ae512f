"""Who is told of what, from when on, and what more of a story they hear that they were told of."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from monitor.alert import alerts_for, collected, destinations, followups_for, notice_deliveries, recipients, to_tell
from monitor.model import AlertIntent, ChannelSpec, Excerpt, Match, Notice, RuleSpec
from tests.factories import HOUSE, NOW, a_rule, later

ANNA, BELA, CARL = "anna@example.org", "bela@example.org", "carl@example.org"

CHANNELS = {
    channel.name: channel
    for channel in [
        ChannelSpec(name="desk", kind="email", to=(ANNA, BELA)),
        ChannelSpec(name="politics", kind="email", to=(BELA, CARL)),
        ChannelSpec(name="screen", kind="console"),
        ChannelSpec(name="folder", kind="maildir"),
        ChannelSpec(name="addressed", kind="maildir", to=(CARL,)),
    ]
}
A_FEW_TOLD = {("desk", ANNA): later(minutes=-30)}


def alerts(*rules: RuleSpec, **given: Any) -> tuple[AlertIntent, ...]:
    """The alerts when every one of these rules matched."""
    values: dict[str, Any] = {"rules": {rule.name: rule for rule in rules}, "channels": CHANNELS, "now": NOW}
    matches = [Match(rule=rule.name, spans=(), excerpt=Excerpt(text="", marks=())) for rule in rules]
    return alerts_for(matches, **(values | given))


def followups(kind: str, rule: RuleSpec, *, matched: Sequence[str] = ("ukraine",)) -> tuple[AlertIntent, ...]:
    return followups_for(kind, matched, rules={rule.name: rule}, channels=CHANNELS, now=NOW)


def told(
    alert: AlertIntent, *, before: dict[tuple[str, str], datetime] | None = None, relation: str | None = None
) -> dict[str, tuple[datetime | None, str]]:
    """Recipient → when, and what that waits for."""
    telling = to_tell(alert, told=A_FEW_TOLD if before is None else before, relation=relation, now=NOW)
    return {recipient: (at, why) for _, recipient, at, why in telling}


# ── an article ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_match_tells_every_recipient_of_every_channel_of_its_rule() -> None:
    (alert,) = alerts(a_rule(channels=("desk", "screen")))

    assert (alert.rule, alert.digest) == ("ukraine", None)
    assert alert.to == (("desk", ANNA), ("desk", BELA), ("screen", "screen"))


def test_a_match_waits_for_others_as_long_as_its_rule_says() -> None:
    (alert,) = alerts(a_rule(group_wait=timedelta(seconds=40)))

    assert (alert.due_at, alert.why) == (later(seconds=40), "group")


def test_a_rule_that_waits_for_nothing_is_due_in_the_very_second() -> None:
    now = NOW.replace(microsecond=999_000)

    (alert,) = alerts(a_rule(group_wait=timedelta(0)), now=now)

    assert alert.due_at == NOW


def test_a_rule_with_a_digest_waits_for_it() -> None:
    (alert,) = alerts(a_rule(digest="morning"))

    assert (alert.digest, alert.due_at, alert.why) == ("morning", None, "digest")


def test_a_channel_or_an_address_named_twice_is_told_once() -> None:
    channels = {"desk": ChannelSpec(name="desk", kind="email", to=(ANNA, ANNA))}

    (alert,) = alerts(a_rule(channels=("desk", "desk")), channels=channels)

    assert alert.to == (("desk", ANNA),)


def test_two_rules_that_match_raise_two_alerts() -> None:
    found = alerts(a_rule(name="ukraine"), a_rule(name="otan", channels=("politics",)))

    assert [(alert.rule, [who for _, who in alert.to]) for alert in found] == [
        ("ukraine", [ANNA, BELA]),
        ("otan", [BELA, CARL]),
    ]


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param(a_rule(channels=()), id="a rule without channels"),
        pytest.param(a_rule(channels=(), digest="morning"), id="a rule with a digest but without channels"),
        pytest.param(a_rule(enabled=False), id="a rule that is switched off"),
    ],
)
def test_nobody_is_told(rule: RuleSpec) -> None:
    assert alerts(rule) == ()
    assert followups("revision", replace(rule, followups="all")) == ()


def test_a_match_of_a_rule_that_left_the_configuration_tells_nobody() -> None:
    assert alerts(a_rule(), rules={}) == ()


def test_what_came_in_too_great_a_number_goes_together_but_keeps_its_digest() -> None:
    at_once, digested = alerts(a_rule(followups="all"), a_rule(name="otan", digest="morning"))

    together, kept = collected([at_once, digested], why="storm", now=NOW)

    assert (together.why, together.due_at, together.to) == ("storm", later(minutes=1), at_once.to)
    assert kept == digested


# ── more of a story ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("wanted", "kind", "raised"),
    [
        ("none", "revision", False),
        ("none", "carrier", False),
        ("updates", "revision", True),
        ("updates", "carrier", False),
        ("all", "revision", True),
        ("all", "carrier", True),
    ],
)
def test_a_known_article_is_told_again_only_as_its_rule_asks(wanted: str, kind: str, raised: bool) -> None:
    found = followups(kind, a_rule(followups=wanted))

    assert [alert.kind for alert in found] == ([kind] if raised else [])


def test_a_revision_tells_nothing_for_a_rule_that_did_not_match_before() -> None:
    assert followups("revision", a_rule(followups="all"), matched=["otan"]) == ()


def test_a_new_story_is_told_to_everybody() -> None:
    (alert,) = alerts(a_rule())

    assert told(alert, before={}) == {ANNA: (alert.due_at, "group"), BELA: (alert.due_at, "group")}


@pytest.mark.parametrize(
    ("wanted", "relation", "hears"),
    [
        ("none", "update", False),
        ("none", "copy", False),
        ("updates", "copy", False),
        ("updates", "update", True),
        ("all", "copy", True),
        ("all", None, True),
    ],
)
def test_who_was_told_of_a_story_hears_more_only_as_asked(wanted: str, relation: str, hears: bool) -> None:
    (alert,) = alerts(a_rule(followups=wanted, group_interval=timedelta(minutes=7)))

    found = told(alert, relation=relation)

    assert found[BELA] == (alert.due_at, "group")  # who was not told, is told of it as new
    assert (ANNA in found) is hears
    if hears:
        assert found[ANNA] == (later(minutes=7), "followup")


@pytest.mark.parametrize(("since", "again"), [(timedelta(minutes=29), True), (timedelta(minutes=31), False)])
def test_a_story_that_goes_on_for_long_is_told_anew_where_asked(since: timedelta, again: bool) -> None:
    (alert,) = alerts(a_rule(repeat=since))

    assert (ANNA in told(alert)) is again


def test_a_revision_is_never_somebodys_first_word_of_a_story() -> None:
    (alert,) = followups("revision", a_rule(followups="all"))

    assert told(alert, before={}) == {}


def test_more_of_a_story_in_a_digest_waits_for_the_digest() -> None:
    (alert,) = followups("revision", a_rule(followups="all", digest="morning"))

    assert told(alert) == {ANNA: (None, "digest")}


# ── whom ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("channel", "whom"),
    [("desk", (ANNA, BELA)), ("screen", ("screen",)), ("folder", ("folder",)), ("addressed", (CARL,))],
)
def test_a_channel_without_addresses_is_its_own_recipient(channel: str, whom: tuple[str, ...]) -> None:
    assert recipients(CHANNELS[channel]) == whom


def test_destinations_of_rules_are_named_once_each_in_their_order() -> None:
    rules = [a_rule(channels=("politics",)), a_rule(channels=("desk", "politics")), a_rule(channels=("nowhere",))]

    assert destinations(rules, CHANNELS) == (("politics", BELA), ("politics", CARL), ("desk", ANNA), ("desk", BELA))


def test_a_notice_is_a_message_to_each_recipient_under_its_own_id() -> None:
    subject, deliveries = notice_deliveries(
        Notice(feeds=3, storms=(("gazette", 90),)), channel=CHANNELS["desk"], house=HOUSE, now=NOW
    )

    mails = [email.message_from_bytes(each.message, policy=email.policy.default) for each in deliveries]
    assert [mail["To"] for mail in mails] == [ANNA, BELA]
    assert [mail["Message-ID"] for mail in mails] == [each.message_id for each in deliveries]
    assert len({each.message_id for each in deliveries}) == 2
    assert all(subject in mail["Subject"] for mail in mails)
