"""What it costs to accept an event into Kafka, acknowledged by all replicas, with the spool's guarantee.

The program as people run it, with one worker and with two, against (a) a bare ASGI application under the same
server, (b) a loop that only produces the same bodies with aiokafka. Load, servers and one broker share this
machine, and take turns in alternating rounds. CPU is that of the receiving processes, without the broker's.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import psutil
import uvloop

from benchmarks.load import (
    API_KEY,
    Round,
    Server,
    complete_event,
    drive,
    middle,
    print_round,
    small_event,
    wrk_is_here,
)
from infra.eventlog.open import open_log
from tests.ports import free_port
from tests.servers.kafka import KafkaServer

CONNECTIONS: Final = (16, 64, 256)
WORKERS: Final = (1, 2)
ROUNDS: Final = 3
ROUND_SECONDS: Final = 4


def main() -> int:
    if not wrk_is_here():
        return 1
    with KafkaServer() as broker, tempfile.TemporaryDirectory() as folder, ExitStack() as servers:
        broker.start()
        asyncio.run(_set_up(broker.url))
        small, large = Path(folder, "small.json"), Path(folder, "large.json")
        small.write_bytes(small_event())
        large.write_bytes(complete_event(300_000))
        running = [servers.enter_context(_bare())]
        running += [servers.enter_context(_ours(broker.url, Path(folder), workers)) for workers in WORKERS]
        for server in running:
            drive(server, small, 64, 2)
        for connections in CONNECTIONS:
            _compare(running, small, connections)
        _compare(running, large, 64)
        for body, each in ((small, 20_000), (large, 200)):
            _produce(broker, body, each)
    return 0


def _compare(servers: list[Server], body: Path, connections: int) -> None:
    print(f"{body.stat().st_size} byte event, {connections} connections, median of {ROUNDS} rounds")
    rounds: dict[str, list[Round]] = {server.name: [] for server in servers}
    for _ in range(ROUNDS):
        for server in servers:
            rounds[server.name].append(drive(server, body, connections, ROUND_SECONDS))
    bare = middle(rounds["bare ASGI"])
    for name, measured in rounds.items():
        print_round(name, middle(measured))
        print(f"{'':26}{middle(measured).per_second / bare.per_second:.2f} of bare", flush=True)


async def _set_up(url: str) -> None:
    log = open_log(url)
    await log.setup()
    await log.close()


@contextmanager
def _bare() -> Iterator[Server]:
    command = [sys.executable, "-m", "benchmarks.accept_servers", "bare"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Server("bare ASGI", int(process.stdout.readline()), psutil.Process(process.pid))
        finally:
            process.terminate()


@contextmanager
def _ours(log_url: str, parent: Path, workers: int) -> Iterator[Server]:
    port, folder = free_port(), parent / f"workers-{workers}"
    folder.mkdir()
    settings = {
        "PATH": os.environ["PATH"],
        "ADJOURN_LOG_URL": log_url,
        "ADJOURN_PORT": str(port),
        "ADJOURN_MEETING_BAAS_API_KEYS": API_KEY,
    }
    command = [sys.executable, "-m", "adjourn", "receive", "--workers", str(workers)]
    with subprocess.Popen(command, cwd=folder, env=settings, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            while "listening" not in (line := process.stderr.readline()):
                assert line, "it ended before it could receive"
            yield Server(f"adjourn, {workers} worker(s)", port, psutil.Process(process.pid))
        finally:
            process.terminate()


def _produce(broker: KafkaServer, body: Path, each: int) -> None:
    """In a process of its own: nothing of ours weighs on it."""
    command = [sys.executable, "-m", "benchmarks.accept_kafka", broker.bootstrap, str(body), str(each)]
    subprocess.run(command, check=True)


async def _producing(bootstrap: str, value: bytes, count: int) -> None:
    """`count` records, 64 at a time, each awaited: as a handler would."""
    from aiokafka import AIOKafkaProducer

    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", max_request_size=2**25)
    await producer.start()
    keys = iter([b"%d" % (number % 64) for number in range(count)])

    async def send() -> None:
        for key in keys:
            await producer.send_and_wait("meetings.webhooks", value, key=key)

    began, before = time.perf_counter(), time.process_time()
    await asyncio.gather(*(send() for _ in range(64)))
    seconds, cpu = time.perf_counter() - began, time.process_time() - before
    await producer.stop()
    print(f"aiokafka alone, {len(value)} bytes, 64 at a time")
    print(f"  {count / seconds:.0f}/s   {cpu / count * 1e6:.1f} µs CPU")


if __name__ == "__main__":
    if len(sys.argv) == 1:
        sys.exit(main())
    uvloop.run(_producing(sys.argv[1], Path(sys.argv[2]).read_bytes(), int(sys.argv[3])))
