"""Matches → alerts: who is told of what, from when on, and what more of a story they hear that they were told of."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from monitor.model import (
    AlertIntent,
    ChannelSpec,
    DeliveryIntent,
    House,
    Match,
    Notice,
    RuleSpec,
)
from monitor.render import message_id, notice_message, notice_subject

# What comes in too great a number, but not because so much happens, waits so long for the rest of it.
COLLECTED_FOR = timedelta(minutes=1)


def alerts_for(
    matches: Sequence[Match], *, rules: Mapping[str, RuleSpec], channels: Mapping[str, ChannelSpec], now: datetime
) -> tuple[AlertIntent, ...]:
    """The alerts an article earns, one for each matching rule that is enabled and has somewhere to send."""
    matched = [rules[match.rule] for match in matches if match.rule in rules]
    return tuple(_alert(rule, "article", channels, now) for rule in matched if rule.enabled and rule.channels)


def followups_for(
    kind: str,
    matched: Collection[str],
    *,
    rules: Mapping[str, RuleSpec],
    channels: Mapping[str, ChannelSpec],
    now: datetime,
) -> tuple[AlertIntent, ...]:
    """The alerts that a known article earns when it is revised (`kind` revision) or another feed has it (carrier), of
    the rules that `matched` it before."""
    return tuple(
        _alert(rule, kind, channels, now)
        for rule in rules.values()
        if rule.name in matched and rule.enabled and rule.channels and _wants(rule.followups, kind, None)
    )


def _alert(rule: RuleSpec, kind: str, channels: Mapping[str, ChannelSpec], now: datetime) -> AlertIntent:
    return AlertIntent(
        rule=rule.name,
        kind=kind,
        to=destinations([rule], channels),
        due_at=_at_once(now) + rule.group_wait if rule.digest is None else None,
        digest=rule.digest,
        why="group" if rule.digest is None else "digest",
        followups=rule.followups,
        group_interval=rule.group_interval,
        repeat=rule.repeat,
    )


def collected(alerts: Sequence[AlertIntent], *, why: str, now: datetime) -> tuple[AlertIntent, ...]:
    """The alerts, to go together within a minute because of `why`; one that has a digest keeps it."""
    return tuple(
        alert
        if alert.digest is not None
        else AlertIntent(rule=alert.rule, kind=alert.kind, to=alert.to, due_at=now + COLLECTED_FOR, why=why)
        for alert in alerts
    )


def to_tell(
    alert: AlertIntent, *, told: Mapping[tuple[str, str], datetime], relation: str | None, now: datetime
) -> tuple[tuple[str, str, datetime | None, str], ...]:
    """Whom an alert really tells: channel, recipient, when (None: with its digest), and what that waits for.

    `told` are those who were told of its story by its rule, or will be, with when that was last decided. `relation` is
    how the article belongs to its story; None: the story begins with it.
    """
    telling = []
    for channel, recipient in alert.to:
        last = told.get((channel, recipient))
        if last is None or (alert.kind == "article" and alert.repeat is not None and now - last >= alert.repeat):
            if alert.kind == "article":
                telling.append((channel, recipient, alert.due_at, alert.why))
        elif _wants(alert.followups, alert.kind, relation):
            if alert.why == "group":
                telling.append((channel, recipient, now + alert.group_interval, "followup"))
            else:
                telling.append((channel, recipient, alert.due_at, alert.why))
    return tuple(telling)


def _wants(followups: str, kind: str, relation: str | None) -> bool:
    """Whether somebody who was told of a story is to hear this of it, too."""
    return followups == "all" or (followups == "updates" and (kind == "revision" or relation == "update"))


def notice_deliveries(
    notice: Notice, *, channel: ChannelSpec, house: House, now: datetime
) -> tuple[str, tuple[DeliveryIntent, ...]]:
    """What the archive calls a notice, in one line, and its message to each recipient."""
    subject = notice_subject(notice)
    kind = "heartbeat" if notice.pulse else "notice"
    deliveries = []
    for recipient in recipients(channel):
        mail_id = message_id(kind, channel.name, recipient, now.isoformat(), contact=house.contact)
        message = notice_message(
            mail_id=mail_id,
            notice=notice,
            house=house,
            recipient=recipient,
            now=now,
            reader=channel.readers.get(recipient, channel.reader),
            form=channel.form,
        )
        deliveries.append(
            DeliveryIntent(
                channel=channel.name, recipient=recipient, message_id=mail_id, message=message, due_at=_at_once(now)
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
