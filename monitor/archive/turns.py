"""Whose turn it is to write to an archive, where several processes may.

SQLite itself lets one connection write at a time, but before 3.51.3 a checkpoint beside another connection's commit can
corrupt a WAL archive (https://www.sqlite.org/wal.html, "The WAL-Reset Bug"). A checkpoint runs within a commit or a
close, so taking turns at both keeps the two apart.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

from monitor.errors import ArchiveError

PATIENCE_SECONDS = 30.0  # a turn is one transaction; who has one for longer was stopped in the middle of it
_ASK_EVERY_SECONDS = 0.005


class Turns:
    """A process's way to take turns; the file `<archive>.turn` is only there to be locked."""

    def __init__(self, path: Path, *, mode: int) -> None:
        self._path = path
        try:
            self._file = os.open(f"{path}.turn", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, mode)
        except OSError as error:
            raise ArchiveError(
                f"archive {path} cannot be opened for writing: {path}.turn: {error.strerror}."
                " Give the folder to the user who runs monitor."
            ) from error

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Our turn, when nobody else has it. Raises ArchiveError when somebody does not give it back."""
        until = monotonic() + PATIENCE_SECONDS
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if monotonic() > until:
                    raise ArchiveError(
                        f"archive {self._path}: another monitor command has been writing for {PATIENCE_SECONDS:g} s."
                        f" Look for one that was stopped (fuser {self._path}.turn), and end it."
                    ) from None
                sleep(_ASK_EVERY_SECONDS)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Ends it; who has the turn loses it."""
        os.close(self._file)
