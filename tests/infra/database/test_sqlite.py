"""SQLite behind the database: its file, its durability, and what its troubles are called."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

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


def _with_our_code() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
