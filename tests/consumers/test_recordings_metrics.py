"""What copies count: how they went, how many bytes came, how many run."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from infra.errors import Retryable
from tests.consumers.storing import Bench, opened_bench
from tests.faults.copies import MB, recording
from tests.servers import media
from tests.servers.file import File

OUTCOMES = ("stored", "adopted", "resumed", "started over")


@pytest.fixture
async def video() -> File:
    return File(recording())


@pytest.fixture
async def bench(tmp_path: Path, video: File) -> AsyncIterator[Bench]:
    async with opened_bench(tmp_path, {"/v": video}) as bench:
        yield bench


def counted() -> list[float]:
    return [_value("adjourn_copies_total", outcome=outcome) for outcome in OUTCOMES]


def _value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0


def _more(before: list[float]) -> dict[str, float]:
    changes = zip(OUTCOMES, counted(), before, strict=True)
    return {outcome: now - then for outcome, now, then in changes if now != then}


async def test_a_file_that_is_stored_and_all_its_bytes_are_counted_once(bench: Bench, video: File) -> None:
    before, copied = counted(), _value("adjourn_copied_bytes_total")
    video.cuts = [5 * MB]
    await bench.handle(bench.completed(video="/v"))
    assert _more(before) == {"stored": 1}
    assert _value("adjourn_copied_bytes_total") - copied == video.content.size


async def test_a_file_that_was_there_is_adopted(bench: Bench) -> None:
    await bench.handle(bench.completed(video="/v", event="webhook"))
    before = counted()
    await bench.handle(bench.completed(video="/v", event="callback"))
    assert _more(before) == {"adopted": 1}


@pytest.mark.parametrize(("etag", "outcome"), [('"1"', "resumed"), ('"2"', "started over")])
async def test_what_becomes_of_a_broken_copy_is_counted(
    bench: Bench, video: File, etag: str, outcome: str
) -> None:
    video.first_answers = [File(video.content, cuts=[5 * MB]), media.status(503)]
    with pytest.raises(Retryable):
        await bench.handle(bench.completed(video="/v"))
    video.etag = etag
    before = counted()
    await bench.handle(bench.completed(video="/v"))
    assert _more(before)[outcome] == 1


async def test_a_copy_runs_until_it_ends_in_whatever_way(bench: Bench, video: File) -> None:
    video.bytes_per_second = MB
    copying = asyncio.create_task(_handle(bench))
    async with asyncio.timeout(30):
        while _value("adjourn_copies_running") != 1:
            await asyncio.sleep(0.01)
    copying.cancel()
    await asyncio.gather(copying, return_exceptions=True)
    assert _value("adjourn_copies_running") == 0


async def _handle(bench: Bench) -> None:
    await bench.handle(bench.completed(video="/v"))
