import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from consumers.base import Services
from consumers.runner.policy import BurialStreak, Limits
from infra.errors import Halt, Poison, Retryable
from schemas.envelope import Record
from schemas.facts import Fact
from schemas.topics import DEAD_LETTERS, WEBHOOKS
from tests.consumers.running import QUICK, append, opened_log, records, running, until_committed

ONE_AT_A_TIME = Limits(concurrency=1, commit_every_seconds=0.01)
FEW = replace(QUICK, attempts=1, bug_attempts=1, burials_in_a_row=4)


async def outage(record: Record, services: Services) -> Sequence[Fact]:
    raise Retryable("the object store does not answer")


async def test_a_halt_ends_the_run_cancels_the_others_and_commits_nothing(tmp_path: Path) -> None:
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        if record.id == "halts":
            await begun.wait()
            raise Halt("The bucket is gone: create it.")
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        return ()

    async with opened_log(tmp_path) as log:
        await append(log, "long", "m1")
        await append(log, "halts", "m2")
        with pytest.raises(Halt, match="The bucket is gone"):
            async with running(log, handle) as runner:
                await runner.ended()
        assert cancelled.is_set()
        assert await log.backlog([WEBHOOKS], "recordings") == 2
        assert await records(log, DEAD_LETTERS) == []


async def test_an_outage_does_not_empty_the_topic_into_the_dead_letters(tmp_path: Path) -> None:
    streak = BurialStreak()
    async with opened_log(tmp_path) as log:
        for number in range(30):
            await append(log, str(number), f"m{number}")
        with pytest.raises(Halt, match=r"4 records in a row.*completed \(exhausted\)"):
            async with running(log, outage, policy=FEW, limits=ONE_AT_A_TIME, streak=streak) as runner:
                await runner.ended()
        buried = len(await records(log, DEAD_LETTERS))
        with pytest.raises(Halt):
            async with running(log, outage, policy=FEW, limits=ONE_AT_A_TIME, streak=streak) as runner:
                await runner.ended()
        assert buried == 3
        assert len(await records(log, DEAD_LETTERS)) == 3
        assert await log.backlog([WEBHOOKS], "recordings") >= 27


async def test_after_the_outage_everything_is_done(tmp_path: Path) -> None:
    streak = BurialStreak()

    async def works(record: Record, services: Services) -> Sequence[Fact]:
        return ()

    async with opened_log(tmp_path) as log:
        for number in range(10):
            await append(log, str(number), f"m{number}")
        with pytest.raises(Halt):
            async with running(log, outage, policy=FEW, limits=ONE_AT_A_TIME, streak=streak) as before:
                await before.ended()
        async with running(log, works, policy=FEW, streak=streak) as after:
            await until_committed(log, "recordings")
        letters = {letter.id for letter in await records(log, DEAD_LETTERS)}
    assert letters | set(after.remembered) == {str(number) for number in range(10)}
    assert streak.burials == []


async def test_events_that_ask_nothing_of_a_consumer_do_not_hide_an_outage(tmp_path: Path) -> None:
    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        if record.type == "meeting-baas.bot.completed":
            raise Retryable("the object store does not answer")
        return ()

    async with opened_log(tmp_path) as log:
        for number in range(10):
            await append(log, f"c{number}", f"c{number}")
            await append(log, f"s{number}", f"s{number}", type="meeting-baas.bot.status_change")
        with pytest.raises(Halt):
            async with running(log, handle, policy=FEW, limits=ONE_AT_A_TIME) as runner:
                await runner.ended()
        assert len(await records(log, DEAD_LETTERS)) == 3


async def test_a_success_of_the_same_kind_of_event_shows_that_the_world_works(tmp_path: Path) -> None:
    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        if int(record.id) % 3:
            raise Retryable("some sources are slow")
        return ()

    async with opened_log(tmp_path) as log:
        for number in range(30):
            await append(log, str(number), f"m{number}")
        async with running(log, handle, policy=FEW, limits=ONE_AT_A_TIME) as runner:
            await until_committed(log, "recordings")
        assert len(await records(log, DEAD_LETTERS)) == 20
    assert len(runner.remembered) == 10


async def test_a_bug_with_one_type_of_event_stops_nothing_while_others_succeed(tmp_path: Path) -> None:
    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        if record.type == "meeting-baas.new":
            raise KeyError("field")
        return ()

    async with opened_log(tmp_path) as log:
        for number in range(10):
            await append(log, f"n{number}", f"n{number}", type="meeting-baas.new")
            await append(log, f"c{number}", f"c{number}")
        async with running(log, handle, policy=FEW, limits=ONE_AT_A_TIME):
            await until_committed(log, "recordings")
        assert len(await records(log, DEAD_LETTERS)) == 10


@pytest.mark.parametrize("key", ["one meeting", "many"])
async def test_poison_or_one_broken_meeting_is_no_outage(tmp_path: Path, key: str) -> None:
    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        if record.key == "one meeting":
            raise KeyError("field")
        raise Poison("gone at its source")

    async with opened_log(tmp_path) as log:
        for number in range(10):
            await append(log, str(number), key if key == "one meeting" else f"m{number}")
        async with running(log, handle, policy=FEW, limits=ONE_AT_A_TIME):
            await until_committed(log, "recordings")
        assert len(await records(log, DEAD_LETTERS)) == 10
