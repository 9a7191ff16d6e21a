"""Meetings that shall be known no more: their rows are gone, and what comes of them later is not kept."""

from typing import Final

from sqlalchemy import Table, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.database.locks import lock_meeting
from infra.database.tables import (
    artifacts,
    downloads,
    events,
    failures,
    forgotten,
    meetings,
    segments,
    transcripts,
)
from infra.database.upsert import insert_into

_OF_A_MEETING: Final[tuple[Table, ...]] = (
    meetings,
    events,
    artifacts,
    downloads,
    transcripts,
    segments,
    failures,
)


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
