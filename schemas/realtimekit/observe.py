"""What RealtimeKit says about a session, by webhook or in an answer of its API: the consumers' reading."""

from collections.abc import Iterator
from typing import Final

from schemas.envelope import Record
from schemas.identity import BrokenEvent, NotAnEvent
from schemas.lenient import moment, text
from schemas.meeting import Link, Observation, State, TranscriptSource
from schemas.naming import key_of
from schemas.realtimekit.events import (
    ENDED,
    ERRORED,
    FILES,
    LEFT,
    RECORDED,
    RECORDING,
    STARTED,
    STATUSES,
    UPLOADED,
    File,
)
from schemas.realtimekit.identify import identify, time_of
from schemas.realtimekit.payload import Fields, Payload, is_answer, parse, parse_answer, session_of
from schemas.realtimekit.transcripts import FILE

_PREFIX: Final = "realtimekit."
_SAYS: Final = {STARTED: State.LIVE, ENDED: State.COMPLETED}


def observe(record: Record) -> Observation | None:
    """Null where no session is named. Raises `BrokenEvent`.

    A session is over with `meeting.ended`: nobody says whether recordings, a transcript or a summary will
    follow. A recording that failed speaks for a failure; one without a link lies in storage of ours.
    """
    try:
        if is_answer(record.value):
            name = record.type.removeprefix(_PREFIX)
            payload = parse_answer(record.value, name)
            session = record.key
        else:
            identity = identify(record.value, "webhook")
            name, payload = identity.type, parse(record.value)
            session = key_of(payload.session)
    except NotAnEvent as error:
        raise BrokenEvent("unknown", (str(error),)) from error
    if not session:
        return None
    recordings = _of_session(payload, session) if name == RECORDING else []
    failed = any(recording.get("status") == ERRORED for recording in recordings)
    began, ended = moment(payload.meeting.get("startedAt")), moment(payload.meeting.get("endedAt"))
    return Observation(
        provider="realtimekit",
        meeting_id=session,
        type=name,
        at=moment(time_of(name, payload)),
        says=_status(recordings) if name == RECORDING else _SAYS.get(name),
        detail="; ".join(map(_told, recordings)) or _detail(name, payload),
        error="recording ERRORED" if failed else None,
        joined_at=began,
        ended_at=ended if name != LEFT else None,
        duration_seconds=(ended - began).total_seconds() if name == ENDED and began and ended else None,
        participants=tuple(filter(None, [text(payload.participant.get("userDisplayName"))])),
        links=tuple(_links(name, payload, recordings)),
        transcript=_transcript(name, payload),
    )


def _of_session(payload: Payload, session: str) -> list[Fields]:
    """In an answer there may be those of other sessions in the same room."""
    several = len(payload.recordings) > 1
    return [one for one in payload.recordings if not several or key_of(session_of(one)) == session]


def _status(recordings: list[Fields]) -> State | None:
    known = [status for one in recordings if (status := STATUSES.get(str(one.get("status"))))]
    return max(known, key=lambda status: status.rank).says if known else None


def _told(recording: Fields) -> str:
    status = str(recording.get("status"))
    if status != UPLOADED or any(text(recording.get(file.link)) for file in RECORDED):
        return status
    name = text(recording.get("outputFileName"))
    return f"{status} to storage of your own" + (f": {name}" if name else "")


def _detail(name: str, payload: Payload) -> str:
    fields = {ENDED: payload.top.get("reason"), "livestreaming.statusUpdate": payload.top.get("status")}
    return text(fields.get(name)) or text(payload.participant.get("userDisplayName")) or ""


def _links(name: str, payload: Payload, recordings: list[Fields]) -> Iterator[Link]:
    for recording in recordings:
        if recording.get("status") == UPLOADED:
            for file in RECORDED:
                yield from _link(file, recording)
    if name in FILES:
        yield from _link(FILES[name], payload.top)


def _link(file: File, fields: Fields) -> Iterator[Link]:
    url = text(fields.get(file.link))
    if url and file.kind:
        yield Link(file.kind, url)


def _transcript(name: str, payload: Payload) -> TranscriptSource | None:
    file = FILES.get(name)
    url = text(payload.top.get(file.link)) if file and file.kind is None else None
    return TranscriptSource(FILE, url) if url else None
