"""Naming and keying a callback of Vonage's: the receiver's reading, and the only one that quarantines.

A delivery has no id that is sure to come again with it (a signature's `jti` is its token's own), so one is
made of what tells an event from all others. Links are no part of it.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from schemas.envelope import derived_id, rfc3339
from schemas.identity import BrokenEvent, Identity, NotAnEvent
from schemas.lenient import parse_json
from schemas.naming import id_of_bytes, key_of, no_key, safe_name
from schemas.vonage.events import (
    ARCHIVE,
    BROADCAST,
    CAPTIONS,
    EVENTS,
    RENDER,
    SESSION,
    SIP,
    Fields,
    category_of,
    name_of,
    project_of,
)
from schemas.vonage.values import moment_of

PROVIDER: Final = "vonage"

_TIMES: Final = ("timestamp", "updatedAt", "createdAt")
_IDS: Final[Mapping[str, Sequence[str]]] = {
    ARCHIVE: ("id",),
    BROADCAST: ("id",),
    RENDER: ("id",),
    CAPTIONS: ("captionId", "captionsId"),
}
"""The fields that may hold the id of what an event is about, besides its session."""


def identify(body: bytes, channel: str) -> Identity:
    """Name, key and id of an event that came by `channel`: a category, or anything else for "any of them".

    The key is the session. An unknown event or status is accepted, with an id made of its bytes. Raises
    `NotAnEvent`, and `BrokenEvent` when a known one lacks its session, or what has it (an archive, …) its id,
    or when there is something else where a link should be.
    """
    fields = object_of(body)
    category = category_of(fields, channel)
    name = name_of(category, fields)
    type_ = f"{category}.{safe_name(name)}"
    key = key_of(fields.get("sessionId"))
    if not isinstance(name, str) or name not in EVENTS.get(category, ()):
        return Identity(type_, key, id_of_bytes(PROVIDER, body), _time(name, fields))
    faults = [] if key else [no_key("sessionId", fields.get("sessionId"))]
    own = _own_id(category, fields)
    if category in _IDS and not own:
        faults.append(no_key(_IDS[category][0], next(map(fields.get, _IDS[category]))))
    if category == ARCHIVE and not isinstance(fields.get("url"), str | None):
        faults.append("url: not a link")
    if faults:
        raise BrokenEvent(type_, faults, key)
    distinct = _distinct(category, own, fields)
    id_ = derived_id(PROVIDER, type_, key, *distinct) if distinct else id_of_bytes(PROVIDER, body)
    return Identity(type_, key, id_, _time(name, fields))


def object_of(body: bytes) -> Fields:
    """The object that the body is. Raises `NotAnEvent`."""
    fields = parse_json(body)
    if not isinstance(fields, dict):
        raise NotAnEvent("JSON, but not an object")
    return fields


def _own_id(category: str, fields: Fields) -> str:
    return next((key for name in _IDS.get(category, ()) if (key := key_of(fields.get(name)))), "")


def _distinct(category: str, own: str, fields: Fields) -> Sequence[str]:
    """What tells it from others of its name and session; none where only its bytes do."""
    if category in (SESSION, SIP):
        at = key_of(fields.get("timestamp"))
        about = (_id_in(fields, part) for part in ("connection", "stream", "call"))
        return (project_of(fields), at, *about) if at else ()
    updated = key_of(fields.get("updatedAt"))
    transcription = fields.get("transcription")
    its = transcription.get("status") if isinstance(transcription, dict) else ""
    return (own, updated, str(its or ""))


def _id_in(fields: Fields, part: str) -> str:
    value = fields.get(part)
    return key_of(value.get("id")) if isinstance(value, dict) else ""


def _time(name: object, fields: Fields) -> str:
    """When an archive was asked for says nothing of when it ended."""
    for field in _TIMES:
        if field == "createdAt" and name != "started":
            continue
        at = moment_of(fields.get(field))
        if at is not None:
            return rfc3339(at.timestamp())
    return ""
