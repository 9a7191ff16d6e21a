"""The consumer `meetings` and dead letters: what failed of a meeting, until it is healed."""

import json
from collections.abc import Mapping

import pytest

from consumers.meetings import CONSUMER
from infra.database.failures import open_failures_of
from infra.database.meetings import MeetingOverview, find_meetings
from infra.database.outcomes import record_successes
from schemas.dead_letter import dead_letter_headers
from schemas.envelope import Record, event_headers
from schemas.facts import RECORDING_STORED
from schemas.topics import DEAD_LETTERS, EVENTS
from tests.consumers.storing import PROVIDER, Bench

_T0 = 1_767_323_045_000


async def test_a_dead_letter_is_a_failure_of_its_meeting_until_its_consumer_succeeds(bench: Bench) -> None:
    completed = bench.completed(event="c")
    await CONSUMER.handle(completed, bench.services)
    await CONSUMER.handle(_buried(completed), bench.services)
    assert (await _overview(bench, "bot-1")).open_failures == 1
    async with bench.services.database.transaction() as tx:
        (failure,) = await open_failures_of(tx, PROVIDER, "bot-1")
        await record_successes(tx, "recordings", [("c", failure.failed_ms + 1)])
    assert (failure.consumer, failure.kind, failure.attempts) == ("recordings", "exhausted", 7)
    assert (await _overview(bench, "bot-1")).open_failures == 0


async def test_a_fact_that_was_buried_counts_for_the_meeting_it_is_about(bench: Bench) -> None:
    fact = _record(EVENTS, RECORDING_STORED, json.dumps({"provider": PROVIDER}).encode())
    await CONSUMER.handle(_buried(fact), bench.services)
    async with bench.services.database.reading() as tx:
        assert len(await open_failures_of(tx, PROVIDER, "bot-1")) == 1


@pytest.mark.parametrize("value", [b"", b"[]", b"\xff", b"[" * 100_000, b'{"provider": ["\\ud800"]}'])
@pytest.mark.parametrize("headers", [{}, {"dl_consumer": "c", "dl_attempts": "many", "dl_time": "soon"}])
async def test_no_dead_letter_becomes_another_by_what_it_holds(
    bench: Bench, value: bytes, headers: Mapping[str, str]
) -> None:
    record = Record(DEAD_LETTERS, 0, 1, "k", _T0, {**headers, "dl_topic": EVENTS}, value)
    assert await CONSUMER.handle(record, bench.services) == ()


def _record(topic: str, type: str, value: bytes, id: str = "fact-1") -> Record:  # noqa: A002
    headers = event_headers(id=id, source="/adjourn", type=type, subject="bot-1", time="2026-01-02T03:04:05Z")
    return Record(topic, 0, 1, "bot-1", _T0, headers, value)


def _buried(record: Record) -> Record:
    headers = dead_letter_headers(
        record.headers,
        consumer="recordings",
        kind="exhausted",
        error="no answer",
        attempts=7,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        time="2026-01-02T03:05:00Z",
    )
    return Record(DEAD_LETTERS, 0, 1, record.key, _T0, headers, record.value)


async def _overview(bench: Bench, meeting: str) -> MeetingOverview:
    async with bench.services.database.reading() as tx:
        (overview,) = await find_meetings(tx, meeting)
    return overview
