"""Every promise of `Subscription`: groups, their members, commits and waiting, for all implementations."""

import asyncio
import time

import pytest

from infra.eventlog.base import MAX_RECORD_BYTES, EventLog
from schemas.envelope import Record
from schemas.topics import EVENTS, WEBHOOKS
from tests.contracts.conftest import OpenLog
from tests.contracts.logs import DEADLINE_SECONDS, append, take, values

_GROUP = "recordings"

# --- Groups


async def test_a_new_group_begins_with_the_oldest_record(eventlog: EventLog) -> None:
    await append(eventlog, "old")

    async with eventlog.subscribe([WEBHOOKS], _GROUP) as subscription:
        assert values(await take(subscription, 1)) == ["old"]


async def test_a_new_group_may_begin_after_what_is_there(eventlog: EventLog) -> None:
    await append(eventlog, "old")

    async with eventlog.subscribe([WEBHOOKS], _GROUP, start="latest") as subscription:
        await append(eventlog, "new")
        assert values(await take(subscription, 1)) == ["new"]


async def test_a_group_that_has_committed_goes_on_there_wherever_it_is_told_to_start(
    eventlog: EventLog,
) -> None:
    async with eventlog.subscribe([WEBHOOKS], _GROUP) as subscription:
        await append(eventlog, "1")
        await subscription.commit((await take(subscription, 1))[0])
    await append(eventlog, "2")

    async with eventlog.subscribe([WEBHOOKS], _GROUP, start="latest") as subscription:
        assert values(await take(subscription, 1)) == ["2"]


async def test_groups_do_not_know_of_each_other(eventlog: EventLog) -> None:
    await append(eventlog, "1")
    await append(eventlog, "2")

    async with (
        eventlog.subscribe([WEBHOOKS], "recordings") as recordings,
        eventlog.subscribe([WEBHOOKS], "transcripts") as transcripts,
    ):
        await recordings.commit((await take(recordings, 2))[-1])
        assert values(await take(transcripts, 2)) == ["1", "2"]

    assert await eventlog.backlog([WEBHOOKS], "recordings") == 0
    assert await eventlog.backlog([WEBHOOKS], "transcripts") == 2


@pytest.mark.parametrize("group", ["with/slash", "..", "Zoë 🦊", "x" * 200])
async def test_a_group_may_have_any_name(eventlog: EventLog, group: str) -> None:
    await append(eventlog, "1")

    async with eventlog.subscribe([WEBHOOKS], group) as subscription:
        await subscription.commit((await take(subscription, 1))[0])

    assert await eventlog.backlog([WEBHOOKS], group) == 0


async def test_after_reopening_a_group_resumes_behind_what_it_committed(
    eventlog: EventLog, open_eventlog: OpenLog
) -> None:
    for number in range(5):
        await append(eventlog, str(number))
    async with eventlog.subscribe([WEBHOOKS], _GROUP) as subscription:
        records = await take(subscription, 5)
        await subscription.commit(records[2])
    await eventlog.close()

    async with (await open_eventlog()).subscribe([WEBHOOKS], _GROUP) as subscription:
        assert values(await take(subscription, 2)) == ["3", "4"]


async def test_what_was_not_committed_comes_again(eventlog: EventLog, open_eventlog: OpenLog) -> None:
    await append(eventlog, "1")
    async with eventlog.subscribe([WEBHOOKS], _GROUP) as subscription:
        await take(subscription, 1)
    await eventlog.close()

    async with (await open_eventlog()).subscribe([WEBHOOKS], _GROUP) as subscription:
        assert values(await take(subscription, 1)) == ["1"]


async def test_committing_something_older_changes_nothing(eventlog: EventLog) -> None:
    for number in range(3):
        await append(eventlog, str(number))

    async with eventlog.subscribe([WEBHOOKS], _GROUP) as subscription:
        records = await take(subscription, 3)
        await subscription.commit(records[1])
        await subscription.commit(records[0])

    assert await eventlog.backlog([WEBHOOKS], _GROUP) == 1


async def test_several_topics_are_read_side_by_side(eventlog: EventLog) -> None:
    for number in range(100):
        await append(eventlog, str(number))
    for number in range(3):
        await append(eventlog, str(number), topic=EVENTS)

    async with eventlog.subscribe([WEBHOOKS, EVENTS], _GROUP) as subscription:
        records = await take(subscription, 40, at_once=10)

    assert values([r for r in records if r.topic == EVENTS]) == ["0", "1", "2"]
    assert values([r for r in records if r.topic == WEBHOOKS]) == [str(n) for n in range(37)]


