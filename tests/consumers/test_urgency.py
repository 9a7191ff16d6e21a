"""What is fetched first: the files whose links die first."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from math import inf
from pathlib import Path

import pytest

from consumers.base import Services
from consumers.runner.lanes import Lanes
from consumers.runner.policy import Limits
from consumers.urgency import soonest_expiry
from infra.errors import Poison
from schemas.envelope import Record
from schemas.facts import Fact
from tests.consumers.running import append, opened_log, running, until_committed
from tests.consumers.storing import webhook

NOON = "X-Amz-Date=20260102T120000Z"
NOON_S = 1_767_355_200


def completed(meeting: str, **links: str | None) -> Record:
    return webhook("bot.completed", {"bot_id": meeting, **links}, event=meeting, meeting=meeting)


@pytest.mark.parametrize(
    ("links", "expiry"),
    [
        ({"video": f"https://x/v?{NOON}&X-Amz-Expires=60"}, NOON_S + 60),
        ({"video": f"https://x/v?{NOON}&X-Amz-Expires=60", "audio": "https://x/a?Expires=9"}, 9),
        ({"transcription": f"https://x/t?{NOON}&X-Amz-Expires=7"}, NOON_S + 7),
        ({"video": "https://x/v"}, inf),
        ({"video": "https://x/v?Expires=soon"}, inf),
        ({"video": None}, -inf),
    ],
)
def test_an_event_is_as_urgent_as_the_first_of_its_links_to_die(
    links: dict[str, str | None], expiry: float
) -> None:
    assert soonest_expiry(completed("bot-1", **links)) == expiry


def test_a_link_is_seen_however_it_is_written() -> None:
    record = completed("bot-1", video=f"https://x/v?{NOON}&X-Amz-Expires=60")
    escaped = record.value.replace(b"/", rb"\/").replace(b"&", rb"\u0026")
    assert soonest_expiry(replace(record, value=escaped)) == NOON_S + 60


def test_what_is_not_even_json_is_judged_all_the_same() -> None:
    assert soonest_expiry(replace(completed("bot-1"), value=b"\xff{ https://[?Expires=1")) == inf


def test_of_an_event_that_is_full_of_links_only_the_first_are_judged() -> None:
    """All events that were fetched together are, before anything else goes on."""
    value = b'"https://x/picture" ' * 1000 + b'"https://x/v?Expires=7" ' * 100 + b'"https://x/v?Expires=1"'
    assert soonest_expiry(replace(completed("bot-1"), value=value)) == 7


async def handed_out(lanes: Lanes) -> list[str]:
    order = []
    while lanes.records:
        turn = await lanes.next()
        assert turn is not None
        order.append(turn.record.key)
        lanes.done(turn)
    return order


async def test_of_the_meetings_that_are_ready_the_most_urgent_is_next() -> None:
    lanes = Lanes(max_records=100, max_bytes=1 << 20, urgency=soonest_expiry)
    events: dict[str, dict[str, str | None]] = {
        "never": {"video": "https://x/v"},
        "late": {"video": "https://x/v?Expires=300"},
        "soon": {"video": "https://x/v?Expires=100"},
        "also soon": {"video": "https://x/v?Expires=100"},
        "nothing": {"video": None},
        "between": {"audio": "https://x/v?Expires=200"},
    }
    for meeting, links in events.items():
        lanes.add(completed(meeting, **links))
    assert await handed_out(lanes) == ["nothing", "soon", "also soon", "between", "late", "never"]


async def test_one_that_cannot_be_judged_is_next_so_that_it_is_told() -> None:
    def urgency(record: Record) -> float:
        if record.key == "broken":
            raise Poison("unreadable")
        return 0

    lanes = Lanes(max_records=100, max_bytes=1 << 20, urgency=urgency)
    lanes.add(completed("whole"))
    lanes.add(completed("broken"))
    assert await handed_out(lanes) == ["broken", "whole"]


async def test_without_urgency_the_oldest_is_next() -> None:
    lanes = Lanes(max_records=100, max_bytes=1 << 20)
    for meeting in ("c", "a", "b"):
        lanes.add(completed(meeting))
    assert await handed_out(lanes) == ["c", "a", "b"]


async def test_within_a_meeting_the_order_stays() -> None:
    lanes = Lanes(max_records=100, max_bytes=1 << 20, urgency=soonest_expiry)
    first = completed("bot-1", video="https://x/v?Expires=900")
    second = completed("bot-1", video="https://x/v?Expires=1")
    lanes.add(first)
    lanes.add(second)
    turns = []
    while lanes.records:
        turn = await lanes.next()
        assert turn is not None
        turns.append(turn.record)
        lanes.done(turn)
    assert turns == [first, second]


async def test_the_next_of_a_meeting_is_as_urgent_as_it_is_itself() -> None:
    lanes = Lanes(max_records=100, max_bytes=1 << 20, urgency=soonest_expiry)
    lanes.add(completed("bot-1", video=None))
    lanes.add(completed("bot-1", video="https://x/v?Expires=1"))
    first = await lanes.next()
    assert first is not None
    lanes.add(completed("bot-2", video="https://x/v?Expires=2"))
    lanes.add(completed("bot-3", video="https://x/v?Expires=0"))
    lanes.done(first)
    assert await handed_out(lanes) == ["bot-3", "bot-1", "bot-2"]


async def test_what_is_dropped_and_what_is_closed_is_not_handed_out() -> None:
    lanes = Lanes(max_records=100, max_bytes=1 << 20, urgency=soonest_expiry)
    lanes.add(completed("bot-1", video="https://x/v?Expires=1"))
    lanes.drop([("meetings.webhooks", 0)])
    assert lanes.records == 0
    lanes.add(completed("bot-2", video="https://x/v?Expires=1"))
    lanes.close(3)
    assert [await lanes.next() for _ in range(3)] == [None, None, None]


async def test_one_that_comes_again_has_its_place() -> None:
    lanes = Lanes(max_records=100, max_bytes=1 << 20, urgency=soonest_expiry)
    lanes.add(completed("soon", video="https://x/v?Expires=1"))
    turn = await lanes.next()
    assert turn is not None
    lanes.add(completed("late", video="https://x/v?Expires=2"))
    lanes.again(turn, 0)
    await asyncio.sleep(0.01)  # timers go off in their order: its turn has come by then
    assert await handed_out(lanes) == ["soon", "late"]


async def test_a_runner_begins_with_what_its_consumer_calls_urgent(tmp_path: Path) -> None:
    begun: list[str] = []

    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        begun.append(record.key)
        return ()

    async with opened_log(tmp_path) as log:
        for key, dies in (("last", b"3"), ("late", b"2"), ("soon", b"1")):
            await append(log, key, key, value=dies)
        async with running(
            log, handle, urgency=lambda record: float(record.value), limits=Limits(concurrency=1)
        ):
            await until_committed(log, "recordings")
    assert begun == ["soon", "late", "last"]
