"""Who is told of what: recipients, digests, and the identity of each message."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Sequence
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

import pytest

from monitor.alert import alerts_for, digest_deliveries, recipients
from monitor.model import (
    AlertIntent,
    Article,
    ChannelSpec,
    DeliveryIntent,
    Excerpt,
    LanguageGuess,
    Match,
    RuleSpec,
    WaitingAlert,
)
from tests.factories import HOUSE, NOW, a_rule, an_article, later

FRENCH = LanguageGuess(language="fr", confidence=0.98, source="detected")
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


def a_match(rule: str = "ukraine") -> Match:
    return Match(rule=rule, spans=(), excerpt=Excerpt(text="… de l’Ukraine.", marks=()))


def alerts(*rules: RuleSpec, article: Article | None = None, **given: Any) -> tuple[AlertIntent, ...]:
    """The alerts when every one of these rules matched."""
    values: dict[str, Any] = {
        "feed_title": "La Gazette",
        "rules": {rule.name: rule for rule in rules},
        "channels": CHANNELS,
        "house": HOUSE,
        "now": NOW,
    }
    matches = [a_match(rule.name) for rule in rules]
    return alerts_for(article or an_article(), matches, FRENCH, **(values | given))


def digest(*waiting: WaitingAlert, rules: Sequence[RuleSpec], name: str = "morning") -> tuple[DeliveryIntent, ...]:
    return digest_deliveries(
        name, waiting, rules={rule.name: rule for rule in rules}, channels=CHANNELS, house=HOUSE, now=NOW
    )


def a_waiting(number: int, rule: str = "ukraine") -> WaitingAlert:
    return WaitingAlert(
        id=number,
        rule=rule,
        title=f"Titre {number}",
        link=f"https://gazette.example/{number}",
        excerpt=Excerpt(text="… de l’Ukraine.", marks=()),
        feed="gazette",
        feed_title="La Gazette",
        language="fr",
        published_at=None,
        first_seen_at=later(minutes=number),
        carriers=1,
    )


def sent_to(deliveries: Sequence[DeliveryIntent]) -> list[tuple[str, str]]:
    return [(delivery.channel, delivery.recipient) for delivery in deliveries]


def text_of(delivery: DeliveryIntent) -> str:
    part = email.message_from_bytes(delivery.message, _class=EmailMessage, policy=email.policy.default).get_body(
        ("plain",)
    )
    assert part is not None
    return str(part.get_content())


# ── at once ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_match_tells_every_recipient_of_every_channel_of_its_rule() -> None:
    (alert,) = alerts(a_rule(channels=("desk", "screen")))

    assert (alert.rule, alert.digest) == ("ukraine", None)
    assert sent_to(alert.deliveries) == [("desk", ANNA), ("desk", BELA), ("screen", "screen")]
    assert all(delivery.due_at == NOW for delivery in alert.deliveries)


def test_a_message_is_the_mail_to_its_recipient_under_its_own_id() -> None:
    (alert,) = alerts(a_rule())

    for delivery in alert.deliveries:
        mail = email.message_from_bytes(delivery.message)
        assert mail["To"] == delivery.recipient
        assert mail["Message-ID"] == delivery.message_id
    assert len({delivery.message_id for delivery in alert.deliveries}) == 2


def test_a_channel_or_an_address_named_twice_gets_one_message() -> None:
    channels = {"desk": ChannelSpec(name="desk", kind="email", to=(ANNA, ANNA))}

    (alert,) = alerts(a_rule(channels=("desk", "desk")), channels=channels)

    assert sent_to(alert.deliveries) == [("desk", ANNA)]


def test_two_rules_that_match_raise_two_alerts() -> None:
    found = alerts(a_rule(name="ukraine"), a_rule(name="otan", channels=("politics",)))

    assert [(alert.rule, sent_to(alert.deliveries)) for alert in found] == [
        ("ukraine", [("desk", ANNA), ("desk", BELA)]),
        ("otan", [("politics", BELA), ("politics", CARL)]),
    ]


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param(a_rule(channels=()), id="a rule without channels"),
        pytest.param(a_rule(channels=(), digest="morning"), id="a rule with a digest but without channels"),
        pytest.param(a_rule(enabled=False), id="a rule that is switched off"),
        pytest.param(a_rule(enabled=False, digest="morning"), id="a rule with a digest that is switched off"),
    ],
)
def test_nobody_is_told(rule: RuleSpec) -> None:
    assert alerts(rule) == ()


def test_a_match_of_a_rule_that_left_the_configuration_tells_nobody() -> None:
    assert alerts(a_rule(), rules={}) == ()


def test_a_rule_with_a_digest_waits_for_it() -> None:
    assert alerts(a_rule(digest="morning")) == (AlertIntent(rule="ukraine", digest="morning", deliveries=()),)


def test_the_same_alert_is_the_same_message() -> None:
    assert alerts(a_rule()) == alerts(a_rule())


def test_a_poll_repeated_later_gives_the_same_message_ids() -> None:
    (first,), (again,) = alerts(a_rule()), alerts(a_rule(), now=later(hours=1), feed_title="Gazette, La")

    assert [delivery.message_id for delivery in first.deliveries] == [d.message_id for d in again.deliveries]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(lambda: alerts(a_rule(name="otan")), id="another rule"),
        pytest.param(lambda: alerts(a_rule(), article=an_article(feed="herald")), id="another feed"),
        pytest.param(lambda: alerts(a_rule(), article=an_article(entry_key="2")), id="another entry"),
        pytest.param(lambda: alerts(a_rule(channels=("politics",))), id="another channel with the same recipient"),
    ],
)
def test_another_alert_is_another_message(other: Any) -> None:
    ids = {delivery.message_id for (alert,) in (alerts(a_rule()), other()) for delivery in alert.deliveries}

    assert len(ids) == 4


def test_a_new_text_of_the_same_entry_keeps_the_message_id() -> None:
    article = an_article()

    (first,) = alerts(a_rule(), article=article)
    (revised,) = alerts(a_rule(), article=replace(article, title="Autre titre", content_digest=7))

    assert first.deliveries[0].message_id == revised.deliveries[0].message_id


@pytest.mark.parametrize(
    ("channel", "whom"),
    [("desk", (ANNA, BELA)), ("screen", ("screen",)), ("folder", ("folder",)), ("addressed", (CARL,))],
)
def test_a_channel_without_addresses_is_its_own_recipient(channel: str, whom: tuple[str, ...]) -> None:
    assert recipients(CHANNELS[channel]) == whom


# ── digests ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_digest_is_one_message_a_recipient_with_what_their_rules_found() -> None:
    rules = [
        a_rule(name="ukraine", channels=("desk",), digest="morning"),
        a_rule(name="otan", channels=("politics",), digest="morning"),
    ]

    deliveries = digest(a_waiting(1, "otan"), a_waiting(2, "ukraine"), a_waiting(3, "otan"), rules=rules)

    assert sent_to(deliveries) == [("desk", ANNA), ("desk", BELA), ("politics", BELA), ("politics", CARL)]
    told = ["".join(number for number in "123" if f"Titre {number}" in text_of(each)) for each in deliveries]
    assert told == ["2", "2", "13", "13"]


def test_a_recipient_of_two_rules_reads_them_in_the_order_of_the_configuration() -> None:
    rules = [a_rule(name="ukraine", digest="morning"), a_rule(name="otan", digest="morning")]

    deliveries = digest(a_waiting(1, "otan"), a_waiting(2, "ukraine"), rules=rules)

    assert sent_to(deliveries) == [("desk", ANNA), ("desk", BELA)]
    text = text_of(deliveries[0])
    assert text.index("== ukraine (1) ==") < text.index("== otan (1) ==")


def test_a_recipient_for_whom_nothing_waits_gets_no_digest() -> None:
    rules = [
        a_rule(name="ukraine", channels=("desk",), digest="morning"),
        a_rule(name="otan", channels=("politics",), digest="morning"),
    ]

    assert sent_to(digest(a_waiting(1, "ukraine"), rules=rules)) == [("desk", ANNA), ("desk", BELA)]


@pytest.mark.parametrize(
    "moved",
    [
        pytest.param(a_rule(name="otan", channels=("politics",), digest="evening"), id="to another digest"),
        pytest.param(a_rule(name="otan", channels=("politics",)), id="to alerts at once"),
        pytest.param(a_rule(name="otan", channels=("politics",), enabled=False), id="out of use"),
    ],
)
def test_what_waits_for_a_rule_that_moved_still_goes_to_its_own_readers_only(moved: RuleSpec) -> None:
    rules = [a_rule(name="ukraine", channels=("screen",), digest="morning"), moved]

    deliveries = digest(a_waiting(1, "otan"), rules=rules)

    assert sent_to(deliveries) == [("politics", BELA), ("politics", CARL)]


@pytest.mark.parametrize(
    "others",
    [pytest.param([], id="the rule is gone"), pytest.param([a_rule(name="otan", channels=())], id="it sends nowhere")],
)
def test_what_waits_for_nobody_any_more_goes_to_all_the_digest_has(others: list[RuleSpec]) -> None:
    rules = [a_rule(name="ukraine", digest="morning"), *others]

    deliveries = digest(a_waiting(1, "otan"), rules=rules)

    assert sent_to(deliveries) == [("desk", ANNA), ("desk", BELA)]
    assert "Titre 1" in text_of(deliveries[0])


def test_without_anybody_to_tell_there_is_no_message() -> None:
    assert digest(a_waiting(1), rules=[]) == ()
    assert digest(rules=[a_rule(digest="morning")]) == ()


def test_a_digest_repeated_after_a_crash_is_the_same_message() -> None:
    rules = [a_rule(digest="morning")]

    assert digest(a_waiting(1), a_waiting(2), rules=rules) == digest(a_waiting(1), a_waiting(2), rules=rules)


def test_the_next_digest_is_another_message() -> None:
    rules = [a_rule(digest="morning")]

    (first, _), (second, _) = digest(a_waiting(1), rules=rules), digest(a_waiting(2), rules=rules)

    assert first.message_id != second.message_id
