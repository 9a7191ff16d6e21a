"""kill -9, fifty times in one copy: the file is whole in the end, and came little more than once."""

import asyncio
import os
import random
import signal
from pathlib import Path

from infra.database.artifacts import artifacts_of
from infra.database.downloads import all_downloads
from infra.database.engine import Database, open_database
from infra.objects.open import open_objects
from schemas.manifest import Artifact
from tests.consumers.storing import PROVIDER
from tests.faults.copies import MB, recording
from tests.faults.copying import copier, ended
from tests.servers.file import File
from tests.servers.media import serve_media

KILLS = 50
DEADLINE_SECONDS = 120


async def test_a_copy_that_is_killed_fifty_times_goes_on_each_time(tmp_path: Path, objects_url: str) -> None:
    video = File(recording(300), total_bytes_per_second=6 * MB)
    objects = open_objects(objects_url, parts_folder=f"{tmp_path}/parts")
    await objects.setup()
    dice = random.Random(7)
    async with (
        asyncio.timeout(DEADLINE_SECONDS),
        serve_media({"/video": video}) as source,
        open_database(f"sqlite:///{tmp_path}/adjourn.db") as database,
        copier(objects_url, tmp_path, f"{source.url}/video") as copying,
    ):
        await database.setup()
        for _ in range(KILLS):
            served = source.served("/video")
            child = await copying.one_more()
            while source.served("/video") == served:
                await asyncio.sleep(0.005)
            await asyncio.sleep(dice.uniform(0, 0.4))
            os.kill(child, signal.SIGKILL)
            await ended(child)
        assert await _stored(database) == []
        video.total_bytes_per_second = None
        child = await copying.one_more()
        await ended(child)
        [artifact] = await _stored(database)
        async with database.reading() as tx:
            assert list(await all_downloads(tx)) == []
        stored = [found async for found in objects.list("")]
        served = source.served("/video")

    assert [found.name for found in stored] == [f"{PROVIDER}/bot-1/video.mp4"]
    assert (artifact.size, artifact.verified) == (video.content.size, "length")
    assert artifact.sha256 == await asyncio.to_thread(video.content.sha256)
    assert served < 1.3 * video.content.size


async def _stored(database: Database) -> list[Artifact]:
    async with database.reading() as tx:
        return await artifacts_of(tx, PROVIDER, "bot-1")
