"""Every promise of `EventLog` about records, once, for all implementations; groups are beside this file."""

import asyncio
import time

import pytest

from infra.eventlog.base import MAX_RECORD_BYTES, EventLog
from schemas.topics import DEAD_LETTERS, EVENTS, WEBHOOKS
from tests.contracts.conftest import OpenLog
from tests.contracts.logs import DEADLINE_SECONDS, append, everything, take, values

_GROUP = "recordings"

# --- What goes in comes out


@pytest.mark.parametrize("value", [b"", b"\x00\xff\n\r", bytes(range(256)), '{"naïve": "日本"}'.encode()])
async def test_a_value_comes_back_byte_for_byte(eventlog: EventLog, value: bytes) -> None:
    await append(eventlog, value)

    assert [record.value for record in await everything(eventlog)] == [value]


@pytest.mark.parametrize("key", ["", "bot-1", "会議/../🦊", "a\x00b", "\ud800"])
async def test_a_key_comes_back_as_it_was(eventlog: EventLog, key: str) -> None:
    await append(eventlog, "x", key=key)

    assert [record.key for record in await everything(eventlog)] == [key]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"ce_id": "1", "content-type": ""},
        {"name": "Zoë 🦊\x00\n", "ключ": "значение"},
        {"lone": "\ud800"},
    ],
)
async def test_headers_come_back_as_they_were(eventlog: EventLog, headers: dict[str, str]) -> None:
    await eventlog.append(WEBHOOKS, key="k", value=b"", headers=headers)

    assert [dict(record.headers) for record in await everything(eventlog)] == [headers]


async def test_a_record_knows_its_topic_its_offset_and_when_it_was_appended(eventlog: EventLog) -> None:
    before_ms = time.time_ns() // 1_000_000
    await append(eventlog, "1", topic=EVENTS)
    await append(eventlog, "2", topic=EVENTS)
    after_ms = time.time_ns() // 1_000_000 + 1

    first, second = await everything(eventlog, EVENTS)

    assert (first.topic, first.partition) == (EVENTS, second.partition)
    assert first.offset < second.offset
    assert before_ms <= first.time_ms <= second.time_ms <= after_ms


