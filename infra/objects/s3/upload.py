"""Uploads to S3: a small object in one request, a larger one in parts, a few of them on their way at a time.

The server proves each part, and then the whole, by CRC-32.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Any, Final, TypeVar

import structlog

from infra.errors import Halt, Retryable
from infra.objects.base import StoredObject
from infra.objects.s3.connection import S3Connection
from infra.objects.s3.parts import Part
from infra.objects.s3.requests import SentPart, UploadRequests

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_SMALLEST_PART_BYTES: Final = 8 * 1024 * 1024
_PARTS_OF_A_SIZE: Final = 2000
_PARTS_AT_ONCE: Final = 3
_LEAVING_SECONDS: Final = 10

T = TypeVar("T")

log = structlog.get_logger()


def part_bytes(number: int) -> int:
    """The size of the part of that number, from 1. 10,000 parts, which S3 allows, hold 480 GB."""
    return _SMALLEST_PART_BYTES << ((number - 1) // _PARTS_OF_A_SIZE)


class S3Upload:
    """An `Upload`, whose parts are made by `new_part`. `ways` bounds those on their way, of all uploads.

    One that has its `upload_id` from S3 already is resumable: its parts outlive this process.
    """

    def __init__(
        self,
        connection: S3Connection,
        requests: UploadRequests,
        ways: asyncio.Semaphore,
        new_part: Callable[[int], Part],
        upload_id: str | None = None,
    ) -> None:
        self._connection = connection
        self._requests = requests
        self._ways = ways
        self._new_part = new_part
        self._resumable = upload_id is not None
        self._begun: Future[str] | None = None if upload_id is None else _known(upload_id)
        self.id = "" if upload_id is None else f"{requests.token}.{upload_id}"
        self._filling = new_part(1)
        self._size = 0
        self._sending: deque[tuple[Part, Future[SentPart]]] = deque()
        self._sent: list[SentPart] = []
        self._finishing: Future[str] | None = None
        self._given_up = Event()
        self.finished = False

    @property
    def saved(self) -> int:
        return self._size if self._resumable else 0

    async def go_on(self, sent: Sequence[SentPart]) -> None:
        """With what the server has, and what an earlier process left here: the beginning without a hole."""
        whole = {part.number: part for part in sent if part.size == part_bytes(part.number)}
        while True:
            number = self._number()
            if number in whole:
                self._sending.append((self._filling, _known(whole[number])))
                self._size += whole[number].size
            else:
                await asyncio.to_thread(self._filling.recover)
                self._size += self._filling.size
                if self._filling.size < part_bytes(number):
                    return
                await self._send()
            self._filling = self._new_part(number + 1)

    async def write(self, *chunks: bytes) -> None:
        rest = deque(memoryview(chunk) for chunk in chunks if chunk)
        while rest:
            room = part_bytes(self._number()) - self._filling.size
            fitting = _taken(rest, room)
            size = sum(map(len, fitting))
            await asyncio.to_thread(self._filling.add, fitting)
            self._size += size
            if size == room:
                await self._send()
                self._filling = self._new_part(self._number())

    async def finish(self) -> StoredObject:
        if self._begun is None:
            body = self._filling.body(self._given_up)
            self._finishing = self._connection.start(partial(self._requests.put, body, self._filling.crc))
        else:
            if self._filling.size or not self._sending:
                await self._send()
            while self._sending:
                await self._oldest()
            upload_id = await asyncio.wrap_future(self._begun)
            complete = partial(self._requests.complete, upload_id, self._sent)
            self._finishing = self._connection.start(complete)
        version = await asyncio.wrap_future(self._finishing)
        self.finished = True
        return StoredObject(self._requests.name, self._size, version=version)

    async def leave(self) -> None:
        """Leave nothing behind of what was not finished, unless it is resumable: then all of it, for `go_on`.
        A sweep removes what a server keeps that is away."""
        try:
            if not self.finished:
                self._given_up.set()
                async with asyncio.timeout(_LEAVING_SECONDS):
                    await self._settle()
                    if not self._resumable:
                        await self._abort()
        except (TimeoutError, Halt, Retryable) as exc:
            log.warning("upload_left", name=self._requests.name, error=str(exc) or "no answer in time")
        finally:
            for part in (self._filling, *(part for part, _ in self._sending)):
                await asyncio.to_thread(part.leave)

    def _number(self) -> int:
        """Of the part that fills."""
        return len(self._sent) + len(self._sending) + 1

    async def _send(self) -> None:
        """The part that fills."""
        if self._begun is None:
            self._begun = self._connection.start(self._requests.begin)
        upload_id = await asyncio.wrap_future(self._begun)
        while len(self._sending) >= _PARTS_AT_ONCE:
            await self._oldest()
        await self._ways.acquire()
        part, number = self._filling, self._number()
        sending = self._connection.start(partial(self._send_one, upload_id, number, part))
        sending.add_done_callback(self._way_is_free(asyncio.get_running_loop()))
        self._sending.append((part, sending))

    def _send_one(self, upload_id: str, number: int, part: Part, client: "S3Client") -> SentPart:
        body = part.body(self._given_up)
        sent = self._requests.part(upload_id, number, body, part.crc, client)
        if part.size == part_bytes(number):  # a last one is sent again by whoever resumes
            part.drop()
        return sent

    def _way_is_free(self, loop: asyncio.AbstractEventLoop) -> Callable[[Future[SentPart]], None]:
        def release(_: Future[SentPart]) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(self._ways.release)

        return release

    async def _oldest(self) -> None:
        self._sent.append(await asyncio.wrap_future(self._sending[0][1]))
        self._sending.popleft()

    async def _settle(self) -> None:
        """Returns when nothing is on its way any more: a part that came after the abort would stay for ever,
        and one that is still read from its file cannot be left."""
        running: list[Future[Any]] = [sending for _, sending in self._sending]
        if self._finishing is not None:
            running.append(self._finishing)
        for future in running:
            future.cancel()
        await asyncio.gather(*map(asyncio.wrap_future, running), return_exceptions=True)

    async def _abort(self) -> None:
        if self._begun is not None and not self._begun.cancel():
            (begun,) = await asyncio.gather(asyncio.wrap_future(self._begun), return_exceptions=True)
            if isinstance(begun, str):
                await self._connection.call(partial(self._requests.abort, begun))


def _taken(chunks: deque[memoryview], most: int) -> Sequence[memoryview]:
    """The first `most` bytes, which are among `chunks` no more."""
    taken = []
    while chunks and most:
        first = chunks.popleft()
        taken.append(first[:most])
        if len(first) > most:
            chunks.appendleft(first[most:])
        most -= len(taken[-1])
    return taken


def _known(value: T) -> Future[T]:
    """One that has ended already."""
    future: Future[T] = Future()
    future.set_result(value)
    return future
