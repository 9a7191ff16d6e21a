"""A group's reading of a log in Kafka."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence, Set
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path

from aiokafka import AIOKafkaConsumer, errors
from aiokafka.structs import ConsumerRecord, TopicPartition

from infra.eventlog.base import Partition, Start
from infra.eventlog.kafka.buffer import Buffer
from infra.eventlog.kafka.cluster import KafkaCluster
from infra.eventlog.kafka.member import KafkaMember
from infra.eventlog.kafka.names import held_name
from infra.eventlog.kafka.offsets import (
    EARLIEST,
    LATEST,
    Offsets,
    committed,
    offsets_at,
    partitions,
    patiently,
)
from infra.eventlog.kafka.records import record
from infra.eventlog.kafka.topics import refresh
from schemas.envelope import Record

_FOREVER_MS = 10**9


@asynccontextmanager
async def subscribe(
    cluster: KafkaCluster, topics: Sequence[str], group: str, start: Start
) -> AsyncIterator["KafkaSubscription"]:
    """As `EventLog.subscribe`. Raises `LogUnavailable` while no broker answers, or a topic is missing.

    Brokers that are silent for the time of a session are away, as members are that are silent for so long.
    """
    names = {cluster.named(topic): topic for topic in topics}
    buffer = Buffer()
    folder = cluster.options.members_folder
    with held_name(Path(folder), cluster.named(group)) if folder else nullcontext() as name:
        member = KafkaMember(cluster, list(names), cluster.named(group), buffer, name=name)
        try:
            with cluster.reported():
                consumer = await member.start()
                places = await _look(consumer, cluster, topics)
                async with asyncio.timeout(cluster.options.session_timeout_seconds):
                    starts = {} if start == "earliest" else await consumer.end_offsets(places)
            yield KafkaSubscription(cluster, member, buffer, cluster.named(group), names, starts)
        finally:
            await member.stop()


class KafkaSubscription:
    """`group` and `names` are as the cluster has them, the latter with our names of the topics.

    `starts` is where a group begins in a partition that it never committed; at the first record where absent.
    """

    def __init__(
        self,
        cluster: KafkaCluster,
        member: KafkaMember,
        buffer: Buffer,
        group: str,
        names: Mapping[str, str],
        starts: Offsets,
    ) -> None:
        self._cluster = cluster
        self._group = group
        self._member = member
        self._buffer = buffer
        self._names = names
        self._starts = starts
        self._patience_seconds = cluster.options.session_timeout_seconds

    async def fetch(self, max_records: int, *, without: Collection[Partition] = ()) -> Sequence[Record]:
        left_out = {TopicPartition(self._cluster.named(topic), number) for topic, number in without}
        while not (messages := self._buffer.take(max_records, left_out)):
            with self._cluster.reported():
                await self._wait_for_more(left_out)
        return [record(message, self._names[message.topic]) for message in messages]

    async def commit(self, *records: Record) -> None:
        places = [(TopicPartition(self._cluster.named(r.topic), r.partition), r.offset) for r in records]
        due = {tp: offset for tp, offset in places if self._buffer.committable(tp, offset)}
        if due:
            with self._cluster.reported():
                async with asyncio.timeout(self._patience_seconds):
                    await self._member.commit({tp: offset + 1 for tp, offset in due.items()})
            for tp, offset in due.items():
                self._buffer.committed(tp, offset)

    async def lost(self) -> Collection[Partition]:
        return {(self._names[topic], number) for topic, number in await self._member.lost()}

    async def _wait_for_more(self, left_out: Set[TopicPartition]) -> None:
        consumer = await self._member.start()
        self._member.join()
        self._member.listen(left_out)
        try:
            for partition, messages in (await self._messages(consumer)).items():
                self._buffer.put(partition, messages)
        except errors.NoOffsetForPartitionError:
            await self._find_beginnings(consumer, set())
        except errors.OffsetOutOfRangeError as exc:
            await self._find_beginnings(consumer, set(*exc.args))
        except errors.KafkaError:
            await self._member.stop()  # the next fetch begins anew, as another member
            raise
        finally:
            self._member.pause()

    async def _messages(self, consumer: AIOKafkaConsumer) -> Mapping[TopicPartition, list[ConsumerRecord]]:
        """What has come; nothing, where nothing came for a while and brokers are there."""
        try:
            async with asyncio.timeout(self._patience_seconds / 2):
                found: dict[TopicPartition, list[ConsumerRecord]] = await consumer.getmany(
                    timeout_ms=_FOREVER_MS
                )
                return found
        except TimeoutError:
            self._member.check()
            await _look(consumer, self._cluster, list(self._names.values()))
            return {}

    async def _find_beginnings(self, consumer: AIOKafkaConsumer, outside: set[TopicPartition]) -> None:
        """Go to where reading begins in all partitions that were not read from, or whose log is not there
        where we were: it was cut off at its beginning, or replaced.

        aiokafka takes some errors for the answer that nothing is committed, and would begin with the oldest
        record: a broker that just takes over a group would have all of it done again.
        """
        assigned = consumer.assignment()
        places = [tp for tp in assigned if tp in outside or self._buffer.next_offset(tp) is None]
        client = consumer._client
        async with asyncio.timeout(self._patience_seconds):
            begins = await patiently(lambda: offsets_at(client, places, EARLIEST))
            ends = await patiently(lambda: offsets_at(client, places, LATEST))
            done = await patiently(lambda: committed(client, self._group, places))
        if consumer.assignment() is not assigned:
            return  # another member may have gone on there since we asked
        for partition in places:
            wanted = self._starts.get(partition, 0) if done[partition] < 0 else done[partition]
            inside = begins[partition] <= wanted <= ends[partition]
            consumer.seek(partition, wanted if inside else begins[partition])


async def _look(
    consumer: AIOKafkaConsumer, cluster: KafkaCluster, topics: Sequence[str]
) -> list[TopicPartition]:
    """Whether a broker answers, and knows our topics."""
    try:
        async with asyncio.timeout(cluster.options.session_timeout_seconds / 2):
            await refresh(consumer._client, cluster)
    except errors.LeaderNotAvailableError as exc:  # no reason to leave the group
        raise cluster.unavailable(str(exc)) from exc
    return partitions(consumer._client, cluster, topics)
