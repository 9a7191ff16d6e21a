"""Full-text search through the newest transcript of every meeting."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Float, Row, and_, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.database.matches import matches, taken_by
from infra.database.query import Phrase, phrases_of, speaker_phrases_of
from infra.database.scope import EVERYTHING, Only
from infra.database.snippets import around
from infra.database.tables import meetings, segments

_OF_MEETING: Final = and_(
    meetings.c.provider == segments.c.provider, meetings.c.meeting_id == segments.c.meeting_id
)
_RANKED_SEGMENTS: Final = 1_000
"""So a word of every second sentence takes no longer than others: in 1,000 meetings it would be a second."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A segment that holds all the words. `start` in seconds; `text` is up to 40 words around the match.

    `at` is the meeting's time, as in `Only`; null, and no participants, where nothing is known of it yet.
    """

    provider: str
    meeting_id: str
    start: float | None
    speaker: str | None
    text: str
    at: datetime | None = None
    participants: tuple[str, ...] = ()


async def search(tx: AsyncConnection, words: str, *, limit: int, only: Only = EVERYTHING) -> list[Hit]:
    """The `limit` best segments in which all occurs that is asked for, whatever its case and accents.

    `words` are as in `query.py`: words, "phrases" and beginnings*. No words, no hits; too many raise
    `LongQuestion`. Best first: the more of a segment the words make up, the better; equal ones come by
    provider, meeting and place. Where there are thousands, the best of those that were stored last are found.
    """
    phrases = phrases_of(words)
    speaker = [] if only.speaker is None else speaker_phrases_of(only.speaker)
    if not phrases or (only.speaker is not None and not speaker):
        return []
    most = max(limit, _RANKED_SEGMENTS)
    newest = (await matches(tx, [*speaker, *phrases], only)).limit(most)
    taken = [taken_by(phrase) for phrase in phrases]
    share = cast(sum(taken[1:], taken[0]), Float) / func.length(segments.c.text)
    query = (
        select(segments, meetings.c.joined_at, meetings.c.first_event_ms, meetings.c.participants)
        .outerjoin(meetings, _OF_MEETING)
        .where(segments.c.id.in_(newest))
        .order_by(share.desc(), segments.c.provider, segments.c.meeting_id, segments.c.position)
        .limit(limit)
    )
    return [_hit(row, phrases) for row in await tx.execute(query)]


def _hit(row: Row[Any], phrases: Sequence[Phrase]) -> Hit:
    at = row.joined_at
    if at is None and row.first_event_ms is not None:
        at = datetime.fromtimestamp(row.first_event_ms / 1000, UTC)
    text, people = around(row.text, phrases), row.participants or ()
    return Hit(row.provider, row.meeting_id, row.start, row.speaker, text, at, people)
