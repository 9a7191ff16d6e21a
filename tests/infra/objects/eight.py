"""A process whose memory is looked at: `python -m tests.infra.objects.eight URL PARTS_FOLDER [resumable]`.

It begins eight uploads with a part each, says `begun`, and on a line from stdin writes to all of them until
they take no more, which the server is to bring about. Then it says by how many bytes its memory has grown.
"""

import asyncio
import sys
from contextlib import AsyncExitStack

import psutil

from infra.objects.base import Upload
from infra.objects.open import open_objects
from infra.objects.s3.upload import part_bytes

CHUNK = 512 * 1024


async def main(url: str, parts_folder: str, *how: str) -> None:
    written = [0] * 8

    async def write(upload: Upload, to: int) -> None:
        for number in range(4096):
            await upload.write(bytes([number % 256]) * CHUNK)
            written[to] += CHUNK

    objects = open_objects(url, parts_folder=parts_folder)
    await objects.setup()
    async with AsyncExitStack() as uploads:
        begun = [
            await uploads.enter_async_context(
                objects.begin(f"a/{number}.mp4", media_type="video/mp4", resumable="resumable" in how)
            )
            for number in range(8)
        ]
        for upload in begun:
            await upload.write(bytes(part_bytes(1) + CHUNK))
        print("begun", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        before = psutil.Process().memory_info().rss
        writing = [asyncio.create_task(write(upload, to)) for to, upload in enumerate(begun)]
        seen = -1
        while seen < sum(written):
            seen = sum(written)
            await asyncio.wait(writing, timeout=1)
        print(psutil.Process().memory_info().rss - before, seen, flush=True)
        for task in writing:
            task.cancel()
        await asyncio.wait(writing)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
