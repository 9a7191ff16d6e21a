"""What an append to Kafka costs, against a loop that only produces the same records with aiokafka.

Both take turns against one real broker on this machine, acknowledged by all replicas. CPU is this process's
own, user and system: the steadier figure. With 300 KB half of it is page faults, for both: the C library
gives every large buffer back to the system at once (MALLOC_TRIM_THRESHOLD_ tells it otherwise).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from uuid import uuid4

import uvloop
from aiokafka import AIOKafkaProducer

from benchmarks.eventlog import HEADERS, Load, Round, middle
from infra.eventlog.kafka.cluster import cluster_at
from infra.eventlog.kafka.log import KafkaLog
from infra.eventlog.kafka.options import KafkaOptions
from infra.eventlog.kafka.topics import MAX_MESSAGE_BYTES
from schemas.topics import WEBHOOKS
from tests.servers.kafka import KafkaServer

ROUNDS = 3
_KEYS = [str(uuid4()) for _ in range(100)]
_SCANNED = 100_000


Append = Callable[[str, bytes], Awaitable[object]]

LOADS = (
    Load("0.2 KB, 16 at once", bytes(202), at_once=16, batches=1500),
    Load("0.2 KB, 64 at once", bytes(202), at_once=64, batches=600),
    Load("0.2 KB, 256 at once", bytes(202), at_once=256, batches=200),
    Load("300 KB, 16 at once", bytes(300_000), at_once=16, batches=20),
)


def main() -> int:
    with KafkaServer() as broker:
        broker.start()
        uvloop.run(_measure(broker.url))
    return 0


async def _measure(url: str) -> None:
    cluster = cluster_at(f"{url}?prefix={uuid4().hex}.", KafkaOptions(ack_timeout_seconds=30))
    log = KafkaLog(cluster)
    await log.setup()
    producer = AIOKafkaProducer(
        bootstrap_servers=list(cluster.servers),
        acks="all",
        enable_idempotence=True,
        max_request_size=MAX_MESSAGE_BYTES,
    )
    await producer.start()
    try:
        await _compare(log, producer, cluster.named(WEBHOOKS))
        await _scan(log)
    finally:
        await producer.stop()
        await log.close()


async def _compare(log: KafkaLog, producer: AIOKafkaProducer, topic: str) -> None:
    headers = [(name, value.encode()) for name, value in HEADERS.items()]

    def ours(key: str, value: bytes) -> Awaitable[object]:
        return log.append(WEBHOOKS, key=key, value=value, headers=HEADERS)

    async def plain(key: str, value: bytes) -> object:
        return await producer.send_and_wait(topic, value, key=key.encode(), headers=headers)

    columns = (
        ("ours/s", 10),
        ("plain/s", 10),
        ("CPU µs", 9),
        ("plain", 8),
        ("p50 ms", 9),
        ("plain", 8),
        ("p99", 9),
    )
    print(" " * 22 + "".join(name.rjust(width) for name, width in columns))
    for load in LOADS:
        rounds = [(await _drive(load, ours), await _drive(load, plain)) for _ in range(ROUNDS)]
        mine, theirs = middle([a for a, _ in rounds]), middle([b for _, b in rounds])
        print(
            f"{load.name:22}{mine.per_second:10,.0f}{theirs.per_second:10,.0f}{mine.cpu:9.1f}{theirs.cpu:8.1f}"
            f"{mine.p50:9.2f}{theirs.p50:8.2f}{mine.p99:9.2f}"
        )


async def _drive(load: Load, append: Append) -> Round:
    latencies: list[float] = []

    async def append_in_turn(first: int) -> None:
        for number in range(first, first + load.batches):
            began = time.perf_counter()
            await append(_KEYS[number % len(_KEYS)], load.value)
            latencies.append(time.perf_counter() - began)

    await append(_KEYS[0], load.value)
    began, cpu_began = time.perf_counter(), time.process_time()
    await asyncio.gather(*(append_in_turn(number) for number in range(load.at_once)))
    return _round(load.count, time.perf_counter() - began, time.process_time() - cpu_began, latencies)


async def _scan(log: KafkaLog) -> None:
    before = time.time_ns() // 1_000_000
    waiting = [
        log.append(WEBHOOKS, key=_KEYS[number % len(_KEYS)], value=bytes(202), headers=HEADERS)
        for number in range(_SCANNED)
    ]
    await asyncio.gather(*waiting)
    began, cpu_began = time.perf_counter(), time.process_time()
    count = 0
    async for _ in log.scan(WEBHOOKS, since_ms=before):
        count += 1
    read = _round(count, time.perf_counter() - began, time.process_time() - cpu_began, [])
    print(f"a scan of {count:,} records: {read.per_second:,.0f}/s, {read.cpu:.1f} µs CPU a record")


def _round(count: int, seconds: float, cpu_seconds: float, latencies: Sequence[float]) -> Round:
    ordered = sorted(latencies) or [0.0]
    p50, p99 = (ordered[int(len(ordered) * share)] * 1000 for share in (0.5, 0.99))
    return Round(count / seconds, cpu_seconds / count * 1e6, p50, p99)


if __name__ == "__main__":
    raise SystemExit(main())
