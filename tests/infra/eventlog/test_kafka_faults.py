"""A broker that is away, killed, frozen, or back with nothing."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator

import pytest
from aiokafka.client import AIOKafkaClient

from infra.errors import Halt, LogUnavailable
from infra.eventlog.kafka.cluster import abandon
from infra.eventlog.kafka.log import KafkaLog
from tests.infra.eventlog.kafka_logs import append, cluster_of, everything, kafka_log, values
from tests.servers.kafka import KafkaServer

_PATIENCE_SECONDS = 1.0
_DEADLINE_SECONDS = 30
_COUNTED_OUT_BETWEEN_HEARTBEATS = {
    "broker.session.timeout.ms": "1000",
    "broker.heartbeat.interval.ms": "4000",
}


@pytest.fixture(scope="module")
def broker(kafka: KafkaServer) -> Iterator[KafkaServer]:
    """Of these tests alone. Each leaves it running; `kafka` only tells whether there can be one."""
    with KafkaServer() as server:
        server.start()
        yield server


async def test_a_broker_that_is_killed_and_comes_back_loses_doubles_and_reorders_nothing(
    broker: KafkaServer,
) -> None:
    keys = [f"bot-{number}" for number in range(8)]
    acknowledged = dict.fromkeys(keys, 0)
    stopping = False

    async def write(log: KafkaLog, key: str) -> None:
        while not stopping:
            burst = range(acknowledged[key], acknowledged[key] + 5)
            await asyncio.gather(*(append(log, str(number), key) for number in burst))
            acknowledged[key] = burst.stop

    async with kafka_log(cluster_of(broker.url, ack_timeout_seconds=_DEADLINE_SECONDS)) as log:
        writers = asyncio.gather(*(write(log, key) for key in keys))
        await _until(_each_grows(acknowledged))
        await asyncio.to_thread(broker.kill)
        await asyncio.to_thread(broker.start)
        await _until(_each_grows(acknowledged))
        stopping = True
        await writers
        records = await everything(log)

    for key in keys:
        found = values([record for record in records if record.key == key])
        assert found == [str(number) for number in range(acknowledged[key])]


async def test_an_append_to_a_frozen_broker_fails_in_time_and_nothing_late_overtakes(
    broker: KafkaServer,
) -> None:
    async with kafka_log(cluster_of(broker.url, ack_timeout_seconds=_PATIENCE_SECONDS)) as log:
        await append(log, "0")
        for first in range(1, 9, 4):
            await _freeze(broker, log)
            began = time.monotonic()
            appends = [append(log, str(number)) for number in (first, first + 1)]
            results = await asyncio.gather(*appends, return_exceptions=True)
            took = time.monotonic() - began
            waiting = asyncio.ensure_future(append(log, str(first + 2)))
            await asyncio.sleep(0)
            broker.thaw()
            await waiting
            await append(log, str(first + 3))

            assert [type(result) for result in results] == [LogUnavailable, LogUnavailable]
            assert _PATIENCE_SECONDS <= took < 2 * _PATIENCE_SECONDS
        found = list(map(int, values(await everything(log))))

    assert found == sorted(found)
    assert {0, 3, 4, 7, 8} <= set(found)


async def test_a_probe_of_a_frozen_broker_fails_in_time(broker: KafkaServer) -> None:
    async with kafka_log(cluster_of(broker.url, ack_timeout_seconds=_PATIENCE_SECONDS)) as log:
        await _freeze(broker, log)
        began = time.monotonic()
        with pytest.raises(LogUnavailable, match=broker.bootstrap):
            await log.probe()
        took = time.monotonic() - began
        broker.thaw()
        await _until(lambda: _succeeds(log.probe))

    assert took < 2 * _PATIENCE_SECONDS


async def test_closing_while_the_broker_is_frozen_lets_appends_fail_in_time(broker: KafkaServer) -> None:
    async with kafka_log(cluster_of(broker.url, ack_timeout_seconds=_PATIENCE_SECONDS)) as log:
        await append(log, "0")
        await _freeze(broker, log)
        began = time.monotonic()
        running = asyncio.ensure_future(append(log, bytes(5_000_000)))
        await asyncio.sleep(0)
        await log.close()
        took = time.monotonic() - began
        broker.thaw()
        with pytest.raises(LogUnavailable):
            await running
        with pytest.raises(LogUnavailable, match="closed"):
            await append(log, "late")

    assert took < 2 * _PATIENCE_SECONDS


async def test_closing_that_is_cancelled_while_the_broker_is_frozen_ends_at_once(broker: KafkaServer) -> None:
    async with kafka_log(cluster_of(broker.url, ack_timeout_seconds=_DEADLINE_SECONDS)) as log:
        await append(log, "0")
        broker.freeze()
        running = asyncio.ensure_future(append(log, bytes(5_000_000)))
        closing = asyncio.ensure_future(log.close())
        await asyncio.wait([closing], timeout=0.2)
        closing.cancel()
        async with asyncio.timeout(_PATIENCE_SECONDS):
            results = await asyncio.gather(running, closing, return_exceptions=True)
        broker.thaw()

    assert [type(result) for result in results] == [LogUnavailable, asyncio.CancelledError]


async def test_a_log_whose_broker_is_away_at_first_recovers_by_itself(broker: KafkaServer) -> None:
    cluster = cluster_of(broker.url, ack_timeout_seconds=_PATIENCE_SECONDS)
    async with kafka_log(cluster):
        pass
    await asyncio.to_thread(broker.kill)

    async with kafka_log(cluster, setup=False) as log:
        with pytest.raises(LogUnavailable, match=broker.bootstrap):
            await append(log, "away")
        with pytest.raises(LogUnavailable):
            await log.probe()
        await asyncio.to_thread(broker.start)
        await _until(lambda: _succeeds(lambda: append(log, "back")))

        assert values(await everything(log))[-1] == "back"


async def test_a_broker_that_is_back_with_an_empty_disk_takes_records_again_after_a_setup(
    broker: KafkaServer,
) -> None:
    async with kafka_log(cluster_of(broker.url, ack_timeout_seconds=_PATIENCE_SECONDS)) as log:
        for number in range(20):
            await append(log, f"lost {number}", key=f"bot-{number}")
        await asyncio.to_thread(broker.kill)
        broker.wipe()
        await asyncio.to_thread(broker.start)

        async def is_missed() -> bool:
            try:
                await append(log, "early")
            except LogUnavailable as exc:
                return "is missing" in str(exc) and "adjourn setup" in str(exc)
            return False

        await _until(is_missed)
        with pytest.raises(Halt, match="adjourn setup"):
            await log.probe()
        await log.setup()
        await log.probe()
        for number in range(20):
            await append(log, f"kept {number}", key=f"bot-{number}")

        assert sorted(values(await everything(log))) == sorted(f"kept {number}" for number in range(20))


async def test_a_broker_that_its_controller_does_not_count_in_yet_is_waited_for(kafka: KafkaServer) -> None:
    with KafkaServer(_COUNTED_OUT_BETWEEN_HEARTBEATS) as server:
        server.start()
        await _until(lambda: _names_no_broker(server))
        async with kafka_log(cluster_of(server.url)) as log:
            await append(log, "0")


async def _names_no_broker(server: KafkaServer) -> bool:
    client = AIOKafkaClient(bootstrap_servers=server.bootstrap)
    await client.bootstrap()
    known = client.cluster.brokers()
    await abandon(client)
    return not known


async def _freeze(broker: KafkaServer, log: KafkaLog) -> None:
    """The signal needs a moment."""
    broker.freeze()
    while await _succeeds(log.probe):
        pass


def _each_grows(counts: dict[str, int]) -> Callable[[], Awaitable[bool]]:
    before = dict(counts)

    async def grown() -> bool:
        return all(counts[key] > before[key] for key in counts)

    return grown


async def _succeeds(attempt: Callable[[], Awaitable[None]]) -> bool:
    try:
        await attempt()
    except LogUnavailable:
        return False
    return True


async def _until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(_DEADLINE_SECONDS):
        while not await condition():
            await asyncio.sleep(0.05)
