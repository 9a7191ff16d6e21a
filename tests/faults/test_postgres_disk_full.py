"""PostgreSQL has no room left: a halt with a sentence, and all goes on when there is room again."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from infra.database.engine import Database, open_database
from infra.database.outcomes import last_successes, record_successes
from infra.errors import Halt
from tests.giving_up import give_up
from tests.servers.postgres import PostgresServer

_SMALL = "16m"


@pytest.fixture
def small_disk(own_postgres: PostgresServer) -> Iterator[Path]:
    folder = own_postgres.folder / "small"
    folder.mkdir()
    owner = (own_postgres.folder / "data").stat()
    options = f"size={_SMALL},mode=0700,uid={owner.st_uid},gid={owner.st_gid}"
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False).returncode != 0:
        give_up("Only root can mount a small disk.")
    yield folder
    own_postgres.stop()
    subprocess.run(["umount", folder], check=True)


async def test_a_full_disk_is_a_halt_and_room_heals_it(
    own_postgres: PostgresServer, small_disk: Path
) -> None:
    async with open_database(own_postgres.url) as server, server.backend.engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text(f"CREATE TABLESPACE small LOCATION '{small_disk}'"))
        await connection.execute(text("CREATE DATABASE small TABLESPACE small"))
    url = own_postgres.url.removesuffix("postgres") + "small"
    async with open_database(url) as database:
        await database.setup()
        await _write(database, range(10))
        with pytest.raises(Halt, match="There is no room"):
            await _write_more_and_more(database)
        enlarge = ["mount", "-o", "remount,size=128m", str(small_disk)]
        await asyncio.to_thread(subprocess.check_call, enlarge)
        await _write(database, range(2_000_000, 2_010_000))
        async with database.reading() as tx:
            assert len(await last_successes(tx, "c", ["event-1", "event-2000001"])) == 2


async def _write_more_and_more(database: Database) -> None:
    for batch in range(100):
        await _write(database, range(batch * 10_000, (batch + 1) * 10_000))


async def _write(database: Database, numbers: range) -> None:
    async with database.transaction() as tx:
        await record_successes(tx, "c", [(f"event-{number}", number) for number in numbers])
