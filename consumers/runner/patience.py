"""Waiting for what everything stands on: while the log or the database is away, nothing goes on."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from typing import TypeVar

import structlog

from consumers.runner.policy import RetryPolicy
from infra.errors import LogUnavailable, Retryable
from schemas.dead_letter import one_line

log = structlog.get_logger()

T = TypeVar("T")

_LONGEST_PAUSE_SECONDS = 5


async def patiently(action: Callable[[], Awaitable[T]], policy: RetryPolicy, *, doing: str) -> T:
    """Repeat `action` until neither the log nor the database is in its way. `doing` says what waits."""
    for attempts in count(1):
        try:
            return await action()
        except (LogUnavailable, Retryable) as error:
            log.warning("waiting", doing=doing, attempt=attempts, error=one_line(str(error)))
            await asyncio.sleep(pause_seconds(error, attempts, policy))
    raise AssertionError("unreachable")


def pause_seconds(error: LogUnavailable | Retryable, attempts: int, policy: RetryPolicy) -> float:
    """Short, whatever was asked for: these come back while everybody waits."""
    asked = error.retry_after_seconds if isinstance(error, LogUnavailable) else _LONGEST_PAUSE_SECONDS
    return min(policy.delay_seconds(attempts), asked, _LONGEST_PAUSE_SECONDS)


async def is_set_within(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event, but no longer than that."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
