"""What the runner costs a record, against a bare loop that fetches and commits the same records.

The handler does nothing and the log is the SQLite one, so that all that is left is the runner: lanes,
metrics, successes and commits. The second figure keeps successes in a real database, as `adjourn run` does.
"""

import asyncio
import resource
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import cast

import structlog

from consumers.base import Consumer, Services
from consumers.runner.policy import BurialStreak, Limits, RetryPolicy
from consumers.runner.run import run
from infra.database.engine import open_database
from infra.database.outcomes import record_successes
from infra.eventlog.base import EventLog
from infra.eventlog.sqlite.log import SqliteLog
from schemas.envelope import Record, event_headers
from schemas.facts import Fact
from schemas.topics import WEBHOOKS

RECORDS = 40_000
KEYS = 1_000
ROUNDS = 3
GOAL_PER_SECOND = 16_000

_NO_SERVICES = cast(Services, None)  # the handler asks for none


@dataclass(frozen=True, slots=True)
class Round:
    per_second: float
    cpu_us: float
    """The whole process, the log's threads included."""


def main() -> int:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(20))
    with tempfile.TemporaryDirectory() as folder:
        bare, ours, remembered = asyncio.run(_rounds(Path(folder)))
    print(f"{RECORDS} records of 0.25 KB, {KEYS} keys, handler does nothing, median of {ROUNDS} rounds")
    _print("bare fetch and commit", bare)
    _print("runner", ours)
    _print("runner, successes in SQLite", remembered)
    print(f"  {ours.per_second / bare.per_second:.2f} of bare; at least {GOAL_PER_SECOND} records/s wanted")
    print(f"  {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB at most")
    return 0


async def _rounds(folder: Path) -> tuple[Round, Round, Round]:
    log = SqliteLog(folder / "log.db")
    await log.setup()
    await _fill(log)
    rounds: tuple[list[Round], list[Round], list[Round]] = ([], [], [])
    async with open_database(f"sqlite:///{folder}/adjourn.db") as database:
        await database.setup()

        async def keep(successes: Sequence[tuple[str, int]]) -> None:
            async with database.transaction() as tx:
                await record_successes(tx, "bench", successes)

        for number in range(ROUNDS):
            rounds[0].append(await _timed(_bare(log, f"bare-{number}")))
            rounds[1].append(await _timed(work_off(log, f"runner-{number}", RECORDS, forget)))
            rounds[2].append(await _timed(work_off(log, f"kept-{number}", RECORDS, keep)))
    await log.close()
    return _middle(rounds[0]), _middle(rounds[1]), _middle(rounds[2])


async def _fill(log: EventLog) -> None:
    async def append(number: int) -> None:
        key = f"meeting-{number % KEYS}"
        headers = event_headers(
            id=f"event-{number}",
            source="/webhooks/meeting-baas",
            type="meeting-baas.bot.status_change",
            subject=key,
            time="2026-01-01T00:00:00Z",
        )
        await log.append(WEBHOOKS, key=key, value=b"x" * 250, headers=headers)

    for first in range(0, RECORDS, 1000):
        await asyncio.gather(*(append(number) for number in range(first, first + 1000)))


async def _bare(log: EventLog, group: str) -> None:
    seen = 0
    async with log.subscribe([WEBHOOKS], group) as subscription:
        while seen < RECORDS:
            records = await subscription.fetch(Limits().max_records // 4)
            seen += len(records)
            await subscription.commit(records[-1])


async def work_off(log: EventLog, group: str, count: int, remember: Callable[..., Awaitable[None]]) -> None:
    """The runner with a handler that does nothing, until it has seen so many records."""
    seen = 0
    stop = asyncio.Event()

    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        nonlocal seen
        seen += 1
        if seen == count:
            stop.set()
        return ()

    await run(
        Consumer(group, (WEBHOOKS,), handle),
        log=log,
        services=_NO_SERVICES,
        remember=remember,
        stop=stop,
        policy=RetryPolicy(),
        limits=Limits(),
        streak=BurialStreak(),
    )


async def forget(successes: Sequence[tuple[str, int]]) -> None:
    pass


async def _timed(work: Awaitable[None]) -> Round:
    began, cpu = perf_counter(), process_time()
    await work
    seconds, cpu_seconds = perf_counter() - began, process_time() - cpu
    return Round(RECORDS / seconds, cpu_seconds / RECORDS * 1e6)


def _middle(rounds: Sequence[Round]) -> Round:
    return Round(median(r.per_second for r in rounds), median(r.cpu_us for r in rounds))


def _print(name: str, figures: Round) -> None:
    print(f"  {name:<30} {figures.per_second:>9,.0f} records/s  {figures.cpu_us:6.1f} µs of CPU a record")


if __name__ == "__main__":
    raise SystemExit(main())
