"""A process whose memory is looked at: `python -m tests.infra.objects.eight URL PARTS_FOLDER`.

It begins eight resumable uploads, says `begun`, and writes to all of them until they take no more, which the
server is to bring about. Then it says by how many bytes its memory has grown since.
"""

import asyncio
import sys
from contextlib import AsyncExitStack

import psutil

from infra.objects.base import Upload
from infra.objects.open import open_objects

CHUNK = 512 * 1024


async def main(url: str, parts_folder: str) -> None:
    objects = open_objects(url, parts_folder=parts_folder)
    await objects.setup()
    async with AsyncExitStack() as uploads:
        begun = [
            await uploads.enter_async_context(
                objects.begin(f"a/{number}.mp4", media_type="video/mp4", resumable=True)
            )
            for number in range(8)
        ]
        print("begun", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        before = psutil.Process().memory_info().rss
        writing = [asyncio.create_task(_write(upload)) for upload in begun]
        written = -1
        while written < sum(upload.saved for upload in begun):
            written = sum(upload.saved for upload in begun)
            await asyncio.wait(writing, timeout=1)
        print(psutil.Process().memory_info().rss - before, written, flush=True)
        for task in writing:
            task.cancel()
        await asyncio.wait(writing)


async def _write(upload: Upload) -> None:
    for number in range(4096):
        await upload.write(bytes([number % 256]) * CHUNK)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
