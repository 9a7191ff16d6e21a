"""An upload into a file that gets its object's name once it is whole."""

import asyncio
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from infra.errors import Halt, Retryable
from infra.objects.base import ObjectChanged, ObjectExists, Replace, StoredObject
from infra.objects.disk import disk_errors, make_folders, sync_folder, write_back
from infra.objects.parts import alone, end_part, keep_part

_WRITE_BACK_BYTES: Final = 32 * 1024 * 1024
_SAVE_SECONDS: Final = 1.0
_MOST_RACES: Final = 100


@dataclass(slots=True)
class FileUpload:
    """An `Upload` into `file`, which becomes `path` when it is finished.

    A resumable one is synced about once a second, beside the writing, which does not wait for the disk.
    """

    root: Path
    path: Path
    name: str
    replace: Replace
    file: BinaryIO
    id: str = ""
    saved: int = 0
    _saving: asyncio.Future[None] | None = None
    _saved_at: float = field(default_factory=lambda: asyncio.get_running_loop().time())
    _lost: bool = False
    _finished: bool = False

    async def write(self, *chunks: bytes) -> None:
        if self._saving is not None and self._saving.done():
            self._saving.result()
        await asyncio.to_thread(self._write, chunks)
        if self.id and (self._saving is None or self._saving.done()):
            self._save_now_and_then()

    def _write(self, chunks: Sequence[bytes]) -> None:
        with disk_errors(self.root):
            before, size = self.file.tell(), sum(map(len, chunks))
            self.file.writelines(chunks)
            self.file.flush()  # a kill takes what is still buffered
            if before // _WRITE_BACK_BYTES != (before + size) // _WRITE_BACK_BYTES:
                write_back(self.file)

    def _save_now_and_then(self) -> None:
        loop = asyncio.get_running_loop()
        if loop.time() - self._saved_at >= _SAVE_SECONDS:
            self._saved_at = loop.time()
            self._saving = loop.run_in_executor(None, self._save)

    def _save(self) -> None:
        with disk_errors(self.root):
            found = os.fstat(self.file.fileno())
            if found.st_nlink == 0:
                raise self._discarded()
            with self._losing():
                os.fdatasync(self.file.fileno())
            if self.saved == 0:
                sync_folder(Path(self.file.name).parent)
            self.saved = found.st_size

    @contextmanager
    def _losing(self) -> Iterator[None]:
        """What the disk did not take is given up: the file shows it, and the next sync would succeed."""
        try:
            yield
        except OSError:
            self._lost = True
            raise

    async def finish(self) -> StoredObject:
        if self._saving is not None:
            await asyncio.shield(self._saving)
        return await asyncio.to_thread(self._finish)

    def _finish(self) -> StoredObject:
        with disk_errors(self.root):
            self.file.flush()
            with self._losing():
                os.fsync(self.file.fileno())
            stored = stored_object(self.name, os.fstat(self.file.fileno()))
            self._name_it()
        self._finished = True
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
            if os.fstat(self.file.fileno()).st_nlink == 0:
                raise self._discarded()
        raise Retryable(f"{self.root}: the folder of an upload does not stay.")

    def _discarded(self) -> Retryable:
        return Retryable(f"{self.root}: an upload was discarded while it was written.")

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

    async def leave(self) -> None:
        """A cancelled write may still run in its thread: the file's own lock makes closing wait for it."""
        if self._saving is not None:
            await asyncio.gather(self._saving, return_exceptions=True)
        await asyncio.to_thread(self._leave)

    def _leave(self) -> None:
        if self._finished or not self.id:
            end_part(self.file)
            return
        if not self._lost:
            with suppress(Halt, Retryable):
                self._save()
        keep_part(self.file, self.saved if self._lost else None)


def stored_object(name: str, found: os.stat_result) -> StoredObject:
    return StoredObject(name, found.st_size, version=f"{found.st_ino}-{found.st_mtime_ns}")
