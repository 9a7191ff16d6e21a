"""The database itself: its files, its transactions, and what its troubles are called."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from infra.database.engine import Database, open_database
from infra.database.outcomes import last_successes, record_successes
from infra.errors import Halt, Retryable

_PRAGMAS = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_url_with_three_slashes_is_relative_to_the_working_directory(tmp_path: Path) -> None:
    program = """
import asyncio
from infra.database.engine import open_database

async def main():
    async with open_database("sqlite:///var/adjourn.db") as database:
        await database.setup()

asyncio.run(main())
"""
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=_with_our_code(), check=True)
    assert (tmp_path / "var" / "adjourn.db").exists()


async def test_every_connection_is_durable_and_keeps_references(database: Database) -> None:
    async with database.transaction() as tx:
        found = {name: await tx.scalar(text(f"PRAGMA {name}")) for name in _PRAGMAS}
    assert found == _PRAGMAS


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


async def test_two_processes_that_read_and_then_write_lose_nothing(tmp_path: Path) -> None:
    program = """
import asyncio, sys
from infra.database.engine import open_database
from infra.database.outcomes import last_successes, record_successes

async def main(url):
    async with open_database(url) as database:
        await database.setup()
        for _ in range(50):
            async with database.transaction() as tx:
                count = (await last_successes(tx, "counter", ["n"])).get("n", 0)
                await record_successes(tx, "counter", [("n", count + 1)])

asyncio.run(main(sys.argv[1]))
"""
    url = f"sqlite:///{tmp_path}/adjourn.db"
    started = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", program, url, env=_with_our_code())
        for _ in range(2)
    ]
    assert [await process.wait() for process in started] == [0, 0]
    async with open_database(url) as database, database.reading() as tx:
        assert await last_successes(tx, "counter", ["n"]) == {"n": 100}


async def test_a_database_that_another_process_holds_is_retryable(tmp_path: Path) -> None:
    async with open_database(f"sqlite:///{tmp_path}/adjourn.db", busy_seconds=0.05) as database:
        await database.setup()
        with closing(sqlite3.connect(tmp_path / "adjourn.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(Retryable, match="locked"):
                async with database.transaction():
                    pass
        async with database.transaction() as tx:
            await record_successes(tx, "c", [("e", 1)])


async def test_a_database_without_room_is_a_halt_and_works_again_with_room(database: Database) -> None:
    async def write(most_pages: int) -> None:
        async with database.transaction() as tx:
            await tx.execute(text(f"PRAGMA max_page_count = {most_pages}"))
            await record_successes(tx, "c", [(f"event-{number}", number) for number in range(20_000)])

    with pytest.raises(Halt, match="no room"):
        await write(most_pages=60)
    async with database.reading() as tx:
        assert await last_successes(tx, "c", ["event-1"]) == {}
    await write(most_pages=1_000_000)
    async with database.reading() as tx:
        assert await last_successes(tx, "c", ["event-1"]) == {"event-1": 1}


async def test_a_database_that_may_not_be_written_is_a_halt(database: Database) -> None:
    async def write() -> None:
        async with database.transaction() as tx:
            await tx.execute(text("PRAGMA query_only = ON"))
            await record_successes(tx, "c", [("e", 1)])

    with pytest.raises(Halt, match="let this user write"):
        await write()


async def test_a_file_that_is_no_database_is_a_halt(tmp_path: Path) -> None:
    (tmp_path / "adjourn.db").write_bytes(b"this is a shopping list\n" * 100)
    with pytest.raises(Halt, match="not SQLite's"):
        async with open_database(f"sqlite:///{tmp_path}/adjourn.db"):
            pass


async def test_a_file_that_is_damaged_is_a_halt(tmp_path: Path) -> None:
    file = tmp_path / "adjourn.db"
    ids = [f"event-{number}" for number in range(5_000)]
    async with open_database(f"sqlite:///{file}") as database:
        await database.setup()
        async with database.transaction() as tx:
            await record_successes(tx, "c", [(event, 1) for event in ids])
    half = file.stat().st_size // 2
    file.write_bytes(file.read_bytes()[:half] + b"\xa5" * half)
    with pytest.raises(Halt, match="Damaged"):
        async with open_database(f"sqlite:///{file}") as database, database.reading() as tx:
            await last_successes(tx, "c", ids)


@pytest.mark.parametrize("taken", ["var", "var/adjourn.db/"])
async def test_a_file_that_cannot_be_opened_is_a_halt(tmp_path: Path, taken: str) -> None:
    if taken.endswith("/"):
        (tmp_path / taken).mkdir(parents=True)
    else:
        (tmp_path / taken).write_text("a file where the folder should be")
    with pytest.raises(Halt, match="this user may write"):
        async with open_database(f"sqlite:///{tmp_path}/var/adjourn.db"):
            pass


@pytest.mark.parametrize("url", ["", "var/adjourn.db", "sqlite://", "sqlite:adjourn.db"])
async def test_a_url_that_names_no_file_is_a_halt(url: str) -> None:
    with pytest.raises(Halt, match="sqlite:///"):
        async with open_database(url):
            pass


async def test_a_url_of_a_database_we_do_not_speak_is_a_halt_without_its_password() -> None:
    with pytest.raises(Halt) as halted:
        async with open_database("mysql://user:hunter2@host/adjourn"):
            pass
    assert "hunter2" not in str(halted.value)


async def test_a_mistake_of_ours_stays_what_it_is(database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with database.transaction() as tx:
            await tx.execute(text("INSERT INTO outcomes VALUES ('c', 'e', NULL)"))


async def test_an_error_does_not_tell_what_was_to_be_stored(database: Database) -> None:
    query = text("INSERT INTO outcomes VALUES ('c', :said, NULL)")
    with pytest.raises(IntegrityError) as failed:
        async with database.transaction() as tx:
            await tx.execute(query, {"said": "in confidence"})
    assert "confidence" not in str(failed.value)


def _with_our_code() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
