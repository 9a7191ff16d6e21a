"""Uploads to S3: a small object in one request, a larger one in parts, a few of them on their way at a time.

The server proves each part, and then the whole, by CRC-32.
"""

import asyncio
from collections import deque
from concurrent.futures import Future
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Any, Final

import structlog

from infra.errors import Halt, Retryable
from infra.objects.base import StoredObject
from infra.objects.s3.body import Body, crc32
from infra.objects.s3.connection import S3Connection
from infra.objects.s3.requests import UploadRequests

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

_CHUNK_BYTES: Final = 1024 * 1024
_SMALLEST_PART_BYTES: Final = 8 * _CHUNK_BYTES
_PARTS_OF_A_SIZE: Final = 2000
_PARTS_AT_ONCE: Final = 3
_LEAVING_SECONDS: Final = 10

log = structlog.get_logger()


def part_bytes(number: int) -> int:
    """The size of the part of that number, from 1. 10,000 parts, which S3 allows, hold 480 GB."""
    return _SMALLEST_PART_BYTES << ((number - 1) // _PARTS_OF_A_SIZE)


class S3Upload:
    """An `Upload`. In memory are the parts on their way, and one more that fills."""

    def __init__(self, connection: S3Connection, requests: UploadRequests) -> None:
        self._connection = connection
        self._requests = requests
        self._filling: list[memoryview] = []
        self._filling_bytes = 0
        self._size = 0
        self._crc = 0
        self._begun: Future[str] | None = None
        self._sending: deque[Future[CompletedPartTypeDef]] = deque()
        self._sent: list[CompletedPartTypeDef] = []
        self._finishing: Future[str] | None = None
        self._given_up = Event()
        self._finished = False

    async def write(self, chunk: bytes) -> None:
        rest = memoryview(chunk)
        while rest:
            room = part_bytes(self._number()) - self._filling_bytes
            piece = rest[: min(room, _CHUNK_BYTES)]
            rest = rest[len(piece) :]
            self._filling.append(piece)
            self._filling_bytes += len(piece)
            self._size += len(piece)
            if len(piece) == room:
                await self._send_part()

    async def finish(self) -> StoredObject:
        if self._begun is None:
            crc = await asyncio.to_thread(crc32, self._filling)
            body = Body(self._filling, self._given_up)
            self._finishing = self._connection.start(partial(self._requests.put, body, crc))
        else:
            if self._filling:
                await self._send_part()
            while self._sending:
                await self._oldest_part()
            upload_id = await asyncio.wrap_future(self._begun)
            complete = partial(self._requests.complete, upload_id, self._sent, self._size, self._crc)
            self._finishing = self._connection.start(complete)
        version = await asyncio.wrap_future(self._finishing)
        self._finished = True
        return StoredObject(self._requests.name, self._size, version=version)

    async def leave(self) -> None:
        """Leave nothing behind of what was not finished. A sweep removes what a server keeps that is away."""
        if self._finished:
            return
        self._given_up.set()
        try:
            async with asyncio.timeout(_LEAVING_SECONDS):
                await self._abort()
        except (TimeoutError, Halt, Retryable) as exc:
            log.warning("upload_left", name=self._requests.name, error=str(exc) or "no answer in time")

    def _number(self) -> int:
        """Of the part that fills."""
        return len(self._sent) + len(self._sending) + 1

    async def _send_part(self) -> None:
        while len(self._sending) >= _PARTS_AT_ONCE:
            await self._oldest_part()
        if self._begun is None:
            self._begun = self._connection.start(self._requests.begin)
        upload_id = await asyncio.wrap_future(self._begun)
        chunks = self._filling
        crc, self._crc = await asyncio.to_thread(lambda: (crc32(chunks), crc32(chunks, self._crc)))
        send = partial(self._requests.part, upload_id, self._number(), Body(chunks, self._given_up), crc)
        self._sending.append(self._connection.start(send))
        self._filling, self._filling_bytes = [], 0

    async def _oldest_part(self) -> None:
        self._sent.append(await asyncio.wrap_future(self._sending[0]))
        self._sending.popleft()

    async def _abort(self) -> None:
        running: list[Future[Any]] = [*self._sending]
        if self._finishing is not None:
            running.append(self._finishing)
        for future in running:
            future.cancel()
        # A part that arrives after the abort would stay for ever.
        await asyncio.gather(*map(asyncio.wrap_future, running), return_exceptions=True)
        if self._begun is not None and not self._begun.cancel():
            (begun,) = await asyncio.gather(asyncio.wrap_future(self._begun), return_exceptions=True)
            if isinstance(begun, str):
                await self._connection.call(partial(self._requests.abort, begun))
