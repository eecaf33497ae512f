"""The maildir channel: messages as files that any mail program reads (https://cr.yp.to/proto/maildir.html)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterable
from hashlib import blake2b
from pathlib import Path

from monitor.model import Delivered, Delivery, DeliveryResult, TryAgain


class MaildirChannel:
    """Writes each message into a folder, once: the file is named for the Message-ID, so a repeat finds it there."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self._folder = folder

    async def send(self, deliveries: AsyncIterable[Delivery]) -> AsyncGenerator[tuple[Delivery, DeliveryResult], None]:
        """Writes each message, off the event loop: a full or slow disk must not hold up everything else."""
        async for delivery in deliveries:
            yield delivery, await asyncio.to_thread(self._write, delivery)

    def _write(self, delivery: Delivery) -> DeliveryResult:
        # One message to two recipients is two messages: each has a Message-ID of its own.
        name = blake2b(delivery.message_id.encode(), digest_size=16).hexdigest() + ".monitor"
        try:
            there = self._already(name)
            if there is None:
                there = self._deliver(name, delivery.message)
        except OSError as error:
            why = f"the maildir {self._folder} cannot be written: {error.strerror or error}"
            return TryAgain(why=why, channel_wide=True)
        return Delivered(reply=str(there))

    def _already(self, name: str) -> Path | None:
        """The message, if it was delivered before: still new, or read and moved (flags follow its name)."""
        fresh = self._folder / "new" / name
        if fresh.exists():
            return fresh
        return next(iter((self._folder / "cur").glob(f"{name}*")), None)

    def _deliver(self, name: str, message: bytes) -> Path:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for part in ("tmp", "new", "cur"):
            (self._folder / part).mkdir(mode=0o700, exist_ok=True)
        draft, final = self._folder / "tmp" / name, self._folder / "new" / name
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            # Mail on disk has Unix line ends; mail programs expect them in a maildir.
            file.write(message.replace(b"\r\n", b"\n"))
            file.flush()
            os.fsync(file.fileno())
        draft.rename(final)
        _sync(final.parent)
        return final


def _sync(folder: Path) -> None:
    """Makes a rename in this folder survive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
