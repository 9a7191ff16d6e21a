"""Several consumers side by side: one that halts does not stop the others."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping, Sequence

import structlog

from consumers.base import Consumer
from consumers.runner.failure import bug_report, reason_of, traceback_of
from consumers.runner.patience import is_set_within
from consumers.runner.policy import BurialStreak
from infra.errors import Halt

log = structlog.get_logger()

Start = Callable[[Consumer, BurialStreak], Awaitable[None]]
"""Run a consumer until it is asked to stop. Raises `Halt`."""


async def supervise(
    consumers: Sequence[Consumer],
    start: Start,
    *,
    stop: asyncio.Event,
    halted: MutableMapping[str, str],
    restart_after_seconds: float | None,
) -> None:
    """Run all of them until `stop` is set.

    One that halts, or fails as nobody foresaw, says why in `halted` (by its name) and starts again after a
    pause. Where `restart_after_seconds` is null it ends the program instead: `stop` is set, the others come
    to their orderly end, and its error is raised.
    """
    ends: list[Exception] = []

    async def keep_running(consumer: Consumer) -> None:
        streak = BurialStreak()
        while not stop.is_set():
            try:
                await start(consumer, streak)
            except Exception as error:
                halted[consumer.name] = reason_of(error)
                if restart_after_seconds is None:
                    ends.append(error)
                    stop.set()
                    return
                _tell(consumer, error, restart_after_seconds)
                await is_set_within(stop, restart_after_seconds)
                del halted[consumer.name]

    async with asyncio.TaskGroup() as tasks:
        for consumer in consumers:
            tasks.create_task(keep_running(consumer))
    if ends:
        raise ends[0]


def _tell(consumer: Consumer, error: Exception, restart_after_seconds: float) -> None:
    told = log.bind(consumer=consumer.name, restart_after_seconds=restart_after_seconds)
    if isinstance(error, Halt):
        told.error("halted", reason=reason_of(error))
    else:
        told.error("crashed", error=bug_report(error), traceback=traceback_of(error))
