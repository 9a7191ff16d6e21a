"""One process at a time compares with a provider, whichever it is and on whatever machine.

The turn is a row of the database with an end: it is taken again and again while its holder lives, and who was
killed loses it within a minute. Two who believe to have it, because their clocks differ, do each other no
harm: what both hand over is the same event.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from consumers.reconciling import metrics
from consumers.reconciling.base import Counts, Run
from consumers.reconciling.run import reconcile
from infra.database.engine import Database
from infra.database.reconciling import (
    Held,
    Turn,
    begin_turn,
    earliest_event_ms,
    end_turn,
    take_turn,
    turn_of,
)
from infra.errors import Halt, LogUnavailable, Poison, Retryable

TURN_SECONDS: Final = 60
_OVERLAP_MS: Final = 24 * 3_600_000
"""A meeting may be over at its provider hours after it ended, and is in no list until then."""


class NotOurTurn(Retryable):
    """Somebody else compares now. The text says who."""


def own_name() -> str:
    """Of this process among all on all machines, for people too."""
    return f"process {os.getpid()} on {socket.gethostname()}"


async def reconcile_in_turn(run: Run, holder: str, *, turn_seconds: float = TURN_SECONDS) -> Counts:
    """`reconcile`, while nobody else does so with this provider, and with what came of it in the metrics.

    Raises `NotOurTurn`, else as `reconcile` does.
    """
    async with _turn(run, holder, turn_seconds) as go_on:
        before, begun_ms = await _turn_of(run.database, run.provider), run.now_ms()
        first_ms = await _first_ms(before, run, begun_ms)
        async with run.database.transaction() as tx:
            await begin_turn(tx, run.provider, holder, first_ms=first_ms, begun_ms=begun_ms)
        try:
            counts = await reconcile(replace(run, go_on=go_on))
        except (Halt, LogUnavailable, Poison, Retryable):
            metrics.FAILED.labels(run.provider).inc()
            raise
        covered_ms = before.covered_ms if before.covered_ms is not None else first_ms
        if run.since.timestamp() * 1000 <= covered_ms:
            async with run.database.transaction() as tx:
                await end_turn(tx, run.provider, holder, covered_ms=begun_ms)
    metrics.GAP.labels(run.provider).set(counts.missing)
    metrics.IMPOSSIBLE.labels(run.provider).set(counts.impossible)
    metrics.LAST_RUN.labels(run.provider).set(begun_ms / 1000)
    metrics.FETCHED.labels(run.provider).inc(counts.fetched)
    return counts


async def since_when(database: Database, provider: str, now_ms: int) -> datetime:
    """From when on a run by itself compares: a day before what is compared already.

    What had ended before the first webhook of the provider came, or before the first run began, is not ours
    to fetch unless somebody says so.
    """
    turn = await _turn_of(database, provider)
    async with database.reading() as tx:
        earliest_ms = await earliest_event_ms(tx, provider) if turn.first_ms is None else turn.first_ms
    first_ms = now_ms if earliest_ms is None else earliest_ms
    covered_ms = first_ms if turn.covered_ms is None else turn.covered_ms
    return datetime.fromtimestamp(max(first_ms, covered_ms - _OVERLAP_MS) / 1000, UTC)


async def is_due(database: Database, provider: str, now_ms: int, *, every_ms: int) -> bool:
    """Whether nobody has begun for so long, or somebody asked for it since."""
    turn = await _turn_of(database, provider)
    if turn.begun_ms is None or now_ms - turn.begun_ms >= every_ms:
        return True
    return turn.wanted_ms is not None and turn.wanted_ms > turn.begun_ms


async def _turn_of(database: Database, provider: str) -> Turn:
    async with database.reading() as tx:
        return await turn_of(tx, provider)


async def _first_ms(before: Turn, run: Run, now_ms: int) -> int:
    if before.first_ms is not None:
        return before.first_ms
    async with run.database.reading() as tx:
        earliest_ms = await earliest_event_ms(tx, run.provider)
    return now_ms if earliest_ms is None else earliest_ms


@asynccontextmanager
async def _turn(run: Run, holder: str, turn_seconds: float) -> AsyncIterator[Callable[[], None]]:
    """What it gives raises `NotOurTurn` once the turn has become another's."""
    held = await _take(run, holder, turn_seconds)
    if held is not None:
        raise NotOurTurn(f"{held.holder} compares with {run.provider} now.", turn_seconds)
    taken_by: list[Held] = []

    async def keep() -> None:
        while not taken_by:
            await asyncio.sleep(turn_seconds / 4)
            with suppress(Retryable, Halt):  # it may be back before the turn ends
                other = await _take(run, holder, turn_seconds)
                if other is not None:
                    taken_by.append(other)

    def go_on() -> None:
        if taken_by:
            raise NotOurTurn(f"{taken_by[0].holder} has taken over comparing with {run.provider}.")

    keeping = asyncio.create_task(keep())
    try:
        yield go_on
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        with suppress(Retryable, Halt):
            async with run.database.transaction() as tx:
                await end_turn(tx, run.provider, holder)


async def _take(run: Run, holder: str, turn_seconds: float) -> Held | None:
    now_ms = run.now_ms()
    async with run.database.transaction() as tx:
        return await take_turn(
            tx, run.provider, holder, now_ms=now_ms, until_ms=now_ms + int(turn_seconds * 1000)
        )
