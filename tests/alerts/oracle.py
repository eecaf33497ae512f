"""What the documentation promises of a month, worked out by other means than the program's own; see `test_oracle`.

It keeps what happened as plain lists, and asks of what arrived: is everybody told who should be, of each story once by
each rule, of what came to it later only where that was asked for, in order, not at night, not too often?
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

HOUR = timedelta(hours=1)
HELD = ("overflow", "summary")

Whom = tuple[str, str]  # channel, recipient


@dataclass(frozen=True, slots=True)
class Raised:
    """A rule found something new: an article, a change of one, or another feed that has it."""

    at: datetime
    rule: str
    story: int
    kind: str  # article, revision, carrier
    relation: str | None  # of an article to its story; None: it begins it


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message that a channel took."""

    at: datetime
    whom: Whom
    message: bytes
    document: dict[str, Any]  # as docs/channels.md describes it

    @property
    def id(self) -> str:
        """The same however often it comes."""
        return str(self.document["id"])

    @property
    def kind(self) -> str:
        """As in docs/channels.md."""
        return str(self.document["kind"])

    def told(self) -> Iterator[tuple[str, int, str, int]]:
        """(rule, story, kind, alert) of each article in it."""
        for story in self.document.get("stories", ()):
            for article in story["articles"]:
                yield story["rule"], story["story"], article["kind"], article["alert"]


@dataclass(kw_only=True)
class Rule:
    """A rule, as far as its readers know it."""

    name: str
    channels: tuple[str, ...]
    followups: str
    digest: str | None
    max_per_hour: int | None
    burst: int  # 0: never


@dataclass(kw_only=True)
class Month:
    """What happened."""

    rules: dict[str, Rule]
    recipients: dict[str, tuple[str, ...]]  # by channel
    quiet: set[str]  # channels that are silent from 22 to 7 in Berlin
    raised: list[Raised] = field(default_factory=list)
    arrived: list[Arrived] = field(default_factory=list)
    excused: Counter[str] = field(default_factory=Counter)  # message → crashes between its being taken and noted
    muted: bool = False  # something was, for a while
    rough: set[str] = field(default_factory=set)  # channels that put off single recipients

    def whom(self, rule: str) -> list[Whom]:
        """Who hears of a rule."""
        return [(name, to) for name in self.rules[rule].channels for to in self.recipients[name]]

    def once(self) -> list[Arrived]:
        """What arrived, repeats left out, in order."""
        seen: set[str] = set()
        return [each for each in self.arrived if not (each.id in seen or seen.add(each.id))]  # type: ignore[func-returns-value]


def broken(month: Month) -> list[str]:
    """The promises that the month broke."""
    checks = (_told, _repeats, _belongs, _twice, _followups, _digests, _order, _quiet, _limits)
    return [f"{check.__name__[1:]}: {each}" for check in checks for each in check(month)]


def _told(month: Month) -> Iterator[str]:
    """Everybody hears of every story that a rule of theirs found."""
    told = {(rule, story, each.whom) for each in month.arrived for rule, story, _, _ in each.told()}
    for rule, story in dict.fromkeys((each.rule, each.story) for each in month.raised if each.kind == "article"):
        for whom in month.whom(rule):
            if (rule, story, whom) not in told:
                yield f"{whom} was never told of story {story} by {rule}"


def _repeats(month: Month) -> Iterator[str]:
    """A message comes again only after a crash that left open whether it had come; and then it is the same."""
    copies: dict[str, list[Arrived]] = defaultdict(list)
    for each in month.arrived:
        copies[each.id].append(each)
    for message, arrived in copies.items():
        if len(arrived) - 1 > month.excused[message]:
            yield f"{message} came {len(arrived)} times, {month.excused[message]} crashes excuse it"
        if len({(each.message, each.whom) for each in arrived}) > 1:
            yield f"{message} came in different forms"


def _belongs(month: Month) -> Iterator[str]:
    """Nobody hears of what is not theirs."""
    for each in month.once():
        for rule, story, _, _ in each.told():
            if each.whom not in month.whom(rule):
                yield f"{each.whom} heard of story {story} by {rule}"


