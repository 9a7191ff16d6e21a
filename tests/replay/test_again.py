"""What failed is done again: what becomes of it, of its letter, and of the order."""

import asyncio
from collections.abc import Sequence

import pytest

from consumers.base import Services
from consumers.replay.again import ReplayCounts
from consumers.replay.choose import Wanted
from consumers.replay.which import Which
from infra.database.failures import Failure, add_failure, open_failures_of
from infra.errors import Halt, Poison
from schemas.envelope import Record
from schemas.facts import Fact
from schemas.topics import DEAD_LETTERS, EVENTS, WEBHOOKS
from tests.consumers.running import QUICK, append, completed, records
from tests.replay.handlers import bug, fails, never_ready, recordings, seeing, transcripts, works
from tests.replay.pipeline import Pipeline, a_replay


async def test_replay_heals_what_can_be_done_now(p: Pipeline) -> None:
    seen: list[Record] = []

    async def mended(record: Record, services: Services) -> Sequence[Fact]:
        seen.append(record)
        return [completed(record.key)]

    await p.fail(("e1", "m1"), value=b'{"n": 1}')
    assert await p.open_ids() == ["e1"]

    assert await p.replay(recordings(mended)) == ReplayCounts(healed=1)

    assert await p.open_ids() == []
    assert [fact.key for fact in await records(p.log, EVENTS)] == ["m1"]
    (original,) = await records(p.log, WEBHOOKS)
    (record,) = seen
    assert (record.topic, record.partition, record.offset) == (WEBHOOKS, original.partition, original.offset)
    assert (record.key, record.value, record.headers) == ("m1", b'{"n": 1}', original.headers)


async def test_what_the_runner_buried_is_healed(p: Pipeline) -> None:
    await append(p.log, "e1", "m1")
    await p.run(recordings(fails))
    assert await p.open_ids() == ["e1"]

    assert await p.replay(recordings()) == ReplayCounts(healed=1)
    assert await p.open_ids() == []


async def test_what_was_healed_is_not_done_again(p: Pipeline) -> None:
    await p.fail(("e1", "m1"))
    await p.replay(recordings())

    assert await p.replay(recordings()) == ReplayCounts()


async def test_what_succeeded_otherwise_meanwhile_is_not_done_again(p: Pipeline) -> None:
    await p.fail(("e1", "m1"))
    await p.run(recordings())

    assert await p.replay(recordings()) == ReplayCounts()


async def test_an_older_success_does_not_close_a_letter(p: Pipeline) -> None:
    await append(p.log, "e1", "m1")
    await p.run(recordings())
    await p.fail(("e1", "m1"), ago_ms=-1000)

    assert await p.open_ids() == ["e1"]


async def test_what_has_been_done_is_done_again_where_that_is_asked_for(p: Pipeline) -> None:
    seen: list[str] = []
    await p.fail(("e1", "m1"))
    await p.replay(recordings(), run=a_replay(began_ms=0))

    assert await p.replay(recordings(seeing(seen)), wanted=Wanted(Which(), again=True)) == ReplayCounts(
        healed=1
    )
    assert seen == ["e1"]


async def test_what_fails_again_is_open_once_with_its_attempts_added_up(p: Pipeline) -> None:
    [record] = await p.fail(("e1", "m1"))

    assert await p.replay(recordings(never_ready)) == ReplayCounts(failed=1)
    assert await p.replay(recordings(never_ready)) == ReplayCounts(failed=1)

    (letter,) = await p.open_letters()
    assert len(await records(p.log, DEAD_LETTERS)) == 3
    assert (letter.kind, letter.error, letter.attempts) == ("exhausted", "still away", 1 + 2 * QUICK.attempts)
    assert (letter.topic, letter.partition, letter.offset) == (WEBHOOKS, record.partition, record.offset)


async def test_a_bug_is_buried_once_more_with_its_traceback(p: Pipeline) -> None:
    await p.fail(("e1", "m1"))

    assert await p.replay(recordings(bug)) == ReplayCounts(failed=1)

    (letter,) = await p.open_letters()
    assert (letter.kind, letter.attempts) == ("bug", 1 + QUICK.bug_attempts)
    newest = (await records(p.log, DEAD_LETTERS))[-1]
    assert "KeyError" in newest.headers["dl_traceback"]


async def test_what_was_tried_too_often_is_left_alone(p: Pipeline) -> None:
    seen: list[str] = []
    await p.fail(("e1", "m1"), ("e2", "m2"))
    await p.replay(recordings(fails), wanted=Wanted(Which(meeting="m1")))

    only_fresh = Wanted(Which(max_attempts=2))
    assert await p.replay(recordings(seeing(seen)), wanted=only_fresh) == ReplayCounts(healed=1)
    assert seen == ["e2"]


