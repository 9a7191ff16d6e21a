"""Naming and keying an event: the receiver's reading, and the only one that can quarantine.

Source: https://github.com/Meeting-BaaS/docs at fd14185 (see `payload.py`). Neither generation has an event id in
the body, so an event's id is made of what its documents say cannot repeat:

- a v1 status event is retried byte for byte (same `created_at`), but the bot also repeats some codes with a new
  `created_at`: those are different events, and the state of the meeting absorbs them
- a `complete` or `bot.completed` sent again carries fresh links: same event
- two v1 `transcription_complete` of one bot have nothing that tells them apart
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from schemas.envelope import derived_id
from schemas.identity import BrokenEvent, Identity
from schemas.meeting_baas.payload import Fields, moment, read_fields

ALERT_CHANNEL: Final = "alert"

_BY_BODY: Final = None
_EVENTS: Final[Mapping[str, tuple[str, tuple[str, ...] | None]]] = {
    # event: the field that holds its key, and the fields that together with the key tell it from its siblings
    "bot.status_change": ("bot_id", ("code", "created_at")),
    "bot.completed": ("bot_id", ()),
    "bot.failed": ("bot_id", ()),
    "bot.chat_message": ("bot_id", ("message_id",)),
    "complete": ("bot_id", ()),
    "failed": ("bot_id", ("error",)),
    "transcription_complete": ("bot_id", ()),
    "calendar.sync_events": ("calendar_id", ("last_updated_ts", "affected_event_uuids")),
    "calendar.connection_created": ("calendar_id", _BY_BODY),
    "calendar.connection_updated": ("calendar_id", _BY_BODY),
    "calendar.connection_deleted": ("calendar_id", _BY_BODY),
    "calendar.connection_error": ("calendar_id", _BY_BODY),
    "calendar.events_synced": ("calendar_id", _BY_BODY),
    "calendar.event_created": ("calendar_id", _BY_BODY),
    "calendar.event_updated": ("calendar_id", _BY_BODY),
    "calendar.event_cancelled": ("calendar_id", _BY_BODY),
}
LINKS: Final = ("video", "mp4", "audio", "diarization", "raw_transcription", "transcription", "chat_messages")
_WITH_LINKS: Final = frozenset({"complete", "bot.completed"})

_TIMES: Final = ("sent_at", "triggered_at", "last_updated_ts", "deleted_at", "updated_at", "created_at")
_LONGEST_ID: Final = 256
_LONGEST_NAME: Final = 100
_UNSAFE: Final = re.compile(r"[^!-~]")


def identify(body: bytes, channel: str) -> Identity:
    """Name, key and id of an event that came by `channel` ("webhook-v1", "webhook-v2", "callback", "alert").

    Raises `NotAnEvent`, or `BrokenEvent` when a known event lacks what we rely on. Unknown events are named and
    keyed as far as they go.
    """
    fields = read_fields(body)
    generation = "v1" if channel == "webhook-v1" else "v2"
    if channel == ALERT_CHANNEL:
        return _known(f"alert.{_name(fields.get('alert_type'))}", "alert_rule_id", ("triggered_at",), fields, body, generation)
    event = fields.get("event")
    rule = _EVENTS.get(event) if isinstance(event, str) else None
    if rule is None:
        return _unknown(fields, body)
    return _known(str(event), rule[0], rule[1], fields, body, generation)




def _known(
    event: str, subject: str, distinct: tuple[str, ...] | None, fields: Fields, body: bytes, generation: str
) -> Identity:
    errors: list[str] = []
    key = _identifier(fields.get(subject))
    where = "data." if isinstance(fields.get("data"), dict) else ""
    if key is None:
        errors.append(f"{where}{subject}: {'missing' if fields.get(subject) in (None, '') else 'not an id'}")
    if event == "bot.status_change":
        fields = {**fields, **status_of(fields)}
        if not isinstance(fields.get("code"), str) or not fields["code"]:
            errors.append(f"{where}status.code: missing or not text")
    if event in _WITH_LINKS:
        errors += [f"{where}{name}: not a link" for name in LINKS if not isinstance(fields.get(name, ""), str)]
    if errors or key is None:
        raise BrokenEvent(event, errors, key or "")
    return Identity(event, key, _id(event, key, distinct, fields, body, generation), _time(fields))


def status_of(fields: Fields) -> Fields:
    """The status of a status event: an object, or in older dialects only its code."""
    status = fields.get("status")
    return status if isinstance(status, dict) else {"code": status}


def _unknown(fields: Fields, body: bytes) -> Identity:
    keys = (_identifier(fields.get(name)) for name in ("bot_id", "calendar_id", "alert_rule_id"))
    key = next((key for key in keys if key), "")
    return Identity(_name(fields.get("event")), key, derived_id("meeting-baas", _digest(body)), _time(fields))


def _id(event: str, key: str, distinct: tuple[str, ...] | None, fields: Fields, body: bytes, generation: str) -> str:
    parts = None if distinct is None else [_part(fields.get(name)) for name in distinct]
    if parts is None or None in parts:
        return derived_id("meeting-baas", _digest(body))
    return derived_id("meeting-baas", generation, event, key, *(part or "" for part in parts))


def _part(value: Any) -> str | None:
    if isinstance(value, list):
        return "\x1e".join(sorted(map(str, value)))
    return str(value) if value not in (None, "") else None


def _digest(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=16).hexdigest()


def _identifier(value: object) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, str) and value.strip() and len(value) <= _LONGEST_ID and value.isprintable():
        return value
    return None


def _name(value: object) -> str:
    return _UNSAFE.sub("_", value[:_LONGEST_NAME]) if isinstance(value, str) and value else "unknown"


def _time(fields: Fields) -> str:
    for name in _TIMES:
        if name in fields:
            at = moment(fields[name])
            if at is not None:
                return rfc3339(at)
    return ""


def rfc3339(at: datetime) -> str:
    return at.replace(tzinfo=None).isoformat(timespec="milliseconds" if at.microsecond else "seconds") + "Z"
