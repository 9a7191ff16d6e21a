"""The tables are made by migrations alone, and are what the queries take them for."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import text

from infra.database import migrations
from infra.database.engine import Database, open_database
from infra.database.tables import CURRENT_VERSION
from infra.errors import Halt


async def test_migrating_from_nothing_gives_what_is_created_at_once(
    database: Database, tmp_path: Path
) -> None:
    async with open_database(f"sqlite:///{tmp_path}/migrated.db") as migrated:
        async with migrated.transaction() as tx:
            await tx.run_sync(migrations.upgrade)
        await migrated.probe()
        assert await _schema(migrated) == await _schema(database)


def test_the_current_version_is_the_newest_migration() -> None:
    folder = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert folder.get_heads() == [CURRENT_VERSION]


async def test_setting_up_again_changes_nothing(database: Database) -> None:
    before = await _schema(database)
    await database.setup()
    assert await _schema(database) == before


async def test_processes_that_set_up_at_once_agree(tmp_path: Path) -> None:
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
    url = f"sqlite:///{tmp_path}/adjourn.db"
    started = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, url, stdin=subprocess.PIPE, cwd=Path(__file__).parents[3]
        )
        for _ in range(4)
    ]
    await asyncio.gather(*(process.communicate(b"go\n") for process in started))
    assert [process.returncode for process in started] == [0, 0, 0, 0]


def test_a_start_with_no_or_with_current_tables_loads_no_alembic(tmp_path: Path) -> None:
    program = """
import asyncio, sys
from infra.database.engine import open_database

async def main(url):
    async with open_database(url) as database:
        await database.setup()
        await database.setup()
        print("alembic" in sys.modules)

asyncio.run(main(sys.argv[1]))
"""
    arguments = [sys.executable, "-c", program, f"sqlite:///{tmp_path}/adjourn.db"]
    run = subprocess.run(arguments, cwd=Path(__file__).parents[3], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


async def test_a_migration_that_dies_half_way_leaves_nothing(tmp_path: Path) -> None:
    async def die_half_way(database: Database) -> None:
        async with database.transaction() as tx:
            await tx.run_sync(migrations.upgrade)
            raise ZeroDivisionError

    async with open_database(f"sqlite:///{tmp_path}/adjourn.db") as database:
        with pytest.raises(ZeroDivisionError):
            await die_half_way(database)
        async with database.reading() as tx:
            assert await tx.scalar(text("SELECT count(*) FROM sqlite_schema")) == 0


async def test_tables_that_are_missing_are_a_halt_that_names_the_command(tmp_path: Path) -> None:
    async with open_database(f"sqlite:///{tmp_path}/adjourn.db") as database:
        with pytest.raises(Halt, match="adjourn setup"):
            await database.probe()
        with pytest.raises(Halt, match="adjourn setup"):
            async with database.reading() as tx:
                await tx.execute(text("SELECT * FROM meetings"))


async def test_tables_of_a_newer_program_are_left_alone(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Halt, match="newer"):
        await database.setup()


async def _schema(database: Database) -> set[tuple[str, str]]:
    async with database.reading() as tx:
        return {(name, sql) for name, sql in await tx.execute(text("SELECT name, sql FROM sqlite_schema"))}
