"""The broker is away and nobody who sends notices: all is accepted at once, and comes to Kafka in order.

`ADJOURN_TEST_OUTAGE_SECONDS=60 make test ARGS=tests/faults` runs the long version.
"""

import asyncio
import os
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest

from infra.eventlog.open import open_log
from tests.faults.senders import DEADLINE_SECONDS, Senders, numbers_in, receivers
from tests.servers.kafka import KafkaServer

OUTAGE_SECONDS = float(os.environ.get("ADJOURN_TEST_OUTAGE_SECONDS", "5"))


async def set_up(log_url: str) -> None:
    log = open_log(log_url)
    await log.setup()
    await log.close()


def waiting_in(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "spool.db")) as spool:
        (count,) = spool.execute("SELECT count(*) FROM spooled").fetchone()
    return int(count)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        yield http


@pytest.mark.parametrize("how", ["killed", "frozen"])
async def test_senders_do_not_notice_that_the_broker_is_away(
    own_kafka: KafkaServer, tmp_path: Path, http: aiohttp.ClientSession, how: str
) -> None:
    await set_up(own_kafka.url)
    async with receivers(own_kafka.url, tmp_path, 2) as (one, other):
        senders = Senders(http, [one, other])
        async with senders.sending():
            await asyncio.sleep(0.5)
            own_kafka.kill() if how == "killed" else own_kafka.freeze()
            await asyncio.sleep(OUTAGE_SECONDS)
            degraded = [await one.degraded(http), await other.degraded(http)]
            await asyncio.to_thread(own_kafka.start if how == "killed" else own_kafka.thaw)
            await one.until_drained(http)
            await asyncio.sleep(0.5)
        await one.until_drained(http)
        await other.until_drained(http)

    assert senders.refused == []
    assert senders.slowest_seconds < 5
    assert all(" in the spool" in parts["log"] for parts in degraded)
    assert await numbers_in(own_kafka.url) == senders.answered


async def test_nothing_is_lost_when_the_receivers_are_killed_in_an_outage_and_start_again_in_it(
    own_kafka: KafkaServer, tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    await set_up(own_kafka.url)
    async with receivers(own_kafka.url, tmp_path, 2) as both:
        senders = Senders(http, both)
        async with senders.sending():
            await asyncio.sleep(0.3)
            own_kafka.kill()
            await asyncio.sleep(2.5)
            for receiver in both:
                await receiver.end(signal.SIGKILL)
            for receiver in both:
                await receiver.start()
            await asyncio.sleep(0.5)
            await asyncio.to_thread(own_kafka.start)
            await both[0].until_drained(http)
        await both[1].until_drained(http)

    assert senders.refused == []
    assert await numbers_in(own_kafka.url) == senders.answered


async def test_a_broker_that_dies_in_the_middle_of_draining_gets_the_rest_later(
    own_kafka: KafkaServer, tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    await set_up(own_kafka.url)
    own_kafka.kill()
    async with receivers(own_kafka.url, tmp_path, 2) as (one, other):
        senders = Senders(http, [one, other])
        async with senders.sending(meetings=64, pause_seconds=0):
            await asyncio.sleep(4)
        kept = waiting_in(tmp_path)
        await asyncio.to_thread(own_kafka.start)
        async with asyncio.timeout(DEADLINE_SECONDS):
            while waiting_in(tmp_path) == kept:
                await asyncio.sleep(0.001)
        own_kafka.kill()
        left = waiting_in(tmp_path)
        await asyncio.to_thread(own_kafka.start)
        await one.until_drained(http)

    assert 0 < left < kept
    assert senders.refused == []
    assert await numbers_in(own_kafka.url) == senders.answered
