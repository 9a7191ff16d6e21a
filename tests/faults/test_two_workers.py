"""Workers of one group on Kafka: killed, frozen and started again, each of them a real process."""

import asyncio
import signal
import time
from pathlib import Path
from uuid import uuid4

from tests.faults.workers import Workers, workers
from tests.servers.kafka import KafkaServer

_KEYS = [f"m{number}" for number in range(16)]
_LONG = [f"long-{key}" for key in _KEYS]


async def _all_begin_long_work(group: Workers, *readers: asyncio.subprocess.Process) -> None:
    """When each of them reads some of the keys."""
    turn = 0
    while not all(group.said("ends", reader) for reader in readers):
        turn += 1
        for key in _KEYS:
            await group.append(f"warm-{turn}-{key}", key)
        await group.until_committed()
    for key in _KEYS:
        await group.append(f"long-{key}", key, b"long")
        await group.append(f"next-{key}", key)
    await group.until(lambda: set(_LONG) <= set(group.said("begins")))


async def test_one_is_killed_in_the_middle_of_its_work_and_the_other_finishes_both(
    kafka: KafkaServer, tmp_path: Path
) -> None:
    async with (
        workers(f"{kafka.url}?prefix={uuid4().hex}.", tmp_path) as group,
        group.worker() as first,
        group.worker() as second,
    ):
        await _all_begin_long_work(group, first, second)
        first.send_signal(signal.SIGKILL)
        await group.until(lambda: set(_LONG) <= set(group.said("begins", second)))
        group.let_handlers_end()
        await group.until_committed()
        begun, ended = group.said("begins", second), group.said("ends", second)

    assert all(ended.index(f"long-{key}") < ended.index(f"next-{key}") for key in _KEYS)
    # What the second was doing itself went on meanwhile.
    assert group.said("cancels") == []
    assert all(begun.count(event) == 1 for event in _LONG)


async def test_one_that_slept_past_its_session_does_not_commit_over_the_one_that_took_over(
    kafka: KafkaServer, tmp_path: Path
) -> None:
    async with (
        workers(f"{kafka.url}?prefix={uuid4().hex}.", tmp_path) as group,
        group.worker() as sleeper,
    ):
        await _all_begin_long_work(group, sleeper)
        sleeper.send_signal(signal.SIGSTOP)
        async with group.worker() as other:
            group.let_handlers_end()
            await group.until_committed()
            sleeper.send_signal(signal.SIGCONT)  # and now its handlers end, too
            await group.until(lambda: set(_LONG) <= {*group.said("ends", sleeper), *group.said("cancels")})
            before = len(group.said("ends", sleeper))
            turn = 0
            while len(group.said("ends", sleeper)) <= before + len(_KEYS):  # until it is a member again
                turn += 1
                for key in _KEYS:
                    await group.append(f"later-{turn}-{key}", key)
                await group.until_committed()

    for worker in (sleeper, other):
        begun = group.said("begins", worker)
        assert len(begun) == len(set(begun))


async def test_one_that_comes_takes_over_only_what_the_other_has_stopped(
    kafka: KafkaServer, tmp_path: Path
) -> None:
    async with (
        workers(f"{kafka.url}?prefix={uuid4().hex}.", tmp_path) as group,
        group.worker() as first,
    ):
        await _all_begin_long_work(group, first)
        async with group.worker() as second:
            await group.until(lambda: bool(group.said("begins", second)))
            await group.until(lambda: set(group.said("cancels")) == set(group.said("begins", second)))
            group.let_handlers_end()
            await group.until_committed()
            moved = [event for event in group.said("begins", second) if event in _LONG]

    assert sorted(group.said("cancels")) == sorted(moved)
    assert {*group.said("ends", first), *moved} >= set(_LONG)
    for event in moved:
        whats = [line.what for line in group.everything() if line.event == event]
        assert whats == ["begins", "cancels", "begins", "ends"]


async def test_one_that_is_back_at_once_goes_on_under_its_name_and_nothing_moves(
    kafka: KafkaServer, tmp_path: Path
) -> None:
    names, session_seconds = str(tmp_path / "names"), 16.0
    async with (
        workers(f"{kafka.url}?prefix={uuid4().hex}.", tmp_path) as group,
        group.worker(names, session_seconds) as first,
        group.worker(names, session_seconds) as second,
    ):
        await _all_begin_long_work(group, first, second)
        firsts = set(_LONG) & set(group.said("begins", first))
        first.send_signal(signal.SIGKILL)
        await first.wait()
        killed = time.monotonic()
        async with group.worker(names, session_seconds) as again:
            await group.until(lambda: firsts <= set(group.said("begins", again)))
            seconds = time.monotonic() - killed
            group.let_handlers_end()
            await group.until_committed()

    assert seconds < session_seconds * 0.6  # a dead member is noticed after nearly all of it
    assert group.said("cancels") == []
    assert not set(group.said("ends", second)) & firsts
