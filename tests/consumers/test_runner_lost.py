"""What the runner does when partitions go to another member: a test takes them from its subscription."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager

import pytest

from consumers.base import Consumer, Handler, Services
from consumers.runner.attempt import GaveUp
from consumers.runner.policy import BurialStreak, Limits
from consumers.runner.work import Job, work_through
from infra.errors import Retryable
from infra.eventlog.base import Partition
from schemas.envelope import Record
from schemas.facts import Fact
from schemas.topics import EVENTS, WEBHOOKS
from tests.consumers.running import NO_SERVICES, QUICK, in_flight, until

FIRST, SECOND = (WEBHOOKS, 0), (WEBHOOKS, 1)


class Taken:
    """A subscription. `let_go` counts how often the runner said that all it was told of has ended."""

    def __init__(self) -> None:
        self.coming: asyncio.Queue[Record] = asyncio.Queue()
        self.losses: asyncio.Queue[Collection[Partition]] = asyncio.Queue()
        self.committed: dict[Partition, int] = {}
        self.let_go = -1

    def give(self, partition: Partition, offset: int, key: str) -> None:
        topic, number = partition
        self.coming.put_nowait(Record(topic, number, offset, key, 0, {"ce_id": f"{number}-{offset}"}, b""))

    async def fetch(self, max_records: int, *, without: Collection[Partition] = ()) -> Sequence[Record]:
        return [await self.coming.get()]

    async def commit(self, *records: Record) -> None:
        for record in records:
            self.committed[record.topic, record.partition] = record.offset

    async def lost(self) -> Collection[Partition]:
        self.let_go += 1
        return await self.losses.get()


@asynccontextmanager
async def working(handle: Handler) -> AsyncIterator[tuple[Taken, list[str]]]:
    """A runner on a subscription, and the ids that it remembered as successes."""
    source, remembered, stop = Taken(), list[str](), asyncio.Event()

    async def remember(successes: Sequence[tuple[str, int]]) -> None:
        remembered.extend(event_id for event_id, _ in successes)

    async def publish(record: Record, fact: Fact) -> None:
        raise AssertionError("these handlers cause nothing")

    async def bury(record: Record, reason: GaveUp, attempts: int) -> None:
        raise AssertionError(f"buried {record.id}: {reason.error}")

    job = Job(
        consumer=Consumer("lost", (WEBHOOKS, EVENTS), handle),
        services=NO_SERVICES,
        publish=publish,
        bury=bury,
        remember=remember,
        policy=QUICK,
        limits=Limits(concurrency=4, commit_every_seconds=0.01, grace_seconds=0.1),
        streak=BurialStreak(),
        now_ms=lambda: 0,
    )
    task = asyncio.create_task(work_through(source, job, stop=stop))
    try:
        yield source, remembered
    finally:
        stop.set()
        await asyncio.wait([task], timeout=10)
        task.cancel()
    await task
    assert in_flight("lost") == 0


async def test_handlers_of_a_lost_partition_are_cancelled_and_all_others_go_on() -> None:
    begun, cancelled = list[str](), list[str]()
    release = asyncio.Event()

    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        begun.append(record.id)
        try:
            await release.wait()
        except asyncio.CancelledError:
            cancelled.append(record.id)
            raise
        return ()

    async with working(handle) as (source, remembered):
        source.give(FIRST, 5, "a")
        source.give(SECOND, 7, "b")
        await until(lambda: len(begun) == 2)
        source.losses.put_nowait({FIRST})
        await until(lambda: source.let_go == 1)
        assert cancelled == ["0-5"]
        release.set()
        await until(lambda: source.committed == {SECOND: 7})
    assert remembered == ["1-7"]


async def test_what_waits_of_a_lost_partition_is_forgotten_and_its_key_goes_on_elsewhere() -> None:
    begun = list[str]()
    release = asyncio.Event()

    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        begun.append(record.id)
        if record.offset == 9:
            raise Retryable("not yet", after_seconds=0.1)
        if record.offset == 1:
            await release.wait()
        return ()

    async with working(handle) as (source, remembered):
        source.give(FIRST, 1, "a")  # runs
        source.give(FIRST, 2, "a")  # waits behind it
        source.give((EVENTS, 3), 8, "a")  # and this behind both
        source.give(FIRST, 9, "b")  # waits to be tried again
        await until(lambda: begun == ["0-1", "0-9"])
        source.losses.put_nowait({FIRST})
        await until(lambda: source.committed == {(EVENTS, 3): 8})
        assert begun == ["0-1", "0-9", "3-8"]
    assert remembered == ["3-8"]


async def test_the_other_member_waits_until_a_cancelled_handler_has_ended() -> None:
    ending, ended = asyncio.Event(), asyncio.Event()

    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        try:
            await asyncio.Event().wait()
        finally:
            ending.set()
            await ended.wait()
        return ()

    async with working(handle) as (source, _):
        source.give(FIRST, 1, "a")
        await until(lambda: in_flight("lost") == 1)
        source.losses.put_nowait({FIRST})
        await ending.wait()
        assert source.let_go == 0
        ended.set()
        await until(lambda: source.let_go == 1)


@pytest.mark.parametrize("ends", ["well", "badly"])
async def test_a_handler_that_does_not_let_itself_be_cancelled_has_done_nothing(ends: str) -> None:
    stubborn = asyncio.Event()

    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        if record.key == "stubborn":
            try:
                stubborn.set()
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if ends == "badly":
                    raise RuntimeError("it went wrong while it was cancelled") from None
        return ()

    async with working(handle) as (source, remembered):
        source.give(FIRST, 1, "stubborn")
        await stubborn.wait()
        source.losses.put_nowait({FIRST})
        await until(lambda: source.let_go == 1)
        for offset in range(8):  # more than there are workers: the one that was cancelled works on, too
            source.give(SECOND, offset, "")
        await until(lambda: source.committed == {SECOND: 7})
    assert sorted(remembered) == [f"1-{offset}" for offset in range(8)]


async def test_a_partition_that_comes_back_is_committed_by_what_was_fetched_since() -> None:
    release, handled = asyncio.Event(), list[int]()

    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        if record.offset == 1:
            await release.wait()
        handled.append(record.offset)
        return ()

    async with working(handle) as (source, _):
        source.give(FIRST, 1, "a")
        source.give(FIRST, 2, "b")
        await until(lambda: handled == [2])
        source.losses.put_nowait({FIRST})
        await until(lambda: source.let_go == 1)
        source.give(FIRST, 4, "a")  # another member did the others meanwhile
        await until(lambda: source.committed == {FIRST: 4})


async def test_a_stop_ends_handlers_that_are_just_being_cancelled() -> None:
    cancelled = list[str]()

    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.append(record.id)
                if len(cancelled) == 2:
                    raise

    async with working(handle) as (source, remembered):
        source.give(FIRST, 1, "a")
        await until(lambda: in_flight("lost") == 1)
        source.losses.put_nowait({FIRST})
        await until(lambda: len(cancelled) == 1)
    assert cancelled == ["0-1", "0-1"]
    assert remembered == []
