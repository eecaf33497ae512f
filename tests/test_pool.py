"""A process that fails costs its own job and nothing else."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from monitor.errors import WorkerFailed
from monitor.pool import Pool
from tests import jobs

LONG = 60.0  # seconds, never reached
SHORT = 0.3
MEMORY = 1024**3


@asynccontextmanager
async def a_pool(
    count: int = 1, *, prepare: Callable[[str], str] = jobs.prepare, memory_bytes: int = MEMORY
) -> AsyncIterator[Pool[str, str]]:
    """A running pool whose desks say "first"."""
    pool: Pool[str, str] = Pool(count, brief="first", prepare=prepare, memory_bytes=memory_bytes)
    try:
        await pool.start()
        yield pool
    finally:
        await pool.aclose()


def has_ended(pid: int, *, within: float) -> bool:
    """Whether a process, ours or not, ends within so many seconds."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], within)[0])
    finally:
        os.close(handle)


async def test_a_job_is_done_in_another_process_at_its_desk() -> None:
    async with a_pool() as pool:
        desk, pid = await pool.do(jobs.tell, seconds=LONG)

    assert desk == "first"
    assert pid != os.getpid()


async def test_a_job_that_raises_fails_and_its_process_stays() -> None:
    async with a_pool() as pool:
        _, before = await pool.do(jobs.tell, seconds=LONG)
        with pytest.raises(WorkerFailed, match="KeyError: 'no such thing'"):
            await pool.do(jobs.stumble, seconds=LONG)
        _, after = await pool.do(jobs.tell, seconds=LONG)

    assert before == after


@pytest.mark.parametrize(
    ("job", "why"),
    [
        pytest.param(jobs.hang, "longer than 0.3 s", id="it hangs"),
        pytest.param(partial(jobs.pause, seconds=LONG), "longer than 0.3 s", id="it sleeps"),
        pytest.param(jobs.die, "SIGKILL", id="it is killed"),
        pytest.param(jobs.leave, "exit status 3", id="it exits"),
        pytest.param(jobs.eat, "memory", id="it takes too much memory"),
    ],
)
async def test_a_process_that_fails_is_replaced(job: Callable[[str], object], why: str) -> None:
    async with a_pool() as pool:
        _, before = await pool.do(jobs.tell, seconds=LONG)
        with pytest.raises(WorkerFailed, match=why):
            await pool.do(job, seconds=SHORT)
        desk, after = await pool.do(jobs.tell, seconds=LONG)

    assert desk == "first"
    assert before != after
    assert has_ended(before, within=LONG)


@pytest.mark.parametrize("job", [jobs.hang, jobs.die, jobs.eat], ids=["hangs", "dies", "eats"])
async def test_other_jobs_are_not_affected(job: Callable[[str], object]) -> None:
    async with a_pool(2) as pool:
        results = await asyncio.gather(
            pool.do(job, seconds=SHORT),
            pool.do(partial(jobs.pause, seconds=SHORT * 1.5), seconds=LONG),
            *(pool.do(partial(jobs.length, of=b"abc"), seconds=LONG) for _ in range(20)),
            return_exceptions=True,
        )

    assert isinstance(results[0], WorkerFailed)
    assert results[1:] == [None, *[3] * 20]


@pytest.mark.parametrize(
    "job",
    [
        pytest.param(partial(jobs.length, of=bytes(200_000_000)), id="the job"),
        pytest.param(partial(jobs.bring, length=200_000_000), id="its result"),
    ],
)
async def test_what_does_not_fit_into_a_process_fails_for_want_of_memory(job: Callable[[str], object]) -> None:
    async with a_pool(memory_bytes=300_000_000) as pool:
        with pytest.raises(WorkerFailed, match="ran out of memory"):
            await pool.do(job, seconds=LONG)
        desk, _ = await pool.do(jobs.tell, seconds=LONG)

    assert desk == "first"


async def test_ten_megabytes_pass_in_both_directions() -> None:
    async with a_pool() as pool:
        sent = await pool.do(partial(jobs.length, of=bytes(10_000_000)), seconds=LONG)
        brought = await pool.do(partial(jobs.bring, length=10_000_000), seconds=LONG)

    assert (sent, len(brought)) == (10_000_000, 10_000_000)


