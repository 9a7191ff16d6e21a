"""A group's reading of a log in Kafka."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager

from aiokafka import errors
from aiokafka.client import AIOKafkaClient
from aiokafka.structs import TopicPartition

from infra.eventlog.base import Partition, Start
from infra.eventlog.kafka_buffer import Buffer
from infra.eventlog.kafka_cluster import KafkaCluster
from infra.eventlog.kafka_member import KafkaMember
from infra.eventlog.kafka_offsets import LATEST, Offsets, offsets_at, partitions
from infra.eventlog.kafka_records import record
from infra.eventlog.kafka_topics import refresh
from schemas.envelope import Record

_LOOK_SECONDS = 5
"""How long nothing may come before we look whether anybody is there."""
_ANSWER_SECONDS = 5
_COMMIT_SECONDS = 10
_FOREVER_MS = 10**9


@asynccontextmanager
async def subscribe(
    cluster: KafkaCluster, topics: Sequence[str], group: str, start: Start
) -> AsyncIterator["KafkaSubscription"]:
    """As `EventLog.subscribe`. Raises `LogUnavailable` while no broker answers, or a topic is missing."""
    names = {cluster.named(topic): topic for topic in topics}
    buffer = Buffer()
    # Where nobody committed, "none" asks us.
    without_offset = "earliest" if start == "earliest" else "none"
    member = KafkaMember(cluster, list(names), cluster.named(group), buffer, without_offset=without_offset)
    try:
        with cluster.reported():
            client = (await member.start())._client
            places = await _look(client, cluster, topics)
            starts = {} if start == "earliest" else await offsets_at(client, places, LATEST)
        yield KafkaSubscription(cluster, member, buffer, names, starts)
    finally:
        await member.stop()


class KafkaSubscription:
    """`names` are our topics by their names on the cluster. `starts` is where a partition begins, for a group
    that never committed; a partition that came later begins at its beginning."""

    def __init__(
        self,
        cluster: KafkaCluster,
        member: KafkaMember,
        buffer: Buffer,
        names: Mapping[str, str],
        starts: Offsets,
    ) -> None:
        self._cluster = cluster
        self._member = member
        self._buffer = buffer
        self._names = names
        self._starts = starts

    async def fetch(self, max_records: int) -> Sequence[Record]:
        while not (messages := self._buffer.take(max_records)):
            with self._cluster.reported():
                await self._wait_for_more()
        return [record(message, self._names[message.topic]) for message in messages]

    async def commit(self, *records: Record) -> None:
        places = [(TopicPartition(self._cluster.named(r.topic), r.partition), r.offset) for r in records]
        due = {tp: offset for tp, offset in places if self._buffer.committable(tp, offset)}
        if due:
            with self._cluster.reported():
                async with asyncio.timeout(_COMMIT_SECONDS):
                    await self._member.commit({tp: offset + 1 for tp, offset in due.items()})
            for tp, offset in due.items():
                self._buffer.committed(tp, offset)

    async def lost(self) -> Collection[Partition]:
        return {(self._names[topic], number) for topic, number in await self._member.lost()}

    async def _wait_for_more(self) -> None:
        consumer = await self._member.start()
        self._member.join()
        self._member.listen()
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                found = await consumer.getmany(timeout_ms=_FOREVER_MS)
        except TimeoutError:
            await _look(consumer._client, self._cluster, list(self._names.values()))
        except errors.NoOffsetForPartitionError as exc:
            for partition in exc.args:
                consumer.seek(partition, self._starts.get(partition, 0))
        except errors.OffsetOutOfRangeError as exc:
            async with asyncio.timeout(_ANSWER_SECONDS):
                await consumer.seek_to_beginning(*exc.args[0])
        except errors.KafkaError:
            await self._member.stop()  # the next fetch begins anew, as another member
            raise
        else:
            for partition, messages in found.items():
                self._buffer.put(partition, messages)
        finally:
            self._member.pause()


async def _look(client: AIOKafkaClient, cluster: KafkaCluster, topics: Sequence[str]) -> list[TopicPartition]:
    """Whether a broker answers, and knows our topics."""
    async with asyncio.timeout(_ANSWER_SECONDS):
        await refresh(client, cluster)
    return partitions(client, cluster, topics)
