"""Objects as files in a folder.

An upload grows under `.uploads` in the same folder and gets its name in one step once it is whole and synced:
no moment shows half of it, and no name is taken twice. One that is to be resumed stays there.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from infra.objects.base import Replace, StoredObject, Swept, Upload
from infra.objects.disk import disk_errors, make_folders, sync_folder
from infra.objects.names import RESERVED, checked
from infra.objects.parts import alone, begin_part, discard_part, end_part, new_id, resume_part, sweep
from infra.objects.uploads import FileUpload, stored_object

_READ_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class FileObjects:
    """See `ObjectStore`. `root` is an absolute path; nothing outside of it is touched.

    The operating system knows no media types: they are the manifest's to keep.
    """

    root: Path
    boot: str = ""
    """See `this_boot`. Where it is not known, every resumed upload is taken for one of before a power cut."""

    def begin(
        self, name: str, *, media_type: str, replace: Replace = False, resumable: bool = False
    ) -> AbstractAsyncContextManager[Upload]:
        return self._begin(name, self._path(name), replace, new_id(self.boot) if resumable else "")

    @asynccontextmanager
    async def _begin(self, name: str, path: Path, replace: Replace, upload_id: str) -> AsyncIterator[Upload]:
        file = await asyncio.to_thread(self._begin_part, upload_id)
        async with _left(FileUpload(self.root, path, name, replace, file, upload_id)) as upload:
            yield upload

    def _begin_part(self, upload_id: str = "") -> BinaryIO:
        with disk_errors(self.root):
            return begin_part(self.root / RESERVED, upload_id)

    def resume(
        self, name: str, upload_id: str, *, media_type: str, saved: int
    ) -> AbstractAsyncContextManager[Upload | None]:
        return self._resume(name, self._path(name), upload_id, saved)

    @asynccontextmanager
    async def _resume(
        self, name: str, path: Path, upload_id: str, saved: int
    ) -> AsyncIterator[Upload | None]:
        file = await asyncio.to_thread(self._resume_part, upload_id, saved)
        if file is None:
            yield None
            return
        there = file.tell()
        async with _left(FileUpload(self.root, path, name, False, file, upload_id, there)) as upload:
            yield upload

    def _resume_part(self, upload_id: str, saved: int) -> BinaryIO | None:
        with disk_errors(self.root):
            return resume_part(self.root / RESERVED, upload_id, self.boot, saved)

    async def discard(self, name: str, upload_id: str) -> None:
        await asyncio.to_thread(self._discard, upload_id)

    def _discard(self, upload_id: str) -> None:
        with disk_errors(self.root):
            discard_part(self.root / RESERVED, upload_id)

    async def put(self, name: str, data: bytes, *, media_type: str, replace: Replace = False) -> StoredObject:
        async with self.begin(name, media_type=media_type, replace=replace) as upload:
            await upload.write(data)
            return await upload.finish()

    async def read(self, name: str, *, first: int = 0) -> AsyncIterator[bytes]:
        file = await asyncio.to_thread(self._open, self._path(name))
        try:
            file.seek(first)
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
            if not path.is_file():
                return
            with alone(self.root / RESERVED), suppress(FileNotFoundError):
                path.unlink()
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
            file = begin_part(self.root / RESERVED)
            try:
                file.write(b"Would an upload succeed now?")
                file.flush()
                os.fsync(file.fileno())
            finally:
                end_part(file)

    async def setup(self) -> None:
        await asyncio.to_thread(self._setup)

    def _setup(self) -> None:
        with disk_errors(self.root):
            make_folders(self.root / RESERVED)

    async def sweep(self, older_than_seconds: float, *, keep: Collection[str] = ()) -> Swept:
        return await asyncio.to_thread(self._sweep, older_than_seconds, keep)

    def _sweep(self, older_than_seconds: float, keep: Collection[str]) -> Swept:
        with disk_errors(self.root):
            return sweep(self.root / RESERVED, older_than_seconds, keep)

    def _path(self, name: str) -> Path:
        return self.root.joinpath(*checked(name).split("/"))


@asynccontextmanager
async def _left(upload: FileUpload) -> AsyncIterator[FileUpload]:
    """Left once and whole, also by who is cancelled meanwhile."""
    try:
        yield upload
    finally:
        await asyncio.shield(upload.leave())
