import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import BaseModel

from consumers.base import Services
from consumers.runner.policy import RetryPolicy
from infra.errors import Poison, Retryable
from schemas.envelope import Record
from schemas.facts import Fact
from schemas.identity import BrokenEvent
from schemas.topics import DEAD_LETTERS
from tests.consumers.running import QUICK, append, opened_log, records, running, until_committed

SECRET_LINK = "https://bucket.example.com/video.mp4?X-Amz-Signature=c0ffee"


async def test_what_was_not_ready_is_tried_again_until_it_works(tmp_path: Path) -> None:
    attempts = 0

    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        nonlocal attempts
        attempts += 1
        if attempts < 3:
            raise Retryable("not yet")
        return ()

    async with opened_log(tmp_path) as log:
        await append(log, "e1", "m1")
        async with running(log, handle) as runner:
            await until_committed(log, "recordings")
        assert await records(log, DEAD_LETTERS) == []
    assert attempts == 3
    assert runner.remembered == ["e1"]


async def test_what_is_never_ready_is_buried_after_so_many_attempts(tmp_path: Path) -> None:
    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        raise Retryable("503 from the API")

    async with opened_log(tmp_path) as log:
        await append(log, "e1", "m1", value=b'{"kept": true}')
        async with running(log, handle) as runner:
            await until_committed(log, "recordings")
        (letter,) = await records(log, DEAD_LETTERS)
    assert (letter.key, letter.value) == ("m1", b'{"kept": true}')
    assert letter.id == "e1"
    told = {name: value for name, value in letter.headers.items() if name.startswith("dl_")}
    assert told.pop("dl_time").endswith("Z")
    assert told == {
        "dl_consumer": "recordings",
        "dl_kind": "exhausted",
        "dl_error": "503 from the API",
        "dl_attempts": "3",
        "dl_topic": "meetings.webhooks",
        "dl_partition": "0",
        "dl_offset": "1",
    }
    assert runner.remembered == []


async def test_poison_is_buried_at_once(tmp_path: Path) -> None:
    attempts = 0

    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        nonlocal attempts
        attempts += 1
        raise Poison(f"gone: {SECRET_LINK}")

    async with opened_log(tmp_path) as log:
        await append(log, "e1", "m1")
        async with running(log, handle):
            await until_committed(log, "recordings")
        (letter,) = await records(log, DEAD_LETTERS)
    assert attempts == 1
    assert letter.headers["dl_kind"] == "poison"
    assert letter.headers["dl_attempts"] == "1"
    assert letter.headers["dl_error"] == "gone: https://bucket.example.com/video.mp4"


async def test_a_bug_is_tried_a_few_times_and_buried_with_its_traceback(tmp_path: Path) -> None:
    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        local_secret = json.loads(record.value)["token"]
        try:
            raise ConnectionError(f"no answer from {SECRET_LINK}")
        except ConnectionError as error:
            raise TypeError(f"{len(local_secret)} characters are not a number") from error

    async with opened_log(tmp_path) as log:
        await append(log, "e1", "m1", value=b'{"token": "s3cr3t"}')
        async with running(log, handle):
            await until_committed(log, "recordings")
        (letter,) = await records(log, DEAD_LETTERS)
    assert letter.headers["dl_kind"] == "bug"
    assert letter.headers["dl_attempts"] == "2"
    place, line = letter.headers["dl_error"].split(":")[0:2]
    assert place == "TypeError in tests/consumers/test_runner_errors.py"
    assert line.isdecimal()
    traceback = letter.headers["dl_traceback"]
    assert traceback.index("ConnectionError: no answer") < traceback.index("TypeError: 6 characters")
    assert "test_runner_errors.py" in traceback
    assert "s3cr3t" not in str(letter.headers)
    assert "c0ffee" not in str(letter.headers)


