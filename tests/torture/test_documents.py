"""Documents made to hurt cost their own feed at most a failure; what they carry comes out bounded and inert."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import re
import signal
from pathlib import Path

import pytest

from monitor.model import Outcome
from monitor.workers import JobLimits
from tests.commands import monitor
from tests.loopback import Answer, Site
from tests.rss import item, rss
from tests.torture.documents import DOCUMENTS
from tests.torture.hostile import Hostile
from tests.torture.room import LONGEST_LAG, QUICK_JOBS, room, settings, spied_on

# What becomes of those that are not simply read.
FATE = {
    "entity-declarations": {Outcome.NOT_A_FEED},
    "comments-that-never-end": {Outcome.NOT_A_FEED},
    "deep-json": {Outcome.TRUNCATED},
    "unclosed-elements": {Outcome.TRUNCATED},
    "prefixes-without-end": {Outcome.NOTHING_NEW},
    "attributes-without-end": {Outcome.PARSER},  # half a minute of the parser's time
    "ten-thousand-categories": {Outcome.NEW, Outcome.PARSER},  # a second or two of it: as the machine is
    "elements-a-hundred-thousand-deep": {Outcome.NEW, Outcome.PARSER},
    "two-thousand-long-articles": {Outcome.NEW, Outcome.PARSER},
}
LOUD = {  # what is left out of them is said
    "fifty-thousand-items": "of 50000 entries only the first 2000",
    "title-of-nine-megabytes": "title cut",
    "markup-a-hundred-thousand-deep": "text cut",
    "marks-on-marks": "title cut",
    "quadratic-entity": "entities declared in the document were not expanded",
}


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_a_hostile_document_is_bounded_and_the_loop_goes_on(name: str, server: Hostile, tmp_path: Path) -> None:
    config = settings(tmp_path, {"bad": server.url(f"documents/{name}")}, allow=[server.pair])

    async with room(config) as newsroom:
        outcome = (await newsroom.poll())["bad"]
        took, lag = newsroom.took["bad"], newsroom.lag.worst

        assert outcome.outcome in FATE.get(name, {Outcome.NEW})
        # To fetch, to read, to enrich and to record, each within its time.
        assert took < 3 * (QUICK_JOBS.seconds.total_seconds() + 10 * QUICK_JOBS.seconds_per_megabyte.total_seconds())
        assert lag < LONGEST_LAG
        assert LOUD.get(name, "") in "; ".join(outcome.problems)
        widest = (
            "SELECT max(length(title)), max(length(text)), max(length(link)), max(length(categories)) FROM articles"
        )
        for size, most in zip(newsroom.rows(widest)[0], (1_024, 1_048_576, 2_048, 64 * 260), strict=True):
            assert (size or 0) <= most
        assert "haha" not in "".join(newsroom.column("SELECT title || text FROM articles"))


async def test_good_feeds_are_read_beside_all_hostile_documents(server: Hostile, tmp_path: Path) -> None:
    async with Site() as site:
        site.routes = {f"/{number}": Answer(body=rss(item(number))) for number in range(20)}
        good = {f"good-{number}": site.url(f"/{number}") for number in range(20)}
        bad = {f"bad-{name}": server.url(f"documents/{name}") for name in DOCUMENTS}
        config = settings(tmp_path, bad | good, allow=[server.pair, site.pair])
        async with room(config) as newsroom:
            outcomes = await newsroom.poll()
            lag = newsroom.lag.worst
            again = await newsroom.poll(*good)

    assert {outcomes[key].outcome for key in good} <= {Outcome.NEW, Outcome.NOTHING_NEW}
    assert {again[key].outcome for key in good} == {Outcome.UNCHANGED}
    assert lag < LONGEST_LAG


# ── nothing of this machine comes out ────────────────────────────────────────────────────────────────────────────────


async def test_no_document_opens_a_file_or_a_connection(tmp_path: Path) -> None:
    secret = tmp_path / "secret-of-the-house"
    secret.write_text("open sesame")
    names = [name for name in DOCUMENTS if re.search("entity|dtd|included|laughs", name)]
    bodies = {
        "path": str(secret).encode(),
        "path-in-lines": f"\n{secret}\n".encode(),
        "path-with-mark": b"\xef\xbb\xbf" + str(secret).encode(),
        "file-url": secret.as_uri().encode(),
        "feed-protocol": f"feed:{secret.as_uri()}".encode(),
    }
    variables, seen = spied_on(tmp_path)
    async with Site(host="127.0.0.2") as inside, Site() as site:
        for name in names:
            document = DOCUMENTS[name]().decode()
            bodies[name] = document.replace("INSIDE", inside.url()).replace("FILE", str(secret)).encode()
        bodies["url"] = inside.url("/feed").encode()
        site.routes = {f"/{name}": Answer(body=body) for name, body in bodies.items()}
        settings(tmp_path, {name: site.url(f"/{name}") for name in bodies}, allow=[site.pair])

        polled = await asyncio.to_thread(monitor, "poll", "--all", "--json", cwd=tmp_path, **variables)

        spotted = seen.read_text(errors="replace")
        assert str(tmp_path / "feeds.yaml") in spotted or "feeds.yaml" in spotted, "the watch itself works"
        assert f"connect ('127.0.0.1', {site.port})" in spotted
        assert secret.name not in spotted
        assert str(inside.port) not in spotted
        assert inside.connections == 0
    outcomes = {fact["feed"]: fact["outcome"] for fact in polled.json()}
    assert {outcomes[name] for name in bodies if name not in names} == {"not_a_feed"}
    assert "open sesame" not in polled.out + polled.err
    dump = monitor("sql", "SELECT title, text FROM articles", cwd=tmp_path).out
    assert "open sesame" not in dump


# ── workers that die ─────────────────────────────────────────────────────────────────────────────────────────────────


def busy(process: multiprocessing.process.BaseProcess) -> float:
    """The seconds of processor time a process has used."""
    stat = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


def addresses(process: multiprocessing.process.BaseProcess) -> int:
    """The most address space a process has used so far, in bytes."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmPeak"))


