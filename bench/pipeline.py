"""The whole pipeline on 1,000 loopback feeds: first poll, second, unchanged, 304. One JSON line a round.

    python bench/pipeline.py PORT FEEDS FOLDER [WORKERS]

Polls through the same code as the daemon, with language tagging, 100 rules, FTS and the outbox. CPU is user + system of
this process and its workers.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import measure

from monitor import config
from monitor.archive import ArchiveThread, open_archive
from monitor.model import PollOutcome
from monitor.poll import LEASE_TTL, open_poller, poll_hosts

RULE_WORDS = (
    "ukraine otan nato soldaten gouvernement kreml ministre frontière alliance kanzler україна рибалки diplomat winter"
    " fleuve hafen treibstoff garanties measures neighbours"
).split()


def configuration(port: int, feeds: int, folder: Path, workers: int) -> str:
    """feeds.yaml of the benchmark: the feeds, and 100 rules of five kinds."""
    lines = [
        "monitor: {contact: bench@example.org, languages: [fr, en, de, uk], host_delay: 0s, host_connections: 2,",
        f"          workers: {workers}, archive: {folder / 'archive.db'}}}",
        "feeds:",
    ]
    for feed in range(feeds):
        where = measure.url(feed, port)
        address = where.split("/")[2]
        lines.append(f'  - {{key: f{feed}, url: "{where}", every: 1d, allow_private: ["{address}"]}}')
    lines.append("rules:")
    for number in range(100):
        one, two = RULE_WORDS[number % len(RULE_WORDS)], RULE_WORDS[(number + 1) % len(RULE_WORDS)]
        query = [
            f'"{one} {two}"',
            f"{one} AND {two} AND xyzzy{number}",
            f"{one[:5]}* NEAR/2 {two}",
            f"title:{one} AND title:{two}",
            f"(xyzzy{number} OR quux{number}) AND NOT {two}",
        ][number % 5]
        lines.append(f"  - {{name: rule{number}, query: '{query}', channels: [desk]}}")
    lines.append("channels: {desk: {kind: maildir, to: [desk@example.org]}}")
    return "\n".join(lines)


def count(counts: Counter[str], outcome: PollOutcome) -> None:
    """Adds up a poll; keeping the outcomes would keep their articles in memory."""
    counts["(feeds)"] += 1
    counts["(new)"] += outcome.new
    counts["(matches)"] += sum(len(finding.matches) for finding in outcome.findings)
    counts["(alerts)"] += sum(len(finding.alerts) for finding in outcome.findings)
    counts[outcome.outcome.value] += 1


async def main(port: int, feeds: int, folder: Path, workers: int) -> None:
    """Four rounds, each measured by itself."""
    file = folder / "feeds.yaml"
    file.write_text(configuration(port, feeds, folder, workers))
    settings = config.load(file, environ={})
    thread = ArchiveThread()

    def now() -> datetime:
        return datetime.now(UTC)

    archive = await thread(open_archive, settings.archive, now=now())
    await thread(archive.sync_feeds, settings.feeds, now())
    lag = measure.Lag()
    watching = asyncio.create_task(lag.watch())
    async with open_poller(settings, archive=archive, thread=thread, now=now, jitter=lambda: 0.5) as poller:
        for number in (1, 2, 3, 4):
            await asyncio.to_thread(measure.set_round, port, number)
            lag.worst_ms = 0
            pids = measure.tree(os.getpid())
            cpu, wall, own = measure.cpu_seconds(pids), time.perf_counter(), time.process_time()
            counts: Counter[str] = Counter()
            done = partial(count, counts)
            leases = await thread(archive.lease, now(), hosts=10**6, ttl=LEASE_TTL, keys=None, everything=True)
            await poll_hosts(poller, leases, done=done)
            wall, own = time.perf_counter() - wall, time.process_time() - own
            cpu = measure.cpu_seconds(pids) - cpu
            print(
                json.dumps(
                    {
                        "round": number,
                        "feeds": counts.pop("(feeds)"),
                        "cpu_ms_per_feed": round(cpu * 1000 / feeds, 2),
                        "parent_cpu_ms_per_feed": round(own * 1000 / feeds, 2),
                        "feeds_per_s": round(feeds / wall, 1),
                        "loop_blocked_ms": round(lag.worst_ms, 1),
                        "parent_peak_mb": round(measure.peak_mb(os.getpid())),
                        "parent_mb": round(measure.resident_mb(os.getpid())),
                        "workers_mb": [round(measure.resident_mb(pid)) for pid in pids[1:]],
                        "new": counts.pop("(new)", 0),
                        "matches": counts.pop("(matches)", 0),
                        "alerts": counts.pop("(alerts)", 0),
                        "outcomes": dict(counts),
                    }
                ),
                flush=True,
            )
    watching.cancel()
    await thread(archive.close)
    await thread.aclose()


if __name__ == "__main__":
    arguments = sys.argv[1:]
    asyncio.run(
        main(int(arguments[0]), int(arguments[1]), Path(arguments[2]), int(arguments[3]) if arguments[3:] else 2)
    )
