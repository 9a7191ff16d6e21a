"""Which meetings a search is about."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Final

from sqlalchemy import ColumnElement, Select, Table, Tuple, case, false, func, literal, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.database.holdings import Key
from infra.database.tables import meetings, segments, transcripts

_FEW_MEETINGS: Final = 25
_FEW_SEGMENTS: Final = 12_500
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

    @property
    def is_of_all_time(self) -> bool:
        return self.since is None and self.until is None


EVERYTHING: Final = Only()


async def few_meetings(tx: AsyncConnection, only: Only) -> Sequence[Key] | None:
    """The meetings with a transcript that count, where there is so little to read of them; else null."""
    if only.is_of_all_time and only.provider is None:
        return None
    found: list[Key] = [
        (row[0], row[1]) for row in await tx.execute(_meetings(only).limit(_FEW_MEETINGS + 1))
    ]
    if len(found) > _FEW_MEETINGS:
        return None
    some = select(literal(1)).where(is_of(found)).limit(_FEW_SEGMENTS + 1).subquery()
    count = await tx.scalar(select(func.count()).select_from(some))
    return found if count is not None and count <= _FEW_SEGMENTS else None


def is_of(chosen: Sequence[Key]) -> ColumnElement[bool]:
    """Whether a segment is of one of these meetings. Of a list of pairs SQLite would not use the index."""
    keys = ((segments.c.provider == provider) & (segments.c.meeting_id == one) for provider, one in chosen)
    return or_(false(), *keys)


def is_in(only: Only) -> Iterator[ColumnElement[bool]]:
    """What must be true of a segment in a meeting that counts."""
    if only.provider is not None:
        yield segments.c.provider == only.provider
    if not only.is_of_all_time:
        yield _key(segments).in_(_in_time(only))


def newest_of(only: Only) -> ColumnElement[int]:
    """The greatest id of a segment in a meeting that counts: those of a meeting grow with their position."""
    chosen = _meetings(only).subquery()
    last = (
        select(segments.c.id)
        .where(segments.c.provider == chosen.c.provider, segments.c.meeting_id == chosen.c.meeting_id)
        .order_by(segments.c.position.desc())
        .limit(1)
        .scalar_subquery()
    )
    return select(func.max(last)).select_from(chosen).scalar_subquery()


def _meetings(only: Only) -> Select[str, str]:
    chosen = select(transcripts.c.provider, transcripts.c.meeting_id).distinct()
    if only.provider is not None:
        chosen = chosen.where(transcripts.c.provider == only.provider)
    return chosen if only.is_of_all_time else chosen.where(_key(transcripts).in_(_in_time(only)))


def _key(of: Table) -> Tuple:
    return tuple_(of.c.provider, of.c.meeting_id)


def _in_time(only: Only) -> Select[str, str]:
    return select(meetings.c.provider, meetings.c.meeting_id).where(*_within(only))


def _within(only: Only) -> Iterator[ColumnElement[bool]]:
    joined, first_ms = meetings.c.joined_at, meetings.c.first_event_ms
    if only.since is not None:
        yield case((joined.is_(None), first_ms >= _ms(only.since)), else_=joined >= only.since)
    if only.until is not None:
        yield case((joined.is_(None), first_ms < _ms(only.until)), else_=joined < only.until)


def _ms(moment: datetime) -> int:
    return ceil(moment.timestamp() * 1000)
