"""Waterr's transcripts: sentences, in whatever the API puts around them.

`sentenced_transcripts` of a meeting is published: `{speaker, message, start_duration, sequence_number}`. What
an item of `/transcripts/meeting/{id}` looks like is not: the sentences are looked for in it.

`start_duration` has no unit in the documents, and no sentence has an end: seconds, as `conversation_length`
and `highlights` have. One that names no speaker is nobody's.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from schemas.identity import BrokenEvent, NotAnEvent
from schemas.lenient import number, parse_json, text
from schemas.meeting import ParsedTranscript
from schemas.transcript import Segment

SENTENCES: Final = "waterr.sentences"

_TEXTS: Final = ("message", "text", "sentence", "content")
_SPEAKERS: Final = ("speaker", "speaker_name", "name", "role")
_STARTS: Final = ("start_duration", "start", "start_time", "timestamp")
_ENDS: Final = ("end_duration", "end", "end_time")
_DEEPEST: Final = 6


def parse_transcript(shape: str, data: bytes) -> ParsedTranscript:
    """Raises `BrokenEvent` where there is no list in which sentences could be."""
    if shape != SENTENCES:
        raise BrokenEvent(shape, ("not a shape of Waterr's transcripts",))
    try:
        found = _sentences(parse_json(data), 0)
    except NotAnEvent as error:
        raise BrokenEvent(shape, (str(error),)) from error
    if found is None:
        raise BrokenEvent(shape, ("no list of sentences",))
    segments = tuple(segment for one in sorted(found, key=_place) if (segment := _segment(one)))
    return ParsedTranscript(None, None, segments, None if segments else "it holds no sentences")


def _sentences(value: Any, depth: int) -> Sequence[Mapping[str, Any]] | None:
    """The first list of objects with text in them, else an empty list; null where there is no list at all."""
    if depth > _DEEPEST:
        return None
    if isinstance(value, list):
        spoken = [one for one in value if isinstance(one, dict) and _first(one, _TEXTS) is not None]
        return spoken or next((found for one in value if (found := _sentences(one, depth + 1))), [])
    if not isinstance(value, dict):
        return None
    named = value.get("sentenced_transcripts")
    inside = [named] if isinstance(named, list) else value.values()
    tried = [found for one in inside if (found := _sentences(one, depth + 1)) is not None]
    return next((found for found in tried if found), tried[0] if tried else None)


def _segment(one: Mapping[str, Any]) -> Segment | None:
    said = _first(one, _TEXTS)
    if said is None:
        return None
    start, end = (_seconds(one, names) for names in (_STARTS, _ENDS))
    return Segment(
        speaker=_first(one, _SPEAKERS),
        start=start,
        end=None if start is None or end is None else max(start, end),
        text=said.strip(),
        words=(),
    )


def _place(one: Mapping[str, Any]) -> float:
    """By the sender's own number; those without one stay where they were, behind."""
    place = number(one.get("sequence_number"))
    return float("inf") if place is None else place


def _first(one: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    return next((value for name in names if (value := text(one.get(name)))), None)


def _seconds(one: Mapping[str, Any], names: tuple[str, ...]) -> float | None:
    return next((value for name in names if (value := number(one.get(name))) is not None), None)


def has_sentences(answer: object) -> bool:
    """Whether there is anything to read in an answer of the API."""
    return bool(_sentences(answer, 0))
