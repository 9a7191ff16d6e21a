"""Reading while the broker is gone, silent or not set up."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from uuid import uuid4

import pytest

from consumers.base import Services
from infra.errors import LogUnavailable
from infra.eventlog.base import Subscription
from infra.eventlog.kafka.cluster import cluster_at
from infra.eventlog.kafka.log import KafkaLog
from infra.eventlog.kafka.options import KafkaOptions
from schemas.envelope import Record
from schemas.facts import Fact
from schemas.topics import WEBHOOKS
from tests.consumers.running import running, until
from tests.contracts.logs import append, take, values
from tests.servers.kafka import KafkaServer

_GROUP = "recordings"
_SESSION_SECONDS = 2.0
_BOUND_SECONDS = 2 * _SESSION_SECONDS
_BACK_SECONDS = 40


@pytest.fixture(scope="module")
def broker() -> Iterator[KafkaServer]:
    """For the tests of this file, which leave it running."""
    with KafkaServer() as server:
        server.start()
        yield server


def _open(broker: KafkaServer, prefix: str, session_seconds: float = _SESSION_SECONDS) -> KafkaLog:
    options = KafkaOptions(
        partitions=3, ack_timeout_seconds=_BACK_SECONDS, session_timeout_seconds=session_seconds
    )
    return KafkaLog(cluster_at(f"{broker.url}?prefix={prefix}.", options))


@pytest.fixture
async def log(broker: KafkaServer) -> AsyncIterator[KafkaLog]:
    log = _open(broker, uuid4().hex)
    await log.setup()
    yield log
    await log.close()


async def test_a_consumer_goes_on_where_it_was_when_a_killed_broker_is_back(
    broker: KafkaServer, log: KafkaLog
) -> None:
    handled: list[int] = []

    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        handled.append(int(record.value))
        return ()

    async with running(log, handle, name=_GROUP):
        for number in range(20):
            await append(log, str(number), f"bot-{number % 3}")
        await until(lambda: len(handled) == 20)
        broker.kill()
        broker.start()
        for number in range(20, 40):
            await append(log, str(number), f"bot-{number % 3}")
        async with asyncio.timeout(_BACK_SECONDS):
            while len(set(handled)) < 40 or await log.backlog([WEBHOOKS], _GROUP):
                await asyncio.sleep(0.1)

    for key in range(3):  # one that was handled again comes again with all behind it
        of_key = [number for number in handled if number % 3 == key]
        assert list(dict.fromkeys(of_key)) == list(range(key, 40, 3))


async def test_a_broker_that_does_not_answer_is_told_in_time_and_forgiven(
    broker: KafkaServer, log: KafkaLog
) -> None:
    async with log.subscribe([WEBHOOKS], _GROUP) as subscription:
        await append(log, "1")
        (record,) = await take(subscription, 1)
        broker.freeze()
        try:
            began = time.monotonic()
            async with asyncio.timeout(_BACK_SECONDS):
                with pytest.raises(LogUnavailable, match="cannot be used"):
                    await subscription.fetch(1)
                with pytest.raises(LogUnavailable, match="cannot be used"):
                    await subscription.commit(record)
            seconds = time.monotonic() - began
        finally:
            broker.thaw()
        letting_go = asyncio.create_task(_let_go(subscription))
        await append(log, "2")
        async with asyncio.timeout(_BACK_SECONDS):
            while "2" not in values(await _fetched(subscription)):
                pass
        letting_go.cancel()

    assert seconds < 2 * _BOUND_SECONDS


async def test_leaving_while_the_broker_does_not_answer_takes_no_session(broker: KafkaServer) -> None:
    log = _open(broker, uuid4().hex, session_seconds=10)
    await log.setup()
    async with log.subscribe([WEBHOOKS], _GROUP) as subscription:
        await append(log, "1")
        await take(subscription, 1)
        broker.freeze()
        began = time.monotonic()
    seconds = time.monotonic() - began
    broker.thaw()
    await log.close()

    assert seconds < 10


async def test_a_broker_that_is_not_there_is_told_when_reading_begins() -> None:
    log = KafkaLog(cluster_at("kafka://127.0.0.1:1", KafkaOptions()))

    with pytest.raises(LogUnavailable, match=r"127\.0\.0\.1:1 cannot be used"):
        async with log.subscribe([WEBHOOKS], _GROUP):
            pass
    await log.close()


async def test_a_missing_topic_is_told_with_what_creates_it(kafka: KafkaServer) -> None:
    log = _open(kafka, "nowhere")

    with pytest.raises(
        LogUnavailable, match=r"nowhere\.meetings\.webhooks is missing .* run `adjourn setup`"
    ):
        async with log.subscribe([WEBHOOKS], _GROUP):
            pass
    await log.close()


async def _let_go(subscription: Subscription) -> None:
    while True:
        await subscription.lost()


async def _fetched(subscription: Subscription) -> Sequence[Record]:
    try:
        return await subscription.fetch(100)
    except LogUnavailable:
        await asyncio.sleep(0.1)
        return ()
