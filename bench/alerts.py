"""What alerts cost, and how soon they are there. Also a step of `make bench`.

    python bench/alerts.py [latency | deliveries | storm]...

    latency     the real daemon, a feed that carries one new item a second, a rule that waits for nothing: from the
                return of the poll's commit to the mail server's 250
    deliveries  10,000 queued messages to a mail server in another process; beside smtplib with one connection and the
                same bytes, in turns
    storm       10,000 matches in a minute: what the outbox adds to the polls' transactions, how many mails come of it,
                what composing takes, and the memory

Times are of the wall clock, medians where there are several; the mail server (sink.py) has a processor of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import smtplib
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import measure

from monitor import config, logs
from monitor.archive import Archive, ArchiveThread, open_archive
from monitor.channels import open_channels
from monitor.compose import Composer
from monitor.daemon import Daemon
from monitor.dedupe import sort_out
from monitor.deliver import deliver_due
from monitor.findings import with_alerts
from monitor.model import DeliveryIntent, Finding, LanguageGuess, Outcome, Outlet, PollOutcome, ReadFeed
from monitor.rules import RuleSet, document_of
from monitor.workers import read

RESULTS = Path(__file__).parent / "results"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MATCHES = 10_000


class Sink:
    """The mail server in its process, and what it says of each message."""

    def __init__(self, port: int, process: subprocess.Popen[str]) -> None:
        self.port = port
        self.taken: list[tuple[float, int, str]] = []  # instant of the 250, connection, subject
        assert process.stdout
        self._said = process.stdout
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in self._said:
            at, connection, subject = line.rstrip("\n").split(" ", 2)
            self.taken.append((float(at), int(connection), subject))

    def wait_for(self, messages: int) -> None:
        """Until so many messages have been taken."""
        while len(self.taken) < messages:
            time.sleep(0.01)


@contextmanager
def sink() -> Iterator[Sink]:
    """A mail server as long as the block lasts."""
    port = measure.free_port()
    command = [sys.executable, str(Path(__file__).with_name("sink.py")), str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        try:
            yield Sink(port, process)
        finally:
            process.kill()


def document(numbers: range, words: str = "Ukraine") -> bytes:
    """Numbered items as RSS, with texts of which no two are alike."""
    items = "".join(
        f"<item><title>Item {n} on {words}</title><guid isPermaLink='false'>item-{n}</guid>"
        f"<link>http://numbers.example/{n}</link>"
        f"<description>{' '.join(f'w{n * 31 + i * i}' for i in range(60))} in {words}.</description></item>"
        for n in reversed(numbers)
    )
    return f"<rss version='2.0'><channel><title>Numbers</title>{items}</channel></rss>".encode()


# ── latency ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class Feed:
    """A feed on loopback that carries one more item whenever it is asked."""

    def __init__(self) -> None:
        self.count = 10
        feed = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                feed.count += 1
                body = document(range(feed.count - 10, feed.count))
                self.send_response(200)
                self.send_header("Content-Type", "application/rss+xml")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


async def run_daemon(settings: config.Config, alerts: int, sink: Sink) -> dict[int, float]:
    """Runs the daemon until the sink has so many alerts; item → instant at which its commit returned."""
    committed: dict[int, float] = {}
    daemon = Daemon(settings, environ={}, now=lambda: datetime.now(UTC), jitter=lambda: 0.0)
    running = asyncio.create_task(daemon.run())
    while not hasattr(daemon, "senders"):  # noqa: ASYNC110 - it tells nobody else that it has opened everything
        await asyncio.sleep(0.05)
    original = daemon.archive.record

    def record(outcome: PollOutcome, **rest: Any) -> bool:
        done = original(outcome, **rest)
        at = time.monotonic()
        for finding in outcome.findings:
            committed[int(finding.verdict.article.title.split()[1])] = at
        return done

    daemon.archive.record = record  # type: ignore[method-assign]
    await asyncio.to_thread(sink.wait_for, alerts)
    daemon.stopping.set()
    await running
    return committed


def latency(folder: Path, alerts: int = 60) -> dict[str, object]:
    """Milliseconds from the poll's commit to the 250."""
    feed = Feed()
    with sink() as server:
        (folder / "feeds.yaml").write_text(
            f"monitor: {{contact: desk@example.org, host_delay: 0s, workers: 1, archive: {folder / 'latency.db'}}}\n"
            f"feeds: [{{key: numbers, url: 'http://127.0.0.1:{feed.port}/', every: 1s,"
            f" allow_private: ['127.0.0.1:{feed.port}']}}]\n"
            "rules: [{name: ukraine, query: Ukraine, channels: [desk], group_wait: 0s, burst: 0}]\n"
            "channels: {desk: {kind: email, to: [desk@example.org]}}\n"
            f"smtp: {{host: 127.0.0.1, port: {server.port}, security: none}}\n"
        )
        settings = config.load(folder / "feeds.yaml", environ={})
        committed = asyncio.run(run_daemon(settings, alerts, server))
        took = sorted(
            (at - committed[number]) * 1000
            for at, _, subject in server.taken
            if (number := int(subject.partition("Item ")[2].split()[0])) in committed
        )
    feed.server.shutdown()
    return {
        "alerts": len(took),
        "median ms": round(statistics.median(took), 1),
        "p95 ms": round(took[int(len(took) * 0.95)], 1),
        "longest ms": round(took[-1], 1),
    }


