"""Full-text search through the newest transcript of every meeting."""

from collections.abc import Collection, Set
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Float, cast, func, literal_column, select, text
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.database.tables import LEXEMES, segments
from infra.database.words import spaced, words_of

_SHOWN_WORDS: Final = 40
_SHOWN_BEFORE: Final = 10


@dataclass(frozen=True, slots=True)
class Hit:
    """A segment that holds all the words. `start` in seconds; `text` is up to 40 words around the match."""

    provider: str
    meeting_id: str
    start: float | None
    speaker: str | None
    text: str


async def search(tx: AsyncConnection, words: str, *, limit: int) -> list[Hit]:
    """The `limit` best segments in which every word occurs, whatever its case and accents; best first.

    A word is what stands between spaces; nothing in it is syntax, and one without a letter or digit is passed
    over. No words, no hits. The more of a segment the words make up, the better; equal ones come by provider,
    meeting and place.
    """
    phrases = list(dict.fromkeys(tuple(folded) for word in words.split() if (folded := words_of(word))))
    if not phrases:
        return []
    taken = [_taken_by(phrase) for phrase in phrases]
    share = cast(sum(taken[1:], taken[0]), Float) / func.length(segments.c.words)
    query = (
        select(*(segments.c[name] for name in ("provider", "meeting_id", "start", "speaker", "text")))
        .where(_holds(tx, phrases), *(room > 0 for room in taken))
        .order_by(share.desc(), segments.c.provider, segments.c.meeting_id, segments.c.position)
        .limit(limit)
    )
    first_words = {phrase[0] for phrase in phrases}
    return [
        Hit(row.provider, row.meeting_id, row.start, row.speaker, _around(row.text, first_words))
        for row in await tx.execute(query)
    ]


def _taken_by(phrase: tuple[str, ...]) -> ColumnElement[int]:
    """How many characters of the segment's words are those of this phrase."""
    return func.length(segments.c.words) - func.length(func.replace(segments.c.words, spaced(phrase), ""))


def _holds(tx: AsyncConnection, phrases: Collection[tuple[str, ...]]) -> ColumnElement[bool]:
    """By the index, in its own syntax: of which nothing is in a word, made of letters, digits and marks."""
    if tx.dialect.name == "postgresql":
        lexemes = " & ".join(f"'{word}'" for phrase in phrases for word in phrase)
        return literal_column(LEXEMES).op("@@")(cast(lexemes, TSQUERY))
    quoted = " AND ".join(f'"{" ".join(phrase)}"' for phrase in phrases)
    found = text("SELECT rowid FROM segments_words WHERE segments_words MATCH :quoted")
    return segments.c.id.in_(found.bindparams(quoted=quoted).columns(segments.c.id))


def _around(said: str, first_words: Set[str]) -> str:
    """What was said, or of a long speech the part around the first of the words."""
    spoken = said.split()
    if len(spoken) <= _SHOWN_WORDS:
        return said
    matches = (place for place, word in enumerate(spoken) if not first_words.isdisjoint(words_of(word)))
    begin = max(0, min(next(matches, 0) - _SHOWN_BEFORE, len(spoken) - _SHOWN_WORDS))
    end = begin + _SHOWN_WORDS
    part = " ".join(spoken[begin:end])
    return f"{'…' if begin else ''}{part}{'…' if end < len(spoken) else ''}"
