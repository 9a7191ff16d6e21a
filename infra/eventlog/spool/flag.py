"""One byte that every process at a spool sees at the price of a look into memory, and who of them drains."""

import fcntl
import mmap
import os
from pathlib import Path
from typing import Final

NOTHING_SPOOLED: Final = 0
SPOOLED: Final = 1
NEARLY_DRAINED: Final = 2
"""Who wants to spool waits a moment: soon nobody needs to."""

SharedByte = mmap.mmap | bytearray


class SpoolFlag:
    """`byte[0]` is one of the three above; `Spool` says who changes it when.

    A crash may leave it up, which costs the next records a detour; never down while there is something.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None
        self.byte: SharedByte = bytearray(1)
        """Until the flag is open it is this process's own."""

    @property
    def is_open(self) -> bool:
        return self._descriptor is not None

    def open(self) -> None:
        """Raises `OSError`."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            if os.fstat(descriptor).st_size == 0:
                os.ftruncate(descriptor, 1)
            self.byte = mmap.mmap(descriptor, 1)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor

    def lead(self) -> bool:
        """True for one process at a time: until it follows, closes the flag or dies."""
        if self._descriptor is None:
            return False
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def follow(self) -> None:
        if self._descriptor is not None:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        self.byte = bytearray(1)
