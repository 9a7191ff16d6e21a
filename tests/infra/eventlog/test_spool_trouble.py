"""A spool that is full, broken or gone: nothing that was answered is lost, and it comes back by itself."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import pytest
import structlog
from prometheus_client import REGISTRY

from infra.errors import LogUnavailable
from infra.eventlog.base import EventLog
from infra.eventlog.spool.log import SpooledLog
from infra.eventlog.sqlite.log import SqliteLog
from schemas.envelope import Headers
from tests.infra.eventlog.disks import SmallDisk, small_disk
from tests.infra.eventlog.spooling import Place, append, until


@pytest.fixture
async def place(tmp_path: Path) -> Place:
    place = Place(tmp_path)
    main = SqliteLog(place.main)
    await main.setup()
    await main.close()
    return place


@dataclass(frozen=True)
class Slow:
    """A log that answers, and takes records only when it may."""

    log: EventLog
    may: asyncio.Event

    async def append(self, topic: str, *, key: str, value: bytes, headers: Headers) -> None:
        await self.may.wait()
        await self.log.append(topic, key=key, value=value, headers=headers)

    def __getattr__(self, name: str) -> object:
        return getattr(self.log, name)


async def says(log: SpooledLog, sentence: str) -> bool:
    return (await log.degraded()).get("log") == sentence


@pytest.fixture
def disk(place: Place) -> Iterator[SmallDisk]:
    place.spool.parent.mkdir()
    with small_disk(place.spool.parent) as disk:
        yield disk


async def append_until_full(log: SpooledLog, first: int) -> int:
    """The number of the first that was refused."""
    for number in range(first, first + 10_000):
        try:
            await append(log, number, padding=10_000)
        except LogUnavailable:
            return number
    raise AssertionError("the disk does not get full")


async def test_a_full_disk_refuses_loses_nothing_and_is_drained_full(place: Place, disk: SmallDisk) -> None:
    async with place.open() as log:
        with place.main_away():
            refused = await append_until_full(log, 0)
            disk.fill()
            with pytest.raises(LogUnavailable):
                await append(log, refused, padding=10_000)
        await until(lambda: place.flag() == 0)
        await append(log, refused + 1)
        await log.probe()

        # Nobody has made room, and there is some for the next outage.
        with place.main_away():
            again = await append_until_full(log, refused + 2)
        await until(lambda: place.flag() == 0)

    assert again > refused + 10
    answered = set(range(again)) - {refused}
    numbers = await place.numbers()
    assert answered <= set(numbers)
    assert numbers == sorted(numbers)


async def test_what_a_full_disk_does_not_let_go_comes_no_second_time(place: Place, disk: SmallDisk) -> None:
    place = replace(place, reserve_bytes=0)
    async with place.open() as log:
        with place.main_away():
            for number in range(20):
                await append(log, number, padding=10_000)
            disk.fill()
        await until(lambda: place.flag() == 0)
        await append(log, 20)
        kept = place.numbers_waiting()
        came = [record.value.split()[0] for record in await place.in_main()]

        disk.free()
        await until(lambda: place.numbers_waiting() == [])

    assert kept == list(range(20))
    assert came == [b"%d" % number for number in range(21)]
    assert len(await place.in_main()) == 21


async def test_a_spool_that_cannot_be_read_does_not_keep_the_main_log_from_taking_records(
    place: Place,
) -> None:
    async with place.open() as log:
        with place.main_away():
            await append(log, 0)
    backup = place.spool.read_bytes()
    for name in ("spool.db-wal", "spool.db-shm"):
        place.spool.with_name(name).unlink(missing_ok=True)
    place.spool.write_bytes(b"rubbish " * 10_000)

    with structlog.testing.capture_logs() as logged:
        async with place.open() as log:
            await until(lambda: any(line["event"] == "spool_unusable" for line in logged))
            await append(log, 1)
            await log.probe()
            assert "not a database" in (await log.degraded())["spool"]
            with place.main_away():
                for _ in range(2):
                    with pytest.raises(LogUnavailable, match="not a database"):
                        await append(log, 2)
                with pytest.raises(LogUnavailable):
                    await log.probe()

            repaired = place.spool.with_name("repaired")
            repaired.write_bytes(backup)
            repaired.replace(place.spool)
            await until(lambda: place.numbers_waiting() == [])
            await append(log, 3)

    # The first could not be known of when the second came.
    assert sorted(await place.numbers()) == [0, 1, 3]
    assert len([line for line in logged if line["event"] == "spool_unusable"]) == 1


async def test_a_folder_that_cannot_be_made_is_told_and_does_without_a_spool(place: Place) -> None:
    place.spool.parent.write_text("in the way")
    async with place.open() as log:
        await append(log, 0)
        assert "spool" in await log.degraded()
        with place.main_away(), pytest.raises(LogUnavailable, match="unable to open"):
            await append(log, 1)

    assert await place.numbers() == [0]


async def test_it_says_what_is_away_and_counts_what_waits(place: Place) -> None:
    def value(name: str) -> float:
        return REGISTRY.get_sample_value(name) or 0

    spooled, drained = value("adjourn_spool_spooled_total"), value("adjourn_spool_drained_total")
    with structlog.testing.capture_logs() as logged:
        async with place.open() as log:
            assert await log.degraded() == {}
            with place.main_away():
                await asyncio.gather(*(append(log, number) for number in range(7)))
                await log.probe()
                degraded = await log.degraded()
                await until(lambda: value("adjourn_spool_records") == 7)
                await until(lambda: value("adjourn_spool_oldest_seconds") > 0)
            await until(lambda: place.flag() == 0)
            await until(lambda: value("adjourn_spool_records") == 0)
            assert value("adjourn_spool_oldest_seconds") == 0
            assert await log.degraded() == {}

    assert degraded["log"].startswith("Away, with 7 in the spool: ")
    assert value("adjourn_spool_spooled_total") == spooled + 7
    assert value("adjourn_spool_drained_total") == drained + 7
    told = [line["event"] for line in logged]
    assert told == ["spooling", "drained"]


async def test_that_the_main_log_is_back_is_said_only_when_it_has_answered(place: Place) -> None:
    with place.main_away():
        async with place.open() as log:
            await append(log, 0)
        async with place.open() as log:
            at_first = await log.degraded()

    takes = asyncio.Event()
    async with place.open(lambda path: cast(EventLog, Slow(SqliteLog(path), takes))) as log:
        await until(lambda: says(log, "Back, with 1 still in the spool."))
        takes.set()
        await until(lambda: place.flag() == 0)

    assert at_first == {"log": "Events that wait in the spool until the log takes them: 1."}


async def test_a_full_spool_is_named_as_what_refuses_events_while_the_main_log_is_away(
    place: Place, disk: SmallDisk
) -> None:
    async with place.open() as log:
        with place.main_away():
            await append_until_full(log, 0)
            degraded = await log.degraded()

    assert degraded["log"].startswith("Away")
    assert re.search(rf"refused: the spool {place.spool} cannot be used: .* full\.$", degraded["spool"])


async def test_a_long_outage_leaves_no_large_files(place: Place) -> None:
    async with place.open() as log:
        with place.main_away():
            for number in range(6):
                await append(log, number, padding=15_000_000)
            assert place.spool.stat().st_size > 50_000_000
        await until(lambda: place.flag() == 0)
        await until(lambda: sum(file.stat().st_size for file in place.spool.parent.iterdir()) < 5_000_000)

    assert await place.numbers() == list(range(6))
