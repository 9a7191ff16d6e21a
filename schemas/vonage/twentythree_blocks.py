"""A meeting as 23blocks has it, in both dialects of its API.

Source: https://github.com/23blocks-OS/ai-agents at 9d1c1ee (`plugins/conversations-block`);
https://github.com/23blocks-OS/frontend-sdk at 55cb5da (`packages/block-conversations/src/lib`).

Contradictions observed, and what is done about them:
- two dialects of the same fields: `scheduled_start` or `scheduled_at`, `start_time` or `started_at`,
  `session_id` or `external_meeting_id`, `metadata` or `payload`, …: both are read, the documents' first
- the resource's type is `meetings` or `Meeting`; the SDK also reads attributes without an envelope: a meeting
  is known by its `unique_id`
- the documents have no call that reads a meeting, the SDK has: whoever asks must stand a 404
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from schemas.lenient import number, text
from schemas.meeting import Link, Observation, State
from schemas.naming import key_of
from schemas.vonage.values import moment_of

Fields = Mapping[str, Any]

_STATES: Final[Mapping[str, State]] = {
    "scheduled": State.JOINING,
    "active": State.LIVE,
    "started": State.LIVE,
    "in_progress": State.LIVE,
    "ended": State.COMPLETED,
    "completed": State.COMPLETED,
    "finished": State.COMPLETED,
    "cancelled": State.FAILED,
    "canceled": State.FAILED,
}


@dataclass(frozen=True, slots=True)
class Meeting:
    """`id` is 23blocks' own, `session` Vonage's; null where it has none yet. What is not told is null."""

    id: str
    session: str | None
    title: str | None
    conversation: str | None
    participants: tuple[str, ...]
    status: str
    scheduled_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    duration_seconds: float | None
    recording_url: str | None
    is_recorded: bool

    @property
    def state(self) -> State | None:
        return _STATES.get(self.status)


def is_meeting(fields: Fields) -> bool:
    return _attributes(fields) is not None


def read_meeting(fields: Fields) -> Meeting | None:
    """A meeting's resource, with or without the envelope; null where it is none."""
    found = _attributes(fields)
    if found is None:
        return None

    settings = found.get("settings")

    def either(*names: str) -> Any:
        return next((found[name] for name in names if found.get(name) is not None), None)

    return Meeting(
        id=key_of(found.get("unique_id")) or key_of(found.get("id")),
        session=key_of(either("session_id", "external_meeting_id")) or None,
        title=text(found.get("title")),
        conversation=text(either("conversation_id", "conversation_unique_id")),
        participants=_people(either("participants")) or _people(either("active_participants")),
        status=str(either("status") or "").lower(),
        scheduled_at=moment_of(either("scheduled_start", "scheduled_at")),
        started_at=moment_of(either("start_time", "started_at")),
        ended_at=moment_of(either("end_time", "ended_at")),
        duration_seconds=number(found.get("duration")) or None,
        recording_url=text(found.get("recording_url")),
        is_recorded=True in (found.get("is_recording"), _field(settings, "recording_enabled")),
    )


def observe(fields: Fields, key: str, type_: str) -> Observation | None:
    """Of the meeting `key`, where its own session is not told."""
    meeting = read_meeting(fields)
    if meeting is None or not (meeting.session or key):
        return None
    url = meeting.recording_url
    return Observation(
        provider="vonage",
        meeting_id=key or meeting.session or "",
        type=type_,
        at=meeting.ended_at or meeting.started_at,
        says=meeting.state,
        detail=" ".join(filter(None, (f"23blocks {meeting.id}", meeting.status))),
        error="meeting.cancelled" if meeting.state is State.FAILED else None,
        joined_at=meeting.started_at,
        ended_at=meeting.ended_at,
        duration_seconds=meeting.duration_seconds or _between(meeting.started_at, meeting.ended_at),
        participants=meeting.participants,
        links=(Link("video", url),) if url else (),
    )


def _attributes(fields: Fields) -> Fields | None:
    """Those of `data`, of a bare resource, or the object itself."""
    data = fields.get("data", fields)
    if not isinstance(data, dict):
        return None
    attributes = data.get("attributes", data)
    if not isinstance(attributes, dict) or not key_of(attributes.get("unique_id")):
        return None
    return {"id": data.get("id"), **attributes}


def _field(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, dict) else None


def _people(value: object) -> tuple[str, ...]:
    """Ids of users, or objects that name them."""
    if not isinstance(value, list):
        return ()
    names = []
    for one in value:
        fields = one if isinstance(one, dict) else {"name": one}
        wanted = (fields.get(name) for name in ("name", "user_name", "user_unique_id", "unique_id", "id"))
        names.append(next((key for each in wanted if (key := key_of(each))), ""))
    return tuple(dict.fromkeys(filter(None, names)))


def _between(start: datetime | None, end: datetime | None) -> float | None:
    return (end - start).total_seconds() if start and end and end > start else None
