"""A log on Apache Kafka, for where one machine is not enough. Other teams read its topics, too."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager

from aiokafka.client import AIOKafkaClient

from infra.eventlog.base import MAX_RECORD_BYTES, Start, Subscription
from infra.eventlog.kafka import setup as kafka_setup
from infra.eventlog.kafka.cluster import KafkaCluster
from infra.eventlog.kafka.offsets import EARLIEST, LATEST, committed, offsets_at, partitions, patiently
from infra.eventlog.kafka.producer import Producer
from infra.eventlog.kafka.scan import Scans
from infra.eventlog.kafka.subscription import subscribe
from infra.eventlog.kafka.topics import refresh
from schemas.envelope import Headers, Record
from schemas.topics import TOPICS


class KafkaLog:
    """An `EventLog` of as many partitions as its topics have; times are the brokers'.

    What is older than `retention_days` is deleted by Kafka, whether all groups have read it or not, but for
    dead letters; those that set up the topics may keep it longer. An append that failed may be in the log all
    the same, but never after one of its key that was called later and succeeded. A header's name must be
    proper Unicode.
    """

    def __init__(self, cluster: KafkaCluster, *, retention_days: float = 30) -> None:
        self._cluster = cluster
        self._retention_days = retention_days
        self._producer = Producer(cluster)
        self._scans = Scans(cluster)

    def append(self, topic: str, *, key: str, value: bytes, headers: Headers) -> "asyncio.Future[None]":
        if len(value) > MAX_RECORD_BYTES:
            raise ValueError(f"a record of {len(value)} bytes is over {MAX_RECORD_BYTES}")
        if topic not in TOPICS:
            raise _not_ours(topic)
        return self._producer.append(topic, key, value, headers)

    def subscribe(
        self, topics: Sequence[str], group: str, *, start: Start = "earliest"
    ) -> AbstractAsyncContextManager[Subscription]:
        _require_ours(*topics)
        return subscribe(self._cluster, topics, group, start=start)

    def scan(
        self, topic: str, *, start: Start = "earliest", since_ms: int | None = None, follow: bool = False
    ) -> AsyncIterator[Record]:
        _require_ours(topic)
        return self._scans.scan(topic, start=start, since_ms=since_ms, follow=follow)

    async def backlog(self, topics: Sequence[str], group: str) -> int:
        _require_ours(*topics)
        with self._cluster.reported():
            async with self._cluster.connected() as client:
                return await patiently(lambda: self._uncommitted(client, topics, group))

    async def probe(self) -> None:
        patience_seconds = self._cluster.options.ack_timeout_seconds
        with self._cluster.reported():
            async with (
                asyncio.timeout(patience_seconds),
                self._cluster.connected(patience_seconds) as client,
            ):
                await kafka_setup.look(client, self._cluster)

    async def degraded(self) -> Mapping[str, str]:
        return {}

    async def setup(self) -> None:
        """Topics are created, or mended where they would refuse or lose records. Raises `Halt`."""
        await kafka_setup.set_up(self._cluster, retention_days=self._retention_days)

    async def _uncommitted(self, client: AIOKafkaClient, topics: Sequence[str], group: str) -> int:
        await refresh(client, self._cluster)
        places = partitions(client, self._cluster, topics)
        begins = await offsets_at(client, places, EARLIEST)
        ends = await offsets_at(client, places, LATEST)
        done = await committed(client, self._cluster.named(group), places)
        return sum(max(ends[place] - max(begins[place], done[place]), 0) for place in places)

    async def close(self) -> None:
        await self._producer.close()
        await self._scans.close()


def _require_ours(*topics: str) -> None:
    for topic in topics:
        if topic not in TOPICS:
            raise _not_ours(topic)


def _not_ours(topic: str) -> ValueError:
    return ValueError(f"there is no topic {topic!r}: it is one of {', '.join(TOPICS)}")
