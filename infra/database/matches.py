"""The segments in which all phrases are said, those that were stored last first: on each database its way."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, Select, cast, column, func, literal_column, select, table
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.database.query import Phrase
from infra.database.scope import Only, few_meetings, is_in, is_of, newest_of
from infra.database.tables import segments

_INDEX: Final = table("segments_words", column("rowid"), column("segments_words"))
"""SQLite's."""


async def matches(tx: AsyncConnection, phrases: Sequence[Phrase], only: Only) -> Select[int]:
    """The ids of the segments that count and hold all phrases (those of the speaker are among them)."""
    few = await few_meetings(tx, only)
    if few is not None:
        return _read(phrases).where(is_of(few))
    on_postgresql = tx.dialect.name == "postgresql"
    looked_up = _on_postgresql(phrases) if on_postgresql else _on_sqlite(phrases)
    identity: ColumnElement[int] = segments.c.id if on_postgresql else _INDEX.c.rowid
    if not only.is_of_all_time:
        looked_up = looked_up.where(identity <= newest_of(only))
    return looked_up.where(*is_in(only)).order_by(identity.desc())


def taken_by(phrase: Phrase) -> ColumnElement[int]:
    """How many characters of the segment's words are those of this phrase."""
    return func.length(segments.c.words) - func.length(func.replace(segments.c.words, phrase.spaced, ""))


def _read(phrases: Sequence[Phrase]) -> Select[int]:
    """Without the index: no order of ids is asked of the database until it has read them."""
    hold_all = [taken_by(phrase) > 0 for phrase in phrases]
    return select(segments.c.id).where(*hold_all).order_by((segments.c.id + 0).desc())


def _on_sqlite(phrases: Sequence[Phrase]) -> Select[int]:
    """No word has a sign that is syntax to an index."""
    quoted = " AND ".join(f'"{" ".join(phrase.words)}"{" *" * phrase.open}' for phrase in phrases)
    return (
        select(segments.c.id)
        .join_from(_INDEX, segments, segments.c.id == _INDEX.c.rowid)
        .where(_INDEX.c.segments_words.op("MATCH")(quoted))
    )


def _on_postgresql(phrases: Sequence[Phrase]) -> Select[int]:
    """As on SQLite. The index knows no places: whether words stand side by side, the text shows."""
    lexemes = " & ".join(map(_lexemes, phrases))
    side_by_side = [func.strpos(segments.c.words, each.spaced) > 0 for each in phrases if each.words[1:]]
    return select(segments.c.id).where(
        literal_column("lexemes").op("@@")(cast(lexemes, TSQUERY)), *side_by_side
    )


def _lexemes(phrase: Phrase) -> str:
    return " & ".join(f"'{word}'" for word in phrase.words) + ":*" * phrase.open
