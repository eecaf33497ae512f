"""The daemon: clock jobs, signals, reload, readiness and watchdog.

Due times live in the archive. The scheduler holds a handful of clock jobs; each asks the archive what is due:

    tick      every second     lease hosts with due feeds, poll each under its lease
    watch     every minute     tell the operator of feeds that go on failing, or work again, and of channels that are
                               down; send the heartbeat when it is due; see that the archive is still there, and its log
                               small
    backup    every minute     copy the archive, when that is due
    survey    once an hour     look for feeds and rules that are silent, and rules that find far more than usual
    ping      as configured    post to the heartbeat's URL, as long as ticks come and every channel works
    deliver   every 5 seconds  compose what is due in the outbox, digests too, and send it (also at once, when a poll
                               raised an alert that need not wait)
    prune     once a day       drop old rows of `polls`, and the texts that were kept for long enough
    watchdog  half the period  tell the service manager we live, after the tick and the archive's thread moved

A restart loses nothing and starts no stampede: what was due stays due, what was not is not asked for.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from monitor import config as configuration
from monitor import logs
from monitor.archive import Archive, ArchiveThread, open_archive
from monitor.channels import Channel, open_channels
from monitor.compose import Composer
from monitor.config import Config
from monitor.deliver import Senders
from monitor.errors import ArchiveError, ArchiveLost, ConfigError
from monitor.hours import is_quiet
from monitor.model import SUCCESSES, AlertIntent, FetchFailed, HostLease, Outcome, PageOutcome, PollOutcome
from monitor.notify import Notifier, watchdog_interval
from monitor.poll import HOSTS_AT_ONCE, LEASE_TTL, Poller, brief_for, open_poller, poll_host, sync
from monitor.upkeep import Backups, look_at_log, prune_texts
from monitor.watch import queue_heartbeat, queue_notice, queue_return, queue_storm_notice, survey

TICK = timedelta(seconds=1)
DELIVER_EVERY = timedelta(seconds=5)
WATCH_EVERY = timedelta(minutes=1)
SURVEY_EVERY = timedelta(hours=1)
PING_WITHIN = timedelta(seconds=30)
SAY_AGAIN_AFTER = timedelta(minutes=1)
STALLED_AFTER = timedelta(seconds=30)  # without a tick
BEGIN_APART = timedelta(seconds=0.1)  # new feeds, so that a long list does not begin all at once
# A large archive of an earlier version is brought up to date before the first poll: a minute or two a million articles.
UPGRADE_WITHIN = timedelta(hours=1)
KEEP_POLLS = timedelta(days=90)
FORGET_IN = 64  # parts, so that no poll waits long for it: a week of a busy archive is some ten million rows
DRAIN_POLLS = 10.0  # seconds that polls under way get to finish when we are told to stop
DRAIN_MAILS = 30.0  # seconds that mails under way get

log = logs.get()


class Daemon:
    """One running daemon. `run` returns when it was told to stop."""

    def __init__(
        self, config: Config, *, environ: Mapping[str, str], now: Callable[[], datetime], jitter: Callable[[], float]
    ) -> None:
        self.config = config
        self.environ = environ
        self.now = now
        self.jitter = jitter
        self.stopping = asyncio.Event()
        self.started = asyncio.Event()
        self.reloading = asyncio.Lock()
        self.reloads: set[asyncio.Task[None]] = set()
        self.notifier = Notifier(environ.get("NOTIFY_SOCKET"))
        self.scheduler = AsyncIOScheduler(
            timezone=ZoneInfo("UTC"),
            # The default grace of one second drops a run that comes late; ours are all "whatever is due by now".
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        self.polling: set[asyncio.Task[None]] = set()
        self.delivering = asyncio.Lock()
        self.more_to_deliver = False  # queued while a delivery was under way, which may have looked before
        self.storms: dict[str, int] = {}  # by feed, since the last watch
        self.last_tick_at = now()
        self.lost: ArchiveLost | None = None  # why we end; None: we do not, or as we were told
        self.archive_failed_at: datetime | None = None  # when that was last said; None: it works
        self.thread: ArchiveThread
        self.archive: Archive
        self.poller: Poller
        self.composer: Composer
        self.senders: Senders
        self.backups: Backups
        self.channels: Mapping[str, Channel]

    async def run(self) -> None:
        """Opens everything, runs until SIGTERM or SIGINT, drains, closes. Raises what keeps it from starting."""
        async with AsyncExitStack() as stack:
            self._listen()
            self.thread = ArchiveThread()
            stack.push_async_callback(self.thread.aclose)
            self.notifier.starting(UPGRADE_WITHIN)
            self.archive = await self.thread(open_archive, self.config.archive, now=self.now())
            stack.push_async_callback(self.thread, self.archive.close)
            await sync(self.config, archive=self.archive, thread=self.thread, now=self.now(), spread=BEGIN_APART)
            self.poller = await stack.enter_async_context(
                open_poller(
                    self.config,
                    archive=self.archive,
                    thread=self.thread,
                    now=self.now,
                    jitter=self.jitter,
                    proxy_password=configuration.secret("proxy-password", self.environ),
                )
            )
            self.composer = self._composer()
            await self.composer.begin()
            await self.thread(self.archive.sync_heartbeat, self.config.heartbeat, self.now())
            if await queue_return(self.thread, self.archive, self.config, now=self.now()):
                log.warning("monitor runs again, the operator is told")
            self.senders = Senders(self.thread, self.archive, self.now, self.jitter, self._is_quiet)
            self.backups = Backups(self.thread, self.archive, self.now)
            await self.poller.fetcher.self_test()
            self.channels = self._open_channels(self.config)
            self._schedule()
            self.scheduler.start()
            await self._warn_of_lost_digests()
            self._say_ready()
            self.started.set()
            log.info(
                "monitor started",
                config=str(self.config.path),
                archive=self.config.archive,
                feeds=len(self.config.feeds),
                rules=len(self.config.rules),
            )
            await self.stopping.wait()
            await self._drain()
        log.info("monitor stopped")
        if self.lost is not None:
            raise self.lost

    # ── clock jobs ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _schedule(self) -> None:
        def add(job: Callable[[], Awaitable[None]], *args: object, **given: object) -> None:
            self.scheduler.add_job(self._minding_the_archive(job), *args, **given)

        add(self.tick, "interval", seconds=TICK.total_seconds(), id="tick")
        # What waited while we were away goes at once.
        seconds = DELIVER_EVERY.total_seconds()
        add(self.deliver, "interval", seconds=seconds, id="deliver", next_run_time=self.now())
        add(self.watch, "interval", seconds=WATCH_EVERY.total_seconds(), id="watch")
        add(self.back_up, "interval", seconds=WATCH_EVERY.total_seconds(), id="backup")
        add(self.survey, "interval", seconds=SURVEY_EVERY.total_seconds(), id="survey")
        add(self.prune, "interval", days=1, id="prune")
        self._schedule_ping()
        if (period := watchdog_interval(self.environ)) is not None:
            add(self.feed_watchdog, "interval", seconds=period.total_seconds(), id="watchdog")

    def _minding_the_archive(self, job: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        """The job, of which an archive that cannot be used (a full disk) is said once a minute, and once when it can.

        Nothing is lost by it: what is due stays due, in the archive and at the publishers.
        """

        async def minding() -> None:
            try:
                await job()
            except ArchiveLost as error:
                self._give_up(error)
            except ArchiveError as error:
                if self.archive_failed_at is None or self.now() - self.archive_failed_at >= SAY_AGAIN_AFTER:
                    self.archive_failed_at = self.now()
                    log.error("the archive cannot be used, everything waits for it", why=str(error))
                    self.notifier.status(f"waiting for the archive: {error}")
            else:
                if job == self.tick and self.archive_failed_at is not None:
                    self.archive_failed_at = None
                    log.warning("the archive can be used again")
                    self._say_status()

        return minding

    def _give_up(self, lost: ArchiveLost) -> None:
        """Ends the daemon: what went on would be written nowhere. Whoever started us hears of it by our exit status."""
        if self.lost is None:
            log.critical("the archive is lost, the daemon ends", why=str(lost))
        self.lost = lost
        self.stopping.set()

    async def tick(self) -> None:
        """Leases hosts that have due feeds and starts polling them; does not wait for the polls."""
        self.last_tick_at = self.now()
        free = HOSTS_AT_ONCE - len(self.polling)
        if free <= 0:
            return
        for lease in await self.thread(self.archive.lease, self.now(), hosts=free, ttl=LEASE_TTL):
            task = asyncio.create_task(self._poll(lease), name=f"poll {lease.host}")
            self.polling.add(task)
            task.add_done_callback(self.polling.discard)
            await asyncio.sleep(0)  # a hundred beginnings at once would hold up everything else

    async def _poll(self, lease: HostLease) -> None:
        try:
            await poll_host(self.poller, lease, done=self._polled, page_done=self._page_read)
        except asyncio.CancelledError:
            raise
        except ArchiveLost as error:
            self._give_up(error)
        except ArchiveError as error:
            # Nothing of the document is stored or advanced: the next poll meets it again, whole.
            log.error("poll could not be written down", host=lease.host, why=str(error))
        except Exception:
            # The host's other feeds stay due. A fault of ours is said, never swallowed, and costs nobody else a poll.
            log.exception("poll failed in an unforeseen way", host=lease.host)

    def _polled(self, outcome: PollOutcome) -> None:
        report_poll(outcome)
        if outcome.storm:
            self.storms[outcome.feed] = outcome.storm
        if any(self._is_due(alert) for finding in outcome.findings for alert in finding.alerts):
            self._deliver_soon()

    def _page_read(self, outcome: PageOutcome) -> None:
        report_page(outcome)
        if any(map(self._is_due, outcome.alerts)):
            self._deliver_soon()

    def _is_due(self, alert: AlertIntent) -> bool:
        return alert.due_at is not None and alert.due_at <= self.now()

    def _deliver_soon(self) -> None:
        self.more_to_deliver = True
        # Told to run while it runs, the scheduler would skip; the run under way looks again by itself.
        if self.scheduler.running and not self.delivering.locked():
            self.scheduler.modify_job("deliver", next_run_time=self.now())

    async def deliver(self) -> None:
        """Composes what is due in the outbox, and lets the channels send it; also what comes in meanwhile."""
        async with self.delivering:
            self.more_to_deliver = True
            while self.more_to_deliver:
                self.more_to_deliver = False
                await self.composer.compose_due()
                await self.senders.start(self.channels)

    async def back_up(self) -> None:
        """Copies the archive when that is due."""
        await self.backups.back_up_if_due(self.config)

    async def watch(self) -> None:
        """Puts a notice to the operator into the outbox when there is something to tell."""
        await self.thread(self.archive.ping)
        await look_at_log(self.thread, self.archive, self.config, now=self.now())
        while self.storms:
            feed, entries = self.storms.popitem()
            await queue_storm_notice(self.thread, self.archive, self.config, feed=feed, entries=entries, now=self.now())
            self._deliver_soon()
        subject = await queue_notice(self.thread, self.archive, self.config, now=self.now())
        if subject is not None:
            log.warning("notice to the operator queued", notice=subject)
            self._deliver_soon()
        subject = await queue_heartbeat(self.thread, self.archive, self.config, now=self.now())
        if subject is not None:
            log.info("heartbeat queued", heartbeat=subject)
            self._deliver_soon()

    async def survey(self) -> None:
        """Looks for silences and spikes; `watch` tells of them."""
        await survey(self.thread, self.archive, self.config, now=self.now())

    def _schedule_ping(self) -> None:
        heartbeat = self.config.heartbeat
        if heartbeat is None or heartbeat.ping is None:
            if self.scheduler.get_job("ping"):
                self.scheduler.remove_job("ping")
            return
        self.scheduler.add_job(
            self.ping,
            "interval",
            seconds=heartbeat.ping_every.total_seconds(),
            id="ping",
            next_run_time=self.now(),
            replace_existing=True,
        )

    async def ping(self) -> None:
        """Lets who waits for it know that we live and can send. Silence is what says that we do not."""
        heartbeat = self.config.heartbeat
        if heartbeat is None or heartbeat.ping is None:
            return
        down = await self.thread(self.archive.channels_down)
        if down or self.now() - self.last_tick_at >= STALLED_AFTER:
            log.warning("no ping", why=f"down: {', '.join(each.channel for each in down)}" if down else "no tick comes")
            return
        answer = await self.poller.fetcher.post(
            heartbeat.ping,
            b"",
            headers={},
            allow_private=heartbeat.allow_private,
            timeout=PING_WITHIN,
            now=self.now(),
        )
        if isinstance(answer, FetchFailed):
            log.warning("the ping did not arrive", why=answer.detail)
        elif not 200 <= answer.status < 300:
            log.warning("the ping was not taken", status=answer.status)

    async def prune(self) -> None:
        """Drops rows of `polls` that are older than KEEP_POLLS, and what only finds copies of recent articles."""
        dropped = await self.thread(self.archive.prune_polls, self.now() - KEEP_POLLS)
        if dropped:
            log.info("old polls dropped", rows=dropped)
        await prune_texts(self.thread, self.archive, self.config.retention, now=self.now())
        for part in range(FORGET_IN):
            await self.thread(self.archive.forget_words, self.now(), part=part, of=FORGET_IN)

    async def feed_watchdog(self) -> None:
        """Pings the service manager, but only while ticks come and the archive's thread answers."""
        await self.thread(self.archive.ping)
        if self.now() - self.last_tick_at < STALLED_AFTER:
            self.notifier.watchdog()

    # ── signals ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _listen(self) -> None:
        """First of all: what is asked of us while an archive is brought up to date is done after that."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stopping.set)

        def start_reload() -> None:
            task = asyncio.create_task(self._reload_in_turn())
            self.reloads.add(task)
            task.add_done_callback(self.reloads.discard)

        loop.add_signal_handler(signal.SIGHUP, start_reload)

    async def _reload_in_turn(self) -> None:
        await self.started.wait()
        async with self.reloading:
            await self.reload()

    async def reload(self) -> None:
        """Takes the configuration file as it is now. A file with an error changes nothing, and each error is logged."""
        self.notifier.reloading()
        try:
            new = await asyncio.to_thread(
                configuration.load, self.config.path, environ=self.environ, archive=self.config.archive
            )
            channels = self._open_channels(new)
        except ConfigError as error:
            for problem in error.problems:
                log.error("reload refused, the old configuration stays", problem=problem.located(error.file))
            self.notifier.ready()
            self.notifier.status(f"reload refused: {len(error.problems)} problems in {self.config.path}, see the log")
            return
        for key, name in (
            ("workers", "workers"),
            ("user_agent", "user_agent"),
            ("proxy", "proxy"),
            ("links", "tracking"),
        ):
            if getattr(new, key) != getattr(self.config, key):
                log.warning("this setting changes at the next restart", setting=f"monitor.{name}")
        # What is being read now will be recorded under the keys it was read with, so those stay while we run.
        new = replace(new, links=self.config.links)
        await self.thread(self.archive.sync_feeds, new.feeds, self.now(), spread=BEGIN_APART)
        await self.poller.workers.replace(brief_for(new))
        self.config, self.channels = new, channels
        self.poller = replace(self.poller, config=new)
        self.composer = self._composer()
        await self.composer.begin()
        await self.thread(self.archive.sync_heartbeat, new.heartbeat, self.now())
        self._schedule_ping()
        await self._warn_of_lost_digests()
        self._say_ready()
        log.info("reloaded", feeds=len(new.feeds), rules=len(new.rules))

    async def _drain(self) -> None:
        """Starts nothing new, lets polls and mails under way finish, abandons what takes too long."""
        log.info("stopping", polls_under_way=len(self.polling))
        self.notifier.stopping()
        self.scheduler.pause()
        await self.backups.finish()
        if self.polling:
            _, late = await asyncio.wait(self.polling, timeout=DRAIN_POLLS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        finished, _ = await asyncio.gather(self.senders.finish(within=DRAIN_MAILS), self._stop_composing())
        if not finished:
            log.warning("a mail under way did not finish; it will be sent again, as the same message")
        self.scheduler.shutdown(wait=False)

    async def _stop_composing(self) -> None:
        """Lets what is being composed be queued; what is not goes on waiting in the archive."""
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_MAILS), self.delivering:
                pass

    # ── the rest ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _open_channels(self, config: Config) -> Mapping[str, Channel]:
        if config.smtp is None and any(channel.kind == "email" for channel in config.channels.values()):
            log.warning("no smtp: in the configuration, mails are written to a maildir", maildir=str(config.maildir))
        secrets = configuration.channel_secrets(config.channels, self.environ)
        for channel in config.channels.values():
            if channel.kind == "webhook" and channel.name not in secrets:
                log.warning("a webhook without a secret, its messages are not signed", channel=channel.name)
        return open_channels(
            config.channels_and_operator,
            smtp=config.smtp,
            sender=config.house.sender,
            password=configuration.secret("smtp-password", self.environ),
            maildir=config.maildir,
            secrets=secrets,
            post=self.poller.fetcher.post,
            now=self.now,
            environ=self.environ,
        )

    def _is_quiet(self, channel: str) -> bool:
        spec = self.config.channels_and_operator.get(channel)
        return spec is not None and is_quiet(spec.quiet, self.now())

    def _composer(self) -> Composer:
        return Composer(
            config=self.config,
            archive=self.archive,
            thread=self.thread,
            now=self.now,
            layout=self.poller.workers.compose,
        )

    async def _warn_of_lost_digests(self) -> None:
        """Says which alerts wait for a digest that is no longer configured, and so would wait for ever."""
        for digest, alerts in (await self.thread(self.archive.digests_waited_for)).items():
            if digest not in self.config.digests:
                log.warning(
                    "alerts wait for a digest that is not configured, name it again", digest=digest, alerts=alerts
                )

    def _say_ready(self) -> None:
        self.notifier.ready()
        self._say_status()

    def _say_status(self) -> None:
        self.notifier.status(f"watching {len(self.config.feeds)} feeds, {len(self.config.rules)} rules")


def report_poll(outcome: PollOutcome) -> None:
    """One log line a poll: news at INFO, quiet polls at DEBUG, failures at WARNING."""
    took_ms = round(outcome.duration.total_seconds() * 1000)
    facts: dict[str, object] = {"feed": outcome.feed, "outcome": outcome.outcome.value, "status": outcome.status}
    if outcome.move is not None:
        log.warning(
            "the feed is polled at another address now",
            feed=outcome.feed,
            url=outcome.move.to_url,
            why=outcome.move.why,
        )
    if outcome.lied:
        log.warning(
            "the server says “not modified” of a feed that has changed, it is not asked so any more", feed=outcome.feed
        )
    if outcome.hold is not None:
        log.warning(
            "the host is left alone for a while",
            feed=outcome.feed,
            until=f"{outcome.hold.at_first:%Y-%m-%dT%H:%M:%SZ}",
        )
    for problem in outcome.problems:
        log.warning("the feed has a problem", feed=outcome.feed, problem=problem)
    for finding in outcome.findings:
        for failure in finding.failures:
            article = finding.verdict.article.link or finding.verdict.article.title
            log.error("a rule failed, the others ran", rule=failure.rule, article=article, error=failure.error)
    if outcome.outcome not in SUCCESSES:
        log.warning("poll failed", **facts, error=outcome.error, next=f"{outcome.next_poll_at:%Y-%m-%dT%H:%M:%SZ}")
        return
    alerts = sum(len(finding.alerts) for finding in outcome.findings)
    say = log.info if outcome.outcome is Outcome.NEW or alerts else log.debug
    say("poll done", **facts, entries=outcome.entries, new=outcome.new, alerts=alerts, took_ms=took_ms)
    if outcome.gap:
        log.warning(
            "nothing in the feed was there last time, items may have been missed; give it a shorter min",
            feed=outcome.feed,
        )


def report_page(outcome: PageOutcome) -> None:
    """One log line a page: read or given up at INFO (its article is there in any case), another failure at DEBUG."""
    facts: dict[str, object] = {"feed": outcome.wanted.feed, "article": outcome.wanted.id, "status": outcome.status}
    if outcome.full_text is not None:
        log.info("page read", **facts, chars=len(outcome.full_text.text), alerts=len(outcome.alerts))
    elif outcome.next_attempt_at is None:
        log.info("page given up", **facts, error=outcome.error)
    else:
        log.debug("page failed", **facts, error=outcome.error, next=f"{outcome.next_attempt_at:%Y-%m-%dT%H:%M:%SZ}")
