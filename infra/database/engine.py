"""One database by its URL: SQLite on one machine, PostgreSQL where one is not enough."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import event, make_url, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from infra.errors import Halt, Retryable

CURRENT_VERSION: Final = "0001"
"""The newest of `migrations/versions/`. A start with current tables loads no Alembic."""

_BUSY_SECONDS: Final = 10


@dataclass(frozen=True, slots=True)
class Database:
    """Hands out transactions. Queries are functions beside this file that take the connection."""

    engine: AsyncEngine
    writing: AbstractAsyncContextManager[Any]

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """Committed and durable when the block ends, rolled back when it raises.

        On SQLite one runs at a time, over all processes: keep it short, wait for nothing else inside.
        Raises `Retryable` when the database is not there or busy, `Halt` when it is full or refuses us.
        """
        async with self.writing, self._begin("BEGIN IMMEDIATE") as connection:
            yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """One consistent view beside whatever writes, to read from only. Raises as `transaction` does."""
        async with self._begin("BEGIN") as connection:
            yield connection

    async def probe(self) -> None:
        """Return if a transaction would succeed now, raise `Retryable` or `Halt` otherwise."""
        async with self.transaction() as connection:
            await connection.execute(text("SELECT 1"))

    async def setup(self) -> None:
        """Create the tables, or bring them up to date. Safe to repeat, also by several processes at once."""
        if await self._version() == CURRENT_VERSION:
            return
        from infra.database.migrations import upgrade  # only now: Alembic costs memory and time

        async with self.transaction() as connection:
            await connection.run_sync(upgrade)

    async def _version(self) -> str | None:
        async with self.reading() as connection:
            has_versions = await connection.run_sync(
                lambda sync: sync.dialect.has_table(sync, "alembic_version")
            )
            return (
                await connection.scalar(text("SELECT version_num FROM alembic_version"))
                if has_versions
                else None
            )

    @asynccontextmanager
    async def _begin(self, sqlite_begin: str) -> AsyncIterator[AsyncConnection]:
        try:
            async with self.engine.connect() as connection:
                await connection.execution_options(sqlite_begin=sqlite_begin)
                async with connection.begin():
                    yield connection
        except IntegrityError:
            raise
        except DBAPIError as error:
            raise _instruction(error, self.engine) from error
        except PoolTimeout as error:
            raise Retryable("every connection to the database is in use") from error


@asynccontextmanager
async def open_database(url: str) -> AsyncIterator[Database]:
    """The database at `sqlite:///relative.db` or `sqlite:////absolute.db`; its folder is made when missing.

    Opens nothing yet: the first transaction does. Raises `Halt` when the URL or its folder cannot be used.
    """
    location = make_url(url)
    if location.drivername != "sqlite" or not location.database:
        raise Halt(
            f"The database URL must look like sqlite:///var/adjourn.db, not like {location.drivername}:."
        )
    folder = Path(location.database).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Halt(
            f"The database's folder {folder} cannot be made ({error.strerror}): make it writable."
        ) from error
    engine = create_async_engine(
        location.set(drivername="sqlite+aiosqlite"),
        connect_args={"timeout": _BUSY_SECONDS},
        hide_parameters=True,  # an error's text must not hold what people said
    )
    event.listen(engine.sync_engine, "connect", _prepare_connection)
    event.listen(engine.sync_engine, "begin", _begin_transaction)
    try:
        yield Database(engine, asyncio.Lock())
    finally:
        await engine.dispose()


def _prepare_connection(connection: Any, _: object) -> None:
    connection.isolation_level = None  # Python's own would begin late, and commit before some statements
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute(
        "PRAGMA synchronous = FULL"
    )  # a committed log offset must not outlive the rows it stands for
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_transaction(connection: Any) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN"))


_BUSY, _LOCKED, _NO_MEMORY, _READ_ONLY, _INTERRUPT, _IO = 5, 6, 7, 8, 9, 10
_CORRUPT, _FULL, _CANNOT_OPEN, _NOT_A_DATABASE = 11, 13, 14, 26


def _instruction(error: DBAPIError, engine: AsyncEngine) -> Exception:
    """What to do about an error of the database; itself where it is a bug of ours."""
    where = f"The database {engine.url.database}"
    code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
    if code in (_BUSY, _LOCKED, _NO_MEMORY, _INTERRUPT, _IO):
        return Retryable(f"the database is not ready: {error.orig}")
    if code == _FULL:
        return Halt(f"{where} has no room left: free space on its disk, then start again.")
    if code == _READ_ONLY:
        return Halt(
            f"{where} is read-only: let this user write to the file and its folder, then start again."
        )
    if code == _CANNOT_OPEN:
        return Halt(f"{where} cannot be opened: see that its folder exists and this user may write there.")
    if code in (_NOT_A_DATABASE, _CORRUPT):
        return Halt(f"{where} is damaged or no SQLite file: restore it, or move it away to begin a new one.")
    return error
