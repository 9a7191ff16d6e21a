import asyncio
from collections.abc import Sequence
from pathlib import Path

from consumers.base import Services
from consumers.runner.policy import Limits, RetryPolicy
from infra.errors import Retryable
from schemas.envelope import Record
from schemas.facts import Fact
from schemas.topics import DEAD_LETTERS, EVENTS, WEBHOOKS
from tests.consumers.running import append, completed, in_flight, opened_log, records, running, until


async def test_a_running_handler_may_finish_and_is_committed(tmp_path: Path) -> None:
    begun, release = asyncio.Event(), asyncio.Event()

    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        begun.set()
        await release.wait()
        return [completed("m1")]

    async with opened_log(tmp_path) as log:
        await append(log, "e1", "m1")
        async with running(log, handle) as runner:
            await begun.wait()
            runner.stop.set()
            release.set()
            await runner.ended()
        assert await log.backlog([WEBHOOKS], "recordings") == 0
        assert len(await records(log, EVENTS)) == 1
    assert runner.remembered == ["e1"]


async def test_no_new_record_begins_after_a_stop(tmp_path: Path) -> None:
    begun: list[str] = []
    release = asyncio.Event()

    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        begun.append(record.id)
        await release.wait()
        return ()

    async with opened_log(tmp_path) as log:
        for number in range(4):
            await append(log, str(number), "m1" if number < 2 else f"n{number}")
        limits = Limits(concurrency=2, commit_every_seconds=0.01)
        async with running(log, handle, limits=limits, name="stopping") as runner:
            await until(lambda: len(begun) == 2 and in_flight("stopping") == 4)
            runner.stop.set()
            asyncio.get_running_loop().call_soon(release.set)
            await runner.ended()
        assert await log.backlog([WEBHOOKS], "stopping") == 3
    assert begun == ["0", "2"]
    assert in_flight("stopping") == 0


async def test_a_handler_that_outlasts_its_grace_is_cancelled_and_its_record_comes_again(
    tmp_path: Path,
) -> None:
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def long(record: Record, services: Services) -> Sequence[Fact]:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        return ()

    async def short(record: Record, services: Services) -> Sequence[Fact]:
        return ()

    async with opened_log(tmp_path) as log:
        await append(log, "e1", "m1")
        limits = Limits(grace_seconds=0.05, commit_every_seconds=0.01)
        async with running(log, long, limits=limits) as first:
            await begun.wait()
            await first.stopped()
        assert cancelled.is_set()
        assert first.remembered == []
        assert await records(log, DEAD_LETTERS) == []
        async with running(log, short) as second:
            await until(lambda: second.remembered == ["e1"])


async def test_a_stop_does_not_wait_for_what_is_to_be_tried_again(tmp_path: Path) -> None:
    tried = asyncio.Event()

    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        tried.set()
        raise Retryable("not before tomorrow", after_seconds=86_400)

    async with opened_log(tmp_path) as log:
        await append(log, "e1", "m1")
        async with running(log, handle, policy=RetryPolicy()) as runner:
            await tried.wait()
            async with asyncio.timeout(5):
                await runner.stopped()
        assert await log.backlog([WEBHOOKS], "recordings") == 1


async def test_what_was_done_just_before_a_stop_is_committed(tmp_path: Path) -> None:
    async with opened_log(tmp_path) as log:
        await append(log, "first", "m0")
        done: list[str] = []

        async def handle(record: Record, services: Services) -> Sequence[Fact]:
            done.append(record.id)
            return ()

        # The second record is done while the committer rests; only the stop can have committed it.
        async with running(log, handle, limits=Limits(commit_every_seconds=3600)) as runner:
            await until(lambda: runner.remembered == ["first"])
            await append(log, "second", "m1")
            await until(lambda: done == ["first", "second"])
            await runner.stopped()
        assert await log.backlog([WEBHOOKS], "recordings") == 0
