"""One file, replaced whole or not at all, by one process at a time."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from monitor.config.yaml_positions import MAX_BYTES
from monitor.errors import EditError

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedFile:
    """A file that no other edit of ours can replace at the moment."""

    path: Path  # as given, for messages
    target: Path  # the file itself, symbolic links followed
    data: bytes  # what it held when the lock was taken
    folder: int  # its directory, open; carries the lock

    def replace(self, data: bytes) -> None:
        """Puts `data` in the file's place at once: whoever reads it sees all of the old or all of the new.

        Mode, owner and extended attributes stay. Raises EditError, with the file as it was, when it cannot be done or
        when another program (an editor) wrote the file since it was read.
        """
        written: Path | None = None
        try:
            before = self.target.stat()
            if not os.access(self.target, os.W_OK):
                raise PermissionError(errno.EACCES, "it is write-protected")
            descriptor, name = tempfile.mkstemp(prefix=f".{self.target.name}.", dir=self.target.parent)
            written = Path(name)
            with open(descriptor, "wb") as file:  # noqa: PTH123  # an open descriptor has no path
                if (before.st_uid, before.st_gid) != (os.geteuid(), os.fstat(descriptor).st_gid):
                    os.fchown(descriptor, before.st_uid, before.st_gid)
                shutil.copystat(self.target, written)  # before the writing, which makes it as new as it is
                file.write(data)
                file.flush()
                os.fsync(descriptor)
            if self.target.read_bytes() != self.data:
                raise EditError(f"{self.path} was changed by another program meanwhile. It was left so; run this again")
            written.replace(self.target)
            written = None
        except OSError as error:
            reason = f"{self.path} could not be replaced: {error.strerror}. It was left as it is"
            raise EditError(f"{reason}; {self._advice(error)}") from error
        finally:
            if written is not None:
                written.unlink()
        try:
            os.fsync(self.folder)
        except OSError as error:
            message = f"{self.path} was replaced, but the disk did not confirm it: {error.strerror}. Check the disk"
            raise EditError(message) from error

    def _advice(self, error: OSError) -> str:
        if error.errno in _NO_ROOM:
            return f"make room in {self.target.parent}"
        if error.errno == errno.EROFS:
            return "its file system is read-only: edit it where it comes from"
        return f"run this as a user who may write to it and to {self.target.parent}, such as the file's owner"


@contextmanager
def locked(path: Path) -> Iterator[LockedFile]:
    """The file, for as long as no other edit of ours can replace it; waits for one that is under way.

    The lock is on the folder: a lock on the file would stay behind on the old one when a new one takes its place.
    Raises EditError when there is no such file or it cannot be read.
    """
    folder: int | None = None
    try:
        target = path.resolve(strict=True)
        if not stat.S_ISREG(target.stat().st_mode):
            raise EditError(f"{path} is not a file that can be replaced. Name one: monitor --config FILE")
        folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(folder, fcntl.LOCK_EX)
        with target.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        if folder is not None:
            os.close(folder)
        message = f"{path} cannot be read: {error.strerror}. Name a file that monitor may read: monitor --config FILE"
        raise EditError(message) from error
    try:
        yield LockedFile(path=path, target=target, data=data, folder=folder)
    finally:
        os.close(folder)  # which ends the lock
