"""A transcript for people and players: plain text, WebVTT (https://www.w3.org/TR/webvtt1/) and SubRip."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
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

_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff]")


def as_text(transcript: Transcript) -> str:
    """A line a segment: `[00:01:05] Speaker: what was said`, without what is not known."""
    lines = []
    for segment in transcript.segments:
        start, speaker = _known(segment.start), _clean(segment.speaker or "")
        time = "" if start is None else f"[{_time(int(start) * 1000, '.').partition('.')[0]}] "
        lines.append(f"{time}{speaker}{': ' if speaker else ''}{_clean(segment.text)}\n")
    return "".join(lines)


def as_vtt(transcript: Transcript) -> str:
    """WebVTT, the speaker as the voice of each cue. Cues are in order of start, and each has a length."""
    blocks = ["WEBVTT\n"]
    for cue in _cues(transcript):
        voice = f"<v {_escaped(cue.speaker)}>" if cue.speaker else ""
        blocks.append(f"{_time(cue.start, '.')} --> {_time(cue.end, '.')}\n{voice}{_escaped(cue.text)}\n")
    return "\n".join(blocks)


def as_srt(transcript: Transcript) -> str:
    """SubRip. It knows no escapes: an arrow in the text becomes a shorter one, all else stays as it is."""
    blocks = []
    for number, cue in enumerate(_cues(transcript), start=1):
        line = f"{cue.speaker}: {cue.text}" if cue.speaker else cue.text
        times = f"{_time(cue.start, ',')} --> {_time(cue.end, ',')}"
        blocks.append(f"{number}\n{times}\n{line.replace('-->', '->')}\n")
    return "\n".join(blocks)


@dataclass(frozen=True, slots=True)
class _Cue:
    """Milliseconds from the start, `end` after `start`; `text` is one line, not empty."""

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


def _cues(transcript: Transcript) -> list[_Cue]:
    """What a player can show, in order of start.

    A start that is not known is the end of the cue before. An end that is not known, or not after the start,
    is estimated by the length of the text.
    """
    cues: list[_Cue] = []
    for segment in transcript.segments:
        speaker = _clean(segment.speaker or "")
        for part in _parts(segment):
            text = _clean(part.text)
            if not text:
                continue
            before = cues[-1].end if cues else 0
            start = before if part.start is None else round(part.start * 1000)
            end = 0 if part.end is None else round(part.end * 1000)
            cues.append(_Cue(start, end if end > start else start + _estimate(text), speaker, text))
    return sorted(cues, key=lambda cue: cue.start)


def _estimate(text: str) -> int:
    return round(1000 * max(_SHORTEST_CUE_SECONDS, len(text) / _CHARACTERS_A_SECOND))


def _parts(segment: Segment) -> Iterator[_Part]:
    """A segment in pieces that fit a screen, cut between words whose times are known; else as a whole."""
    start, end, text = _known(segment.start), _known(segment.end), segment.text
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
    """Empty unless every word has its times and stands in the text."""
    placed: list[_PlacedWord] = []
    position = 0
    for word in segment.words:
        start, end, text = _known(word.start), _known(word.end), word.text.strip()
        begins_at = segment.text.find(text, position)
        if start is None or end is None or begins_at < 0:
            return []
        position = begins_at + len(text)
        placed.append(_PlacedWord(start, end, begins_at, position))
    return placed


def _known(seconds: float | None) -> float | None:
    return seconds if seconds is not None and 0 <= seconds < math.inf else None


def _clean(text: str) -> str:
    """One line that neither breaks a format nor speaks to a terminal."""
    return tidy(_UNPRINTABLE.sub("", text))


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _time(milliseconds: int, point: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}{point}{rest:03}"
