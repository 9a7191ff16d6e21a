"""Several workers, each with connections of its own, as on several machines: nothing is lost or twice."""

import asyncio
import random
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, cast

import pytest

from consumers.base import Services
from consumers.meetings import CONSUMER as MEETINGS
from infra.database.engine import Database, open_database
from infra.database.events import timeline
from infra.database.failures import Failure, add_failure, open_failures_of
from infra.database.locks import lock_meeting
from infra.database.meetings import list_meetings
from infra.database.outcomes import last_successes, record_successes
from schemas.envelope import Record
from tests.consumers.storing import PROVIDER, webhook

_WORKERS = 3
_MEETINGS = 10
_T0 = 1_767_323_045_000


@pytest.fixture
async def workers(database_url: str) -> AsyncIterator[Sequence[Database]]:
    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(open_database(database_url)) for _ in range(_WORKERS)]
        await opened[0].setup()
        yield opened


async def test_events_in_any_order_from_several_workers_make_the_same_meetings(
    workers: Sequence[Database], tmp_path: Path
) -> None:
    stories = [_story(f"bot-{number}") for number in range(_MEETINGS)]
    async with open_database(f"sqlite:///{tmp_path}/in-order.db") as alone:
        await alone.setup()
        for record in chain(*stories):
            await _handle(record, alone)
        expected = await _everything(alone)
    for seed, story in enumerate(stories):
        deliveries = [(record, workers[number % _WORKERS]) for number, record in enumerate(story)]
        deliveries += [(record, workers[0]) for record in story[::3]]  # some come twice
        random.Random(seed).shuffle(deliveries)
        await asyncio.gather(*(_handle(record, worker) for record, worker in deliveries))
    assert await _everything(workers[0]) == expected


async def test_who_locks_a_meeting_reads_what_the_one_before_wrote(workers: Sequence[Database]) -> None:
    async def count(database: Database) -> None:
        for _ in range(10):
            async with database.transaction() as tx:
                await lock_meeting(tx, "p", "m")
                before = (await last_successes(tx, "counter", ["n"])).get("n", 0)
                await record_successes(tx, "counter", [("n", before + 1)])

    await asyncio.gather(*(count(database) for database in workers for _ in range(2)))
    async with workers[0].reading() as tx:
        assert await last_successes(tx, "counter", ["n"]) == {"n": 10 * 2 * _WORKERS}


async def test_two_processes_that_read_and_then_write_lose_nothing(database_url: str) -> None:
    program = """
import asyncio, sys
from infra.database.engine import open_database
from infra.database.locks import lock_meeting
from infra.database.outcomes import last_successes, record_successes

async def main(url):
    async with open_database(url) as database:
        await database.setup()
        for _ in range(50):
            async with database.transaction() as tx:
                await lock_meeting(tx, "p", "m")
                count = (await last_successes(tx, "counter", ["n"])).get("n", 0)
                await record_successes(tx, "counter", [("n", count + 1)])

asyncio.run(main(sys.argv[1]))
"""
    started = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, database_url, cwd=Path(__file__).parents[2]
        )
        for _ in range(2)
    ]
    assert [await process.wait() for process in started] == [0, 0]
    async with open_database(database_url) as database, database.reading() as tx:
        assert await last_successes(tx, "counter", ["n"]) == {"n": 100}


async def test_successes_that_workers_record_at_once_in_any_order_do_not_stop_each_other(
    workers: Sequence[Database],
) -> None:
    events = [(f"event-{number}", number) for number in range(500)]

    async def record(database: Database, seed: int) -> None:
        async with database.transaction() as tx:
            await record_successes(tx, "c", random.Random(seed).sample(events, len(events)))

    await asyncio.gather(*(record(workers[seed % _WORKERS], seed) for seed in range(12)))
    async with workers[0].reading() as tx:
        assert await last_successes(tx, "c", [event for event, _ in events]) == dict(events)


async def test_of_letters_that_workers_keep_at_once_the_newest_stays(workers: Sequence[Database]) -> None:
    async def keep(database: Database, failed_ms: int) -> None:
        async with database.transaction() as tx:
            await add_failure(tx, _failure(failed_ms))

    times = random.Random(1).sample(range(1, 31), 30)
    await asyncio.gather(*(keep(workers[time % _WORKERS], time) for time in times))
    async with workers[0].reading() as tx:
        assert await open_failures_of(tx, "p", "m") == [_failure(30)]


async def _handle(record: Record, database: Database) -> None:
    await MEETINGS.handle(record, Services(objects=cast(Any, None), database=database, links=cast(Any, None)))


async def _everything(database: Database) -> list[object]:
    async with database.reading() as tx:
        found = await list_meetings(tx, limit=100)
        events = [await timeline(tx, PROVIDER, f"bot-{number}") for number in range(_MEETINGS)]
    return [*found, *events]


def _story(meeting: str) -> list[Record]:
    status = ("joining_call", "in_waiting_room", "in_call_not_recording", "in_call_recording", "call_ended")
    said: list[tuple[str, dict[str, object]]] = [
        ("bot.status_change", {"status": {"code": code, "created_at": f"2026-01-02T03:0{minute}:00Z"}})
        for minute, code in enumerate(status)
    ]
    said += [("bot.chat_message", {"message_id": f"{number}", "message": "hello"}) for number in range(5)]
    said += [("bot.completed", {"joined_at": "2026-01-02T03:01:00Z", "exited_at": "2026-01-02T03:04:00Z"})]
    records = [
        webhook(type_, {"bot_id": meeting, **data}, event=f"{meeting}-{number}", meeting=meeting)
        for number, (type_, data) in enumerate(said)
    ]
    return [replace(record, time_ms=_T0 + number) for number, record in enumerate(records)]


def _failure(failed_ms: int) -> Failure:
    return Failure("c", "e", "p.t", "p", "m", "poison", "gone", 1, failed_ms, 0, failed_ms)
