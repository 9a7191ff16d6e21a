"""What the tests of the runner stand on: a real log, handlers of their own, and waiting for conditions."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from prometheus_client import REGISTRY

from consumers.base import Consumer, Handler, Services
from consumers.runner.policy import BurialStreak, Limits, RetryPolicy
from consumers.runner.run import run
from infra.eventlog.base import EventLog
from infra.eventlog.sqlite.log import SqliteLog
from schemas.envelope import Record, event_headers
from schemas.facts import MEETING_COMPLETED, Fact, MeetingEnded
from schemas.topics import WEBHOOKS

QUICK = RetryPolicy(
    attempts=3,
    bug_attempts=2,
    first_delay_seconds=0.01,
    longest_delay_seconds=0.05,
    longest_asked_seconds=0.1,
)
NO_SERVICES = cast(Services, None)  # handlers of these tests ask for none

_DEADLINE_SECONDS = 10


@asynccontextmanager
async def opened_log(folder: Path) -> AsyncIterator[SqliteLog]:
    log = SqliteLog(folder / "log.db")
    await log.setup()
    try:
        yield log
    finally:
        await log.close()


async def append(
    log: EventLog,
    id: str,  # noqa: A002
    key: str,
    *,
    type: str = "meeting-baas.bot.completed",  # noqa: A002
    topic: str = WEBHOOKS,
    value: bytes = b"{}",
    traceparent: str = "",
) -> None:
    headers = event_headers(
        id=id,
        source="/webhooks/meeting-baas",
        type=type,
        subject=key,
        time="2026-01-02T03:04:05Z",
        traceparent=traceparent,
    )
    await log.append(topic, key=key, value=value, headers=headers)


async def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        await asyncio.sleep(0.005)


async def until_committed(
    log: EventLog, consumer: str, topics: Sequence[str] = (WEBHOOKS,), *, all_but: int = 0
) -> None:
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while await log.backlog(topics, consumer) > all_but:
        assert time.monotonic() < deadline, "not committed in time"
        await asyncio.sleep(0.005)


async def until_there_are(number: int, log: EventLog, topic: str) -> None:
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while len(await records(log, topic)) < number:
        assert time.monotonic() < deadline, "not appended in time"
        await asyncio.sleep(0.005)


async def time_for_reading(log: EventLog) -> None:
    """So many questions to the log that a reader who may would have read on meanwhile."""
    for _ in range(100):
        await log.backlog([WEBHOOKS], "a bystander")


async def records(log: EventLog, topic: str) -> list[Record]:
    return [record async for record in log.scan(topic)]


def in_flight(consumer: str) -> float:
    return REGISTRY.get_sample_value("adjourn_consumer_in_flight", {"consumer": consumer}) or 0


def completed(meeting_id: str, distinct: str = "once") -> Fact:
    body = MeetingEnded(provider="meeting-baas", meeting_id=meeting_id, at=None)
    return Fact(MEETING_COMPLETED, "meeting-baas", meeting_id, body, distinct)


@dataclass
class Running:
    """A runner in a task. `remembered` are the ids of the successes it kept, in order."""

    task: asyncio.Task[None]
    stop: asyncio.Event
    remembered: list[str] = field(default_factory=list)

    async def ended(self) -> None:
        """By itself, or by an error that `running` raises."""
        async with asyncio.timeout(_DEADLINE_SECONDS):
            await asyncio.wait([self.task])

    async def stopped(self) -> None:
        self.stop.set()
        await self.ended()

    async def crashed(self) -> None:
        """As far as log and database can tell, the process is gone."""
        self.task.cancel()
        await asyncio.wait([self.task])


@asynccontextmanager
async def running(
    log: EventLog,
    handle: Handler,
    *,
    name: str = "recordings",
    topics: tuple[str, ...] = (WEBHOOKS,),
    policy: RetryPolicy = QUICK,
    limits: Limits = Limits(commit_every_seconds=0.01),  # noqa: B008
    streak: BurialStreak | None = None,
    remember: Callable[[Sequence[tuple[str, int]]], Awaitable[None]] | None = None,
    urgency: Callable[[Record], float] | None = None,
    services: Services = NO_SERVICES,
) -> AsyncIterator[Running]:
    """Started, and stopped in an orderly way if it still runs at the end."""
    stop = asyncio.Event()
    remembered: list[str] = []

    async def keep(successes: Sequence[tuple[str, int]]) -> None:
        remembered.extend(event_id for event_id, _ in successes)

    task = asyncio.create_task(
        run(
            Consumer(name, topics, handle, urgency),
            log=log,
            services=services,
            remember=remember or keep,
            stop=stop,
            policy=policy,
            limits=limits,
            streak=streak or BurialStreak(),
        )
    )
    state = Running(task, stop, remembered)
    try:
        yield state
    finally:
        stop.set()
        await asyncio.wait([task], timeout=_DEADLINE_SECONDS)
        if not task.done():
            task.cancel()
            await asyncio.wait([task])
            raise AssertionError("the runner did not stop")
    if not task.cancelled():
        task.result()
