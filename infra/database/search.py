"""Full-text search through the newest transcript of every meeting."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Float, SelectBase, cast, func, literal_column, select, text
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.database.tables import segments
from infra.database.words import spaced, words_of

_SHOWN_WORDS: Final = 40
_SHOWN_BEFORE: Final = 10
_RANKED_SEGMENTS: Final = 2_000
"""So a word of every second sentence takes no longer than others: in 1,000 meetings it would be a second."""


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
    meeting and place. Where there are thousands, the best of those that were stored last are found.
    """
    phrases = list(dict.fromkeys(tuple(folded) for word in words.split() if (folded := words_of(word))))
    if not phrases:
        return []
    newest_with = _newest_on_postgresql if tx.dialect.name == "postgresql" else _newest_on_sqlite
    taken = [_taken_by(phrase) for phrase in phrases]
    share = cast(sum(taken[1:], taken[0]), Float) / func.length(segments.c.words)
    query = (
        select(*(segments.c[name] for name in ("provider", "meeting_id", "start", "speaker", "text")))
        .where(segments.c.id.in_(newest_with(phrases, max(limit, _RANKED_SEGMENTS))))
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


def _newest_on_sqlite(phrases: Sequence[tuple[str, ...]], limit: int) -> SelectBase:
    """The ids of the segments that hold all phrases. No word has a sign that is syntax to an index."""
    quoted = " AND ".join(f'"{" ".join(phrase)}"' for phrase in phrases)
    newest = text(
        "SELECT rowid FROM segments_words WHERE segments_words MATCH :quoted ORDER BY rowid DESC LIMIT :most"
    )
    return newest.bindparams(quoted=quoted, most=limit).columns(segments.c.id)


def _newest_on_postgresql(phrases: Sequence[tuple[str, ...]], limit: int) -> SelectBase:
    """As on SQLite. The index knows no places: whether parts of a word stand side by side, the text shows."""
    lexemes = " & ".join(f"'{word}'" for phrase in phrases for word in phrase)
    side_by_side = [func.strpos(segments.c.words, spaced(phrase)) > 0 for phrase in phrases if phrase[1:]]
    return (
        select(segments.c.id)
        .where(literal_column("lexemes").op("@@")(cast(lexemes, TSQUERY)), *side_by_side)
        .order_by(segments.c.id.desc())
        .limit(limit)
    )


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
