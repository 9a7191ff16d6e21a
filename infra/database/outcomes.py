"""What each consumer has done: for each event, when it last succeeded. Replay asks here."""

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.database.among import among
from infra.database.tables import outcomes
from infra.database.upsert import insert_into


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
    query = select(outcomes.c.event_id, outcomes.c.succeeded_ms).where(
        outcomes.c.consumer == consumer, among(tx, outcomes.c.event_id, ids)
    )
    found = await tx.execute(query)
    return {row.event_id: row.succeeded_ms for row in found}
