"""Reading what Meeting BaaS sends, in all its dialects, without tripping over what we do not rely on.

The documents disagree on where a field stands: v1's references put everything under `data` and its migration
guide puts it flat; v2's schemas have `extra` beside `data` and `sent_at` inside, its prose the other way round.
So one rule serves all: a field is looked for in `data`, then beside it.

Source: https://github.com/Meeting-BaaS/docs at fd14185, `openapi.json`, `openapi-v2.json`,
`content/docs/api/reference/webhooks/`, `content/docs/api-v2/webhooks.mdx`, `content/docs/api-v2/migration-guide.mdx`.
"""

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import Field, TypeAdapter
from pydantic_core import from_json
from typing_extensions import TypedDict

from schemas.identity import NotAnEvent

Fields = Mapping[str, Any]
"""The fields of an event, from `data` and from beside it. Values are whatever JSON holds, null left out."""


class _Nothing(TypedDict):
    """An object whose fields are not read: a transcript's segments are the transcript consumer's to judge."""


class _Part(TypedDict, total=False):
    bot_id: Any
    calendar_id: Any
    alert_rule_id: Any
    alert_type: Any
    status: Any
    error: Any
    error_code: Any
    error_message: Any
    message: Any
    message_id: Any
    sender_name: Any
    sent_at: Any
    triggered_at: Any
    created_at: Any
    updated_at: Any
    deleted_at: Any
    last_updated_ts: Any
    affected_event_uuids: Any
    joined_at: Any
    exited_at: Any
    ended_at: Any
    duration_seconds: Any
    participants: Any
    speakers: Any
    data_deleted: Any
    video: Any
    mp4: Any
    audio: Any
    diarization: Any
    raw_transcription: Any
    transcription: Any
    chat_messages: Any
    transcript: Annotated[list[_Nothing] | Any, Field(union_mode="left_to_right")]


class _Body(_Part, total=False):
    event: Any
    data: Annotated[_Part | Any, Field(union_mode="left_to_right")]


_BODY: TypeAdapter[dict[str, Any]] = TypeAdapter(_Body)


def read_fields(body: bytes) -> Fields:
    """The fields we know of an event. Raises `NotAnEvent` when the body is not a JSON object."""
    try:
        top = _BODY.validate_json(body)
    except ValueError:
        value = parse_json(body)
        if not isinstance(value, dict):
            raise NotAnEvent("the body is JSON but not an object") from None
        top = _BODY.validate_python(value)
    fields = {name: value for name, value in top.items() if value is not None}
    data = fields.get("data")
    if isinstance(data, dict):
        fields.update((name, value) for name, value in data.items() if value is not None)
    return fields


def parse_json(raw: bytes) -> Any:
    """Any JSON in UTF-8; half of a surrogate pair becomes "?". Raises `NotAnEvent`, with no words of the content."""
    try:
        return from_json(raw)
    except ValueError:
        pass  # stricter than JSON itself: half a surrogate pair, some hundred levels of nesting
    try:
        value = json.loads(raw.decode("utf-8"))
        return json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    except UnicodeDecodeError as error:
        raise NotAnEvent(f"the body is not UTF-8 (byte {error.start})") from None
    except json.JSONDecodeError as error:
        raise NotAnEvent(f"the body is not JSON: {error.msg} (character {error.pos})") from None
    except ValueError:
        raise NotAnEvent("the body holds a number with too many digits") from None
    except RecursionError:
        raise NotAnEvent("the body is nested too deeply") from None


def text(value: object) -> str | None:
    """A string that says something, or null."""
    return value if isinstance(value, str) and value.strip() else None


def number(value: object) -> float | None:
    """A number that is neither negative nor infinite, also when written as a string; else null."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        figure = float(value)
    except (ValueError, OverflowError):
        return None
    return figure if math.isfinite(figure) and figure >= 0 else None


def moment(value: object) -> datetime | None:
    """An ISO 8601 date-time in UTC, or null. One without a zone is UTC: the REST samples leave the zone out."""
    if not isinstance(value, str) or len(value) < 16:
        return None
    try:
        at = datetime.fromisoformat(value)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
