"""Our topics on a cluster: created, mended where they would lose or refuse records, and looked at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from aiokafka import errors
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.admin import AlterConfigsRequest, CreateTopicsRequest, DescribeConfigsRequest
from aiokafka.protocol.metadata import MetadataRequest

from infra.errors import Halt
from infra.eventlog.kafka.cluster import KafkaCluster, ask
from infra.eventlog.kafka.offsets import LATEST, offsets_at, partitions, patiently
from infra.eventlog.kafka.topics import KEPT_FOR_EVER, MAX_MESSAGE_BYTES, missing_sentence, refresh, wanted
from schemas.topics import TOPICS

log = structlog.get_logger()

_TOPIC = 2
_SET_ON_THE_TOPIC = 1
_SETUP_SECONDS = 20


@dataclass(frozen=True, slots=True)
class _Partition:
    leader: int
    in_sync: int


async def set_up(cluster: KafkaCluster, *, retention_days: float) -> None:
    """Create the topics that are missing, and mend those that would lose or refuse records.

    What an existing topic allows or keeps is raised where it is too little, and never lowered; partitions are
    never added, for a meeting's records would then be in two of them.
    """
    with cluster.reported():
        async with cluster.connected() as client:
            found = await _partitions(client, cluster)
            replication = cluster.options.replication
            configs = {
                topic: wanted(topic, retention_days=retention_days, replication=replication)
                for topic in TOPICS
            }
            missing = [topic for topic in TOPICS if topic not in found]
            if missing:
                new = {topic: configs[topic] for topic in missing}
                await patiently(lambda: _create(client, cluster, new), _SETUP_SECONDS)
            await _mend(client, cluster, {topic: configs[topic] for topic in found})
            await _await_leaders(client, cluster)


async def look(client: AIOKafkaClient, cluster: KafkaCluster) -> None:
    """Return when all topics can take our records.

    Raises `Halt` when only `setup` can help, `LogUnavailable` when waiting can.
    """
    found = await _partitions(client, cluster)
    for topic in TOPICS:
        if topic not in found:
            raise Halt(missing_sentence(cluster, topic))
    if leaderless := _leaderless(found):
        raise cluster.unavailable(f"no broker leads {', '.join(leaderless)}")
    for topic, config in (await _configs(client, cluster, TOPICS)).items():
        limit = int(config["max.message.bytes"][0] or 0)
        if limit < MAX_MESSAGE_BYTES:
            raise Halt(
                f"The topic {cluster.named(topic)} on Kafka at {cluster.place} takes {limit} bytes a record, "
                f"and ours may have {MAX_MESSAGE_BYTES}: run `adjourn setup`."
            )
        needed = int(config["min.insync.replicas"][0] or 1)
        if any(partition.in_sync < needed for partition in found[topic].values()):
            raise cluster.unavailable(
                f"{cluster.named(topic)} has less than the {needed} replicas in sync that it needs"
            )


async def _await_leaders(client: AIOKafkaClient, cluster: KafkaCluster) -> None:
    """What was created a moment ago is known before it can be used."""

    async def reach_all() -> None:
        if await refresh(client, cluster) != set(TOPICS):
            raise errors.UnknownTopicOrPartitionError
        await offsets_at(client, partitions(client, cluster, TOPICS), LATEST)

    await patiently(reach_all, _SETUP_SECONDS)


async def _partitions(client: AIOKafkaClient, cluster: KafkaCluster) -> dict[str, dict[int, _Partition]]:
    """By our names of the topics; those that are missing are left out."""
    names = {cluster.named(topic): topic for topic in TOPICS}
    response = await ask(client, MetadataRequest(list(names), allow_auto_topic_creation=False))
    found: dict[str, dict[int, _Partition]] = {}
    for code, name, _, places in response.topics:
        error = errors.for_code(code)
        if error is errors.UnknownTopicOrPartitionError:
            continue
        if error not in (errors.NoError, errors.LeaderNotAvailableError):
            raise error(name)
        found[names[name]] = {
            number: _Partition(leader, len(in_sync)) for _, number, leader, _, in_sync, *_ in places
        }
    return found


def _leaderless(found: Mapping[str, Mapping[int, _Partition]]) -> list[str]:
    return [
        topic
        for topic in TOPICS
        if not found.get(topic) or any(partition.leader < 0 for partition in found[topic].values())
    ]


async def _create(
    client: AIOKafkaClient, cluster: KafkaCluster, configs: Mapping[str, Mapping[str, str]]
) -> None:
    options = cluster.options
    request = CreateTopicsRequest(
        [
            (cluster.named(topic), options.partitions, options.replication, [], list(config.items()))
            for topic, config in configs.items()
        ],
        timeout=_SETUP_SECONDS * 1000,
        validate_only=False,
    )
    response = await _ask_controller(client, request)
    for name, code, message in response.topic_errors:
        error = errors.for_code(code)
        few = error is errors.InvalidReplicationFactorError
        if few and options.replication <= len(client.cluster.brokers()):
            raise errors.LeaderNotAvailableError(message)  # one of them has just come back
        if error not in (errors.NoError, errors.TopicAlreadyExistsError):
            raise Halt(
                f"Kafka at {cluster.place} does not create the topic {name} with {options.partitions} "
                f"partitions and {options.replication} replicas: {message or error.__name__}."
            )
    log.info("topics_created", topics=[cluster.named(topic) for topic in configs])


async def _mend(
    client: AIOKafkaClient, cluster: KafkaCluster, configs: Mapping[str, Mapping[str, str]]
) -> None:
    resources = []
    for topic, present in (await _configs(client, cluster, list(configs))).items():
        better = {
            name: value for name, value in configs[topic].items() if _is_less(name, present[name][0], value)
        }
        if better:
            # The request replaces all that was set on the topic, so that has to come with it.
            kept = {name: value for name, (value, source) in present.items() if source == _SET_ON_THE_TOPIC}
            resources.append((_TOPIC, cluster.named(topic), list((kept | better).items())))
            log.info("topic_mended", topic=cluster.named(topic), **better)
    if not resources:
        return
    response = await _ask_controller(client, AlterConfigsRequest(resources))
    for code, message, _, name in response.resources:
        if code:
            raise Halt(
                f"Kafka at {cluster.place} does not let us change the topic {name}: "
                f"{message or errors.for_code(code).__name__}."
            )


def _is_less(name: str, present: str | None, wanted: str) -> bool:
    if name == "min.insync.replicas":  # only its owner knows what an existing topic can keep
        return False
    if name in ("cleanup.policy", "message.timestamp.type"):
        return present != wanted
    if KEPT_FOR_EVER in (present, wanted):
        return present != KEPT_FOR_EVER
    return int(present or 0) < int(wanted)


async def _configs(
    client: AIOKafkaClient, cluster: KafkaCluster, topics: Sequence[str]
) -> dict[str, dict[str, tuple[str | None, int]]]:
    """Value and source of each entry; of no topic that we may not look into."""
    names = {cluster.named(topic): topic for topic in topics}
    if not names:
        return {}
    response = await ask(client, DescribeConfigsRequest([(_TOPIC, name, None) for name in names]))
    return {
        names[name]: {entry: (value, source) for entry, value, _, source, *_ in entries}
        for code, _, _, name, entries in response.resources
        if code == errors.NoError.errno
    }


async def _ask_controller(client: AIOKafkaClient, request: Any) -> Any:
    if client.cluster.controller is None:
        await client.force_metadata_update()
    controller = client.cluster.controller
    return await ask(client, request, controller.nodeId if controller else None)