async def test_a_worker_that_is_killed_is_replaced(server: Hostile, tmp_path: Path) -> None:
    bad = server.url("documents/attributes-without-end")
    async with Site({"/good": Answer(body=rss(item(1)))}) as site:
        config = settings(tmp_path, {"bad": bad, "good": site.url("/good")}, allow=[server.pair, site.pair])
        async with room(config, jobs=JobLimits()) as newsroom:
            workers = {process.pid: process for process in multiprocessing.active_children()}
            before = {pid: busy(process) for pid, process in workers.items()}
            polling = asyncio.ensure_future(newsroom.poll("bad"))
            # Another process's time brings no event.
            while not (working := [p for pid, p in workers.items() if busy(p) > before[pid] + 0.3]):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            assert working[0].pid
            os.kill(working[0].pid, signal.SIGKILL)
            outcome = (await polling)["bad"]
            after = await newsroom.poll("good")

    assert (outcome.outcome, outcome.error) == (Outcome.PARSER, "the worker process died: SIGKILL")
    assert newsroom.lag.worst < LONGEST_LAG
    assert after["good"].outcome is Outcome.NEW


async def test_a_worker_out_of_memory_fails_its_feed_alone(server: Hostile, tmp_path: Path) -> None:
    bad = server.url("documents/two-thousand-long-articles")
    async with Site({"/good": Answer(body=rss(item(1)))}) as site:
        config = settings(tmp_path, {"bad": bad, "good": site.url("/good")}, allow=[server.pair, site.pair])
        async with room(config, jobs=JobLimits()) as newsroom:
            await newsroom.poll("good")
            needed = max(addresses(process) for process in multiprocessing.active_children())
        # What a small feed takes depends on the machine; the long articles need some 60 MB more.
        async with room(config, jobs=JobLimits(memory_bytes=needed + 16_000_000)) as newsroom:
            outcomes = await newsroom.poll()
            again = await newsroom.poll("good")

    assert outcomes["bad"].outcome is Outcome.PARSER
    assert outcomes["bad"].error == "ran out of memory"
    assert (outcomes["good"].outcome, again["good"].outcome) == (Outcome.UNCHANGED, Outcome.UNCHANGED)
    assert newsroom.lag.worst < LONGEST_LAG


# ── rules ────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_rule_of_ten_thousand_alternatives_is_no_burden(tmp_path: Path) -> None:
    words = ", ".join(f"word{number}x*" for number in range(10_000))
    rules = f"  - {{name: huge, any: [{words}, Ukraine], channels: [desk]}}\n"
    async with Site({"/feed": Answer(body=rss(*(item(number) for number in range(50))))}) as site:
        config = settings(tmp_path, {"feed": site.url("/feed")}, allow=[site.pair], rules=rules)
        async with room(config) as newsroom:
            outcome = (await newsroom.poll())["feed"]

            assert outcome.outcome is Outcome.NEW
            assert newsroom.column("SELECT count(*) FROM matches") == [50]
            assert newsroom.lag.worst < LONGEST_LAG


async def test_rules_over_a_megabyte_of_text_are_bounded(tmp_path: Path) -> None:
    rules = "".join(
        f"  - {{name: r{number}, query: '{query}', channels: [desk]}}\n"
        for number, query in enumerate(
            [
                "aa NEAR/99 (aa OR bb)",
                '"aa aa aa aa aa aa aa aa bb"',
                "aa* NEAR/99 (zz* OR bb*)",
                "aa NEAR/99 zz",
                "(aa OR bb) AND NOT (aa NEAR/5 aa)",
            ]
        )
    )
    body = rss(item(1, description="aa " * 340_000 + "bb"))
    async with Site({"/feed": Answer(body=body), "/good": Answer(body=rss(item(2)))}) as site:
        feeds = {"feed": site.url("/feed"), "good": site.url("/good")}
        config = settings(tmp_path, feeds, allow=[site.pair], rules=rules)
        async with room(config, jobs=JobLimits()) as newsroom:
            outcomes = await newsroom.poll()

    assert outcomes["feed"].outcome in (Outcome.NEW, Outcome.PARSER)
    assert outcomes["good"].outcome is Outcome.NEW
    assert newsroom.took["feed"] < 3 * 7
    assert newsroom.lag.worst < LONGEST_LAG
