"""A transcript as a language model reads it: numbered lines, in parts that fit."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from schemas.transcript import Transcript

PART_BYTES: Final = 48_000
"""Of lines in one request, in UTF-8: some 16,000 tokens, which models with a window of 32,000 can take."""

_LONGEST_LINE: Final = 4_000
_LONGEST_NAME: Final = 100
_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Line:
    """`number` is what answers point to: that of a line of the transcript, or of the first one that a note is
    about. `by` is the speaker, or the kind of note."""

    number: int
    start: float | None
    by: str
    text: str

    @property
    def shown(self) -> str:
        """One line whatever was said: nothing in it can look like the end of the transcript."""
        by = _flat(self.by)[:_LONGEST_NAME].replace("|", "/")
        return f"{self.number}|{_time(self.start)}|{by}|{_flat(self.text)}"


def lines_of(transcript: Transcript) -> list[Line]:
    """Numbered from 1; a long one in several. None is empty."""
    pieces = (
        (segment, text[first : first + _LONGEST_LINE])
        for segment in transcript.segments
        if (text := segment.text.strip())
        for first in range(0, len(text), _LONGEST_LINE)
    )
    return [
        Line(number, segment.start, segment.speaker or "unknown", text)
        for number, (segment, text) in enumerate(pieces, start=1)
    ]


def in_parts(lines: Iterable[Line], part_bytes: int) -> list[Sequence[Line]]:
    """In their order; each part has at least a line."""
    return list(_parts(lines, part_bytes))


def _parts(lines: Iterable[Line], part_bytes: int) -> Iterator[Sequence[Line]]:
    part: list[Line] = []
    room = part_bytes
    for line in lines:
        size = len(line.shown.encode()) + 1
        if part and size > room:
            yield part
            part, room = [], part_bytes
        part.append(line)
        room -= size
    if part:
        yield part


def _flat(text: str) -> str:
    return " ".join(_UNPRINTABLE.sub(" ", text).split())


def _time(seconds: float | None) -> str:
    if seconds is None:
        return ""
    minutes, second = divmod(int(seconds), 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{second:02}"
