"""What closes a dead letter: its consumer has done the event since, or a person has discarded it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.database.among import among
from infra.database.outcomes import last_successes
from infra.database.tables import discards
from infra.database.upsert import insert_into


@dataclass(frozen=True, slots=True)
class Closing:
    """Closes what was buried before `at_ms`. `why` is what a person said of what was discarded; null where
    it was done."""

    at_ms: int
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Discard:
    """`event_id` is what closes a letter: of one without an event's id, the letter's own."""

    consumer: str
    event_id: str
    why: str
    at_ms: int


async def discard(tx: AsyncConnection, closed: Sequence[Discard]) -> None:
    """Keep that these will never be done. Of two about the same event the newer stays."""
    if not closed:
        return
    insert = insert_into(tx, discards)
    newest = insert.on_conflict_do_update(
        index_elements=discards.primary_key.columns,
        set_={"why": insert.excluded.why, "discarded_ms": insert.excluded.discarded_ms},
        where=insert.excluded.discarded_ms > discards.c.discarded_ms,
    )
    in_one_order = sorted(closed, key=lambda each: (each.consumer, each.event_id))
    rows = [
        {"consumer": each.consumer, "event_id": each.event_id, "why": each.why, "discarded_ms": each.at_ms}
        for each in in_one_order
    ]
    await tx.execute(newest, rows)


async def closings(tx: AsyncConnection, consumer: str, ids: Collection[str]) -> dict[str, Closing]:
    """What last closed each of these events for a consumer. What is open is left out."""
    found = {event: Closing(at) for event, at in (await last_successes(tx, consumer, ids)).items()}
    query = select(discards.c.event_id, discards.c.discarded_ms, discards.c.why).where(
        discards.c.consumer == consumer, among(tx, discards.c.event_id, ids)
    )
    for event, at_ms, why in await tx.execute(query):
        if event not in found or found[event].at_ms < at_ms:
            found[event] = Closing(at_ms, why)
    return found
