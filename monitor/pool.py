"""Processes that do one job at a time and may be killed in the middle of it.

A hostile document can hang a parser inside C code or make it eat all memory; only a process can be stopped then. So
that one bad job costs nothing but itself, every process has a pipe of its own and one job at a time: when the job takes
too long, or the process dies, that process is killed, its job fails, and the next job finds a fresh one. The standard
library's ProcessPoolExecutor fails every job it holds when one process dies, and cannot time one out.

Processes are forked from a server that has loaded everything already (`preload`): a fresh one costs 20 ms instead of
the second that imports take, and they share most of their memory. None outlives the daemon: an idle process ends when
its pipe closes, and a busy one carries an alarm clock, so that even `kill -9` of the daemon leaves nothing for long.
"""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import resource
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from queue import Empty, SimpleQueue
from threading import Lock, Timer
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from monitor.errors import WorkerFailed

Brief = TypeVar("Brief")  # what a process is told once; must pickle
Desk = TypeVar("Desk")  # what it makes of that, and every job is handed; stays in the process
Result = TypeVar("Result")

PREPARE_SECONDS = 60.0  # for making the desk: thousands of rules compile in a second or two
ALARM_GRACE_SECONDS = 1.0  # a process whose daemon is gone ends itself this long after its job's time
STOPPED = "the worker processes were stopped before this job could begin"
LAST_WORDS_SECONDS = 0.1  # for a job under way when everything is to end
_DRAINED_BYTES = 65_536
FAREWELL_SECONDS = 2.0  # for a process to end by itself once its pipe is closed


@dataclass(frozen=True, slots=True)
class Done(Generic[Result]):
    """What a job gave."""

    result: Result


@dataclass(frozen=True, slots=True)
class Failed:
    """Why a job gave nothing: one line. `spoilt`: the process must not be used again."""

    why: str
    spoilt: bool = False


def attempt(job: Callable[[Desk], Result], desk: Desk) -> Done[Result] | Failed:
    """Does a job here and now; whatever it raises becomes a value."""
    try:
        return Done(job(desk))
    except MemoryError:
        return Failed("ran out of memory", spoilt=True)
    except Exception as error:
        return Failed(f"failed with {type(error).__name__}: {error}")


class Pool(Generic[Brief, Desk]):
    """`count` processes behind one queue. Jobs are module-level functions of the desk, or partials of such."""

    def __init__(
        self,
        count: int,
        *,
        brief: Brief,
        prepare: Callable[[Brief], Desk],
        preload: Sequence[str] = (),
        memory_bytes: int,
    ) -> None:
        """`memory_bytes` is the address space of one process. `preload` names modules for the fork server to import."""
        self.brief = brief  # may be set at any time: jobs that begin afterwards are done by it
        self._preload = list(preload)
        self._closed = False
        self._processes = [_Process(prepare, memory_bytes) for _ in range(count)]
        self._idle: SimpleQueue[_Process] = SimpleQueue()
        for process in self._processes:
            self._idle.put(process)
        # A thread waits for each process, so that sending and receiving megabytes never holds up the event loop.
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="worker")

    async def start(self) -> None:
        """Starts every process, so that the first job finds them ready. Raises WorkerFailed when one cannot start."""
        # A Python process has one fork server, so this only counts before the first start of all.
        multiprocessing.get_context("forkserver").set_forkserver_preload(self._preload)
        await asyncio.gather(*(self.do(_nothing, seconds=PREPARE_SECONDS) for _ in self._processes))

    async def do(self, job: Callable[[Desk], Result], *, seconds: float) -> Result:
        """The job's result. Raises WorkerFailed when it raised, took longer than `seconds`, or its process died.

        The time runs from when a process takes the job up. A caller that is cancelled leaves the job to end by itself.
        """
        if self._closed:
            raise WorkerFailed(STOPPED)
        return await asyncio.wrap_future(self._threads.submit(self._do, job, seconds))

    def _do(self, job: Callable[[Desk], Result], seconds: float) -> Result:
        process = self._idle.get()  # never waits: there are as many processes as threads
        try:
            if self._closed:
                raise WorkerFailed(STOPPED)
            return process.do(job, self.brief, seconds)
        finally:
            self._idle.put(process)

    async def aclose(self) -> None:
        """Ends every process: idle ones in peace, busy ones by force; jobs that wait or are under way fail."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._closed = True
        idle: set[_Process] = set()
        while len(idle) < len(self._processes):
            try:
                idle.add(self._idle.get(timeout=LAST_WORDS_SECONDS))
            except Empty:
                for process in set(self._processes) - idle:
                    process.kill()
        for process in idle:
            self._idle.put(process)  # for the jobs that still wait, each to hear that it comes too late
        self._threads.shutdown()
        for process in self._processes:
            process.end()


def _nothing(desk: object) -> None:
    """The job of a process that is only to be there."""


class _Process:
    """One process and its replacement after each failure; used by one thread at a time, except for `kill`."""

    def __init__(self, prepare: Callable[[Any], Any], memory_bytes: int) -> None:
        self._prepare = prepare
        self._memory_bytes = memory_bytes
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None
        self._brief: object = None

    def do(self, job: Callable[[Any], Result], brief: object, seconds: float) -> Result:
        """The job's result, from a living process that knows the brief. Raises WorkerFailed."""
        if self._pipe is not None and self._pipe.poll():
            self.end()  # an idle process has nothing to say, so this is its end: no job is to blame
        if self._process is None:
            self._start()
        if self._brief is not brief:
            self._ask(_Preparation(self._prepare, brief, PREPARE_SECONDS))
            self._brief = brief
        return self._ask(_Job(job, seconds))  # type: ignore[no-any-return]  # a pipe knows no types

    def _start(self) -> None:
        context = multiprocessing.get_context("forkserver")
        try:
            self._pipe, theirs = context.Pipe()
            self._process = context.Process(
                target=_serve, args=(theirs, self._memory_bytes), name="monitor-worker", daemon=True
            )
            self._process.start()
            theirs.close()
        except (OSError, EOFError) as error:
            self._process = self._pipe = None
            raise WorkerFailed(f"no worker process could be started: {error}") from error

    def _ask(self, message: _Preparation | _Job) -> Any:
        assert self._process is not None
        assert self._pipe is not None
        reply: Done[Any] | Failed | None = None
        with _Deadline(message.seconds, self._process) as deadline, suppress(EOFError, OSError):
            self._pipe.send(message)
            reply = self._pipe.recv()
        match reply:
            case Done(result) if not deadline.passed:
                return result
            case Done(result):
                self.end()  # the answer crossed the deadline on its way
                return result
            case Failed(why, spoilt):
                if spoilt or deadline.passed:
                    self.end()
                raise WorkerFailed(why)
            case None:
                exit_status = self.end()
                if deadline.passed or exit_status == -signal.SIGALRM:
                    raise WorkerFailed(f"took longer than {message.seconds:.3g} s and was stopped")
                raise WorkerFailed(f"the worker process died: {_cause_of_death(exit_status)}")

    def kill(self) -> None:
        """Ends the process in the middle of its job, from another thread."""
        with suppress(AttributeError, ValueError):  # it may end by itself at this very moment
            self._process.kill()  # type: ignore[union-attr]

    def end(self) -> int | None:
        """Ends the process, by force if need be; its exit status, negative for a signal. None: there was none."""
        if self._process is None or self._pipe is None:
            return None
        self._pipe.close()
        self._process.join(FAREWELL_SECONDS)
        self._process.kill()
        self._process.join()
        exit_status = self._process.exitcode
        self._process.close()
        self._process = self._pipe = self._brief = None
        return exit_status


