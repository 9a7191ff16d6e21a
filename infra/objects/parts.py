"""Files that grow under a temporary name until they are whole.

Each is locked by the process that writes it: what nobody locks was left by a process that was killed, or to
be resumed. The kernel lets go of a lock when its process is dead, not before: one that is frozen keeps it.
"""

import fcntl
import os
import re
import secrets
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from infra.objects.base import Swept
from infra.objects.disk import sync_folder

_SUFFIX: Final = ".part"
_ID: Final = re.compile(r"[0-9a-f]{32}\.[0-9a-f-]{0,36}")


def begin_part(folder: Path, upload_id: str = "") -> BinaryIO:
    """A new, locked file in `folder`. Its `name` is its path."""
    while True:
        file = (folder / f"{upload_id or secrets.token_hex(16)}{_SUFFIX}").open("xb")
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            swept = os.fstat(file.fileno()).st_nlink == 0
        except BaseException:
            end_part(file)
            raise
        if not swept:  # it can happen between the creation and the lock
            return file
        file.close()


def new_id(boot: str) -> str:
    """Of an upload to be resumed. It says in which start of the machine the upload was begun."""
    return f"{secrets.token_hex(16)}.{boot}"


def resume_part(folder: Path, upload_id: str, boot: str, saved: int) -> BinaryIO | None:
    """The file, locked, cut to what is surely right, synced and at its end. Null as in `ObjectStore.resume`.

    Begun in this start of the machine, all of it is right. Else there may have been a power cut, after which
    a file can have the length of what was written with zeros in its place: `saved` bytes are believed then.
    """
    try:
        file = _path(folder, upload_id).open("r+b")
    except FileNotFoundError:
        return None
    try:
        if _taken(file):
            _cut(file, saved, all_is_right=boot != "" and upload_id.endswith(f".{boot}"))
            sync_folder(folder)
            return file
    except BaseException:
        file.close()
        raise
    file.close()
    return None


def _cut(file: BinaryIO, saved: int, *, all_is_right: bool) -> None:
    certain = min(saved, os.fstat(file.fileno()).st_size)
    try:
        if not all_is_right:
            file.truncate(certain)
        os.fsync(file.fileno())
    except OSError:
        file.truncate(certain)  # what the disk did not take: the next sync would succeed without it
        raise
    file.seek(0, os.SEEK_END)


def _taken(file: BinaryIO) -> bool:
    """Whether it is ours now: nobody's, and neither swept nor given its name meanwhile."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    match os.fstat(file.fileno()).st_nlink:
        case 0:
            return False
        case 1:
            return True
        case _:  # its process was killed before it took the temporary name away: this is the object itself
            os.unlink(file.name)
            return False


def end_part(file: BinaryIO) -> None:
    """Close it and take its temporary name away; the name that it was given stays."""
    with suppress(OSError):
        os.unlink(file.name)
    with suppress(OSError):
        file.close()  # may write what is still buffered


def keep_part(file: BinaryIO, size: int | None) -> None:
    """Close it, and leave it to be resumed: all of it, or its first `size` bytes."""
    held = os.dup(file.fileno())
    try:
        with suppress(OSError):
            file.close()  # may write what is still buffered: behind the end, if it were cut before
        if size is not None:
            with suppress(OSError):
                os.truncate(held, size)
    finally:
        os.close(held)  # the lock goes with it


def discard_part(folder: Path, upload_id: str) -> None:
    """Its bytes are gone when whoever writes it has closed it, and can become no object from now on."""
    with suppress(FileNotFoundError):
        _path(folder, upload_id).unlink()
        sync_folder(folder)


def _path(folder: Path, upload_id: str) -> Path:
    """Ids come from where they were written down: one that is none of ours must not lead elsewhere."""
    if not _ID.fullmatch(upload_id):
        raise FileNotFoundError(upload_id)
    return folder / f"{upload_id}{_SUFFIX}"


def sweep(folder: Path, older_than_seconds: float, keep: Collection[str]) -> Swept:
    """Remove the parts that no living process writes, of those that grew last longer ago than that."""
    uploads, size = 0, 0
    bound = time.time() - older_than_seconds
    kept = frozenset(keep)
    for path in folder.glob(f"*{_SUFFIX}"):
        # Not even looked at more closely: who resumes it just now would find it locked.
        if path.name.removesuffix(_SUFFIX) in kept:
            continue
        with suppress(FileNotFoundError, BlockingIOError), path.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            found = os.fstat(file.fileno())
            if found.st_mtime <= bound:
                path.unlink()
                uploads, size = uploads + 1, size + found.st_size
    return Swept(uploads, size)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One of all processes at a time replaces or removes what has a name: else a version that was looked at
    could be gone before it is replaced."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
