"""While consumers run, what never came is found: shortly after the start, then again and again, and at once
when a sender says that it gave up deliveries."""

import asyncio
from dataclasses import asdict
from typing import Final

import structlog

from adjourn.sentences import sentence
from adjourn.stopping import unless
from adjourn.wiring import Parts
from consumers.reconciling.base import Run
from consumers.reconciling.turns import NotOurTurn, is_due, own_name, reconcile_in_turn, since_when
from consumers.runner.failure import bug_report, traceback_of
from consumers.runner.patience import is_set_within
from infra.clock import wall_clock_ms
from infra.errors import Halt, LogUnavailable, Poison, Retryable
from infra.providers.base import ProviderApi

_AFTER_START_SECONDS: Final = 20
_LOOK_SECONDS: Final = 2

log = structlog.get_logger()


async def keep_reconciled(parts: Parts, every_minutes: float, stop: asyncio.Event) -> None:
    """Until `stop` is set, with every provider whose API we may ask; 0 minutes: never.

    Where others do so too, on whatever machine, all of them together compare so often. What goes wrong is
    told once, and stops nothing.
    """
    every_seconds = every_minutes * 60
    if every_seconds and not await is_set_within(stop, min(_AFTER_START_SECONDS, every_seconds)):
        providers = parts.services.providers
        await asyncio.gather(
            *(_keep(name, api, parts, every_seconds, stop) for name, api in providers.items())
        )
    await stop.wait()


async def _keep(
    provider: str, api: ProviderApi, parts: Parts, every_seconds: float, stop: asyncio.Event
) -> None:
    told = ""
    while not stop.is_set():
        try:
            await unless(stop, _reconcile_if_due(provider, api, parts, every_seconds))
            told = ""
        except NotOurTurn:
            pass
        except (Halt, LogUnavailable, Poison, Retryable) as error:
            reason = sentence(error)
            if reason != told:
                log.warning("not_reconciled", provider=provider, reason=reason)
            told = reason
        except Exception as bug:
            reason = bug_report(bug)
            if reason != told:
                log.error("not_reconciled", provider=provider, error=reason, traceback=traceback_of(bug))
            told = reason
        await is_set_within(stop, _LOOK_SECONDS)


async def _reconcile_if_due(provider: str, api: ProviderApi, parts: Parts, every_seconds: float) -> None:
    database, now_ms = parts.services.database, wall_clock_ms()
    if not await is_due(database, provider, now_ms, every_ms=int(every_seconds * 1000)):
        return
    since = await since_when(database, provider, now_ms)
    counts = await reconcile_in_turn(Run(provider, api, parts.log, database, since), own_name())
    found_any = counts.missing or counts.impossible
    (log.info if found_any else log.debug)("reconciled", provider=provider, **asdict(counts))
