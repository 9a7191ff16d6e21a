"""PostgreSQL stops, dies, freezes and hangs up while consumers write: nothing is lost, twice or buried."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import text

from consumers.base import Services
from consumers.meetings import CONSUMER as MEETINGS
from consumers.runner.policy import RetryPolicy
from consumers.runner.work import Remember
from infra.database.engine import Database, open_database
from infra.database.events import timeline
from infra.database.outcomes import last_successes, record_successes
from infra.errors import Retryable
from infra.eventlog.base import EventLog
from schemas.envelope import Record
from schemas.facts import Fact
from schemas.topics import DEAD_LETTERS, WEBHOOKS
from tests.consumers.running import opened_log, records, running
from tests.consumers.storing import PROVIDER, webhook
from tests.servers.postgres import PostgresServer

_DEADLINE_SECONDS = 60
_MEETINGS = [f"bot-{number}" for number in range(12)]
_EVENTS_EACH = 12
_ONLY_RETRYABLE = RetryPolicy(
    attempts=10_000, bug_attempts=1, first_delay_seconds=0.02, longest_delay_seconds=0.2
)
"""Anything that is not `Retryable` is buried at once, and seen."""


@pytest.mark.parametrize("ends", ["stopped", "killed"])
async def test_a_restart_under_load_loses_nothing(
    own_postgres: PostgresServer, tmp_path: Path, ends: str
) -> None:
    url = own_postgres.new_database()
    end = own_postgres.stop if ends == "stopped" else own_postgres.kill
    async with AsyncExitStack() as stack:
        log = await stack.enter_async_context(opened_log(tmp_path))
        for _ in range(2):
            database = await stack.enter_async_context(open_database(url, busy_seconds=2))
            await database.setup()
            handle = _handler(database)
            await stack.enter_async_context(
                running(log, handle, name="meetings", policy=_ONLY_RETRYABLE, remember=_remember(database))
            )
        appending = asyncio.create_task(_append_all(log))
        for share in (0.2, 0.5):
            await _until(lambda share=share: _kept_at_least(database, share))  # type: ignore[misc]
            await asyncio.to_thread(end)
            await asyncio.to_thread(own_postgres.start)
        await appending
        await _until(lambda: _is_committed(log))
        assert await records(log, DEAD_LETTERS) == []
        async with database.reading() as tx:
            for meeting in _MEETINGS:
                ids = [event.id for event in await timeline(tx, PROVIDER, meeting)]
                assert sorted(ids) == sorted(f"{meeting}-{number}" for number in range(_EVENTS_EACH))
                assert set(await last_successes(tx, "meetings", ids)) == set(ids)


async def test_a_server_that_froze_is_given_up_in_time_and_used_again_when_it_thaws(
    own_postgres: PostgresServer,
) -> None:
    url = own_postgres.new_database()
    async with open_database(url, statement_seconds=0.5, connect_seconds=0.5) as database:
        await database.setup()
        async with database.transaction() as one, database.transaction() as another:
            for tx in (one, another):
                await record_successes(tx, "c", [(str(id(tx)), 1)])
        own_postgres.freeze()
        began = time.monotonic()
        for _ in range(4):  # by the connections that were open, then by new ones
            with pytest.raises(Retryable):
                await _write(database, "frozen")
        took = time.monotonic() - began
        own_postgres.thaw()
        await _until(lambda: _works(database))
    assert took < 15


async def test_a_database_is_closed_in_time_although_its_server_froze(own_postgres: PostgresServer) -> None:
    async with open_database(own_postgres.url) as database:
        async with database.reading() as tx:
            await tx.execute(text("SELECT 1"))
        own_postgres.freeze()
        began = time.monotonic()
    assert time.monotonic() - began < 10


async def test_a_connection_that_the_server_ends_is_retryable_and_the_next_is_new(
    own_postgres: PostgresServer,
) -> None:
    async def write_while_hung_up(database: Database) -> None:
        async with database.transaction() as tx:
            await record_successes(tx, "c", [("hung up", 1)])
            await _hang_up(database)
            await record_successes(tx, "c", [("after", 1)])

    async with open_database(own_postgres.new_database()) as database:
        await database.setup()
        with pytest.raises(Retryable):
            await write_while_hung_up(database)
        await _write(database, "new")
        async with database.reading() as tx:
            assert await last_successes(tx, "c", ["hung up", "after", "new"]) == {"new": 1}


async def test_a_commit_that_is_cut_off_is_retryable(own_postgres: PostgresServer) -> None:
    async def write_and_lose_the_connection(database: Database) -> None:
        async with database.transaction() as tx:
            await record_successes(tx, "c", [("e", 1)])
            await _hang_up(database)

    async with open_database(own_postgres.new_database()) as database:
        await database.setup()
        with pytest.raises(Retryable):
            await write_and_lose_the_connection(database)


async def _hang_up(database: Database) -> None:
    others = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database()"
    async with database.reading() as tx:
        await tx.execute(text(f"{others} AND pid <> pg_backend_pid()"))


def _handler(database: Database) -> Callable[[Record, Services], Awaitable[Sequence[Fact]]]:
    services = Services(objects=cast(Any, None), database=database, links=cast(Any, None))

    async def handle(record: Record, _: Services) -> Sequence[Fact]:
        await MEETINGS.handle(record, services)
        return ()

    return handle


def _remember(database: Database) -> Remember:
    async def keep(successes: Sequence[tuple[str, int]]) -> None:
        async with database.transaction() as tx:
            await record_successes(tx, "meetings", successes)

    return keep


async def _append_all(log: EventLog) -> None:
    chances = random.Random(1)
    for number in range(_EVENTS_EACH):
        for meeting in chances.sample(_MEETINGS, len(_MEETINGS)):
            status = {"code": "in_call_recording", "created_at": f"2026-01-02T03:04:{number:02}Z"}
            data = {"bot_id": meeting, "status": status}
            record = webhook("bot.status_change", data, event=f"{meeting}-{number}", meeting=meeting)
            await log.append(WEBHOOKS, key=meeting, value=record.value, headers=record.headers)
            await asyncio.sleep(0.01)  # a load that lasts through the restarts


async def _kept_at_least(database: Database, share: float) -> bool:
    try:
        async with database.reading() as tx:
            kept = await tx.scalar(text("SELECT count(*) FROM events"))
    except Retryable:
        return False
    return bool(kept >= share * len(_MEETINGS) * _EVENTS_EACH)


async def _is_committed(log: EventLog) -> bool:
    return await log.backlog([WEBHOOKS], "meetings") == 0


async def _works(database: Database) -> bool:
    try:
        await _write(database, "thawed")
    except Retryable:
        return False
    return True


async def _write(database: Database, event: str) -> None:
    async with database.transaction() as tx:
        await record_successes(tx, "c", [(event, 1)])


async def _until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(_DEADLINE_SECONDS):
        while not await condition():
            await asyncio.sleep(0.02)
