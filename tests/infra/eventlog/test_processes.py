"""Several processes at one file, and what is left when one is killed."""

import asyncio
import os
import random
import subprocess
import time
from collections import defaultdict
from pathlib import Path

from schemas.topics import WEBHOOKS
from tests.infra.eventlog.conftest import OpenSqlite, Spawn, append, everything

_KILLS = int(os.environ.get("ADJOURN_TEST_KILLS", "3"))
"""Rounds of kill -9. A hundred take two minutes."""


async def line(child: "subprocess.Popen[str]") -> str:
    assert child.stdout
    async with asyncio.timeout(20):
        return (await asyncio.to_thread(child.stdout.readline)).strip()


async def test_whatever_was_acknowledged_is_there_after_kill_9(
    open_sqlite: OpenSqlite, log_path: Path, spawn: Spawn
) -> None:
    acknowledged: list[str] = []
    for kill in range(_KILLS):
        child = spawn("append", log_path, f"run{kill}", 1_000_000)
        for _ in range(random.randrange(1, 500)):
            acknowledged.append(await line(child))
        child.kill()
        rest, _ = await asyncio.to_thread(child.communicate)
        acknowledged += rest.splitlines()

        log = await open_sqlite()
        numbers = defaultdict(list)
        for record in await everything(log):
            name, number, _ = record.value.split(b" ", 2)
            assert record.key == name.decode()
            numbers[record.key].append(int(number))
        await log.close()

        for key, found in numbers.items():
            assert found == list(range(len(found))), key
        lost = [said for said in acknowledged if int(said.split()[1]) >= len(numbers[said.split()[0]])]
        assert lost == []


async def test_several_processes_append_to_one_file(
    open_sqlite: OpenSqlite, log_path: Path, spawn: Spawn
) -> None:
    log = await open_sqlite()
    children = [spawn("append", log_path, f"child{n}", 25) for n in range(3)]
    for child in children:
        async with asyncio.timeout(30):
            await asyncio.to_thread(child.communicate)
        assert child.returncode == 0

    numbers = defaultdict(list)
    for record in await everything(log):
        numbers[record.key].append(int(record.value.split(b" ", 2)[1]))

    assert len(numbers) == 3 * 8
    assert all(found == list(range(25)) for found in numbers.values())


async def test_processes_that_start_together_share_a_new_file(log_path: Path, spawn: Spawn) -> None:
    children = [spawn("append", log_path, f"child{n}", 1) for n in range(6)]
    for child in children:
        async with asyncio.timeout(30):
            await asyncio.to_thread(child.communicate)

    assert [child.returncode for child in children] == [0] * 6


async def test_a_reader_in_another_process_wakes_within_half_a_second(
    open_sqlite: OpenSqlite, log_path: Path, spawn: Spawn
) -> None:
    log = await open_sqlite()
    await append(log, "first")
    child = spawn("read", log_path, "recordings")
    assert await line(child) == "waiting"
    assert await line(child) == "first"

    for value in ("second", "third", "fourth"):
        await append(log, value)
        appended = time.perf_counter()
        assert await line(child) == value
        assert time.perf_counter() - appended < 0.5


async def test_a_member_takes_over_from_one_that_was_killed(
    open_sqlite: OpenSqlite, log_path: Path, spawn: Spawn
) -> None:
    log = await open_sqlite()
    await append(log, "first")
    child = spawn("read", log_path, "recordings")
    assert await line(child) == "waiting"
    assert await line(child) == "first"

    async with log.subscribe([WEBHOOKS], "recordings") as subscription:
        waiting = asyncio.ensure_future(subscription.fetch(10))
        await append(log, "second")
        assert await line(child) == "second"
        assert not waiting.done()
        child.kill()
        await append(log, "third")
        async with asyncio.timeout(5):
            records = await waiting

    # The child may have been killed between saying "second" and committing it.
    assert [record.value for record in records][-1] == b"third"
    assert b"first" not in [record.value for record in records]
