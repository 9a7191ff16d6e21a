"""Commits while a group decides anew who reads what."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka.structs import TopicPartition

from infra.eventlog.kafka.assignor import KeepingAssignor
from infra.eventlog.kafka.buffer import Buffer
from infra.eventlog.kafka.cluster import KafkaCluster
from infra.eventlog.kafka.member import KafkaMember
from schemas.topics import WEBHOOKS
from tests.contracts.logs import DEADLINE_SECONDS, take
from tests.infra.eventlog.kafka_logs import append, cluster_of, kafka_log
from tests.servers.kafka import KafkaServer

_GROUP = "recordings"
_SESSION_SECONDS = 2.0


async def test_a_commit_waits_for_a_rebalance_and_causes_no_other(kafka: KafkaServer) -> None:
    cluster = cluster_of(kafka.url, session_timeout_seconds=_SESSION_SECONDS)
    async with (
        asyncio.timeout(DEADLINE_SECONDS),
        kafka_log(cluster) as log,
        log.subscribe([WEBHOOKS], _GROUP) as subscription,
    ):
        for number in range(9):
            await append(log, str(number), key=f"bot-{number}")
        records = await take(subscription, 9)
        async with _slow_member(cluster) as slow:
            lost = await subscription.lost()
            await _until(lambda: slow.generations > 0)
            slow.hold()
            kept = [record for record in records if (record.topic, record.partition) not in lost]
            letting_go = asyncio.create_task(subscription.lost())
            await slow.asked_to_join.wait()  # and the other has joined, or nobody would have asked
            before = slow.generations
            committing = asyncio.create_task(subscription.commit(*kept))
            await _a_breath()
            slow.may_join.set()
            await committing
            await _until(lambda: slow.generations > before)
            generations = slow.generations - before
            letting_go.cancel()
        backlog = await log.backlog([WEBHOOKS], _GROUP)

    assert kept
    assert backlog == len(records) - len(kept)
    assert generations == 1


async def test_what_is_let_go_while_a_rebalance_runs_is_given_to_another(kafka: KafkaServer) -> None:
    cluster = cluster_of(kafka.url, session_timeout_seconds=_SESSION_SECONDS)
    async with (
        asyncio.timeout(DEADLINE_SECONDS),
        kafka_log(cluster) as log,
        log.subscribe([WEBHOOKS], _GROUP) as subscription,
    ):
        await append(log, "1")
        await take(subscription, 1)
        async with _slow_member(cluster) as second:
            await subscription.lost()
            async with _slow_member(cluster) as third:
                await _until(lambda: third.generations > 0)
                second.hold()
                await subscription.lost()  # lets go of one, and so we join
                await second.asked_to_join.wait()
                letting_go = asyncio.create_task(subscription.lost())
                await _a_breath()
                second.may_join.set()
                await _until(lambda: len({*second.partitions, *third.partitions}) == 2)
                letting_go.cancel()


async def test_a_commit_while_the_member_starts_again_changes_nothing(kafka: KafkaServer) -> None:
    cluster = cluster_of(kafka.url)
    async with kafka_log(cluster):
        topic = cluster.named(WEBHOOKS)
        member = KafkaMember(cluster, [topic], cluster.named(_GROUP), Buffer(), name=None)
        await member.start()
        await member.stop()
        starting = asyncio.create_task(member.start())
        try:
            await _a_breath()
            assert not starting.done()
            await member.commit({TopicPartition(topic, 0): 1})
        finally:
            await starting
            await member.stop()


@dataclass
class _Slow(ConsumerRebalanceListener):  # type: ignore[misc]
    """Of a member that is slow to join again when it is held."""

    asked_to_join: asyncio.Event = field(default_factory=asyncio.Event)
    may_join: asyncio.Event = field(default_factory=asyncio.Event)
    generations: int = 0
    partitions: Collection[TopicPartition] = ()

    def hold(self) -> None:
        self.asked_to_join.clear()
        self.may_join.clear()

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        self.asked_to_join.set()
        await self.may_join.wait()

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        self.generations += 1
        self.partitions = assigned


@asynccontextmanager
async def _slow_member(cluster: KafkaCluster) -> AsyncIterator[_Slow]:
    slow = _Slow()
    slow.may_join.set()
    session_ms = int(cluster.options.session_timeout_seconds * 1000)
    consumer = AIOKafkaConsumer(
        **cluster.arguments,
        group_id=cluster.named(_GROUP),
        partition_assignment_strategy=(KeepingAssignor(set),),
        enable_auto_commit=False,
        session_timeout_ms=session_ms,
        heartbeat_interval_ms=session_ms // 10,
        rebalance_timeout_ms=10 * session_ms,
    )
    await consumer.start()
    try:
        consumer.subscribe([cluster.named(WEBHOOKS)], listener=slow)
        yield slow
    finally:
        slow.may_join.set()
        await consumer.stop()


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.01)


async def _a_breath() -> None:
    """All that is ready goes on as far as it can without an answer from elsewhere."""
    for _ in range(10):
        await asyncio.sleep(0)
