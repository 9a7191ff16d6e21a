"""Waiting until the consumers are through with what they were handed."""

import asyncio
import time
from collections.abc import Sequence

from consumers.reconciling.base import Unit
from consumers.reconciling.standing import standing_of
from infra.database.engine import Database
from infra.database.reconciling import Judged


async def unworked_after(
    found: Sequence[Judged], database: Database, *, wait_seconds: float, look_seconds: float
) -> Sequence[Judged]:
    """Those of the fetched that no consumer has stored or given up on in this time: none, as soon as all are
    through. The provider is asked nothing."""
    deadline = time.monotonic() + wait_seconds
    left = [one for one in found if one.verdict == "fetched"]
    while left := [one for one in left if not await _is_through(one, database)]:
        if time.monotonic() >= deadline:
            break
        await asyncio.sleep(look_seconds)
    return left


async def _is_through(one: Judged, database: Database) -> bool:
    unit = Unit(one.provider, one.meeting_id, one.event_type)
    standing = await standing_of(unit, database, handed_ms=one.handed_ms or 0)
    name = unit.event_type.removeprefix(f"{unit.provider}.")
    is_here = standing.ended or any(event.said.type == name for event in standing.events)
    return is_here and not standing.working
