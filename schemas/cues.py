"""A transcript cut into cues: pieces that fit a screen, each of one speaker."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from schemas.spacing import tidy
from schemas.transcript import Segment, Transcript

_CUE_CHARACTERS: Final = 84
"""Two lines of 42, as broadcasters set them."""

_CUE_SECONDS: Final = 7.0
_SHORTEST_CUE_SECONDS: Final = 0.5
_CHARACTERS_A_SECOND: Final = 15.0
"""How fast people speak, roughly: how long a cue lasts when nothing says so."""

_LAST_MOMENT: Final = 100 * 3_600_000 - 1
"""In ms. Readers of SubRip, and some of WebVTT, take two digits of hours."""

_UNPRINTABLE: Final = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)
"""Also what turns the direction of all that follows: right-to-left text needs none of it."""


@dataclass(frozen=True, slots=True)
class Cue:
    """Milliseconds from the start, `end` after `start`; `text` is one line, not empty.

    `speaker` is "" where nobody knows, and no longer than a line: it stands in each of the cues.
    """

    start: int
    end: int
    speaker: str
    text: str


@dataclass(frozen=True, slots=True)
class _Part:
    """Seconds from the start, null where they are not known."""

    start: float | None
    end: float | None
    text: str


@dataclass(frozen=True, slots=True)
class _PlacedWord:
    """A word's times in seconds, and its place in the segment's text."""

    start: float
    end: float
    begins_at: int
    ends_at: int


def cues_of(transcript: Transcript) -> list[Cue]:
    """What a player can show, in order of start.

    A start that is not known is the end of the cue before. An end that is not known, or not after the start,
    is estimated by the length of the text.
    """
    cues: list[Cue] = []
    for segment in transcript.segments:
        speaker = next(_lines(one_line(segment.speaker or "")), "")
        earliest = 0
        for part in _parts(segment):
            if text := one_line(part.text):
                before = cues[-1].end if cues else 0
                start = before if part.start is None else round(part.start * 1000)
                end = 0 if part.end is None else round(part.end * 1000)
                for cue in _shown(start, end, speaker, text):
                    cues.append(_not_before(earliest, cue))
                    earliest = cues[-1].start
    return sorted(cues, key=lambda cue: cue.start)


def _not_before(earliest: int, cue: Cue) -> Cue:
    """What one says stays in its order, also where an estimated length reaches into what is said next."""
    start = max(earliest, cue.start)
    return replace(cue, start=start, end=max(start + 1, cue.end))


def _shown(start: int, end: int, speaker: str, text: str) -> Iterator[Cue]:
    """The text in cues that fit a screen, each for its share of the time."""
    lines = list(_lines(text))
    if end - start < len(lines):
        end = start + round(1000 * max(_SHORTEST_CUE_SECONDS, len(text) / _CHARACTERS_A_SECOND))
    end = min(end, _LAST_MOMENT)
    start = min(start, end - len(lines))
    for number, line in enumerate(lines):
        begins, ends = (start + (end - start) * place // len(lines) for place in (number, number + 1))
        yield Cue(begins, ends, speaker, line)


def _lines(text: str) -> Iterator[str]:
    """Cut at spaces; where there is none for long, between two signs, unless one is endless."""
    begin = 0
    while len(text) - begin > _CUE_CHARACTERS:
        end = text.rfind(" ", begin, begin + _CUE_CHARACTERS + 1)
        if end > begin:
            yield text[begin:end]
            begin = end + 1
        else:
            end = begin + _CUE_CHARACTERS
            last = min(len(text), end + _CUE_CHARACTERS)
            while end < last and _is_one_sign(text[end - 1], text[end]):
                end += 1
            yield text[begin:end]
            begin = end
    if begin < len(text):
        yield text[begin:]


def _is_one_sign(before: str, after: str) -> bool:
    joiner = "\N{ZERO WIDTH JOINER}"
    return joiner in (before, after) or unicodedata.category(after) in ("Mn", "Mc", "Me", "Sk")


def _parts(segment: Segment) -> Iterator[_Part]:
    """A segment in pieces that fit a screen, cut between words whose times are known; else as a whole."""
    start, end, text = known(segment.start), known(segment.end), segment.text
    words = _placed(segment)
    first = cut = 0
    for index, (word, following) in enumerate(pairwise(words), start=1):
        is_long = following.ends_at - cut > _CUE_CHARACTERS
        is_slow = following.end - words[first].start > _CUE_SECONDS
        if is_long or is_slow:
            yield _Part(words[first].start, word.end, text[cut : following.begins_at])
            first, cut = index, following.begins_at
    if words:
        start, end = words[first].start, words[-1].end
    yield _Part(start, end, text[cut:])


def _placed(segment: Segment) -> list[_PlacedWord]:
    """Empty unless every word has its times, in order, and stands in the text."""
    placed: list[_PlacedWord] = []
    position = 0
    for word in segment.words:
        start, end, text = known(word.start), known(word.end), word.text.strip()
        begins_at = segment.text.find(text, position)
        if start is None or end is None or begins_at < 0 or (placed and start < placed[-1].start):
            return []
        position = begins_at + len(text)
        placed.append(_PlacedWord(start, end, begins_at, position))
    return placed


def known(seconds: float | None) -> float | None:
    return seconds if seconds is not None and 0 <= seconds * 1000 <= _LAST_MOMENT else None


def one_line(text: str) -> str:
    """One line that neither breaks a format nor speaks to a terminal."""
    return tidy(_UNPRINTABLE.sub("", text))
