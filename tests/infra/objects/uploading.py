"""A process to be killed: `python -m tests.infra.objects.uploading <root>` uploads without end.

Each object has `PIECES` times `PIECE` bytes; a line on stdout says that one more is finished.
"""

import asyncio
import sys
from itertools import count
from pathlib import Path

from infra.objects.files import FileObjects

PIECE = 256 * 1024
PIECES = 8


async def main(root: Path) -> None:
    objects = FileObjects(root)
    for number in count():
        async with objects.begin(f"meeting/{number}", media_type="video/mp4") as upload:
            for _ in range(PIECES):
                await upload.write(b"x" * PIECE)
            await upload.finish()
        print(number, flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
