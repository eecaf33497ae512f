"""What waits → messages: what goes together, what must wait longer, until when and why.

Nothing is ever dropped here. A delivery that waits goes into exactly one bundle, or is held for a named reason until a
named instant, at which it is looked at again:

    mute    somebody said not to tell of its rule, or of its story, for a while
    quiet   its channel has quiet hours
    cap     its rule, or its channel, has sent the recipient as many mails within the hour as it may
    burst   its rule has sent so many that each further one is a nuisance: a running summary takes their place

Grouping is Alertmanager's (https://prometheus.io/docs/alerting/latest/configuration/, `route`), with a rule for a group
and a story for an alert: what a rule finds within `group_wait` goes together, what comes later to a story that was told
goes `group_interval` after.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor.hours import end_of_quiet
from monitor.model import Bundle, ChannelSpec, Composed, Held, Mute, RuleSpec, Waiting

HOUR = timedelta(hours=1)
SUMMARY_EVERY = timedelta(minutes=15)
BURST_GOES_ON = 3  # stories in a summary, that the next ones are summed up too
MOST_IN_A_MAIL = 1_000  # stories, most of them as one line; what is more goes into further parts

# What was held back, or came in too great a number, is told in one mail over all rules, which says why.
OVERFLOWING = ("mute", "quiet", "cap", "storm", "backlog")


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of deliveries whose time has come."""

    bundles: tuple[Bundle, ...]  # in the order of what they tell of
    held: tuple[Held, ...]


def plan(
    waiting: Sequence[Waiting],
    *,
    rules: Mapping[str, RuleSpec],
    channels: Mapping[str, ChannelSpec],
    mutes: Sequence[Mute] = (),
    recent: Sequence[Composed] = (),
    now: datetime,
    everything: bool = False,
) -> Plan:
    """What goes now, and with what; `waiting` are the deliveries outside digests, in the order of raising.

    `recent` are the messages of the last hour. With `everything` also what waits for others goes, but neither mutes nor
    quiet hours nor limits are passed over. A rule that is gone goes by the defaults: it was promised to somebody.
    """
    deciding = _Deciding(rules=rules, channels=channels, mutes=mutes, now=now)
    for composed in recent:
        deciding.sent[composed.channel, composed.recipient].append(composed)
    overflowing: dict[tuple[str, str, str], list[Waiting]] = defaultdict(list)
    for (channel, recipient, rule), group in _groups(waiting):
        due = [each for each in group if _is_due(each, now, everything=everything)]
        if not due:
            continue
        going = deciding.let_go(channel, due)
        late = [each for each in going if each.why in OVERFLOWING]
        for each in late:
            overflowing[channel, recipient, each.why].append(each)
        fresh = [each for each in going if each.why not in OVERFLOWING]
        if fresh:
            ids = {each.id for each in due}
            company = [each for each in group if each.id not in ids and each.why == "group"]
            deciding.bundle(rule, fresh, deciding.let_go(channel, company))
    for (channel, recipient, why), late in overflowing.items():
        deciding.overflow(channel, recipient, why, late)
    bundles = sorted(deciding.bundles, key=lambda bundle: (bundle.deliveries[0].id, bundle.part))
    return Plan(bundles=tuple(bundles), held=tuple(deciding.held))


def _is_due(waiting: Waiting, now: datetime, *, everything: bool) -> bool:
    # Mutes and quiet hours are looked at again in any case; what was too much by a limit stays so until its time.
    if everything and waiting.why not in ("cap", "burst"):
        return True
    return waiting.due_at is not None and waiting.due_at <= now


def digest_bundles(
    digest: str, waiting: Sequence[Waiting], *, mutes: Sequence[Mute] = (), now: datetime
) -> tuple[Bundle, ...]:
    """A digest to each recipient, of what waits for it; what is muted waits for the next one."""
    by_recipient: dict[tuple[str, str], list[Waiting]] = defaultdict(list)
    for each in waiting:
        if _muted_until(each, mutes, now) is None:
            by_recipient[each.channel, each.recipient].append(each)
    return tuple(
        bundle
        for (channel, recipient), deliveries in by_recipient.items()
        for bundle in _parts(
            Bundle(
                kind="digest",
                channel=channel,
                recipient=recipient,
                why="digest",
                deliveries=tuple(deliveries),
                digest=digest,
            )
        )
    )


def _groups(waiting: Iterable[Waiting]) -> Iterable[tuple[tuple[str, str, str], list[Waiting]]]:
    """Those of one rule to one recipient, in the order of the first of each."""
    groups: dict[tuple[str, str, str], list[Waiting]] = defaultdict(list)
    for each in waiting:
        groups[each.channel, each.recipient, each.rule].append(each)
    return groups.items()