class _Deadline:
    """Kills a process that is still at work after `seconds`; then `passed` is true."""

    def __init__(self, seconds: float, process: BaseProcess) -> None:
        self.passed = False
        self._process = process
        self._over = False
        self._lock = Lock()
        self._timer = Timer(seconds, self._pass)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._lock:
            self._over = True
        self._timer.cancel()

    def _pass(self) -> None:
        with self._lock:
            if not self._over:
                self.passed = True
                self._process.kill()


def _cause_of_death(exit_status: int | None) -> str:
    if exit_status is None or exit_status >= 0:
        return f"exit status {exit_status}"
    try:
        return signal.Signals(-exit_status).name
    except ValueError:
        return f"signal {-exit_status}"


@dataclass(frozen=True, slots=True)
class _Preparation:
    """Make your desk of this brief."""

    prepare: Callable[[Any], Any]
    brief: object
    seconds: float


@dataclass(frozen=True, slots=True)
class _Job:
    """Do this with your desk."""

    job: Callable[[Any], Any]
    seconds: float


def _serve(pipe: Connection, memory_bytes: int) -> None:
    """The life of a process: take a message, answer it, until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the daemon, which then ends us in its own order
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    soft = memory_bytes if hard == resource.RLIM_INFINITY else min(memory_bytes, hard)
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    with suppress(EOFError, OSError):
        try:
            _answer(pipe)
        except MemoryError:  # the job or its result did not even fit through the pipe
            pipe.send(Failed("ran out of memory", spoilt=True))
            while os.read(pipe.fileno(), _DRAINED_BYTES):  # of the job; or its sender would never come to hear that
                pass


def _answer(pipe: Connection) -> None:
    desk: Any = None
    reply: Done[Any] | Failed
    while True:
        message = pipe.recv()
        # Nobody handles this signal, so it ends the process even in the middle of C code.
        signal.setitimer(signal.ITIMER_REAL, message.seconds + ALARM_GRACE_SECONDS)
        match message:
            case _Preparation(prepare, brief):
                reply = attempt(prepare, brief)
                if isinstance(reply, Done):
                    desk, reply = reply.result, Done(None)
                    gc.freeze()  # the desk stays, so a collection need not go through ten thousand rules each time
            case _Job(job):
                reply = attempt(job, desk)
        pipe.send(reply)
        signal.setitimer(signal.ITIMER_REAL, 0)
