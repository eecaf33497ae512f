"""The apprise channel: messages to the many services that the library apprise knows (an extra).

https://github.com/caronc/apprise/wiki. Its addresses hold the services' tokens, so they are a secret, one a line, and
nothing here repeats one: services are told by their line and their kind. apprise opens connections of its own, past
the guard that all other requests go through.

apprise blocks, so it runs in a thread. A thread cannot be stopped: when its time is over the message is tried again
later, and until the thread has ended nothing else is begun.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from monitor.channels import payload
from monitor.channels.payload import Payload
from monitor.errors import ConfigError, Problem
from monitor.model import ChannelSpec, Delivered, Delivery, DeliveryResult, Refused, TryAgain

REMEMBERED = 1000  # messages that some services have taken and others not


class Notifier(Protocol):
    """One service as apprise gives it: an `apprise.Apprise` with one address."""

    def notify(self, body: str, title: str = ..., *, body_format: str | None = ...) -> Any:
        """Sends. True, in whatever form, when the service took the message."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One line of the secret."""

    name: str  # such as "line 2 (Slack)": which one, without its address
    notifier: Notifier = field(repr=False)


class AppriseChannel:
    """Sends each message to every service of the channel.

    Services that took a message do not get it again when the others are tried again, as long as the program runs.
    """

    def __init__(self, spec: ChannelSpec, services: Sequence[Service]) -> None:
        self.name = spec.name
        self._services = services
        self._seconds = spec.timeout.total_seconds()
        self._taken: dict[str, set[str]] = {}  # names of services, by the message's id
        self._at_work = False  # whether a thread is, perhaps beyond its time

    async def send(self, deliveries: AsyncIterable[Delivery]) -> AsyncGenerator[tuple[Delivery, DeliveryResult], None]:
        """Offers each message to all services. After one of them held it up, the rest is not offered."""
        async for delivery in deliveries:
            message = payload.read(delivery)
            result = message if isinstance(message, Refused) else await self._offer(message)
            yield delivery, result
            if isinstance(result, TryAgain) and result.channel_wide:
                return

    async def _offer(self, message: Payload) -> DeliveryResult:
        if self._at_work:
            return TryAgain(why="apprise is still busy with an earlier message", channel_wide=True)
        while len(self._taken) >= REMEMBERED:
            del self._taken[next(iter(self._taken))]
        taken = self._taken.setdefault(message.id, set())
        try:
            async with asyncio.timeout(self._seconds):
                failed = await self._in_a_thread(lambda: self._notify(message, taken))
        except TimeoutError:
            left = ", ".join(service.name for service in self._services if service.name not in taken)
            why = f"apprise did not end within {self._seconds:g} s; missing: {left or 'nothing any more'}"
            return TryAgain(why=why, channel_wide=True)
        if failed:
            # With several services, those that work need not wait for the one that does not.
            return TryAgain(why=f"not taken by {', '.join(failed)}", channel_wide=len(failed) == len(self._services))
        self._taken.pop(message.id, None)
        return Delivered(reply=f"taken by {', '.join(service.name for service in self._services)}")

    def _notify(self, message: Payload, taken: set[str]) -> list[str]:
        """Sends to the services that have not taken the message yet; those that failed, and how if that is known."""
        failed = []
        for service in self._services:
            if service.name in taken:
                continue
            try:
                if service.notifier.notify(message.text, message.subject, body_format="text"):
                    taken.add(service.name)
                    continue
                failed.append(service.name)
            except Exception as error:  # There are a hundred services, each with a module of its own.
                failed.append(f"{service.name}, {type(error).__name__}")  # its text may repeat the address
        return failed

    async def _in_a_thread(self, work: Callable[[], list[str]]) -> list[str]:
        """The result of `work`, from a thread that does not keep the program from ending."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[list[str]] = loop.create_future()

        def run() -> None:
            try:
                found = work()
            finally:
                self._at_work = False
            with suppress(RuntimeError):  # the program has ended meanwhile
                loop.call_soon_threadsafe(lambda: None if done.done() else done.set_result(found))

        self._at_work = True
        threading.Thread(target=run, name=f"apprise {self.name}", daemon=True).start()
        return await done


def services_of(secret: str, spec: ChannelSpec) -> tuple[Service, ...]:
    """The services that a channel's secret names, one a line; lines that begin with "#" are not read.

    Raises ConfigError, which does not repeat it, for a line that apprise cannot read, and ModuleNotFoundError without
    the extra.
    """
    import apprise

    # They name addresses, tokens and all: apprise whenever something does not work, the others at every request.
    for library in ("apprise", "urllib3", "requests", "oauthlib", "requests_oauthlib"):
        logging.getLogger(library).setLevel(logging.CRITICAL + 1)
    asset = apprise.AppriseAsset(storage_mode="memory")
    asset.http_redirects = False
    services = []
    for number, line in enumerate(secret.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        notifier = apprise.Apprise(asset=asset)
        if not notifier.add(line.strip()):
            raise _unusable(spec, f"line {number} is no address that apprise can read. Correct it")
        services.append(Service(name=f"line {number} ({notifier[0].service_name})", notifier=notifier))
    if not services:
        raise _unusable(spec, "it names no service. Write apprise's addresses into it, one a line")
    return tuple(services)


def _unusable(spec: ChannelSpec, message: str) -> ConfigError:
    return ConfigError(f"the secret {spec.secret_name}", (Problem(line=0, column=0, path="", message=message),))
