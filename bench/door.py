"""What one request costs at the door: our guarded client against plain ones. Also a step of `make bench`.

    python bench/door.py [--feeds 400] [--rounds 7] [--no-peer]

    guarded   monitor.fetch.Fetcher as the daemon has it
    open      the same with httpcore's own dialling: what the address guard costs is the difference
    httpx     httpx.AsyncClient and nothing else
    aiohttp   aiohttp.ClientSession and nothing else, in an environment of its own under bench/results/

Each client is a process that lives through the whole run and takes its turn, so that the machine's moods hit all alike.
A body is 75 kB, 20 kB on the wire; every client unpacks it and takes its digest.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
import venv
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path

import measure

HERE = Path(__file__).parent
RESULTS = HERE / "results"
PEER = RESULTS / "peer-aiohttp"

CLIENTS = ("guarded", "open", "httpx", "aiohttp")
AT_ONCE = 50
KINDS = ("304", "unchanged body", "changed body")
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

Get = Callable[[str, bool], Awaitable[bytes]]  # URL, whether conditionally → the body, b"" for a 304


# ── the clients, each in its process ─────────────────────────────────────────────────────────────────────────────────


async def fetcher(stack: AsyncExitStack, guarded: bool, port: int) -> Get:
    """Our own. All feeds have the same exceptions and so share one pool of connections, as public feeds do."""
    import httpcore

    from monitor.fetch import Fetcher
    from monitor.guard import GuardedTransport
    from monitor.model import Fetched, NotModified, Validators

    class Open(GuardedTransport):
        """Without the guard."""

        def backend(self, allow_private: frozenset[str]) -> httpcore.AsyncNetworkBackend:
            return httpcore.AnyIOBackend()

    transport = None if guarded else Open(connections=100, keepalive=timedelta(seconds=3))
    client = await stack.enter_async_context(Fetcher(user_agent="bench", transport=transport))
    seen: dict[str, Validators] = {}
    pairs = frozenset(measure.url(feed, port).split("/")[2] for feed in range(200))

    async def get(url: str, conditional: bool) -> bytes:
        validators = seen.get(url, Validators()) if conditional else Validators()
        match await client.fetch(url, validators, allow_private=pairs, now=NOW):
            case Fetched() as fetched:
                seen[url] = fetched.validators
                return fetched.body
            case NotModified():
                return b""
            case failed:
                raise RuntimeError(failed)

    return get


async def plain_httpx(stack: AsyncExitStack) -> Get:
    """httpx as its manual shows it."""
    import httpx

    limits = httpx.Limits(max_connections=100, keepalive_expiry=3)
    client = await stack.enter_async_context(httpx.AsyncClient(limits=limits, trust_env=False))
    etags: dict[str, str] = {}

    async def get(url: str, conditional: bool) -> bytes:
        headers = {"Accept-Encoding": "gzip"} | ({"If-None-Match": etags.get(url, "")} if conditional else {})
        response = await client.get(url, headers=headers)
        etags[url] = response.headers["ETag"]
        return response.content

    return get


async def plain_aiohttp(stack: AsyncExitStack) -> Get:
    """aiohttp as its manual shows it."""
    import aiohttp

    connector = aiohttp.TCPConnector(limit=100, keepalive_timeout=3)
    session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
    etags: dict[str, str] = {}

    async def get(url: str, conditional: bool) -> bytes:
        headers = {"Accept-Encoding": "gzip"} | ({"If-None-Match": etags.get(url, "")} if conditional else {})
        async with session.get(url, headers=headers) as response:
            etags[url] = response.headers["ETag"]
            return await response.read()

    return get


async def serve_turns(name: str, port: int, feeds: int) -> None:
    """One line in, what to fetch; one line out, what it took."""
    async with AsyncExitStack() as stack:
        match name:
            case "httpx":
                get = await plain_httpx(stack)
            case "aiohttp":
                get = await plain_aiohttp(stack)
            case _:
                get = await fetcher(stack, name == "guarded", port)
        while kind := (await asyncio.to_thread(sys.stdin.readline)).strip():
            # Odd feeds have two bodies, one in round 1 and one from round 2 on.
            urls = iter([measure.url(2 * feed + 1, port) for feed in range(feeds)])
            sizes: list[int] = []

            broken: list[Exception] = []

            async def work(
                urls: object = urls, kind: str = kind, sizes: list[int] = sizes, broken: list[Exception] = broken
            ) -> None:
                for url in urls:  # type: ignore[attr-defined]
                    try:
                        body = await get(url, kind == "304")
                    except Exception as error:
                        # httpcore's pool now and then closes an idle connection that it has just given away.
                        broken.append(error)
                        body = await get(url, kind == "304")
                    blake2b(body, digest_size=16).digest()
                    sizes.append(len(body))

            wall, cpu = time.perf_counter(), time.process_time()
            await asyncio.gather(*(work() for _ in range(AT_ONCE)))
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            assert len(sizes) == feeds
            assert any(sizes) != (kind == "304"), f"{name}: not what was asked for"
            print(json.dumps({"cpu_ms": cpu * 1000 / feeds, "per_s": feeds / wall, "broken": len(broken)}), flush=True)


# ── the run ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def peer_python() -> Path:
    """aiohttp's interpreter, installed on first use."""
    python = PEER / "bin" / "python"
    if not python.exists():
        print("installing aiohttp (once)", file=sys.stderr)
        venv.create(PEER, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "aiohttp==3.*"], check=True)
    return python


