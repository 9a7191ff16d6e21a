import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from consumers.base import Consumer, Handler, Services
from consumers.dead_letters import open_letters
from consumers.replay import ReplayCounts, replay
from consumers.runner.policy import Limits
from infra.errors import Halt, Poison, Retryable
from schemas.envelope import Record
from schemas.facts import Fact
from schemas.topics import DEAD_LETTERS, EVENTS, WEBHOOKS
from tests.consumers.pipeline import pipeline
from tests.consumers.running import NO_SERVICES, QUICK, append, completed, records


async def fails(record: Record, services: Services) -> Sequence[Fact]:
    raise Poison("gone")


async def works(record: Record, services: Services) -> Sequence[Fact]:
    return ()


def recordings(handle: Handler = fails) -> Consumer:
    return Consumer("recordings", (WEBHOOKS,), handle)


async def test_replay_heals_what_can_be_done_now(tmp_path: Path) -> None:
    seen: list[Record] = []

    async def mended(record: Record, services: Services) -> Sequence[Fact]:
        seen.append(record)
        return [completed(record.key)]

    async with pipeline(tmp_path) as p:
        await append(p.log, "e1", "m1", value=b'{"n": 1}')
        await p.run(recordings())
        assert await p.open_ids() == ["e1"]

        assert await p.replay(recordings(mended)) == ReplayCounts(healed=1)

        assert await p.open_ids() == []
        assert [fact.key for fact in await records(p.log, EVENTS)] == ["m1"]
        (original,) = await records(p.log, WEBHOOKS)
    (record,) = seen
    assert (record.topic, record.partition, record.offset) == (WEBHOOKS, 0, original.offset)
    assert (record.key, record.value, record.headers) == ("m1", b'{"n": 1}', original.headers)


async def test_what_was_healed_is_not_done_again(tmp_path: Path) -> None:
    async with pipeline(tmp_path) as p:
        await append(p.log, "e1", "m1")
        await p.run(recordings())
        await p.replay(recordings(works))

        assert await p.replay(recordings(works)) == ReplayCounts()


async def test_what_succeeded_otherwise_meanwhile_is_not_done_again(tmp_path: Path) -> None:
    async with pipeline(tmp_path) as p:
        await append(p.log, "e1", "m1")
        await p.run(recordings())
        await append(p.log, "e1", "m1")
        await p.run(recordings(works))

        assert await p.replay(recordings(works)) == ReplayCounts()


async def test_an_older_success_does_not_close_a_letter(tmp_path: Path) -> None:
    async with pipeline(tmp_path) as p:
        await append(p.log, "e1", "m1")
        await p.run(recordings(works))
        await append(p.log, "e1", "m1")
        await p.run(recordings())

        assert await p.open_ids() == ["e1"]


async def test_what_fails_again_is_open_once_with_its_attempts_added_up(tmp_path: Path) -> None:
    async def never_ready(record: Record, services: Services) -> Sequence[Fact]:
        raise Retryable("still away")

    async with pipeline(tmp_path) as p:
        await append(p.log, "e1", "m1")
        await p.run(recordings())

        assert await p.replay(recordings(never_ready)) == ReplayCounts(failed=1)

        (letter,) = await open_letters(p.log, p.last_successes)
        assert len(await records(p.log, DEAD_LETTERS)) == 2
    assert (letter.kind, letter.error, letter.attempts) == ("exhausted", "still away", 1 + QUICK.attempts)
    assert (letter.topic, letter.partition, letter.offset) == (WEBHOOKS, 0, 1)


async def test_records_of_a_key_are_replayed_in_the_order_in_which_they_first_failed(tmp_path: Path) -> None:
    async def heals_the_second(record: Record, services: Services) -> Sequence[Fact]:
        if record.id == "first":
            raise Poison("not this time")
        raise Halt("interrupted")

    order: list[str] = []

    async def mended(record: Record, services: Services) -> Sequence[Fact]:
        await asyncio.sleep(0)
        order.append(record.id)
        return ()

    async with pipeline(tmp_path) as p:
        await append(p.log, "first", "m1")
        await append(p.log, "second", "m1")
        await p.run(recordings())
        with pytest.raises(Halt):
            await p.replay(recordings(heals_the_second))
        letters = [letter.id for letter in await records(p.log, DEAD_LETTERS)]
        assert letters == ["first", "second", "first"]

        await p.replay(recordings(mended))
    assert order == ["first", "second"]


async def test_more_failures_than_the_stop_rule_allows_do_not_stop_a_replay(tmp_path: Path) -> None:
    async def bug(record: Record, services: Services) -> Sequence[Fact]:
        raise KeyError("field")

    async with pipeline(tmp_path) as p:
        for number in range(30):
            await append(p.log, str(number), f"m{number}")
        await p.run(recordings())

        assert await p.replay(recordings(bug)) == ReplayCounts(failed=30)


async def test_one_consumer_can_be_replayed_alone(tmp_path: Path) -> None:
    transcripts = Consumer("transcripts", (WEBHOOKS,), fails)
    async with pipeline(tmp_path) as p:
        await append(p.log, "e1", "m1")
        await p.run(recordings())
        await p.run(transcripts)

        both = (recordings(works), Consumer("transcripts", (WEBHOOKS,), works))
        assert await p.replay(*both, only="transcripts") == ReplayCounts(healed=1)

        letters = await open_letters(p.log, p.last_successes)
    assert [letter.consumer for letter in letters] == ["recordings"]


async def test_letters_of_a_consumer_that_is_not_known_stay(tmp_path: Path) -> None:
    async with pipeline(tmp_path) as p:
        await append(p.log, "e1", "m1")
        await p.run(recordings())

        assert await p.replay() == ReplayCounts(unknown=1)

        assert await p.open_ids() == ["e1"]


async def test_progress_is_told_as_it_goes(tmp_path: Path) -> None:
    told: list[tuple[ReplayCounts, int]] = []
    async with pipeline(tmp_path) as p:
        await append(p.log, "e1", "m1")
        await append(p.log, "e2", "m1")
        await p.run(recordings())
        await replay(
            p.log,
            services=NO_SERVICES,
            consumers=[recordings(works)],
            remember=p.remember,
            last_successes=p.last_successes,
            policy=QUICK,
            limits=Limits(),
            stop=asyncio.Event(),
            on_progress=lambda counts, letters: told.append((counts, letters)),
        )
    assert told == [(ReplayCounts(healed=1), 2), (ReplayCounts(healed=2), 2)]


async def test_a_replay_that_is_stopped_leaves_the_rest_open(tmp_path: Path) -> None:
    stop = asyncio.Event()

    async def stops_after_the_first(record: Record, services: Services) -> Sequence[Fact]:
        stop.set()
        return ()

    async with pipeline(tmp_path) as p:
        for number in range(3):
            await append(p.log, str(number), "m1")
        await p.run(recordings())
        counts = await replay(
            p.log,
            services=NO_SERVICES,
            consumers=[recordings(stops_after_the_first)],
            remember=p.remember,
            last_successes=p.last_successes,
            policy=QUICK,
            limits=Limits(),
            stop=stop,
        )
        assert counts == ReplayCounts(healed=1)
        assert await p.open_ids() == ["1", "2"]
