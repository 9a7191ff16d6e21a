"""What `Subscription` promises when a second member comes, for all implementations.

Whether the first loses anything to it, and when, is the implementation's choice: tests hold for nothing, too.
"""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager

from infra.eventlog.base import EventLog, Partition, Subscription
from schemas.envelope import Record
from schemas.topics import WEBHOOKS
from tests.contracts.conftest import OpenLog
from tests.contracts.logs import DEADLINE_SECONDS, append, take, values

_GROUP = "recordings"
_TIME_FOR_A_SECOND_SECONDS = 1.5
"""A member hears of another within a heartbeat."""


async def test_nobody_reads_what_a_member_is_still_working_on(
    eventlog: EventLog, open_eventlog: OpenLog
) -> None:
    async with _a_second_comes(eventlog, await open_eventlog()) as (_, records, lost, theirs):
        await asyncio.sleep(0.3)  # as long as others would need, if they were allowed to
        assert theirs == []
        assert len(lost) < len({_partition(record) for record in records})


async def test_what_a_member_lost_and_did_not_commit_comes_to_the_other(
    eventlog: EventLog, open_eventlog: OpenLog
) -> None:
    async with _a_second_comes(eventlog, await open_eventlog()) as (first, records, lost, theirs):
        moved = [record.value for record in records if _partition(record) in lost]
        ended = asyncio.ensure_future(first.lost())
        async with asyncio.timeout(DEADLINE_SECONDS):
            while len(theirs) < len(moved):
                await asyncio.sleep(0.01)
        ended.cancel()
    assert sorted(record.value for record in theirs) == sorted(moved)


async def test_committing_what_was_lost_changes_nothing(eventlog: EventLog, open_eventlog: OpenLog) -> None:
    async with _a_second_comes(eventlog, await open_eventlog()) as (first, records, lost, _):
        await first.commit(*records)
        kept = [record for record in records if _partition(record) not in lost]

        assert await eventlog.backlog([WEBHOOKS], _GROUP) == len(records) - len(kept)


async def test_what_comes_back_to_a_member_comes_again_as_far_as_nobody_committed_it(
    eventlog: EventLog, open_eventlog: OpenLog
) -> None:
    async with eventlog.subscribe([WEBHOOKS], _GROUP) as first:
        async with _a_second_comes(eventlog, await open_eventlog(), first) as (_, records, lost, _):
            pass
        ended = asyncio.ensure_future(first.lost())
        moved = [record for record in records if _partition(record) in lost]
        again = await take(first, len(moved))
        await append(eventlog, "new")
        assert values(await take(first, 1)) == ["new"]
        ended.cancel()
    assert sorted(record.value for record in again) == sorted(record.value for record in moved)


@asynccontextmanager
async def _a_second_comes(
    eventlog: EventLog, other: EventLog, first: Subscription | None = None
) -> AsyncIterator[tuple[Subscription, list[Record], Collection[Partition], list[Record]]]:
    """A first member, all records, which it has fetched, what it lost, and what the second then fetched."""
    async with AsyncExitStack() as stack:
        if first is None:
            first = await stack.enter_async_context(eventlog.subscribe([WEBHOOKS], _GROUP))
        second = await stack.enter_async_context(other.subscribe([WEBHOOKS], _GROUP))
        keys = [f"bot-{number}" for number in range(30)]
        await asyncio.gather(*(append(eventlog, key, key) for key in keys))
        records = await take(first, len(keys))
        theirs: list[Record] = []

        async def fetch_all(subscription: Subscription, found: list[Record]) -> None:
            while True:
                found += await subscription.fetch(100)

        fetching = asyncio.ensure_future(fetch_all(second, theirs))
        losing = asyncio.ensure_future(first.lost())
        await asyncio.wait([losing], timeout=_TIME_FOR_A_SECOND_SECONDS)
        lost = losing.result() if losing.done() else ()
        yield first, records, lost, theirs
        losing.cancel()
        fetching.cancel()
        await asyncio.wait([losing, fetching])


def _partition(record: Record) -> Partition:
    return record.topic, record.partition
