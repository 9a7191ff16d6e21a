"""What is in the log and has not come to our timelines yet: nothing of that is missing."""

from collections.abc import Mapping
from typing import Final

from consumers import meetings
from consumers.reconciling.base import Run
from infra.database.events import timeline
from schemas.topics import WEBHOOKS

_MOST_TO_LOOK_THROUGH: Final = 50_000
"""A backlog so long is not looked through: until it is shorter, nothing counts as missing."""


async def unworked(since_ms: Mapping[str, int], run: Run) -> frozenset[str]:
    """Those of these meetings of which a webhook waits in the log for the consumer that keeps timelines.

    Each is given with a time before which nothing of interest was appended, in ms since 1970 UTC.
    """
    backlog = await run.log.backlog((WEBHOOKS,), meetings.CONSUMER.name) if since_ms else 0
    if backlog == 0:
        return frozenset()
    if backlog > _MOST_TO_LOOK_THROUGH:
        return frozenset(since_ms)
    in_log: dict[str, set[str]] = {}
    async for record in run.log.scan(WEBHOOKS, since_ms=min(since_ms.values())):
        if record.key in since_ms and record.type.startswith(f"{run.provider}."):
            in_log.setdefault(record.key, set()).add(record.id)
    found = set()
    async with run.database.reading() as tx:
        for meeting_id, ids in in_log.items():
            if not ids <= {event.id for event in await timeline(tx, run.provider, meeting_id)}:
                found.add(meeting_id)
    return frozenset(found)