# ── deliveries ───────────────────────────────────────────────────────────────────────────────────────────────────────


def message(number: int) -> bytes:
    """A mail of the size our alerts have."""
    text = "".join(f"{number} {line} " + "lorem ipsum dolor sit amet " * 2 + "\r\n" for line in range(120))
    return (
        f"From: monitor <desk@example.org>\r\nTo: desk@example.org\r\nSubject: Message {number}\r\n"
        f"Message-ID: <{number}@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n{text}"
    ).encode()


def by_smtplib(port: int, messages: int) -> float:
    """Seconds that a loop takes: one connection, nothing kept."""
    start = time.perf_counter()
    with smtplib.SMTP("127.0.0.1", port) as client:
        for number in range(messages):
            client.sendmail("desk@example.org", ["desk@example.org"], message(number))
    return time.perf_counter() - start


async def by_monitor(archive: Archive, settings: config.Config) -> float:
    """Seconds that the outbox takes, with every message leased before and settled after."""
    thread = ArchiveThread()
    channels = open_channels(
        settings.channels_and_operator,
        smtp=settings.smtp,
        sender=settings.house.sender,
        password=None,
        maildir=settings.maildir,
    )
    start = time.perf_counter()
    await deliver_due(thread, archive, channels, now=lambda: NOW, jitter=lambda: 0.0)
    took = time.perf_counter() - start
    await thread.aclose()
    return took


