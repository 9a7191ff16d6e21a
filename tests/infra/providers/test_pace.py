import asyncio
import time

import pytest

from infra.errors import Retryable
from infra.providers.pace import Pace


async def test_no_more_calls_begin_in_the_time_than_agreed() -> None:
    pace, began = Pace(5, 0.1), time.monotonic()
    await asyncio.gather(*(pace.turn() for _ in range(11)))
    assert time.monotonic() - began >= 0.2


async def test_callers_go_in_the_order_in_which_they_came() -> None:
    pace, order = Pace(1, 0.01), list[int]()

    async def call(number: int) -> None:
        await pace.turn()
        order.append(number)

    await asyncio.gather(*(call(number) for number in range(5)))
    assert order == [0, 1, 2, 3, 4]


async def test_a_pause_that_grows_while_somebody_waits_is_waited_for() -> None:
    pace, began = Pace(), time.monotonic()
    pace.pause(0.05)
    waiting = asyncio.create_task(pace.turn())
    await asyncio.sleep(0)
    pace.pause(0.2)
    await waiting
    assert time.monotonic() - began >= 0.2


async def test_a_long_pause_sends_those_away_who_wait_already() -> None:
    pace = Pace()
    pace.pause(0.05)
    waiting = asyncio.create_task(pace.turn())
    await asyncio.sleep(0)
    pace.pause(600)
    with pytest.raises(Retryable) as caught:
        await waiting
    assert caught.value.after_seconds == pytest.approx(600, abs=60)
