"""Payloads as Meeting BaaS's own schemas describe them, generated: their fields, with values they allow.

Source: `openapi-v2.json` (`BotWebhook*`, `CalendarWebhook*`, `Callback*`) and v1's webhook reference, in
https://github.com/Meeting-BaaS/docs at fd14185.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from hypothesis import strategies as st

from schemas.meeting_baas import v1, v2

Strategy = st.SearchStrategy[Any]

_UUID: Final = st.uuids().map(str)
_WHEN: Final = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda at: at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
)
_NAME: Final = st.text(min_size=1, max_size=8)
_LINK: Final = st.from_regex(
    r"https://media\.example/[a-z]{1,6}\?X-Amz-Signature=[0-9a-f]{8}", fullmatch=True
)
_SECONDS: Final = st.floats(0, 20_000)
_EXTRA: Final = st.none() | st.dictionaries(
    _NAME, st.none() | st.integers() | _NAME | st.lists(_NAME), max_size=3
)
_CODES: Final = st.sampled_from(sorted({*v1.STATES, *v2.STATES, "bot_rejected", "meeting_error"}))


def _object(required: Mapping[str, Strategy], **optional: Strategy) -> Strategy:
    return st.fixed_dictionaries(dict(required), optional=optional)


def _or_null(strategy: Strategy) -> Strategy:
    return st.none() | strategy


_WORD: Final = _object({"start": _SECONDS, "end": _SECONDS, "word": _NAME})
_SEGMENT: Final = _object(
    {"speaker": _NAME, "words": st.lists(_WORD, max_size=3)},
    offset=_SECONDS,
    start_time=_SECONDS,
    end_time=_SECONDS,
)
_PERSON: Final = _object(
    {"name": _NAME, "id": _or_null(st.integers())}, display_name=_NAME, profile_picture=_LINK
)
_BOT: Final = {"bot_id": _UUID, "event_id": _or_null(_UUID)}
_STATUS_V1: Final = _object(
    {"code": _CODES, "created_at": _WHEN},
    start_time=st.integers(10**12, 2 * 10**12),
    error_message=_NAME,
    error_type=_NAME,
)
_STATUS_V2: Final = _object(
    {"code": _CODES, "created_at": _WHEN},
    start_time=st.integers(0, 2**53 - 1),
    error_message=_NAME,
    attempt=st.integers(1, 5),
    max=st.integers(1, 5),
)
_COMPLETED: Final = _object(
    {
        **_BOT,
        "participants": st.lists(_PERSON, max_size=3),
        "speakers": st.lists(_PERSON, max_size=3),
        "duration_seconds": _or_null(st.integers(0, 2**53 - 1)),
        "joined_at": _or_null(_WHEN),
        "exited_at": _or_null(_WHEN),
        "data_deleted": st.booleans(),
        "video": _or_null(_LINK),
        "audio": _or_null(_LINK),
        "diarization": _or_null(_LINK),
        "raw_transcription": _or_null(_LINK),
        "transcription": _or_null(_LINK),
        "transcription_provider": _or_null(_NAME),
        "transcription_ids": _or_null(st.lists(_NAME)),
        "sent_at": _WHEN,
    }
)
_FAILED: Final = _object({**_BOT, "error_code": _NAME, "error_message": _NAME, "sent_at": _WHEN})
_CHAT: Final = _object(
    {
        **_BOT,
        "message_id": _NAME,
        "sender_name": _NAME,
        "sender_id": _or_null(st.integers(0)),
        "text": _NAME,
        "sent_at": _WHEN,
    }
)
_INSTANCE: Final = _object(
    {
        "event_id": _UUID,
        "start": _WHEN,
        "end": _WHEN,
        "title": _NAME,
        "status": _NAME,
        "is_all_day": st.booleans(),
        "is_exception": st.booleans(),
        "bot_scheduled": st.booleans(),
        "meeting_url": _or_null(_LINK),
        "meeting_platform": _or_null(st.sampled_from(("zoom", "meet", "teams"))),
    }
)
_SERIES: Final = {
    "event_type": st.sampled_from(("one_off", "recurring")),
    "series_id": _or_null(_UUID),
    "series_bot_scheduled": st.booleans(),
}
_INSTANCES: Final = st.lists(_INSTANCE, max_size=2)
_CONNECTION: Final = {"calendar_id": _UUID, "calendar_platform": st.sampled_from(("google", "microsoft"))}
_ACCOUNT: Final = {"account_email": st.emails(), "status": st.sampled_from(("active", "error", "revoked"))}

DATA: Final[Mapping[tuple[str, str], Strategy]] = {
    ("webhook-v1", "bot.status_change"): _object({"bot_id": _UUID, "status": _STATUS_V1}),
    ("webhook-v1", "complete"): _object(
        {"bot_id": _UUID, "mp4": _LINK | st.just(""), "speakers": st.lists(_NAME, max_size=3)},
        event_uuid=_or_null(_UUID),
        audio=_LINK | st.just(""),
        transcript=st.lists(_SEGMENT, max_size=3),
        event=st.just("complete"),
        extra=_EXTRA,
    ),
    ("webhook-v1", "failed"): _object(
        {"bot_id": _UUID, "error": _NAME}, event_uuid=_or_null(_UUID), message=_NAME, extra=_EXTRA
    ),
    ("webhook-v1", "transcription_complete"): _object({"bot_id": _UUID}),
    ("webhook-v1", "calendar.sync_events"): _object(
        {"calendar_id": _UUID, "last_updated_ts": _WHEN, "affected_event_uuids": st.lists(_UUID, max_size=3)}
    ),
    ("webhook-v2", "bot.status_change"): _object({**_BOT, "status": _STATUS_V2}),
    ("webhook-v2", "bot.completed"): _COMPLETED,
    ("callback", "bot.completed"): _COMPLETED,
    ("webhook-v2", "bot.failed"): _FAILED,
    ("callback", "bot.failed"): _FAILED,
    ("webhook-v2", "bot.chat_message"): _CHAT,
    ("webhook-v2", "calendar.connection_created"): _object({**_CONNECTION, **_ACCOUNT, "created_at": _WHEN}),
    ("webhook-v2", "calendar.connection_updated"): _object(
        {**_CONNECTION, **_ACCOUNT, "created_at": _WHEN, "updated_at": _WHEN}
    ),
    ("webhook-v2", "calendar.connection_deleted"): _object({**_CONNECTION, "deleted_at": _WHEN}),
    ("webhook-v2", "calendar.events_synced"): _object(
        {"calendar_id": _UUID, "events": st.lists(_object({**_SERIES, "instances": _INSTANCES}), max_size=2)}
    ),
    ("webhook-v2", "calendar.event_created"): _object(
        {"calendar_id": _UUID, **_SERIES, "instances": _INSTANCES}
    ),
    ("webhook-v2", "calendar.event_updated"): _object(
        {"calendar_id": _UUID, **_SERIES, "is_exception": st.booleans(), "affected_instances": _INSTANCES}
    ),
    ("webhook-v2", "calendar.event_cancelled"): _object(
        {"calendar_id": _UUID, **_SERIES, "cancelled_instances": _INSTANCES}
    ),
}
"""What stands under `data`, by the channel and the name of the event."""

ENVELOPES: Final = st.sampled_from(
    (
        lambda name, data, extra: {"event": name, "data": data, "extra": extra},
        lambda name, data, extra: {"event": name, "data": {**data, "extra": extra}},
        lambda name, data, extra: {
            "event": name,
            "extra": extra,
            **{k: v for k, v in data.items() if k != "event"},
        },
    )
)
"""Nested with `extra` beside `data`, nested with it inside, and flat."""

SURPRISES: Final = st.dictionaries(
    st.text(min_size=1, max_size=8).map(lambda name: f"new_{name}"),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
        max_leaves=6,
    ),
    max_size=3,
)
"""Fields that no document names."""
