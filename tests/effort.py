"""How much work something is, told without a clock: a slow or busy machine makes no test fail."""

from __future__ import annotations

import os
import resource
import signal
import sys
import traceback
import warnings
from collections.abc import Callable
from types import FrameType
from typing import Any

# Of twice the input: twice the work, and some for what does not grow evenly. The square of it is four times.
TWICE = 2.3


def steps(work: Callable[[], object]) -> int:
    """How many lines of Python some work runs and how many functions it calls, C's included: the same everywhere.

    What one call does in C, such as a search by a regular expression, counts as one; for that there is `must_end`.
    """
    count = 0

    def see_line(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal count
        count += 1
        return see_line

    def see_call(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event == "c_call"

    before = sys.gettrace(), sys.getprofile()
    sys.settrace(see_line)
    sys.setprofile(see_call)
    try:
        work()
    finally:
        sys.setprofile(before[1])
        sys.settrace(before[0])
    return count


def must_end(work: Callable[[], object], *, cpu_seconds: int) -> None:
    """Does some work in a process of its own, which the kernel ends after so much processor time.

    A guard against work that does not end, not a timing: the bound is 50 times or more what the work takes, and the
    input so large that work in step with its square would take many times the bound. What fails in there fails here.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of fork() beside threads; the child starts none
        child = os.fork()
    if child == 0:
        failed = 1
        try:
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
            work()
            failed = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(failed)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status not in (-signal.SIGXCPU, -signal.SIGKILL), f"no end after {cpu_seconds} seconds of processor time"
    assert status == 0, "it failed; the reason stands in what was written to stderr"
