"""The runner: the only place where a consumer and the log meet."""

import asyncio
import time
from collections.abc import Callable
from itertools import count

import structlog

from consumers.attempt import GaveUp
from consumers.base import Consumer, Services
from consumers.dead_letters import bury, rfc3339
from consumers.patience import patiently, pause_seconds
from consumers.policy import BurialStreak, Limits, RetryPolicy
from consumers.work import Job, Remember, work_through
from infra.errors import LogUnavailable
from infra.eventlog.base import EventLog
from schemas.dead_letter import one_line
from schemas.envelope import Record, event_headers
from schemas.facts import Fact
from schemas.topics import DEAD_LETTERS, EVENTS

log = structlog.get_logger()


def wall_clock_ms() -> int:
    return time.time_ns() // 1_000_000


async def run(
    consumer: Consumer,
    *,
    log_: EventLog,
    services: Services,
    remember: Remember,
    stop: asyncio.Event,
    policy: RetryPolicy = RetryPolicy(),
    limits: Limits = Limits(),
    streak: BurialStreak | None = None,
    now_ms: Callable[[], int] = wall_clock_ms,
) -> None:
    pass