async def test_topics_are_committed_apart(eventlog: EventLog) -> None:
    await append(eventlog, "1")
    await append(eventlog, "2", topic=EVENTS)

    async with eventlog.subscribe([WEBHOOKS, EVENTS], _GROUP) as subscription:
        records = await take(subscription, 2)
        await subscription.commit(next(r for r in records if r.topic == EVENTS))

    assert await eventlog.backlog([WEBHOOKS], _GROUP) == 1
    assert await eventlog.backlog([EVENTS], _GROUP) == 0
    assert await eventlog.backlog([WEBHOOKS, EVENTS], _GROUP) == 1


async def test_the_backlog_of_a_group_that_never_came_is_everything(eventlog: EventLog) -> None:
    await append(eventlog, "1")
    await append(eventlog, "2", topic=EVENTS)

    assert await eventlog.backlog([WEBHOOKS, EVENTS], "stranger") == 2


async def test_a_fetch_gives_no_more_than_was_asked_for(eventlog: EventLog) -> None:
    for number in range(5):
        await append(eventlog, str(number))
        await append(eventlog, str(number), topic=EVENTS)

    async with (
        eventlog.subscribe([WEBHOOKS, EVENTS], _GROUP) as subscription,
        asyncio.timeout(DEADLINE_SECONDS),
    ):
        sizes = [len(await subscription.fetch(3)) for _ in range(3)]
        one = len(await subscription.fetch(1))

    assert max(sizes) <= 3
    assert min(sizes) >= 1
    assert one == 1


async def test_large_records_come_a_few_at_a_time(eventlog: EventLog) -> None:
    for _ in range(4):
        await append(eventlog, bytes(MAX_RECORD_BYTES))

    async with eventlog.subscribe([WEBHOOKS], _GROUP) as subscription:
        async with asyncio.timeout(DEADLINE_SECONDS):
            sizes = [len(await subscription.fetch(100)) for _ in range(2)]

    assert max(sizes) <= 2


async def test_a_second_member_waits_without_blocking_and_takes_over(
    eventlog: EventLog, open_eventlog: OpenLog
) -> None:
    other = await open_eventlog()
    for number in range(3):
        await append(eventlog, str(number))

    async with other.subscribe([WEBHOOKS], _GROUP) as second:
        async with eventlog.subscribe([WEBHOOKS], _GROUP) as first:
            records = await take(first, 3)
            await first.commit(records[0])
            waiting = asyncio.ensure_future(take(second, 2))
            done, _ = await asyncio.wait([waiting], timeout=0.5)
            assert not done
        assert values(await waiting) == ["1", "2"]


# --- Waiting


async def test_a_waiting_fetch_wakes_at_once(eventlog: EventLog) -> None:
    async with eventlog.subscribe([WEBHOOKS], _GROUP) as subscription:
        await append(eventlog, "first")
        await take(subscription, 1)
        delays = []
        for _ in range(5):
            waiting = asyncio.ensure_future(take(subscription, 1))
            done, _ = await asyncio.wait([waiting], timeout=0.05)
            assert not done
            await append(eventlog, "x")
            appended = time.perf_counter()
            await waiting
            delays.append(time.perf_counter() - appended)

    assert sorted(delays)[2] < 0.1


async def test_a_reader_elsewhere_wakes_within_half_a_second(
    eventlog: EventLog, open_eventlog: OpenLog
) -> None:
    other = await open_eventlog()
    async with other.subscribe([WEBHOOKS], _GROUP) as subscription:
        await append(eventlog, "first")
        await take(subscription, 1)
        waiting = asyncio.ensure_future(take(subscription, 1))
        done, _ = await asyncio.wait([waiting], timeout=0.3)
        assert not done
        await append(eventlog, "second")
        appended = time.perf_counter()
        assert values(await waiting) == ["second"]
        assert time.perf_counter() - appended < 0.5


async def test_cancelling_a_fetch_loses_nothing(eventlog: EventLog) -> None:
    expected = [str(n) for n in range(60)]
    records: list[Record] = []
    async with eventlog.subscribe([WEBHOOKS], _GROUP) as subscription:

        async def append_all() -> None:
            for value in expected:
                await append(eventlog, value)

        appending = asyncio.ensure_future(append_all())
        async with asyncio.timeout(DEADLINE_SECONDS):
            attempt = 0
            while len(records) < len(expected):
                attempt += 1
                fetch = asyncio.ensure_future(subscription.fetch(5))
                # From not begun to long done: a cancel may come at any moment.
                await asyncio.wait([fetch], timeout=attempt % 9 * 0.0003)
                fetch.cancel()
                for result in await asyncio.gather(fetch, return_exceptions=True):
                    if not isinstance(result, BaseException):
                        records += result
                if attempt > 50 and len(records) < len(expected):
                    records += await subscription.fetch(5)
        await appending

    assert values(records) == expected
