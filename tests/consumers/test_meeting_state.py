"""A meeting's state is a function of the set of its events."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.meeting_state import FINAL, decides, fold, tells
from infra.database.events import MeetingEvent
from schemas.meeting import Observation, State

_START = datetime(2026, 11, 21, 9, tzinfo=UTC)
_MOMENTS = st.integers(0, 5).map(lambda minutes: _START + timedelta(minutes=minutes))

_OBSERVATIONS = st.builds(
    Observation,
    provider=st.just("p"),
    meeting_id=st.just("m"),
    type=st.just("t"),
    at=_MOMENTS,
    says=st.none() | st.sampled_from(State),
    error=st.none() | st.sampled_from(["a", "b"]),
    joined_at=st.none() | _MOMENTS,
    ended_at=st.none() | _MOMENTS,
    duration_seconds=st.none() | st.floats(0, 10),
    participants=st.lists(st.sampled_from("xyz"), max_size=2).map(tuple),
)


@st.composite
def _meetings(draw: st.DrawFn) -> list[MeetingEvent]:
    said = draw(st.lists(_OBSERVATIONS, min_size=1, max_size=8))
    return [MeetingEvent(f"event-{number}", 0, one) for number, one in enumerate(said)]


@given(events=_meetings(), data=st.data())
def test_the_order_in_which_events_come_does_not_matter(
    events: list[MeetingEvent], data: st.DataObject
) -> None:
    assert fold(data.draw(st.permutations(events))) == fold(events)


@given(events=_meetings(), data=st.data())
def test_our_clock_does_not_matter_where_the_sender_has_one(
    events: list[MeetingEvent], data: st.DataObject
) -> None:
    late = [MeetingEvent(one.id, data.draw(st.integers(1, 9)), one.said) for one in events]
    seen, again = fold(events), fold(late)
    assert (seen.state, seen.joined_at, seen.ended_at) == (again.state, again.joined_at, again.ended_at)
    assert (seen.error, seen.duration_seconds) == (again.error, again.duration_seconds)
    assert seen.participants == again.participants


@given(events=_meetings(), late=_OBSERVATIONS.filter(lambda one: one.says not in FINAL))
def test_nothing_but_a_final_event_changes_a_finished_meeting(
    events: list[MeetingEvent], late: Observation
) -> None:
    state = fold(events).state
    if state in FINAL:
        assert fold([*events, MeetingEvent("late", 0, late)]).state is state


@given(events=_meetings())
def test_exactly_one_event_decides_that_a_meeting_is_over(events: list[MeetingEvent]) -> None:
    deciding = [event for event in events if decides(event.id, events)]
    assert [event.said.says for event in deciding] == ([fold(events).state] if _is_over(events) else [])


@given(events=_meetings(), late=_OBSERVATIONS.filter(lambda one: not tells(one)))
def test_an_event_that_tells_nothing_changes_only_the_time_of_the_last(
    events: list[MeetingEvent], late: Observation
) -> None:
    assert fold([*events, MeetingEvent("late", 9, late)]) == replace(fold(events), last_event_ms=9)


def test_the_newest_final_event_by_the_senders_clock_wins() -> None:
    assert fold([_says(State.COMPLETED, 9), _says(State.FAILED, 3)]).state is State.COMPLETED
    assert fold([_says(State.FAILED, 9, error="E"), _says(State.COMPLETED, 3)]).error == "E"


def test_a_late_status_reopens_nothing() -> None:
    assert fold([_says(State.COMPLETED, 3), _says(State.LIVE, 9)]).state is State.COMPLETED


def test_another_attempt_after_an_error_goes_on() -> None:
    events = [
        _says(State.LIVE, 1, ended_at=_START),
        _says(State.PROCESSING, 2, error="meeting_error", ended_at=_START),
        _says(State.JOINING, 3),
    ]
    meeting = fold(events)
    assert (meeting.state, meeting.error, meeting.ended_at) == (State.JOINING, None, None)
    assert fold([*events, _says(State.COMPLETED, 4)]).state is State.COMPLETED


def test_an_event_without_the_senders_time_counts_as_of_when_it_came() -> None:
    received_ms = int((_START + timedelta(minutes=5)).timestamp() * 1000)
    complete = MeetingEvent("complete", received_ms, Observation("p", "m", "complete", says=State.COMPLETED))
    assert fold([complete, _says(State.FAILED, 4)]).state is State.COMPLETED
    assert fold([complete, _says(State.FAILED, 6)]).state is State.FAILED


def test_of_two_states_at_the_same_moment_the_later_one_on_the_way_counts() -> None:
    assert fold([_says(State.LIVE, 1), _says(State.JOINING, 1)]).state is State.LIVE


def test_a_meeting_of_which_nothing_is_said_is_unknown() -> None:
    assert fold([MeetingEvent("e", 7, Observation("p", "m", "bot.chat_message"))]).state is State.UNKNOWN


def test_what_a_final_event_says_counts_more_than_a_later_status() -> None:
    meeting = fold([_says(State.COMPLETED, 1, joined_at=_START), _says(State.LIVE, 2, joined_at=_at(2))])
    assert meeting.joined_at == _START


def _is_over(events: list[MeetingEvent]) -> bool:
    return any(event.said.says in FINAL for event in events)


def _at(minutes: int) -> datetime:
    return _START + timedelta(minutes=minutes)


def _says(
    state: State,
    minutes: int,
    *,
    error: str | None = None,
    joined_at: datetime | None = None,
    ended_at: datetime | None = None,
) -> MeetingEvent:
    said = Observation(
        "p", "m", "t", at=_at(minutes), says=state, error=error, joined_at=joined_at, ended_at=ended_at
    )
    return MeetingEvent(f"{state}-{minutes}", 0, said)


def part(name: str, says: State | None, minute: int) -> MeetingEvent:
    said = Observation("p", "m", f"{name}.{says}", at=datetime(2026, 3, 2, 10, minute, tzinfo=UTC), says=says)
    return MeetingEvent(f"{name} {minute}", 1, replace(said, part=name or None))


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ([("session", State.LIVE, 1)], State.LIVE),
        ([("session", State.LIVE, 1), ("one", State.COMPLETED, 2)], State.LIVE),
        ([("session", State.COMPLETED, 9), ("one", State.PROCESSING, 2)], State.PROCESSING),
        ([("one", State.COMPLETED, 2), ("two", State.LIVE, 1)], State.LIVE),
        ([("one", State.COMPLETED, 2), ("two", State.COMPLETED, 1)], State.COMPLETED),
        ([("one", State.COMPLETED, 2), ("two", State.FAILED, 3)], State.FAILED),
        ([("one", State.COMPLETED, 2), ("one", State.PROCESSING, 3)], State.COMPLETED),
        ([("session", State.LIVE, 1), ("", State.COMPLETED, 0)], State.COMPLETED),
        ([("session", State.COMPLETED, 1), ("session", None, 2)], State.COMPLETED),
    ],
)
def test_a_meeting_of_parts_is_over_when_each_of_them_is(
    events: list[tuple[str, State | None, int]], state: State
) -> None:
    said = [part(*event) for event in events]

    assert fold(said).state is fold(reversed(said)).state is state


def test_the_event_that_ends_the_last_part_ends_the_meeting() -> None:
    said = [part("session", State.COMPLETED, 5), part("one", State.COMPLETED, 2), part("one", State.LIVE, 1)]

    assert [event.id for event in said if decides(event.id, said)] == ["session 5"]
    assert not any(decides(event.id, [*said, part("two", State.LIVE, 1)]) for event in said)
