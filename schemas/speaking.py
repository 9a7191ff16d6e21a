"""Whose words are whose, where a transcript does not say: by a log of who spoke when, by people's numbers."""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import pairwise
from typing import Final

from schemas.transcript import Segment

_NUMBER: Final = re.compile(r"\d{1,3}|\d+ \(part \d+\)")
_MOMENT_SECONDS: Final = 1.0
"""How long a segment is taken to last when it has no end."""

_MOST_TURNS: Final = 200
"""Of one segment that count: who speaks in so many has long been found."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Somebody spoke from `start` to `end`, in seconds from the start of the recording; `start < end`."""

    speaker: str
    start: float
    end: float


def is_named(segment: Segment) -> bool:
    """Whether it says who speaks; a number is no name. One of more than three digits may be a telephone's."""
    return segment.speaker is not None and not _NUMBER.fullmatch(segment.speaker)


def named(
    segments: Sequence[Segment], turns: Sequence[Turn], numbers: Mapping[str, str], people: Sequence[str]
) -> tuple[Segment, ...]:
    """The same segments, with the names of those who speak where these can be told.

    `numbers` are the names of numbered people, `people` all that are known to be there. A segment without a
    name gets that of its number, else of who spoke for most of it, else of who spoke for most of the others
    of its number; and a single person is taken for the only number there is. What cannot be told stays.
    """
    timeline = _Timeline.of([turn for one in turns if (turn := _known(one, numbers))])
    votes: defaultdict[str, dict[str, float]] = defaultdict(dict)
    found: dict[int, str] = {}
    for place, segment in enumerate(segments):
        if is_named(segment) and segment.speaker not in numbers:
            continue
        name = numbers.get(segment.speaker or "")
        if name is None and (heard := timeline.heard(segment)):
            name = max(heard, key=lambda each: heard[each])
            _add(heard, votes[segment.speaker or ""])
        if name is not None:
            found[place] = name
    rest = {segment.speaker for place, segment in enumerate(segments) if place not in found}
    alone = people[0] if len(people) == 1 and len(rest) == 1 and not found else None
    return tuple(
        segment if name is None else segment.model_copy(update={"speaker": name})
        for segment, name in _names(segments, found, votes, alone)
    )


def _add(heard: Mapping[str, float], votes: dict[str, float]) -> None:
    for speaker, lasted in heard.items():
        votes[speaker] = votes.get(speaker, 0) + lasted


def _known(turn: Turn, numbers: Mapping[str, str]) -> Turn | None:
    name = numbers.get(turn.speaker, turn.speaker)
    return None if _NUMBER.fullmatch(name) else Turn(name, turn.start, turn.end)


def _names(
    segments: Sequence[Segment],
    found: Mapping[int, str],
    votes: Mapping[str, Mapping[str, float]],
    alone: str | None,
) -> Iterator[tuple[Segment, str | None]]:
    favourites = {
        speaker: max(heard, key=lambda each: heard[each]) for speaker, heard in votes.items() if speaker
    }
    for place, segment in enumerate(segments):
        name = found.get(place)
        if name is None and not is_named(segment):
            name = favourites.get(segment.speaker or "", alone)
        yield segment, name


@dataclass(frozen=True, slots=True)
class _Timeline:
    """One speaker at a time: of several the one who began last. In order, none overlapping another."""

    turns: Sequence[Turn]
    ends: Sequence[float]

    @classmethod
    def of(cls, turns: Sequence[Turn]) -> "_Timeline":
        cut = list(_one_at_a_time(turns))
        return cls(cut, [turn.end for turn in cut])

    def heard(self, segment: Segment) -> dict[str, float]:
        """Seconds of the segment by speaker, in order; empty where its times are not known."""
        heard: dict[str, float] = {}
        start = segment.start
        if start is None:
            return heard
        end = segment.end if segment.end is not None and segment.end > start else start + _MOMENT_SECONDS
        first = bisect_right(self.ends, start)
        for turn in self.turns[first : first + _MOST_TURNS]:
            if turn.start >= end:
                break
            lasted = min(end, turn.end) - max(start, turn.start)
            heard[turn.speaker] = heard.get(turn.speaker, 0) + lasted
        return heard


def _one_at_a_time(turns: Sequence[Turn]) -> Iterator[Turn]:
    beginning = sorted(turns, key=lambda turn: turn.start)
    moments = sorted({moment for turn in turns for moment in (turn.start, turn.end)})
    speaking: list[tuple[float, int]] = []
    next_to_begin = 0
    for start, end in pairwise(moments):
        while next_to_begin < len(beginning) and beginning[next_to_begin].start <= start:
            heappush(speaking, (-beginning[next_to_begin].start, next_to_begin))
            next_to_begin += 1
        while speaking and beginning[speaking[0][1]].end <= start:
            heappop(speaking)
        if speaking:
            yield Turn(beginning[speaking[0][1]].speaker, start, end)
