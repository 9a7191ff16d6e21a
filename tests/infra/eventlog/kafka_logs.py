"""Logs on Kafka as these tests need them: with short or long patience, under names of their own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from infra.eventlog.kafka.cluster import KafkaCluster, cluster_at
from infra.eventlog.kafka.log import KafkaLog
from infra.eventlog.kafka.options import KafkaOptions
from schemas.envelope import Record
from schemas.topics import WEBHOOKS


def cluster_of(url: str, **options: Any) -> KafkaCluster:
    """With few partitions, and a prefix that nobody else has."""
    return cluster_at(f"{url}?prefix={uuid4().hex}.", KafkaOptions(**{"partitions": 3} | options))


@asynccontextmanager
async def kafka_log(cluster: KafkaCluster, *, setup: bool = True) -> AsyncIterator[KafkaLog]:
    log = KafkaLog(cluster)
    try:
        if setup:
            await log.setup()
        yield log
    finally:
        await log.close()


async def append(log: KafkaLog, value: str | bytes, key: str = "bot-1", topic: str = WEBHOOKS) -> None:
    encoded = value.encode() if isinstance(value, str) else value
    await log.append(topic, key=key, value=encoded, headers={"ce_id": "e1"})


async def everything(log: KafkaLog, topic: str = WEBHOOKS) -> list[Record]:
    return [record async for record in log.scan(topic)]


def values(records: list[Record]) -> list[str]:
    return [record.value.decode() for record in records]
