"""What somebody asks for, in their own words: words, "phrases in quotes", and beginnings* of words.

Nothing else is syntax, and nothing is a mistake: a quote without another is as if it were not there.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from infra.database.words import spaced, speaker_words, words_of

MOST_WORDS: Final = 100
"""In one question. A database takes more time for each, and refuses thousands."""

QUOTES: Final = '"“”„‟«»＂'
_PIECE: Final = re.compile(rf"[{QUOTES}]([^{QUOTES}]*)[{QUOTES}]|([^\s{QUOTES}]+)")


class LongQuestion(ValueError):
    """More words than `MOST_WORDS`. Its text says so to whoever asked."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Folded words, at least one, side by side; of an `open` one the last may be the beginning of a word."""

    words: tuple[str, ...]
    open: bool = False

    @property
    def spaced(self) -> str:
        """As it stands in the words of a segment wherever it is said, and nowhere else."""
        row = spaced(self.words)
        return row[:-1] if self.open else row


def phrases_of(question: str) -> list[Phrase]:
    """All that must occur, each once, in the order of the question; empty where it holds no word.

    A word of several parts, as "isn't", is a phrase. Raises `LongQuestion`.
    """
    phrases = list(dict.fromkeys(_phrases(question)))
    count = sum(len(phrase.words) for phrase in phrases)
    if count > MOST_WORDS:
        raise LongQuestion(f"This asks for {count} words at once: {MOST_WORDS} is the most.")
    return phrases


def speaker_phrases_of(question: str) -> list[Phrase]:
    """All that must occur in a speaker's name, as `speaker_words` has it. Raises as `phrases_of` does."""
    return [Phrase(tuple(speaker_words(phrase.words)), phrase.open) for phrase in phrases_of(question)]


def _phrases(question: str) -> Iterator[Phrase]:
    for piece in _PIECE.finditer(question):
        said = piece[1] or piece[2] or ""
        if words := words_of(said):
            yield Phrase(tuple(words), said.rstrip().endswith("*"))
