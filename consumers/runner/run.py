"""Running a consumer: every record of its topics, live, with facts published and failures buried."""

import asyncio
from collections.abc import Callable
from itertools import count

import structlog

from consumers.base import Consumer, Services
from consumers.dead_letters import bury
from consumers.runner.attempt import GaveUp, Publish
from consumers.runner.patience import Wait, is_set_within, patiently, pause_seconds
from consumers.runner.policy import BurialStreak, Limits, RetryPolicy
from consumers.runner.work import Bury, Job, Remember, work_through
from infra.clock import wall_clock_ms
from infra.errors import LogUnavailable
from infra.eventlog.base import EventLog
from schemas.envelope import Record, event_headers, rfc3339
from schemas.facts import Fact
from schemas.topics import DEAD_LETTERS, EVENTS

logger = structlog.get_logger()


async def run(
    consumer: Consumer,
    *,
    log: EventLog,
    services: Services,
    remember: Remember,
    stop: asyncio.Event,
    policy: RetryPolicy,
    limits: Limits,
    streak: BurialStreak,
    now_ms: Callable[[], int] = wall_clock_ms,
) -> None:
    """Hand the consumer every record of its topics until `stop` is set, as the group that has its name.

    One key's records strictly one after another, over all topics; different keys side by side; records
    without a key in no order. A record is committed when it and all before it in its partition are through:
    its facts are in the log and its success is remembered, or its letter is in the log. Whatever was not
    committed comes again.

    A handler that raises `Retryable` is tried again later, any error that is no instruction a few times; then
    the record is buried, as it is at once for `Poison`. A record of the dead letters that this consumer
    cannot handle is logged and passed over: buried, it would come back for ever. While the log or the
    database is away, everything waits. Raises `Halt` when a handler does, or when burying would empty the
    topic (`streak`).
    """
    job = Job(
        consumer=consumer,
        services=services,
        publish=publish_to(log, consumer, policy, now_ms),
        bury=bury_in(log, consumer, policy, now_ms),
        remember=remember,
        policy=policy,
        limits=limits,
        streak=streak,
        now_ms=now_ms,
    )
    wait = Wait(consumer=consumer.name, doing="subscribe")
    for attempts in count(1):
        try:
            async with log.subscribe(consumer.topics, consumer.name) as subscription:
                wait.over()
                await work_through(subscription, job, stop=stop)
                return
        except LogUnavailable as error:
            wait.goes_on(error)
            if await is_set_within(stop, pause_seconds(error, attempts, policy)):
                return


def publish_to(log: EventLog, consumer: Consumer, policy: RetryPolicy, now_ms: Callable[[], int]) -> Publish:
    """Facts go to `meetings.events`, and carry on the trace of the record that caused them."""

    async def publish(record: Record, fact: Fact) -> None:
        headers = event_headers(
            id=fact.id,
            source=f"/consumers/{consumer.name}",
            type=fact.type,
            subject=fact.meeting_id,
            time=rfc3339(now_ms() / 1000),
            traceparent=record.headers.get("traceparent", ""),
        )
        value = fact.body.model_dump_json().encode()
        await patiently(
            lambda: log.append(EVENTS, key=fact.meeting_id, value=value, headers=headers),
            policy,
            doing="publish",
        )

    return publish


def bury_in(log: EventLog, consumer: Consumer, policy: RetryPolicy, now_ms: Callable[[], int]) -> Bury:
    """Letters go to `meetings.dead-letters`; what came from there is never buried again."""

    async def bury_record(record: Record, reason: GaveUp, attempts: int) -> None:
        if record.topic == DEAD_LETTERS:
            logger.error("passed_over", kind=reason.kind, error=reason.error, traceback=reason.traceback)
            return
        await patiently(
            lambda: bury(log, consumer.name, record, reason, attempts=attempts, now_ms=now_ms()),
            policy,
            doing="bury",
        )
        logger.error("buried", kind=reason.kind, error=reason.error)

    return bury_record
