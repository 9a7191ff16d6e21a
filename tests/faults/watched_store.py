"""A real object store that tells of the steps of its uploads: who is told may die, or act as others might."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

from infra.objects.base import ObjectStore, StoredObject, Upload

Step = Literal["written", "to be finished", "finished"]
Told = Callable[[Step, int], Awaitable[None]]
"""Of a step, and of the bytes that this upload was given so far. What it raises, the upload raises."""


class Died(BaseException):
    """No handler can catch it, as none can a kill."""


def dies(at: Step, size: int = 0) -> Told:
    async def told(step: Step, written: int) -> None:
        if step == at and written >= size:
            raise Died

    return told


@dataclass(frozen=True, slots=True)
class WatchedStore:
    objects: ObjectStore
    told: Told

    def __getattr__(self, name: str) -> Any:
        return getattr(self.objects, name)

    @asynccontextmanager
    async def begin(self, *name: Any, **options: Any) -> AsyncIterator[Upload]:
        async with self.objects.begin(*name, **options) as upload:
            yield _WatchedUpload(self.told, upload)

    @asynccontextmanager
    async def resume(self, *name: Any, **options: Any) -> AsyncIterator[Upload | None]:
        async with self.objects.resume(*name, **options) as upload:
            yield upload and _WatchedUpload(self.told, upload)


@dataclass(slots=True)
class _WatchedUpload:
    told: Told
    upload: Upload
    written: int = 0

    @property
    def id(self) -> str:
        return self.upload.id

    @property
    def saved(self) -> int:
        return self.upload.saved

    async def write(self, *chunks: bytes) -> None:
        await self.upload.write(*chunks)
        self.written += sum(map(len, chunks))
        await self.told("written", self.written)

    async def finish(self) -> StoredObject:
        await self.told("to be finished", self.written)
        stored = await self.upload.finish()
        await self.told("finished", self.written)
        return stored