async def test_a_long_traceback_keeps_its_end(tmp_path: Path) -> None:
    def deep(level: int) -> None:
        if level == 0:
            raise RecursionError("at the bottom")
        # One line of its own for each level, or the traceback would fold them into one.
        (deep if level % 2 else lambda below: deep(below))(level - 1)

    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        deep(200)
        return ()

    async with opened_log(tmp_path) as log:
        await append(log, "e1", "m1")
        async with running(log, handle):
            await until_committed(log, "recordings")
        (letter,) = await records(log, DEAD_LETTERS)
    traceback = letter.headers["dl_traceback"]
    assert len(traceback) == 8 * 1024
    assert traceback.endswith("RecursionError: at the bottom")


async def test_a_body_that_breaks_a_schema_is_a_bug_whose_letter_quotes_no_value(tmp_path: Path) -> None:
    class Shape(BaseModel):
        words: int

    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        Shape.model_validate_json(record.value)
        return ()

    async with opened_log(tmp_path) as log:
        await append(log, "e1", "m1", value=b'{"words": "what somebody said"}')
        async with running(log, handle):
            await until_committed(log, "recordings")
        (letter,) = await records(log, DEAD_LETTERS)
    assert "words: Input should be a valid integer" in letter.headers["dl_error"]
    assert "somebody" not in str(letter.headers)


async def test_a_broken_event_is_a_bug(tmp_path: Path) -> None:
    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        raise BrokenEvent("complete", ["data.bot_id: is missing"])

    async with opened_log(tmp_path) as log:
        await append(log, "e1", "m1")
        async with running(log, handle):
            await until_committed(log, "recordings")
        (letter,) = await records(log, DEAD_LETTERS)
    assert letter.headers["dl_kind"] == "bug"
    assert letter.headers["dl_error"].endswith("data.bot_id: is missing")


async def test_a_cancellation_that_a_handler_lets_escape_ends_neither_worker_nor_lane(tmp_path: Path) -> None:
    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        if record.id == "e1":
            raise asyncio.CancelledError("of a task of its own")
        return ()

    async with opened_log(tmp_path) as log:
        await append(log, "e1", "m1")
        await append(log, "e2", "m1")
        async with running(log, handle) as runner:
            await until_committed(log, "recordings")
        (letter,) = await records(log, DEAD_LETTERS)
    assert letter.headers["dl_kind"] == "bug"
    assert runner.remembered == ["e2"]


async def test_a_dead_letter_that_cannot_be_handled_is_not_buried_again(tmp_path: Path) -> None:
    attempts = 0

    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        nonlocal attempts
        attempts += 1
        raise ValueError("this reader has a bug of its own")

    async with opened_log(tmp_path) as log:
        await append(log, "e1", "m1", topic=DEAD_LETTERS)
        async with running(log, handle, name="meetings", topics=(DEAD_LETTERS,)) as runner:
            await until_committed(log, "meetings", (DEAD_LETTERS,))
        assert len(await records(log, DEAD_LETTERS)) == 1
    assert attempts == QUICK.bug_attempts
    assert runner.remembered == []


async def test_a_fact_too_large_for_the_log_is_a_bug_of_its_record(tmp_path: Path) -> None:
    class Large(BaseModel):
        text: str

    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        return [Fact("transcript.stored", "meeting-baas", "m1", Large(text="x" * (33 * 1024 * 1024)), "d")]

    async with opened_log(tmp_path) as log:
        await append(log, "e1", "m1")
        async with running(log, handle, policy=replace(QUICK, bug_attempts=1)):
            await until_committed(log, "recordings")
        (letter,) = await records(log, DEAD_LETTERS)
    assert letter.headers["dl_kind"] == "bug"


@pytest.mark.parametrize("attempts", [1, 2, 5, 10, 2000])
def test_waits_double_up_to_a_bound_and_are_never_the_same_for_all(attempts: int) -> None:
    policy = RetryPolicy()
    waits = {policy.delay_seconds(attempts) for _ in range(50)}
    longest = min(2.0 ** min(attempts - 1, 20), 240)
    assert len(waits) > 1
    assert longest / 2 <= min(waits) <= max(waits) <= longest


def test_what_was_asked_for_is_waited_within_reason() -> None:
    policy = RetryPolicy()
    assert policy.delay_seconds(1, 100) == 100
    assert policy.delay_seconds(1, 86_400) == 900
    assert policy.delay_seconds(10, 1) >= 120
