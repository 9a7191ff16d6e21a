"""A segment of a transcript, in whatever dialect: its speaker, its times, its words."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypedDict

from schemas.lenient import number, text
from schemas.spacing import join_words, tidy
from schemas.transcript import Segment

Said = tuple[Segment, Mapping[str, Any]]
"""A segment in which something is said, and what it was read from."""

_LONGEST_SECONDS: Final = 30 * 24 * 3600
"""No recording is longer: what is more is a date, or milliseconds."""

_LONGEST_NAME: Final = 500


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
    end = _not_before(start, _first(one, offset, "end_time", "end"))
    if end is None:
        latest = max((at for word in parsed if (at := word["end"]) is not None), default=None)
        end = _not_before(start, latest)
    said = tidy(text(one.get("text")) or "") or join_words(spoken)
    speaker = speaker_of(one.get("speaker"), part)
    fields = {"speaker": speaker, "start": start, "end": end, "text": said, "words": parsed}
    return Segment.model_validate(fields)


def speaker_of(value: object, part: int | None = None) -> str | None:
    """A name, or the digits of a number."""
    if type(value) is int or (type(value) is float and value.is_integer()):
        label = f"{value:.0f}" if abs(value) < 1e15 else None
        return label if part is None or label is None else f"{label} (part {part})"
    return tidy((text(value) or "")[:_LONGEST_NAME]) or None


def seconds(value: object) -> float | None:
    found = value if type(value) is float else number(value)
    return found if found is not None and 0 <= found <= _LONGEST_SECONDS else None


def in_order(segments: Sequence[Segment]) -> Iterator[Segment]:
    """By their start; one without a start stays behind the one it came after."""
    place = 0.0
    places = []
    for index, segment in enumerate(segments):
        place = place if segment.start is None else segment.start
        places.append((place, index))
    return (segments[index] for _, index in sorted(places))


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
        end = _not_before(start, _first(fields, offset, "end", "end_time"))
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


def _not_before(start: float | None, end: float | None) -> float | None:
    return None if start is not None and end is not None and end < start else end
