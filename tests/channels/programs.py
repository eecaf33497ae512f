"""What channels for programs send to: a webhook through the real guard, a shell script, a service that stands in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from monitor.channels import AppriseChannel, ExecChannel, WebhookChannel
from monitor.channels.apprise import services_of
from monitor.fetch import Fetcher
from monitor.model import ChannelSpec
from tests.factories import NOW

PATIENCE = timedelta(seconds=30)


def a_webhook(
    url: str, fetcher: Fetcher, *, allow: Sequence[str] = (), secret: str | None = None, timeout: timedelta = PATIENCE
) -> WebhookChannel:
    """A webhook channel that posts through this client."""
    spec = ChannelSpec(name="desk", kind="webhook", url=url, allow_private=tuple(allow), timeout=timeout)
    return WebhookChannel(spec, secret=secret, post=fetcher.post, now=lambda: NOW)


def a_program(folder: Path, script: str) -> list[str]:
    """The command that runs a shell script."""
    file = folder / "program"
    file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    file.chmod(0o700)
    return [str(file)]


def an_exec_channel(
    command: Sequence[str], *, environ: Mapping[str, str] | None = None, timeout: timedelta = PATIENCE
) -> ExecChannel:
    """An exec channel for this command."""
    spec = ChannelSpec(name="desk", kind="exec", command=tuple(command), timeout=timeout)
    return ExecChannel(spec, environ={"PATH": "/usr/bin:/bin"} if environ is None else environ)


def an_apprise_channel(secret: str) -> AppriseChannel:
    """An apprise channel with the real library behind it."""
    spec = ChannelSpec(name="desk", kind="apprise")
    return AppriseChannel(spec, services_of(secret, spec))


class StandIn:
    """A service as apprise gives it, that does what a test says and keeps what it took."""

    def __init__(self, does: Callable[[], bool] = lambda: True) -> None:
        self.does = does
        self.asked = 0
        self.taken: list[tuple[str, str]] = []  # subject and text
        self.thread = threading.main_thread()  # the one that was last at work here

    def notify(self, body: str, title: str = "", *, body_format: str | None = None) -> bool:
        """Takes the message if `does` says so."""
        self.thread = threading.current_thread()
        self.asked += 1
        if not self.does():
            return False
        self.taken.append((title, body))
        return True
