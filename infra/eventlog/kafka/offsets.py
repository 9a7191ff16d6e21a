"""Where partitions begin and end, and what groups have committed."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from aiokafka import errors
from aiokafka.client import AIOKafkaClient, CoordinationType
from aiokafka.protocol.commit import OffsetFetchRequest
from aiokafka.protocol.offset import OffsetRequest
from aiokafka.structs import TopicPartition

from infra.errors import LogUnavailable
from infra.eventlog.kafka.cluster import KafkaCluster, ask
from infra.eventlog.kafka.topics import missing_sentence

T = TypeVar("T")

_PATIENCE_SECONDS = 5
_ASK_AGAIN_SECONDS = 0.05

EARLIEST = -2
LATEST = -1

Offsets = dict[TopicPartition, int]
"""By names on the cluster."""


def partitions(client: AIOKafkaClient, cluster: KafkaCluster, topics: Sequence[str]) -> list[TopicPartition]:
    """Of our topics, as `refresh` found them. Raises `LogUnavailable` when one is missing."""
    found = []
    for topic in topics:
        name = cluster.named(topic)
        numbers = client.cluster.partitions_for_topic(name)
        if not numbers:
            raise LogUnavailable(missing_sentence(cluster, topic))
        found += [TopicPartition(name, number) for number in sorted(numbers)]
    return found


async def patiently(question: Callable[[], Awaitable[T]], seconds: float = _PATIENCE_SECONDS) -> T:
    """Ask again for a while where the answer is that another broker is to be asked, or none yet."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while True:
        try:
            return await question()
        except errors.KafkaError as exc:
            if not exc.retriable or loop.time() > deadline:
                raise
        await asyncio.sleep(_ASK_AGAIN_SECONDS)


async def offsets_at(client: AIOKafkaClient, places: Sequence[TopicPartition], time_ms: int) -> Offsets:
    """The first offset at that time or after it, or `EARLIEST` or `LATEST`; -1 where there is none."""
    asked: defaultdict[int, defaultdict[str, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
    for place in places:
        leader = client.cluster.leader_for_partition(place)
        if leader is None or leader < 0:
            raise errors.LeaderNotAvailableError(str(place))
        asked[leader][place.topic].append((place.partition, time_ms))
    found: Offsets = {}
    for leader, topics in asked.items():
        answer = await ask(client, OffsetRequest(-1, 0, list(topics.items())), leader)
        for topic, answers in answer.topics:
            for number, code, _, offset, *_ in answers:
                _require(code)
                found[TopicPartition(topic, number)] = offset
    return found


async def committed(client: AIOKafkaClient, group: str, places: Sequence[TopicPartition]) -> Offsets:
    """-1 where the group, by its name on the cluster, has committed nothing."""
    coordinator = await client.coordinator_lookup(CoordinationType.GROUP, group)
    asked: defaultdict[str, list[int]] = defaultdict(list)
    for place in places:
        asked[place.topic].append(place.partition)
    answer: Any = await ask(client, OffsetFetchRequest(group, list(asked.items())), coordinator)
    _require(answer.error_code)
    found: Offsets = {}
    for topic, answers in answer.topics:
        for number, offset, _, code in answers:
            _require(code)
            found[TopicPartition(topic, number)] = offset
    return found


def _require(code: int) -> None:
    if code:
        raise errors.for_code(code)()
