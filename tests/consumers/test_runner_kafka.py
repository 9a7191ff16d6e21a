"""What the runner can do where a topic has partitions and members come and go."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from uuid import uuid4

import pytest

from consumers.base import Services
from consumers.runner.policy import Limits, RetryPolicy
from infra.errors import Retryable
from infra.eventlog.base import EventLog
from infra.eventlog.kafka.options import KafkaOptions
from infra.eventlog.open import open_log
from schemas.envelope import Record
from schemas.facts import Fact
from schemas.topics import WEBHOOKS
from tests.consumers.running import append, in_flight, records, running, until, until_committed
from tests.servers.kafka import KafkaServer

_SESSION_SECONDS = 2.0


@pytest.fixture
async def log(kafka: KafkaServer) -> AsyncIterator[EventLog]:
    options = KafkaOptions(partitions=4, ack_timeout_seconds=20, session_timeout_seconds=_SESSION_SECONDS)
    log = open_log(f"{kafka.url}?prefix={uuid4().hex}.", kafka=options)
    await log.setup()
    yield log
    await log.close()


async def test_handlers_longer_than_a_session_keep_their_partitions_even_where_there_is_no_room_for_more(
    log: EventLog,
) -> None:
    begun: list[str] = []
    cancelled: list[str] = []
    release = asyncio.Event()

    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        begun.append(record.id)
        try:
            await release.wait()
        except asyncio.CancelledError:
            cancelled.append(record.id)
            raise
        return ()

    for number in range(8):
        await append(log, str(number), f"m{number}")
    async with running(log, handle, name="long", limits=Limits(max_records=4, commit_every_seconds=0.01)):
        await until(lambda: len(begun) == 4)
        await asyncio.sleep(_SESSION_SECONDS * 2)
        release.set()
        await until_committed(log, "long")

    assert cancelled == []
    assert sorted(begun) == [str(number) for number in range(8)]


async def test_a_key_that_cannot_go_on_holds_up_its_partition_and_no_other(log: EventLog) -> None:
    waits = RetryPolicy(attempts=10_000, first_delay_seconds=0.05, longest_delay_seconds=0.05)
    most, handled, free = 0.0, set[str](), asyncio.Event()

    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        nonlocal most
        most = max(most, in_flight("held"))
        if record.key == "stuck" and not free.is_set():
            raise Retryable("not today")
        handled.add(record.id)
        return ()

    await asyncio.gather(*(append(log, f"stuck-{number}", "stuck") for number in range(300)))
    await asyncio.gather(*(append(log, str(number), f"m{number}") for number in range(300)))
    there = await records(log, WEBHOOKS)
    stuck = next(record.partition for record in there if record.key == "stuck")
    elsewhere = {record.id for record in there if record.partition != stuck}
    limits = Limits(max_records=100, commit_every_seconds=0.01)
    async with running(log, handle, name="held", policy=waits, limits=limits):
        await until(lambda: elsewhere <= handled)
        assert len(handled) < 300  # others stand behind it in its own partition
        free.set()
        await until_committed(log, "held")

    assert len(elsewhere) > 100
    assert most <= 100
