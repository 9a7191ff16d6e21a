"""What each consumer has done: for each event, when it last succeeded. Replay asks here."""

from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.database.tables import outcomes
from infra.database.upsert import insert_into

IDS_A_QUERY: Final = 10_000
"""SQLite takes 32,766 parameters in one statement, PostgreSQL 32,767."""


async def record_successes(tx: AsyncConnection, consumer: str, successes: Sequence[tuple[str, int]]) -> None:
    """Keep that `consumer` did each event, as (`ce_id`, when in ms since 1970 UTC). The newest stays."""
    if not successes:
        return
    insert = insert_into(tx, outcomes)
    newest = insert.on_conflict_do_update(
        index_elements=outcomes.primary_key.columns,
        set_={"succeeded_ms": insert.excluded.succeeded_ms},
        where=insert.excluded.succeeded_ms > outcomes.c.succeeded_ms,
    )
    in_one_order = sorted(successes)  # so that workers at the same rows do not wait in a circle
    rows = [{"consumer": consumer, "event_id": event, "succeeded_ms": when} for event, when in in_one_order]
    await tx.execute(newest, rows)


async def last_successes(tx: AsyncConnection, consumer: str, ids: Collection[str]) -> dict[str, int]:
    """When `consumer` last did each of these events, in ms since 1970 UTC. What it never did is left out."""
    wanted = list(ids)
    found: dict[str, int] = {}
    for first in range(0, len(wanted), IDS_A_QUERY):
        query = select(outcomes.c.event_id, outcomes.c.succeeded_ms).where(
            outcomes.c.consumer == consumer, outcomes.c.event_id.in_(wanted[first : first + IDS_A_QUERY])
        )
        found.update((event, when) for event, when in await tx.execute(query))
    return found
