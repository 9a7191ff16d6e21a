import asyncio
import json
import random
import signal
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from consumers.base import Services
from consumers.runner.policy import Limits
from infra.errors import Halt, Poison, Retryable
from schemas.envelope import Record
from schemas.facts import Fact
from schemas.topics import DEAD_LETTERS, EVENTS, WEBHOOKS
from tests.consumers.running import (
    append,
    completed,
    opened_log,
    records,
    running,
    time_for_reading,
    until,
    until_committed,
    until_there_are,
)

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def nothing(record: Record, services: Services) -> Sequence[Fact]:
    return ()


async def test_what_is_done_behind_something_unfinished_is_not_committed(tmp_path: Path) -> None:
    release, handled = asyncio.Event(), []

    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        if record.id == "1" and not release.is_set():
            await release.wait()
        handled.append(record.id)
        return ()

    async with opened_log(tmp_path) as log:
        for number in range(5):
            await append(log, str(number), f"m{number}")
        async with running(log, handle) as runner:
            await until(lambda: len(runner.remembered) == 4)
            await until_committed(log, "recordings", all_but=4)
            await runner.crashed()
        assert await log.backlog([WEBHOOKS], "recordings") == 4
        release.set()
        handled.clear()
        async with running(log, handle):
            await until_committed(log, "recordings")
    assert sorted(handled) == ["1", "2", "3", "4"]


async def test_facts_and_successes_are_durable_before_the_offset(tmp_path: Path) -> None:
    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        return [completed("m1")]

    asked = asyncio.Event()

    async def never_returns(successes: Sequence[tuple[str, int]]) -> None:
        asked.set()
        await asyncio.Event().wait()

    async with opened_log(tmp_path) as log:
        await append(log, "e1", "m1")
        async with running(log, handle, remember=never_returns) as first:
            await asked.wait()
            assert [fact.type for fact in await records(log, EVENTS)] == ["meeting.completed"]
            assert await log.backlog([WEBHOOKS], "recordings") == 1
            await first.crashed()
        async with running(log, handle) as second:
            await until_committed(log, "recordings")
            assert second.remembered == ["e1"]
        facts = await records(log, EVENTS)
    assert len(facts) == 2
    assert len({fact.id for fact in facts}) == 1


async def test_a_letter_is_durable_before_the_offset(tmp_path: Path) -> None:
    asked = asyncio.Event()

    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        if record.id == "good":
            return ()
        raise KeyError("field")

    async def never_returns(successes: Sequence[tuple[str, int]]) -> None:
        asked.set()
        await asyncio.Event().wait()

    async with opened_log(tmp_path) as log:
        await append(log, "good", "m1")
        await append(log, "bad", "m2")
        async with running(log, handle, remember=never_returns) as runner:
            await asked.wait()
            await until_there_are(1, log, DEAD_LETTERS)
            assert await log.backlog([WEBHOOKS], "recordings") == 2
            await runner.crashed()


async def test_a_fact_carries_who_says_it_and_the_trace_it_belongs_to(tmp_path: Path) -> None:
    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        return [completed("m1")]

    async with opened_log(tmp_path) as log:
        await append(log, "e1", "other key", traceparent=TRACE)
        async with running(log, handle):
            await until_committed(log, "recordings")
        (fact,) = await records(log, EVENTS)
    assert fact.key == "m1"
    headers = dict(fact.headers)
    assert headers.pop("ce_time").endswith("Z")
    assert headers == {
        "ce_specversion": "1.0",
        "ce_id": completed("m1").id,
        "ce_source": "/consumers/recordings",
        "ce_type": "meeting.completed",
        "ce_subject": "m1",
        "content-type": "application/json",
        "traceparent": TRACE,
    }
    assert json.loads(fact.value)["meeting_id"] == "m1"


@pytest.mark.parametrize("failure", [Poison, Retryable])
async def test_what_a_failing_handler_caused_all_the_same_is_told_once(
    tmp_path: Path, failure: type[Poison] | type[Retryable]
) -> None:
    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        raise failure("the audio is stored, the video is gone", facts=[completed("m1")])

    async with opened_log(tmp_path) as log:
        await append(log, "e1", "m1")
        async with running(log, handle):
            await until_committed(log, "recordings")
        assert [fact.id for fact in await records(log, EVENTS)] == [completed("m1").id]
        assert len(await records(log, DEAD_LETTERS)) == 1


