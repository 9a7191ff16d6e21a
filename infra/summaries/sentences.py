"""What was said, sentence by sentence, each with its moment."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from infra.database.words import words_of
from schemas.transcript import Segment, Transcript

MOST_SENTENCES: Final = 50_000
"""Ten times those of 4 h. Of more, every second, third, … counts: any length takes the same time."""

_END: Final = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])")
_LONGEST_CHARACTERS: Final = 300
_PIECE: Final = re.compile(
    rf"\S.{{0,{_LONGEST_CHARACTERS - 1}}}(?=\s|$)|\S{{{_LONGEST_CHARACTERS}}}", re.DOTALL
)
"""As many whole words as fit: not everybody's transcripts have full stops."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """`start` in seconds, null where not known; `words` as search compares them."""

    speaker: str | None
    start: float | None
    text: str
    words: tuple[str, ...]


def sentences_of(transcript: Transcript) -> list[Sentence]:
    """In order of time, at most `MOST_SENTENCES`; none without words."""
    found = [piece for segment in transcript.segments for piece in _pieces(segment)]
    step = -(-len(found) // MOST_SENTENCES) or 1
    sentences = (
        Sentence(segment.speaker, _moment(segment, place), text, tuple(words_of(text)))
        for segment, place, text in found[::step]
    )
    return [sentence for sentence in sentences if sentence.words]


def _pieces(segment: Segment) -> Iterator[tuple[Segment, float, str]]:
    """Each with its place in the segment, from 0 on and below 1."""
    text, place = segment.text, 0
    for sentence in _END.split(text):
        for piece in [sentence] if len(sentence) <= _LONGEST_CHARACTERS else _PIECE.findall(sentence):
            yield segment, place / max(len(text), 1), piece.strip()
            place += len(piece) + 1


def _moment(segment: Segment, place: float) -> float | None:
    """As if everybody spoke evenly: good to the seconds that a reader needs to find it."""
    if segment.start is None or segment.end is None or place >= 1:
        return segment.start
    return segment.start + (segment.end - segment.start) * place
