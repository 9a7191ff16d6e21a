"""A process to be killed: `python -m tests.infra.objects.uploading URL BYTES` uploads without end.

Each object has so many bytes; a line on stdout says that one more is finished.
"""

import asyncio
import sys
from itertools import count

from infra.objects.open import open_objects

PIECE = 256 * 1024


async def main(url: str, size: int) -> None:
    objects = open_objects(url)
    await objects.setup()
    for number in count():
        async with objects.begin(f"meeting/{number}", media_type="video/mp4") as upload:
            for begin in range(0, size, PIECE):
                await upload.write(b"x" * min(PIECE, size - begin))
            await upload.finish()
        print(number, flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
