"""Two workers at the same file: one copies it, the other waits for it, or goes on where it died or froze."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from consumers.recordings import handle
from infra.objects.open import open_objects
from schemas.envelope import Record
from schemas.facts import Fact
from tests.consumers.storing import Bench, bodies, opened_bench
from tests.contracts.objects.conftest import STORES
from tests.faults.copies import MB, is_stored, journal, recording
from tests.faults.copying import copier, ended
from tests.servers.file import File


@pytest.fixture
async def video() -> File:
    return File(recording(30), bytes_per_second=20 * MB)


@pytest.fixture
async def bench(tmp_path: Path, objects_url: str, video: File) -> AsyncIterator[Bench]:
    async with opened_bench(tmp_path, {"/v": video}, objects_url=objects_url) as bench:
        yield bench


def another(bench: Bench, objects_url: str, parts_folder: Path) -> Bench:
    """Another worker; with other parts, on another machine."""
    objects = open_objects(objects_url, parts_folder=str(parts_folder))
    return replace(bench, services=replace(bench.services, objects=objects))


@pytest.mark.parametrize("head_start_bytes", [0, 6 * MB])
async def test_who_comes_second_waits_and_both_say_the_same(
    bench: Bench, video: File, tmp_path: Path, objects_url: str, head_start_bytes: int
) -> None:
    record = bench.completed(video="/v")
    first = asyncio.create_task(_handle(bench, record))
    await _until_served(bench, head_start_bytes)
    second = asyncio.create_task(_handle(another(bench, objects_url, tmp_path / "parts"), record))
    facts = await asyncio.gather(first, second)
    assert {fact.id: fact.body for fact in facts[0]} == {fact.id: fact.body for fact in facts[1]}
    assert await is_stored(bench, video.content)
    assert bench.source.served("/v") < 1.6 * video.content.size


async def test_one_that_is_frozen_has_lost_its_copy_and_finds_that_out(
    bench: Bench, video: File, tmp_path: Path, objects_url: str
) -> None:
    async with copier(objects_url, tmp_path, bench.link("/v")) as copying:
        frozen = await copying.one_more()
        await _until_served(bench, 6 * MB)
        os.kill(frozen, signal.SIGSTOP)
        video.bytes_per_second = None
        [fact] = await handle(bench.completed(video="/v"), bench.services, silence_seconds=1)
        os.kill(frozen, signal.SIGCONT)
        await ended(frozen)
    assert list(bodies([fact])) == ["video.mp4"]
    assert await is_stored(bench, video.content)


async def test_another_machine_goes_on_from_the_last_whole_part(
    tmp_path: Path, request: pytest.FixtureRequest, video: File
) -> None:
    objects_url = STORES["s3"](tmp_path, request)
    async with (
        opened_bench(tmp_path, {"/v": video}, objects_url=objects_url) as bench,
        copier(objects_url, tmp_path, bench.link("/v")) as copying,
    ):
        killed = await copying.one_more()
        await _until_served(bench, 22 * MB)
        os.kill(killed, signal.SIGKILL)
        await ended(killed)
        assert len(await journal(bench)) == 1
        there = another(bench, objects_url, tmp_path / "other parts")
        await there.handle(bench.completed(video="/v"))
        assert await is_stored(there, video.content)
        assert bench.source.served("/v") < video.content.size + 17 * MB


async def _handle(bench: Bench, record: Record) -> Sequence[Fact]:
    async with asyncio.timeout(60):
        return await bench.handle(record)


async def _until_served(bench: Bench, count: int) -> None:
    async with asyncio.timeout(60):
        while bench.source.served("/v") < count:
            await asyncio.sleep(0.01)
