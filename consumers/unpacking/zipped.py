"""A zip of recordings that others made: what is in it, and each of its files as a stream of bytes.

Nothing in it is trusted: its files' names are never paths, it is not unpacked where it would become much
larger than it is, and a file that is not what the zip says it is (its length, its CRC-32) is not taken.
"""

import asyncio
import zipfile
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from consumers.media import HEAD_BYTES
from consumers.unpacking.stored_file import StoredFile, TooMuchAtOnce
from infra.errors import Poison
from infra.objects.base import ObjectStore

_MOST_FILES: Final = 5000
_GROWS: Final = 4
"""Recordings do not compress: what becomes so many times larger is none."""
_SMALL_BYTES: Final = 64 * 1024 * 1024
"""What may come of any zip, however small it is."""
_PIECE_BYTES: Final = max(1024 * 1024, HEAD_BYTES)

_NOT_A_ZIP: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    UnicodeDecodeError,
    RuntimeError,
    OSError,
    ValueError,
)
"""What the library raises for a zip that is broken, encrypted, or packed in a way that it does not know."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file in the zip. `name` is what the zip calls it, and nothing more than that."""

    name: str
    size: int
    entry: Any


@dataclass(frozen=True, slots=True)
class Zip:
    members: Sequence[Member]
    _archive: zipfile.ZipFile

    async def chunks(self, member: Member) -> AsyncGenerator[bytes]:
        """Its bytes, the first ones enough to tell what it is. Raises `Poison` where they are not as told."""
        file = await _in_thread(self._archive.open, member.entry)
        try:
            while piece := await _in_thread(file.read, _PIECE_BYTES):
                yield piece
        finally:
            await asyncio.to_thread(file.close)


@asynccontextmanager
async def open_zip(objects: ObjectStore, name: str, size: int) -> AsyncIterator[Zip]:
    """Raises `Poison` where it is no zip that may be unpacked."""
    stored = StoredFile(objects, name, size)
    try:
        archive = await _in_thread(zipfile.ZipFile, stored)
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        if len(entries) > _MOST_FILES:
            raise Poison(f"a zip of {len(entries)} files: that is no recording.")
        if len({entry.header_offset for entry in entries}) < len(entries):
            raise Poison("a zip that calls the same bytes by several names: that is no recording.")
        whole = sum(entry.file_size for entry in entries)
        if whole > max(_SMALL_BYTES, _GROWS * size):
            raise Poison(f"a zip of {size} bytes that would become {whole}: that is no recording.")
        yield Zip([Member(entry.filename, entry.file_size, entry) for entry in entries], archive)
    finally:
        await asyncio.to_thread(stored.close)


async def _in_thread(work: Any, *arguments: Any) -> Any:
    try:
        return await asyncio.to_thread(work, *arguments)
    except TooMuchAtOnce:
        raise Poison("a zip whose directory is too large: that is no recording.") from None
    except _NOT_A_ZIP as error:
        raise Poison(f"a zip that cannot be read ({type(error).__name__}).") from None
