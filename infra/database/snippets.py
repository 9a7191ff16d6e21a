"""Of a long speech, what is around the first match."""

import re
from collections.abc import Sequence
from typing import Final

from infra.database.query import Phrase
from infra.database.words import LONGEST_WORD, UNSPACED, spaced, words_of

_SHOWN_WORDS: Final = 40
_SHOWN_BEFORE: Final = 10
_PIECE: Final = re.compile(rf"[{UNSPACED}]|[^\s{UNSPACED}]{{1,{LONGEST_WORD}}}")


def around(said: str, phrases: Sequence[Phrase]) -> str:
    """The speech, or of a long one the words around the first place where one of the phrases begins.

    A sign of a script without spaces counts as a word.
    """
    pieces = list(_PIECE.finditer(said))
    if len(pieces) <= _SHOWN_WORDS:
        return said
    begin = max(0, min(_first_match(said, pieces, phrases) - _SHOWN_BEFORE, len(pieces) - _SHOWN_WORDS))
    last = begin + _SHOWN_WORDS - 1
    part = said[pieces[begin].start() : pieces[last].end()]
    return f"{'…' if begin else ''}{part}{'…' if last + 1 < len(pieces) else ''}"


def _first_match(said: str, pieces: Sequence[re.Match[str]], phrases: Sequence[Phrase]) -> int:
    """The place of the piece in which a phrase begins."""
    row = spaced(words_of(said))
    begins = min((place for phrase in phrases if (place := row.find(phrase.spaced)) >= 0), default=0)
    words_before = row.count(" ", 0, begins) // 2
    for place, piece in enumerate(pieces):
        words_before -= len(words_of(piece[0]))
        if words_before < 0:
            return place
    return 0
