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
    wait = Wait(doing=doing)
    for attempts in count(1):
        try:
            result = await action()
        except (LogUnavailable, Retryable) as error:
            wait.goes_on(error)
            await asyncio.sleep(pause_seconds(error, attempts, policy))
        else:
            wait.over()
            return result
    raise AssertionError("unreachable")


class Wait:
    """Tells of a wait when it begins, when its reason changes and when it is over, not at every try.

    `about` goes with everything that is told.
    """

    def __init__(self, **about: str) -> None:
        self._about = about
        self._reason = ""

    def goes_on(self, error: Exception) -> None:
        reason = one_line(str(error))
        if reason != self._reason:
            log.warning("waiting", **self._about, error=reason)
        self._reason = reason

    def over(self) -> None:
        """Safe to repeat, and where nothing was waited for."""
        if self._reason:
            log.info("waited", **self._about)
        self._reason = ""


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
