"""The body of an answer: how much of it comes, and how fast at least."""

import asyncio
import errno
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

import aiohttp

from infra.errors import Poison, Retryable
from infra.links.heads import Head

SLOWEST_BYTES_PER_SECOND: Final = 1024
"""Slower than this over a whole idle timeout is no progress: a meeting's video would take weeks."""


@dataclass(frozen=True, slots=True)
class HttpDownload:
    """See `Download`. `max_bytes` bounds the whole file, whichever part of it comes."""

    head: Head
    body: aiohttp.StreamReader
    shown: str
    max_bytes: int
    idle_timeout_seconds: float

    @property
    def length(self) -> int | None:
        return self.head.length

    @property
    def first(self) -> int:
        return self.head.first

    @property
    def etag(self) -> str | None:
        return self.head.etag

    @property
    def modified(self) -> str | None:
        return self.head.modified

    @property
    def ranges(self) -> bool:
        return self.head.ranges

    @property
    def media_type(self) -> str:
        return self.head.media_type

    async def chunks(self) -> AsyncIterator[bytes]:
        clock = asyncio.get_running_loop().time
        at, recent, waited = self.head.first, 0, 0.0
        # Chunks as they came: to join those that wait costs as much as to read them. Of a body in HTTP's own
        # chunks, which may be tiny, they are joined all the same.
        read = self.body.readany if self.head.length is None else self._as_it_came
        while True:
            began = clock()
            try:
                chunk = await read()
            except (aiohttp.ClientError, TimeoutError, OSError) as exc:
                raise Retryable(self._stopped(at, reason(exc))) from exc
            if not chunk:
                break
            at += len(chunk)
            if at > self.max_bytes:
                raise Poison(f"{self.shown}: more than the {self.max_bytes} bytes that are allowed.")
            if self.head.announced_end is not None and at > self.head.announced_end:
                raise Retryable(f"{self.shown}: sent more than it announced.")
            # Only time spent waiting for the source counts: a slow disk is not its fault.
            waited, recent = waited + clock() - began, recent + len(chunk)
            if waited > self.idle_timeout_seconds:
                if recent < waited * SLOWEST_BYTES_PER_SECOND:
                    raise Retryable(f"{self.shown}: too slow, {recent} bytes in {waited:.0f} s.")
                waited, recent = 0.0, 0
            yield chunk
        if self.head.wanted_end is not None and at < self.head.wanted_end:
            raise Retryable(self._stopped(at, "the answer ended"))

    async def _as_it_came(self) -> bytes:
        chunk, _ = await self.body.readchunk()
        return chunk

    def _stopped(self, at: int, why: str) -> str:
        known = self.head.wanted_end if self.head.length is None else self.head.length
        return f"{self.shown}: stopped after {at} of {'unknown' if known is None else known} bytes ({why})."


def reason(exc: BaseException) -> str:
    """Why a connection failed, in a word that tells nothing else."""
    number = exc.errno if isinstance(exc, OSError) else None
    return errno.errorcode.get(number or 0, type(exc).__name__)
