"""A process whose files may not grow: `python -m tests.infra.objects.filling <root>` says what happens."""

import asyncio
import resource
import sys
from pathlib import Path

from infra.errors import Halt
from infra.objects.files import FileObjects


async def main(root: Path) -> None:
    objects = FileObjects(root)
    await objects.setup()
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    try:
        await objects.put("a/large", bytes(1_000_000), media_type="video/mp4")
    except Halt as halt:
        print(halt)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
