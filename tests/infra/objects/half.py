"""A process to be killed: `python -m tests.infra.objects.half URL` uploads a half and says `begun`."""

import asyncio
import sys

from infra.objects.open import open_objects

HALF = 40_000_000
"""S3 has at least a part of it when it is written: no more are on their way at a time."""


async def main(url: str) -> None:
    objects = open_objects(url)
    await objects.setup()
    async with objects.begin("meeting/half.mp4", media_type="video/mp4") as upload:
        await upload.write(bytes(HALF))
        print("begun", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
