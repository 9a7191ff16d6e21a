"""What a webhook of Meeting BaaS says about its meeting: the consumers' reading, at full depth.

Source and contradictions in `v1.py` and `v2.py`.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Final

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from schemas.envelope import Record
from schemas.identity import BrokenEvent, NotAnEvent
from schemas.lenient import epoch, moment, number, text
from schemas.meeting import Link, Observation, State, TranscriptSource
from schemas.meeting_baas import v1, v2
from schemas.meeting_baas.answers import fields_of_v1
from schemas.meeting_baas.events import STATUS_CHANGE
from schemas.meeting_baas.identify import EVENTS, identify
from schemas.meeting_baas.payload import Fields, Leniently, read
from schemas.meeting_baas.transcripts import V1_REST, V1_WEBHOOK, V2_OUTPUT, V2_RAW

_STATES: Final[Mapping[str, State]] = {**v1.STATES, **v2.STATES}
_TOLD_OF: Final = {"transcription_complete": TranscriptSource(V1_REST, ask_first=True)}
_FAILURES: Final = frozenset({"failed", "recording_failed", "transcription_failed"})


class _Unread(TypedDict):
    """A segment of a transcript: that there is one is all that matters here."""


class _Part(TypedDict, total=False):
    bot_id: Any
    status: Any
    created_at: Any
    start_time: Any
    sent_at: Any
    sender_name: Any
    error: Any
    error_code: Any
    message: Any
    error_message: Any
    joined_at: Any
    exited_at: Any
    ended_at: Any
    duration_seconds: Any
    participants: Any
    speakers: Any
    data_deleted: Any
    artifacts_deleted: Any
    video: Any
    mp4: Any
    audio: Any
    diarization: Any
    raw_transcription: Any
    transcription: Any
    chat_messages: Any
    transcript: Annotated[list[_Unread] | Any, Leniently]


class _Body(_Part, total=False):
    data: Annotated[_Part | Any, Leniently]


_BODY: Final = TypeAdapter[Any](_Body)


def observe(record: Record) -> Observation | None:
    """Null for calendars, for alerts, and for unknown events that name no bot. Raises `BrokenEvent`.

    An answer of the API that stands for an event says by its type which one, and is read like it.
    `joined_at` of a status is when the recording started, `ended_at` when the bot left. An error is named
    by events that are about a failure; a bot that was removed, say, may still have completed well.
    """
    is_alert = record.type.startswith("meeting-baas.alert.")
    try:
        identity = identify(record.value, "alert" if is_alert else "webhook")
        fields = read(_BODY, record.value)
    except NotAnEvent as error:
        raise BrokenEvent("unknown", (str(error),)) from error
    name, bot_id = identity.type, identity.key
    is_answer = name == "unknown" and _name_of(record) in EVENTS
    if is_answer:
        name, bot_id = _name_of(record), record.key
        fields = fields_of_v1(record.value, bot_id) or fields
    is_about_bot = bot_id != "" and bot_id == str(fields.get("bot_id"))
    if is_alert or name.startswith("calendar.") or not is_about_bot:
        return None
    if name == STATUS_CHANGE:
        return _observe_status(bot_id, fields)
    event = EVENTS.get("bot.completed" if is_answer and name == "bot.failed" else name)  # it may have files
    links = event.links if event and not _is_deleted(fields) else {}
    code = text(fields.get("error_code")) or text(fields.get("error"))
    return Observation(
        provider="meeting-baas",
        meeting_id=bot_id,
        type=name,
        at=moment(fields.get("sent_at")),
        says=EVENTS[name].says if event else None,
        detail=code or text(fields.get("sender_name")) or ("reconciled" if is_answer else ""),
        error=code,
        message=text(fields.get("error_message")) or text(fields.get("message")),
        joined_at=moment(fields.get("joined_at")),
        ended_at=moment(fields.get("exited_at")) or moment(fields.get("ended_at")),
        duration_seconds=number(fields.get("duration_seconds")),
        participants=_names(fields),
        links=tuple(_links(links, fields)),
        transcript=_TOLD_OF.get(name) or _transcript(links, fields),
    )


def _name_of(record: Record) -> str:
    return record.type.removeprefix("meeting-baas.")


def _is_deleted(fields: Fields) -> bool:
    return fields.get("data_deleted") is True or fields.get("artifacts_deleted") is True


def _observe_status(bot_id: str, fields: Fields) -> Observation:
    status = fields["status"] if isinstance(fields["status"], dict) else {**fields, "code": fields["status"]}
    code: str = status["code"]
    at = moment(status.get("created_at"))
    attempt, most = status.get("attempt"), status.get("max")
    return Observation(
        provider="meeting-baas",
        meeting_id=bot_id,
        type=STATUS_CHANGE,
        at=at,
        says=_STATES.get(code),
        detail=f"{code} {attempt}/{most}" if type(attempt) is int and type(most) is int else code,
        error=code if code in _FAILURES else None,
        message=text(status.get("error_message")),
        joined_at=epoch(status.get("start_time")),
        ended_at=at if code == "call_ended" else None,
    )


def _names(fields: Fields) -> tuple[str, ...]:
    """Everybody once: v2's participants and speakers are objects, v1's speakers only names."""
    people = [*_items(fields.get("participants")), *_items(fields.get("speakers"))]
    names = (text(one.get("name") if isinstance(one, dict) else one) for one in people)
    return tuple(dict.fromkeys(name for name in names if name))


def _items(value: object) -> Iterable[Any]:
    return value if isinstance(value, list) else ()


def _links(known: Mapping[str, Any], fields: Fields) -> Iterator[Link]:
    """One for each kind: the first field that has it."""
    seen = set()
    for field, kind in known.items():
        url = text(fields.get(field))
        if kind and url and kind not in seen:
            seen.add(kind)
            yield Link(kind, url)


def _transcript(known: Mapping[str, Any], fields: Fields) -> TranscriptSource | None:
    """v2's raw file where it alone is there. An empty list of v1 is a transcript if it is known that somebody
    spoke: the speakers are told only where a transcript was asked for."""
    numbers = _numbers(fields)
    for field, shape in (("transcription", V2_OUTPUT), ("raw_transcription", V2_RAW)):
        url = text(fields.get(field)) if field in known else None
        if url:
            return TranscriptSource(shape, url, numbers)
    if fields.get("rest_transcript"):
        return TranscriptSource(V1_REST, None, numbers)
    inline = fields.get("transcript")
    is_empty = inline == [] and bool(fields.get("speakers"))
    return TranscriptSource(V1_WEBHOOK, None, numbers) if known and (inline or is_empty) else None


def _numbers(fields: Fields) -> dict[str, str]:
    """The names of those who have a number."""
    people = [*_items(fields.get("participants")), *_items(fields.get("speakers"))]
    return {
        str(one["id"]): name
        for one in people
        if isinstance(one, dict) and type(one.get("id")) is int and (name := text(one.get("name")))
    }
