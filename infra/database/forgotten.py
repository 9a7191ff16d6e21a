"""Meetings that shall be known no more: their rows are gone, and what comes of them later is not kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Table, delete, select, true, union
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.database.locks import lock_meeting
from infra.database.tables import (
    artifacts,
    descriptions,
    downloads,
    events,
    failures,
    forgotten,
    meetings,
    retranscriptions,
    segments,
    transcripts,
    verdicts,
)
from infra.database.upsert import insert_into

_OF_A_MEETING: Final[tuple[Table, ...]] = (
    meetings,
    descriptions,
    events,
    artifacts,
    downloads,
    transcripts,
    segments,
    retranscriptions,
    failures,
    verdicts,
)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """A meeting that was forgotten, and when (ms since 1970 UTC)."""

    provider: str
    meeting_id: str
    forgotten_ms: int


async def forget(tx: AsyncConnection, provider: str, meeting_id: str, forgotten_ms: int) -> None:
    """Remove every row of a meeting but one, which says that and when (ms since 1970 UTC) it was forgotten.

    The first time stays. To be the first thing in a transaction. Objects and uploads are the caller's to
    remove, after the commit: from then on no handler adds one.
    """
    await lock_meeting(tx, provider, meeting_id)
    insert = insert_into(tx, forgotten).values(
        provider=provider, meeting_id=meeting_id, forgotten_ms=forgotten_ms
    )
    await tx.execute(insert.on_conflict_do_nothing())
    for table in _OF_A_MEETING:
        of_it = (table.c.provider == provider, table.c.meeting_id == meeting_id)
        await tx.execute(delete(table).where(*of_it))


async def is_forgotten(tx: AsyncConnection, provider: str, meeting_id: str) -> bool:
    """Whether nothing of this meeting is to be kept. Who is about to write takes `lock_meeting` before."""
    query = select(forgotten.c.forgotten_ms).where(
        forgotten.c.provider == provider, forgotten.c.meeting_id == meeting_id
    )
    return await tx.scalar(query) is not None


async def forgotten_meetings(
    tx: AsyncConnection, meeting_id: str | None = None, *, provider: str | None = None
) -> Sequence[Forgotten]:
    """Those of that id, and of that provider; all where none is named. The earliest first."""
    query = (
        select(forgotten.c.provider, forgotten.c.meeting_id, forgotten.c.forgotten_ms)
        .where(
            true() if meeting_id is None else forgotten.c.meeting_id == meeting_id,
            true() if provider is None else forgotten.c.provider == provider,
        )
        .order_by(forgotten.c.forgotten_ms, forgotten.c.provider, forgotten.c.meeting_id)
    )
    return [Forgotten(*row) for row in await tx.execute(query)]


async def providers_of(tx: AsyncConnection, meeting_id: str) -> Sequence[str]:
    """Who has a meeting of that id of which there is any row, also one that says that it was forgotten."""
    each = (
        select(table.c.provider).where(table.c.meeting_id == meeting_id)
        for table in (*_OF_A_MEETING, forgotten)
    )
    return sorted(await tx.scalars(union(*each)))
