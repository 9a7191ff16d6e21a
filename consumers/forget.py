"""Forgetting a meeting: nothing of it is kept, also of what comes later, but that this was asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from consumers.folders import folder_of
from infra.clock import wall_clock_ms
from infra.database.downloads import downloads_of
from infra.database.engine import Database
from infra.database.events import timeline
from infra.database.failures import open_failures_of
from infra.database.forgotten import forget as forget_rows
from infra.database.forgotten import forgotten_meetings
from infra.database.holdings import Key
from infra.database.locks import lock_meeting
from infra.database.outcomes import record_successes
from infra.eventlog.base import EventLog
from infra.objects.base import ObjectStore
from schemas.envelope import event_headers, rfc3339
from schemas.facts import MEETING_FORGOTTEN, Fact, MeetingForgotten
from schemas.topics import EVENTS

_LOOKS: Final = 3
"""At a folder into which others may have put something meanwhile."""


@dataclass(frozen=True, slots=True)
class Removed:
    """How much is gone: stored objects and their bytes, files that were on their way, events.

    `forgotten_ms` is when the meeting was forgotten first, in ms since 1970 UTC.
    """

    objects: int
    size: int
    downloads: int
    events: int
    forgotten_ms: int


async def forget(
    key: Key,
    *,
    objects: ObjectStore,
    database: Database,
    log: EventLog,
    now_ms: Callable[[], int] = wall_clock_ms,
) -> Removed:
    """Remove a meeting's rows, uploads and objects, in this order, then tell of it as a fact.

    From the first step on no handler keeps anything of it, and its dead letters are closed. Killed at any
    point, it is to be repeated, and goes on; a sweep (`consumers/sweep.py`) does so, too, but for the fact.
    Raises `Halt`, `Retryable` and `LogUnavailable`.
    """
    async with database.transaction() as tx:
        await lock_meeting(tx, *key)
        downloads, events = await downloads_of(tx, *key), await timeline(tx, *key)
        for failure in await open_failures_of(tx, *key):
            closed_ms = max(now_ms(), failure.failed_ms + 1)
            await record_successes(tx, failure.consumer, [(failure.event_id, closed_ms)])
        await forget_rows(tx, *key, now_ms())
        [forgotten] = await forgotten_meetings(tx, key[1], provider=key[0])
    for download in downloads:
        await objects.discard(download.name, download.upload_id)
    # Whoever has its turn with the meeting now began before: it may still store what it read.
    async with database.alone_with(*key):
        count, size = await remove_objects(key, objects)
    await _tell(key, count, forgotten.forgotten_ms, log)
    return Removed(count, size, len(downloads), len(events), forgotten.forgotten_ms)


async def remove_objects(key: Key, objects: ObjectStore) -> tuple[int, int]:
    """Everything in a meeting's folder: how many objects, and their bytes."""
    count = size = 0
    for _ in range(_LOOKS):
        found = [stored async for stored in objects.list(folder_of(key))]
        if not found:
            break
        for stored in found:
            await objects.delete(stored.name)
            count, size = count + 1, size + stored.size
    return count, size


async def _tell(key: Key, removed: int, forgotten_ms: int, log: EventLog) -> None:
    at = datetime.fromtimestamp(forgotten_ms / 1000, UTC)
    body = MeetingForgotten(provider=key[0], meeting_id=key[1], at=at, objects=removed)
    fact = Fact(MEETING_FORGOTTEN, *key, body, distinct=str(forgotten_ms))
    headers = event_headers(
        id=fact.id,
        source="/commands/forget",
        type=fact.type,
        subject=fact.meeting_id,
        time=rfc3339(forgotten_ms / 1000),
    )
    await log.append(EVENTS, key=fact.meeting_id, value=fact.body.model_dump_json().encode(), headers=headers)
