"""What the object store's contract is written in: short words for putting, reading and listing."""

import asyncio
import sys

from infra.objects.base import ObjectStore, Replace, StoredObject

LARGE = 20_000_000
"""More than S3 takes in one request of ours."""


async def content(objects: ObjectStore, name: str) -> bytes:
    return b"".join([chunk async for chunk in objects.read(name)])


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
