"""Where the talk turns to something else (after Hearst's TextTiling, 1997), and words for each part."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from infra.database.words import words_of
from infra.summaries.rank import Vector, centre_of, likeness
from infra.summaries.sentences import Sentence

_BLOCK_WORDS: Final = 100
_BLOCKS_COMPARED: Final = 4
"""On each side of a turn; no topic has fewer."""

_WORDS_A_TOPIC: Final = 1_200
"""Some eight minutes."""

_MOST_TOPICS: Final = 12
_TITLE_WORDS: Final = 3
_SHORTEST_TITLE_WORD: Final = 4
"""Characters: most of a language's small words have fewer."""

_TOKEN: Final = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Part:
    """The sentences from number `first` on, up to but without `last`."""

    first: int
    last: int
    title: str


def parts_of(sentences: Sequence[Sentence], vectors: Sequence[Vector]) -> list[Part]:
    """The whole talk in parts of a topic each, in order; at least one sentence is given."""
    turns = [0, *_turns(sentences, vectors), len(sentences)]
    having = Counter(word for sentence in sentences for word in set(sentence.words))
    rarity = {word: math.log((len(sentences) + 1) / count) for word, count in having.items()}
    return [
        Part(first, last, _title(sentences[first:last], having, rarity)) for first, last in pairwise(turns)
    ]


def _turns(sentences: Sequence[Sentence], vectors: Sequence[Vector]) -> list[int]:
    """Where what was said before and what comes after are least alike."""
    starts = _block_starts(sentences)
    wanted = min(_MOST_TOPICS, round(sum(len(one.words) for one in sentences) / _WORDS_A_TOPIC)) - 1
    bounds = [*starts, len(sentences)]
    blocks = [centre_of(vectors[first:last]) for first, last in pairwise(bounds)]
    alike = {
        turn: likeness(
            centre_of(blocks[turn - _BLOCKS_COMPARED : turn]),
            centre_of(blocks[turn : turn + _BLOCKS_COMPARED]),
        )
        for turn in range(_BLOCKS_COMPARED, len(blocks) - _BLOCKS_COMPARED + 1)
    }
    turns: list[int] = []
    for turn in sorted(alike, key=lambda each: alike[each]):
        if len(turns) >= wanted:
            break
        if all(abs(turn - other) >= _BLOCKS_COMPARED for other in turns):
            turns.append(turn)
    return [starts[turn] for turn in sorted(turns)]


def _block_starts(sentences: Sequence[Sentence]) -> list[int]:
    starts, words = [0], 0
    for number, sentence in enumerate(sentences):
        if words >= _BLOCK_WORDS:
            starts.append(number)
            words = 0
        words += len(sentence.words)
    return starts


def _title(sentences: Sequence[Sentence], having: Mapping[str, int], rarity: Mapping[str, float]) -> str:
    """The words that are said often here and hardly elsewhere, as they are written; what was said first where
    there are none."""
    here = Counter(word for sentence in sentences for word in set(sentence.words))
    fewest = min(max(here.values()), 2)
    weights = {
        word: count * (count / having[word] * rarity[word]) ** 3
        for word, count in here.items()
        if count >= fewest and len(word) >= _SHORTEST_TITLE_WORD and not word.isdecimal()
    }
    best = sorted(weights, key=lambda word: (-weights[word], word))[:_TITLE_WORDS]
    title = ", ".join(_as_written(word, sentences) for word in best)
    return title[:1].upper() + title[1:] or sentences[0].text[:40]


def _as_written(word: str, sentences: Sequence[Sentence]) -> str:
    forms = Counter(
        token
        for sentence in sentences
        if word in sentence.words
        for token in _TOKEN.findall(sentence.text)
        if words_of(token) == [word]
    )
    return forms.most_common(1)[0][0] if forms else word
