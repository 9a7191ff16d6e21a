"""Some jobs at a time, of any number."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import aclosing

import pytest

from consumers.side_by_side import side_by_side


class Jobs:
    """Numbered from 0; each waits until it is let go."""

    def __init__(self, count: int) -> None:
        self.gates = [asyncio.Event() for _ in range(count)]
        self.begun: list[int] = []
        self.ended: list[int] = []

    async def __aiter__(self) -> AsyncIterator[Coroutine[None, None, int]]:
        for number in range(len(self.gates)):
            yield self.run(number)

    async def run(self, number: int) -> int:
        self.begun.append(number)
        try:
            await self.gates[number].wait()
        finally:
            self.ended.append(number)
        return number


async def test_no_more_run_than_may_and_what_is_done_first_comes_first() -> None:
    jobs = Jobs(4)
    async with aclosing(side_by_side(jobs, at_once=2)) as done:
        jobs.gates[1].set()
        assert await anext(done) == 1
        assert jobs.begun == [0, 1]
        for gate in jobs.gates:
            gate.set()
        assert {number async for number in done} == {0, 2, 3}


async def test_an_error_ends_it_and_leaves_none_running() -> None:
    jobs = Jobs(2)

    async def with_a_bad_one() -> AsyncIterator[Coroutine[None, None, int]]:
        async for job in jobs:
            yield job
        yield bad()

    async def bad() -> int:
        raise ValueError("bad")

    with pytest.raises(ValueError, match="bad"):
        async for _ in side_by_side(with_a_bad_one(), at_once=3):
            pass
    assert sorted(jobs.ended) == [0, 1]


async def test_closing_it_leaves_none_running() -> None:
    jobs = Jobs(3)
    jobs.gates[0].set()
    async with aclosing(side_by_side(jobs, at_once=2)) as done:
        assert await anext(done) == 0
    assert sorted(jobs.ended) == sorted(jobs.begun)
