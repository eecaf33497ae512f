"""A rule's matches in articles that were there before it, recorded; and its alerts, if they are asked for."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

import click

from monitor import show
from monitor.cli.matching import each_match, progress
from monitor.cli.session import Session, now
from monitor.model import AlertIntent, Backfill, Match
from monitor.search import by_key, candidates_for, finder

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.rules import Rule

_BATCH = 200  # articles looked at between two transactions


@dataclass(kw_only=True)
class Backfilled:
    """What a backfill came to; the fields are the keys of its JSON."""

    rule: str
    since: datetime
    articles: int = 0  # that the rule matches
    recorded: int = 0  # matches that were not there yet
    alerts: int = 0  # raised now, and not of a story that had been told


def record_matches(session: Session, rule: Rule, age: timedelta, *, alert: bool, as_json: bool) -> int:
    """Records what a rule matches in the articles of a time back from now, prints how many; the exit status."""
    spec = rule.spec
    if not spec.enabled:
        raise click.UsageError(f"rule {spec.name} is switched off (enabled: false), so it has no matches to record")
    if alert and not spec.channels:
        raise click.UsageError(f"rule {spec.name} names no channel, so --alert would tell nobody")
    done = asyncio.run(_record(session, rule, now() - age, alert=alert))
    if as_json:
        show.as_json(done)
        return 0
    before = done.articles - done.recorded
    already = f"; {before} {'was' if before == 1 else 'were'} recorded before" if before else ""
    show.line(f"{spec.name}: {show.counted(done.recorded, 'match', 'matches')} recorded{already}")
    if alert:
        where = (
            f"wait for the digest {spec.digest}"
            if spec.digest
            else "raised; the daemon or `monitor deliver` sends them together"
        )
        show.line(f"{show.counted(done.alerts, 'alert')} {where}")
    return 0


async def _record(session: Session, rule: Rule, since: datetime, *, alert: bool) -> Backfilled:
    """Records a rule's matches in articles first seen since, a batch a transaction: a kill leaves whole batches."""
    from monitor.rules import RuleSet

    matches_of = finder(RuleSet([rule]), by_key(session.config.feeds))
    done = Backfilled(rule=rule.spec.name, since=since)
    async with session.writing("amend") as (archive, thread):
        rows = archive.search(candidates_for([rule]), since=since)
        with progress(now(), since) as line:
            while batch := await thread(lambda: list(islice(rows, _BATCH))):
                found = list(each_match(batch, matches_of, line))
                backfills = [
                    Backfill(
                        article=row.id,
                        first_seen_at=row.first_seen_at,
                        matches=matches,
                        alerts=_alerts(session.config, matches) if alert else (),
                    )
                    for row, matches in reversed(found)  # the oldest first: a story is told by the one it began with
                ]
                recorded, alerts = await thread(archive.record_backfill, backfills, now())
                done.articles += len(found)
                done.recorded += recorded
                done.alerts += alerts
        await thread(archive.forget_failures, rule.spec.name, since)
    return done


def _alerts(config: Config, matches: tuple[Match, ...]) -> tuple[AlertIntent, ...]:
    """The alerts that matches found now raise; what is found together is told together."""
    from monitor.alert import alerts_for, collected

    at = now()
    rules = {rule.name: rule for rule in config.rules}
    return collected(alerts_for(matches, rules=rules, channels=config.channels, now=at), why="backlog", now=at)
