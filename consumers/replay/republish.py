"""Republishing: what was chosen goes to a topic once more, for those who subscribe to it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Final

from consumers.replay.index import Index
from consumers.replay.source import Bounds, Chosen
from consumers.runner.patience import patiently
from consumers.runner.policy import RetryPolicy
from infra.eventlog.base import EventLog
from schemas.dead_letter import original_headers
from schemas.envelope import Record

REPLAY_HEADER: Final = "replay"
"""Names the replay by which a record came once more."""

_AT_ONCE: Final = 500

Save = Callable[[int, Mapping[int, int]], Awaitable[None]]
"""Keep how many more are through, and each partition's mark: up to which offset all of it is."""


async def republish(
    index: Index,
    log: EventLog,
    *,
    topic: str,
    to: str,
    replay_id: str,
    marks: Mapping[int, int],
    save: Save,
    bounds: Bounds,
    policy: RetryPolicy,
    stop: asyncio.Event,
) -> int:
    """Append every record of the index, which is of `topic`, to `to`: same key, bytes and headers, and in
    `replay` the name of this replay. Returns how many.

    One key's in order. What `save` was told of never comes again; after a kill, up to 500 do. While the log
    is away, everything waits.
    """
    source = Chosen(log, topic, index, "", bounds=bounds, closings=None)
    reached = dict(marks)
    fetch = partial(source.fetch, _AT_ONCE)
    while not stop.is_set() and (records := await patiently(fetch, policy, doing="fetch")):
        await patiently(partial(_append, log, to, records, replay_id), policy, doing="republish")
        for record in records:
            row = source.taken.pop(id(record))
            reached[row.partition] = max(row.offset, reached.get(row.partition, -1))
        await patiently(partial(save, len(records), reached), policy, doing="remember")
    return source.given


async def _append(log: EventLog, to: str, records: Sequence[Record], replay_id: str) -> None:
    """All of them; where one fails all come again, so that none overtakes another of its key."""
    appends = [
        log.append(
            to,
            key=record.key,
            value=record.value,
            headers=original_headers(record.headers) | {REPLAY_HEADER: replay_id},
        )
        for record in records
    ]
    ends = await asyncio.gather(*appends, return_exceptions=True)
    for end in ends:
        if end is not None:
            raise end