async def test_a_process_that_does_not_even_take_its_job_is_replaced() -> None:
    async with a_pool() as pool:
        _, pid = await pool.do(jobs.tell, seconds=LONG)
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(WorkerFailed, match="longer than"):
            await pool.do(partial(jobs.length, of=bytes(10_000_000)), seconds=SHORT)
        desk, _ = await pool.do(jobs.tell, seconds=LONG)

    assert desk == "first"


async def test_a_process_that_died_while_idle_is_charged_to_no_job() -> None:
    async with a_pool() as pool:
        _, pid = await pool.do(jobs.tell, seconds=LONG)
        os.kill(pid, signal.SIGKILL)
        assert has_ended(pid, within=LONG)

        desk, _ = await pool.do(jobs.tell, seconds=LONG)

    assert desk == "first"


async def test_the_loop_runs_on_while_a_process_works() -> None:
    async with a_pool() as pool:
        job = asyncio.ensure_future(pool.do(partial(jobs.pause, seconds=SHORT), seconds=LONG))
        turns = 0
        while not job.done():
            await asyncio.sleep(0)
            turns += 1

    assert turns > 100


async def test_a_new_brief_is_for_jobs_that_begin_after_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.begun")
    os.mkfifo(tmp_path / "a.go")

    async with a_pool() as pool:
        under_way = asyncio.ensure_future(pool.do(partial(jobs.wait_for, path=str(tmp_path / "a")), seconds=LONG))
        await asyncio.to_thread((tmp_path / "a.begun").read_bytes)
        waiting = asyncio.ensure_future(pool.do(jobs.tell, seconds=LONG))
        pool.brief = "second"
        await asyncio.to_thread((tmp_path / "a.go").write_bytes, b"")

        assert await under_way == "first"
        assert (await waiting)[0] == "second"


async def test_a_caller_who_leaves_does_not_cost_a_process(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.begun")
    os.mkfifo(tmp_path / "a.go")

    async with a_pool() as pool:
        _, before = await pool.do(jobs.tell, seconds=LONG)
        left = asyncio.ensure_future(pool.do(partial(jobs.wait_for, path=str(tmp_path / "a")), seconds=LONG))
        await asyncio.to_thread((tmp_path / "a.begun").read_bytes)
        left.cancel()
        await asyncio.to_thread((tmp_path / "a.go").write_bytes, b"")
        _, after = await pool.do(jobs.tell, seconds=LONG)

    assert left.cancelled()
    assert before == after


async def test_closing_ends_jobs_that_hang_and_jobs_that_wait(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.begun")
    os.mkfifo(tmp_path / "a.go")

    async with a_pool() as pool:
        _, pid = await pool.do(jobs.tell, seconds=LONG)
        hangs = asyncio.ensure_future(pool.do(partial(jobs.wait_for, path=str(tmp_path / "a")), seconds=LONG))
        await asyncio.to_thread((tmp_path / "a.begun").read_bytes)
        waits = asyncio.ensure_future(pool.do(jobs.hang, seconds=LONG))
        await asyncio.sleep(0)
        async with asyncio.timeout(10):
            await pool.aclose()

    with pytest.raises(WorkerFailed, match="died"):
        await hangs
    with pytest.raises(WorkerFailed, match="stopped"):
        await waits
    assert has_ended(pid, within=LONG)


async def test_a_brief_that_cannot_be_used_is_known_at_the_start() -> None:
    with pytest.raises(WorkerFailed, match="cannot make anything of first"):
        async with a_pool(prepare=jobs.prepare_badly):
            pass


ORPHANS_TO_BE = """
import asyncio
from monitor.pool import Pool
from tests import jobs

async def main():
    busy, idle = (Pool(1, brief="first", prepare=jobs.prepare, memory_bytes=1024**3) for _ in range(2))
    await idle.start()
    print((await idle.do(jobs.tell, seconds=60))[1], flush=True)
    await busy.do(jobs.announce_and_hang, seconds=0.5)

if __name__ == "__main__":
    asyncio.run(main())
"""


def test_no_process_outlives_a_parent_that_was_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(ORPHANS_TO_BE)
    environ: dict[str, Any] = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}

    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True, env=environ) as parent:
        assert parent.stdout
        workers = [int(parent.stdout.readline()) for _ in range(2)]
        parent.kill()

    assert all(has_ended(pid, within=20) for pid in workers)
