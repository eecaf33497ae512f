"""Jobs for worker processes in tests: in a module of their own, so that a fresh process can import them."""

from __future__ import annotations

import os
import signal
import time


def prepare(brief: str) -> str:
    """A desk that is its brief."""
    return brief


def prepare_badly(brief: str) -> str:
    """A desk that cannot be made."""
    raise ValueError(f"cannot make anything of {brief}")


def tell(desk: str) -> tuple[str, int]:
    """The desk, and the process it is in."""
    return desk, os.getpid()


def hang(desk: str) -> None:
    """Never ends, and uses the interpreter all the while."""
    while True:
        pass


def announce_and_hang(desk: str) -> None:
    """Says which process it is in, and never ends."""
    print(os.getpid(), flush=True)
    hang(desk)


def die(desk: str) -> None:
    """Ends its process as the kernel does when memory runs out."""
    os.kill(os.getpid(), signal.SIGKILL)


def leave(desk: str) -> None:
    """Ends its process with an exit status."""
    os._exit(3)


def eat(desk: str) -> int:
    """Takes more memory than it may have."""
    return len(b"x" * (4 * 1024**3))


def stumble(desk: str) -> None:
    """Raises."""
    raise KeyError("no such thing")


def length(desk: str, *, of: bytes) -> int:
    """How much was sent."""
    return len(of)


def bring(desk: str, *, length: int) -> bytes:
    """That much."""
    return bytes(length)


def wait_for(desk: str, *, path: str) -> str:
    """Says at `path` that it has begun, waits until it may go on, and gives the desk it began with."""
    with open(f"{path}.begun", "w"):  # noqa: PTH123  # a fifo: opening it waits for the other side
        pass
    with open(f"{path}.go"):  # noqa: PTH123
        return desk


def pause(desk: str, *, seconds: float) -> None:
    """Takes its time without using the processor."""
    time.sleep(seconds)
