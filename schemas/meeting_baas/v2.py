"""Meeting BaaS v2: its events (the same by webhook and by callback), its alerts, and its status codes.

Source: https://github.com/Meeting-BaaS/docs at fd14185 (2026-05-13): `openapi-v2.json`,
`content/docs/api-v2/{webhooks,artifacts,error-codes,alerts,migration-guide}.mdx`; `@meeting-baas/sdk` 6.2.4
(https://github.com/Meeting-BaaS/sdk-generator at d0a1d42), newer than the documents;
https://github.com/Meeting-BaaS/frontend-v2 at 613612a: `lib/schemas/`.

Contradictions observed, and what is done about them:
- `extra` beside `data` (schema) or inside it (prose), `sent_at` inside (schema) or beside (migration
  guide): a field is looked for in both
- the video is `video` (schema) or `mp4` (prose): both are read, `video` first
- `chat_messages` of `bot.completed`: in the prose, not in the schema: read when there
- `status` of `bot.status_change`: an object (schema) or text (older clients): both are read
- `completed` and `failed` alone are final; after an error code such as `meeting_error` a `retrying` may
  follow (SDK)
- `transcription_failed`: a status that says the recording went well (SDK), while the prose ends such a
  meeting with `bot.failed`: as a status it does not end the meeting
- calendar events come in two dialects, and `calendar.connection_error` has no schema: only `calendar_id` is
  relied on, and as nothing tells two of them apart, their id is made of the whole body
"""

from collections.abc import Mapping
from typing import Final

from schemas.meeting import State
from schemas.meeting_baas.events import STATUS_CHANGE, Event

EVENTS: Final[Mapping[str, Event]] = {
    STATUS_CHANGE: Event("bot_id", ("code", "created_at")),
    "bot.completed": Event(
        "bot_id",
        (),
        State.COMPLETED,
        {
            "video": "video",
            "mp4": "video",
            "audio": "audio",
            "diarization": "diarization",
            "raw_transcription": "raw_transcription",
            "chat_messages": "chat",
            "transcription": None,
        },
    ),
    "bot.failed": Event("bot_id", (), State.FAILED),
    "bot.chat_message": Event("bot_id", ("message_id",)),
    "calendar.connection_created": Event("calendar_id", None),
    "calendar.connection_updated": Event("calendar_id", None),
    "calendar.connection_deleted": Event("calendar_id", None),
    "calendar.connection_error": Event("calendar_id", None),
    "calendar.events_synced": Event("calendar_id", None),
    "calendar.event_created": Event("calendar_id", None),
    "calendar.event_updated": Event("calendar_id", None),
    "calendar.event_cancelled": Event("calendar_id", None),
}

ALERT: Final = Event("alert_rule_id", ("triggered_at",))

# In addition to v1's. Error codes (`bot_removed_too_early`, `meeting_error`, `MEET_LOGIN_REQUIRED`, …)
# speak for no state. `joining`, `recording` and `processing` stand in descriptions only.
STATES: Final[Mapping[str, State]] = {
    "queued": State.JOINING,
    "pickup_delayed": State.JOINING,
    "retrying": State.JOINING,
    "joining": State.JOINING,
    "in_waiting_for_host": State.JOINING,
    "recording": State.LIVE,
    "processing": State.PROCESSING,
    "recording_succeeded": State.PROCESSING,
    "recording_failed": State.PROCESSING,
    "transcribing": State.PROCESSING,
    "transcription_failed": State.PROCESSING,
    "awaiting_reconciliation": State.PROCESSING,
    "completed": State.COMPLETED,
    "failed": State.FAILED,
}
