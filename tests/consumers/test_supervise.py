import asyncio
from collections import Counter

import pytest
from structlog.testing import capture_logs

from consumers.base import Consumer, Services
from consumers.runner.policy import BurialStreak
from consumers.runner.supervise import supervise
from infra.errors import Halt
from schemas.envelope import Record
from schemas.facts import Fact
from tests.consumers.running import until


async def handle(record: Record, services: Services) -> list[Fact]:
    return []


GOOD, BAD = Consumer("good", (), handle), Consumer("bad", (), handle)


async def test_one_that_halts_starts_again_and_the_others_go_on() -> None:
    starts: Counter[str] = Counter()
    stop = asyncio.Event()
    streaks: set[int] = set()
    halted: dict[str, str] = {}

    async def start(consumer: Consumer, streak: BurialStreak) -> None:
        starts[consumer.name] += 1
        if consumer is BAD:
            streaks.add(id(streak))
            if starts["bad"] < 3:
                raise Halt("The bucket is gone: create it.")
        await stop.wait()

    with capture_logs() as logged:
        task = asyncio.create_task(
            supervise([GOOD, BAD], start, stop=stop, halted=halted, restart_after_seconds=0.01)
        )
        await until(lambda: starts["bad"] == 3)
        assert halted == {}
        stop.set()
        await task
    assert starts == {"good": 1, "bad": 3}
    assert len(streaks) == 1
    assert [line["reason"] for line in logged] == ["The bucket is gone: create it."] * 2


async def test_while_one_waits_it_says_why() -> None:
    stop = asyncio.Event()
    halted: dict[str, str] = {}

    async def start(consumer: Consumer, streak: BurialStreak) -> None:
        if consumer is BAD:
            raise Halt("The bucket is gone: create it.")
        await stop.wait()

    task = asyncio.create_task(
        supervise([GOOD, BAD], start, stop=stop, halted=halted, restart_after_seconds=3600)
    )
    await until(lambda: bool(halted))
    assert halted == {"bad": "The bucket is gone: create it."}
    stop.set()
    async with asyncio.timeout(5):
        await task


async def test_what_nobody_foresaw_is_told_with_its_traceback_and_started_again() -> None:
    starts = 0
    stop = asyncio.Event()

    async def start(consumer: Consumer, streak: BurialStreak) -> None:
        nonlocal starts
        starts += 1
        if starts == 1:
            raise KeyError("a bug of the runner itself")
        await stop.wait()

    with capture_logs() as logged:
        task = asyncio.create_task(supervise([BAD], start, stop=stop, halted={}, restart_after_seconds=0.01))
        await until(lambda: starts == 2)
        stop.set()
        await task
    (line,) = logged
    assert line["event"] == "crashed"
    assert "test_supervise.py" in line["traceback"]


async def test_without_a_restart_a_halt_ends_all_in_an_orderly_way() -> None:
    stop = asyncio.Event()
    orderly = False

    async def start(consumer: Consumer, streak: BurialStreak) -> None:
        nonlocal orderly
        if consumer is BAD:
            raise Halt("The bucket is gone: create it.")
        await stop.wait()
        orderly = True

    with pytest.raises(Halt, match="The bucket is gone"):
        await supervise([GOOD, BAD], start, stop=stop, halted={}, restart_after_seconds=None)
    assert orderly
