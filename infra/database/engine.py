"""One database by its URL: SQLite on one machine, PostgreSQL where one is not enough."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from infra.database.base import Backend
from infra.database.locks import lock_setup, lock_work
from infra.database.sqlite import open_sqlite
from infra.database.tables import CURRENT_VERSION, create_tables, versions
from infra.errors import Halt, Retryable


@dataclass(frozen=True, slots=True)
class Database:
    """Hands out transactions. Queries are functions beside this file that take the connection."""

    backend: Backend

    @property
    def name(self) -> str:
        """For people: which database, and where. Without user and password."""
        return self.backend.name

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """Committed and durable when the block ends, rolled back when it raises. Wait for nothing else in it.

        On SQLite one runs at a time, over all processes. On PostgreSQL they run side by side, and who reads
        in order to write takes a lock first (`lock_meeting`).
        Raises `Retryable` when the database is not there or busy, `Halt` when it is full or refuses us.
        """
        async with self.backend.queue, self._begin(self.backend.engine, self.backend.writing) as connection:
            yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """One consistent view beside whatever writes, to read from only. Raises as `transaction` does."""
        async with self._begin(self.backend.engine, self.backend.reading) as connection:
            yield connection

    @asynccontextmanager
    async def alone_with(self, provider: str, meeting_id: str) -> AsyncIterator[None]:
        """No other worker is in such a block of the same meeting meanwhile, on whatever machine.

        For work on objects whose rows follow; transactions may be begun inside. Raises as `transaction` does:
        `Retryable` also when another worker stays too long. On SQLite, for one process, it holds nothing.
        """
        if self.backend.turns is None:
            yield
            return
        async with self._begin(self.backend.turns, self.backend.writing) as connection:
            await lock_work(connection, provider, meeting_id)
            yield

    async def probe(self) -> None:
        """Return if the tables are current and can be written to, raise `Retryable` or `Halt` otherwise."""
        async with self.transaction() as tx:
            if await _version(tx) != CURRENT_VERSION:
                raise Halt(f"The tables of {self.name} are not there or not current: run `adjourn setup`.")
            await tx.execute(update(versions).values(version_num=CURRENT_VERSION))

    async def setup(self) -> None:
        """Create the tables, or bring them up to date. Safe to repeat, also by several processes at once.

        Raises `Halt` when a newer Adjourn made them, else as `transaction` does.
        """
        async with self.reading() as tx:
            if await _version(tx) == CURRENT_VERSION:
                return
        async with self.transaction() as tx:
            await lock_setup(tx)
            version = await _version(tx)
            if version is None:
                await tx.run_sync(create_tables)
            elif version > CURRENT_VERSION:
                raise Halt(f"A newer Adjourn made the tables of {self.name}: install that one again.")
            elif version < CURRENT_VERSION:
                from infra.database.migrations import upgrade  # only now: Alembic costs memory and time

                await tx.run_sync(upgrade)

    @asynccontextmanager
    async def _begin(self, engine: AsyncEngine, options: Mapping[str, Any]) -> AsyncIterator[AsyncConnection]:
        opening = asyncio.ensure_future(engine.connect().start())
        try:
            connection = await self._opened(opening)
            await connection.execution_options(**options)
            async with connection.begin():
                yield connection
        except DBAPIError as error:
            instruction = self.backend.instruction(error)
            if instruction is None:
                raise
            raise instruction from error
        finally:  # a cancel meanwhile waits: it would leave the connection of the driver behind
            with suppress(Exception):
                await asyncio.shield(asyncio.ensure_future(_close(opening)))

    async def _opened(self, opening: "asyncio.Future[AsyncConnection]") -> AsyncConnection:
        try:
            return await asyncio.shield(opening)
        except PoolTimeout as error:
            raise Retryable("every connection to the database is in use") from error
        except DBAPIError:
            raise
        except Exception as error:
            instruction = self.backend.instruction(error)
            if instruction is None:
                raise
            raise instruction from error


async def _close(opening: "asyncio.Future[AsyncConnection]") -> None:
    await (await opening).close()


@asynccontextmanager
async def open_database(
    url: str,
    *,
    busy_seconds: float = 10,
    pool_size: int = 10,
    connect_seconds: float = 10,
    statement_seconds: float = 30,
) -> AsyncIterator[Database]:
    """The database at `sqlite:///relative.db`, `sqlite:////absolute.db` or `postgresql://user@host/name`.

    Others are waited for, `busy_seconds` at most: on SQLite another process that writes, on PostgreSQL locks
    and a free connection. Only PostgreSQL knows the others: `pool_size` connections at most, besides one for
    each `alone_with`; one is open within `connect_seconds`, and a statement done within `statement_seconds`.

    On SQLite the folder is made when missing, and its troubles are told here, as `Halt`; PostgreSQL is first
    asked by the first transaction. Raises `Halt` when the URL cannot be used.
    """
    if url.startswith(("postgresql://", "postgres://")):
        from infra.database.postgresql import open_postgresql  # only now: SQLite shall not wait for it

        backend = open_postgresql(
            url,
            busy_seconds=busy_seconds,
            pool_size=pool_size,
            connect_seconds=connect_seconds,
            statement_seconds=statement_seconds,
        )
    else:
        backend = await open_sqlite(url, busy_seconds=busy_seconds)
    try:
        yield Database(backend)
    finally:
        await backend.engine.dispose()


async def _version(tx: AsyncConnection) -> str | None:
    if not await tx.run_sync(lambda connection: connection.dialect.has_table(connection, versions.name)):
        return None
    version: str | None = await tx.scalar(select(versions.c.version_num))
    return version
