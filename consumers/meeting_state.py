"""Where a meeting is, by all that was said of it. The same events give the same answer in any order."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeVar

from infra.database.events import MeetingEvent
from infra.database.meetings import Meeting
from schemas.meeting import Observation, State

FINAL: Final = frozenset({State.COMPLETED, State.FAILED})

_T = TypeVar("_T")


def fold(events: Iterable[MeetingEvent]) -> Meeting:
    """The meeting that these events, at least one and all of one meeting, tell of.

    The newest final event decides, by the sender's clock; without one, the newest that speaks for a state.
    So a late status reopens nothing, and a new attempt after an error goes on. Of a meeting of parts those
    decide that are not over, if any. All else is the newest that was said of it, where a final event's word
    counts more than what was said on the way; but whoever was named once was there.
    """
    ordered = sorted(events, key=_weight)
    said = [event.said for event in ordered]
    decision = _deciding(ordered)
    deciding = decision.said if decision else None
    state = deciding.says if deciding and deciding.says else State.UNKNOWN
    return Meeting(
        provider=said[0].provider,
        meeting_id=said[0].meeting_id,
        state=state,
        joined_at=_newest(said, lambda one: one.joined_at),
        ended_at=None if state in (State.JOINING, State.LIVE) else _newest(said, lambda one: one.ended_at),
        duration_seconds=_newest(said, lambda one: one.duration_seconds),
        participants=tuple(dict.fromkeys(name for one in said for name in one.participants)),
        error=deciding.error if deciding else None,
        message=deciding.message if deciding else None,
        first_event_ms=min(event.received_ms for event in ordered),
        last_event_ms=max(event.received_ms for event in ordered),
    )


def tells(said: Observation) -> bool:
    """Whether this can change more than when a meeting's events came: a chat message, say, cannot."""
    known = (said.says, said.joined_at, said.ended_at, said.duration_seconds)
    return bool(said.participants) or any(one is not None for one in known)


def decides(event_id: str, events: Iterable[MeetingEvent]) -> bool:
    """Whether this event is the one by which the meeting is over."""
    decision = _deciding(sorted(events, key=_weight))
    return decision is not None and decision.said.says in FINAL and decision.id == event_id


def _deciding(ordered: Sequence[MeetingEvent]) -> MeetingEvent | None:
    """The event that speaks for where the meeting is now, of all in the order of their weight.

    An event that ends all of it ends every part, whatever comes of one; else the last word on each counts.
    """
    speaking = [event for event in ordered if event.said.says]
    last_of = {event.said.part: event for event in speaking}
    whole = last_of.get(None)
    if whole is not None and whole.said.says in FINAL:
        return whole
    still = [event for event in last_of.values() if event.said.says not in FINAL]
    return max(still or last_of.values(), key=_weight, default=None)


_PROGRESS: Final = (State.UNKNOWN, State.JOINING, State.LIVE, State.PROCESSING, State.FAILED, State.COMPLETED)


def _weight(event: MeetingEvent) -> tuple[object, ...]:
    """What counts more comes later.

    Nothing here depends on the order of arrival where the sender has a clock: of two events of the same
    moment the one further on its way counts, then the id decides.
    """
    says = event.said.says
    return says in FINAL, event.moment, _PROGRESS.index(says or State.UNKNOWN), event.id


def _newest(said: Iterable[Observation], known: Callable[[Observation], _T | None]) -> _T | None:
    return next((value for one in reversed(list(said)) if (value := known(one)) is not None), None)
