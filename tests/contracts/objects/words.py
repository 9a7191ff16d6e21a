"""What the object store's contract is written in: short words for putting, reading and listing."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from infra.objects.base import ObjectStore, Replace, StoredObject, Upload
from tests.infra.objects.obeying import NAME, recording

LARGE = 20_000_000
"""More than S3 takes in one request of ours."""


async def content(objects: ObjectStore, name: str, *, first: int = 0) -> bytes:
    return b"".join([chunk async for chunk in objects.read(name, first=first)])


async def names(objects: ObjectStore, prefix: str = "") -> list[str]:
    return [found.name async for found in objects.list(prefix)]


async def put(
    objects: ObjectStore, name: str, data: bytes = b"x", *, replace: Replace = False
) -> StoredObject:
    return await objects.put(name, data, media_type="application/octet-stream", replace=replace)


async def left_by_a_killed_process(url: str) -> None:
    """Half of an upload."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.infra.objects.half", url), stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout is not None
    assert await child.stdout.readline() == b"begun\n"
    child.kill()
    await child.communicate()


def begun(objects: ObjectStore) -> AbstractAsyncContextManager[Upload]:
    """A resumable upload of the one recording."""
    return objects.begin(NAME, media_type="video/mp4", resumable=True)


@asynccontextmanager
async def resumed(objects: ObjectStore, upload_id: str, saved: int) -> AsyncIterator[Upload]:
    async with objects.resume(NAME, upload_id, media_type="video/mp4", saved=saved) as upload:
        assert upload is not None
        yield upload


async def finished(upload: Upload, written: int | None = None) -> None:
    """The rest of the recording is written, from `saved` on or from what was written since."""
    await upload.write(recording()[upload.saved if written is None else written :])
    await upload.finish()