async def test_successes_are_kept_many_at_a_time(tmp_path: Path) -> None:
    batches: list[int] = []

    async def remember(successes: Sequence[tuple[str, int]]) -> None:
        batches.append(len(successes))

    async with opened_log(tmp_path) as log:
        for first in range(0, 1000, 100):
            await asyncio.gather(*(append(log, str(n), f"m{n}") for n in range(first, first + 100)))
        async with running(log, nothing, remember=remember, limits=Limits()):
            await until_committed(log, "recordings")
    assert sum(batches) == 1000
    assert len(batches) < 20


async def test_while_the_database_is_away_everything_waits(tmp_path: Path) -> None:
    refusals = 3
    kept: list[str] = []

    async def remember(successes: Sequence[tuple[str, int]]) -> None:
        nonlocal refusals
        if refusals:
            refusals -= 1
            raise Retryable("the database is not there")
        kept.extend(event_id for event_id, _ in successes)

    async with opened_log(tmp_path) as log:
        await append(log, "e1", "m1")
        async with running(log, nothing, remember=remember):
            await until_committed(log, "recordings")
    assert refusals == 0
    assert kept == ["e1"]


async def test_records_do_not_pile_up_while_successes_cannot_be_kept(tmp_path: Path) -> None:
    handled = 0
    asked = asyncio.Event()

    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        nonlocal handled
        handled += 1
        return ()

    async def never_returns(successes: Sequence[tuple[str, int]]) -> None:
        asked.set()
        await asyncio.Event().wait()

    async with opened_log(tmp_path) as log:
        for number in range(100):
            await append(log, str(number), f"m{number}")
        limits = Limits(max_records=8, commit_every_seconds=0.01)
        async with running(log, handle, remember=never_returns, limits=limits) as runner:
            await asked.wait()
            await time_for_reading(log)
            assert handled <= 8
            await runner.crashed()


async def test_a_database_that_refuses_us_halts(tmp_path: Path) -> None:
    async def remember(successes: Sequence[tuple[str, int]]) -> None:
        raise Halt("The database is full: free space.")

    async with opened_log(tmp_path) as log:
        await append(log, "e1", "m1")
        with pytest.raises(Halt, match="database is full"):
            async with running(log, nothing, remember=remember) as runner:
                await runner.ended()
        assert await log.backlog([WEBHOOKS], "recordings") == 1


async def test_while_the_log_is_locked_nothing_is_lost(tmp_path: Path) -> None:
    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        if record.id == "bad":
            raise KeyError("field")
        return [completed(record.key)]

    async with opened_log(tmp_path) as log:
        await append(log, "good", "m1")
        await append(log, "bad", "m2")
        with closing(sqlite3.connect(tmp_path / "log.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with capture_logs() as logged:
                async with running(log, handle) as runner:
                    await until(lambda: any(line["event"] == "waiting" for line in logged))
                    other.execute("ROLLBACK")
                    await until_committed(log, "recordings")
        # An append that was refused may have been written all the same: the same fact, said twice.
        assert {fact.key for fact in await records(log, EVENTS)} == {"m1"}
        assert {letter.id for letter in await records(log, DEAD_LETTERS)} == {"bad"}
    assert runner.remembered == ["good"]


async def test_a_consumer_killed_again_and_again_loses_nothing(tmp_path: Path) -> None:
    expected = [f"{key}-{number}" for number in range(100) for key in ("a", "b", "c")]
    handled = tmp_path / "handled"
    handled.touch()
    randomly = random.Random(3)

    def done() -> list[str]:
        return handled.read_text().splitlines()

    async with opened_log(tmp_path) as log:
        for event in expected:
            await append(log, event, event[0])
        for _ in range(3):
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.consumers.counting_consumer", str(tmp_path)
            )
            target = len(done()) + randomly.randint(1, 60)
            await until(lambda: len(done()) >= target)  # noqa: B023 awaited at once
            child.send_signal(signal.SIGKILL)
            assert await child.wait() == -signal.SIGKILL
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.consumers.counting_consumer", str(tmp_path)
        )
        await until_committed(log, "counting")
        child.send_signal(signal.SIGTERM)
        assert await child.wait() == 0
    assert set(done()) == set(expected)
    for key in "abc":
        first_time = list(dict.fromkeys(event for event in done() if event[0] == key))
        assert first_time == [event for event in expected if event[0] == key]
