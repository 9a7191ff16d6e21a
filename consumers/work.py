"""Working through records, live ones or a slice of the past: a reader, a few workers and a committer."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

import structlog
from structlog.contextvars import bind_contextvars

from consumers import metrics
from consumers.attempt import Again, Done, GaveUp, Publish, attempt
from consumers.base import Consumer, Services
from consumers.lanes import Lanes, Turn
from consumers.low_water import LowWater
from consumers.patience import is_set_within, patiently
from consumers.policy import BurialStreak, Limits, RetryPolicy
from infra.errors import Halt
from infra.eventlog.base import Subscription
from schemas.dead_letter import DeadLetterKind
from schemas.envelope import Record

log = structlog.get_logger()

Outcome = Literal["done"] | DeadLetterKind
Remember = Callable[[Sequence[tuple[str, int]]], Awaitable[None]]
"""Keep successes as (`ce_id`, when in ms since 1970 UTC); durable on return. Raises `Retryable` or `Halt`."""
Bury = Callable[[Record, GaveUp, int], Awaitable[None]]
"""Take over a record after so many attempts; durable on return. It waits for the log rather than to fail."""

_RECORDS_A_BREATH = 32
_LAST_COMMIT_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Job:
    """What is done with each record, and within which bounds.

    `settled` is told of every record that is through. `now_ms` is the wall clock.
    """

    consumer: Consumer
    services: Services
    publish: Publish
    bury: Bury
    remember: Remember
    policy: RetryPolicy
    limits: Limits
    streak: BurialStreak
    now_ms: Callable[[], int]
    settled: Callable[[Record, Outcome], None] = lambda record, outcome: None


async def work_through(source: Subscription, job: Job, *, stop: asyncio.Event) -> None:
    """Until `stop` is set, or `source` returns an empty fetch and everything is done.

    A stop lets running handlers go on for `grace_seconds`, then cancels them; what is not done is not
    committed. Raises `Halt`, and then commits nothing further.
    """
    lanes = Lanes(max_records=job.limits.max_records, max_bytes=job.limits.max_bytes)
    progress = _Progress()
    try:
        async with asyncio.TaskGroup() as tasks:
            reader = tasks.create_task(_read(source, job, lanes, progress))
            workers = [
                tasks.create_task(_work(job, lanes, progress, stop)) for _ in range(job.limits.concurrency)
            ]
            committer = tasks.create_task(_commit(source, job, progress))
            stopped = tasks.create_task(stop.wait())
            await asyncio.wait([reader, stopped], return_when=asyncio.FIRST_COMPLETED)
            reader.cancel()
            stopped.cancel()
            lanes.close(len(workers))
            await _finish(workers, job.limits.grace_seconds)
            progress.ending.set()
            progress.changed.set()
            await _finish([committer], _LAST_COMMIT_SECONDS if stop.is_set() else None)
    except BaseExceptionGroup as errors:
        raise _foremost(errors) from None
    finally:
        metrics.IN_FLIGHT.labels(job.consumer.name).dec(lanes.records)


@dataclass(slots=True)
class _Progress:
    """What is done and not yet committed."""

    low_water: LowWater = field(default_factory=LowWater)
    successes: list[tuple[str, int]] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    ending: asyncio.Event = field(default_factory=asyncio.Event)
    committing: asyncio.Lock = field(default_factory=asyncio.Lock)


async def _read(source: Subscription, job: Job, lanes: Lanes, progress: _Progress) -> None:
    in_flight = metrics.IN_FLIGHT.labels(job.consumer.name)
    while True:
        room = await lanes.room()
        async with progress.committing:
            pass  # a commit that has to wait must not let successes pile up
        records = await patiently(partial(source.fetch, room), job.policy, doing="fetch")
        for record in records:
            progress.low_water.fetched(record)
            lanes.add(record)
        in_flight.inc(len(records))
        if not records:
            await lanes.empty()
            return


async def _work(job: Job, lanes: Lanes, progress: _Progress, stop: asyncio.Event) -> None:
    name = job.consumer.name
    logger = log.bind()
    in_flight, retries = metrics.IN_FLIGHT.labels(name), metrics.RETRIES.labels(name)
    seconds, done = metrics.SECONDS.labels(name), metrics.HANDLED.labels(name, "done")
    breath = 0
    while (turn := await lanes.next()) is not None and not stop.is_set():
        record = turn.record
        turn.attempts += 1
        bind_contextvars(
            consumer=name, event_id=record.id, type=record.type, meeting=record.key, attempt=turn.attempts
        )
        began = time.perf_counter()
        result = await attempt(
            job.consumer, record, job.services, attempts=turn.attempts, policy=job.policy, publish=job.publish
        )
        took = time.perf_counter() - began
        seconds.observe(took)
        if isinstance(result, Again):
            retries.inc()
            logger.warning("will_retry", after_seconds=round(result.after_seconds, 1), error=result.error)
            lanes.again(turn, result.after_seconds)
            continue
        if isinstance(result, Done):
            if result.facts:
                logger.info("handled", facts=result.facts, seconds=round(took, 3))
            else:
                logger.debug("handled", seconds=took)
            done.inc()
            job.streak.succeeded(record)
            if record.id:
                progress.successes.append((record.id, job.now_ms()))
            job.settled(record, "done")
        else:
            await _give_up(job, turn, result)
        lanes.done(turn)
        progress.low_water.done(record)
        progress.changed.set()
        in_flight.dec()
        breath += 1
        if breath % _RECORDS_A_BREATH == 0:
            await asyncio.sleep(0)  # instant handlers must not keep everybody else waiting


async def _give_up(job: Job, turn: Turn, reason: GaveUp) -> None:
    job.streak.before_burial(job.consumer.name, turn.record, reason.kind, job.policy.burials_in_a_row)
    await job.bury(turn.record, reason, turn.attempts)
    metrics.HANDLED.labels(job.consumer.name, reason.kind).inc()
    job.settled(turn.record, reason.kind)


async def _commit(source: Subscription, job: Job, progress: _Progress) -> None:
    """Successes before offsets: what is committed and has no success has a letter."""
    while True:
        await progress.changed.wait()
        async with progress.committing:
            progress.changed.clear()
            successes, progress.successes = progress.successes, []
            marks = progress.low_water.advance()
            if successes:
                await patiently(partial(job.remember, successes), job.policy, doing="remember")
            for mark in marks:
                await patiently(partial(source.commit, mark), job.policy, doing="commit")
        if progress.ending.is_set() and not progress.changed.is_set():
            return
        await is_set_within(progress.ending, job.limits.commit_every_seconds)


async def _finish(tasks: Sequence[asyncio.Task[None]], within_seconds: float | None) -> None:
    _, late = await asyncio.wait(tasks, timeout=within_seconds)
    for task in late:
        task.cancel()
    if late:
        await asyncio.wait(late)


def _foremost(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """What the others were cancelled for; a `Halt` before anything else."""
    leaves = list(_leaves(errors))
    return next((error for error in leaves if isinstance(error, Halt)), leaves[0])


def _leaves(errors: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    return [
        leaf
        for error in errors.exceptions
        for leaf in (_leaves(error) if isinstance(error, BaseExceptionGroup) else [error])
    ]
