"""The exec channel: a program of the operator's, run once a message, the message on its standard input.

It is told by way of exit statuses (sysexits.h): 0 taken, 75 (EX_TEMPFAIL) not now, 65 (EX_DATAERR) never this message.
Nothing of ours reaches it but the message: no secret, no open file, no shell in between.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, AsyncIterable, Mapping
from contextlib import suppress
from tempfile import TemporaryFile

from monitor.channels import payload
from monitor.channels.payload import Payload
from monitor.model import ChannelSpec, Delivered, Delivery, DeliveryResult, Refused, TryAgain
from monitor.text import one_line

KEPT_VARIABLES = ("PATH", "LANG", "HOME")

EX_DATAERR = 65
EX_TEMPFAIL = 75
NO_PROGRAM = (126, 127)  # what shells say of a command that they cannot run, or cannot find

STDERR_KEPT = 4096  # bytes from its end
_SAID = 200  # code points of a program's last words that are kept
_LONGEST_VALUE = 1000  # code points of a variable; the kernel takes 128 KiB


class ExecChannel:
    """Runs a program for each message."""

    def __init__(self, spec: ChannelSpec, *, environ: Mapping[str, str]) -> None:
        """`environ` is our own environment; three variables of it are passed on."""
        self.name = spec.name
        self._command = spec.command
        self._timeout = spec.timeout.total_seconds()
        self._environment = {name: environ[name] for name in KEPT_VARIABLES if name in environ}

    async def send(self, deliveries: AsyncIterable[Delivery]) -> AsyncGenerator[tuple[Delivery, DeliveryResult], None]:
        """Runs the program for each message. After it turned out that it cannot be run, the rest is not offered."""
        hung = 0  # messages in a row over which it did not end
        async for delivery in deliveries:
            message = payload.read(delivery)
            if isinstance(message, Refused):
                yield delivery, message
                continue
            result = await self._offer(delivery, message)
            if result is None:
                hung += 1
                # Once may be the message's fault. Twice is the program's.
                result = TryAgain(why=f"{self._program} did not end within {self._timeout:g} s", channel_wide=hung > 1)
            else:
                hung = 0
            yield delivery, result
            if isinstance(result, TryAgain) and result.channel_wide:
                return

    @property
    def _program(self) -> str:
        return self._command[0]

    async def _offer(self, delivery: Delivery, message: Payload) -> DeliveryResult | None:
        """What the program made of one message; None when it did not end in time."""
        environment = {
            **self._environment,
            "MONITOR_ID": message.id,
            "MONITOR_KIND": one_line(message.kind, _LONGEST_VALUE),
            "MONITOR_SUBJECT": one_line(message.subject, _LONGEST_VALUE),
            "MONITOR_RECIPIENT": one_line(delivery.recipient, _LONGEST_VALUE),
        }
        try:
            # A file, not a pipe: a program that does not read its input does not hold us up.
            with TemporaryFile() as written, _LastWords() as words:
                written.write(delivery.message)
                written.seek(0)
                process = await asyncio.create_subprocess_exec(
                    *self._command,
                    stdin=written,
                    stdout=asyncio.subprocess.DEVNULL,
                    stderr=words.writing,
                    env=environment,
                    cwd="/",
                    start_new_session=True,  # a process group of its own, to be killed as one
                )
                words.begin()
                try:
                    async with asyncio.timeout(self._timeout):
                        status = await process.wait()
                except TimeoutError:
                    return None
                finally:
                    if process.returncode is None:
                        with suppress(ProcessLookupError):
                            os.killpg(process.pid, signal.SIGKILL)
                        await process.wait()
                said = words.last_line()
        except OSError as error:
            why = f"{self._program} cannot be run: {error.strerror or error}. Correct the channel's command"
            return TryAgain(why=why, channel_wide=True)
        return _result(self._program, status, said)


def _result(program: str, status: int, said: str) -> DeliveryResult:
    """What an exit status means. Negative: the signal that ended the program."""
    words = f": {said}" if said else ""
    if status == 0:
        return Delivered(reply=f"exit status 0{words}")
    if status < 0:
        return TryAgain(why=f"{program} was ended by {_signal(-status)}{words}")
    ended = f"{program} ended with status {status}"
    if status in NO_PROGRAM:
        return TryAgain(why=f"{ended}: something in it cannot be run{words}", channel_wide=True)
    if status == EX_DATAERR:
        return Refused(why=f"{ended}: it refuses this message{words}", about="message")
    return TryAgain(why=f"{ended}{words}")


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


class _LastWords:
    """Takes in what a program writes to standard error, however much, and keeps the end of it.

    A pipe of our own, because asyncio's ends only when every process that has it ends: one that the program left
    behind would hold us up.
    """

    def __init__(self) -> None:
        self._kept = bytearray()

    def __enter__(self) -> _LastWords:
        self._reading, self.writing = os.pipe()
        os.set_blocking(self._reading, False)
        return self

    def begin(self) -> None:
        """To be called once the program has its end of the pipe."""
        os.close(self.writing)
        self.writing = -1
        asyncio.get_running_loop().add_reader(self._reading, self._take)

    def __exit__(self, *_: object) -> None:
        if self.writing >= 0:
            os.close(self.writing)
        else:
            asyncio.get_running_loop().remove_reader(self._reading)
        os.close(self._reading)

    def _take(self) -> bool:
        """Takes in one piece; whether there may be more now."""
        try:
            piece = os.read(self._reading, 65_536)
        except BlockingIOError:
            return False
        if not piece:
            asyncio.get_running_loop().remove_reader(self._reading)
            return False
        self._kept = (self._kept + piece)[-STDERR_KEPT:]
        return True

    def last_line(self) -> str:
        """The last line that says something, cleaned; empty when there is none. The program has ended."""
        # What it wrote before it ended is in the pipe by now. A process that goes on writing gets no more than that.
        for _ in range(16):
            if not self._take():
                break
        lines = (one_line(line, _SAID) for line in reversed(self._kept.decode("utf-8", "replace").splitlines()))
        return next((line for line in lines if line), "")