def _twice(month: Month) -> Iterator[str]:
    """What a rule found is in one message to each, and in no other."""
    places = Counter((alert, each.whom) for each in month.once() for _, _, _, alert in each.told())
    for (alert, whom), messages in places.items():
        if messages > 1:
            yield f"{whom} was told of alert {alert} in {messages} messages"


def _followups(month: Month) -> Iterator[str]:
    """What comes to a story later is told only where that was asked for."""
    begun: set[tuple[str, int, Whom]] = set()
    asked = defaultdict(set)
    for each in month.raised:
        asked[each.rule, each.story].add((each.kind, each.relation))
    # As they were made: one that a recipient's server put off may be overtaken by the next.
    for each in sorted(month.once(), key=lambda each: each.document["created_at"]):
        for rule, story in dict.fromkeys((rule, story) for rule, story, _, _ in each.told()):
            is_first = (rule, story, each.whom) not in begun
            begun.add((rule, story, each.whom))
            if is_first:
                continue
            wants = month.rules[rule].followups
            kinds = asked[rule, story]
            is_update = any(kind == "revision" or relation == "update" for kind, relation in kinds)
            if wants == "none" or (wants == "updates" and not is_update):
                yield f"{each.whom} heard of story {story} by {rule} again, in a {each.kind}"
            elif month.rules[rule].digest is None and each.kind not in ("followup", "group", *HELD):
                yield f"{each.whom} heard more of story {story} by {rule} in a {each.kind}"


def _digests(month: Month) -> Iterator[str]:
    """A rule with a digest tells nothing in between, one without is in none."""
    for each in month.once():
        for rule, story, _, _ in each.told():
            if (each.kind == "digest") != (month.rules[rule].digest is not None):
                yield f"{each.whom} heard of story {story} by {rule} in a {each.kind}"
            elif each.kind == "digest" and each.document["digest"] != month.rules[rule].digest:
                yield f"{each.whom} heard of {rule} in the digest {each.document['digest']}"


def _order(month: Month) -> Iterator[str]:
    """Stories are told in the order in which they were found, where nothing is held back or put off."""
    found: dict[str, dict[int, int]] = defaultdict(dict)
    for each in month.raised:
        if each.kind == "article":
            found[each.rule].setdefault(each.story, len(found[each.rule]))
    last: dict[tuple[str, Whom], int] = defaultdict(lambda: -1)
    for each in month.once():
        if each.kind not in ("story", "group") or each.whom[0] in month.quiet | month.rough or month.muted:
            continue
        for rule in dict.fromkeys(rule for rule, _, _, _ in each.told()):
            if month.rules[rule].max_per_hour or month.rules[rule].burst:
                continue
            places = [found[rule][story] for of, story, kind, _ in each.told() if of == rule and kind == "article"]
            if places and min(places) < last[rule, each.whom]:
                yield f"{each.whom} heard of {rule} out of order"
            last[rule, each.whom] = max([*places, last[rule, each.whom]])


def _quiet(month: Month) -> Iterator[str]:
    """At night nothing comes where nights are quiet, but for digests."""
    for each in month.arrived:
        at = each.at.astimezone(ZoneInfo("Europe/Berlin"))
        if each.whom[0] in month.quiet and each.kind != "digest" and not 7 <= at.hour < 22:
            yield f"{each.whom} got a {each.kind} at {at:%Y-%m-%d %H:%M}"


def _limits(month: Month) -> Iterator[str]:
    """Of a rule with a limit no more messages are made within an hour, what was held back in one apart."""
    made: dict[tuple[str, Whom], list[datetime]] = defaultdict(list)
    for each in month.once():
        rule = each.document.get("rule")
        if rule and each.kind in ("story", "group", "followup"):
            made[rule, each.whom].append(datetime.fromisoformat(each.document["created_at"]))
    for (rule, whom), moments in made.items():
        most = month.rules[rule].max_per_hour
        for start in moments if most else ():
            within = sum(start <= at < start + HOUR for at in moments)
            if most and within > most:
                yield f"{whom} got {within} messages of {rule} within an hour of {start}"
                break
