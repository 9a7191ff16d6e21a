"""Files that become others while they are copied: of what came before nothing is left."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from infra.errors import Retryable
from tests.consumers.storing import Bench, opened_bench
from tests.faults.copies import MB, is_stored, journal, nothing_is_left, recording
from tests.servers import media
from tests.servers.file import Content, File

DATE, LATER = "Fri, 02 Jan 2026 03:04:05 GMT", "Fri, 02 Jan 2026 04:04:05 GMT"


@pytest.fixture
async def video() -> File:
    """The one that is there after the change."""
    return File(recording(seed=2), etag='"2"', modified=LATER)


@pytest.fixture
async def bench(tmp_path: Path, objects_url: str, video: File) -> AsyncIterator[Bench]:
    async with opened_bench(tmp_path, {"/v": video}, objects_url=objects_url) as bench:
        yield bench


def before(content: Content | None = None, *, etag: str | None = '"1"', modified: str | None = DATE) -> File:
    """The one that was there; it breaks off."""
    return File(content or recording(), etag=etag, modified=modified, cuts=[6 * MB])


async def test_one_that_changes_in_the_middle_of_an_attempt_is_begun_anew(bench: Bench, video: File) -> None:
    video.first_answers = [before()]
    await bench.handle(bench.completed(video="/v"))
    assert await is_stored(bench, video.content)


async def test_one_that_changed_since_the_last_attempt_is_begun_anew(bench: Bench, video: File) -> None:
    video.first_answers = [before(), media.status(503)]
    with pytest.raises(Retryable):
        await bench.handle(bench.completed(video="/v"))
    assert len(await journal(bench)) == 1
    await bench.handle(bench.completed(video="/v"))
    assert await is_stored(bench, video.content)


async def test_a_source_that_heeds_no_conditions_is_seen_through(bench: Bench, video: File) -> None:
    video.first_answers, video.conditions = [before(), media.status(503)], False
    with pytest.raises(Retryable):
        await bench.handle(bench.completed(video="/v"))
    await bench.handle(bench.completed(video="/v"))
    assert await is_stored(bench, video.content)


@pytest.mark.parametrize("etag", ['"2"', None])
async def test_one_that_changed_at_a_source_that_gives_no_parts_any_more_is_begun_anew(
    bench: Bench, video: File, etag: str | None
) -> None:
    video.first_answers = [before(), media.status(503)]
    with pytest.raises(Retryable):
        await bench.handle(bench.completed(video="/v"))
    video.etag, video.ranges, video.conditions = etag, "ignored", False
    await bench.handle(bench.completed(video="/v"))
    assert await is_stored(bench, video.content)


async def test_another_length_is_another_file_whatever_its_etag(bench: Bench, video: File) -> None:
    video.content, video.etag = recording(13), '"1"'
    video.first_answers = [before(), media.status(503)]
    with pytest.raises(Retryable):
        await bench.handle(bench.completed(video="/v"))
    await bench.handle(bench.completed(video="/v"))
    assert await is_stored(bench, video.content)


async def test_one_that_is_known_by_its_date_alone_is_gone_on_with(bench: Bench, video: File) -> None:
    video.etag = None
    video.first_answers = [before(video.content, etag=None, modified=LATER), media.status(503)]
    with pytest.raises(Retryable):
        await bench.handle(bench.completed(video="/v"))
    await bench.handle(bench.completed(video="/v"))
    assert await is_stored(bench, video.content)
    assert bench.source.served("/v") < 1.1 * video.content.size


async def test_another_date_is_another_file_where_there_is_no_etag(bench: Bench, video: File) -> None:
    video.etag = None
    video.first_answers = [before(etag=None), media.status(503)]
    with pytest.raises(Retryable):
        await bench.handle(bench.completed(video="/v"))
    await bench.handle(bench.completed(video="/v"))
    assert await is_stored(bench, video.content)


@pytest.mark.parametrize("etag", [None, 'W/"1"'])
async def test_one_that_nothing_surely_tells_from_another_is_never_gone_on_with(
    bench: Bench, video: File, etag: str | None
) -> None:
    video.etag, video.modified = etag, None
    video.first_answers = [before(etag=etag, modified=None)]
    with pytest.raises(Retryable):
        await bench.handle(bench.completed(video="/v"))
    assert await nothing_is_left(bench)
    await bench.handle(bench.completed(video="/v"))
    assert await is_stored(bench, video.content)


async def test_one_that_never_stays_the_same_is_left_for_later(bench: Bench, video: File) -> None:
    video.first_answers = [before(etag=f'"{number}"') for number in range(10, 20)]
    with pytest.raises(Retryable, match="keeps changing"):
        await bench.handle(bench.completed(video="/v"))
    assert await bench.stored() == []
    video.first_answers.clear()
    await bench.handle(bench.completed(video="/v"))
    assert await is_stored(bench, video.content)
