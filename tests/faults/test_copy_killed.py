"""kill -9, fifty times in one copy: the file is whole in the end, and came little more than once."""

import asyncio
import os
import random
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psutil

from infra.database.artifacts import artifacts_of
from infra.database.downloads import all_downloads
from infra.database.engine import Database, open_database
from infra.objects.open import open_objects
from schemas.manifest import Artifact
from tests.consumers.storing import PROVIDER, VIDEO
from tests.servers.file import File, held, joined, noise
from tests.servers.media import serve_media

MB = 1_000_000
KILLS = 50
DEADLINE_SECONDS = 120


async def test_a_copy_that_is_killed_fifty_times_goes_on_each_time(tmp_path: Path, objects_url: str) -> None:
    video = File(joined(held(VIDEO), noise(300 * MB)), total_bytes_per_second=20 * MB)
    objects = open_objects(objects_url, parts_folder=f"{tmp_path}/parts")
    await objects.setup()
    dice = random.Random(7)
    async with (
        asyncio.timeout(DEADLINE_SECONDS),
        serve_media({"/video": video}) as source,
        open_database(f"sqlite:///{tmp_path}/adjourn.db") as database,
        _copier(objects_url, tmp_path, f"{source.url}/video") as copier,
    ):
        await database.setup()
        for _ in range(KILLS):
            served = source.served("/video")
            child = await _copying(copier)
            while source.served("/video") == served:
                await asyncio.sleep(0.005)
            await asyncio.sleep(dice.uniform(0, 0.25))
            os.kill(child, signal.SIGKILL)
            await _ended(child)
        assert await _stored(database) == []
        video.total_bytes_per_second = None
        child = await _copying(copier)
        await _ended(child)
        [artifact] = await _stored(database)
        async with database.reading() as tx:
            assert list(await all_downloads(tx)) == []
        stored = [found async for found in objects.list("")]
        served = source.served("/video")

    assert [found.name for found in stored] == [f"{PROVIDER}/bot-1/video.mp4"]
    assert (artifact.size, artifact.verified) == (video.content.size, "length")
    assert artifact.sha256 == await asyncio.to_thread(video.content.sha256)
    print("SERVED", served / video.content.size)
    assert served < 1.3 * video.content.size


@asynccontextmanager
async def _copier(objects_url: str, folder: Path, link: str) -> AsyncIterator[Process]:
    database_url = f"sqlite:///{folder}/adjourn.db"
    copier = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.faults.copier", objects_url, f"{folder}/parts", database_url, link),
        stdin=PIPE,
        stdout=PIPE,
    )
    try:
        yield copier
    finally:
        with suppress(ProcessLookupError):
            copier.kill()
        await copier.communicate()


async def _copying(copier: Process) -> int:
    """The id of another process that copies."""
    assert copier.stdin is not None
    assert copier.stdout is not None
    copier.stdin.write(b"\n")
    await copier.stdin.drain()
    return int(await copier.stdout.readline())


async def _stored(database: Database) -> list[Artifact]:
    async with database.reading() as tx:
        return await artifacts_of(tx, PROVIDER, "bot-1")


async def _ended(child: int) -> None:
    while psutil.pid_exists(child):
        await asyncio.sleep(0.005)
