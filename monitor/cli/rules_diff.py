"""`monitor rules diff`: what another configuration gains and loses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import tee
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor import show
from monitor.cli.matching import print_hit, progress
from monitor.cli.session import Age, Session, json_option, now, pass_session
from monitor.model import FeedSpec, Match
from monitor.search import Hit, by_key, candidates_for, documents_of, hit_of, matches_in, written

if TYPE_CHECKING:
    from monitor.archive import Archive, SearchRow
    from monitor.config import Config
    from monitor.rules import Rule

# What of a rule decides whether it matches; how it is written is compared by what it comes to.
_QUERY = ("query", "any", "all", "none", "score")
_MATCHING = ("threshold", "title_weight", "feeds", "tags", "languages", "countries", "until", "times", "enabled")
# What of it decides who hears of a match, and how.
_TELLING = ("channels", "digest", "priority")


@dataclass(kw_only=True)
class Change:
    """A rule that two configurations have otherwise; the fields are the keys of `monitor rules diff --json`."""

    rule: str
    change: str  # added, removed, changed
    keys: tuple[str, ...]  # what differs, as feeds.yaml calls it; empty: added or removed
    before: str | None  # what it looks for; None: added
    after: str | None  # None: removed
    aliases: tuple[str, ...] = ()  # that differ, where the rule differs by its aliases alone
    gained: int = 0  # articles that only the other configuration's rule matches
    lost: int = 0  # articles that only this configuration's rule matches
    kept: int = 0
    gained_hits: list[Hit] = field(default_factory=list)  # some of them, newest first
    lost_hits: list[Hit] = field(default_factory=list)


@click.command("diff")
@click.argument("other", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="OTHER.yaml")
@click.option(
    "--since", type=Age(), metavar="AGE", default="30d", show_default=True, help="In articles of the last 30d, 12h, …"
)
@click.option(
    "--limit", type=click.IntRange(0), default=3, show_default=True, help="Show so many gained and so many lost a rule."
)
@json_option
@pass_session
def rules_diff(session: Session, other: Path, since: timedelta, limit: int, as_json: bool) -> None:
    """What the rules of OTHER.yaml would find that those in use do not, and the other way round.

    Copy feeds.yaml, change the copy, compare, and move it into place when you like what you see. Rules are compared by
    name and by what they come to: a changed alias changes every rule that calls it.
    """
    from monitor import config as configuration

    config = session.config
    theirs = configuration.load(other, environ=session.environ, archive=session.archive)
    ours_by_name, theirs_by_name = _compiled(config), _compiled(theirs)
    changes, unchanged = _changes(config, theirs, ours_by_name, theirs_by_name)
    searched = [change for change in changes.values() if _may_match_otherwise(change)]
    at = now()
    if searched:
        before = [ours_by_name[change.rule] for change in searched if change.rule in ours_by_name]
        after = [theirs_by_name[change.rule] for change in searched if change.rule in theirs_by_name]
        with session.reading() as archive:
            _count(archive, changes, _Side(config, before), _Side(theirs, after), at - since, at, limit)
    if as_json:
        show.as_json({"since": at - since, "unchanged": unchanged, "changes": list(changes.values())})
        return
    for change in changes.values():
        _print(change)
    alike = f"{show.counted(unchanged, 'rule')} come to the same" if unchanged != 1 else "1 rule comes to the same"
    show.line(alike if changes else f"no rule differs: {alike}")


def _compiled(config: Config) -> dict[str, Rule]:
    from monitor.rules import Aliases, compile_rule

    aliases = Aliases(config.aliases)
    return {spec.name: compile_rule(spec, aliases) for spec in config.rules}


def _changes(
    config: Config, theirs: Config, before: Mapping[str, Rule], after: Mapping[str, Rule]
) -> tuple[dict[str, Change], int]:
    """What differs, by rule, in the order of the files; and how many rules do not."""
    feeds_differ = _outlets(config) != _outlets(theirs)
    changes = {}
    for name in dict.fromkeys([*before, *after]):
        if name not in after:
            changes[name] = Change(rule=name, change="removed", keys=(), before=written(before[name].spec), after=None)
        elif name not in before:
            changes[name] = Change(rule=name, change="added", keys=(), before=None, after=written(after[name].spec))
        elif keys := _differing(before[name], after[name], feeds_differ=feeds_differ):
            changes[name] = Change(
                rule=name,
                change="changed",
                keys=keys,
                before=written(before[name].spec),
                after=written(after[name].spec),
                aliases=_differing_aliases(config, theirs) if "aliases" in keys else (),
            )
    return changes, len(dict.fromkeys([*before, *after])) - len(changes)


def _differing(before: Rule, after: Rule, *, feeds_differ: bool) -> tuple[str, ...]:
    """What makes two rules of one name different."""

    def differ(key: str) -> bool:
        return bool(getattr(before.spec, key) != getattr(after.spec, key))

    keys: list[str] = []
    if (before.query, before.scores) != (after.query, after.scores):
        keys = [key for key in _QUERY if differ(key)] or ["aliases"]
    keys += filter(differ, (*_MATCHING, *_TELLING))
    if feeds_differ and (before.asks_of_feed or after.asks_of_feed):
        keys.append("tags and countries of feeds")
    return tuple(keys)


def _differing_aliases(config: Config, theirs: Config) -> tuple[str, ...]:
    names = dict.fromkeys([*config.aliases, *theirs.aliases])
    return tuple(name for name in names if config.aliases.get(name) != theirs.aliases.get(name))


def _may_match_otherwise(change: Change) -> bool:
    return change.change != "changed" or not set(change.keys) <= set(_TELLING)


def _outlets(config: Config) -> dict[str, tuple[object, ...]]:
    return {feed.key: (feed.title, feed.tags, feed.country) for feed in config.feeds}


class _Side:
    """The rules of one configuration that are to be compared, and its feeds."""

    def __init__(self, config: Config, rules: list[Rule]) -> None:
        from monitor.rules import RuleSet

        self.feeds: Mapping[str, FeedSpec] = by_key(config.feeds)
        self.outlets = _outlets(config)
        self.rules = RuleSet([rule for rule in rules if rule.spec.enabled])


def _count(
    archive: Archive,
    changes: Mapping[str, Change],
    before: _Side,
    after: _Side,
    since: datetime,
    until: datetime,
    limit: int,
) -> None:
    """Holds both sides against the archive, once, and counts what each finds alone."""
    rows = archive.search(candidates_for([*before.rules.rules, *after.rules.rules]), since=since)
    with progress(until, since) as line:
        for row in rows:
            line.reached(row.first_seen_at)
            old, new = _matches(row, before, after)
            line.matches += old.keys() != new.keys()
            for name in {**old, **new}:
                change = changes[name]
                if name not in old:
                    change.gained += 1
                    _keep(change.gained_hits, row, new[name], limit)
                elif name not in new:
                    change.lost += 1
                    _keep(change.lost_hits, row, old[name], limit)
                else:
                    change.kept += 1


def _matches(row: SearchRow, before: _Side, after: _Side) -> tuple[dict[str, Match], dict[str, Match]]:
    if before.outlets == after.outlets:
        documents = tee(documents_of(row, before.feeds))  # to read an article takes longer than to match it
    else:
        documents = documents_of(row, before.feeds), documents_of(row, after.feeds)
    old, new = (
        {match.rule: match for match in matches_in(each, side.rules, row.first_seen_at)}
        for each, side in zip(documents, (before, after), strict=True)
    )
    return old, new


def _keep(hits: list[Hit], row: SearchRow, match: Match, limit: int) -> None:
    if len(hits) < limit:
        hits.append(hit_of(row, match))


def _print(change: Change) -> None:
    what = f"changed: {', '.join(change.keys)}" if change.keys else change.change
    if change.aliases:
        what += f" ({', '.join(change.aliases)})"
    show.line(f"{change.rule}  {what}")
    if change.before != change.after:
        for sign, text in (("-", change.before), ("+", change.after)):
            if text is not None:
                show.paragraph(f"{sign} {text}", indent=2)
    if not _may_match_otherwise(change):
        show.line("  finds the same; who hears of it changes")
    else:
        show.line(f"  {change.gained} gained, {change.lost} lost, {change.kept} kept")
    show.line()
    for said, count, hits in (("gained", change.gained, change.gained_hits), ("lost", change.lost, change.lost_hits)):
        for hit in hits:
            print_hit(hit, before=f"{said}: ")
        if hits and count > len(hits):
            show.line(f"… and {count - len(hits)} more {said}; --limit shows more")
            show.line()
