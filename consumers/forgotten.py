"""Meetings that were forgotten: whoever handles an event of one keeps nothing of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection

from infra.database.engine import Database
from infra.database.forgotten import is_forgotten
from infra.database.locks import lock_meeting


class Forgotten(Exception):
    """The meeting is to be known no more. Raised where its handler has nothing left to undo."""


@asynccontextmanager
async def writing_of(database: Database, provider: str, meeting_id: str) -> AsyncIterator[AsyncConnection]:
    """A transaction in which one meeting is read and written by nobody else. Raises `Forgotten`, else as
    `Database.transaction`."""
    async with database.transaction() as tx:
        await lock_meeting(tx, provider, meeting_id)
        await refuse_forgotten(tx, provider, meeting_id)
        yield tx


async def refuse_forgotten(tx: AsyncConnection, provider: str, meeting_id: str) -> None:
    """Raises `Forgotten`."""
    if await is_forgotten(tx, provider, meeting_id):
        raise Forgotten
