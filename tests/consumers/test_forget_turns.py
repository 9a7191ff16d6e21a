"""Forgetting on PostgreSQL, where a worker elsewhere may be at the meeting's objects just then."""

import asyncio
from pathlib import Path

from consumers.forget import forget
from infra.database.engine import Database
from infra.database.forgotten import is_forgotten
from tests.consumers.holding import hold, name_of, replace_object
from tests.consumers.running import opened_log
from tests.consumers.storing import PROVIDER, opened_bench
from tests.servers.postgres import PostgresServer

KEY = (PROVIDER, "bot-1")
DEADLINE_SECONDS = 20


async def test_who_has_its_turn_with_the_meeting_is_waited_for(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    async with (
        opened_bench(tmp_path, {}, database_url=postgres.new_database()) as bench,
        opened_log(tmp_path) as log,
    ):
        objects, database = bench.services.objects, bench.services.database
        await hold(objects, database)
        async with database.alone_with(*KEY):
            forgetting = asyncio.create_task(forget(KEY, objects=objects, database=database, log=log))
            async with asyncio.timeout(DEADLINE_SECONDS):
                while not await is_gone(database):
                    await asyncio.sleep(0.01)
            # What it read before the meeting was forgotten it writes now.
            await replace_object(objects, name_of("manifest.json"), b"late")
            assert not forgetting.done()
        removed = await forgetting
        assert removed.objects == 3
        assert await bench.stored() == []


async def is_gone(database: Database) -> bool:
    async with database.reading() as tx:
        return await is_forgotten(tx, *KEY)
