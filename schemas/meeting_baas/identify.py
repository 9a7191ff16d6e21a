"""Naming and keying an event: the receiver's reading, and the only one that quarantines.

No body of either generation has an event id, so one is made of what `v1.py` and `v2.py` say cannot repeat.
The links are not part of it: an event sent again with fresh links is the same event.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from schemas.envelope import derived_id
from schemas.identity import BrokenEvent, Identity
from schemas.lenient import rfc3339
from schemas.meeting_baas import v1, v2
from schemas.meeting_baas.events import STATUS_CHANGE, Event
from schemas.meeting_baas.payload import Fields, Leniently, find, merged, parse
from schemas.naming import id_of_bytes, key_of, no_key, safe_name

# Where both generations have an event of one name, v2's documents ask for the same and more.
EVENTS: Final[Mapping[str, Event]] = {**v1.EVENTS, **v2.EVENTS}

_SUBJECTS: Final = ("bot_id", "calendar_id", "alert_rule_id")
_TIMES: Final = ("sent_at", "triggered_at", "last_updated_ts", "deleted_at", "updated_at", "created_at")
_SENT: Final = frozenset(_TIMES) - {"created_at"}


class _Status(TypedDict, total=False):
    code: Any
    created_at: Any


class _Part(TypedDict, total=False):
    bot_id: Any
    calendar_id: Any
    alert_rule_id: Any
    alert_type: Any
    status: Annotated[_Status | Any, Leniently]
    error: Any
    message_id: Any
    affected_event_uuids: Any
    sent_at: Any
    triggered_at: Any
    last_updated_ts: Any
    deleted_at: Any
    updated_at: Any
    created_at: Any
    video: Any
    mp4: Any
    audio: Any
    diarization: Any
    raw_transcription: Any
    transcription: Any
    chat_messages: Any


class _Body(_Part, total=False):
    event: Any
    data: Annotated[_Part | Any, Leniently]


_BODY: Final = TypeAdapter[Any](_Body)


def identify(body: bytes, channel: str) -> Identity:
    """Name, key and id of an event that came by `channel`: "webhook-v1", "webhook-v2", "callback" or "alert".

    An unknown event is accepted: it has a name that is safe in a header ("unknown" where it has none), the
    key of what it is about where that can be seen, and an id made of its bytes. Raises `NotAnEvent`, and
    `BrokenEvent` when a known event lacks what we rely on: an id of at most 256 printable characters (a
    whole number will do), the code of a status, and text or null wherever a link should be.
    """
    data, top = parse(_BODY, body)
    name = find("event", data, top)
    if name == STATUS_CHANGE and channel != "alert":
        return _status_change(data, top, body)
    fields = merged(data, top)
    if channel == "alert":
        name, event = f"alert.{safe_name(fields.get('alert_type'))}", v2.ALERT
    elif isinstance(name, str) and name in EVENTS:
        event = EVENTS[name]
    else:
        return Identity(safe_name(name), _any_key(fields), id_of_bytes("meeting-baas", body), _time(fields))
    subject = fields.get(event.subject)
    key = key_of(subject)
    faults = [] if key else [no_key(event.subject, subject)]
    for link in event.links:
        if not isinstance(fields.get(link, ""), str):
            faults.append(f"{link}: not a link")
    if faults:
        raise _broken(name, faults, key, fields)
    return Identity(
        name, key, _id(name, key, event, fields) or id_of_bytes("meeting-baas", body), _time(fields)
    )


def _status_change(data: Fields, top: Fields, body: bytes) -> Identity:
    """Nearly all events are of this one kind, so it is judged in the fewest steps there can be.

    v1 and v2 have an object for a status; older clients of v2 read it as the code alone. Nothing else that
    stands in it is the event's own, whatever its name.
    """
    status, bot_id = data.get("status"), data.get("bot_id")
    if status is None:
        status = top.get("status")
    if bot_id is None:
        bot_id = top.get("bot_id")
    if isinstance(status, dict):
        code, created_at = status.get("code"), status.get("created_at")
    else:
        code, created_at = status, find("created_at", data, top)
    key = key_of(bot_id)
    if not key or not isinstance(code, str):
        faults = [] if key else [no_key("bot_id", bot_id)]
        if not isinstance(code, str):
            faults.append("status: has no code")
        raise _broken(STATUS_CHANGE, faults, key, merged(data, top))
    at = created_at if isinstance(created_at, str) else _as_part(created_at)
    id_ = (
        derived_id("meeting-baas", STATUS_CHANGE, key, code, at)
        if code and at
        else id_of_bytes("meeting-baas", body)
    )
    if _SENT.isdisjoint(data) and _SENT.isdisjoint(top):
        time = rfc3339(created_at) or ""
    else:
        time = _time({**merged(data, top), "created_at": created_at})
    return Identity._make((STATUS_CHANGE, key, id_, time))  # in two thirds of the time


def _broken(name: str, faults: Sequence[str], key: str, fields: Fields) -> BrokenEvent:
    place = "data." if isinstance(fields.get("data"), dict) else ""
    return BrokenEvent(name, [place + fault for fault in faults], key)


def _any_key(fields: Fields) -> str:
    return next((key for subject in _SUBJECTS if (key := key_of(fields.get(subject)))), "")


def _id(name: str, key: str, event: Event, fields: Fields) -> str | None:
    """Null where the event lacks what would tell it from others of its name."""
    if event.distinct is None:
        return None
    parts = [_as_part(fields.get(field)) for field in event.distinct]
    return derived_id("meeting-baas", name, key, *parts) if all(parts) else None


def _as_part(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return f"[{' '.join(sorted(map(str, value)))}]"
    return str(value) if isinstance(value, int) else ""


def _time(fields: Fields) -> str:
    for field in _TIMES:
        if field in fields:
            time = rfc3339(fields[field])
            if time:
                return time
    return ""
