"""What is deleted with age, and what never is."""

import asyncio

from infra.eventlog.sqlite.log import SqliteLog
from schemas.topics import DEAD_LETTERS, EVENTS, TOPICS, WEBHOOKS
from tests.infra.eventlog.conftest import OpenSqlite, append, everything

_DAY_MS = 24 * 60 * 60 * 1000


class Clock:
    now_ms = 1_800_000_000_000

    def __call__(self) -> int:
        return self.now_ms


async def values(log: SqliteLog, topic: str = WEBHOOKS) -> list[str]:
    return [record.value.decode() for record in await everything(log, topic)]


async def test_what_is_older_than_retention_is_deleted(open_sqlite: OpenSqlite) -> None:
    clock = Clock()
    log = await open_sqlite(clock_ms=clock)
    await append(log, "old")
    clock.now_ms += 2 * _DAY_MS
    await append(log, "new")
    await append(log, "last")

    assert await log.trim(clock.now_ms + 29 * _DAY_MS) == 1
    assert await values(log) == ["new", "last"]


async def test_the_last_record_stays_so_that_no_offset_is_used_twice(open_sqlite: OpenSqlite) -> None:
    log = await open_sqlite(clock_ms=Clock())
    await append(log, "1")
    await append(log, "2")
    last_offset = (await everything(log))[-1].offset

    assert await log.trim(Clock.now_ms + 365 * _DAY_MS) == 1
    await append(log, "3")
    assert [record.offset for record in await everything(log)] == [last_offset, last_offset + 1]


async def test_what_a_group_has_not_committed_stays_however_old(open_sqlite: OpenSqlite) -> None:
    log = await open_sqlite(clock_ms=Clock())
    for number in range(5):
        await append(log, str(number))
    async with log.subscribe([WEBHOOKS], "slow") as slow, log.subscribe([WEBHOOKS], "fast") as fast:
        await slow.commit((await slow.fetch(2))[-1])
        await fast.commit((await fast.fetch(4))[-1])

    assert await log.trim(Clock.now_ms + 365 * _DAY_MS) == 2
    assert await values(log) == ["2", "3", "4"]


async def test_a_group_that_only_came_to_look_holds_everything(open_sqlite: OpenSqlite) -> None:
    log = await open_sqlite(clock_ms=Clock())
    for number in range(3):
        await append(log, str(number))
    async with log.subscribe([WEBHOOKS], "new") as new:
        await new.fetch(3)

    assert await log.trim(Clock.now_ms + 365 * _DAY_MS) == 0


async def test_a_group_holds_only_the_topics_it_reads(open_sqlite: OpenSqlite) -> None:
    log = await open_sqlite(clock_ms=Clock())
    for topic in (WEBHOOKS, EVENTS):
        await append(log, "old", topic)
        await append(log, "last", topic)
    async with log.subscribe([WEBHOOKS], "webhooks only") as subscription:
        await subscription.fetch(1)

    assert await log.trim(Clock.now_ms + 365 * _DAY_MS) == 1
    assert await values(log, EVENTS) == ["last"]


async def test_dead_letters_are_never_deleted(open_sqlite: OpenSqlite) -> None:
    log = await open_sqlite(clock_ms=Clock())
    for topic in TOPICS:
        await append(log, "old", topic)
        await append(log, "last", topic)

    await log.trim(Clock.now_ms + 365 * _DAY_MS)

    assert await values(log, DEAD_LETTERS) == ["old", "last"]


async def test_many_old_records_are_deleted_to_the_last(open_sqlite: OpenSqlite) -> None:
    log = await open_sqlite(clock_ms=Clock())
    await asyncio.gather(*(append(log, str(number)) for number in range(1700)))

    assert await log.trim(Clock.now_ms + 31 * _DAY_MS) == 1699


async def test_an_append_now_and_then_sees_to_it(open_sqlite: OpenSqlite) -> None:
    clock = Clock()
    log = await open_sqlite(clock_ms=clock)
    await append(log, "old")
    await append(log, "last")
    clock.now_ms += 31 * _DAY_MS
    await append(log, "new")

    async with asyncio.timeout(10):
        while "old" in await values(log):
            await asyncio.sleep(0.01)
    assert (await values(log))[-1] == "new"
