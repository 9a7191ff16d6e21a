"""Copies that end where it hurts: between the last byte, the name and the row, or where the store refuses."""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast
from uuid import uuid4

import pytest

from infra.errors import Poison, Retryable
from infra.providers.base import ProviderApi
from schemas.meeting import Link
from tests.consumers.storing import OTHER_VIDEO, PROVIDER, Bench, bodies, opened_bench
from tests.faults.copies import MB, is_stored, journal, nothing_is_left, recording
from tests.faults.watched_store import Died, Step, WatchedStore, dies
from tests.infra.objects.between import SLOW_DOWN, Answer, Asked, Between, PassOn, between_us_and
from tests.infra.objects.s3 import use_server
from tests.servers import media
from tests.servers.file import File
from tests.servers.seaweed import SeaweedServer


@pytest.fixture
async def video() -> File:
    return File(recording())


@pytest.fixture
async def bench(tmp_path: Path, objects_url: str, video: File) -> AsyncIterator[Bench]:
    async with opened_bench(tmp_path, {"/v": video}, objects_url=objects_url) as bench:
        yield bench


async def _dies(bench: Bench, at: Step, size: int = 0) -> None:
    objects = WatchedStore(bench.services.objects, dies(at, size))
    dying = replace(bench, services=replace(bench.services, objects=objects))
    with pytest.raises(Died):
        await dying.handle(bench.completed(video="/v"))


@pytest.mark.parametrize("at", ["to be finished", "finished"])
async def test_who_dies_after_the_last_byte_does_not_cost_the_source_another_one(
    bench: Bench, video: File, at: Step
) -> None:
    await _dies(bench, at)
    [download] = await journal(bench)
    assert download.whole
    served = bench.source.served("/v")
    await bench.handle(bench.completed(video="/v"))
    assert await is_stored(bench, video.content)
    assert bench.source.served("/v") == served


async def test_who_dies_with_a_copy_that_another_event_stored_meanwhile_keeps_one_of_them(
    bench: Bench, video: File
) -> None:
    await _dies(bench, "written", 6 * MB)
    bench.source.answers["/w"] = media.whole(video.content.read(0, video.content.size))
    await bench.handle(bench.completed(video="/w", event="another"))
    assert list(await bench.artifacts()) == ["video.2.mp4"]
    await bench.handle(bench.completed(video="/v"))
    assert list(await bench.artifacts()) == ["video.2.mp4"]
    assert await is_stored(bench, video.content, "video.2.mp4")


async def test_a_name_that_a_broken_copy_has_is_given_to_no_other(bench: Bench, video: File) -> None:
    await _dies(bench, "written", 6 * MB)
    bench.source.answers["/w"] = media.whole(OTHER_VIDEO)
    await bench.handle(bench.completed(video="/w", event="another"))
    served = bench.source.served("/v")
    await bench.handle(bench.completed(video="/v"))
    assert sorted(await bench.artifacts()) == ["video.2.mp4", "video.mp4"]
    assert await bench.content("video.2.mp4") == OTHER_VIDEO
    assert bench.source.served("/v") - served < video.content.size - 5 * MB


async def test_a_name_that_another_took_all_the_same_is_left_to_it(bench: Bench, video: File) -> None:
    await _dies(bench, "written", 6 * MB)
    await bench.services.objects.put(f"{PROVIDER}/bot-1/video.mp4", OTHER_VIDEO, media_type="video/mp4")
    with pytest.raises(Retryable, match="under its name"):
        await bench.handle(bench.completed(video="/v"))
    assert await nothing_is_left(bench)
    [fact] = await bench.handle(bench.completed(video="/v"))
    assert list(bodies([fact])) == ["video.2.mp4"]
    assert await bench.content("video.mp4") == OTHER_VIDEO
    assert await bench.content("video.2.mp4") == video.content.read(0, video.content.size)


async def test_a_copy_of_which_nothing_is_left_is_begun_anew(bench: Bench, video: File) -> None:
    await _dies(bench, "written", 6 * MB)
    [download] = await journal(bench)
    await bench.services.objects.discard(download.name, download.upload_id)
    await bench.handle(bench.completed(video="/v"), silence_seconds=0.5)
    assert await is_stored(bench, video.content)


async def test_what_dies_with_its_link_is_gone_on_with_by_a_fresh_one(bench: Bench, video: File) -> None:
    bench.source.answers["/fresh"] = video
    bench.source.answers["/v"] = dead = File(video.content, cuts=[6 * MB])
    dead.first_answers = [File(video.content, cuts=[6 * MB]), media.status(403)]
    fresh = cast("ProviderApi", _Fresh(bench.link("/fresh")))  # nothing else of it is asked
    services = replace(bench.services, providers={"meeting-baas": fresh})
    await replace(bench, services=services).handle(bench.completed(video="/v"))
    assert await is_stored(bench, video.content)
    assert bench.source.served("/v") + bench.source.served("/fresh") < 1.1 * video.content.size


async def test_a_link_that_is_dead_and_was_the_last_leaves_what_came_for_a_replay(
    bench: Bench, video: File
) -> None:
    video.first_answers = [File(video.content, cuts=[6 * MB]), media.status(403), media.status(403)]
    with pytest.raises(Poison, match="403"):
        await bench.handle(bench.completed(video="/v"))
    video.first_answers.clear()
    await bench.handle(bench.completed(video="/v"))
    assert await is_stored(bench, video.content)
    assert bench.source.served("/v") < 1.1 * video.content.size


class _Fresh:
    """A provider that has one video."""

    def __init__(self, url: str) -> None:
        self.url = url

    async def links(self, meeting_id: str, event_type: str) -> Sequence[Link]:
        return [Link("video", self.url)]


@pytest.fixture
def between(seaweed: SeaweedServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Between]:
    with between_us_and(seaweed.endpoint_url) as between:
        use_server(seaweed, monkeypatch, AWS_ENDPOINT_URL=between.endpoint_url)
        yield between


async def test_after_a_store_that_failed_at_part_seven_the_source_is_asked_for_the_rest_only(
    tmp_path: Path, between: Between
) -> None:
    video = File(recording(60))
    refused: list[Asked] = []

    def refuse_the_seventh(asked: Asked, pass_on: PassOn) -> Answer:
        if "partNumber=7" in asked.query and len(refused) < 6:
            refused.append(asked)
            return Answer(503, SLOW_DOWN)
        return pass_on()

    between.trouble = refuse_the_seventh
    async with opened_bench(tmp_path, {"/v": video}, objects_url=f"s3://part-seven/{uuid4()}") as bench:
        attempts = 1
        while True:
            try:
                await bench.handle(bench.completed(video="/v"))
            except Retryable:
                attempts += 1
                assert await bench.stored() == []
            else:
                break
        assert attempts > 1
        assert await is_stored(bench, video.content)
        assert bench.source.served("/v") < 1.2 * video.content.size
