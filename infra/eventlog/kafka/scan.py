"""What a topic holds, merged by time over its partitions."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from heapq import heapify, heappop, heapreplace
from itertools import chain
from typing import Final

from aiokafka import AIOKafkaConsumer
from aiokafka.client import AIOKafkaClient
from aiokafka.structs import ConsumerRecord, TopicPartition

from infra.eventlog.base import Start
from infra.eventlog.kafka.cluster import KafkaCluster
from infra.eventlog.kafka.offsets import EARLIEST, LATEST, Offsets, offsets_at, partitions, patiently
from infra.eventlog.kafka.records import record
from infra.eventlog.kafka.topics import refresh
from schemas.envelope import Record

_FETCH_RECORDS: Final = 100
"""As objects in memory, of each partition: they are ten times as large as they were on their way."""

_FETCH_MS: Final = 200
_FOLLOW_MS: Final = 1000
_RESPONSE_BYTES: Final = 2 * 1024 * 1024
_PARTITION_BYTES: Final = 512 * 1024
"""What waits in memory of each partition, unless a single record is larger."""

_SILENCE_SECONDS: Final = 10


class Scans:
    """The open ones, so that they can be closed when those who began them have just left."""

    def __init__(self, cluster: KafkaCluster) -> None:
        self._cluster = cluster
        self._open: dict[AIOKafkaConsumer, asyncio.Task[None] | None] = {}

    async def scan(
        self, topic: str, *, start: Start, since_ms: int | None, follow: bool
    ) -> AsyncIterator[Record]:
        """As in `EventLog`. Where brokers' clocks differ, times of two partitions do as well."""
        with self._cluster.reported():
            async with self._cluster.connected() as client:
                begins, ends = await patiently(lambda: self._bounds(client, topic, start, since_ms))
            if begins == ends and not follow:
                return
            consumer = await self._consumer(begins)
        try:
            async for message in self._messages(consumer, ends, follow):
                if since_ms is None or message.timestamp >= since_ms:
                    yield record(message, topic)
        finally:
            await self._stop(consumer)

    async def close(self) -> None:
        for consumer in list(self._open):
            await self._stop(consumer)

    async def _bounds(
        self, client: AIOKafkaClient, topic: str, start: Start, since_ms: int | None
    ) -> tuple[Offsets, Offsets]:
        await refresh(client, self._cluster)
        places = partitions(client, self._cluster, [topic])
        ends = await offsets_at(client, places, LATEST)
        if start == "latest":
            return ends, ends
        if since_ms is None:
            return await offsets_at(client, places, EARLIEST), ends
        found = await offsets_at(client, places, max(since_ms, 0))
        return {place: ends[place] if found[place] < 0 else found[place] for place in places}, ends

    async def _consumer(self, begins: Offsets) -> AIOKafkaConsumer:
        consumer = AIOKafkaConsumer(
            **self._cluster.arguments,
            auto_offset_reset="earliest",
            fetch_max_bytes=_RESPONSE_BYTES,
            max_partition_fetch_bytes=_PARTITION_BYTES,
        )
        self._open[consumer] = None
        consumer.assign(list(begins))
        # Cancelled in the middle of it, aiokafka would leave a connection open.
        starting = asyncio.ensure_future(consumer.start())
        try:
            await asyncio.shield(starting)
        except BaseException:
            await asyncio.wait([starting])
            await self._stop(consumer)
            raise
        # aiokafka asks a broker for nothing within 100 ms of an answer, as long as any of that waits to be
        # taken. We take what comes next by time, so that each partition's turn would cost 100 ms.
        consumer._fetcher._prefetch_backoff = 0
        for place, offset in begins.items():
            consumer.seek(place, offset)
        return consumer

    async def _stop(self, consumer: AIOKafkaConsumer) -> None:
        """Once, and to the end, whoever is cancelled meanwhile."""
        if consumer in self._open:
            ending = self._open[consumer] or asyncio.create_task(self._end(consumer))
            self._open[consumer] = ending
            await asyncio.shield(ending)

    async def _end(self, consumer: AIOKafkaConsumer) -> None:
        try:
            await consumer.stop()
        finally:
            del self._open[consumer]

    async def _messages(
        self, consumer: AIOKafkaConsumer, ends: Offsets, follow: bool
    ) -> AsyncIterator[ConsumerRecord]:
        waiting: dict[TopicPartition, deque[ConsumerRecord]] = {place: deque() for place in ends}
        heads = []
        for place, queue in waiting.items():
            if await self._has_more(consumer, place, queue, ends[place]):
                heads.append((queue[0].timestamp, place))
        heapify(heads)
        while heads:
            _, place = heads[0]
            queue = waiting[place]
            yield queue.popleft()
            # Most often one waits: awaiting the question costs a tenth of a scan.
            more = bool(queue) and queue[0].offset < ends[place]
            if more or await self._has_more(consumer, place, queue, ends[place]):
                heapreplace(heads, (queue[0].timestamp, place))
            else:
                heappop(heads)
        while follow:
            for message in sorted(chain.from_iterable(waiting.values()), key=_time):
                yield message
            with self._cluster.reported():
                waiting = await consumer.getmany(timeout_ms=_FOLLOW_MS, max_records=_FETCH_RECORDS)

    async def _has_more(
        self, consumer: AIOKafkaConsumer, place: TopicPartition, queue: deque[ConsumerRecord], end: int
    ) -> bool:
        """Whether a record before `end` waits in `queue`; fetches some where it is empty."""
        if not queue:
            with self._cluster.reported():
                async with asyncio.timeout(_SILENCE_SECONDS):
                    while not queue and await consumer.position(place) < end:
                        found = await consumer.getmany(
                            place, timeout_ms=_FETCH_MS, max_records=_FETCH_RECORDS
                        )
                        queue.extend(found.get(place, ()))
        return bool(queue) and queue[0].offset < end


def _time(message: ConsumerRecord) -> int:
    return int(message.timestamp)
