"""Meetings that were forgotten: what comes of them later is not kept, nor what was under way."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from consumers.meetings import CONSUMER as MEETINGS
from infra.database.forgotten import forget
from infra.database.meetings import find_meetings
from schemas.dead_letter import dead_letter_headers
from schemas.envelope import Record
from schemas.topics import DEAD_LETTERS
from tests.consumers.storing import PROVIDER, Bench, opened_bench, webhook
from tests.consumers.transcribing import complete, transcribe
from tests.faults.copies import MB, nothing_is_left, recording
from tests.faults.watched_store import Step, WatchedStore
from tests.servers.file import File


@pytest.fixture
async def video() -> File:
    return File(recording(), bytes_per_second=20 * MB)


@pytest.fixture
async def bench(tmp_path: Path, video: File) -> AsyncIterator[Bench]:
    async with opened_bench(tmp_path, {"/v": video}) as bench:
        yield bench


async def _forget(bench: Bench) -> None:
    async with bench.services.database.transaction() as tx:
        await forget(tx, PROVIDER, "bot-1", 1_767_323_045_000)


async def test_its_files_are_not_fetched(bench: Bench) -> None:
    await _forget(bench)
    assert list(await bench.handle(bench.completed(video="/v"))) == []
    assert bench.source.requests == []


async def test_a_file_that_is_on_its_way_is_not_kept(bench: Bench) -> None:
    copying = asyncio.create_task(_handle(bench))
    async with asyncio.timeout(30):
        while bench.source.served("/v") < 11 * MB:
            await asyncio.sleep(0.01)
    await _forget(bench)
    await asyncio.gather(copying, return_exceptions=True)
    assert list(await bench.handle(bench.completed(video="/v"))) == []
    assert await bench.stored() == []
    assert await bench.artifacts() == {}
    assert await nothing_is_left(bench)


async def test_one_that_is_forgotten_while_its_source_is_asked_is_not_copied(
    bench: Bench, video: File
) -> None:
    video.delay_seconds = 0.3
    copying = asyncio.create_task(_handle(bench))
    async with asyncio.timeout(30):
        while not bench.source.requests:
            await asyncio.sleep(0.01)
    await _forget(bench)
    await copying
    assert bench.source.served("/v") < video.content.size / 2
    assert await bench.stored() == []
    assert await nothing_is_left(bench)


async def test_a_file_that_got_its_name_after_all_is_removed_again(bench: Bench) -> None:
    async def forgets(step: Step, written: int) -> None:
        if step == "finished":
            await _forget(bench)

    objects = WatchedStore(bench.services.objects, forgets)
    late = replace(bench, services=replace(bench.services, objects=objects))
    assert list(await late.handle(bench.completed(video="/v"))) == []
    assert await bench.stored() == []
    assert await bench.artifacts() == {}


async def test_another_meeting_of_the_same_sender_is_kept(bench: Bench) -> None:
    await _forget(bench)
    await bench.handle(bench.completed(video="/v", meeting="bot-2"))
    assert await bench.stored() == [f"{PROVIDER}/bot-2/video.mp4"]


async def test_its_transcript_is_not_kept(bench: Bench) -> None:
    await _forget(bench)
    assert list(await transcribe(bench, complete("what was said"))) == []
    assert await bench.stored() == []


async def test_its_events_and_failures_are_not_kept(bench: Bench) -> None:
    await _forget(bench)
    completed = bench.completed(video="/v")
    assert list(await MEETINGS.handle(completed, bench.services)) == []
    assert list(await MEETINGS.handle(_buried(completed), bench.services)) == []
    async with bench.services.database.reading() as tx:
        assert await find_meetings(tx, "bot-1") == []


async def test_a_fact_that_comes_late_writes_no_manifest(bench: Bench) -> None:
    [fact] = await bench.handle(bench.completed(video="/v"))
    await bench.services.objects.delete(f"{PROVIDER}/bot-1/video.mp4")
    await _forget(bench)
    record = webhook("bot.completed", {"bot_id": "bot-1"}, event=fact.id, meeting="bot-1")
    headers = {**record.headers, "ce_type": fact.type}
    late = Record("meetings.events", 0, 2, "bot-1", 1, headers, fact.body.model_dump_json().encode())
    assert list(await MEETINGS.handle(late, bench.services)) == []
    assert await bench.stored() == []


async def _handle(bench: Bench) -> None:
    await bench.handle(bench.completed(video="/v"))


def _buried(record: Record) -> Record:
    headers = dead_letter_headers(
        record.headers,
        consumer="recordings",
        kind="poison",
        error="gone",
        attempts=1,
        topic=record.topic,
        partition=0,
        offset=1,
        time="2026-01-02T03:04:05Z",
    )
    return Record(DEAD_LETTERS, 0, 1, record.key, 1, headers, record.value)
