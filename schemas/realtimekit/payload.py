"""One view of all dialects: webhooks, with objects inside or flat, and the answers of the REST API.

An answer has what it tells under `data` and its names in snake_case; those that say the same are the same in
camelCase. Null is absent.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from schemas.identity import NotAnEvent
from schemas.lenient import parse_json
from schemas.naming import key_of
from schemas.realtimekit.events import ENDED, RECORDING

Fields = Mapping[str, Any]

_NOTHING: Final[Fields] = {}
_IN_SESSIONS: Final = {"id": "sessionId", "associatedId": "id", "meetingDisplayName": "title"}


@dataclass(frozen=True, slots=True)
class Payload:
    """`top` is what stands beside `event`. `recordings` are several only in an answer of the API."""

    top: Fields
    meeting: Fields
    participant: Fields
    recordings: Sequence[Fields]

    @property
    def name(self) -> object:
        return self.top.get("event")

    @property
    def recording(self) -> Fields:
        return self.recordings[0] if self.recordings else _NOTHING

    @property
    def session(self) -> object:
        """The session's id as it came, null where none is named."""
        return next((value for value in self._sessions() if key_of(value)), next(self._sessions(), None))

    def _sessions(self) -> Iterator[object]:
        places = (self.meeting.get("sessionId"), self.top.get("sessionId"), session_of(self.recording))
        return (value for value in places if value is not None)


def parse(body: bytes) -> Payload:
    """A webhook. Raises `NotAnEvent`."""
    top = _object(parse_json(body))
    recording = _inside(top, "recording")
    return Payload(
        top,
        _inside(top, "meeting"),
        _inside(top, "participant"),
        [recording] if recording else [],
    )


def parse_answer(body: bytes, name: str) -> Payload:
    """What the REST API answered, as if it were the event `name`. Raises `NotAnEvent`."""
    found = _object(parse_json(body)).get("data")
    listed = found if isinstance(found, list) else [found]
    entries = [in_camel_case(each) for each in listed if isinstance(each, dict)]
    if name == RECORDING:
        return Payload({}, _NOTHING, _NOTHING, entries)
    fields = entries[0] if entries else _NOTHING
    if name == ENDED:
        return Payload({}, {_IN_SESSIONS.get(key, key): each for key, each in fields.items()}, {}, [])
    return Payload(fields, _NOTHING, _NOTHING, [])


def is_answer(body: bytes) -> bool:
    """Whether it is an answer of the REST API and no webhook. Raises `NotAnEvent`."""
    top = _object(parse_json(body))
    return "event" not in top and "data" in top


def session_of(recording: Fields) -> object:
    return recording.get("roomUUID") or recording.get("sessionId")


def organizations(body: bytes) -> frozenset[str]:
    """The ids of all organisations that a webhook names as its own; none where it is no event."""
    try:
        payload = parse(body)
    except NotAnEvent:
        return frozenset()
    named = [_inside(place, "organizedBy").get("id") for place in (payload.top, payload.meeting)]
    return frozenset(
        key for value in (*named, payload.recording.get("organizationId")) if (key := key_of(value))
    )


def _object(value: object) -> Fields:
    if not isinstance(value, dict):
        raise NotAnEvent("JSON, but not an object")
    return value


def _inside(fields: Fields, name: str) -> Fields:
    value = fields.get(name)
    return value if isinstance(value, dict) else _NOTHING


def in_camel_case(fields: Fields) -> Fields:
    """`download_url_expiry` is `downloadUrlExpiry`."""
    return {
        first + "".join(part.title() for part in rest): value
        for name, value in fields.items()
        for first, *rest in [name.split("_")]
    }
