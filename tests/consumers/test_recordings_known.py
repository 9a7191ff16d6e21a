"""Files that are stored already: told by what their source says of them, and not fetched a second time."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.consumers.storing import PROVIDER, VIDEO, Bench, bodies, opened_bench
from tests.servers.file import File, held, joined, noise

SIZE = 8_000_000


@pytest.fixture
async def video() -> File:
    return File(joined(held(VIDEO), noise(SIZE)))


@pytest.fixture
async def bench(tmp_path: Path, video: File) -> AsyncIterator[Bench]:
    async with opened_bench(tmp_path, {"/v": video, "/w": video}) as bench:
        await bench.handle(bench.completed(video="/v", event="webhook"))
        yield bench


async def test_a_callback_after_its_webhook_fetches_nothing(bench: Bench, video: File) -> None:
    before = bench.source.served("/v")
    [fact] = await bench.handle(bench.completed(video="/v", event="callback"))
    assert list(bodies([fact])) == ["video.mp4"]
    assert (await bench.artifacts())["video.mp4"].source_event == "webhook"
    assert bench.source.served("/v") - before < SIZE / 2
    assert await bench.stored() == [f"{PROVIDER}/bot-1/video.mp4"]


@pytest.mark.parametrize("etag", ['"2"', 'W/"1"', None])
async def test_one_that_may_be_another_is_fetched_and_kept_once(
    bench: Bench, video: File, etag: str | None
) -> None:
    video.etag = etag
    before = bench.source.served("/v")
    [fact] = await bench.handle(bench.completed(video="/v", event="callback"))
    assert list(bodies([fact])) == ["video.mp4"]
    assert bench.source.served("/v") - before == video.content.size
    assert await bench.stored() == [f"{PROVIDER}/bot-1/video.mp4"]


async def test_another_link_to_the_same_file_is_fetched_and_kept_once(bench: Bench, video: File) -> None:
    [fact] = await bench.handle(bench.completed(video="/w", event="callback"))
    assert list(bodies([fact])) == ["video.mp4"]
    assert bench.source.served("/w") == video.content.size
    assert await bench.stored() == [f"{PROVIDER}/bot-1/video.mp4"]


async def test_one_that_has_gone_from_the_store_is_fetched_again(bench: Bench, video: File) -> None:
    await bench.services.objects.delete(f"{PROVIDER}/bot-1/video.mp4")
    await bench.handle(bench.completed(video="/v", event="callback"))
    assert await bench.stored() == [f"{PROVIDER}/bot-1/video.mp4"]
