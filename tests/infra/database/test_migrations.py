"""The tables are made by migrations alone, and are what the queries take them for."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from infra.database import migrations
from infra.database.engine import CURRENT_VERSION, Database, open_database
from infra.database.tables import METADATA
from infra.errors import Halt


async def test_the_migrated_tables_are_those_that_the_queries_know(database: Database) -> None:
    async with database.transaction() as tx:
        assert await tx.run_sync(_differences) == []


def test_the_current_version_is_the_newest_migration() -> None:
    folder = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert folder.get_heads() == [CURRENT_VERSION]


async def test_setting_up_again_changes_nothing(database: Database) -> None:
    async with database.reading() as tx:
        before = list(await tx.execute(text("SELECT name, sql FROM sqlite_schema")))
    await database.setup()
    async with database.reading() as tx:
        assert list(await tx.execute(text("SELECT name, sql FROM sqlite_schema"))) == before


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


def test_a_start_with_current_tables_loads_no_alembic(tmp_path: Path) -> None:
    program = """
import asyncio, sys
from infra.database.engine import open_database

async def main(url):
    async with open_database(url) as database:
        await database.setup()
        print("alembic" in sys.modules)

asyncio.run(main(sys.argv[1]))
"""
    arguments = [sys.executable, "-c", program, f"sqlite:///{tmp_path}/adjourn.db"]
    root = Path(__file__).parents[3]
    runs = [subprocess.run(arguments, cwd=root, capture_output=True, text=True, check=True) for _ in range(2)]
    assert [run.stdout.strip() for run in runs] == ["True", "False"]


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


def _differences(connection: Connection) -> object:
    options = {"include_name": lambda name, kind, _: kind != "table" or name in METADATA.tables}
    return compare_metadata(MigrationContext.configure(connection, opts=options), METADATA)
