"""Sources that break off: a copy goes on from where it was, at once where it got on, else the next time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.database.engine import Database
from infra.errors import Poison, Retryable
from tests.consumers.storing import MOVIE, Bench, opened_bench
from tests.faults.copies import MB, is_stored, journal, nothing_is_left, recording
from tests.servers import media
from tests.servers.file import File, held


@pytest.fixture
async def video() -> File:
    return File(recording())


@pytest.fixture
async def bench(tmp_path: Path, objects_url: str, video: File) -> AsyncIterator[Bench]:
    async with opened_bench(tmp_path, {"/v": video}, objects_url=objects_url) as bench:
        yield bench


async def test_breaks_after_some_progress_are_mended_in_one_attempt(bench: Bench, video: File) -> None:
    video.cuts = [2 * MB, 3 * MB, MB, 2 * MB, MB]
    await bench.handle(bench.completed(video="/v"))
    assert await is_stored(bench, video.content)
    assert bench.source.served("/v") < 1.1 * video.content.size


async def test_a_source_that_fails_five_times_and_then_works_gives_it_once(bench: Bench, video: File) -> None:
    video.cuts = [7 * MB]
    video.first_answers = [File(video.content, cuts=[5 * MB]), *[media.status(503)] * 5]
    for _ in range(5):
        with pytest.raises(Retryable, match="503"):
            await bench.handle(bench.completed(video="/v"))
    await bench.handle(bench.completed(video="/v"))
    assert await is_stored(bench, video.content)
    assert bench.source.served("/v") < 1.1 * video.content.size


async def test_the_next_attempt_goes_on_where_the_last_one_ended(bench: Bench, video: File) -> None:
    video.first_answers = [File(video.content, cuts=[9 * MB]), media.status(503)]
    with pytest.raises(Retryable):
        await bench.handle(bench.completed(video="/v"))
    [download] = await journal(bench)
    assert (download.size, download.etag, download.event_id) == (video.content.size, '"1"', "event-1")
    await bench.handle(bench.completed(video="/v"))
    assert await is_stored(bench, video.content)
    assert bench.source.served("/v") < 1.1 * video.content.size


async def test_a_length_that_only_a_part_tells_is_asked_for(bench: Bench, video: File) -> None:
    video.framing = "chunked"
    await bench.handle(bench.completed(video="/v"))
    assert await is_stored(bench, video.content)


async def test_a_file_of_which_only_a_part_tells_the_length_is_gone_on_with(
    bench: Bench, video: File
) -> None:
    video.framing = "chunked"
    breaks = replace(video, cuts=[9 * MB])
    video.first_answers = [breaks, replace(video), media.status(503)]
    with pytest.raises(Retryable):
        await bench.handle(bench.completed(video="/v"))
    await bench.handle(bench.completed(video="/v"))
    assert await is_stored(bench, video.content)
    assert bench.source.served("/v") < 1.1 * video.content.size


async def test_a_copy_that_is_stopped_goes_on_where_it_was(bench: Bench, video: File) -> None:
    video.bytes_per_second = 10 * MB
    copying = asyncio.create_task(_handle(bench))
    await _until_served(bench, 6 * MB)
    copying.cancel()
    await asyncio.gather(copying, return_exceptions=True)
    video.bytes_per_second = None
    await bench.handle(bench.completed(video="/v"))
    assert await is_stored(bench, video.content)
    assert bench.source.served("/v") < 1.4 * video.content.size


async def test_a_database_that_is_away_for_a_while_is_no_break(bench: Bench, video: File) -> None:
    video.bytes_per_second = 3 * MB
    database = _Away(bench.services.database)
    copying = asyncio.create_task(
        _handle(replace(bench, services=replace(bench.services, database=database)))  # type: ignore[arg-type]
    )
    await _until_served(bench, 2 * MB)
    database.is_away = True
    async with asyncio.timeout(30):
        while database.refused == 0:
            await asyncio.sleep(0.01)
    database.is_away, video.bytes_per_second = False, None
    await copying
    assert await is_stored(bench, video.content)
    assert bench.source.asked("/v") == 1


@dataclass(slots=True)
class _Away:
    database: Database
    is_away: bool = False
    refused: int = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.database, name)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        if self.is_away:
            self.refused += 1
            raise Retryable("the database is away")
        async with self.database.transaction() as tx:
            yield tx


async def test_a_drip_that_is_no_progress_is_left_and_gone_on_with(bench: Bench, video: File) -> None:
    video.first_answers = [File(video.content, cuts=[6 * MB]), media.dripping(0.05)]
    with pytest.raises(Retryable):
        await bench.handle(bench.completed(video="/v"))
    await bench.handle(bench.completed(video="/v"))
    assert await is_stored(bench, video.content)


async def test_a_silent_source_is_left_and_gone_on_with(bench: Bench, video: File) -> None:
    video.cuts, video.silent = [6 * MB, 0], True
    with pytest.raises(Retryable):
        await bench.handle(bench.completed(video="/v"))
    video.silent = False
    await bench.handle(bench.completed(video="/v"))
    assert await is_stored(bench, video.content)
    assert bench.source.served("/v") < 1.1 * video.content.size


@pytest.mark.parametrize("wrong", ["shifted", "said", "not said", "several"])
async def test_a_part_that_was_not_asked_for_becomes_none_of_the_file(
    bench: Bench, video: File, wrong: str
) -> None:
    liar = File(video.content, cuts=[6 * MB])
    match wrong:
        case "shifted":
            liar.shifted_bytes = 1000
        case "said":
            liar.content_range = f"bytes 5-6/{video.content.size}"
        case "not said":
            liar.content_range = "all of it"
        case "several":
            liar.multipart = True
    video.first_answers = [liar, liar]
    with pytest.raises(Retryable):
        await bench.handle(bench.completed(video="/v"))
    assert await bench.stored() == []
    await bench.handle(bench.completed(video="/v"))
    assert await is_stored(bench, video.content)


async def test_a_source_that_gives_no_part_any_more_is_read_again_from_its_beginning(
    bench: Bench, video: File
) -> None:
    video.first_answers = [File(video.content, cuts=[6 * MB]), media.status(503)]
    with pytest.raises(Retryable):
        await bench.handle(bench.completed(video="/v"))
    video.ranges = "ignored"
    await bench.handle(bench.completed(video="/v"))
    assert await is_stored(bench, video.content)


async def test_gzip_that_nobody_asked_for_is_none_of_the_file(bench: Bench, video: File) -> None:
    video.first_answers = [File(video.content, cuts=[6 * MB]), File(video.content, packed=True)]
    with pytest.raises((Poison, Retryable)):
        await bench.handle(bench.completed(video="/v"))
    assert await bench.stored() == []
    await bench.handle(bench.completed(video="/v"))
    assert await is_stored(bench, video.content)


@pytest.mark.parametrize("framing", ["close", "chunked"])
async def test_what_stops_early_without_a_length_is_never_stored(
    bench: Bench, video: File, framing: str
) -> None:
    video.content, video.framing, video.ranges = held(MOVIE), framing, "none"  # type: ignore[assignment]
    video.cuts = [len(MOVIE) - 1, len(MOVIE) // 2, 100]
    for _ in range(3):
        with pytest.raises(Retryable):
            await bench.handle(bench.completed(video="/v"))
        assert await bench.stored() == []
        assert await nothing_is_left(bench)
    await bench.handle(bench.completed(video="/v"))
    assert [artifact.verified for artifact in (await bench.artifacts()).values()] == ["structure"]


async def _handle(bench: Bench) -> None:
    await bench.handle(bench.completed(video="/v"))


async def _until_served(bench: Bench, count: int) -> None:
    async with asyncio.timeout(30):
        while bench.source.served("/v") < count:
            await asyncio.sleep(0.01)
