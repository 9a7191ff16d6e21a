"""Uploads that outlive their process: begun, found again, and given up.

Their id is the token that their object will carry, a dot, and S3's own id. What S3 has of them is the truth;
the folder of parts adds what has not come there yet.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

from infra.errors import Retryable
from infra.objects.base import Upload
from infra.objects.s3.connection import S3Connection, unless_cancelled
from infra.objects.s3.folder import ClaimedFolder, PartsFolder
from infra.objects.s3.requests import UploadRequests
from infra.objects.s3.upload import S3Upload

_ID: Final = re.compile(r"([0-9a-f]{32})\.(.+)")


@dataclass(frozen=True, slots=True)
class ResumableUploads:
    """Of one store. `ways` as in `S3Upload`."""

    connection: S3Connection
    ways: asyncio.Semaphore
    folders: PartsFolder

    @asynccontextmanager
    async def begin(self, requests: UploadRequests) -> AsyncIterator[Upload]:
        begin, abort = self.connection.start(requests.begin), requests.abort
        upload_id = await unless_cancelled(begin, lambda begun: self.connection.start(partial(abort, begun)))
        folder = await self._claim(upload_id)
        if folder is None:
            raise Retryable("The folder of its parts is in use already.")
        upload = self._upload(requests, upload_id, folder)
        try:
            yield upload
        finally:
            await asyncio.shield(_end(upload, folder))

    @asynccontextmanager
    async def resume(self, requests: UploadRequests, upload_id: str) -> AsyncIterator[Upload | None]:
        folder = await self._claim(upload_id)
        if folder is None:
            yield None
            return
        upload = self._upload(requests, upload_id, folder)
        try:
            sent = await self.connection.call(partial(requests.parts, upload_id))
            if sent is None:
                await asyncio.to_thread(folder.remove)
                yield None
            else:
                await upload.go_on(sent)
                yield upload
        finally:
            await asyncio.shield(_end(upload, folder))

    async def discard(self, requests: UploadRequests, upload_id: str) -> None:
        await self.connection.call(partial(requests.abort, upload_id))
        await asyncio.to_thread(self.folders.remove, upload_id)

    async def _claim(self, upload_id: str) -> ClaimedFolder | None:
        claiming = self.connection.start(lambda _: self.folders.claim(upload_id))
        return await unless_cancelled(claiming, _leave)

    def _upload(self, requests: UploadRequests, upload_id: str, folder: ClaimedFolder) -> S3Upload:
        return S3Upload(self.connection, requests, self.ways, folder.part, upload_id)


def split(id_: str) -> tuple[str, str] | None:
    """Its token and S3's id. Null for what is no id of ours."""
    found = _ID.fullmatch(id_)
    return found and (found[1], found[2])


def _leave(folder: ClaimedFolder | None) -> None:
    if folder is not None:
        folder.leave()


async def _end(upload: S3Upload, folder: ClaimedFolder) -> None:
    try:
        await upload.leave()
        if upload.finished:
            await asyncio.to_thread(folder.remove)
    finally:
        folder.leave()
