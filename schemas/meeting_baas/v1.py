"""Meeting BaaS v1: its events and status codes.

Source: https://github.com/Meeting-BaaS/docs at fd14185 (2026-05-13): `openapi.json`,
`content/docs/api/reference/webhooks/`, `content/docs/api/getting-started/`, and the v1 column of
`content/docs/api-v2/migration-guide.mdx`; the sender of status events,
https://github.com/Meeting-BaaS/meet-teams-bot at c4c8344: `src/events.ts`, `src/types.ts`,
`src/state-machine/`.

Contradictions observed, and what is done about them:
- envelope: under `data` in all references, flat in the migration guide (which alone has `bot.completed` for
  v1, read as v2's): both are read
- `bot_id`: a UUID everywhere, the number 42 in one sample: numbers become text
- `status.start_time`: milliseconds in the sender's code, no unit in the documents, seconds in v2: told by
  size
- `error` of `failed`: snake_case in one document, PascalCase in another, free text in the code: kept as it
  came
- `complete`: three published samples; `event_uuid`, `audio`, `transcript` and `extra` may be absent, null
  or empty
- `api_request_stop` is sent by the code and missing in the documents
- the bot sends `bot_rejected`, `waiting_room_timeout` and `call_ended` several times, each with a new
  `created_at`: these are different events, and the state of the meeting absorbs them
- two `transcription_complete` of one bot have nothing that tells them apart: they have the same id
"""

from collections.abc import Mapping
from typing import Final

from schemas.meeting import State
from schemas.meeting_baas.events import STATUS_CHANGE, Event

EVENTS: Final[Mapping[str, Event]] = {
    STATUS_CHANGE: Event("bot_id", ("code", "created_at")),
    "complete": Event("bot_id", (), State.COMPLETED, {"mp4": "video", "audio": "audio"}),
    "failed": Event("bot_id", ("error",), State.FAILED),
    "transcription_complete": Event("bot_id", ()),
    "calendar.sync_events": Event("calendar_id", ("last_updated_ts", "affected_event_uuids")),
}

# `bot_rejected`, `bot_removed`, `waiting_room_timeout`, `invalid_meeting_url`, `meeting_error` and
# `api_request_stop` speak for no state: `complete` or `failed` follows and says how it ended.
STATES: Final[Mapping[str, State]] = {
    "joining_call": State.JOINING,
    "in_waiting_room": State.JOINING,
    "in_call_not_recording": State.LIVE,
    "in_call_recording": State.LIVE,
    "recording_paused": State.LIVE,
    "recording_resumed": State.LIVE,
    "call_ended": State.PROCESSING,
}
