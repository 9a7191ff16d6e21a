"""A replay that was left on its way goes on where it was; two at once do no harm."""

import asyncio
from collections.abc import Sequence

import pytest

from consumers.base import Services
from consumers.replay.again import ReplayCounts
from consumers.replay.choose import Wanted
from consumers.replay.which import Which
from infra.database.replays import advance_replay, begin_replay, end_replay, unfinished_replay
from infra.errors import Halt, Poison
from schemas.envelope import Record
from schemas.facts import Fact
from schemas.topics import DEAD_LETTERS, WEBHOOKS
from tests.consumers.running import append, records
from tests.replay.handlers import bug, fails, recordings, seeing
from tests.replay.pipeline import Pipeline, a_replay


async def test_what_failed_before_a_stop_is_not_tried_again_by_the_same_replay(p: Pipeline) -> None:
    async def halts_at_the_second(record: Record, services: Services) -> Sequence[Fact]:
        if record.id == "first":
            raise Poison("gone")
        raise Halt("the disk is full")

    seen: list[str] = []
    await p.fail(("first", "m1"), ("second", "m1"))
    run = a_replay()
    with pytest.raises(Halt):
        await p.replay(recordings(halts_at_the_second), run=run)

    assert await p.replay(recordings(seeing(seen)), run=run) == ReplayCounts(healed=1)
    assert seen == ["second"]

    assert await p.replay(recordings(seeing(seen)), run=a_replay(run.began_ms + 1)) == ReplayCounts(healed=1)
    assert seen == ["second", "first"]


async def test_what_was_done_again_before_a_stop_is_not_done_once_more_by_the_same_replay(
    p: Pipeline,
) -> None:
    seen: list[str] = []
    for event in ("e1", "e2", "e3"):
        await append(p.log, event, "m1")
    wanted = Wanted(Which(), topic=WEBHOOKS, again=True)
    await p.replay(recordings(), wanted=wanted)
    run = a_replay(await p.newest_closing("recordings", "e1", "e2", "e3") + 1)
    await p.replay(recordings(seeing(seen)), wanted=wanted, run=run, limit=2)

    assert await p.replay(recordings(seeing(seen)), wanted=wanted, run=run) == ReplayCounts(healed=1)
    assert seen == ["e1", "e2", "e3"]


async def test_a_replay_on_its_way_is_known_by_its_command_until_it_ends(p: Pipeline) -> None:
    run = a_replay()
    async with p.database.transaction() as tx:
        await begin_replay(tx, run)
        await advance_replay(tx, run.id, done=3)
        await advance_replay(tx, run.id, done=4, marks={0: 11, 2: 7})
    async with p.database.reading() as tx:
        left = await unfinished_replay(tx, run.command)
        assert await unfinished_replay(tx, "another command") is None
    assert left is not None
    assert (left.id, left.began_ms, left.done, left.marks) == (run.id, run.began_ms, 7, {0: 11, 2: 7})
    async with p.database.transaction() as tx:
        await end_replay(tx, run.id)
        assert await unfinished_replay(tx, run.command) is None


async def test_two_replays_at_once_leave_each_letter_open_once(p: Pipeline) -> None:
    await p.fail(*[(str(number), f"m{number % 5}") for number in range(40)])

    await asyncio.gather(p.replay(recordings(bug)), p.replay(recordings(fails), run=a_replay(1)))

    assert sorted(map(int, await p.open_ids())) == [*range(40)]


async def test_what_another_replay_has_done_meanwhile_is_passed_over(p: Pipeline) -> None:
    seen: list[str] = []

    async def slow(record: Record, services: Services) -> Sequence[Fact]:
        seen.append(record.id)
        await p.remember("recordings")([(str(number), 2**42) for number in range(40)])
        return ()

    await p.fail(*[(str(number), "m1") for number in range(40)])

    counts = await p.replay(recordings(slow), rate=100)

    assert (counts.healed + counts.passed, counts.healed < 40) == (40, True)
    assert await p.open_ids() == []


async def test_a_replay_beside_live_traffic_of_the_same_meetings_loses_and_doubles_nothing(
    p: Pipeline,
) -> None:
    """The handler keeps what it stores by the event's id, as all of them do."""
    stored: dict[str, int] = {}

    async def stores(record: Record, services: Services) -> Sequence[Fact]:
        await asyncio.sleep(0.001)
        stored[record.id] = stored.get(record.id, 0) + 1
        return ()

    await p.fail(*[(f"old {number}", f"m{number % 3}") for number in range(60)])

    async def live() -> None:
        for number in range(60):
            await append(p.log, f"new {number}", f"m{number % 3}")
        await p.run(recordings(stores))

    _, counts = await asyncio.gather(live(), p.replay(recordings(stores)))

    assert len(stored) == 120
    assert counts.failed == 0
    assert await p.open_ids() == []
    assert len(await records(p.log, DEAD_LETTERS)) == 60
