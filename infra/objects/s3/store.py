"""Objects in a bucket of S3, or of any server that speaks as it does."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Final

from infra.objects.base import Replace, StoredObject, Swept, Upload
from infra.objects.disk import this_boot
from infra.objects.s3.bucket import create_bucket, probe
from infra.objects.s3.connection import S3Connection
from infra.objects.s3.folder import parts_folder as folder_of
from infra.objects.s3.parts import HeldPart, Part
from infra.objects.s3.place import S3Place
from infra.objects.s3.reading import read_chunks
from infra.objects.s3.requests import UploadRequests, head, upload_requests
from infra.objects.s3.resumable import ResumableUploads, split
from infra.objects.s3.sweep import Sweep
from infra.objects.s3.upload import S3Upload

_PARTS_ON_THEIR_WAY: Final = 8
"""Of all uploads together."""


class S3Objects:
    """See `ObjectStore`. What the server does not answer within a minute is `Retryable`.

    In `parts_folder`, a folder of this machine that is made when it is needed, are the parts of uploads until
    the server has them.

    That a living process writes an upload is seen on its own machine only. Elsewhere it can be resumed while
    it is written: both send the same bytes, and one of them is told that it is there no more.

    Of uploads of more than 8 MiB that race for a name without `replace`, two may be told that they won where
    the server does not settle it (SeaweedFS 4.48): the object is then the whole one of the last of them.
    """

    def __init__(self, place: S3Place, *, parts_folder: Path, idle_timeout_seconds: float = 20) -> None:
        self._place = place
        self._connection = S3Connection(str(place), idle_timeout_seconds=idle_timeout_seconds)
        self._ways = asyncio.Semaphore(_PARTS_ON_THEIR_WAY)
        self._folders = folder_of(parts_folder, str(place), this_boot())
        self._resumable = ResumableUploads(self._connection, self._ways, self._folders)

    def begin(
        self, name: str, *, media_type: str, replace: Replace = False, resumable: bool = False
    ) -> AbstractAsyncContextManager[Upload]:
        requests = upload_requests(self._place, name, media_type, replace)
        if resumable:
            return self._resumable.begin(requests)
        return self._left_clean(requests, self._folders.nameless_part)

    @asynccontextmanager
    async def _left_clean(
        self, requests: UploadRequests, new_part: Callable[[int], Part]
    ) -> AsyncIterator[Upload]:
        upload = S3Upload(self._connection, requests, self._ways, new_part)
        try:
            yield upload
        finally:
            await asyncio.shield(upload.leave())

    def resume(
        self, name: str, upload_id: str, *, media_type: str, saved: int
    ) -> AbstractAsyncContextManager[Upload | None]:
        found = split(upload_id)
        if found is None:
            return nullcontext()
        token, upload_id = found
        requests = upload_requests(self._place, name, media_type, False, token)
        return self._resumable.resume(requests, upload_id)

    async def discard(self, name: str, upload_id: str) -> None:
        found = split(upload_id)
        if found is not None:
            token, upload_id = found
            requests = upload_requests(self._place, name, "", False, token)
            await self._resumable.discard(requests, upload_id)

    async def put(self, name: str, data: bytes, *, media_type: str, replace: Replace = False) -> StoredObject:
        requests = upload_requests(self._place, name, media_type, replace)
        async with self._left_clean(requests, _held) as upload:
            await upload.write(data)
            return await upload.finish()

    def read(self, name: str, *, first: int = 0) -> AsyncIterator[bytes]:
        return read_chunks(self._connection, self._place.where(name), first)

    async def stat(self, name: str) -> StoredObject | None:
        found = await self._connection.call(partial(head, self._place.where(name)))
        return None if found is None else StoredObject(name, found["ContentLength"], version=found["ETag"])

    async def list(self, prefix: str) -> AsyncIterator[StoredObject]:
        # All are held, some 200 bytes each: SeaweedFS and S3 Express do not list in the order of names.
        found = [stored async for stored in self._found(prefix)]
        for stored in sorted(found, key=lambda stored: stored.name):
            yield stored

    async def _found(self, prefix: str) -> AsyncIterator[StoredObject]:
        below = {"Bucket": self._place.bucket, "Prefix": self._place.prefix + prefix}
        async for page in self._connection.pages("list_objects_v2", **below):
            for entry in page.get("Contents", []):
                name = self._place.name(entry["Key"])
                if name is not None:
                    yield StoredObject(name, entry["Size"])

    async def delete(self, name: str) -> None:
        which = self._place.where(name)
        await self._connection.call(lambda client: client.delete_object(**which))

    def url(self, name: str) -> str:
        return f"s3://{self._place.bucket}/{self._place.key(name)}"

    async def probe(self) -> None:
        await self._connection.call(partial(probe, self._place))
        await asyncio.to_thread(self._folders.probe)

    async def setup(self) -> None:
        await self._connection.call(partial(create_bucket, self._place))

    async def sweep(self, older_than_seconds: float, *, keep: Collection[str] = ()) -> Swept:
        kept = {found[1] for found in map(split, keep) if found is not None}
        return await Sweep(self._connection, self._place, self._folders, older_than_seconds, kept).run()


def _held(number: int) -> HeldPart:
    return HeldPart()
