"""While consumers run, what killed processes left is swept up: at the start, and then once an hour."""

import asyncio
from dataclasses import asdict
from typing import Final

import structlog

from adjourn.sentences import sentence
from adjourn.stopping import unless
from consumers.base import Services
from consumers.runner.patience import is_set_within
from consumers.sweep import sweep
from infra.errors import Halt, Retryable

_EVERY_SECONDS: Final = 3600

log = structlog.get_logger()


async def keep_swept(services: Services, stop: asyncio.Event) -> None:
    """Until `stop` is set. Where the store or the database is away it is told, and tried again in an hour."""
    while not stop.is_set():
        try:
            swept = await unless(stop, sweep(services.objects, services.database))
        except (Halt, Retryable) as error:
            log.warning("not_swept", reason=sentence(error))
        else:
            if swept:
                log.info("swept", **asdict(swept))
        await is_set_within(stop, _EVERY_SECONDS)
