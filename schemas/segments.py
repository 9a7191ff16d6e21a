"""What every sender's transcripts need: times, speakers and an order that can be relied on."""

from collections.abc import Iterator, Sequence
from typing import Final

from schemas.lenient import number, text
from schemas.spacing import tidy
from schemas.transcript import Segment

_LONGEST_SECONDS: Final = 30 * 24 * 3600
"""No recording is longer: what is more is a date, or milliseconds."""

_LONGEST_NAME: Final = 500


def seconds(value: object) -> float | None:
    """Seconds from the start of a recording; null where it cannot be that."""
    found = value if type(value) is float else number(value)
    return found if found is not None and 0 <= found <= _LONGEST_SECONDS else None


def speaker_of(value: object, part: int | None = None) -> str | None:
    """A name, or the digits of a number."""
    if type(value) is int or (type(value) is float and value.is_integer()):
        label = f"{value:.0f}" if abs(value) < 1e15 else None
        return label if part is None or label is None else f"{label} (part {part})"
    return tidy((text(value) or "")[:_LONGEST_NAME]) or None


def not_before(start: float | None, end: float | None) -> float | None:
    """The end, null where it is before the start."""
    return None if start is not None and end is not None and end < start else end


def in_order(segments: Sequence[Segment]) -> Iterator[Segment]:
    """By their start; one without a start stays behind the one it came after."""
    place = 0.0
    places = []
    for index, segment in enumerate(segments):
        place = place if segment.start is None else segment.start
        places.append((place, index))
    return (segments[index] for _, index in sorted(places))
