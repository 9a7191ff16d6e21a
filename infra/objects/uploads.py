"""Files that grow under a temporary name until they are whole.

Each is locked by the process that writes it: what nobody locks was left by a process that was killed.
"""

import asyncio
import fcntl
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from infra.errors import Retryable
from infra.objects.base import ObjectChanged, ObjectExists, Replace, StoredObject, Swept
from infra.objects.disk import disk_errors, make_folders, sync_folder, write_back

_SUFFIX: Final = ".part"
_WRITE_BACK_BYTES: Final = 32 * 1024 * 1024
_MOST_RACES: Final = 100


@dataclass(frozen=True, slots=True)
class FileUpload:
    """An `Upload` into `file`, which becomes `path` when it is finished."""

    root: Path
    path: Path
    name: str
    replace: Replace
    file: BinaryIO

    async def write(self, chunk: bytes) -> None:
        await asyncio.to_thread(self._write, chunk)

    def _write(self, chunk: bytes) -> None:
        with disk_errors(self.root):
            before = self.file.tell()
            self.file.write(chunk)
            if before // _WRITE_BACK_BYTES != (before + len(chunk)) // _WRITE_BACK_BYTES:
                write_back(self.file)

    async def finish(self) -> StoredObject:
        return await asyncio.to_thread(self._finish)

    def _finish(self) -> StoredObject:
        with disk_errors(self.root):
            self.file.flush()
            os.fsync(self.file.fileno())
            stored = stored_object(self.name, os.fstat(self.file.fileno()))
            self._name_it()
        return stored

    def _name_it(self) -> None:
        for _ in range(_MOST_RACES):
            with suppress(
                FileNotFoundError
            ):  # another deleted the folder's last object, and the folder with it
                make_folders(self.path.parent)
                if self.replace is False:
                    self._link()
                else:
                    self._replace()
                sync_folder(self.path.parent)
                return
        raise Retryable(f"{self.root}: the folder of an upload does not stay.")

    def _replace(self) -> None:
        with alone(Path(self.file.name).parent):
            if isinstance(self.replace, StoredObject) and self.replace.version != self._version_there():
                raise ObjectChanged(self.name)
            os.replace(self.file.name, self.path)

    def _version_there(self) -> str | None:
        try:
            return stored_object(self.name, self.path.stat()).version
        except FileNotFoundError:
            return None

    def _link(self) -> None:
        try:
            os.link(self.file.name, self.path)
        except FileExistsError as exc:
            raise ObjectExists(self.name) from exc


def stored_object(name: str, found: os.stat_result) -> StoredObject:
    return StoredObject(name, found.st_size, version=f"{found.st_ino}-{found.st_mtime_ns}")


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


def begin_upload(folder: Path) -> BinaryIO:
    """A new, locked file in `folder`. Its `name` is its path."""
    while True:
        file = (folder / f"{secrets.token_hex(16)}{_SUFFIX}").open("xb")
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            swept = os.fstat(file.fileno()).st_nlink == 0
        except BaseException:
            end_upload(file)
            raise
        if not swept:  # it can happen between the creation and the lock
            return file
        file.close()


def end_upload(file: BinaryIO) -> None:
    """Close it and take its temporary name away; the name that it was given stays."""
    with suppress(OSError):
        os.unlink(file.name)
    with suppress(OSError):
        file.close()  # may write what is still buffered


def sweep(folder: Path, older_than_seconds: float) -> Swept:
    """Remove the uploads that no living process writes, of those that grew last longer ago than that."""
    uploads, size = 0, 0
    bound = time.time() - older_than_seconds
    for path in folder.glob(f"*{_SUFFIX}"):
        with suppress(FileNotFoundError, BlockingIOError), path.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            found = os.fstat(file.fileno())
            if found.st_mtime <= bound:
                path.unlink()
                uploads, size = uploads + 1, size + found.st_size
    return Swept(uploads, size)
