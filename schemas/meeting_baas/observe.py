"""What a webhook of Meeting BaaS means for its meeting, either generation."""

from datetime import UTC, datetime
from typing import Final

from schemas.envelope import Record
from schemas.identity import BrokenEvent, NotAnEvent
from schemas.manifest import ArtifactKind
from schemas.meeting import Link, Observation, State, TranscriptSource
from schemas.meeting_baas.identify import identify, status_of
from schemas.meeting_baas.payload import Fields, moment, number, read_fields, text

V1_WEBHOOK: Final = "meeting-baas.v1.webhook"
V2_OUTPUT: Final = "meeting-baas.v2.output"

_STATES: Final = {
    "queued": State.JOINING,
    "pickup_delayed": State.JOINING,
    "retrying": State.JOINING,
    "joining": State.JOINING,
    "joining_call": State.JOINING,
    "in_waiting_room": State.JOINING,
    "in_waiting_for_host": State.JOINING,
    "in_call_not_recording": State.LIVE,
    "in_call_recording": State.LIVE,
    "recording": State.LIVE,
    "recording_paused": State.LIVE,
    "recording_resumed": State.LIVE,
    "call_ended": State.PROCESSING,
    "processing": State.PROCESSING,
    "recording_succeeded": State.PROCESSING,
    "recording_failed": State.PROCESSING,
    "transcribing": State.PROCESSING,
    "awaiting_reconciliation": State.PROCESSING,
    "transcription_failed": State.PROCESSING,
    "completed": State.COMPLETED,
    "failed": State.FAILED,
}
_FINAL: Final = {
    "complete": State.COMPLETED,
    "bot.completed": State.COMPLETED,
    "failed": State.FAILED,
    "bot.failed": State.FAILED,
}
_LINKS: Final[tuple[tuple[ArtifactKind, tuple[str, ...]], ...]] = (
    ("video", ("video", "mp4")),
    ("audio", ("audio",)),
    ("diarization", ("diarization",)),
    ("raw_transcription", ("raw_transcription",)),
    ("chat", ("chat_messages",)),
)


def observe(record: Record) -> Observation | None:
    """What a webhook says of its meeting; null for calendars, alerts and events that name no bot."""
    try:
        channel = "alert" if record.type.startswith("meeting-baas.alert.") else "webhook-v2"
        identity = identify(record.value, channel)
        fields = read_fields(record.value)
    except NotAnEvent as error:
        raise BrokenEvent("unknown", (str(error),)) from error
    if channel == "alert" or "bot_id" not in fields:
        return None
    if identity.type == "bot.status_change":
        return _status_change(identity.key, status_of(fields))
    gone = fields.get("data_deleted") is True
    return Observation(
        provider="meeting-baas",
        meeting_id=identity.key,
        type=identity.type,
        at=moment(fields.get("sent_at")),
        says=_FINAL.get(identity.type),
        detail=text(fields.get("sender_name")) or text(fields.get("error_code")) or text(fields.get("error")) or "",
        error=text(fields.get("error_code")) or text(fields.get("error")),
        message=text(fields.get("error_message")) or text(fields.get("message")),
        joined_at=moment(fields.get("joined_at")),
        ended_at=moment(fields.get("exited_at")),
        duration_seconds=number(fields.get("duration_seconds")),
        participants=_participants(fields),
        links=() if gone else _links(fields),
        transcript=None if gone else _transcript(fields),
    )


def _status_change(bot_id: str, status: Fields) -> Observation:
    code = status["code"]
    at = moment(status.get("created_at"))
    return Observation(
        provider="meeting-baas",
        meeting_id=bot_id,
        type="bot.status_change",
        at=at,
        says=_STATES.get(code),
        detail=code,
        message=text(status.get("error_message")),
        joined_at=_epoch(status.get("start_time")),
        ended_at=at if code == "call_ended" else None,
    )


def _epoch(value: object) -> datetime | None:
    seconds = number(value)
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _participants(fields: Fields) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for field in ("participants", "speakers"):
        people = fields.get(field)
        for person in people if isinstance(people, list) else ():
            name = text(person.get("name") if isinstance(person, dict) else person)
            if name:
                names[name] = None
    return tuple(names)


def _links(fields: Fields) -> tuple[Link, ...]:
    found = ((kind, next((u for f in names if (u := text(fields.get(f)))), None)) for kind, names in _LINKS)
    return tuple(Link(kind, url) for kind, url in found if url)


def _transcript(fields: Fields) -> TranscriptSource | None:
    url = text(fields.get("transcription"))
    if url:
        return TranscriptSource(V2_OUTPUT, url)
    return TranscriptSource(V1_WEBHOOK) if fields.get("transcript") else None
