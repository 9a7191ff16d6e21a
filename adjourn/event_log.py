"""The log by itself, for commands that need no more: quick to import."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adjourn.places import embedded, require_existing
from adjourn.settings import Settings
from infra.eventlog.base import EventLog
from infra.eventlog.open import open_log


@asynccontextmanager
async def opened_log(settings: Settings) -> AsyncIterator[EventLog]:
    """The log as configured; `setup` creates what it needs."""
    log = open_log(settings.log_url, retention_days=settings.retention_days)
    try:
        yield log
    finally:
        await log.close()


@asynccontextmanager
async def existing_log(settings: Settings) -> AsyncIterator[EventLog]:
    """Raises `Halt` when there is none yet."""
    require_existing(settings.log_url)
    async with opened_log(settings) as log:
        yield log


async def prepare_log(settings: Settings, log: EventLog) -> None:
    """Before a start: make an embedded log, and see that nothing is missing where it is a server.

    Raises `Halt` when a person must create something, `LogUnavailable` when nothing could be accepted.
    """
    if embedded(settings.log_url) is not None:
        await log.setup()
    else:
        await log.probe()
