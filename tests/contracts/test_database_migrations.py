"""The tables: made at once or by migrations the same; brought up from every version with all they hold."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from infra.database import migrations
from infra.database.artifacts import artifacts_of
from infra.database.engine import Database, open_database
from infra.database.scope import Only
from infra.database.search import search
from infra.database.tables import CURRENT_VERSION, METADATA
from infra.errors import Halt

_ROOT = Path(__file__).parents[2]


@pytest.fixture
async def empty(database_url: str) -> AsyncIterator[Database]:
    async with open_database(database_url) as opened:
        yield opened


async def test_migrating_from_nothing_gives_what_is_created_at_once(empty: Database) -> None:
    await empty.setup()
    created = await _schema(empty)
    await _drop_everything(empty)
    async with empty.transaction() as tx:
        await tx.run_sync(migrations.upgrade)
    await empty.probe()
    assert await _schema(empty) == created


def test_the_current_version_is_the_newest_migration() -> None:
    folder = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert folder.get_heads() == [CURRENT_VERSION]


async def test_the_first_version_comes_up_with_all_that_it_holds(empty: Database) -> None:
    async with empty.transaction() as tx:
        await tx.run_sync(migrations.upgrade, "0001")
        await tx.execute(
            text(
                "INSERT INTO artifacts VALUES"
                " ('p', 'm', 'a', 'video', 'video/mp4', 1, 'x', 'none', 'e', '2026-01-02 03:04:05.000000')"
            )
        )
        await tx.execute(
            text(
                "INSERT INTO segments (provider, meeting_id, position, text) VALUES ('p', 'm', :place, :said)"
            ),
            [{"place": place, "said": f"The café number {place}"} for place in range(2500)],
        )
    await empty.setup()
    await empty.probe()
    async with empty.reading() as tx:
        assert [artifact.name for artifact in await artifacts_of(tx, "p", "m")] == ["a"]
        assert [hit.text for hit in await search(tx, "CAFE 2400", limit=5)] == ["The café number 2400"]
        assert len(await search(tx, "cafe", limit=5000)) == 2500


async def test_what_is_stored_after_a_migration_is_found_and_what_it_replaces_is_not(empty: Database) -> None:
    add = text(
        "INSERT INTO segments (provider, meeting_id, position, text, words)"
        " VALUES ('p', 'm', 1, 'new', ' new ')"
    )
    async with empty.transaction() as tx:
        await tx.run_sync(migrations.upgrade, "0001")
        await tx.execute(
            text("INSERT INTO segments (provider, meeting_id, position, text) VALUES ('p', 'm', 0, 'old')")
        )
        await tx.run_sync(migrations.upgrade)
        await tx.execute(text("DELETE FROM segments"))
        await tx.execute(add)
        assert [hit.text for hit in await search(tx, "new", limit=5)] == ["new"]
        assert await search(tx, "old", limit=5) == []


async def test_what_an_older_version_stored_is_found_by_speaker_beginning_and_sign(empty: Database) -> None:
    async with empty.transaction() as tx:
        await tx.run_sync(migrations.upgrade, "0003")
        await tx.execute(
            text(
                "INSERT INTO segments (provider, meeting_id, position, speaker, text, words)"
                " VALUES ('p', 'm', :place, 'Zoë', '今日の予算 budget', ' 今日の予算  budget ')"
            ),
            [{"place": place} for place in range(1500)],
        )
    await empty.setup()
    async with empty.reading() as tx:
        assert len(await search(tx, "予算 bud*", limit=5000, only=Only(speaker="zoe"))) == 1500


async def test_setting_up_again_changes_nothing(database: Database) -> None:
    before = await _schema(database)
    await database.setup()
    assert await _schema(database) == before


async def test_processes_that_set_up_at_once_agree(database_url: str) -> None:
    program = """
import asyncio, sys
from infra.database.engine import open_database

async def main(url):
    async with open_database(url) as database:
        sys.stdin.readline()
        await database.setup()
        await database.probe()

asyncio.run(main(sys.argv[1]))
"""
    started = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, database_url, stdin=subprocess.PIPE, cwd=_ROOT
        )
        for _ in range(4)
    ]
    await asyncio.gather(*(process.communicate(b"go\n") for process in started))
    assert [process.returncode for process in started] == [0, 0, 0, 0]


def test_a_start_with_no_or_with_current_tables_loads_no_alembic(database_url: str) -> None:
    program = """
import asyncio, sys
from infra.database.engine import open_database

async def main(url):
    async with open_database(url) as database:
        await database.setup()
        await database.setup()
        print("alembic" in sys.modules, "asyncpg" in sys.modules)

asyncio.run(main(sys.argv[1]))
"""
    arguments = [sys.executable, "-c", program, database_url]
    run = subprocess.run(arguments, cwd=_ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", str(database_url.startswith("postgresql"))]


async def test_a_migration_that_dies_half_way_leaves_nothing(empty: Database) -> None:
    async def die_half_way() -> None:
        async with empty.transaction() as tx:
            await tx.run_sync(migrations.upgrade)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await die_half_way()
    assert await _schema(empty) == {}


async def test_tables_that_are_missing_are_a_halt_that_names_the_command(empty: Database) -> None:
    with pytest.raises(Halt, match="adjourn setup"):
        await empty.probe()
    with pytest.raises(Halt, match="adjourn setup"):
        async with empty.reading() as tx:
            await tx.execute(text("SELECT * FROM meetings"))


async def test_tables_of_an_older_program_are_a_halt_that_names_the_command(empty: Database) -> None:
    async with empty.transaction() as tx:
        await tx.run_sync(migrations.upgrade, "0001")
    with pytest.raises(Halt, match="adjourn setup"):
        await empty.probe()


async def test_tables_of_a_newer_program_are_left_alone(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Halt, match="newer"):
        await database.setup()


async def _schema(database: Database) -> dict[str, Any]:
    async with database.reading() as tx:
        tables = await tx.run_sync(_tables)
        if tx.dialect.name == "postgresql":
            written = await tx.execute(
                text("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema()")
            )
        else:
            written = await tx.execute(
                text(
                    "SELECT name, sql FROM sqlite_schema"
                    " WHERE type IN ('index', 'trigger') OR sql LIKE 'CREATE VIRTUAL%' OR name = 'outcomes'"
                )
            )
        return tables | {row[0]: row[1] for row in written}


def _tables(connection: Connection) -> dict[str, Any]:
    found = inspect(connection)
    return {
        f"table {name}": (
            [{**column, "type": str(column["type"])} for column in found.get_columns(name)],
            found.get_pk_constraint(name),
        )
        for name in found.get_table_names()
    }


async def _drop_everything(database: Database) -> None:
    async with database.transaction() as tx:
        if tx.dialect.name == "sqlite":
            await tx.execute(text("DROP TABLE segments_words"))
        await tx.run_sync(METADATA.drop_all)
