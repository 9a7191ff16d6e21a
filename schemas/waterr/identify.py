"""Naming and keying an event: the receiver's reading, and the only one that quarantines."""

import re
from typing import Final

from schemas.envelope import derived_id
from schemas.identity import BrokenEvent, Identity
from schemas.lenient import rfc3339
from schemas.naming import id_of_bytes, key_of, no_key, safe_name
from schemas.waterr.events import DISTINCT, meaning
from schemas.waterr.payload import Payload, parse

PROVIDER: Final = "waterr"
_TIMES: Final = ("created_at", "completed_at", "ended_at")
_OF_DELIVERY: Final = re.compile(r"(?!\d+$)[A-Za-z0-9_.:-]{1,128}")
"""An envelope's id that can be ours as it is; a number, of which others have the same, cannot."""


def identify(body: bytes, channel: str) -> Identity:
    """Name, key and id of an event. The key is the meeting's id, the id that of its envelope: the same in
    each retry.

    An unknown event is accepted: it has a name that is safe in a header, the meeting's key where one is
    named, and an id made of its bytes where it has none. Raises `NotAnEvent`, and `BrokenEvent` when a known
    event names no meeting.
    """
    payload = parse(body)
    name, meeting = payload.name, payload.find("meeting_id")
    key = key_of(meeting)
    if not isinstance(name, str) or meaning(name) not in DISTINCT:
        return Identity(
            safe_name(name), key, _id_of_envelope(payload) or id_of_bytes(PROVIDER, body), _time(payload)
        )
    if not key:
        raise BrokenEvent(name, [no_key("data.meeting_id", meeting)])
    id_ = _id_of_envelope(payload) or _id_of_fields(name, key, payload) or id_of_bytes(PROVIDER, body)
    return Identity(name, key, id_, _time(payload))


def _id_of_envelope(payload: Payload) -> str:
    given = payload.top.get("id")
    if isinstance(given, str) and _OF_DELIVERY.fullmatch(given):
        return given
    id_ = key_of(given)
    return derived_id(PROVIDER, "envelope", id_) if id_ else ""


def _id_of_fields(name: str, key: str, payload: Payload) -> str:
    """Where there is no envelope; "" where the event lacks what would tell it from others of its name."""
    parts = [key_of(payload.find(field)) for field in DISTINCT[meaning(name)]]
    return derived_id(PROVIDER, meaning(name), key, *parts) if all(parts) else ""


def _time(payload: Payload) -> str:
    return next((time for field in _TIMES if (time := rfc3339(payload.find(field)))), "")
