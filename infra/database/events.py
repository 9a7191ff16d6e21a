"""The timeline of each meeting: every event once, however often it was delivered."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.database.tables import events
from infra.database.upsert import insert_into
from schemas.meeting import Observation, State

_SAID: Final = (
    "type",
    "at",
    "says",
    "detail",
    "error",
    "message",
    "joined_at",
    "ended_at",
    "duration_seconds",
    "participants",
    "part",
)
"""What is kept of an observation, besides whose it is. Links and transcripts are for those who store them."""


@dataclass(frozen=True, slots=True)
class MeetingEvent:
    """`id` is the event's `ce_id`, `received_ms` when the log took its first delivery (ms since 1970 UTC)."""

    id: str
    received_ms: int
    said: Observation

    @property
    def moment(self) -> datetime:
        """When it happened: by the sender's clock, by ours where the sender does not say."""
        return self.said.at or datetime.fromtimestamp(self.received_ms / 1000, UTC)


async def add_event(tx: AsyncConnection, event: MeetingEvent) -> None:
    """Record an event. Of several deliveries the earliest stays, in whatever order they are added."""
    insert = insert_into(tx, events).values(
        provider=event.said.provider,
        meeting_id=event.said.meeting_id,
        event_id=event.id,
        received_ms=event.received_ms,
        **{name: getattr(event.said, name) for name in _SAID},
    )
    earliest = insert.on_conflict_do_update(
        index_elements=events.primary_key.columns,
        set_={name: insert.excluded[name] for name in ("received_ms", *_SAID)},
        where=insert.excluded.received_ms < events.c.received_ms,
    )
    await tx.execute(earliest)


async def timeline(tx: AsyncConnection, provider: str, meeting_id: str) -> list[MeetingEvent]:
    """The events of a meeting in the order in which they happened."""
    query = select(events).where(events.c.provider == provider, events.c.meeting_id == meeting_id)
    rows = (await tx.execute(query)).mappings()
    found = [
        MeetingEvent(
            row["event_id"],
            row["received_ms"],
            Observation(
                provider=row["provider"],
                meeting_id=row["meeting_id"],
                **{name: row[name] for name in _SAID if name != "says"},
                says=State(row["says"]) if row["says"] else None,
            ),
        )
        for row in rows
    ]
    return sorted(found, key=lambda event: (event.moment, event.received_ms, event.id))
