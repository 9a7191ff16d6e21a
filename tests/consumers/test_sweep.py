"""What a sweep removes, and what it never does, on both stores."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from inspect import signature
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from consumers.sweep import DAY_SECONDS, Sweeping, sweep
from infra.database.downloads import add_download, all_downloads, update_download
from infra.database.engine import Database
from infra.database.forgotten import forget
from infra.links.bodies import SLOWEST_BYTES_PER_SECOND
from infra.objects.base import ObjectStore
from infra.objects.s3.upload import part_bytes
from tests.consumers.holding import NOW_MS, copy_of, name_of, replace_object
from tests.consumers.storing import PROVIDER, Bench, opened_bench
from tests.contracts.objects.conftest import STORES

BODY = bytes(9_000_000)
"""More than one part of S3."""


@dataclass(frozen=True)
class Left:
    """A store with its database, in which copies are left in their middle."""

    bench: Bench

    @property
    def objects(self) -> ObjectStore:
        return self.bench.services.objects

    async def copy(self, file: str, *, days_ago: float | None) -> str:
        """The id of an upload, written down so many days ago, or not at all."""
        async with self.objects.begin(name_of(file), media_type="video/mp4", resumable=True) as upload:
            await upload.write(BODY)
        if days_ago is not None:
            when_ms = NOW_MS - int(days_ago * DAY_SECONDS * 1000)
            async with self.bench.services.database.transaction() as tx:
                await add_download(tx, copy_of("bot-1", name_of(file), upload_id=upload.id, when_ms=when_ms))
        return upload.id

    async def sweep(self, stray_seconds: float = 0) -> Sweeping:
        return await sweep(
            self.objects, self.bench.services.database, stray_seconds=stray_seconds, now_ms=lambda: NOW_MS
        )

    async def can_be_resumed(self, file: str, upload_id: str) -> bool:
        async with self.objects.resume(
            name_of(file), upload_id, media_type="video/mp4", saved=len(BODY)
        ) as upload:
            return upload is not None

    async def written_down(self) -> list[str]:
        async with self.bench.services.database.reading() as tx:
            return [each.upload_id for each in await all_downloads(tx)]


@pytest.fixture(params=STORES)
async def left(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Left]:
    async with opened_bench(tmp_path, {}, objects_url=STORES[request.param](tmp_path, request)) as bench:
        yield Left(bench)


async def test_a_copy_that_may_be_gone_on_with_stays(left: Left) -> None:
    upload_id = await left.copy("video.mp4", days_ago=6.9)
    assert await left.sweep() == Sweeping(0, 0, 0, 0)
    assert await left.can_be_resumed("video.mp4", upload_id)


async def test_one_that_nobody_has_gone_on_with_for_a_week_goes(left: Left) -> None:
    old = await left.copy("video.mp4", days_ago=7.1)
    young = await left.copy("video.2.mp4", days_ago=0)
    assert (await left.sweep()).downloads == 1
    assert await left.written_down() == [young]
    assert not await left.can_be_resumed("video.mp4", old)
    assert await left.can_be_resumed("video.2.mp4", young)


async def test_one_that_somebody_goes_on_with_meanwhile_stays(left: Left) -> None:
    upload_id = await left.copy("video.mp4", days_ago=7.1)
    services = replace(left.bench.services, database=_GoneOnWith(left.bench.services.database))  # type: ignore[arg-type]
    meanwhile = replace(left, bench=replace(left.bench, services=services))
    assert (await meanwhile.sweep()).downloads == 0
    assert await left.written_down() == [upload_id]
    assert await left.can_be_resumed("video.mp4", upload_id)


@dataclass(frozen=True)
class _GoneOnWith:
    """A database in which all copies get on before anybody writes."""

    database: Database

    def reading(self) -> AbstractAsyncContextManager[AsyncConnection]:
        return self.database.reading()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        async with self.database.transaction() as tx:
            for download in await all_downloads(tx):
                await update_download(tx, replace(download, updated_ms=NOW_MS))
        async with self.database.transaction() as tx:
            yield tx


async def test_one_that_nobody_has_written_down_goes(left: Left) -> None:
    upload_id = await left.copy("video.mp4", days_ago=None)
    swept = await left.sweep()
    assert swept.uploads >= 1
    assert swept.size >= 8_000_000
    assert not await left.can_be_resumed("video.mp4", upload_id)


async def test_one_that_is_being_written_stays_though_its_row_is_not_there_yet(left: Left) -> None:
    async with left.objects.begin(name_of("video.mp4"), media_type="video/mp4", resumable=True) as upload:
        await upload.write(BODY)
        assert await left.sweep(stray_seconds=3600) == Sweeping(0, 0, 0, 0)
        await upload.finish()
    assert await left.objects.stat(name_of("video.mp4")) is not None


def test_the_slowest_source_fills_a_part_before_its_upload_is_taken_for_a_stray() -> None:
    """S3 tells nothing of an upload but when its parts came."""
    seconds = part_bytes(1) / SLOWEST_BYTES_PER_SECOND
    assert signature(sweep).parameters["stray_seconds"].default > seconds


async def test_what_was_stored_of_a_meeting_just_forgotten_goes(left: Left) -> None:
    for meeting, days_ago in (("bot-1", 1.9), ("bot-2", 2.1)):
        await replace_object(left.objects, name_of("video.mp4", meeting), b"left")
        async with left.bench.services.database.transaction() as tx:
            await forget(tx, PROVIDER, meeting, NOW_MS - int(days_ago * DAY_SECONDS * 1000))
    await replace_object(left.objects, name_of("video.mp4", "bot-3"), b"kept")
    assert (await left.sweep()).objects == 1
    assert await left.bench.stored() == [name_of("video.mp4", meeting) for meeting in ("bot-2", "bot-3")]
