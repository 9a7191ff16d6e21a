"""Transactions: all or nothing, one consistent view, and errors that keep what people said to themselves."""

import asyncio
from traceback import format_exception

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from infra.database.engine import Database
from infra.database.outcomes import last_successes, record_successes


async def test_what_a_block_did_is_gone_when_it_raises(database: Database) -> None:
    async def fail() -> None:
        async with database.transaction() as tx:
            await record_successes(tx, "c", [("e", 1)])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with database.reading() as tx:
        assert await last_successes(tx, "c", ["e"]) == {}


async def test_what_a_block_did_is_gone_when_it_is_cancelled(database: Database) -> None:
    begun = asyncio.Event()

    async def never_ends() -> None:
        async with database.transaction() as tx:
            await record_successes(tx, "c", [("e", 1)])
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(never_ends())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with database.transaction() as tx:
        assert await last_successes(tx, "c", ["e"]) == {}


async def test_writers_that_are_cancelled_at_any_moment_leave_a_database_that_works(
    database: Database,
) -> None:
    async def write(number: int) -> None:
        async with database.transaction() as tx:
            await record_successes(tx, "c", [(str(number), number)])

    for patience in range(60):
        task = asyncio.create_task(write(patience))
        for _ in range(patience):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
    await write(1000)
    async with database.reading() as tx:
        assert await last_successes(tx, "c", ["1000"]) == {"1000": 1000}


async def test_a_reader_sees_one_state_while_others_write(database: Database) -> None:
    async with database.reading() as reader:
        assert await last_successes(reader, "c", ["e"]) == {}
        async with database.transaction() as tx:
            await record_successes(tx, "c", [("e", 1)])
        assert await last_successes(reader, "c", ["e"]) == {}


async def test_a_hundred_writers_in_one_process_all_get_their_turn(database: Database) -> None:
    async def write(number: int) -> None:
        async with database.transaction() as tx:
            await last_successes(tx, "c", ["0"])
            await record_successes(tx, "c", [(str(number), number)])

    await asyncio.gather(*(write(number) for number in range(100)))
    async with database.reading() as tx:
        assert len(await last_successes(tx, "c", [str(number) for number in range(100)])) == 100


async def test_a_mistake_of_ours_stays_what_it_is(database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with database.transaction() as tx:
            await tx.execute(text("INSERT INTO outcomes VALUES ('c', 'e', NULL)"))


async def test_an_error_does_not_tell_what_was_to_be_stored(database: Database) -> None:
    query, said = text("INSERT INTO outcomes VALUES ('c', :said, NULL)"), " ".join(("in", "confidence"))
    with pytest.raises(IntegrityError) as failed:
        async with database.transaction() as tx:
            await tx.execute(query, {"said": said})
    assert said not in "".join(format_exception(failed.value))
