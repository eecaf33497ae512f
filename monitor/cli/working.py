"""The commands that work: the daemon, and its two halves run once."""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from monitor import show
from monitor.cli.session import EXIT_SOME_FEEDS_FAILED, Session, json_option, known_feeds, now, pass_session
from monitor.errors import ArchiveError

Facts = dict[str, object]  # of one poll: the keys of `monitor poll --json`

if TYPE_CHECKING:
    from monitor.model import FeedSpec, FeedState, PageOutcome, PollOutcome
    from monitor.poll import Poller


@click.command()
@pass_session
def run(session: Session) -> None:
    """Run the daemon until SIGTERM or Ctrl-C; SIGHUP reloads the configuration."""
    config = session.config
    session.log()

    async def main() -> None:
        from monitor.daemon import Daemon

        await Daemon(config, environ=session.environ, now=now, jitter=random.random).run()

    asyncio.run(main())


@click.command()
@click.argument("keys", metavar="[KEY]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every feed that is not paused, due or not.")
@click.option("--dry-run", is_flag=True, help="Fetch and judge, write nothing; works beside a running daemon.")
@json_option
@pass_session
def poll(session: Session, keys: tuple[str, ...], everything: bool, dry_run: bool, as_json: bool) -> int:
    """Poll what is due (or the named feeds, or all) once, read the pages that are due, and queue the alerts."""
    config = session.config
    session.log()
    known_feeds(config, keys)
    only = keys or None
    if dry_run:
        outcomes = sorted(asyncio.run(_poll_dry(session, only)), key=lambda outcome: outcome.feed)
        facts = [_facts(outcome) for outcome in outcomes]
    else:
        facts = sorted(asyncio.run(_poll(session, only, everything)), key=lambda fact: str(fact["feed"]))
    if as_json:
        show.as_json(facts)
    elif not facts:
        show.note("no feed is due; `monitor poll --all` polls them all the same")
    else:
        columns = ["feed", "outcome", "entries", "new", "alerts", "error"]
        show.table(
            columns, ([fact[column] for column in columns] for fact in facts), right=("entries", "new", "alerts")
        )
        if dry_run:
            _print_what_would_match(outcomes)
            show.note("nothing was written: this was a dry run")
        elif alerts := sum(int(str(fact["alerts"])) for fact in facts):
            show.note(f"{show.counted(alerts, 'alert')} raised; the daemon or `monitor deliver` sends them")
    return EXIT_SOME_FEEDS_FAILED if any(fact["error"] for fact in facts) else 0


async def _poll(session: Session, keys: Sequence[str] | None, everything: bool) -> list[Facts]:
    from monitor import config as configuration
    from monitor.poll import LEASE_TTL, open_poller, poll_hosts, sync

    config = session.config
    proxy_password = configuration.secret("proxy-password", session.environ)
    facts: list[Facts] = []
    async with session.writing() as (archive, thread):
        await sync(config, archive=archive, thread=thread, now=now())
        async with open_poller(
            config, archive=archive, thread=thread, now=now, jitter=random.random, proxy_password=proxy_password
        ) as poller:
            leases = await thread(
                archive.lease, now(), hosts=sys.maxsize, ttl=LEASE_TTL, keys=keys, everything=everything
            )
            leased = {state.key for lease in leases for state in lease.feeds}
            done, insist = _counting(facts, len(leased)), bool(keys) or everything
            page_done = partial(_count_alerts, facts)
            await poll_hosts(poller, leases, done=done, page_done=page_done, insist=insist)
            while leases := await thread(
                archive.lease, now(), hosts=sys.maxsize, ttl=LEASE_TTL, keys=keys, pages_only=True
            ):
                await poll_hosts(poller, leases, done=done, page_done=page_done)
    if unasked := leased - {str(fact["feed"]) for fact in facts}:
        show.note(f"not asked, because their host just asked for fewer requests: {', '.join(sorted(unasked))}")
    return facts


def _count_alerts(facts: list[Facts], page: PageOutcome) -> None:
    """Adds the alerts of an article's page to those of its feed, where that was polled."""
    for fact in facts:
        if fact["feed"] == page.wanted.feed:
            fact["alerts"] = int(str(fact["alerts"])) + len(page.alerts)


