"""What a file system's refusals mean, and how to make it keep what it was given."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final
from uuid import UUID

from infra.errors import Halt, Retryable

_WHAT_TO_DO: Final = {
    errno.ENOSPC: "The disk of {root} is full: make room on it, then start again.",
    errno.EDQUOT: "The disk quota of {root} is used up: raise it or make room, then start again.",
    errno.EFBIG: "A file in {root} may not become larger: raise the limit on file sizes, then start again.",
    errno.EROFS: "{root} can only be read: mount it for writing, then start again.",
    errno.EACCES: "{root} is closed to this user: give it to the one that runs Adjourn, then start again.",
    errno.EIO: "The disk of {root} reports errors: look after the disk, then start again.",
    errno.ENOENT: "{root} is not there: mount it, or create it with `adjourn setup`, then start again.",
    errno.ENOTSUP: "{root} lacks hard links or locks: choose another file system, then start again.",
}
_ALIKE: Final = {errno.EPERM: errno.EACCES, errno.ENOLCK: errno.ENOTSUP, errno.EXDEV: errno.ENOTSUP}
_THIS_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")


@contextmanager
def disk_errors(root: Path) -> Iterator[None]:
    """Turn what the operating system says of files below `root` into `Halt` or `Retryable`.

    A name that asks for a file where a folder is, or the other way round, is a `ValueError`.
    """
    try:
        yield
    except (IsADirectoryError, NotADirectoryError, FileExistsError) as exc:
        if root.exists() and not root.is_dir():
            raise Halt(
                f"{root} is a file: move it away, or set another ADJOURN_OBJECTS_URL, then start again."
            ) from exc
        raise ValueError("Where the name needs a folder there is a file, or the other way round.") from exc
    except OSError as exc:
        number = exc.errno or 0
        sentence = _WHAT_TO_DO.get(_ALIKE.get(number, number))
        if sentence is None:
            raise Retryable(f"{root}: {os.strerror(number)}.") from exc
        raise Halt(sentence.format(root=root)) from exc


def sync_folder(folder: Path) -> None:
    """Names given or taken away in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_back(file: BinaryIO) -> None:
    """Have the disk begin with what was written, and give back the memory of what it has.

    Otherwise a recording piles up in memory until its `fsync`, that of other files (the log) waits behind it,
    and 1 GB takes two to five times as long. On Linux the advice to forget a file's pages does both.
    """
    if sys.platform == "linux":
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def make_folders(folder: Path) -> None:
    """`folder` and all above it are there, and stay there after a power cut."""
    if folder.is_dir():
        return
    make_folders(folder.parent)
    try:
        folder.mkdir()
    except FileExistsError:
        if folder.is_file():
            raise
        # Another made it, and may have removed it again: `exist_ok` takes that for a file.
    sync_folder(folder.parent)


def this_boot() -> str:
    """A word for this start of this machine, which no other has; empty where the system tells none.

    Within one start nothing that was written is lost, whoever is killed.
    """
    try:
        return str(UUID(_THIS_BOOT.read_text().strip()))
    except (OSError, ValueError):
        return ""
