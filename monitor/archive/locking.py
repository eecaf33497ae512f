"""Who holds an archive, and whether its last holder came to close it.

The lock is the kernel's, on a file beside the archive: it ends with the process that has it, in whatever way that ends.
In the file stand two lines: who holds the archive (`closed` when that was given back), and what the archive is known
by, so that one that is gone, or another one in its place, is noticed at the next start.
"""

from __future__ import annotations

import fcntl
import os
import sys
from datetime import datetime
from pathlib import Path

from monitor.archive.values import instant_text
from monitor.errors import ArchiveBusy, ArchiveError, ArchiveForeign

# Owner writes, group reads. The process's umask can only take away from it.
ARCHIVE_MODE = 0o640

_CLOSED = "closed"
_NAMED = "archive "


class Lock:
    """The lock on an archive, held until it is closed. Raises ArchiveBusy, naming the holder; ArchiveError."""

    def __init__(self, path: Path, *, now: datetime) -> None:
        self._path = path
        self._file = self._acquire()
        lines = os.pread(self._file, 1000, 0).decode(errors="replace").splitlines()
        self.was_left = bool(lines) and not lines[0].startswith(_CLOSED)  # the last holder did not close the archive
        named = (line.removeprefix(_NAMED) for line in lines if line.startswith(_NAMED))
        self._name = next(named, None)  # of the archive that was here; None: there was none yet, or it is not known
        self._before = lines[0] if lines else _CLOSED
        command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])
        self._holder = f"pid {os.getpid()} since {instant_text(now)} ({command})"
        self._write(self._holder)

    def _acquire(self) -> int:
        lock_path = Path(f"{self._path}.lock")
        try:
            lock = os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, ARCHIVE_MODE)
        except OSError as error:
            raise ArchiveError(
                f"archive {self._path} cannot be opened for writing: {lock_path}: {error.strerror}."
                " Give the folder to the user who runs monitor."
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(lock, 1000, 0).decode(errors="replace").partition("\n")[0]
            os.close(lock)
            raise ArchiveBusy(
                f"archive {self._path} is in use by {holder or 'another process'}."
                " Stop that one first; the commands that only read need not wait."
            ) from error
        return lock

    def refuse_if_gone(self) -> None:
        """Raises ArchiveForeign where an archive was that is not there any more."""
        if self._name is not None:
            raise ArchiveForeign(
                f"archive {self._path} is gone: there was one. Put it back, or restore a backup"
                f" (`monitor db restore`). To begin a new one, remove {self._path}.lock."
            )

    def note(self, name: str) -> None:
        """The archive is open, and is known by this name. Raises ArchiveForeign where it had another one."""
        if self._name not in (None, name):
            raise ArchiveForeign(
                f"archive {self._path} is another one than was here before. It was not touched. Put the right one back;"
                f" or, if this is the one you want, remove {self._path}.lock."
            )
        self._name = name
        self._before = self._holder
        self._write(self._holder)

    def forget(self) -> None:
        """Another archive was put here."""
        self._name = None

    def close(self, *, in_order: bool) -> None:
        """Gives the archive back: closed; or else as it was found, or as one whose pages are to be checked."""
        self._write(_CLOSED if in_order else self._before)
        os.close(self._file)

    def _write(self, holder: str) -> None:
        lines = [holder] + ([f"{_NAMED}{self._name}"] if self._name else [])
        text = "".join(f"{line}\n" for line in lines).encode(errors="replace")
        os.pwrite(self._file, text, 0)
        os.ftruncate(self._file, len(text))
