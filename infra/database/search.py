"""Full-text search through the newest transcript of every meeting."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Float,
    Row,
    Select,
    and_,
    case,
    cast,
    column,
    func,
    literal,
    literal_column,
    select,
    table,
    tuple_,
)
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.database.query import Phrase, phrases_of, speaker_phrases_of
from infra.database.snippets import around
from infra.database.tables import meetings, segments

_RANKED_SEGMENTS: Final = 2_000
"""So a word of every second sentence takes no longer than others: in 1,000 meetings it would be a second."""

_FEW_SEGMENTS: Final = 30_000
"""Of the meetings that count: so many are read one by one in less time than a frequent word is looked up."""


@dataclass(frozen=True, slots=True)
class Only:
    """Which segments count; what is null does not matter.

    A meeting is of the time at which the bot joined it or, where nobody said when, of its first event: not
    before `since`, and before `until`. In a speaker's name all words of `speaker` occur, as in `search`.
    """

    since: datetime | None = None
    until: datetime | None = None
    speaker: str | None = None
    provider: str | None = None


EVERYTHING: Final = Only()

_OF_MEETING: Final = and_(
    meetings.c.provider == segments.c.provider, meetings.c.meeting_id == segments.c.meeting_id
)
_INDEX: Final = table("segments_words", column("rowid"), column("segments_words"))
"""SQLite's."""


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
    newest = await _newest(tx, [*speaker, *phrases], only, most)
    taken = [_taken_by(phrase) for phrase in phrases]
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


def _taken_by(phrase: Phrase) -> ColumnElement[int]:
    """How many characters of the segment's words are those of this phrase."""
    return func.length(segments.c.words) - func.length(func.replace(segments.c.words, phrase.spaced, ""))


async def _newest(tx: AsyncConnection, phrases: Sequence[Phrase], only: Only, most: int) -> Select[int]:
    """The ids of the segments that count and hold all phrases: of those the `most` that were stored last."""
    counting = _counting(only)
    if counting and await _are_few(tx, counting):
        return _read(phrases).where(*counting).limit(most)
    looked_up = _on_postgresql(phrases) if tx.dialect.name == "postgresql" else _on_sqlite(phrases)
    return looked_up.where(*counting).limit(most)


def _counting(only: Only) -> list[ColumnElement[bool]]:
    counting = []
    if only.provider is not None:
        counting.append(segments.c.provider == only.provider)
    if only.since is not None or only.until is not None:
        in_time = select(meetings.c.provider, meetings.c.meeting_id).where(*_in_time(only))
        counting.append(tuple_(segments.c.provider, segments.c.meeting_id).in_(in_time))
    return counting


def _in_time(only: Only) -> Iterator[ColumnElement[bool]]:
    joined, first_ms = meetings.c.joined_at, meetings.c.first_event_ms
    if only.since is not None:
        yield case((joined.is_(None), first_ms >= _ms(only.since)), else_=joined >= only.since)
    if only.until is not None:
        yield case((joined.is_(None), first_ms < _ms(only.until)), else_=joined < only.until)


def _ms(moment: datetime) -> int:
    return ceil(moment.timestamp() * 1000)


async def _are_few(tx: AsyncConnection, counting: Sequence[ColumnElement[bool]]) -> bool:
    some = select(literal(1)).select_from(segments).where(*counting).limit(_FEW_SEGMENTS + 1).subquery()
    found = await tx.scalar(select(func.count()).select_from(some))
    return found is not None and found <= _FEW_SEGMENTS


def _read(phrases: Sequence[Phrase]) -> Select[int]:
    """Without the index."""
    hold_all = [_taken_by(phrase) > 0 for phrase in phrases]
    return select(segments.c.id).where(*hold_all).order_by((segments.c.id + 0).desc())


def _on_sqlite(phrases: Sequence[Phrase]) -> Select[int]:
    """No word has a sign that is syntax to an index."""
    quoted = " AND ".join(f'"{" ".join(phrase.words)}"{" *" * phrase.open}' for phrase in phrases)
    return (
        select(segments.c.id)
        .join_from(_INDEX, segments, segments.c.id == _INDEX.c.rowid)
        .where(_INDEX.c.segments_words.op("MATCH")(quoted))
        .order_by(_INDEX.c.rowid.desc())
    )


def _on_postgresql(phrases: Sequence[Phrase]) -> Select[int]:
    """As on SQLite. The index knows no places: whether words stand side by side, the text shows."""
    lexemes = " & ".join(_lexemes(phrase) for phrase in phrases)
    side_by_side = [
        func.strpos(segments.c.words, phrase.spaced) > 0 for phrase in phrases if phrase.words[1:]
    ]
    return (
        select(segments.c.id)
        .where(literal_column("lexemes").op("@@")(cast(lexemes, TSQUERY)), *side_by_side)
        .order_by(segments.c.id.desc())
    )


def _lexemes(phrase: Phrase) -> str:
    return " & ".join(f"'{word}'" for word in phrase.words) + ":*" * phrase.open
