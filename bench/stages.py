"""What each stage costs for one feed of 30 new entries (75 kB), in this process. One JSON line a stage.

    python bench/stages.py [ROUNDS]

Medians of CPU time over feeds that differ; nothing else of this machine's noise is taken out.
"""

from __future__ import annotations

import gzip
import json
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import feedserver
import pipeline

from monitor import config
from monitor.alert import alerts_for
from monitor.archive import open_archive
from monitor.dedupe import sort_out
from monitor.kinship import Surroundings, kinship
from monitor.language import detect, warm_up
from monitor.model import Finding, New, Outcome, Outlet, PollOutcome, ReadFeed
from monitor.parse import parse
from monitor.rules import RuleSet, document_of
from monitor.workers import read

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
spent: dict[str, list[float]] = defaultdict(list)


@contextmanager
def timed(stage: str) -> Iterator[None]:
    """Adds the CPU time of a block to a stage."""
    start = time.process_time()
    yield
    spent[stage].append(time.process_time() - start)


def main(rounds: int) -> None:
    """Each round another feed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "feeds.yaml").write_text(pipeline.configuration(8080, rounds, folder, 0))
        settings = config.load(folder / "feeds.yaml", environ={})
        rules = RuleSet.of(settings.rules, settings.aliases)
        by_name = {rule.name: rule for rule in settings.rules}
        archive = open_archive(settings.archive, now=NOW)
        archive.sync_feeds(settings.feeds, NOW)
        warm_up()
        for number in range(rounds):
            body = gzip.decompress(feedserver.body(number, 0))
            with timed("digest of the body"):
                digest = blake2b(body, digest_size=16).digest()
            with timed("parse"):
                parse(body, url="http://feed.example/", content_type=None)
            given = {"url": "http://feed.example/", "content_type": None, "feed": f"f{number}", "feed_language": None}
            with timed("parse and normalise, all known"):
                known = read(body, **given, known=frozenset(), truncated=None, now=NOW)
            assert isinstance(known, ReadFeed)
            spent["parse and normalise, all known"].pop()
            with timed("parse and normalise, all known"):
                read(body, **given, known=known.digests, truncated=None, now=NOW)
            with timed("parse and normalise, 30 new"):
                document = read(body, **given, known=frozenset(), truncated=None, now=NOW)
            assert isinstance(document, ReadFeed)
            with timed("look up and sort out"):
                lookup = archive.look_up(f"f{number}", document.articles, NOW)
                verdicts = sort_out(document.articles, lookup)
            with timed("language"):
                languages = [
                    detect(a.title, a.text, candidates=settings.languages, declared=a.declared_language)
                    for a in document.articles
                ]
            with timed("stories and events"):
                around = Surroundings(
                    near={a.entry_key: lookup.near.get(a.entry_key, ()) for a in document.articles},
                    frequency=lookup.frequency,
                    reports=lookup.reports,
                )
                kin = kinship(document.articles, [guess.language for guess in languages], around)
            with timed("100 rules"):
                matches = [
                    rules.match(document_of(a, Outlet(feed=a.feed), guess.language))
                    for a, guess in zip(document.articles, languages, strict=True)
                ]
            with timed("mails"):
                alerts = [
                    alerts_for(
                        a,
                        found,
                        guess,
                        feed_title="Feed",
                        rules=by_name,
                        channels=settings.channels,
                        house=settings.house,
                        now=NOW,
                    )
                    for a, found, guess in zip(document.articles, matches, languages, strict=True)
                ]
            spent["(mails made)"].append(sum(map(len, alerts)) / 1000)
            findings = tuple(
                Finding(verdict=verdict, language=guess, matches=found, story=story, event=event)
                for verdict, guess, found, (story, event) in zip(verdicts, languages, matches, kin, strict=True)
            )
            assert all(isinstance(finding.verdict, New) for finding in findings)
            with timed("record, one transaction"):
                archive.record(
                    PollOutcome(
                        feed=f"f{number}",
                        at=NOW,
                        outcome=Outcome.NEW,
                        status=200,
                        error=None,
                        duration=timedelta(0),
                        wire_bytes=20_000,
                        next_poll_at=NOW + timedelta(minutes=15),
                        entries=30,
                        body_digest=digest,
                        entry_digests=document.digests,
                        primed=True,
                        findings=findings,
                    )
                )
            with timed("record a 304"):
                archive.record(
                    PollOutcome(
                        feed=f"f{number}",
                        at=NOW + timedelta(minutes=15),
                        outcome=Outcome.NOT_MODIFIED,
                        status=304,
                        error=None,
                        duration=timedelta(0),
                        wire_bytes=None,
                        next_poll_at=NOW + timedelta(minutes=30),
                    )
                )
        archive.close()
    for stage, seconds in spent.items():
        print(json.dumps({"stage": stage, "ms": round(statistics.median(seconds) * 1000, 2)}))


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 60)
