"""What is stored comes back, in the promised order, whatever it is made of."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import permutations

import pytest

from infra.database.artifacts import add_artifact, artifacts_of
from infra.database.engine import Database
from infra.database.events import MeetingEvent, add_event, timeline
from infra.database.failures import Failure, add_failure, open_failures_of
from infra.database.meetings import Meeting, find_meetings, list_meetings, save_meeting
from infra.database.outcomes import last_successes, record_successes
from schemas.manifest import Artifact
from schemas.meeting import Observation, State

_NOON = datetime(2026, 11, 21, 12, 0, 0, 123456, UTC)


async def test_artifacts_come_in_the_order_in_which_they_were_stored_then_by_name(database: Database) -> None:
    late, b, a = _artifact("z", _NOON + timedelta(seconds=1)), _artifact("b", _NOON), _artifact("a", _NOON)
    async with database.transaction() as tx:
        for artifact in (late, b, a):
            await add_artifact(tx, "p", "m", artifact)
        assert await artifacts_of(tx, "p", "m") == [a, b, late]


async def test_an_artifact_of_the_same_name_takes_the_place_of_the_one_before(database: Database) -> None:
    async with database.transaction() as tx:
        await add_artifact(tx, "p", "m", _artifact("a", _NOON))
        await add_artifact(tx, "p", "m", _artifact("a", _NOON, size=2))
        assert await artifacts_of(tx, "p", "m") == [_artifact("a", _NOON, size=2)]


async def test_artifacts_belong_to_one_meeting_of_one_provider(database: Database) -> None:
    async with database.transaction() as tx:
        await add_artifact(tx, "p", "m", _artifact("a", _NOON))
        assert await artifacts_of(tx, "q", "m") == []
        assert await artifacts_of(tx, "p", "n") == []


@pytest.mark.parametrize("times", list(permutations((1, 2, 3))))
async def test_of_several_successes_the_newest_is_kept(database: Database, times: tuple[int, ...]) -> None:
    async with database.transaction() as tx:
        await record_successes(tx, "c", [("e", time) for time in times])
        assert await last_successes(tx, "c", {"e"}) == {"e": 3}


async def test_successes_of_another_consumer_are_not_ours(database: Database) -> None:
    async with database.transaction() as tx:
        await record_successes(tx, "another", [("e", 1)])
        assert await last_successes(tx, "c", {"e"}) == {}


async def test_tens_of_thousands_of_successes_go_in_and_out_at_once(database: Database) -> None:
    many = [(f"event-{number}", number) for number in range(40_000)]
    async with database.transaction() as tx:
        await record_successes(tx, "c", many)
        assert await last_successes(tx, "c", [event for event, _ in many] + ["unknown"]) == dict(many)


async def test_nothing_to_record_and_nothing_to_ask_are_fine(database: Database) -> None:
    async with database.transaction() as tx:
        await record_successes(tx, "c", [])
        assert await last_successes(tx, "c", ()) == {}


async def test_an_event_comes_back_as_it_was_said(database: Database) -> None:
    said = Observation(
        provider="p",
        meeting_id="m",
        type="bot.completed",
        at=_NOON.astimezone(timezone(timedelta(hours=5, minutes=45))),
        says=State.COMPLETED,
        detail="NO_SPEAKER",
        error="e",
        message="m",
        joined_at=_NOON,
        ended_at=_NOON,
        duration_seconds=1.5,
        participants=("Zoë", "李"),
    )
    async with database.transaction() as tx:
        await add_event(tx, MeetingEvent("id", 1, said))
        assert await timeline(tx, "p", "m") == [MeetingEvent("id", 1, said)]


@pytest.mark.parametrize("received", list(permutations((10, 20, 30))))
async def test_an_event_that_comes_again_is_one_line_at_its_first_time(
    database: Database, received: tuple[int, ...]
) -> None:
    async with database.transaction() as tx:
        for time_ms in received:
            await add_event(tx, MeetingEvent("id", time_ms, Observation("p", "m", "t")))
        assert [event.received_ms for event in await timeline(tx, "p", "m")] == [10]


async def test_a_timeline_follows_the_senders_clock_and_ours_where_there_is_none(database: Database) -> None:
    received_ms = int(_NOON.timestamp() * 1000)
    async with database.transaction() as tx:
        await add_event(tx, MeetingEvent("last", 0, Observation("p", "m", "t", at=_NOON + timedelta(1))))
        await add_event(tx, MeetingEvent("middle", received_ms, Observation("p", "m", "t")))
        await add_event(tx, MeetingEvent("first", 0, Observation("p", "m", "t", at=_NOON - timedelta(1))))
        assert [event.id for event in await timeline(tx, "p", "m")] == ["first", "middle", "last"]


@pytest.mark.parametrize("text", ["half \ud83d of a pair", "a\x00b", "'; DROP TABLE events; --", "😀", ""])
async def test_text_of_any_content_is_kept_and_found_again(database: Database, text: str) -> None:
    kept = text.replace("\ud83d", "\ufffd").replace("\x00", "\ufffd")
    said = Observation("p", text, text, detail=text, participants=(text,))
    async with database.transaction() as tx:
        await add_event(tx, MeetingEvent(text, 1, said))
        await record_successes(tx, "c", [(text, 1)])
        assert await last_successes(tx, "c", [text]) == {kept: 1}
        (found,) = await timeline(tx, "p", text)
    assert (found.id, found.said.meeting_id, found.said.participants) == (kept, kept, (kept,))


@pytest.mark.parametrize("at", [datetime.max, datetime.min, datetime(1969, 7, 20)])  # noqa: DTZ001, DTZ901
@pytest.mark.parametrize("hours", [-12, 0, 14])
async def test_a_moment_of_any_year_and_zone_is_kept(database: Database, at: datetime, hours: int) -> None:
    with_zone = at.replace(tzinfo=timezone(timedelta(hours=hours)))
    async with database.transaction() as tx:
        await add_event(tx, MeetingEvent("e", 1, Observation("p", "m", "t", at=with_zone)))
        (found,) = await timeline(tx, "p", "m")
    assert found.said.at is not None
    assert found.said.at.tzinfo is UTC
    assert found.said.at.year == at.year


async def test_the_meetings_that_last_had_an_event_come_first(database: Database) -> None:
    async with database.transaction() as tx:
        for meeting_id, last_event_ms in (("old", 1), ("new", 3), ("middle", 2)):
            await save_meeting(tx, _meeting(meeting_id, last_event_ms))
        found = await list_meetings(tx, limit=2)
    assert [overview.meeting for overview in found] == [_meeting("new", 3), _meeting("middle", 2)]


async def test_a_meeting_is_found_by_its_id_or_by_provider_and_id(database: Database) -> None:
    async with database.transaction() as tx:
        for provider in ("p", "q"):
            await save_meeting(tx, _meeting("m", 1, provider))
        assert [one.meeting.provider for one in await find_meetings(tx, "m")] == ["p", "q"]
        assert [one.meeting.provider for one in await find_meetings(tx, "m", "q")] == ["q"]
        assert await find_meetings(tx, "another") == []


async def test_a_meeting_shows_what_is_stored_of_it_and_no_others(database: Database) -> None:
    async with database.transaction() as tx:
        for meeting_id in ("m", "n"):
            await save_meeting(tx, _meeting(meeting_id, 1))
            await add_artifact(tx, "p", meeting_id, _artifact(f"of-{meeting_id}", _NOON))
        (overview,) = await find_meetings(tx, "m")
    assert overview.artifacts == (_artifact("of-m", _NOON),)


async def test_a_failure_is_open_until_the_same_consumer_does_the_same_event(database: Database) -> None:
    async with database.transaction() as tx:
        await save_meeting(tx, _meeting("m", 1))
        await add_failure(tx, _failure("e", failed_ms=100))
        for consumer, event, succeeded_ms, still_open in (
            ("c", "e", 99, 1),
            ("another", "e", 200, 1),
            ("c", "another", 200, 1),
            ("c", "e", 101, 0),
        ):
            await record_successes(tx, consumer, [(event, succeeded_ms)])
            assert len(await open_failures_of(tx, "p", "m")) == still_open
            assert [one.open_failures for one in await list_meetings(tx, limit=9)] == [still_open]


async def test_a_failure_after_a_success_is_open(database: Database) -> None:
    async with database.transaction() as tx:
        await record_successes(tx, "c", [("e", 99)])
        await add_failure(tx, _failure("e", failed_ms=100))
        assert await open_failures_of(tx, "p", "m") == [_failure("e", failed_ms=100)]


@pytest.mark.parametrize("order", list(permutations((1, 2, 3))))
async def test_of_several_letters_about_one_failure_the_newest_counts(
    database: Database, order: tuple[int, ...]
) -> None:
    async with database.transaction() as tx:
        for failed_ms in order:
            await add_failure(tx, _failure("e", failed_ms))
        assert await open_failures_of(tx, "p", "m") == [_failure("e", failed_ms=3)]


async def test_numbers_as_large_as_a_letter_can_tell_are_kept(database: Database) -> None:
    largest = 10**18 - 1
    failure = replace(_failure("e", largest), attempts=largest, partition=largest)
    async with database.transaction() as tx:
        await add_failure(tx, failure)
        assert await open_failures_of(tx, "p", "m") == [failure]


def _artifact(name: str, stored_at: datetime, size: int = 1) -> Artifact:
    return Artifact(
        name=name,
        kind="video",
        media_type="video/mp4",
        size=size,
        sha256="0" * 64,
        verified="length",
        source_event="e",
        stored_at=stored_at,
    )


def _meeting(meeting_id: str, last_event_ms: int, provider: str = "p") -> Meeting:
    return Meeting(
        provider=provider,
        meeting_id=meeting_id,
        state=State.LIVE,
        joined_at=_NOON,
        ended_at=None,
        duration_seconds=None,
        participants=("Ada",),
        error=None,
        message=None,
        first_event_ms=0,
        last_event_ms=last_event_ms,
    )


def _failure(event_id: str, failed_ms: int) -> Failure:
    return Failure(
        consumer="c",
        event_id=event_id,
        event_type="p.t",
        provider="p",
        meeting_id="m",
        kind="poison",
        error="gone",
        attempts=1,
        failed_ms=failed_ms,
        partition=0,
        offset=failed_ms,
    )
