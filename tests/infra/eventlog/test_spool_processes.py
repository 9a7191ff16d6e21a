"""Several processes at one spool, killed while the main log is away, while it is drained, at any moment."""

import asyncio
import os
import random
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.eventlog.sqlite.log import SqliteLog
from tests.infra.eventlog.spooling import DEADLINE_SECONDS, Place, until

_ROUNDS = int(os.environ.get("ADJOURN_TEST_KILLS", "2"))

Spawn = Callable[[str], "subprocess.Popen[str]"]


@pytest.fixture
async def place(tmp_path: Path) -> Place:
    place = Place(tmp_path)
    main = SqliteLog(place.main)
    await main.setup()
    await main.close()
    return place


@pytest.fixture
def spawn(place: Place) -> Iterator[Spawn]:
    children: list[subprocess.Popen[str]] = []

    def spawn_one(name: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.infra.eventlog.spool_child", str(place.folder), name]
        children.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return children[-1]

    yield spawn_one
    for child in children:
        with child:
            child.kill()


async def killed_after(child: "subprocess.Popen[str]", promises: int) -> list[str]:
    """What it had promised."""
    assert child.stdout
    async with asyncio.timeout(DEADLINE_SECONDS):
        said = [await asyncio.to_thread(child.stdout.readline) for _ in range(promises)]
    child.kill()
    rest, _ = await asyncio.to_thread(child.communicate)
    return [line.strip() for line in said + rest.splitlines(keepends=True) if line.endswith("\n")]


async def promises(spawn: Spawn, name: str) -> list[str]:
    """Of two processes that live side by side for a while."""
    ends = [killed_after(spawn(f"{name}-{n}"), random.randrange(1, 300)) for n in range(2)]
    return [said for promised in await asyncio.gather(*ends) for said in promised]


async def test_what_was_accepted_by_processes_that_were_killed_comes_in_order(
    place: Place, spawn: Spawn
) -> None:
    """Killed in the outage and started in it, killed again while the spool is being drained."""
    promised: list[str] = []
    for round_ in range(_ROUNDS):
        with place.main_away():
            for life in ("first", "second"):
                promised += await promises(spawn, f"{round_}-{life}")
        promised += await promises(spawn, f"{round_}-third")
    async with place.open():
        await until(lambda: place.flag() == 0)

    came: dict[str, list[int]] = defaultdict(list)
    for record in await place.in_main():
        number = int(record.value.split()[0])
        if number not in came[record.key]:
            came[record.key].append(number)
    assert all(numbers == list(range(len(numbers))) for numbers in came.values())
    lost = [said for said in promised if int(said.split()[1]) >= len(came[said.split()[0]])]
    assert lost == []
    assert len(promised) > 6 * _ROUNDS
