"""Naming and keying an event: the receiver's reading, and the only one that quarantines."""

from collections.abc import Iterator
from typing import Final

from schemas.envelope import derived_id
from schemas.identity import BrokenEvent, Identity
from schemas.lenient import rfc3339, text
from schemas.naming import id_of_bytes, key_of, no_key, safe_name
from schemas.realtimekit.events import (
    ENDED,
    EVENTS,
    FILES,
    JOINED,
    LEFT,
    LIVESTREAM,
    RECORDED,
    RECORDING,
    STARTED,
    STATUSES,
    File,
)
from schemas.realtimekit.payload import Fields, Payload, parse

_PROVIDER: Final = "realtimekit"


def identify(body: bytes, channel: str) -> Identity:
    """Name, key and id of an event. The key is the session's id; a stream that names none has its own.

    An unknown event is accepted: it has a name that is safe in a header, the session's key where one is
    named, and an id made of its bytes. Raises `NotAnEvent`, and `BrokenEvent` when a known event lacks what
    we rely on: the session, a recording's status, text or null wherever a link should be.
    """
    payload = parse(body)
    name, key = payload.name, key_of(payload.session)
    if not isinstance(name, str) or name not in EVENTS:
        return Identity(safe_name(name), key, id_of_bytes(_PROVIDER, body), "")
    faults = [] if key or name == LIVESTREAM else [no_key("sessionId", payload.session)]
    if name == RECORDING and text(payload.recording.get("status")) is None:
        faults.append("recording.status: is missing")
    for place, file in _files(name, payload):
        if not isinstance(place.get(file.link), str | None):
            faults.append(f"{file.link}: not a link")
    if faults:
        raise BrokenEvent(name, faults, key)
    key = key or key_of(payload.top.get("streamId"))
    return Identity(
        name, key, _id(name, key, payload) or id_of_bytes(_PROVIDER, body), time_of(name, payload)
    )


def time_of(name: str, payload: Payload) -> str:
    """The event's own time as RFC 3339; "" where it has none, as those that tell of a file."""
    return rfc3339(_time(name, payload)) or ""


def _time(name: str, payload: Payload) -> object:
    if name == RECORDING:
        status = STATUSES.get(str(payload.recording.get("status")))
        return payload.recording.get(status.at) if status else None
    place, field = {
        STARTED: (payload.meeting, "startedAt"),
        ENDED: (payload.meeting, "endedAt"),
        JOINED: (payload.participant, "joinedAt"),
        LEFT: (payload.participant, "leftAt"),
    }.get(name, (payload.top, ""))
    return place.get(field)


def _files(name: str, payload: Payload) -> Iterator[tuple[Fields, File]]:
    if name == RECORDING:
        yield from ((payload.recording, file) for file in RECORDED)
    elif name in FILES:
        yield payload.top, FILES[name]


def _id(name: str, key: str, payload: Payload) -> str | None:
    """Null where the event lacks what would tell it from others of its name."""
    if name == LIVESTREAM:
        return None  # it goes on and off the air again and again
    distinct: list[str] = []
    if name in (JOINED, LEFT):
        distinct = [key_of(payload.participant.get("peerId"))]
    elif name == RECORDING:
        recording = payload.recording
        distinct = [key_of(recording.get("recordingId") or recording.get("id")), str(recording["status"])]
    elif name in FILES:
        distinct = [(text(payload.top.get(FILES[name].link)) or "").partition("?")[0]]
    return derived_id(_PROVIDER, name, key, *distinct) if all(distinct) else None
