"""Meeting BaaS's transcripts in our shape."""

from typing import Any

from schemas.identity import BrokenEvent, NotAnEvent
from schemas.meeting import ParsedTranscript
from schemas.meeting_baas.payload import number, parse_json, text
from schemas.transcript import Segment, Word


def parse_transcript(shape: str, data: bytes) -> ParsedTranscript:
    """A transcript in `shape`. Raises `BrokenEvent`."""
    try:
        body = parse_json(data)
    except NotAnEvent as error:
        raise BrokenEvent(shape, (str(error),)) from error
    duration = None
    if shape == "meeting-baas.v2.output":
        result = body.get("result") if isinstance(body, dict) else None
        found = result.get("utterances") if isinstance(result, dict) else None
        duration = number(result.get("total_duration")) if isinstance(result, dict) else None
    else:
        part = body.get("data", body) if isinstance(body, dict) else None
        found = part.get("transcript") if isinstance(part, dict) else None
    if not isinstance(found, list):
        raise BrokenEvent(shape, ("there is no list of segments",))
    segments = [_segment(one) for one in found if isinstance(one, dict)]
    segments.sort(key=lambda one: one.start or 0)
    return ParsedTranscript(None, duration, tuple(segments))


def _segment(one: dict[str, Any]) -> Segment:
    words = tuple(
        Word(
            text=str(word.get("word") or word.get("text") or "").strip(),
            start=number(word.get("start")),
            end=number(word.get("end")),
            confidence=number(word.get("confidence")),
        )
        for word in one.get("words") or ()
    )
    start = number(one.get("start_time", one.get("start")))
    end = number(one.get("end_time", one.get("end")))
    return Segment(
        speaker=text(one.get("speaker")),
        start=words[0].start if start is None and words else start,
        end=words[-1].end if end is None and words else end,
        text=text(one.get("text")) or " ".join(word.text for word in words),
        words=words,
    )
