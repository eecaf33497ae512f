"""Watching over ourselves: what the operator hears, each once, and once when it is over.

    every minute   feeds that go on failing, or work again (`feeds.reported_at`); channels that are down; rules
                   that fail
    every hour     feeds and rules that are silent beyond their own history, rules that find far more than usual
    by cron        the heartbeat: that we live, and how the whole did
    when it comes  a feed whose items come again and again under new identities, once a day

What is to be told lies in the archive, and is marked as told in the transaction that queues the notice: a restart
neither forgets nor repeats it. Things that begin together, as they do when our own line is down, come in one notice.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor.alert import notice_deliveries
from monitor.archive import Archive, ArchiveThread
from monitor.baseline import REMEMBERED, SHORTEST_SILENCE, Activity, silent_since, spike
from monitor.config import OPERATOR, Config
from monitor.model import Condition, End, Notice
from monitor.policy import persists
from monitor.text import one_line

NOTICE_EVERY = timedelta(hours=1)  # at most
DOWN_FOR = timedelta(minutes=15)  # before a channel that is down is worth a word: shorter is a restart of its server

FAILURES = ("channel_down", "rule_fails")
SURVEYED = ("feed_silent", "rule_silent", "rule_spike")
NOTHING = Activity(began=datetime.max.replace(tzinfo=UTC), hours={}, last_at=None)


async def queue_notice(thread: ArchiveThread, archive: Archive, config: Config, *, now: datetime) -> str | None:
    """Queues one notice about all there is to tell, in one transaction; its subject. None: nothing, or not yet."""
    await _look_at_channels_and_rules(thread, archive, now)
    troubles = await thread(archive.feed_troubles)
    failing = [
        trouble
        for trouble in troubles
        if trouble.reported_at is None and persists(trouble.failures, trouble.since, now)
    ]
    working = [trouble for trouble in troubles if trouble.reported_at is not None and not trouble.failures]
    conditions = await thread(archive.conditions)
    begun = [each for each in conditions if each.told_at is None]
    # Of what was taken out of the file nobody needs to hear that it is well again.
    over = [each for each in conditions if each.ended_at is not None]
    ended = [each for each in over if each.subject in _subjects(config)]
    if not (failing or working or begun or ended):
        return None
    last = await thread(archive.last_notice_at)
    if last is not None and timedelta(0) <= now - last < NOTICE_EVERY:
        return None
    notice = Notice(
        failing=tuple(failing),
        working=tuple(working),
        begun=tuple(begun),
        ended=tuple(ended),
        feeds=len(config.feeds),
    )
    subject, deliveries = notice_deliveries(
        notice, channel=config.channels_and_operator[OPERATOR], house=config.house, now=now
    )
    await thread(
        archive.record_notice,
        subject,
        deliveries,
        failing=[trouble.feed for trouble in failing],
        working=[trouble.feed for trouble in working],
        conditions=[*begun, *over],
        now=now,
    )
    return subject


def _subjects(config: Config) -> set[str]:
    feeds, rules = (feed.key for feed in config.feeds), (rule.name for rule in config.rules if rule.enabled)
    kept = (config.backup.folder,) if config.backup else ()
    return {*feeds, *rules, *config.channels_and_operator, *kept, config.archive}


async def _look_at_channels_and_rules(thread: ArchiveThread, archive: Archive, now: datetime) -> None:
    found = [*await thread(archive.failing_rules)]
    found += [
        Condition(kind="channel_down", subject=channel.channel, since=channel.since, error=channel.error)
        for channel in await thread(archive.channels_down)
        if now - channel.since >= DOWN_FOR
    ]
    if found or any(each.kind in FAILURES for each in await thread(archive.conditions)):
        await thread(archive.note_conditions, FAILURES, found, now)


async def survey(thread: ArchiveThread, archive: Archive, config: Config, *, now: datetime) -> None:
    """Looks for silences and spikes, and notes them for the next notice."""
    open_ = {(each.kind, each.subject): each for each in await thread(archive.conditions) if each.ended_at is None}
    rules = await thread(archive.rule_activity, now - REMEMBERED)
    of_rules = {rule.name: rules.get(rule.name, NOTHING) for rule in config.rules if rule.enabled}
    # Arithmetic over weeks of hours: too long for the loop, and a feed at a time not too long for the archive's thread.
    found = await asyncio.to_thread(_of_rules, of_rules, open_, now)
    quiet = set(await thread(archive.quiet_feeds, now - SHORTEST_SILENCE))
    for feed in config.feeds:
        if feed.key not in quiet and ("feed_silent", feed.key) not in open_:
            continue
        activity = await thread(archive.feed_activity, feed.key, now - REMEMBERED) or NOTHING
        found += await asyncio.to_thread(_silence, "feed_silent", feed.key, activity, open_, now)
    await thread(archive.note_conditions, SURVEYED, found, now)


_Open = Mapping[tuple[str, str], Condition]


def _of_rules(rules: Mapping[str, Activity], open_: _Open, now: datetime) -> list[Condition]:
    found = []
    for name, activity in rules.items():
        found += _silence("rule_silent", name, activity, open_, now)
        before = open_.get(("rule_spike", name))
        if loud := spike(activity, now, goes_on=before is not None):
            count, usual = loud
            found.append(Condition(kind="rule_spike", subject=name, since=now, count=count, usual=usual))
    return found


def _silence(kind: str, subject: str, activity: Activity, open_: _Open, now: datetime) -> list[Condition]:
    before = open_.get((kind, subject))
    if before is not None:
        # Over with the next that comes, and with nothing else: not with a failing feed, or a past that is forgotten.
        return [before] if activity.last_at is None or activity.last_at <= before.since else []
    if (silent := silent_since(activity, now)) is None:
        return []
    since, usual = silent
    return [Condition(kind=kind, subject=subject, since=since, usual=usual)]


async def queue_heartbeat(thread: ArchiveThread, archive: Archive, config: Config, *, now: datetime) -> str | None:
    """Queues the heartbeat if it is due, and notes when it is next, in one transaction; its subject. None: not due."""
    if config.heartbeat is None or (since := await thread(archive.heartbeat_due, now)) is None:
        return None
    pulse = await thread(archive.pulse, since, now)
    subject, deliveries = notice_deliveries(
        Notice(pulse=pulse, feeds=len(config.feeds)),
        channel=config.channels_and_operator[OPERATOR],
        house=config.house,
        now=now,
    )
    key = f"heartbeat {now:%Y-%m-%dT%H:%M:%SZ}"
    await thread(archive.record_notice, subject, deliveries, key=key, heartbeat=config.heartbeat, now=now)
    return subject


def end_of(config: Config, *, unit: str, environ: Mapping[str, str], log: Sequence[str], now: datetime) -> End | None:
    """What the operator is to hear of the daemon's end, and never twice of the same; None: they were told.

    The service manager says in `environ` how it came (systemd.exec(5), MONITOR_SERVICE_RESULT and its kin).
    """
    mark = _mark_of_the_end(config)
    with suppress(FileExistsError):
        mark.parent.mkdir(parents=True, exist_ok=True)
        with mark.open("x", encoding="utf-8") as file:
            file.write(f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ} {unit}\n")
        how = [environ.get(f"MONITOR_{name}", "") for name in ("SERVICE_RESULT", "EXIT_CODE", "EXIT_STATUS")]
        why = " ".join(part for part in how if part)
        return End(host=os.uname().nodename, unit=unit, since=now, why=one_line(why, 200), log=tuple(log))
    return None


def forget_end(config: Config) -> None:
    """Lets the next end be told, since this one could not be."""
    _mark_of_the_end(config).unlink(missing_ok=True)


def _mark_of_the_end(config: Config) -> Path:
    return Path(f"{config.archive}.ended")


async def queue_return(thread: ArchiveThread, archive: Archive, config: Config, *, now: datetime) -> bool:
    """Queues the notice that the daemon runs again, if the operator was told that it had ended; whether they were."""
    mark = _mark_of_the_end(config)
    try:
        since, _, unit = mark.read_text(encoding="utf-8").strip().partition(" ")
        end = End(host=os.uname().nodename, unit=unit, since=datetime.fromisoformat(since), is_over=True)
    except FileNotFoundError:
        return False
    except (OSError, ValueError):
        end = End(host=os.uname().nodename, unit="", since=now, is_over=True)
    subject, deliveries = notice_deliveries(
        Notice(end=end, feeds=len(config.feeds)),
        channel=config.channels_and_operator[OPERATOR],
        house=config.house,
        now=now,
    )
    key = f"return {end.since:%Y-%m-%dT%H:%M:%SZ}"  # a crash before the mark is gone does not tell it twice
    await thread(archive.record_notice, subject, deliveries, key=key, now=now)
    mark.unlink(missing_ok=True)
    return True


async def queue_storm_notice(
    thread: ArchiveThread, archive: Archive, config: Config, *, feed: str, entries: int, now: datetime
) -> str:
    """Queues the notice of a storm of `entries` old items under new identities, unless the feed had one that day."""
    subject, deliveries = notice_deliveries(
        Notice(storms=((feed, entries),), feeds=len(config.feeds)),
        channel=config.channels_and_operator[OPERATOR],
        house=config.house,
        now=now,
    )
    await thread(archive.record_notice, subject, deliveries, key=f"storm {feed} {now:%Y-%m-%d}", now=now)
    return subject
