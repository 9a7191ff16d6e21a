"""Full-text search through the newest transcript of every meeting."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.database.columns import storable


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
    over. No words, no hits.
    """
    wanted = [word for word in storable(words).split() if any(map(str.isalnum, word))]
    if not wanted:
        return []
    quoted = ['"' + word.replace('"', '""') + '"' for word in wanted]
    rows = await tx.execute(_SEARCH, {"words": " AND ".join(quoted), "limit": limit})
    return [Hit(*row) for row in rows]


_SEARCH: Final = text(
    """
    SELECT provider, meeting_id, start, speaker, snippet(segments_words, 0, '', '', '…', 40)
    FROM segments_words JOIN segments ON segments.id = segments_words.rowid
    WHERE segments_words MATCH :words
    ORDER BY rank, provider, meeting_id, position
    LIMIT :limit
    """
)
