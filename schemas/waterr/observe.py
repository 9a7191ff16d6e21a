"""What Waterr says about a meeting, by webhook or in an answer of its API: the consumers' reading.

No event has the file that it tells of: recordings and transcripts are asked for at the API. Only an analysis
comes whole.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from schemas.envelope import Record
from schemas.identity import BrokenEvent, NotAnEvent
from schemas.lenient import moment, number, parse_json, text
from schemas.meeting import Link, Observation, SummarySource, TranscriptSource
from schemas.naming import key_of
from schemas.waterr.events import (
    ANALYSED,
    DISTINCT,
    ENDED,
    JOINED,
    LEFT,
    NOT_ANALYSED,
    RECORDED,
    SAYS,
    TRANSCRIBED,
    meaning,
)
from schemas.waterr.identify import PROVIDER, identify
from schemas.waterr.payload import Fields, Payload, fields_of, parse, unwrapped
from schemas.waterr.summaries import ANALYSIS, has_analysis
from schemas.waterr.transcripts import SENTENCES

_PREFIX: Final = "waterr."


def observe(record: Record) -> Observation | None:
    """Null where no meeting is named. Raises `BrokenEvent`."""
    try:
        answer = parse_json(record.value)
        if not (isinstance(answer, dict) and isinstance(answer.get("event"), str)):
            return _observe_answer(record, answer)
        identity = identify(record.value, "webhook")
    except NotAnEvent as error:
        raise BrokenEvent("unknown", (str(error),)) from error
    if not identity.key:
        return None
    payload = parse(record.value)
    is_known = meaning(identity.type) in DISTINCT
    return _observation(identity.type, identity.key, payload, identity.time, is_known=is_known)


def _observe_answer(record: Record, answer: object) -> Observation | None:
    """What the API says in place of an event: of the record's type, about the record's meeting."""
    name = record.type.removeprefix(_PREFIX)
    if meaning(name) not in DISTINCT or not record.key:
        return None
    fields = fields_of(answer)
    if meaning(name) == ANALYSED:
        fields = {"analysis": fields.get("analysis") or fields}
    elif meaning(name) == RECORDED:
        fields = {"recordings": unwrapped(answer)}
    return _observation(name, record.key, Payload({}, fields), "", is_known=True)


def _observation(name: str, meeting_id: str, payload: Payload, time: str, *, is_known: bool) -> Observation:
    what = meaning(name) if is_known else ""
    is_end = what == ENDED or name == "meeting.completed"
    error = payload.find("error") if what == NOT_ANALYSED else None
    return Observation(
        provider=PROVIDER,
        meeting_id=meeting_id,
        type=name,
        at=moment(time) or (moment(payload.find("ended_at")) if is_end else None),
        says=SAYS.get(what),
        detail=_detail(what, payload),
        error="analysis failed" if what == NOT_ANALYSED else None,
        message=text(error),
        joined_at=moment(payload.find("started_at")) if what == ENDED else None,
        ended_at=(moment(payload.find("ended_at")) or moment(payload.find("completed_at")))
        if is_end
        else None,
        duration_seconds=_seconds(payload) if is_end else None,
        participants=tuple(dict.fromkeys(_people(what, payload))),
        links=tuple(_links(what, payload)),
        transcript=TranscriptSource(SENTENCES, ask_first=True) if what == TRANSCRIBED else None,
        summary=SummarySource(ANALYSIS, ask_first=not has_analysis(payload)) if what == ANALYSED else None,
        no_summary=what == NOT_ANALYSED,
    )


def _detail(what: str, payload: Payload) -> str:
    if what in (JOINED, LEFT):
        return text(payload.find("participant.name")) or text(payload.find("participant.role")) or ""
    sentences = number(payload.find("sentence_count")) if what == TRANSCRIBED else None
    return f"{sentences:.0f} sentences" if sentences is not None else ""


def _seconds(payload: Payload) -> float | None:
    seconds = number(payload.find("duration_seconds"))
    return number(payload.find("duration")) if seconds is None else seconds


def _people(what: str, payload: Payload) -> Iterator[str]:
    if what in (JOINED, LEFT) and (name := text(payload.find("participant.name"))):
        yield name
    if name := text(payload.find("person_name")):
        yield name
    listed = payload.find("participants")
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, dict) and (name := text(one.get("name"))):
            yield name


def _links(what: str, payload: Payload) -> Iterator[Link]:
    if what == RECORDED:
        for recording in _recordings(payload):
            yield Link(
                "video",
                "",
                id=key_of(recording.get("recording_id") or recording.get("id")) or None,
                ask_first=True,
            )
    elif url := text(payload.find("recording_url")):
        yield Link("video", url)


def _recordings(payload: Payload) -> Sequence[Fields]:
    """One by webhook; in an answer there may be several, of which the API gives a link to the newest only."""
    listed: Any = payload.find("recordings")
    if listed is None:
        return [payload.data]
    found = [one for one in (listed if isinstance(listed, list) else [listed]) if isinstance(one, dict)]
    return found[:1]
