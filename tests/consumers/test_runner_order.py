import asyncio
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consumers.base import Services
from consumers.runner.policy import Limits
from infra.errors import Retryable
from schemas.envelope import Record
from schemas.facts import Fact
from schemas.topics import EVENTS, WEBHOOKS
from tests.consumers.running import (
    append,
    in_flight,
    opened_log,
    running,
    time_for_reading,
    until,
    until_committed,
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    keys=st.lists(st.sampled_from("abcd"), min_size=1, max_size=30),
    behaviour=st.lists(st.sampled_from(["at once", "yields", "retries", "bug"]), min_size=30, max_size=30),
    concurrency=st.integers(1, 5),
)
async def test_the_records_of_a_key_are_done_one_after_another_in_order(
    keys: list[str], behaviour: list[str], concurrency: int
) -> None:
    done: dict[str, list[int]] = defaultdict(list)
    failed: set[int] = set()
    busy: set[str] = set()
    side_by_side: list[str] = []

    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        number = int(record.id)
        if record.key in busy:
            side_by_side.append(record.id)
        busy.add(record.key)
        try:
            match behaviour[number]:
                case "yields":
                    await asyncio.sleep(0)
                case "retries" if number not in failed:
                    failed.add(number)
                    raise Retryable("not yet")
                case "bug" if number not in failed:
                    failed.add(number)
                    raise KeyError("once")
        finally:
            busy.discard(record.key)
        done[record.key].append(number)
        return ()

    with tempfile.TemporaryDirectory() as folder:
        async with opened_log(Path(folder)) as log:
            for number, key in enumerate(keys):
                await append(log, str(number), key)
            limits = Limits(concurrency=concurrency, commit_every_seconds=0.01)
            async with running(log, handle, limits=limits):
                await until_committed(log, "recordings")
    expected: dict[str, list[int]] = defaultdict(list)
    for number, key in enumerate(keys):
        expected[key].append(number)
    assert done == expected
    assert side_by_side == []


async def test_one_key_has_one_lane_over_all_topics(tmp_path: Path) -> None:
    running_now, most = 0, 0

    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        nonlocal running_now, most
        running_now += 1
        most = max(most, running_now)
        await asyncio.sleep(0)
        running_now -= 1
        return ()

    async with opened_log(tmp_path) as log:
        for number in range(10):
            await append(log, f"w{number}", "m1")
            await append(log, f"e{number}", "m1", topic=EVENTS)
        async with running(log, handle, topics=(WEBHOOKS, EVENTS)) as runner:
            await until_committed(log, "recordings", (WEBHOOKS, EVENTS))
    assert len(runner.remembered) == 20
    assert most == 1


async def test_different_keys_are_done_side_by_side(tmp_path: Path) -> None:
    together = asyncio.Barrier(3)

    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        await together.wait()
        return ()

    async with opened_log(tmp_path) as log:
        for key in "abc":
            await append(log, key, key)
        async with running(log, handle):
            await until_committed(log, "recordings")


async def test_records_without_a_key_have_no_order(tmp_path: Path) -> None:
    together = asyncio.Barrier(3)

    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        await together.wait()
        return ()

    async with opened_log(tmp_path) as log:
        for number in range(3):
            await append(log, str(number), "")
        async with running(log, handle):
            await until_committed(log, "recordings")


async def test_no_more_handlers_run_than_allowed(tmp_path: Path) -> None:
    running_now, most = 0, 0

    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        nonlocal running_now, most
        running_now += 1
        most = max(most, running_now)
        await asyncio.sleep(0.001)
        running_now -= 1
        return ()

    async with opened_log(tmp_path) as log:
        for number in range(30):
            await append(log, str(number), f"m{number}")
        async with running(log, handle, limits=Limits(concurrency=2, commit_every_seconds=0.01)):
            await until_committed(log, "recordings")
    assert most == 2


async def test_only_the_key_that_waits_to_be_tried_again_waits(tmp_path: Path) -> None:
    order: list[str] = []

    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        if record.id == "0" and len(order) < 10:
            raise Retryable("others are not done yet")
        order.append(record.id)
        return ()

    async with opened_log(tmp_path) as log:
        await append(log, "0", "slow")
        await append(log, "behind", "slow")
        for number in range(1, 11):
            await append(log, str(number), f"m{number}")
        async with running(log, handle, limits=Limits(concurrency=1, commit_every_seconds=0.01)):
            await until_committed(log, "recordings")
    assert order[-2:] == ["0", "behind"]


@pytest.mark.parametrize(
    ("limits", "most"),
    [
        (Limits(max_records=8, commit_every_seconds=0.01), 8),
        # Bytes may be exceeded by one fetch, of a quarter of the records.
        (Limits(max_records=8, max_bytes=900, commit_every_seconds=0.01), 4),
    ],
)
async def test_no_more_is_in_memory_than_allowed(tmp_path: Path, limits: Limits, most: int) -> None:
    seen: list[float] = []

    async with opened_log(tmp_path) as log:

        async def handle(record: Record, services: Services) -> Sequence[Fact]:
            if record.id in ("0", "20"):
                await time_for_reading(log)
            seen.append(in_flight("bounded"))
            return ()

        for number in range(40):
            await append(log, str(number), "m1", value=b"x" * 400)
        async with running(log, handle, name="bounded", limits=limits):
            await until_committed(log, "bounded")
    assert len(seen) == 40
    assert max(seen) == most


async def test_new_records_are_handled_while_a_long_handler_runs(tmp_path: Path) -> None:
    release, handled = asyncio.Event(), []

    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        if record.id == "long":
            await release.wait()
        handled.append(record.id)
        return ()

    async with opened_log(tmp_path) as log:
        await append(log, "long", "m1")
        async with running(log, handle):
            for number in range(5):
                await append(log, str(number), f"n{number}")
                await until(lambda: len(handled) == number + 1)  # noqa: B023 awaited at once
            assert await log.backlog([WEBHOOKS], "recordings") == 6
            release.set()
            await until_committed(log, "recordings")


async def test_instant_handlers_let_others_have_their_turn(tmp_path: Path) -> None:
    at_once, most = 0, 0

    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        return ()

    async def somebody_else() -> None:
        nonlocal at_once
        while True:
            at_once = 0
            await asyncio.sleep(0)

    async with opened_log(tmp_path) as log:
        for _ in range(4):
            await asyncio.gather(*(append(log, str(number), f"m{number}") for number in range(500)))
        other = asyncio.create_task(somebody_else())
        async with running(log, handle, limits=Limits(concurrency=4, max_records=8000)):
            await until_committed(log, "recordings")
        other.cancel()
    assert 0 < most < 500
