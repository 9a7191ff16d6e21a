"""A group's reading of a log in Kafka."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path

from aiokafka import AIOKafkaConsumer, errors
from aiokafka.structs import TopicPartition

from infra.eventlog.base import Partition, Start
from infra.eventlog.kafka_buffer import Buffer
from infra.eventlog.kafka_cluster import KafkaCluster
from infra.eventlog.kafka_member import KafkaMember
from infra.eventlog.kafka_names import held_name
from infra.eventlog.kafka_offsets import Offsets, partitions
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
    folder = cluster.options.members_folder
    with held_name(Path(folder), cluster.named(group)) if folder else nullcontext() as name:
        member = KafkaMember(
            cluster,
            list(names),
            cluster.named(group),
            buffer,
            name=name,
            without_offset="earliest" if start == "earliest" else "none",  # none: it asks us
        )
        try:
            with cluster.reported():
                consumer = await member.start()
                places = await _look(consumer, cluster, topics)
                async with asyncio.timeout(_ANSWER_SECONDS):
                    starts = {} if start == "earliest" else await consumer.end_offsets(places)
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
            await _look(consumer, self._cluster, list(self._names.values()))
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


async def _look(
    consumer: AIOKafkaConsumer, cluster: KafkaCluster, topics: Sequence[str]
) -> list[TopicPartition]:
    """Whether a broker answers, and knows our topics."""
    async with asyncio.timeout(_ANSWER_SECONDS):
        await refresh(consumer._client, cluster)
    return partitions(consumer._client, cluster, topics)