def main() -> None:
    """Clients take turns within a round; the order changes from round to round."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--feeds", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--no-peer", action="store_true")
    options = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    names = [name for name in CLIENTS if not (options.no_peer and name == "aiohttp")]
    taken: dict[tuple[str, str], list[dict[str, float]]] = {(kind, name): [] for kind in KINDS for name in names}
    with measure.feed_server(2 * options.feeds) as port:
        clients = {
            name: subprocess.Popen(
                [
                    peer_python() if name == "aiohttp" else sys.executable,
                    __file__,
                    "client",
                    name,
                    str(port),
                    str(options.feeds),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for name in names
        }

        def turn(name: str, kind: str) -> dict[str, float]:
            stdin, stdout = clients[name].stdin, clients[name].stdout
            assert stdin
            assert stdout
            stdin.write(f"{kind}\n")
            stdin.flush()
            answer: dict[str, float] = json.loads(stdout.readline())
            return answer

        try:
            measure.set_round(port, 3)
            for name in names:
                turn(name, "unchanged body")  # imports, validators
            for number in range(options.rounds):
                order = names[number % len(names) :] + names[: number % len(names)]
                for kind, rounds in (("304", (4,)), ("unchanged body", (3,)), ("changed body", (1, 3))):
                    measure.set_round(port, rounds[number % len(rounds)])
                    for name in order:
                        taken[kind, name].append(turn(name, kind))
                measure.set_round(port, 3)
                for name in names:
                    turn(name, "unchanged body")  # the validators of the body that round 4 goes by
        finally:
            for client in clients.values():
                client.communicate("")
    show(taken, names)


def show(taken: dict[tuple[str, str], list[dict[str, float]]], names: list[str]) -> None:
    """Medians as a table, and as JSON beside it."""
    medians = {
        key: {figure: round(statistics.median(turn[figure] for turn in turns), 3) for figure in ("cpu_ms", "per_s")}
        for key, turns in taken.items()
    }
    print(f"{'':16}{'':10} {'CPU ms':>8} {'requests/s':>11} {'ours/its CPU':>13}   rounds' CPU ms, least to most")
    for kind in KINDS:
        for name in names:
            each = medians[kind, name]
            # Pairs of one round, so that a slow minute slows both.
            ratios = [
                ours["cpu_ms"] / its["cpu_ms"]
                for ours, its in zip(taken[kind, "guarded"], taken[kind, name], strict=True)
            ]
            spread = sorted(round(turn["cpu_ms"], 2) for turn in taken[kind, name])
            print(
                f"{kind:16}{name:10} {each['cpu_ms']:8.2f} {each['per_s']:11.0f} {statistics.median(ratios):13.2f}   "
                f"{spread[0]} to {spread[-1]}{_broken(taken[kind, name])}"
            )
    rows = [{"kind": kind, "client": name, **figures} for (kind, name), figures in medians.items()]
    (RESULTS / "door.json").write_text(json.dumps(rows, indent=1))


def _broken(turns: list[dict[str, float]]) -> str:
    """How many requests had to be made again."""
    count = sum(turn["broken"] for turn in turns)
    return f", {count:.0f} requests broke" if count else ""


if __name__ == "__main__":
    if sys.argv[1:2] == ["client"]:
        asyncio.run(serve_turns(sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
    else:
        main()