async def test_a_replay_does_not_bury_what_somebody_else_does_meanwhile(p: Pipeline) -> None:
    async def overtaken(record: Record, services: Services) -> Sequence[Fact]:
        await p.remember("recordings")([(record.id, 2**42)])
        raise Poison("too late")

    await p.fail(("e1", "m1"))

    assert await p.replay(recordings(overtaken)) == ReplayCounts(passed=1)
    assert await p.open_ids() == []
    assert len(await records(p.log, DEAD_LETTERS)) == 1


async def test_records_of_a_key_are_replayed_in_the_order_in_which_they_first_failed(p: Pipeline) -> None:
    async def heals_the_second(record: Record, services: Services) -> Sequence[Fact]:
        if record.id == "first":
            raise Poison("not this time")
        raise Halt("interrupted")

    order: list[str] = []
    await p.fail(("first", "m1"), ("second", "m1"))
    with pytest.raises(Halt):
        await p.replay(recordings(heals_the_second))
    letters = [letter.id for letter in await records(p.log, DEAD_LETTERS)]
    assert letters == ["first", "second", "first"]

    await p.replay(recordings(seeing(order)))
    assert order == ["first", "second"]


async def test_more_failures_than_the_stop_rule_allows_do_not_stop_a_replay(p: Pipeline) -> None:
    await p.fail(*[(str(number), f"m{number}") for number in range(30)])

    assert await p.replay(recordings(bug)) == ReplayCounts(failed=30)
    assert len(await p.open_ids()) == 30


async def test_one_consumer_can_be_replayed_alone(p: Pipeline) -> None:
    await p.fail(("e1", "m1"))
    await p.fail(("e1", "m1"), consumer="transcripts")

    only = Wanted(Which(consumer="transcripts"))
    assert await p.replay(recordings(), transcripts(), wanted=only) == ReplayCounts(healed=1)

    assert [letter.consumer for letter in await p.open_letters()] == ["recordings"]


async def test_letters_of_a_consumer_that_is_not_known_stay(p: Pipeline) -> None:
    await p.fail(("e1", "m1"))

    assert await p.replay() == ReplayCounts(unknown=1)

    assert await p.open_ids() == ["e1"]


async def test_what_became_of_each_is_told_as_it_goes(p: Pipeline) -> None:
    await p.fail(("e1", "m1"))
    await p.replay(recordings(never_ready))
    await p.replay(recordings(works))

    told = [(each.letter.event_id, each.outcome, each.error) for each in p.handled]
    assert told == [("e1", "exhausted", "still away"), ("e1", "done", "")]


async def test_a_replay_that_is_stopped_leaves_the_rest_open(p: Pipeline) -> None:
    stop = asyncio.Event()

    async def stops_after_the_first(record: Record, services: Services) -> Sequence[Fact]:
        stop.set()
        return ()

    await p.fail(*[(str(number), "m1") for number in range(3)])

    assert await p.replay(recordings(stops_after_the_first), stop=stop) == ReplayCounts(healed=1)
    assert await p.open_ids() == ["1", "2"]


async def test_no_more_are_tried_than_was_asked_for(p: Pipeline) -> None:
    await p.fail(*[(str(number), "m1") for number in range(5)])

    assert await p.replay(recordings(), limit=2) == ReplayCounts(healed=2)
    assert await p.open_ids() == ["2", "3", "4"]


async def test_no_more_are_tried_of_all_consumers_together_than_was_asked_for(p: Pipeline) -> None:
    for record in await p.fail(("e1", "m1"), ("e2", "m1")):
        await p.bury_for("transcripts", record)

    assert await p.replay(recordings(), transcripts(), limit=3) == ReplayCounts(healed=3)
    assert await p.open_ids() == ["e2"]


async def test_a_record_without_an_id_is_healed_once(p: Pipeline) -> None:
    await p.log.append(WEBHOOKS, key="m1", value=b"{}", headers={"ce_type": "meeting-baas.complete"})
    [record] = await records(p.log, WEBHOOKS)
    await p.bury_for("recordings", record)

    assert await p.replay(recordings()) == ReplayCounts(healed=1)
    assert await p.replay(recordings()) == ReplayCounts()


async def test_no_faster_than_was_asked_for(p: Pipeline) -> None:
    await p.fail(*[(str(number), f"m{number}") for number in range(5)])
    began = asyncio.get_running_loop().time()

    assert await p.replay(recordings(), rate=10) == ReplayCounts(healed=5)
    assert asyncio.get_running_loop().time() - began >= 0.4


async def test_what_is_discarded_is_no_open_failure_of_its_meeting(p: Pipeline) -> None:
    [record] = await p.fail(("e1", "m1"))
    [letter] = await p.open_letters()
    failure = Failure(
        "recordings", "e1", record.type, "meeting-baas", "m1", "poison", "gone", 1, letter.time_ms, 0, 1
    )
    async with p.database.transaction() as tx:
        await add_failure(tx, failure)
        assert await open_failures_of(tx, "meeting-baas", "m1") == [failure]

    await p.discard(letter)

    assert await p.replay(recordings()) == ReplayCounts()
    async with p.database.reading() as tx:
        assert await open_failures_of(tx, "meeting-baas", "m1") == []
