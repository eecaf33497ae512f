"""Matches → alerts: who is told of what, at once or in a digest, each message with the identity it will always have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain

from monitor.model import (
    AlertIntent,
    Article,
    ChannelSpec,
    DeliveryIntent,
    House,
    LanguageGuess,
    Match,
    Notice,
    RuleSpec,
    WaitingAlert,
)
from monitor.render import article_mail, digest_mail, message_id, notice_mail, notice_subject

OVERFLOW = "overflow"  # the digest that collects alerts which come in too great a number; sent within a minute


def collected(alerts: Sequence[AlertIntent]) -> tuple[AlertIntent, ...]:
    """The alerts, to wait for the overflow digest; one that has a digest keeps it."""
    return tuple(AlertIntent(rule=alert.rule, digest=alert.digest or OVERFLOW, deliveries=()) for alert in alerts)


def alerts_for(
    article: Article,
    matches: Sequence[Match],
    language: LanguageGuess,
    *,
    feed_title: str,
    rules: Mapping[str, RuleSpec],
    channels: Mapping[str, ChannelSpec],
    house: House,
    now: datetime,
) -> tuple[AlertIntent, ...]:
    """The alerts an article earns, one for each matching rule that is enabled and has somewhere to send.

    A rule with a digest gives an alert without deliveries: it waits until the digest carries it.
    """
    alerts = []
    for match in matches:
        rule = rules.get(match.rule)
        if rule is None or not rule.enabled or not rule.channels:
            continue
        if rule.digest is not None:
            alerts.append(AlertIntent(rule=rule.name, digest=rule.digest, deliveries=()))
            continue
        deliveries = []
        for channel, recipient in destinations([rule], channels):
            # The entry, not the archive's row, names the message: a poll that is repeated after a crash gives the same.
            mail_id = message_id(rule.name, article.feed, article.entry_key, channel, recipient, contact=house.contact)
            mail = article_mail(
                mail_id=mail_id,
                rule=rule.name,
                article=article,
                match=match,
                language=language,
                feed_title=feed_title,
                house=house,
                recipient=recipient,
                now=now,
                priority=rule.priority,
            )
            deliveries.append(
                DeliveryIntent(
                    channel=channel, recipient=recipient, message_id=mail_id, message=mail, due_at=_at_once(now)
                )
            )
        alerts.append(AlertIntent(rule=rule.name, digest=None, deliveries=tuple(deliveries)))
    return tuple(alerts)


def digest_deliveries(
    digest: str,
    waiting: Sequence[WaitingAlert],
    *,
    rules: Mapping[str, RuleSpec],
    channels: Mapping[str, ChannelSpec],
    house: House,
    now: datetime,
) -> tuple[DeliveryIntent, ...]:
    """One message to each recipient, with the waiting alerts of the rules that send to them, in the rules' order.

    Alerts of a rule that is gone, or has nowhere to send any more, go to everybody the digest has: they were promised
    to somebody. Without anybody at all there are no messages, and the alerts go on waiting.
    """
    waiting_rules = {alert.rule for alert in waiting}
    sending = {
        rule.name: destinations([rule], channels)
        for rule in rules.values()
        if (rule.digest == digest or rule.name in waiting_rules) and destinations([rule], channels)
    }
    order = {name: position for position, name in enumerate(sending)}
    ordered = sorted(waiting, key=lambda alert: order.get(alert.rule, len(order)))
    deliveries = []
    for channel, recipient in dict.fromkeys(chain.from_iterable(sending.values())):
        told = {name for name, whom in sending.items() if (channel, recipient) in whom}
        items = tuple(alert for alert in ordered if alert.rule in told or alert.rule not in sending)
        if not items:
            continue
        identity = (digest, channel, recipient, *(str(alert.id) for alert in items))
        mail_id = message_id("digest", *identity, contact=house.contact)
        mail = digest_mail(mail_id=mail_id, digest=digest, waiting=items, house=house, recipient=recipient, now=now)
        deliveries.append(
            DeliveryIntent(channel=channel, recipient=recipient, message_id=mail_id, message=mail, due_at=_at_once(now))
        )
    return tuple(deliveries)


def notice_deliveries(
    notice: Notice, *, channel: ChannelSpec, house: House, now: datetime
) -> tuple[str, tuple[DeliveryIntent, ...]]:
    """A notice's subject, and its message to each recipient."""
    subject = notice_subject(notice)
    deliveries = []
    for recipient in recipients(channel):
        mail_id = message_id("notice", channel.name, recipient, now.isoformat(), contact=house.contact)
        mail = notice_mail(mail_id=mail_id, notice=notice, house=house, recipient=recipient, now=now)
        deliveries.append(
            DeliveryIntent(
                channel=channel.name, recipient=recipient, message_id=mail_id, message=mail, due_at=_at_once(now)
            )
        )
    return subject, tuple(deliveries)


def destinations(rules: Iterable[RuleSpec], channels: Mapping[str, ChannelSpec]) -> tuple[tuple[str, str], ...]:
    """(channel, recipient) of all these rules together, each once, in the order they are written."""

    def all_of_them() -> Iterator[tuple[str, str]]:
        for rule in rules:
            for name in rule.channels:
                for recipient in recipients(channels[name]) if name in channels else ():
                    yield name, recipient

    return tuple(dict.fromkeys(all_of_them()))


def recipients(channel: ChannelSpec) -> tuple[str, ...]:
    """Whom a channel sends to: its addresses, or itself when it needs none (a maildir, the console)."""
    return channel.to or (channel.name,)


def _at_once(now: datetime) -> datetime:
    """An instant that is over in whole seconds, which is how the outbox keeps time: due without a wait."""
    return now.replace(microsecond=0)
