"""Bodies and heads that grow, flood, drip and never end cost their own feed a failure, and nobody else anything."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.fetch import Limits
from monitor.model import Outcome
from tests.commands import environment
from tests.loopback import Answer, Site
from tests.rss import item, rss
from tests.torture.hostile import REPLIES, Hostile
from tests.torture.room import LONGEST_LAG, PATIENT, QUICK, room, settings

STOPPED = {  # how each is stopped; what is not here is a body of its own
    "gzip-bomb": Outcome.TOO_LARGE,
    "deflate-bomb": Outcome.TOO_LARGE,
    "bare-deflate-bomb": Outcome.TOO_LARGE,
    "brotli-bomb": Outcome.PROTOCOL,
    "zstd-bomb": Outcome.PROTOCOL,
    "gzip-in-gzip": Outcome.PROTOCOL,
    "a-thousand-codings": Outcome.PROTOCOL,
    "a-thousand-coding-headers": Outcome.PROTOCOL,
    "brotli-nobody-asked-for": Outcome.PROTOCOL,
    "hundred-megabytes": Outcome.TOO_LARGE,
    "hundred-megabytes-unannounced": Outcome.TOO_LARGE,
    "endless-body": Outcome.TOO_LARGE,
    "endless-chunks-of-one-byte": Outcome.TOO_LARGE,
    "endless-chunk-extension": Outcome.PROTOCOL,
    "dripped-body": Outcome.TIMEOUT,
    "dripped-trailers": Outcome.TIMEOUT,
    "silence": Outcome.TIMEOUT,
    "dripped-head": Outcome.TIMEOUT,
    "endless-headers": Outcome.PROTOCOL,
    "endless-header": Outcome.PROTOCOL,
    "header-of-a-megabyte": Outcome.PROTOCOL,
    "folded-header-without-end": Outcome.PROTOCOL,
    "hundred-thousand-interim-answers": Outcome.PROTOCOL,
    "endless-interim-answers": Outcome.PROTOCOL,
    "as-many-headers-as-fit": Outcome.NEW,
}


def test_every_hostile_reply_has_its_place_in_the_table() -> None:
    assert set(STOPPED) == set(REPLIES)


@pytest.mark.parametrize("name", STOPPED)
async def test_a_hostile_answer_is_stopped_and_the_loop_goes_on(name: str, server: Hostile, tmp_path: Path) -> None:
    config = settings(tmp_path, {"bad": server.url(name)}, allow=[server.pair])

    async with room(config) as newsroom:
        outcomes = await newsroom.poll()

    # Which bound is met first hangs on the machine where every byte takes a while.
    either = {Outcome.TIMEOUT} if name == "endless-chunks-of-one-byte" else set()
    assert outcomes["bad"].outcome in {STOPPED[name], *either}
    assert newsroom.took["bad"] < QUICK.total.total_seconds() + 1
    assert newsroom.lag.worst < LONGEST_LAG


BOMBS = [name for name in STOPPED if "bomb" in name or "coding" in name or "gzip" in name or "interim" in name]


@pytest.mark.parametrize("name", BOMBS)
async def test_a_bomb_costs_less_than_a_second_however_long_we_would_wait(
    name: str, server: Hostile, tmp_path: Path
) -> None:
    config = settings(tmp_path, {"bad": server.url(name)}, allow=[server.pair])

    async with room(config, limits=Limits()) as newsroom:
        await newsroom.poll()

    assert newsroom.work < 1
    assert newsroom.took["bad"] < Limits().total.total_seconds() / 2


def peak_of_a_poll(folder: Path, feeds: dict[str, str], pair: str) -> int:
    """The most memory, in bytes, that `monitor poll` over these feeds had in its own process."""
    folder.mkdir()
    settings(folder, feeds, allow=[pair])
    process = subprocess.Popen(
        [sys.executable, "-m", "monitor", "-q", "poll", "--all", "--json"],
        cwd=folder,
        env=environment(),
        stdout=subprocess.DEVNULL,
    )
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return usage.ru_maxrss * 1024


def test_bombs_take_hardly_more_memory_than_a_body_may_have(server: Hostile, tmp_path: Path) -> None:
    good = {"good": server.url("as-many-headers-as-fit")}
    bombs = ["gzip-bomb", "deflate-bomb", "zstd-bomb", "gzip-in-gzip", "endless-body", "endless-interim-answers"]

    at_rest = peak_of_a_poll(tmp_path / "good", good, server.pair)

    for name in bombs:
        grown = peak_of_a_poll(tmp_path / name, good | {"bad": server.url(name)}, server.pair) - at_rest
        assert grown < Limits().body + 32_000_000, name


async def test_good_feeds_are_on_time_beside_all_hostile_ones(server: Hostile, tmp_path: Path) -> None:
    async with Site() as site:
        numbers = range(100, 120)  # one hostile server gives items 1 and 2, and would have had them first
        site.routes = {f"/{number}": Answer(body=rss(item(number))) for number in numbers}
        good = {f"good-{number}": site.url(f"/{number}") for number in numbers}
        bad = {f"bad-{name}": server.url(name) for name in STOPPED}
        config = settings(tmp_path, bad | good, allow=[server.pair, site.pair])
        async with room(config, limits=PATIENT) as newsroom:
            outcomes = await newsroom.poll()

            assert {outcomes[key].outcome for key in good} == {Outcome.NEW}
            # Nobody waited for the deadline that some hostile ones wait for.
            assert max(newsroom.took[key] for key in good) < PATIENT.total.total_seconds()
            assert max(newsroom.took.values()) < 2 * PATIENT.total.total_seconds() + 2
            assert newsroom.lag.worst < LONGEST_LAG
            assert newsroom.column("SELECT key FROM feeds WHERE last_error IS NULL AND key NOT LIKE 'good%'") == [
                "bad-as-many-headers-as-fit"
            ]
