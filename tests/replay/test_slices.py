"""Any slice of a topic is done once more, though nothing failed; and goes to others once more."""

import asyncio
from collections.abc import Mapping

from consumers.base import Consumer
from consumers.replay.again import ReplayCounts
from consumers.replay.choose import Wanted, choose
from consumers.replay.index import Index
from consumers.replay.republish import republish
from consumers.replay.source import Bounds
from consumers.replay.which import Which
from infra.clock import wall_clock_ms
from infra.database.replays import Replay
from schemas.topics import DEAD_LETTERS, EVENTS, WEBHOOKS
from tests.consumers.running import QUICK, append, records
from tests.replay.handlers import fails, recordings, seeing, transcripts
from tests.replay.pipeline import Pipeline, a_replay

MONTH = Wanted(Which(), topic=WEBHOOKS)
MONTH_AGAIN = Wanted(Which(), topic=WEBHOOKS, again=True)


async def test_of_a_slice_only_what_never_succeeded_is_done(p: Pipeline) -> None:
    seen: list[str] = []
    await append(p.log, "done", "m1")
    await p.run(recordings())
    await append(p.log, "new", "m1")
    await p.fail(("failed", "m1"))

    assert await p.replay(recordings(seeing(seen)), wanted=MONTH) == ReplayCounts(healed=2)

    assert seen == ["new", "failed"]
    assert await p.open_ids() == []


async def test_after_a_change_of_a_handler_a_slice_is_done_again_in_the_order_of_each_meeting(
    p: Pipeline,
) -> None:
    seen: list[str] = []
    for number in range(20):
        await append(p.log, str(number), f"m{number % 2}")
    await p.run(recordings())

    run = a_replay(wall_clock_ms() + 1)
    assert await p.replay(recordings(seeing(seen)), wanted=MONTH_AGAIN, run=run) == ReplayCounts(healed=20)

    for odd in (0, 1):
        assert [event for event in seen if int(event) % 2 == odd] == [str(n) for n in range(odd, 20, 2)]


async def test_each_consumer_of_a_topic_gets_its_slice(p: Pipeline) -> None:
    both: tuple[list[str], list[str]] = ([], [])
    await append(p.log, "e1", "m1")

    counts = await p.replay(recordings(seeing(both[0])), transcripts(seeing(both[1])), wanted=MONTH)

    assert (counts, both) == (ReplayCounts(healed=2), (["e1"], ["e1"]))


async def test_what_fails_in_a_slice_is_buried_once_with_the_attempts_of_its_letter(p: Pipeline) -> None:
    await p.fail(("known", "m1"))
    await append(p.log, "new", "m1")

    assert await p.replay(recordings(fails), wanted=MONTH) == ReplayCounts(failed=2)
    assert await p.replay(recordings(fails), wanted=MONTH) == ReplayCounts(failed=2)

    assert {letter.event_id: letter.attempts for letter in await p.open_letters()} == {"known": 3, "new": 2}


async def test_a_slice_is_of_a_time_a_type_and_a_meeting(p: Pipeline) -> None:
    seen: list[str] = []
    await append(p.log, "before", "m1")
    await asyncio.sleep(0.02)
    since = wall_clock_ms()
    await asyncio.sleep(0.02)
    await append(p.log, "meant", "m1")
    await append(p.log, "other type", "m1", type="meeting-baas.other")
    await append(p.log, "other meeting", "m2")
    await asyncio.sleep(0.02)
    until = wall_clock_ms()
    await asyncio.sleep(0.02)
    await append(p.log, "after", "m1")

    which = Which(since_ms=since, until_ms=until, meeting="m1", type="*.bot.completed")
    await p.replay(recordings(seeing(seen)), wanted=Wanted(which, topic=WEBHOOKS))

    assert seen == ["meant"]


async def test_a_slice_of_what_failed_like_this_is_of_records_with_such_a_letter(p: Pipeline) -> None:
    seen: list[str] = []
    await append(p.log, "never failed", "m1")
    await p.fail(("failed", "m1"))

    await p.replay(recordings(seeing(seen)), wanted=Wanted(Which(kind="poison"), topic=WEBHOOKS))

    assert seen == ["failed"]


async def test_a_discarded_record_is_not_in_a_slice_unless_asked_for(p: Pipeline) -> None:
    seen: list[str] = []
    await p.fail(("e1", "m1"))
    await p.discard((await p.open_letters())[0])

    assert await p.replay(recordings(seeing(seen)), wanted=MONTH) == ReplayCounts()
    await p.replay(recordings(seeing(seen)), wanted=MONTH_AGAIN)
    assert seen == ["e1"]


async def test_letters_themselves_are_a_slice_for_who_reads_them_and_failing_there_buries_nothing(
    p: Pipeline,
) -> None:
    seen: list[str] = []
    await p.fail(("e1", "m1"))
    wanted = Wanted(Which(), topic=DEAD_LETTERS)

    reader = Consumer("meetings", (DEAD_LETTERS,), fails)
    assert await p.replay(reader, wanted=wanted) == ReplayCounts(failed=1)
    await p.replay(Consumer("meetings", (DEAD_LETTERS,), seeing(seen)), wanted=wanted)

    assert seen == ["e1"]
    assert len(await records(p.log, DEAD_LETTERS)) == 1


async def test_what_failed_is_republished_once_with_its_id_and_the_name_of_the_replay(p: Pipeline) -> None:
    [record] = await p.fail(("e1", "m1"), value=b'{"n": 1}')
    await p.fail(("e1", "m1"), consumer="transcripts")

    assert await _republish(p, Wanted(Which(consumer="recordings"), once_each=True), a_replay()) == 1
    run = a_replay()
    await _republish(p, Wanted(Which(meeting="m1"), once_each=True), run)

    copies = await records(p.log, EVENTS)
    assert [(copy.key, copy.value, copy.id) for copy in copies[:1]] == [("m1", b'{"n": 1}', "e1")]
    assert copies[-1].headers == {**record.headers, "replay": run.id}


async def test_a_record_at_which_two_failed_is_republished_once(p: Pipeline) -> None:
    [record] = await p.fail(("e1", "m1"))
    await p.bury_for("transcripts", record)

    assert await _republish(p, Wanted(Which(), once_each=True), a_replay()) == 1


async def test_what_was_republished_before_a_kill_does_not_come_again(p: Pipeline) -> None:
    for number in range(30):
        await append(p.log, str(number), f"m{number}")
    wanted = Wanted(Which(), topic=WEBHOOKS, again=True, once_each=True)
    marks: dict[int, int] = {}
    run = a_replay()

    assert await _republish(p, wanted, run, limit=10, marks=marks) == 10
    left = Replay(run.id, run.command, run.began_ms, marks=marks)
    assert await _republish(p, wanted, left) == 20

    assert sorted(int(copy.id) for copy in await records(p.log, EVENTS)) == [*range(30)]


async def _republish(
    p: Pipeline,
    wanted: Wanted,
    run: Replay,
    *,
    limit: int | None = None,
    marks: dict[int, int] | None = None,
) -> int:
    async def save(done: int, reached: Mapping[int, int]) -> None:
        if marks is not None:
            marks.update(reached)

    with Index() as index:
        await choose(p.log, wanted, [""], p.closings, run=run, into=index)
        return await republish(
            index,
            p.log,
            topic=wanted.source,
            to=EVENTS,
            replay_id=run.id,
            marks=run.marks,
            save=save,
            bounds=Bounds(limit),
            policy=QUICK,
            stop=asyncio.Event(),
        )
