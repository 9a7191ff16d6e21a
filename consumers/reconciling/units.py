"""What is to be compared: what the provider says has ended, and what we have heard nothing of for long."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Final

from consumers.reconciling.base import Run, Unit
from infra.database.forgotten import forgotten_meetings
from infra.database.reconciling import Judged, judged, silent_meetings
from infra.errors import Poison, Retryable

_BATCH: Final = 50
_SILENT_MS: Final = 3_600_000
_LONGEST_SILENCE_MS: Final = 30 * 86_400_000
"""No sender keeps a meeting for longer."""
_ASKED_AGAIN_MS: Final = 10 * 60_000


async def batches_of_units(run: Run) -> AsyncGenerator[list[Unit]]:
    """Each unit once: lists have some of theirs twice. Raises as `ProviderApi.ended`, after all that came."""
    batch: list[Unit] = []
    broken: Exception | None = None
    async with aclosing(_units(run)) as units:
        try:
            async for unit in units:
                batch.append(unit)
                if len(batch) >= _BATCH:
                    yield batch
                    batch = []
        except (Retryable, Poison) as error:
            broken = error
    if batch:
        yield batch
    if broken is not None:
        raise broken


async def with_past(run: Run, units: list[Unit]) -> tuple[list[tuple[Unit, Judged | None]], int]:
    """Each with what was found of it last, but for the forgotten: how many those are."""
    async with run.database.reading() as tx:
        forgotten = {each.meeting_id for each in await forgotten_meetings(tx, provider=run.provider)}
        known = [unit for unit in units if unit.meeting_id not in forgotten]
        past = await judged(tx, run.provider, {unit.meeting_id for unit in known})
    return [(unit, past.get(unit.key)) for unit in known], len(units) - len(known)


def stands(past: Judged, unit: Unit, run: Run) -> bool:
    """Whether what was found last need not be asked again now.

    What is over stays so; of what is not, the longer nothing was heard of it, the more seldom it is asked.
    """
    if run.again:
        return False
    if past.verdict in ("complete", "impossible"):
        return True
    if unit.silent_ms is None or past.handed_ms is not None:
        return False
    return run.now_ms() - past.at_ms < max(_ASKED_AGAIN_MS, (past.at_ms - unit.silent_ms) // 10)


async def _units(run: Run) -> AsyncGenerator[Unit]:
    seen: set[tuple[str, str]] = set()
    listed: set[str] = set()
    async for ended in run.api.ended(run.since):
        unit = Unit(run.provider, ended.meeting_id, ended.event_type, ended.ended_at)
        listed.add(unit.meeting_id)
        if unit.key not in seen:
            seen.add(unit.key)
            yield unit
    async for unit in _silent(run):
        if unit.meeting_id not in listed:
            yield unit


async def _silent(run: Run) -> AsyncIterator[Unit]:
    now_ms = run.now_ms()
    async with run.database.reading() as tx:
        silent = await silent_meetings(
            tx, run.provider, since_ms=now_ms - _LONGEST_SILENCE_MS, before_ms=now_ms - _SILENT_MS
        )
    for meeting_id, last_ms in silent:
        yield Unit(run.provider, meeting_id, "", silent_ms=last_ms)
