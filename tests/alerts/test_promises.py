"""What is told, whom, how often: two rules, two feeds, changes, a rule that fails, clocks that change, a long sleep."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor import config as configuration
from monitor.model import Match
from monitor.poll import poll_host
from monitor.rules.document import Document
from monitor.rules.ruleset import Rule
from monitor.watch import queue_heartbeat
from tests.alerts.house import House, a_house, words
from tests.channels.mailserver import MailServer
from tests.commands import monitor
from tests.loopback import Answer, Site
from tests.mails import body, parsed, subject
from tests.rss import item, rss

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

TWO_RULES = (
    "{name: ukraine, query: Ukraine, channels: [desk], group_wait: 0s, burst: 0},"
    " {name: report, query: Report, channels: [desk], group_wait: 0s, burst: 0}"
)


def subjects(server: MailServer) -> list[str]:
    """The subjects that arrived, in order."""
    return [subject(bytes(envelope.original_content or b"")) for envelope in server.received]


# ── a rule that fails ────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_rule_that_fails_costs_no_other_its_alert_and_what_it_missed_is_sent_once_it_is_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with MailServer() as server, a_house(tmp_path, server, rules=TWO_RULES) as house:
        works = Rule.match

        def fails(rule: Rule, document: Document) -> Match | None:
            if rule.spec.name == "report":
                raise RuntimeError("unforeseen")
            return works(rule, document)

        with monkeypatch.context() as broken:
            broken.setattr(Rule, "match", fails)
            house.publish("Report on Ukraine")
            await house.poll()
            await house.send()
            told = await house.watch()
        before = subjects(server)
        (failing,) = (await house.thread(house.archive.status, house.clock)).failing_rules
        stored = house.rows("SELECT count(*) FROM articles WHERE title = 'Report on Ukraine'")

        # The command works on its own clock, on articles of our own day: it is asked to look back that far.
        since = f"{(datetime.now(UTC) - house.clock).days + 30}d"
        mended = [monitor("rules", "test", "report", "--backfill", since, "--alert", cwd=tmp_path) for _ in range(2)]
        house.clock = datetime.now(UTC) + HOUR
        await house.send()
        over = (await house.thread(house.archive.status, house.clock)).failing_rules
        house.clock += 2 * HOUR
        back = await house.watch()

    assert before == ["[ukraine] Report on Ukraine"]
    assert stored == [(1,)]
    assert told == "1 rule fails: report"
    assert (failing.subject, failing.count, failing.error) == ("report", 1, "RuntimeError: unforeseen")
    assert [result.status for result in mended] == [0, 0], mended[0].err
    assert Counter(subjects(server))["[after a backlog] 1 story: report (1)"] in (0, 1)
    told_of = [each for each in subjects(server) if "report" in each and "rule" not in each]
    assert len(told_of) == 1
    assert (over, back) == ((), "1 rule works again: report")


# ── two rules, two feeds, later versions ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("followups", "expected"),
    [
        ("none", ["story"]),
        ("updates", ["story", "followup"]),
        ("all", ["story", "followup", "followup"]),
    ],
)
async def test_one_item_in_two_feeds_revised_later_is_told_as_often_as_asked(
    tmp_path: Path, followups: str, expected: list[str]
) -> None:
    rules = f"{{name: ukraine, query: Ukraine, channels: [desk], group_wait: 0s, burst: 0, followups: {followups}}}"
    async with MailServer() as server, a_house(tmp_path, server, rules=rules) as house:
        await _second_feed(house)
        house.publish("Report on Ukraine")
        await house.poll()
        await house.send()
        house.serve(rss(item(1, title="Harbour news"), house.items[0]), "/courier")  # carried by another
        await house.poll()
        await house.goes_by(HOUR, step=MINUTE)
        changed = house.items[0].replace("Report on Ukraine", "Report on Ukraine, corrected")
        house.items[0] = changed.replace(" in Ukraine.", " in Ukraine. The minister denied it in the evening.")
        house.serve(rss(*house.items))
        await house.poll()
        await house.goes_by(HOUR, step=MINUTE)

        articles = house.rows("SELECT count(*) FROM articles WHERE title LIKE 'Report on Ukraine%'")
    mails = [parsed(bytes(envelope.original_content or b"")) for envelope in server.received]
    assert articles == [(1,)]
    assert [mail["X-Monitor-Kind"] for mail in mails] == expected
    first, *later = mails
    assert all(str(mail["References"]).split()[0] == first["Message-ID"] for mail in later)


async def _second_feed(house: House) -> None:
    """Lets the house watch another feed, which has been polled once."""
    house.serve(rss(item(1, title="Harbour news")), "/courier")
    text = (house.folder / "feeds.yaml").read_text()
    courier = f", {{key: courier, url: '{house.site.url('/courier')}', allow_private: ['{house.site.pair}']}}]\nrules"
    (house.folder / "feeds.yaml").write_text(text.replace("]\nrules", courier, 1))
    house.config = configuration.load(house.folder / "feeds.yaml", environ={})
    await house.thread(house.archive.sync_feeds, house.config.feeds, house.clock)
    house.poller = replace(house.poller, config=house.config)
    await house.poll()


async def test_two_rules_tell_of_one_item_each_once(tmp_path: Path) -> None:
    async with MailServer() as server, a_house(tmp_path, server, rules=TWO_RULES) as house:
        house.publish("Report on Ukraine")
        for _ in range(3):
            await house.poll()
            await house.send()

    assert sorted(subjects(server)) == ["[report] Report on Ukraine", "[ukraine] Report on Ukraine"]


# ── clocks that change ───────────────────────────────────────────────────────────────────────────────────────────────

DIGEST = "{name: ukraine, query: Ukraine, channels: [desk], digest: morning}"


@pytest.mark.parametrize(
    "day", [datetime(2027, 3, 27, 12, tzinfo=UTC), datetime(2027, 10, 30, 12, tzinfo=UTC)], ids=["spring", "autumn"]
)
@pytest.mark.parametrize("cron", ["30 2 * * *", "0 7 * * *"], ids=["in the hour that changes", "after it"])
async def test_a_daily_digest_and_heartbeat_come_once_each_day_when_the_clock_changes(
    tmp_path: Path, day: datetime, cron: str
) -> None:
    more = (
        f'digests: {{morning: {{cron: "{cron}", timezone: Europe/Berlin, empty: true}}}}\n'
        f'heartbeat: {{cron: "{cron}", timezone: Europe/Berlin}}'
    )
    async with MailServer() as server, a_house(tmp_path, server, rules=DIGEST, more=more) as house:
        house.clock = day - HOUR
        await house.thread(house.archive.sync_heartbeat, house.config.heartbeat, house.clock)
        await house.send()  # what was due since the house was founded
        server.received.clear()
        for hour in range(4 * 24):
            house.clock = day + hour * HOUR
            if hour % 8 == 0:
                house.publish(f"Report {hour} on Ukraine")
                await house.poll()
                house.clock = day + hour * HOUR
            for _ in range(2):  # the daemon looks more than once in the hour, and may have been restarted meanwhile
                await house.composer.begin()
                await queue_heartbeat(house.thread, house.archive, house.config, now=house.clock)
                await house.send()

        left = house.rows("SELECT count(*) FROM deliveries WHERE state = 'waiting'")[0][0]
        twice = house.rows("SELECT count(*) FROM deliveries GROUP BY alert HAVING count(*) > 1")
        in_digests = house.rows("SELECT count(*) FROM deliveries JOIN messages ON messages.id = message")
    kinds = Counter(parsed(bytes(each.original_content or b""))["X-Monitor-Digest"] for each in server.received)
    assert kinds == {"morning": 4, None: 4}
    assert twice == []
    assert in_digests[0][0] >= 12 - left


# ── a long sleep ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_after_six_hours_each_feed_is_asked_once_and_none_is_left_out(tmp_path: Path) -> None:
    async with MailServer() as server, a_house(tmp_path, server) as house:
        async with Site() as site:
            feeds = ", ".join(
                f"{{key: f{n}, url: '{site.url(f'/{n}')}', allow_private: ['{site.pair}']}}" for n in range(40)
            )
            written = f"monitor: {{contact: desk@example.org, workers: 0}}\nfeeds: [{feeds}]\n"
            (tmp_path / "feeds.yaml").write_text(written)
            house.config = configuration.load(tmp_path / "feeds.yaml", environ={})
            for n in range(40):
                site.routes[f"/{n}"] = Answer(body=rss(item(n, title=f"Title {n}", description=words(n))))
            await house.thread(house.archive.sync_feeds, house.config.feeds, house.clock)
            house.poller = replace(house.poller, config=house.config)
            await house.poll()
            before = len(site.requests)
            house.clock += 6 * HOUR

            for _ in range(10):  # a tick finds whatever is due by now, once
                for lease in await house.thread(house.archive.lease, house.clock, hosts=100, ttl=HOUR):
                    await poll_host(house.poller, lease, done=lambda _: None)
                await asyncio.sleep(0)

            asked = Counter(request.target for request in site.requests[before:])
        assert asked == {f"/{n}": 1 for n in range(40)}


# ── a mail that says what it should ──────────────────────────────────────────────────────────────────────────────────


async def test_an_alert_says_which_rule_which_words_and_how_to_hear_less(tmp_path: Path) -> None:
    async with MailServer() as server, a_house(tmp_path, server) as house:
        house.publish("Report on Ukraine")
        await house.poll()
        await house.send()

    (mail,) = [bytes(envelope.original_content or b"") for envelope in server.received]
    text = body(mail, "plain")
    for expected in ("*Ukraine*", "ukraine", "https://gazette.example/3", "monitor alerts mute --story"):
        assert expected in text
    assert parsed(mail)["Auto-Submitted"] == "auto-generated"
