"""A broker that is there and does not take what waits for it: too large for a topic, or the topic is gone."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from infra.errors import Halt
from infra.eventlog.kafka.options import KafkaOptions
from infra.eventlog.open import open_log
from infra.eventlog.spool.log import SpooledLog
from schemas.topics import DEAD_LETTERS, EVENTS, TOPICS, WEBHOOKS
from tests.ports import free_port
from tests.servers.kafka import KafkaServer

_LARGE = 1_200_000
_DEADLINE_SECONDS = 60


@asynccontextmanager
async def spooled(url: str, folder: Path) -> AsyncIterator[SpooledLog]:
    options = KafkaOptions(partitions=3, ack_timeout_seconds=1)
    log = open_log(url, kafka=options, spool_url=f"sqlite:///{folder}/spool.db")
    assert isinstance(log, SpooledLog)
    try:
        yield log
    finally:
        await log.close()


async def append(log: SpooledLog, number: int, *, size: int = 0) -> None:
    value = f"{number} ".encode() + bytes(size)
    await log.append(WEBHOOKS, key=f"bot-{number % 3}", value=value, headers={"ce_id": str(number)})


async def numbers(log: SpooledLog, topic: str = WEBHOOKS) -> set[int]:
    return {int(record.value.split()[0]) async for record in log.scan(topic)}


async def until_drained(log: SpooledLog) -> None:
    async with asyncio.timeout(_DEADLINE_SECONDS):
        while "log" in await log.degraded():
            await asyncio.sleep(0.05)


def aside(folder: Path) -> list[tuple[str, int]]:
    with closing(sqlite3.connect(folder / "spool.db")) as spool:
        rows = spool.execute("SELECT topic, value FROM aside").fetchall()
    return [(topic, int(value.split()[0])) for topic, value in rows]


async def narrow_topics(kafka: KafkaServer, prefix: str, narrow: set[str]) -> None:
    """As somebody else would make them: what is no larger than 1 MiB is taken."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        limits = {topic: "1048576" if topic in narrow else "40000000" for topic in TOPICS}
        await admin.create_topics(
            [
                NewTopic(prefix + topic, 3, 1, topic_configs={"max.message.bytes": limit})
                for topic, limit in limits.items()
            ]
        )
    finally:
        await admin.close()


@pytest.mark.parametrize("narrow", [{WEBHOOKS}, set(TOPICS)], ids=["one topic", "all topics"])
@pytest.mark.parametrize("after_an_outage", [True, False])
async def test_what_is_too_large_for_its_topic_is_kept_and_holds_nothing_up(
    kafka: KafkaServer, tmp_path: Path, narrow: set[str], after_an_outage: bool
) -> None:
    prefix = f"{uuid4().hex}."
    await narrow_topics(kafka, prefix, narrow)
    url = f"{kafka.url}?prefix={prefix}"
    elsewhere = f"kafka://127.0.0.1:{free_port()}?prefix={prefix}"
    async with spooled(elsewhere if after_an_outage else url, tmp_path) as log:
        if not after_an_outage:
            with pytest.raises(Halt, match="takes 1048576 bytes"):
                await log.probe()
        await asyncio.gather(*(append(log, number, size=_LARGE * (number == 4)) for number in range(9)))
    async with spooled(url, tmp_path) as log:
        if after_an_outage:
            await log.probe()
            await until_drained(log)
        events, letters = await numbers(log), await numbers(log, DEAD_LETTERS)

    assert events == set(range(9)) - {4}
    if DEAD_LETTERS in narrow:
        assert (aside(tmp_path), letters) == ([(WEBHOOKS, 4)], set())
    else:
        assert (aside(tmp_path), letters) == ([], {4})


async def test_a_broker_with_an_empty_disk_gets_what_waits_as_soon_as_its_topics_are_made(
    own_kafka: KafkaServer, tmp_path: Path
) -> None:
    async with spooled(own_kafka.url, tmp_path) as log:
        await log.setup()
        await log.append(EVENTS, key="", value=b"0", headers={})
        own_kafka.kill()
        await append(log, 1)
        own_kafka.wipe()
        await asyncio.to_thread(own_kafka.start)
        async with asyncio.timeout(_DEADLINE_SECONDS):
            while "run `adjourn setup`" not in (await log.degraded())["log"]:
                await asyncio.sleep(0.05)
        await append(log, 2)
        await log.probe()

        await log.setup()
        await until_drained(log)
        assert await numbers(log) == {1, 2}
