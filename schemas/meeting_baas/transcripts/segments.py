"""A segment of a transcript, in whatever dialect: its speaker, its times, its words."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from schemas.lenient import number, text
from schemas.segments import not_before, seconds, speaker_of
from schemas.spacing import join_words, tidy
from schemas.transcript import Segment

Said = tuple[Segment, Mapping[str, Any]]
"""A segment in which something is said, and what it was read from."""


class _Word(TypedDict):
    """A word that is not built yet: all of a segment are built at once, which is faster."""

    text: str
    start: float | None
    end: float | None
    confidence: float | None


def segment_of(one: Mapping[str, Any], *, offset: float = 0, part: int | None = None) -> Segment:
    """Its text is "" where nothing is said. `offset` is added to all times, in seconds.

    Speakers that are numbered anew in each `part` get its number too.
    """
    words = one.get("words")
    spoken, parsed = _words(words if isinstance(words, list) else (), offset)
    start = _first(one, offset, "start_time", "start", "offset")
    if start is None:
        start = min((at for word in parsed if (at := word["start"]) is not None), default=None)
    end = not_before(start, _first(one, offset, "end_time", "end"))
    if end is None:
        latest = max((at for word in parsed if (at := word["end"]) is not None), default=None)
        end = not_before(start, latest)
    said = tidy(text(one.get("text")) or "") or join_words(spoken)
    speaker = speaker_of(one.get("speaker"), part)
    fields = {"speaker": speaker, "start": start, "end": end, "text": said, "words": parsed}
    return Segment.model_validate(fields)


def _words(words: Sequence[Any], offset: float) -> tuple[list[str], list[_Word]]:
    """The words as they came, with the spaces that say how to join them, and as those of ours."""
    spoken: list[str] = []
    parsed: list[_Word] = []
    for word in words:
        fields = word if isinstance(word, dict) else {"word": word}
        content = text(fields.get("word")) or text(fields.get("text"))
        if content is None:
            continue
        bare = content if content.isalnum() else tidy(content)
        if not bare:
            continue
        start = _first(fields, offset, "start", "start_time")
        end = not_before(start, _first(fields, offset, "end", "end_time"))
        confidence = number(fields.get("confidence"))
        if confidence is not None and confidence > 1:
            confidence = None
        spoken.append(content)
        parsed.append({"text": bare, "start": start, "end": end, "confidence": confidence})
    return spoken, parsed


def _first(fields: Mapping[str, Any], offset: float, *names: str) -> float | None:
    for name in names:
        value = seconds(fields.get(name))
        if value is not None:
            return value if not offset else seconds(round(value + offset, 6))
    return None
