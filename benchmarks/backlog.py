"""Working off a backlog on Kafka: records a second and memory at growing sizes, against a bare aiokafka loop.

The handler does nothing, so that all that is left is reading, the runner and its commits. Each figure comes
from a process of its own, so that memory is that of one reading. `ADJOURN_BENCH_RECORDS` has the sizes.
"""

import asyncio
import os
import resource
import subprocess
import sys
from time import perf_counter, process_time
from uuid import uuid4

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from benchmarks.runner import forget, work_off
from infra.eventlog.kafka.records import message_headers, message_key
from infra.eventlog.open import open_log
from schemas.envelope import event_headers
from schemas.topics import WEBHOOKS
from tests.servers.kafka import KafkaServer

KEYS = 10_000
BODY_BYTES = 250
_READERS = ("bare", "runner")
_BATCH_BYTES = 64 * 1024


def main() -> int:
    sizes = [
        int(size) for size in os.environ.get("ADJOURN_BENCH_RECORDS", "250000,500000,1000000").split(",")
    ]
    with KafkaServer() as broker:
        broker.start()
        print(f"records of {BODY_BYTES} bytes, {KEYS} keys, 12 partitions, handler does nothing")
        asyncio.run(_set_up(broker.url))
        there = 0
        for size in sizes:
            asyncio.run(_fill(broker.bootstrap, there, size))
            there = size
            rates = {}
            for reader in _READERS:
                command = [sys.executable, "-m", "benchmarks.backlog", reader, broker.url, str(size)]
                told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
                seconds, cpu_seconds, megabytes = (float(word) for word in told.split())
                rates[reader] = size / seconds
                print(
                    f"  {size:>9,} {reader:<7} {rates[reader]:>9,.0f} records/s"
                    f"  {cpu_seconds / size * 1e6:6.1f} µs of CPU a record  {megabytes:4.0f} MB at most",
                    flush=True,
                )
            print(f"  {size:>9,} {rates['runner'] / rates['bare']:.2f} of bare", flush=True)
    return 0


async def _set_up(log_url: str) -> None:
    log = open_log(log_url)
    await log.setup()
    await log.close()


async def _fill(bootstrap: str, first: int, last: int) -> None:
    async with AIOKafkaProducer(
        bootstrap_servers=bootstrap, linger_ms=5, max_batch_size=_BATCH_BYTES, acks=1
    ) as producer:
        for number in range(first, last):
            key = f"meeting-{number % KEYS}"
            headers = event_headers(
                id=f"event-{number}",
                source="/webhooks/meeting-baas",
                type="meeting-baas.bot.status_change",
                subject=key,
                time="2026-01-01T00:00:00Z",
            )
            await producer.send(
                WEBHOOKS, b"x" * BODY_BYTES, key=message_key(key), headers=message_headers(headers)
            )
        await producer.flush()


async def _bare(log_url: str, size: int) -> None:
    """What anybody would write: fetch, and commit from time to time."""
    async with AIOKafkaConsumer(
        WEBHOOKS,
        bootstrap_servers=log_url.removeprefix("kafka://"),
        group_id=uuid4().hex,
        auto_offset_reset="earliest",
        enable_auto_commit=True,
        auto_commit_interval_ms=100,
    ) as consumer:
        seen = 0
        while seen < size:
            found = await consumer.getmany(timeout_ms=1000)
            seen += sum(len(messages) for messages in found.values())


async def _runner(log_url: str, size: int) -> None:
    log = open_log(log_url)
    await work_off(log, uuid4().hex, size, forget)
    await log.close()


def read(reader: str, log_url: str, size: int) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    began = perf_counter()
    asyncio.run((_bare if reader == "bare" else _runner)(log_url, size))
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(perf_counter() - began, process_time(), megabytes)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        read(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    else:
        raise SystemExit(main())
