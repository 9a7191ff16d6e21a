import asyncio
import time

import pytest

from receiver.deadline import Deadline


def running_task() -> asyncio.Task[object]:
    task = asyncio.current_task()
    assert task is not None
    return task


async def test_what_is_done_in_time_returns() -> None:
    assert await Deadline(5).wait(asyncio.sleep(0, "done"), running_task()) == "done"


async def test_what_lasts_longer_is_cancelled_and_timed_out() -> None:
    began = time.monotonic()
    deadline = Deadline(0.2)
    for _ in range(2):
        with pytest.raises(TimeoutError):
            await deadline.wait(asyncio.Event().wait(), running_task())

    assert 0.4 <= time.monotonic() - began < 1
    assert running_task().cancelling() == 0


async def test_many_waits_each_have_their_own_time() -> None:
    deadline = Deadline(0.2)
    outcomes: list[str] = []

    async def wait(name: str, seconds: float) -> None:
        try:
            await deadline.wait(asyncio.sleep(seconds), running_task())
            outcomes.append(f"{name} done")
        except TimeoutError:
            outcomes.append(f"{name} late")

    await asyncio.gather(wait("a", 5), wait("b", 0.01), wait("c", 5), wait("d", 0.02))

    assert sorted(outcomes) == ["a late", "b done", "c late", "d done"]


async def test_a_cancellation_from_elsewhere_is_no_timeout() -> None:
    waiting = asyncio.Event()

    async def work() -> None:
        waiting.set()
        await asyncio.Event().wait()

    async def wait() -> None:
        await Deadline(5).wait(work(), running_task())

    task = asyncio.create_task(wait())
    await waiting.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_passes_through() -> None:
    async def fail() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        await Deadline(5).wait(fail(), running_task())