async def _poll_dry(session: Session, keys: Sequence[str] | None) -> list[PollOutcome]:
    from monitor import config as configuration
    from monitor.archive import ArchiveThread, open_archive
    from monitor.poll import open_poller

    config = session.config
    proxy_password = configuration.secret("proxy-password", session.environ)
    async with AsyncExitStack() as stack:
        thread = ArchiveThread()
        stack.push_async_callback(thread.aclose)
        if await asyncio.to_thread(Path(config.archive).exists):
            archive = await thread(open_archive, config.archive, access="read", now=now())
        else:  # everything is new to an archive that is not there yet; an empty one elsewhere stands for it
            folder = stack.enter_context(TemporaryDirectory())
            archive = await thread(open_archive, str(Path(folder) / "archive.db"), now=now())
        stack.push_async_callback(thread, archive.close)
        if not await thread(archive.keyed_by, config.links):
            raise ArchiveError(
                f"archive {config.archive}: its links were compared by other rules than today's, so articles it knows"
                " would look new. Run `monitor db migrate`, or restart the daemon, which does so by itself."
            )
        states = {state.key: state for state in await thread(archive.feed_states)}
        poller = await stack.enter_async_context(
            open_poller(
                config, archive=archive, thread=thread, now=now, jitter=random.random, proxy_password=proxy_password
            )
        )
        feeds = [feed for feed in config.feeds if feed.key in keys] if keys else config.feeds
        return await _dry_runs(poller, feeds, states)


async def _dry_runs(poller: Poller, feeds: Sequence[FeedSpec], states: Mapping[str, FeedState]) -> list[PollOutcome]:
    from monitor.poll import fresh_state, poll_feed

    at_once = asyncio.Semaphore(20)

    async def one(feed: FeedSpec) -> PollOutcome:
        async with at_once:
            return await poll_feed(poller, feed, states.get(feed.key) or fresh_state(feed, now()))

    return list(await asyncio.gather(*map(one, feeds)))


def _counting(facts: list[Facts], total: int) -> Callable[[PollOutcome], None]:
    """Keeps the facts of each outcome (not its articles, which add up), counting aloud on a terminal."""

    def done(outcome: PollOutcome) -> None:
        facts.append(_facts(outcome))
        if sys.stderr.isatty():
            print(f"\r{len(facts)}/{total} feeds polled", end="", file=sys.stderr, flush=True)
            if len(facts) == total:
                print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    return done


def _facts(outcome: PollOutcome) -> Facts:
    return {
        "feed": outcome.feed,
        "outcome": outcome.outcome,
        "status": outcome.status,
        "entries": outcome.entries,
        "new": outcome.new,
        "alerts": sum(len(finding.alerts) for finding in outcome.findings),
        "gap": outcome.gap,
        "error": outcome.error,
        "next_poll_at": outcome.next_poll_at,
    }


def _print_what_would_match(outcomes: Sequence[PollOutcome]) -> None:
    for outcome in outcomes:
        for finding in outcome.findings:
            for match in finding.matches:
                sent = any(alert.rule == match.rule for alert in finding.alerts)
                show.line()
                show.line(f"{match.rule}: {finding.verdict.article.title}" + ("" if sent else "  (recorded, not sent)"))
                show.marked(match.excerpt.text, match.excerpt.marks, indent=2)


@click.command()
@click.option(
    "--now",
    "everything",
    is_flag=True,
    help="Also what waits for a later attempt. Mutes, quiet hours and limits stay.",
)
@pass_session
def deliver(session: Session, everything: bool) -> int:
    """Compose and send what is due in the outbox, once. What would only wait for others to go with goes now, too."""
    from monitor.compose import Composer
    from monitor.deliver import deliver_due
    from monitor.hours import is_quiet

    config = session.config
    session.log()

    def is_silent(channel: str) -> bool:
        spec = config.channels_and_operator.get(channel)
        return spec is not None and is_quiet(spec.quiet, now())

    async def main() -> Any:
        async with session.channels(config.channels_and_operator) as channels, session.writing() as (archive, thread):
            composer = Composer(config=config, archive=archive, thread=thread, now=now)
            await composer.begin()
            # Whoever asks has polled before, so what goes together is there; and nobody may come back in half a minute.
            await composer.compose_due(everything=True)
            counts = await deliver_due(
                thread, archive, channels, now=now, jitter=random.random, quiet=is_silent, everything=everything
            )
            return counts, await thread(archive.status, now())

    counts, status = asyncio.run(main())
    show.line(f"{counts.sent} sent, {counts.retried} to be tried again, {counts.dead} given up")
    if left := status.queued - counts.retried:
        show.note(f"{show.counted(left, 'message')} stay queued; `monitor status` shows why")
    if status.waiting:
        reasons = ", ".join(f"{alerts} {show.WAITS_FOR[why]}" for why, alerts in status.held.items())
        show.note(f"{show.counted(status.waiting, 'alert waits', 'alerts wait')}: {reasons}")
    return 1 if counts.retried or counts.dead else 0
