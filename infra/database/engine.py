"""One database by its URL: SQLite on one machine, PostgreSQL where one is not enough."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine


@dataclass(frozen=True, slots=True)
class Database:
    """Hands out transactions. Queries are functions beside this file that take the connection."""

    engine: AsyncEngine

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """Committed and durable when the block ends, rolled back when it raises.

        Raises `Retryable` when the database is not there or busy, `Halt` when it is full or refuses us.
        """
        async with self.engine.begin() as connection:
            yield connection
