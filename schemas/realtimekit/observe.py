"""What RealtimeKit says about a session, by webhook or in an answer of its API: the consumers' reading."""

from typing import Final

from schemas.envelope import Record
from schemas.identity import BrokenEvent, NotAnEvent
from schemas.lenient import moment, text
from schemas.meeting import Observation, State, SummarySource, TranscriptSource
from schemas.naming import key_of
from schemas.realtimekit.events import (
    ENDED,
    ERRORED,
    FILES,
    LEFT,
    RECORDING,
    STARTED,
    STATUSES,
    SUMMARY,
    TRANSCRIPT,
    UPLOADED,
)
from schemas.realtimekit.files import link_in, links_of
from schemas.realtimekit.identify import identify, time_of
from schemas.realtimekit.payload import Fields, Payload, is_answer, parse, parse_answer, session_of
from schemas.realtimekit.summaries import TEXT
from schemas.realtimekit.transcripts import FILE

_PREFIX: Final = "realtimekit."
_SAYS: Final = {STARTED: State.LIVE, ENDED: State.COMPLETED}


def observe(record: Record) -> Observation | None:
    """Null where no session is named. Raises `BrokenEvent`.

    A session is over with `meeting.ended`: nobody says whether recordings, a transcript or a summary will
    follow. A recording that failed speaks for a failure; one without a link is in its owner's storage.
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
    links = tuple(link for recording in recordings for link in links_of(recording))
    if name in FILES:
        links = link_in(name, payload.top)
    began, ended = moment(payload.meeting.get("startedAt")), moment(payload.meeting.get("endedAt"))
    return Observation(
        provider="realtimekit",
        meeting_id=session,
        type=name,
        at=moment(time_of(name, payload)),
        says=State.FAILED if failed else _SAYS.get(name) or _status(recordings),
        detail="; ".join(map(_told, recordings)) or _detail(name, payload),
        error="recording ERRORED" if failed else None,
        joined_at=began,
        ended_at=ended if name != LEFT else None,
        duration_seconds=(ended - began).total_seconds() if name == ENDED and began and ended else None,
        participants=tuple(filter(None, [text(payload.participant.get("userDisplayName"))])),
        links=links,
        transcript=TranscriptSource(FILE, links[0].url) if links and name == TRANSCRIPT else None,
        summary=SummarySource(TEXT, links[0].url) if links and name == SUMMARY else None,
        title=text(payload.meeting.get("title")) or text(payload.top.get("title")),
        room=key_of(payload.meeting.get("id")) or key_of(payload.top.get("meetingId")),
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
    if status != UPLOADED or links_of(recording):
        return status
    name = text(recording.get("outputFileName"))
    return f"{status} to your own storage" + (f": {name}" if name else "")


def _detail(name: str, payload: Payload) -> str:
    fields = {ENDED: payload.top.get("reason"), "livestreaming.statusUpdate": payload.top.get("status")}
    return text(fields.get(name)) or text(payload.participant.get("userDisplayName")) or ""