@dataclass(slots=True)
class _Deciding:
    """A plan in the making."""

    rules: Mapping[str, RuleSpec]
    channels: Mapping[str, ChannelSpec]
    mutes: Sequence[Mute]
    now: datetime
    sent: dict[tuple[str, str], list[Composed]] = field(default_factory=lambda: defaultdict(list))
    bundles: list[Bundle] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)

    def let_go(self, channel: str, waiting: Sequence[Waiting]) -> list[Waiting]:
        """Those that neither a mute nor quiet hours hold back; the others are held."""
        going = []
        spec = self.channels.get(channel)
        quiet_until = end_of_quiet(spec.quiet, self.now) if spec else None
        for each in waiting:
            if (until := _muted_until(each, self.mutes, self.now)) is not None:
                self.held.append(Held(deliveries=(each.id,), until=until, why="mute"))
            elif quiet_until is not None:
                self.held.append(Held(deliveries=(each.id,), until=quiet_until, why="quiet"))
            else:
                going.append(each)
        return going

    def bundle(self, rule: str, due: Sequence[Waiting], company: Sequence[Waiting]) -> None:
        """Puts what a rule tells one recipient into mails, as many as there may be."""
        spec = self.rules.get(rule) or RuleSpec(name=rule)
        summed_up = [each for each in due if each.why == "burst"]
        rest = [each for each in due if each.why != "burst"]
        if summed_up:
            self._limited(spec, [(("summary", "burst"), [*summed_up, *rest, *company])])
            return
        followups = [each for each in rest if each.why == "followup"]
        new = [each for each in rest if each.why != "followup"]
        mails = []
        if new and spec.group_wait:
            together = [*new, *company]
            several = len({each.story for each in together}) > 1
            mails.append((("group" if several else "story", "group"), together))
        else:
            mails += [(("story", "group"), one) for one in _by_story([*new, *(company if new else ())])]
        mails += [(("followup", "followup"), one) for one in _by_story(followups)]
        self._limited(spec, mails)

    def _limited(self, spec: RuleSpec, mails: Sequence[tuple[tuple[str, str], Sequence[Waiting]]]) -> None:
        for (kind, why), deliveries in mails:
            first = deliveries[0]
            limit = self._limit(spec, first.channel, first.recipient, is_summary=kind == "summary")
            if limit is not None:
                until, reason = limit
                self.held.append(Held(deliveries=tuple(each.id for each in deliveries), until=until, why=reason))
                continue
            self._add(
                Bundle(
                    kind=kind,
                    channel=first.channel,
                    recipient=first.recipient,
                    why=why,
                    deliveries=tuple(sorted(deliveries, key=lambda each: each.id)),
                    rule=spec.name,
                )
            )

    def overflow(self, channel: str, recipient: str, why: str, late: Sequence[Waiting]) -> None:
        """Puts what was held back for one reason into one mail."""
        ordered = tuple(sorted(late, key=lambda each: each.id))
        self._add(Bundle(kind="overflow", channel=channel, recipient=recipient, why=why, deliveries=ordered))

    def _add(self, bundle: Bundle) -> None:
        self.bundles += _parts(bundle)
        self.sent[bundle.channel, bundle.recipient].append(
            Composed(
                kind=bundle.kind,
                rule=bundle.rule,
                channel=bundle.channel,
                recipient=bundle.recipient,
                at=self.now,
                stories=len({each.story for each in bundle.deliveries}),
            )
        )

    def _limit(self, spec: RuleSpec, channel: str, recipient: str, *, is_summary: bool) -> tuple[datetime, str] | None:
        """Until when, and why, a further mail of a rule to a recipient must wait. None: it need not."""
        lately = [each for each in self.sent[channel, recipient] if each.rule is not None and each.at > self.now - HOUR]
        of_rule = sorted((each for each in lately if each.rule == spec.name), key=lambda each: each.at)
        caps = []
        if spec.max_per_hour is not None:
            caps.append((spec.max_per_hour, of_rule))
        if (whole := self.channels.get(channel)) is not None and whole.max_per_hour is not None:
            caps.append((whole.max_per_hour, sorted(lately, key=lambda each: each.at)))
        waits = [mails[len(mails) - most].at + HOUR for most, mails in caps if len(mails) >= most]
        if waits:
            return max(waits), "cap"
        if spec.burst is not None and not is_summary and _is_burst(spec.burst, of_rule, self.now):
            return max(of_rule[-1].at + SUMMARY_EVERY, self.now + timedelta(seconds=1)), "burst"
        return None


def _is_burst(most: int, mails: Sequence[Composed], now: datetime) -> bool:
    """Whether a rule's mails of the last hour, in order, call for summaries."""
    if sum(mail.kind != "summary" for mail in mails) >= most:
        return True
    return any(
        mail.kind == "summary" and mail.stories >= BURST_GOES_ON and mail.at > now - 2 * SUMMARY_EVERY for mail in mails
    )


def _muted_until(waiting: Waiting, mutes: Iterable[Mute], now: datetime) -> datetime | None:
    """When the last mute of a delivery's rule or story ends. None: neither is muted."""
    ends = [
        mute.until for mute in mutes if mute.until > now and (mute.rule == waiting.rule or mute.story == waiting.story)
    ]
    return max(ends, default=None)


def _by_story(waiting: Iterable[Waiting]) -> Iterator[list[Waiting]]:
    stories: dict[int, list[Waiting]] = defaultdict(list)
    for each in waiting:
        stories[each.story].append(each)
    return iter(stories.values())


def _parts(bundle: Bundle) -> Iterator[Bundle]:
    """The bundle, or parts of it with so many stories that a mail can hold them; one story stays in one part."""
    stories = list(_by_story(bundle.deliveries))
    parts = max(-(-len(stories) // MOST_IN_A_MAIL), 1)
    for number in range(parts):
        some = stories[number * MOST_IN_A_MAIL : (number + 1) * MOST_IN_A_MAIL]
        yield Bundle(
            kind=bundle.kind,
            channel=bundle.channel,
            recipient=bundle.recipient,
            why=bundle.why,
            deliveries=tuple(sorted((each for story in some for each in story), key=lambda each: each.id)),
            rule=bundle.rule,
            digest=bundle.digest,
            part=(number + 1, parts),
        )