async def test_the_largest_record_is_taken_and_given_back(eventlog: EventLog) -> None:
    value = bytes(range(256)) * (MAX_RECORD_BYTES // 256)
    await append(eventlog, value)

    async with eventlog.subscribe([WEBHOOKS], _GROUP) as subscription:
        (record,) = await take(subscription, 1)

    assert record.value == value


async def test_a_record_that_is_one_byte_too_large_is_refused_and_leaves_its_neighbours_alone(
    eventlog: EventLog,
) -> None:
    results = await asyncio.gather(
        append(eventlog, "before"),
        append(eventlog, bytes(MAX_RECORD_BYTES + 1)),
        append(eventlog, "after"),
        return_exceptions=True,
    )

    assert [type(result) for result in results] == [type(None), ValueError, type(None)]
    assert sorted(values(await everything(eventlog))) == ["after", "before"]


async def test_a_topic_that_is_none_of_ours_is_refused(eventlog: EventLog) -> None:
    with pytest.raises(ValueError, match=r"meetings\.webhook\b"):
        await append(eventlog, "x", topic="meetings.webhook")
    with pytest.raises(ValueError, match=r"meetings\.webhook\b"):
        await everything(eventlog, "meetings.webhook")


async def test_topics_do_not_mix(eventlog: EventLog) -> None:
    for topic in (WEBHOOKS, EVENTS, DEAD_LETTERS):
        await append(eventlog, topic, topic=topic)

    for topic in (WEBHOOKS, EVENTS, DEAD_LETTERS):
        assert values(await everything(eventlog, topic)) == [topic]


# --- Durable, and in order


async def test_what_was_appended_is_there_after_reopening(eventlog: EventLog, open_eventlog: OpenLog) -> None:
    await append(eventlog, "kept")
    await eventlog.close()

    assert values(await everything(await open_eventlog())) == ["kept"]


async def test_offsets_go_on_growing_after_reopening(eventlog: EventLog, open_eventlog: OpenLog) -> None:
    await append(eventlog, "1")
    await eventlog.close()
    reopened = await open_eventlog()
    await append(reopened, "2")

    first, second = await everything(reopened)

    assert first.offset < second.offset


async def test_records_of_a_key_come_in_the_order_of_their_appends_whatever_happens_beside_them(
    eventlog: EventLog,
) -> None:
    async def append_in_turn(key: str) -> None:
        for number in range(30):
            await append(eventlog, str(number), key=key)

    keys = [f"bot-{n}" for n in range(20)]
    async with asyncio.TaskGroup() as group:
        for key in keys:
            group.create_task(append_in_turn(key))

    async with eventlog.subscribe([WEBHOOKS], _GROUP) as subscription:
        records = await take(subscription, 600, at_once=7)
    for key in keys:
        assert values([r for r in records if r.key == key]) == [str(n) for n in range(30)]


async def test_closing_lets_running_appends_finish(eventlog: EventLog, open_eventlog: OpenLog) -> None:
    running = [asyncio.ensure_future(append(eventlog, str(n))) for n in range(200)]
    await asyncio.sleep(0)
    await eventlog.close()
    await asyncio.gather(*running)

    assert len(await everything(await open_eventlog())) == 200


async def test_a_cancelled_append_does_not_harm_its_neighbours(eventlog: EventLog) -> None:
    appends = [asyncio.ensure_future(append(eventlog, str(n))) for n in range(50)]
    await asyncio.sleep(0)
    appends[20].cancel()
    results = await asyncio.gather(*appends, return_exceptions=True)

    assert [n for n, result in enumerate(results) if result is not None] == [20]
    kept = values(await everything(eventlog))
    assert {str(n) for n in range(50) if n != 20} <= set(kept)
    assert len(kept) == len(set(kept))


async def test_a_probe_succeeds_and_leaves_no_record(eventlog: EventLog) -> None:
    await eventlog.probe()

    for topic in (WEBHOOKS, EVENTS, DEAD_LETTERS):
        assert await everything(eventlog, topic) == []


async def test_setting_up_again_keeps_what_is_there(eventlog: EventLog) -> None:
    await append(eventlog, "kept")
    await eventlog.setup()

    assert values(await everything(eventlog)) == ["kept"]


# --- Scanning


async def test_a_scan_gives_what_is_there_oldest_first_and_stops(eventlog: EventLog) -> None:
    await asyncio.gather(*(append(eventlog, str(number)) for number in range(600)))

    assert values(await everything(eventlog)) == [str(n) for n in range(600)]


async def test_a_scan_of_nothing_stops(eventlog: EventLog) -> None:
    assert await everything(eventlog) == []


async def test_a_scan_moves_no_group(eventlog: EventLog) -> None:
    await append(eventlog, "1")
    await everything(eventlog)

    assert await eventlog.backlog([WEBHOOKS], _GROUP) == 1


async def test_a_scan_leaves_out_what_came_while_it_ran(eventlog: EventLog) -> None:
    await append(eventlog, "1")
    await append(eventlog, "2")
    found = []
    async with asyncio.timeout(DEADLINE_SECONDS):
        async for record in eventlog.scan(WEBHOOKS):
            found.append(record)
            await append(eventlog, "late")

    assert values(found) == ["1", "2"]


async def test_a_scan_leaves_out_what_is_older_than_asked(eventlog: EventLog) -> None:
    await append(eventlog, "old")
    (old,) = await everything(eventlog)
    while time.time_ns() // 1_000_000 <= old.time_ms:
        await asyncio.sleep(0.001)
    await append(eventlog, "new")

    found = [record async for record in eventlog.scan(WEBHOOKS, since_ms=old.time_ms + 1)]

    assert values(found) == ["new"]


async def test_a_scan_from_the_latest_finds_nothing_old(eventlog: EventLog) -> None:
    await append(eventlog, "old")

    assert [record async for record in eventlog.scan(WEBHOOKS, start="latest")] == []


async def test_a_following_scan_goes_on_with_what_comes(eventlog: EventLog) -> None:
    await append(eventlog, "old")
    scan = eventlog.scan(WEBHOOKS, follow=True)
    found = []
    async with asyncio.timeout(DEADLINE_SECONDS):
        async for record in scan:
            found.append(record)
            if len(found) == 3:
                break
            await append(eventlog, f"new {len(found)}")

    assert values(found) == ["old", "new 1", "new 2"]


async def test_a_following_scan_from_the_latest_gives_only_what_comes(eventlog: EventLog) -> None:
    await append(eventlog, "old")
    scan = eventlog.scan(WEBHOOKS, start="latest", follow=True)
    waiting = asyncio.ensure_future(anext(scan))
    done, _ = await asyncio.wait([waiting], timeout=0.3)
    assert not done
    await append(eventlog, "new")

    async with asyncio.timeout(DEADLINE_SECONDS):
        assert (await waiting).value == b"new"