def deliveries(folder: Path, messages: int = MATCHES, rounds: int = 3) -> dict[str, object]:
    """Messages a second, in turns, so that the machine's moods hit both."""
    ours, theirs, connections = [], [], 0
    with sink() as server:
        (folder / "feeds.yaml").write_text(
            f"monitor: {{contact: desk@example.org, archive: {folder / 'deliveries.db'}}}\n"
            "channels: {desk: {kind: email, to: [desk@example.org]}}\n"
            f"smtp: {{host: 127.0.0.1, port: {server.port}, security: none}}\n"
        )
        settings = config.load(folder / "feeds.yaml", environ={})
        archive = open_archive(settings.archive, now=NOW)
        for turn in range(rounds):
            for number in range(messages // rounds):
                mail_id = f"<{turn}.{number}@example.org>"
                intent = DeliveryIntent(
                    channel="desk",
                    recipient="desk@example.org",
                    message_id=mail_id,
                    message=message(number),
                    due_at=NOW,
                )
                archive.record_notice(mail_id, (intent,), key=mail_id, now=NOW)
            theirs.append(by_smtplib(server.port, messages // rounds))
            server.wait_for((2 * turn + 1) * (messages // rounds))
            before = len({connection for _, connection, _ in server.taken})
            ours.append(asyncio.run(by_monitor(archive, settings)))
            server.wait_for((2 * turn + 2) * (messages // rounds))
            connections += len({connection for _, connection, _ in server.taken}) - before
        archive.close()
    each = messages // rounds
    return {
        "messages": each * rounds,
        "ours a second": round(each / statistics.median(ours)),
        "smtplib a second": round(each / statistics.median(theirs)),
        "ratio": round(statistics.median(ours) / statistics.median(theirs), 2),
        "connections": connections,
    }


# ── storm ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def outcomes(settings: config.Config, archive: Archive, *, alerting: bool) -> Iterator[PollOutcome]:
    """100 polls of 100 new items, each of which one rule matches: what a poll hands to the archive."""
    rules = RuleSet.of(settings.rules, settings.aliases)
    by_name = {rule.name: rule for rule in settings.rules}
    feeds = {state.key: state for state in archive.feed_states()}
    for number, feed in enumerate(settings.feeds):
        body = document(range(number * 100, number * 100 + 100), f"Topic{number % len(by_name)}")
        given: dict[str, Any] = {"url": feed.url, "content_type": None, "feed": feed.key, "feed_language": "en"}
        found = read(body, **given, known=frozenset(), truncated=None, now=NOW)
        assert isinstance(found, ReadFeed)
        english = LanguageGuess(language="en", confidence=1.0, source="feed")
        at = NOW + timedelta(seconds=number * 0.6)
        findings = []
        for verdict in sort_out(found.articles, archive.look_up(feed.key, found.articles, at)):
            matches = rules.match(document_of(verdict.article, Outlet(feed=feed.key), "en"))
            finding = Finding(verdict=verdict, language=english, matches=matches, news=alerting)
            findings.append(with_alerts(finding, feeds[feed.key], rules=by_name, channels=settings.channels, now=at))
        yield PollOutcome(
            feed=feed.key,
            at=at,
            outcome=Outcome.NEW,
            status=200,
            error=None,
            duration=timedelta(0),
            wire_bytes=len(body),
            next_poll_at=at + timedelta(minutes=15),
            entries=len(findings),
            entry_digests=found.digests,
            primed=True,
            findings=tuple(findings),
        )


async def composed(archive: Archive, settings: config.Config, at: datetime) -> tuple[int, float]:
    """How many messages are composed at an instant, and seconds."""
    thread = ArchiveThread()
    composer = Composer(config=settings, archive=archive, thread=thread, now=lambda: at)
    await composer.begin()
    start = time.perf_counter()
    messages = await composer.compose_due()
    took = time.perf_counter() - start
    await thread.aclose()
    return messages, took


def storm(folder: Path) -> list[dict[str, object]]:
    """10,000 matches within a minute: of one rule, and of a hundred."""
    return [_storm(folder, rules) for rules in (1, 100)]


def _storm(folder: Path, rules: int) -> dict[str, object]:
    took: dict[bool, list[float]] = {True: [], False: []}
    archives = {}
    settings = {}
    for alerting in (True, False):
        lines = [f"monitor: {{contact: desk@example.org, archive: {folder}/storm-{rules}-{alerting}.db}}", "feeds:"]
        lines += [f"  - {{key: f{feed}, url: 'http://numbers.example/feeds/{feed}'}}" for feed in range(100)]
        lines += ["rules:"]
        lines += [f"  - {{name: rule{rule}, query: Topic{rule}, channels: [desk]}}" for rule in range(rules)]
        lines += ["channels: {desk: {kind: maildir, to: [desk@example.org]}}"]
        (folder / "feeds.yaml").write_text("\n".join(lines))
        settings[alerting] = config.load(folder / "feeds.yaml", environ={})
        archives[alerting] = open_archive(settings[alerting].archive, now=NOW)
        archives[alerting].sync_feeds(settings[alerting].feeds, NOW)
    polls = [outcomes(settings[alerting], archives[alerting], alerting=alerting) for alerting in (True, False)]
    for pair in zip(*polls, strict=True):
        for alerting, outcome in zip((True, False), pair, strict=True):
            start = time.perf_counter()
            archives[alerting].record(outcome)
            took[alerting].append(time.perf_counter() - start)
    before = measure.resident_mb(os.getpid())
    mails: Counter[int] = Counter()
    seconds = 0.0
    for minute in (2, 17, 32, 47, 62, 77):
        messages, spent = asyncio.run(composed(archives[True], settings[True], NOW + timedelta(minutes=minute)))
        mails[minute] = messages
        seconds += spent
    waiting = len(archives[True].waiting(NOW + timedelta(hours=2), everything=True))
    for archive in archives.values():
        archive.close()
    return {
        "rules": rules,
        "matches": MATCHES,
        "a poll of 100, with alerts, ms": round(statistics.median(took[True]) * 1000, 1),
        "without, ms": round(statistics.median(took[False]) * 1000, 1),
        "mails by minute": dict(mails),
        "still waiting": waiting,
        "composing s": round(seconds, 2),
        "MB more at most": round(measure.peak_mb(os.getpid()) - before, 1),
    }


def main() -> None:
    """The parts asked for, or all."""
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*", choices=["latency", "deliveries", "storm", []], default=[])
    parts = parser.parse_args().parts or ["latency", "deliveries", "storm"]
    logs.configure(verbosity=-1, format=None, environ={}, stream=sys.stderr)
    RESULTS.mkdir(exist_ok=True)
    results: dict[str, object] = {}
    for part in parts:
        with tempfile.TemporaryDirectory() as name:
            results[part] = {"latency": latency, "deliveries": deliveries, "storm": storm}[part](Path(name))
        print(part, json.dumps(results[part], indent=1))
    (RESULTS / "alerts.json").write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
