"""What `setup` makes of topics, what a probe says of them, and records that one does not take."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from infra.errors import Halt, LogUnavailable
from infra.eventlog.base import MAX_RECORD_BYTES
from infra.eventlog.kafka.cluster import KafkaCluster
from infra.eventlog.kafka.log import KafkaLog
from schemas.topics import DEAD_LETTERS, EVENTS, TOPICS, WEBHOOKS
from tests.infra.eventlog.kafka_logs import append, cluster_of, everything, kafka_log, values
from tests.servers.kafka import KafkaServer

_DAY_MS = 24 * 60 * 60 * 1000
_USUAL_BYTES = 1024 * 1024


async def test_topics_are_made_for_large_records_that_stay_as_long_as_promised(kafka: KafkaServer) -> None:
    cluster = cluster_of(kafka.url, partitions=5)
    log = KafkaLog(cluster, retention_days=7)
    await log.setup()
    await log.close()

    for topic in TOPICS:
        config = await _config(cluster, topic)
        assert int(config["max.message.bytes"]) > MAX_RECORD_BYTES
        assert config["cleanup.policy"] == "delete"
        assert config["retention.bytes"] == "-1"
        assert config["retention.ms"] == ("-1" if topic == DEAD_LETTERS else str(7 * _DAY_MS))
        assert await _partitions(cluster, topic) == 5


async def test_a_topic_that_takes_or_keeps_too_little_is_mended_and_what_else_was_set_stays(
    kafka: KafkaServer,
) -> None:
    cluster = cluster_of(kafka.url)
    await _create(cluster, DEAD_LETTERS, {"retention.ms": "1000", "cleanup.policy": "compact"})
    await _create(cluster, WEBHOOKS, {"retention.ms": str(400 * _DAY_MS), "segment.ms": "86400000"})
    async with kafka_log(cluster) as log:
        await log.probe()

    dead_letters, webhooks = await _config(cluster, DEAD_LETTERS), await _config(cluster, WEBHOOKS)
    assert int(dead_letters["max.message.bytes"]) > MAX_RECORD_BYTES
    assert (dead_letters["retention.ms"], dead_letters["cleanup.policy"]) == ("-1", "delete")
    assert int(webhooks["max.message.bytes"]) > MAX_RECORD_BYTES
    assert (webhooks["retention.ms"], webhooks["segment.ms"]) == (str(400 * _DAY_MS), "86400000")
    assert await _partitions(cluster, WEBHOOKS) == 1


async def test_more_replicas_than_there_are_brokers_are_told_in_a_sentence(kafka: KafkaServer) -> None:
    async with kafka_log(cluster_of(kafka.url, replication=3), setup=False) as log:
        with pytest.raises(Halt, match="3 replicas"):
            await log.setup()


async def test_a_missing_topic_is_told_in_a_sentence_and_its_records_are_taken_after_a_setup(
    kafka: KafkaServer,
) -> None:
    cluster = cluster_of(kafka.url, ack_timeout_seconds=1)
    missing = rf"{cluster.prefix}meetings\.webhooks is missing .* run `adjourn setup`"
    async with kafka_log(cluster, setup=False) as log:
        with pytest.raises(Halt, match=missing):
            await log.probe()
        with pytest.raises(LogUnavailable, match=missing):
            await append(log, "x")
        with pytest.raises(LogUnavailable, match=missing):
            await everything(log)
        with pytest.raises(LogUnavailable, match=missing):
            await log.backlog([WEBHOOKS], "group")
        await log.setup()
        await append(log, "y")

        assert values(await everything(log)) == ["y"]


async def test_one_missing_topic_does_not_hold_up_the_others(kafka: KafkaServer) -> None:
    cluster = cluster_of(kafka.url, ack_timeout_seconds=1)
    await _create(cluster, WEBHOOKS, {})
    async with kafka_log(cluster, setup=False) as log:
        missing = asyncio.ensure_future(append(log, "x", topic=EVENTS))
        for number in range(20):
            await append(log, str(number))
        assert not missing.done()
        with pytest.raises(LogUnavailable, match="is missing"):
            await missing


async def test_a_topic_with_the_usual_limit_is_told_in_a_sentence(kafka: KafkaServer) -> None:
    cluster = cluster_of(kafka.url)
    for topic in TOPICS:
        await _create(cluster, topic, {} if topic == EVENTS else {"max.message.bytes": str(40 * 1024 * 1024)})
    async with kafka_log(cluster, setup=False) as log:
        with pytest.raises(Halt, match=r"meetings\.events .* 1048588 bytes .* run `adjourn setup`"):
            await log.probe()


async def test_a_record_too_large_for_its_topic_is_refused_for_good_and_holds_nothing_up(
    kafka: KafkaServer,
) -> None:
    async with kafka_log(await _narrowed(kafka, _USUAL_BYTES), setup=False) as log:
        await append(log, "before")
        results = await asyncio.gather(
            append(log, "1"), append(log, bytes(1_100_000)), append(log, "2"), return_exceptions=True
        )
        await append(log, "after")

        assert [type(result) for result in results] == [type(None), ValueError, type(None)]
        assert "`adjourn setup`" in str(results[1])
        assert values(await everything(log)) == ["before", "1", "2", "after"]


async def test_many_small_records_fit_into_a_topic_with_a_small_limit(kafka: KafkaServer) -> None:
    async with kafka_log(await _narrowed(kafka, 40_000), setup=False) as log:
        await append(log, "0")
        failed = 0
        for _ in range(20):  # the first batches are too large, and each failure halves them
            results = await asyncio.gather(
                *(append(log, bytes(1000)) for _ in range(200)), return_exceptions=True
            )
            failed = sum(isinstance(result, LogUnavailable) for result in results)
            assert failed + results.count(None) == 200
            if not failed:
                break

        assert failed == 0


async def _narrowed(kafka: KafkaServer, limit: int) -> KafkaCluster:
    """Somebody else made the topics."""
    cluster = cluster_of(kafka.url)
    for topic in TOPICS:
        await _create(cluster, topic, {"max.message.bytes": str(limit)})
    return cluster


async def _create(cluster: KafkaCluster, topic: str, config: Mapping[str, str]) -> None:
    new = NewTopic(cluster.named(topic), 1, 1, topic_configs=dict(config))
    await _administrate(cluster, "create_topics", [new])


async def _config(cluster: KafkaCluster, topic: str) -> dict[str, str]:
    resource = ConfigResource(ConfigResourceType.TOPIC, cluster.named(topic))
    ((answer,),) = [
        answer.resources for answer in await _administrate(cluster, "describe_configs", [resource])
    ]
    return {name: value for name, value, *_ in answer[4]}


async def _partitions(cluster: KafkaCluster, topic: str) -> int:
    (answer,) = await _administrate(cluster, "describe_topics", [cluster.named(topic)])
    return len(answer["partitions"])


async def _administrate(cluster: KafkaCluster, verb: str, arguments: list[Any]) -> Any:
    admin = AIOKafkaAdminClient(bootstrap_servers=list(cluster.servers))
    await admin.start()
    try:
        return await getattr(admin, verb)(arguments)
    finally:
        await admin.close()
