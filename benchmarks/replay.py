"""Dead letters: how long a filter looks through them and in what memory, and how fast they are done again.

The handler does nothing. Each figure comes from a process of its own, so that memory is that of one command.
`ADJOURN_BENCH_LETTERS` has the sizes of the dead-letter topic.
"""

import asyncio
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Collection, Mapping, Sequence
from time import perf_counter, process_time
from typing import cast

import structlog

from consumers.base import Consumer, Services
from consumers.replay.again import Means, replay
from consumers.replay.choose import Wanted, choose
from consumers.replay.index import Index
from consumers.replay.source import Bounds
from consumers.replay.which import Which
from consumers.runner.policy import Limits, RetryPolicy
from consumers.runner.work import Remember
from infra.database.closings import Closing, closings
from infra.database.engine import Database, open_database
from infra.database.outcomes import record_successes
from infra.eventlog.open import open_log
from schemas.envelope import Record
from schemas.facts import Fact
from schemas.topics import WEBHOOKS
from tests.adjourn.letters import Buried, bury_in
from tests.servers.kafka import KafkaServer

REPLAYED = 50_000
KEYS = 10_000
BODY_BYTES = 250
_ONE_IN = 1000
"""So many letters say what the filter asks for."""


def main() -> int:
    sizes = [
        int(size) for size in os.environ.get("ADJOURN_BENCH_LETTERS", "250000,500000,1000000").split(",")
    ]
    print(
        f"letters of {BODY_BYTES} bytes, {KEYS} meetings; one in {_ONE_IN} is chosen, then {REPLAYED} redone"
    )
    with tempfile.TemporaryDirectory() as folder, KafkaServer() as broker:
        broker.start()
        for name, log_url in (("sqlite", f"sqlite:///{folder}/log.db"), ("kafka", broker.url)):
            there = 0
            for size in sizes:
                _measured("fill", log_url, str(there), str(size))
                there = size
                chosen, seconds, cpu, megabytes = _measured("scan", log_url, f"sqlite:///{folder}/scan.db")
                print(
                    f"  {name:<6} {size:>9,} looked through for {chosen:,.0f}: {seconds:5.1f} s"
                    f"  {cpu / size * 1e6:5.1f} µs of CPU each  {megabytes:4.0f} MB at most",
                    flush=True,
                )
            database_url = f"sqlite:///{folder}/{name}.db"
            healed, seconds, cpu, megabytes = _measured("replay", log_url, database_url)
            print(
                f"  {name:<6} {healed:>9,.0f} replayed: {healed / seconds:,.0f}/s"
                f"  {cpu / healed * 1e6:5.1f} µs of CPU each  {megabytes:4.0f} MB at most",
                flush=True,
            )
    return 0


def _measured(*what: str) -> tuple[float, ...]:
    """In a process of its own, and never by this one: what it begins would seem to need as much memory."""
    command = [sys.executable, "-m", "benchmarks.replay", *what]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return tuple(float(word) for word in told.split())


async def _fill(log_url: str, first: int, last: int) -> None:
    log = open_log(log_url)
    await log.setup()
    await log.close()
    letters = (
        Buried(
            f"event-{number}",
            f"meeting-{number % KEYS}",
            b"x" * BODY_BYTES,
            number,
            consumer="recordings",
            error=f"{'503' if number % _ONE_IN else '404'} from https://media.example.com/{number}/video.mp4",
        )
        for number in range(first, last)
    )
    await bury_in(log_url, letters)


async def _run(what: str, log_url: str, database_url: str) -> None:
    async def nothing(record: Record, services: Services) -> Sequence[Fact]:
        return ()

    log = open_log(log_url)
    async with open_database(database_url) as database:
        await database.setup()

        async def ask(consumer: str, ids: Collection[str]) -> Mapping[str, Closing]:
            async with database.reading() as tx:
                return await closings(tx, consumer, ids)

        which = Which(error="404 from" if what == "scan" else None)
        with Index() as index:
            began, cpu = perf_counter(), process_time()
            await choose(log, Wanted(which), (), ask, run=None, into=index)
            count = index.counts().get("recordings", 0)
            if what == "replay":
                means = Means(
                    id="bench",
                    log=log,
                    services=cast(Services, None),  # the handler asks for none
                    remember=lambda consumer: _remember(database, consumer),
                    closings=ask,
                    policy=RetryPolicy(),
                    limits=Limits(),
                    stop=asyncio.Event(),
                )
                began, cpu = perf_counter(), process_time()
                consumer = Consumer("recordings", (WEBHOOKS,), nothing)
                count = (await replay(index, [consumer], means, bounds=Bounds(limit=REPLAYED))).healed
            seconds, cpu_seconds = perf_counter() - began, process_time() - cpu
    await log.close()
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(count, seconds, cpu_seconds, megabytes)


def _remember(database: Database, consumer: str) -> Remember:
    async def keep(successes: Sequence[tuple[str, int]]) -> None:
        async with database.transaction() as tx:
            await record_successes(tx, consumer, successes)

    return keep


if __name__ == "__main__":
    if len(sys.argv) > 1:
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
        what, log_url, *rest = sys.argv[1:]
        asyncio.run(_fill(log_url, *map(int, rest)) if what == "fill" else _run(what, log_url, *rest))
    else:
        raise SystemExit(main())
