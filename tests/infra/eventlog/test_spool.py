"""While the main log is away its records wait on disk; afterwards they come to it, in order, all of them."""

import asyncio
import time
from pathlib import Path

import pytest

from infra.errors import LogUnavailable
from infra.eventlog.base import MAX_RECORD_BYTES
from infra.eventlog.spool.log import SpooledLog
from infra.eventlog.sqlite.log import SqliteLog
from schemas.topics import WEBHOOKS
from tests.infra.eventlog.spooling import Place, append, until


@pytest.fixture
async def place(tmp_path: Path) -> Place:
    place = Place(tmp_path)
    main = SqliteLog(place.main)
    await main.setup()
    await main.close()
    return place


async def is_away(log: SpooledLog) -> bool:
    return (await log.degraded())["log"].startswith("Away")


async def test_what_the_main_log_does_not_take_follows_in_order(place: Place) -> None:
    async with place.open() as log:
        await append(log, 0)
        with place.main_away():
            await asyncio.gather(*(append(log, number) for number in range(1, 50)))
            assert place.numbers_waiting() == list(range(1, 50))
        for number in range(50, 150):
            await append(log, number)
        await until(lambda: place.flag() == 0)

    assert await place.numbers() == list(range(150))
    assert place.numbers_waiting() == []


async def test_only_the_first_appends_of_an_outage_wait_for_the_main_log(place: Place) -> None:
    async with place.open() as log:
        with place.main_away():
            await append(log, 0)
            began = time.perf_counter()
            for number in range(1, 21):
                await append(log, number)
            assert time.perf_counter() - began < 1


async def test_appends_that_are_under_way_when_another_fails_keep_their_place(place: Place) -> None:
    async with place.open() as log:
        with place.main_away():
            first = asyncio.ensure_future(append(log, 0))
            await asyncio.wait([first], timeout=1)
            # It has half a second left; those behind it would have more.
            later = [asyncio.ensure_future(append(log, number)) for number in range(1, 10)]
            began = time.perf_counter()
            await asyncio.gather(first, *later)
            assert time.perf_counter() - began < 1
            assert place.numbers_waiting() == list(range(10))


async def test_another_process_does_not_overtake_what_waits(place: Place) -> None:
    async with place.open() as one, place.open() as other:
        await until(lambda: place.flag() == 0)
        for round_ in range(3):
            with place.main_away():
                await append(one, 2 * round_)
            await append(other, 2 * round_ + 1)
            await until(lambda: place.flag() == 0)

    assert await place.numbers() == list(range(6))


async def test_records_of_the_other_topics_are_kept_as_well_byte_for_byte(place: Place) -> None:
    key, value, headers = "会議\ud800", bytes(range(256)), {"name": "Zoë 🦊\x00\n", "lone": "\ud800"}
    async with place.open() as log:
        with place.main_away():
            await log.append("meetings.events", key=key, value=value, headers=headers)
        await until(lambda: place.flag() == 0)

    (record,) = await place.in_main("meetings.events")
    assert (record.key, record.value, dict(record.headers)) == (key, value, headers)


async def test_draining_comes_to_its_end_while_records_keep_coming(place: Place) -> None:
    numbers = iter(range(10**9))
    async with place.open() as log, place.open() as other:

        async def keep_appending(to: int) -> None:
            while True:
                await append((log, other)[to % 2], next(numbers), key=f"bot-{to}")

        with place.main_away():
            await append(log, next(numbers))
            appending = [asyncio.ensure_future(keep_appending(to)) for to in range(32)]
            await until(lambda: len(place.numbers_waiting()) > 2000)
        await until(lambda: place.flag() == 0)
        drained_at = next(numbers)
        await until(lambda: next(numbers) > drained_at + 2000)
        assert place.flag() == 0
        for task in appending:
            task.cancel()
        await asyncio.gather(*appending, return_exceptions=True)

    by_key: dict[str, list[int]] = {}
    for record in await place.in_main():
        by_key.setdefault(record.key, []).append(int(record.value))
    assert all(found == sorted(found) for found in (list(dict.fromkeys(n)) for n in by_key.values()))


async def test_a_log_that_goes_away_again_while_it_is_drained_into_gets_the_rest_later(place: Place) -> None:
    async with place.open() as log:
        with place.main_away():
            await asyncio.gather(*(append(log, number) for number in range(3000)))
        await until(lambda: len(place.numbers_waiting()) < 3000)
        with place.main_away():
            left = len(place.numbers_waiting())
            assert 0 < left < 3000
            await append(log, 3000)
            await until(lambda: is_away(log))
        await until(lambda: place.flag() == 0)

    assert await place.numbers() == list(range(3001))


async def test_a_cancelled_append_is_not_taken_back(place: Place) -> None:
    async with place.open() as log:
        with place.main_away():
            appends = [asyncio.ensure_future(append(log, number)) for number in range(5)]
            await asyncio.sleep(0)
            appends[2].cancel()
            results = await asyncio.gather(*appends, return_exceptions=True)
        await until(lambda: place.flag() == 0)

    assert isinstance(results[2], asyncio.CancelledError)
    assert await place.numbers() == list(range(5))


async def test_a_start_without_the_main_log_accepts_at_once(place: Place) -> None:
    with place.main_away():
        async with place.open() as log:
            began = time.perf_counter()
            await append(log, 0)
            assert time.perf_counter() - began < 1

    async with place.open() as log:
        await append(log, 1)
        await until(lambda: place.flag() == 0)
    assert await place.numbers() == [0, 1]


async def test_closing_lets_running_appends_finish_and_leaves_the_rest_for_the_next_start(
    place: Place,
) -> None:
    with place.main_away():
        async with place.open() as log:
            await append(log, 0)
        running = []
        async with place.open() as log:
            running = [asyncio.ensure_future(append(log, number)) for number in range(1, 20)]
            await asyncio.sleep(0)
        await asyncio.gather(*running)
    assert await place.numbers() == []

    async with place.open():
        await until(lambda: place.flag() == 0)
    assert await place.numbers() == list(range(20))


async def test_a_flag_that_a_crash_left_up_is_lowered(place: Place) -> None:
    async with place.open():
        pass
    place.spool.with_name("spool.db.flag").write_bytes(b"\x01")

    async with place.open() as log:
        await append(log, 0)
        await until(lambda: place.flag() == 0)
    assert await place.numbers() == [0]


async def test_a_flag_that_a_power_cut_lowered_is_raised(place: Place) -> None:
    with place.main_away():
        async with place.open() as log:
            await append(log, 0)
    place.spool.with_name("spool.db.flag").unlink()

    async with place.open() as log:
        await append(log, 1)
        await until(lambda: place.flag() == 0)
    assert await place.numbers() == [0, 1]


async def test_what_no_log_takes_is_refused_as_by_every_log(place: Place) -> None:
    async with place.open() as log:
        for _ in range(2):
            with pytest.raises(ValueError, match="over"):
                await log.append(WEBHOOKS, key="", value=bytes(MAX_RECORD_BYTES + 1), headers={})
            with pytest.raises(ValueError, match="there is no topic"):
                await log.append("nowhere", key="", value=b"", headers={})
            with place.main_away():
                await append(log, 0)


async def test_a_closed_log_says_so(place: Place) -> None:
    async with place.open() as log:
        pass

    with pytest.raises(LogUnavailable, match="closed"):
        await append(log, 0)
