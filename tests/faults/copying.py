"""Processes that copy a recording, to be killed and frozen."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True)
class Copying:
    """See `tests/faults/copier.py`."""

    nursery: Process

    async def one_more(self) -> int:
        """The id of a process that copies now."""
        assert self.nursery.stdin is not None
        assert self.nursery.stdout is not None
        self.nursery.stdin.write(b"\n")
        await self.nursery.stdin.drain()
        return int(await self.nursery.stdout.readline())


@asynccontextmanager
async def copier(objects_url: str, folder: Path, link: str) -> AsyncIterator[Copying]:
    """Its database is `adjourn.db` in `folder`, and its parts for S3 are there, too."""
    arguments = (objects_url, f"{folder}/parts", f"sqlite:///{folder}/adjourn.db", link)
    nursery = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.faults.copier", *arguments, stdin=PIPE, stdout=PIPE
    )
    try:
        yield Copying(nursery)
    finally:
        for child in psutil.Process(nursery.pid).children():
            child.kill()
        nursery.kill()
        await nursery.communicate()


async def ended(process: int) -> None:
    while psutil.pid_exists(process):
        await asyncio.sleep(0.005)
