"""A stored object as a file that a library reads in a thread, from wherever it likes, in bounded memory."""

import asyncio
import io
from collections.abc import AsyncIterator
from typing import Final

from infra.objects.base import ObjectStore

_MOST_AT_ONCE: Final = 16 * 1024 * 1024


class TooMuchAtOnce(Exception):
    """Whoever reads wants more of the file in memory than it may have."""


class StoredFile:
    """As `zipfile` wants a file to be. To be made on the event loop of the store, and read in other threads,
    by one at a time. Reading on is one question to the store; reading elsewhere is another one."""

    def __init__(self, objects: ObjectStore, name: str, size: int) -> None:
        self._objects = objects
        self._name = name
        self._size = size
        self._loop = asyncio.get_running_loop()
        self._at = 0
        self._chunks: AsyncIterator[bytes] | None = None
        self._held = b""
        self._held_at = 0

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = base + offset
        if self._at < 0:
            raise OSError("before the beginning of the file")
        return self._at

    def read(self, count: int = -1) -> bytes:
        """Raises `TooMuchAtOnce`, and what the store raises."""
        left = max(0, self._size - self._at)
        wanted = left if count < 0 else min(count, left)
        if wanted > _MOST_AT_ONCE:
            raise TooMuchAtOnce
        got = bytearray()
        while len(got) < wanted:
            part = self._part()[: wanted - len(got)]
            if not part:
                raise OSError("the file is shorter than it was")
            got += part
            self._at += len(part)
        return bytes(got)

    def close(self) -> None:
        if self._chunks is not None:
            chunks, self._chunks = self._chunks, None
            asyncio.run_coroutine_threadsafe(_closed(chunks), self._loop).result()

    def _part(self) -> bytes:
        """Some bytes from where it stands, at least one but at the end."""
        begin = self._at - self._held_at
        if self._chunks is None or not 0 <= begin <= len(self._held):
            self.close()
            self._chunks = aiter(self._objects.read(self._name, first=self._at))
            self._held, self._held_at, begin = b"", self._at, 0
        if begin == len(self._held):
            self._held_at += len(self._held)
            following = _next(self._chunks)
            self._held = asyncio.run_coroutine_threadsafe(following, self._loop).result()
            begin = 0
        return self._held[begin:]


async def _next(chunks: AsyncIterator[bytes]) -> bytes:
    return await anext(chunks, b"")


async def _closed(chunks: AsyncIterator[bytes]) -> None:
    close = getattr(chunks, "aclose", None)
    if close is not None:
        await close()
