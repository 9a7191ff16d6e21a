"""Working through records, live ones or a slice of the past: a reader, a few workers and a committer."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, cast

import structlog
from structlog.contextvars import bind_contextvars, bound_contextvars

from consumers.base import Consumer, Services
from consumers.runner.attempt import Again, Done, GaveUp, Publish, Waits, attempt
from consumers.runner.lanes import Lanes, Turn
from consumers.runner.low_water import LowWater
from consumers.runner.metrics import HANDLED, Meters, meters_of
from consumers.runner.patience import is_set_within, patiently
from consumers.runner.policy import BurialStreak, Limits, RetryPolicy
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
_LOOK_AGAIN_SECONDS = 0.5


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
    committed. Handlers of records whose partition goes to another member are cancelled at once, and the
    member begins when they have ended; all others go on. Raises `Halt`, and then commits nothing further.
    """
    lanes = Lanes(
        max_records=job.limits.max_records, max_bytes=job.limits.max_bytes, urgency=job.consumer.urgency
    )
    work = _Work(job, source, stop, lanes, _Progress(), meters_of(job.consumer.name))
    try:
        with bound_contextvars(consumer=job.consumer.name):
            async with asyncio.TaskGroup() as tasks:
                reader = tasks.create_task(_read(work))
                workers = [tasks.create_task(_handle_in_turn(work)) for _ in range(job.limits.concurrency)]
                committer = tasks.create_task(_commit(work))
                loser = tasks.create_task(_let_go(work))
                stopped = tasks.create_task(stop.wait())
                await asyncio.wait([reader, stopped], return_when=asyncio.FIRST_COMPLETED)
                reader.cancel()
                stopped.cancel()
                lanes.close(len(workers))
                await _finish(workers, job.limits.grace_seconds)
                work.progress.end()
                await _finish([committer], _LAST_COMMIT_SECONDS if stop.is_set() else None)
                loser.cancel()
    except BaseExceptionGroup as errors:
        raise _foremost(errors) from None
    finally:
        work.meters.in_flight.dec(lanes.records)


@dataclass(slots=True)
class _Progress:
    """What is done and not yet committed."""

    low_water: LowWater = field(default_factory=LowWater)
    successes: list[tuple[str, int]] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    ending: asyncio.Event = field(default_factory=asyncio.Event)
    committing: asyncio.Lock = field(default_factory=asyncio.Lock)

    def end(self) -> None:
        """One more commit, and then no more."""
        self.ending.set()
        self.changed.set()


@dataclass(frozen=True, slots=True)
class _Work:
    """What the reader, the workers and the committer of one run share."""

    job: Job
    source: Subscription
    stop: asyncio.Event
    lanes: Lanes
    progress: _Progress
    meters: Meters
    taken: dict[Turn, asyncio.Task[None]] = field(default_factory=dict)
    """What workers have, and which of them."""


async def _read(work: _Work) -> None:
    while True:
        room, free = await work.lanes.room()
        async with work.progress.committing:
            pass  # a commit that has to wait must not let successes pile up
        # A key that cannot go on must not fill all the room with what is behind it: a partition may hold as
        # much as is left for the others.
        full = work.progress.low_water.full(free)
        fetch = partial(work.source.fetch, room, without=full)
        try:
            async with asyncio.timeout(_LOOK_AGAIN_SECONDS if full else None):
                records = await patiently(fetch, work.job.policy, doing="fetch")
        except TimeoutError:
            continue  # it may not be full any more
        if not records:
            await work.lanes.empty()
            return
        for record in records:
            work.progress.low_water.fetched(record)
            work.lanes.add(record)
        work.meters.in_flight.inc(len(records))


async def _handle_in_turn(work: _Work) -> None:
    logger = log.bind()  # once: it looks at the configuration every time
    worker = cast("asyncio.Task[None]", asyncio.current_task())
    count = 0
    while (turn := await work.lanes.next()) is not None and not work.stop.is_set():
        work.taken[turn] = worker
        try:
            await _handle(work, turn, logger)
        except asyncio.CancelledError:
            if not turn.lost or worker.uncancel():
                raise
            log.info("let_go", event_id=turn.record.id, meeting=turn.record.key)
            work.lanes.done(turn)
            work.meters.in_flight.dec()
        finally:
            del work.taken[turn]
        count += 1
        if count % _RECORDS_A_BREATH == 0:
            await asyncio.sleep(0)  # instant handlers must not keep everybody else waiting


async def _handle(work: _Work, turn: Turn, logger: structlog.typing.FilteringBoundLogger) -> None:
    job, record = work.job, turn.record
    bind_contextvars(event_id=record.id, type=record.type, meeting=record.key, attempt=turn.attempts + 1)
    began = time.perf_counter()
    result = await attempt(job.consumer, turn, job.services, policy=job.policy, publish=job.publish)
    if turn.lost:
        raise asyncio.CancelledError  # a handler that does not let itself be cancelled
    seconds = time.perf_counter() - began
    work.meters.seconds.observe(seconds)
    match result:
        case Again(after_seconds, error):
            work.meters.retries.inc()
            logger.warning("will_retry", after_seconds=round(after_seconds, 1), error=error)
            work.lanes.again(turn, after_seconds)
            return
        case Waits(after_seconds, reason):
            logger.debug("waits", after_seconds=round(after_seconds, 1), reason=reason)
            work.lanes.again(turn, after_seconds)
            return
        case Done(facts):
            tell = logger.info if facts else logger.debug
            tell("handled", facts=facts, seconds=round(seconds, 3))
            work.meters.done.inc()
            job.streak.succeeded(record)
            if record.id:
                work.progress.successes.append((record.id, job.now_ms()))
            job.settled(record, "done")
        case GaveUp(kind):
            job.streak.before_burial(job.consumer.name, record, kind, job.policy.burials_in_a_row)
            await job.bury(record, result, turn.attempts)
            HANDLED.labels(job.consumer.name, kind).inc()
            job.settled(record, kind)
    work.lanes.done(turn)
    work.progress.low_water.done(record)
    work.progress.changed.set()
    work.meters.in_flight.dec()


async def _commit(work: _Work) -> None:
    """Successes before offsets: what is committed and has no success has a letter."""
    progress, policy = work.progress, work.job.policy
    while True:
        await progress.changed.wait()
        async with progress.committing:
            progress.changed.clear()
            successes, progress.successes = progress.successes, []
            marks = progress.low_water.advance()
            if successes:
                await patiently(partial(work.job.remember, successes), policy, doing="remember")
            if marks:
                await patiently(partial(work.source.commit, *marks), policy, doing="commit")
        if progress.ending.is_set() and not progress.changed.is_set():
            return
        await is_set_within(progress.ending, work.job.limits.commit_every_seconds)


async def _let_go(work: _Work) -> None:
    """What another member is to read is not ours any more; asking again says that it has ended."""
    while True:
        lost = await work.source.lost()
        before = work.lanes.records
        work.progress.low_water.forget(lost)
        work.lanes.drop(lost)
        work.meters.in_flight.dec(before - work.lanes.records)
        ending = [turn for turn in work.taken if (turn.record.topic, turn.record.partition) in lost]
        log.info("lost", partitions=len(lost), running=len(ending))
        for turn in ending:
            turn.lost = True
            work.taken[turn].cancel()
        while any(turn in work.taken for turn in ending):
            await work.lanes.change()


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


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error
