"""Summaries without a model: sentences picked from the transcript, on this machine."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from infra.summaries.base import Summarised
from infra.summaries.cues import decides, task_in
from infra.summaries.rank import Vector, likeness, ranks_of, vectors_of
from infra.summaries.sentences import Sentence, sentences_of
from infra.summaries.topics import Part, parts_of
from schemas.summary import Effort, Point, Summary, Topic
from schemas.transcript import Transcript

_SENTENCES_AT_LEAST: Final = 3
_SENTENCES_AT_MOST: Final = 10
_WORDS_A_SENTENCE: Final = 1_500
"""One more in the overview for so many words."""

_FEWEST_WORDS: Final = 8
"""Shorter ones say too little by themselves, and come last."""
_ALIKE: Final = 0.5
"""From here on the second of two sentences says nothing new."""

_MOST_POINTS: Final = 20


@dataclass(frozen=True, slots=True)
class Extractive:
    async def summarise(self, transcript: Transcript) -> Summarised:
        """In a thread: some seconds for 60,000 words."""
        summary = await asyncio.to_thread(summary_of, transcript)
        return Summarised(summary, Effort(by="extractive"), transcript.language)


def summary_of(transcript: Transcript) -> Summary:
    """The same transcript gives the same summary."""
    sentences = sentences_of(transcript)
    if not sentences:
        return Summary()
    vectors = vectors_of([sentence.words for sentence in sentences])
    ranks = ranks_of(vectors)
    parts = parts_of(sentences, vectors)
    overview = _best(sentences, vectors, ranks)
    deciding = [number for number, sentence in enumerate(sentences) if decides(sentence.text)]
    tasks = {
        number: task
        for number, sentence in enumerate(sentences)
        if (task := task_in(sentence.text, sentence.speaker, transcript.speakers))
    }
    return Summary(
        overview=tuple(sentences[number].text for number in overview),
        topics=tuple(_topic(part, sentences, ranks) for part in parts),
        decisions=tuple(
            Point(text=sentences[number].text, who=sentences[number].speaker, start=sentences[number].start)
            for number in _foremost(deciding, ranks)
        ),
        action_items=tuple(
            Point(text=sentences[number].text, who=tasks[number].who, start=sentences[number].start)
            for number in _foremost(list(tasks), ranks)
        ),
    )


def _best(sentences: Sequence[Sentence], vectors: Sequence[Vector], ranks: Sequence[float]) -> list[int]:
    """What counts most without saying one thing twice, in order of time."""
    words = sum(len(sentence.words) for sentence in sentences)
    wanted = min(_SENTENCES_AT_LEAST + words // _WORDS_A_SENTENCE, _SENTENCES_AT_MOST)
    picked: list[int] = []
    for number in _by_rank(range(len(sentences)), sentences, ranks):
        if all(likeness(vectors[number], vectors[other]) < _ALIKE for other in picked):
            picked.append(number)
        if len(picked) == wanted:
            break
    return sorted(picked)


def _topic(part: Part, sentences: Sequence[Sentence], ranks: Sequence[float]) -> Topic:
    best = _by_rank(range(part.first, part.last), sentences, ranks)[0]
    return Topic(title=part.title, text=sentences[best].text, start=sentences[part.first].start)


def _by_rank(numbers: range, sentences: Sequence[Sentence], ranks: Sequence[float]) -> list[int]:
    """The sentences of some length before all others."""
    return sorted(numbers, key=lambda each: (len(sentences[each].words) < _FEWEST_WORDS, -ranks[each]))


def _foremost(numbers: Sequence[int], ranks: Sequence[float]) -> list[int]:
    return sorted(sorted(numbers, key=lambda number: -ranks[number])[:_MOST_POINTS])
