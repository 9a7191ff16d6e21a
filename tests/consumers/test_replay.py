import asyncio
import json
import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from consumers.base import Consumer, Services
from consumers.dead_letters import all_letters, open_letters
from consumers.policy import Limits
from consumers.replay import ReplayCounts, replay
from consumers.work import Remember
from infra.database.engine import Database, open_database
from infra.database.outcomes import last_successes, record_successes
from infra.errors import Halt, Poison, Retryable
from infra.eventlog.sqlite import SqliteLog
from schemas.dead_letter import dead_letter_headers
from schemas.envelope import Record, event_headers
from schemas.facts import Fact
from schemas.topics import DEAD_LETTERS, EVENTS, WEBHOOKS
from tests.consumers.running import (
    NO_SERVICES,
    QUICK,
    append,
    completed,
    opened_log,
    records,
    running,
    until_committed,
)


@dataclass(frozen=True)
class Pipeline:
    """A real log and a real table of outcomes."""

    log: SqliteLog
    database: Database

    def remember(self, consumer: str) -> Remember:
        async def keep(successes: Sequence[tuple[str, int]]) -> None:
            async with self.database.transaction() as tx:
                await record_successes(tx, consumer, successes)

        return keep

    async def last_successes(self, consumer: str, ids: Collection[str]) -> Mapping[str, int]:
        async with self.database.reading() as tx:
            return await last_successes(tx, consumer, ids)

    async def run(self, consumer: Consumer) -> None:
        """Until it has done what is there."""
        async with running(
            self.log,
            consumer.handle,
            name=consumer.name,
            topics=consumer.topics,
            remember=self.remember(consumer.name),
        ):
            await until_committed(self.log, consumer.name, consumer.topics)

    async def replay(self, *consumers: Consumer, only: str | None = None) -> ReplayCounts:
        return await replay(
            self.log,
            services=NO_SERVICES,
            consumers=consumers,
            remember=self.remember,
            last_successes=self.last_successes,
            policy=QUICK,
            limits=Limits(commit_every_seconds=0.01),
            stop=asyncio.Event(),
            consumer=only,
        )

    async def open_ids(self) -> list[str]:
        return [letter.event_id for letter in await open_letters(self.log, self.last_successes)]


@asynccontextmanager
async def pipeline(folder: Path) -> AsyncIterator[Pipeline]:
    async with opened_log(folder) as log, open_database(f"sqlite:///{folder}/adjourn.db") as database:
        await database.setup()
        yield Pipeline(log, database)


async def fails(record: Record, services: Services) -> Sequence[Fact]:
    raise Poison("gone")


async def works(record: Record, services: Services) -> Sequence[Fact]:
    return ()


def recordings(handle: object = fails) -> Consumer:
    return Consumer("recordings", (WEBHOOKS,), handle)  # type: ignore[arg-type]


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


async def test_what_the_receiver_refused_and_we_can_read_now_is_accepted(tmp_path: Path) -> None:
    body = json.dumps({"event": "failed", "data": {"bot_id": "m1", "error": "CannotJoinMeeting"}}).encode()
    async with pipeline(tmp_path) as p:
        await _quarantine(p.log, "msg_1", body)

        assert await p.replay() == ReplayCounts(healed=1)

        (record,) = await records(p.log, WEBHOOKS)
        assert (record.key, record.value, record.id) == ("m1", body, "msg_1")
        assert record.type == "meeting-baas.failed"
        assert record.headers["ce_source"] == "/webhooks/meeting-baas"
        assert not [name for name in record.headers if name.startswith("dl_")]
        assert await p.open_ids() == []
        assert await p.replay() == ReplayCounts()
        assert len(await records(p.log, WEBHOOKS)) == 1


@pytest.mark.parametrize(
    ("type_", "channel"), [("meeting-baas.unreadable", "alert"), ("meeting-baas.alert.error_rate", "")]
)
async def test_what_the_receiver_refused_is_read_as_what_it_was_authenticated_for(
    tmp_path: Path, type_: str, channel: str
) -> None:
    body = json.dumps({"alert_type": "error_rate", "alert_rule_id": "rule-1"}).encode()
    async with pipeline(tmp_path) as p:
        await _quarantine(p.log, "msg_1", body, type=type_, channel=channel)

        assert await p.replay() == ReplayCounts(healed=1)

        (record,) = await records(p.log, WEBHOOKS)
    assert (record.key, record.type) == ("rule-1", "meeting-baas.alert.error_rate")


async def test_what_is_still_no_event_stays_as_it_is(tmp_path: Path) -> None:
    async with pipeline(tmp_path) as p:
        await _quarantine(p.log, "msg_1", b"[not json")

        assert await p.replay() == ReplayCounts(failed=1)

        assert await p.open_ids() == ["msg_1"]
        assert len(await records(p.log, DEAD_LETTERS)) == 1
        assert await records(p.log, WEBHOOKS) == []


async def test_a_letter_of_the_receiver_that_came_twice_is_open_once(tmp_path: Path) -> None:
    async with pipeline(tmp_path) as p:
        await _quarantine(p.log, "msg_1", b"[not json")
        await _quarantine(p.log, "msg_1", b"[not json")

        assert len(await all_letters(p.log)) == 1


async def _quarantine(
    log: SqliteLog,
    id: str,  # noqa: A002
    body: bytes,
    *,
    type: str = "meeting-baas.unreadable",  # noqa: A002
    channel: str = "",
) -> None:
    event = event_headers(
        id=id,
        source="/webhooks/meeting-baas",
        type=type,
        subject="",
        time="2026-01-02T03:04:05Z",
    )
    # Buried some time before it is replayed, as it is outside of tests.
    buried = time.gmtime(time.time() - 10)
    headers = dead_letter_headers(
        event,
        consumer="receiver",
        kind="invalid",
        error="the body is not JSON",
        attempts=1,
        topic=WEBHOOKS,
        partition=None,
        offset=None,
        time=time.strftime("%Y-%m-%dT%H:%M:%SZ", buried),
    )
    if channel:
        headers["dl_channel"] = channel
    await log.append(DEAD_LETTERS, key="", value=body, headers=headers)
