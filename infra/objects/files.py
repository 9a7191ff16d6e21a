"""Objects as files in a folder.

An upload grows under `.uploads` in the same folder and gets its name in one step once it is whole and synced:
no moment shows half of it, and no name is taken twice.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from infra.objects.base import Replace, StoredObject, Swept, Upload
from infra.objects.disk import disk_errors, make_folders, sync_folder
from infra.objects.names import RESERVED, checked
from infra.objects.uploads import FileUpload, alone, begin_upload, end_upload, stored_object, sweep

_READ_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class FileObjects:
    """See `ObjectStore`. `root` is an absolute path; nothing outside of it is touched.

    The operating system knows no media types: they are the manifest's to keep.
    """

    root: Path

    def begin(
        self, name: str, *, media_type: str, replace: Replace = False
    ) -> AbstractAsyncContextManager[Upload]:
        return self._begin(name, self._path(name), replace)

    @asynccontextmanager
    async def _begin(self, name: str, path: Path, replace: Replace) -> AsyncIterator[Upload]:
        file = await asyncio.to_thread(self._begin_upload)
        try:
            yield FileUpload(self.root, path, name, replace, file)
        finally:
            # A cancelled write may still run in its thread: the file's own lock makes closing wait for it.
            await asyncio.shield(asyncio.to_thread(end_upload, file))

    def _begin_upload(self) -> BinaryIO:
        with disk_errors(self.root):
            return begin_upload(self.root / RESERVED)

    async def put(self, name: str, data: bytes, *, media_type: str, replace: Replace = False) -> StoredObject:
        async with self.begin(name, media_type=media_type, replace=replace) as upload:
            await upload.write(data)
            return await upload.finish()

    async def read(self, name: str) -> AsyncIterator[bytes]:
        file = await asyncio.to_thread(self._open, self._path(name))
        try:
            while chunk := await asyncio.to_thread(file.read, _READ_BYTES):
                yield chunk
        finally:
            file.close()

    def _open(self, path: Path) -> BinaryIO:
        with disk_errors(self.root):
            if path.is_file():
                with suppress(FileNotFoundError):
                    return path.open("rb")
        raise FileNotFoundError(path)

    async def stat(self, name: str) -> StoredObject | None:
        return await asyncio.to_thread(self._stat, name, self._path(name))

    def _stat(self, name: str, path: Path) -> StoredObject | None:
        with disk_errors(self.root):
            if path.is_file():
                with suppress(FileNotFoundError):
                    return stored_object(name, path.stat())
        return None

    async def list(self, prefix: str) -> AsyncIterator[StoredObject]:
        async for stored in self._below("", prefix):
            yield stored

    async def _below(self, folder: str, prefix: str) -> AsyncIterator[StoredObject]:
        for name, size in await asyncio.to_thread(self._entries, folder):
            if size is not None:
                if name.startswith(prefix):
                    yield StoredObject(name, size)
            elif name.startswith(prefix) or prefix.startswith(name):
                async for stored in self._below(name, prefix):
                    yield stored

    def _entries(self, folder: str) -> tuple[tuple[str, int | None], ...]:
        """Names below the root with their sizes, folders ending in "/" and without one, in order of names."""
        found: dict[str, int | None] = {}
        with disk_errors(self.root), suppress(FileNotFoundError), os.scandir(self.root / folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    if entry.is_dir():
                        found[f"{folder}{entry.name}/"] = None
                    else:
                        found[f"{folder}{entry.name}"] = entry.stat().st_size
        found.pop(f"{RESERVED}/", None)
        return tuple(sorted(found.items(), key=lambda item: item[0]))

    async def delete(self, name: str) -> None:
        await asyncio.to_thread(self._delete, self._path(name))

    def _delete(self, path: Path) -> None:
        with disk_errors(self.root):
            try:
                with alone(self.root / RESERVED):
                    path.unlink()
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                return
            # Of a meeting that is forgotten, not even its id stays as the name of a folder.
            folder = path.parent
            with suppress(OSError):  # not empty, or gone
                while folder != self.root:
                    folder.rmdir()
                    folder = folder.parent
            with suppress(FileNotFoundError):
                sync_folder(folder)

    def url(self, name: str) -> str:
        return self._path(name).as_uri()

    async def probe(self) -> None:
        await asyncio.to_thread(self._probe)

    def _probe(self) -> None:
        with disk_errors(self.root):
            file = begin_upload(self.root / RESERVED)
            try:
                file.write(b"Would an upload succeed now?")
                file.flush()
                os.fsync(file.fileno())
            finally:
                end_upload(file)

    async def setup(self) -> None:
        await asyncio.to_thread(self._setup)

    def _setup(self) -> None:
        with disk_errors(self.root):
            make_folders(self.root / RESERVED)
            sweep(self.root / RESERVED, 0)

    async def sweep(self, older_than_seconds: float) -> Swept:
        return await asyncio.to_thread(self._sweep, older_than_seconds)

    def _sweep(self, older_than_seconds: float) -> Swept:
        with disk_errors(self.root):
            return sweep(self.root / RESERVED, older_than_seconds)

    def _path(self, name: str) -> Path:
        return self.root.joinpath(*checked(name).split("/"))
