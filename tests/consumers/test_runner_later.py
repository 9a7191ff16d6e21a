"""A record that waits: its turn comes again, and nothing counts as failed."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from consumers.base import Consumer, Services
from consumers.runner.attempt import Done, Waits, attempt
from consumers.runner.lanes import Turn
from consumers.runner.policy import Limits, RetryPolicy
from infra.errors import Later
from schemas.envelope import Record
from schemas.facts import Fact
from schemas.topics import EVENTS, WEBHOOKS
from tests.consumers.running import append, opened_log, running, until, until_committed


async def test_however_often_it_waits_no_attempt_is_spent() -> None:
    waits = 50

    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        nonlocal waits
        waits -= 1
        if waits:
            raise Later("not yet", 7)
        return ()

    async def publish(record: Record, fact: Fact) -> None:
        raise AssertionError("there is no fact")

    turn = Turn(Record(EVENTS, 0, 1, "key", 0, {}, b""))
    outcomes = [
        await attempt(
            Consumer("waits", (EVENTS,), handle),
            turn,
            cast("Services", None),
            policy=RetryPolicy(attempts=1, bug_attempts=1),
            publish=publish,
        )
        for _ in range(50)
    ]
    assert outcomes == [Waits(7, "not yet")] * 49 + [Done()]
    assert turn.attempts == 1


async def test_others_go_on_while_one_waits_and_after_a_stop_its_turn_comes_again(tmp_path: Path) -> None:
    """It holds up what is committed, so that the others come again too."""
    told: list[str] = []

    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        told.append(record.id)
        if record.key == "waits":
            raise Later("not yet", 3600)
        return ()

    async with opened_log(tmp_path) as log:
        await append(log, "first", "waits")
        for number in range(20):
            await append(log, str(number), f"other {number}")
        for run in (1, 2):
            async with running(log, handle, name="waiting") as runner:
                await until(lambda run=run: len(told) == 21 * run)  # type: ignore[misc]
                async with asyncio.timeout(5):
                    await runner.stopped()
            assert await log.backlog([WEBHOOKS], "waiting") == 21
    assert told.count("first") == 2


async def test_one_killed_while_a_record_waits_begins_with_it_again(tmp_path: Path) -> None:
    told: list[str] = []

    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        told.append(record.id)
        if len(told) == 1:
            raise Later("not yet", 3600)
        return ()

    async with opened_log(tmp_path) as log:
        await append(log, "first", "waits")
        async with running(log, handle, name="waiting") as runner:
            await until(lambda: told == ["first"])
            await runner.crashed()
        async with running(log, handle, name="waiting"):
            await until_committed(log, "waiting")
    assert told == ["first", "first"]


async def test_however_many_wait_other_meetings_go_on_while_there_is_room(tmp_path: Path) -> None:
    told = 0

    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        nonlocal told
        if record.key.startswith("waits"):
            raise Later("not yet", 3600)
        told += 1
        return ()

    async with opened_log(tmp_path) as log:
        for number in range(500):
            await append(log, f"waits {number}", f"waits {number}")
        for number in range(500):
            await append(log, str(number), f"other {number}")
        async with running(log, handle, name="waiting", limits=Limits(commit_every_seconds=0.01)):
            await until(lambda: told == 500)
