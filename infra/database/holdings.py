"""What is stored, over all meetings, for whoever looks through all of it: a page of meetings at a time."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.database.engine import Database
from infra.database.tables import artifacts
from schemas.manifest import Artifact

_MEETINGS_A_PAGE: Final = 200
_KEYS_A_QUERY: Final = 200

Key = tuple[str, str]
"""Provider and meeting id."""


@dataclass(frozen=True, slots=True)
class Amount:
    """How many artifacts, and their bytes."""

    artifacts: int
    size: int


async def amount_stored(tx: AsyncConnection, since: datetime | None = None) -> Amount:
    """Of all meetings, or of what was stored from `since` on."""
    query = select(func.count(), func.coalesce(func.sum(artifacts.c.size), 0)).where(_since(since))
    count, size = (await tx.execute(query)).one()
    return Amount(count, int(size))


async def all_holdings(
    database: Database, since: datetime | None = None
) -> AsyncIterator[tuple[Key, list[Artifact]]]:
    """Each meeting with its artifacts, in order of their keys; with `since` those where one was stored then.

    Read a page at a time, between which others write: a meeting is seen as it is when its page is read.
    """
    last: Key | None = None
    while True:
        async with database.reading() as tx:
            page = await _page(tx, since, last)
        for key, stored in page.items():
            yield key, stored
        if len(page) < _MEETINGS_A_PAGE:
            return
        last = next(reversed(page))


async def holders_among(tx: AsyncConnection, keys: Collection[Key]) -> set[Key]:
    """Those of these meetings of which anything is stored."""
    wanted = list(keys)
    found: set[Key] = set()
    for first in range(0, len(wanted), _KEYS_A_QUERY):
        some = or_(*(_is(key) for key in wanted[first : first + _KEYS_A_QUERY]))
        rows = await tx.execute(select(artifacts.c.provider, artifacts.c.meeting_id).where(some).distinct())
        found.update((provider, meeting_id) for provider, meeting_id in rows)
    return found


async def _page(tx: AsyncConnection, since: datetime | None, last: Key | None) -> dict[Key, list[Artifact]]:
    chosen = _keys(since, last).subquery()
    of_them = and_(artifacts.c.provider == chosen.c.provider, artifacts.c.meeting_id == chosen.c.meeting_id)
    query = (
        select(artifacts)
        .join(chosen, of_them)
        .order_by(artifacts.c.provider, artifacts.c.meeting_id, artifacts.c.stored_at, artifacts.c.name)
    )
    page: dict[Key, list[Artifact]] = {}
    for row in (await tx.execute(query)).mappings():
        page.setdefault((row["provider"], row["meeting_id"]), []).append(Artifact.model_validate(dict(row)))
    return page


def _keys(since: datetime | None, last: Key | None) -> Select[Any]:
    return (
        select(artifacts.c.provider, artifacts.c.meeting_id)
        .where(_since(since), true() if last is None else _after(last))
        .distinct()
        .order_by(artifacts.c.provider, artifacts.c.meeting_id)
        .limit(_MEETINGS_A_PAGE)
    )


def _since(since: datetime | None) -> ColumnElement[bool]:
    return true() if since is None else artifacts.c.stored_at >= since


def _after(key: Key) -> ColumnElement[bool]:
    same_provider = and_(artifacts.c.provider == key[0], artifacts.c.meeting_id > key[1])
    return or_(artifacts.c.provider > key[0], same_provider)


def _is(key: Key) -> ColumnElement[bool]:
    return and_(artifacts.c.provider == key[0], artifacts.c.meeting_id == key[1])
