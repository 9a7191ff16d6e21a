"""One database by its URL: SQLite on one machine, PostgreSQL where one is not enough."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL, event, make_url, select, update
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from infra.database.tables import CURRENT_VERSION, create_tables, versions
from infra.errors import Halt, Retryable


@dataclass(frozen=True, slots=True)
class Database:
    """Hands out transactions. Queries are functions beside this file that take the connection.

    `writing` is held by whoever writes: writers of one process queue here, in order, and not inside SQLite.
    """

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
        """Return if the tables are current and can be written to, raise `Retryable` or `Halt` otherwise."""
        async with self.transaction() as tx:
            if await _version(tx) != CURRENT_VERSION:
                raise Halt(f"The tables of {self._name} are not there or not current: run `adjourn setup`.")
            await tx.execute(update(versions).values(version_num=CURRENT_VERSION))

    async def setup(self) -> None:
        """Create the tables, or bring them up to date. Safe to repeat, also by several processes at once.

        Raises `Halt` when a newer Adjourn made them, else as `transaction` does.
        """
        async with self.reading() as tx:
            if await _version(tx) == CURRENT_VERSION:
                return
        async with self.transaction() as tx:
            version = await _version(tx)
            if version is None:
                await tx.run_sync(create_tables)
            elif version > CURRENT_VERSION:
                raise Halt(f"A newer Adjourn made the tables of {self._name}: install that one again.")
            elif version < CURRENT_VERSION:
                from infra.database.migrations import upgrade  # only now: Alembic costs memory and time

                await tx.run_sync(upgrade)

    @property
    def _name(self) -> str:
        return f"the database {self.engine.url.database}"

    @asynccontextmanager
    async def _begin(self, sqlite_begin: str) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._connected() as connection:
                await connection.execution_options(sqlite_begin=sqlite_begin)
                async with connection.begin():
                    yield connection
        except DBAPIError as error:
            instruction = _instruction(error.orig, self._name)
            if instruction is None:
                raise
            raise instruction from error
        except PoolTimeout as error:
            raise Retryable("every connection to the database is in use") from error

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[AsyncConnection]:
        """A cancel while it opens or closes waits: it would leave the connection of the driver behind."""
        opening = asyncio.ensure_future(self.engine.connect().start())
        try:
            yield await asyncio.shield(opening)
        finally:
            with suppress(Exception):
                await asyncio.shield(asyncio.ensure_future(_close(opening)))


async def _close(opening: "asyncio.Future[AsyncConnection]") -> None:
    await (await opening).close()


@asynccontextmanager
async def open_database(url: str, *, busy_seconds: float = 10) -> AsyncIterator[Database]:
    """The database at `sqlite:///relative.db` or `sqlite:////absolute.db`; its folder is made when missing.

    Another process that writes is waited for, `busy_seconds` at most. Raises `Halt` when the URL or its file
    cannot be used.
    """
    location = _sqlite_location(url)
    await asyncio.to_thread(_open_once, Path(location.database or ""), busy_seconds)
    engine = create_async_engine(
        location.set(drivername="sqlite+aiosqlite"),
        connect_args={"timeout": busy_seconds},
        hide_parameters=True,  # an error's text must not hold what people said
    )
    event.listen(engine.sync_engine, "connect", _prepare_connection)
    event.listen(engine.sync_engine, "begin", _begin_transaction)
    try:
        yield Database(engine, asyncio.Lock())
    finally:
        await engine.dispose()


async def _version(tx: AsyncConnection) -> str | None:
    if not await tx.run_sync(lambda connection: connection.dialect.has_table(connection, versions.name)):
        return None
    version: str | None = await tx.scalar(select(versions.c.version_num))
    return version


def _sqlite_location(url: str) -> URL:
    try:
        location = make_url(url)
    except ArgumentError as error:
        raise Halt("The database URL cannot be read: write it as sqlite:///var/adjourn.db.") from error
    if location.drivername != "sqlite" or not location.database:
        raise Halt(f"The database URL must be sqlite:/// and a file, it is {location.drivername}:….")
    return location


def _open_once(file: Path, busy_seconds: float) -> None:
    """Here and not at the first transaction: aiosqlite leaves a thread behind where it cannot open.

    The file stays in WAL mode from now on. Going there does not wait for others who do the same.
    """
    deadline = time.monotonic() + busy_seconds
    name = f"the database {file}"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(file, timeout=busy_seconds)) as connection:
            while not _is_in_wal_mode(connection) and time.monotonic() < deadline:
                time.sleep(0.01)
    except (OSError, sqlite3.Error) as error:
        raise _instruction(error, name) or _cannot_open(name) from error


def _is_in_wal_mode(connection: sqlite3.Connection) -> bool:
    try:
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != _BUSY:
            raise
        return False
    return bool(mode == "wal")


def _prepare_connection(connection: Any, _: object) -> None:
    connection.isolation_level = None  # Python's own would begin late, and commit before some statements
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous = FULL")  # a committed offset of the log must not outlive the rows
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_transaction(connection: Any) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN"))


_ERROR, _BUSY, _LOCKED, _NO_MEMORY, _READ_ONLY, _INTERRUPT, _IO = 1, 5, 6, 7, 8, 9, 10
_CORRUPT, _FULL, _CANNOT_OPEN, _NOT_A_DATABASE = 11, 13, 14, 26


def _instruction(error: BaseException | None, name: str) -> Exception | None:
    """What to do about an error of SQLite (https://www.sqlite.org/rescode.html); null for a bug."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (_BUSY, _LOCKED, _NO_MEMORY, _INTERRUPT, _IO):
        return Retryable(f"{name} is not ready: {error}")
    if code == _FULL:
        return Halt(f"There is no room for {name}: free space on its disk, then start again.")
    if code == _READ_ONLY:
        return Halt(f"No writing to {name}: let this user write to it and to its folder, then start again.")
    if code == _CANNOT_OPEN:
        return _cannot_open(name)
    if code in (_NOT_A_DATABASE, _CORRUPT):
        return Halt(f"Damaged, or not SQLite's: {name}. Restore it, or move it away to begin anew.")
    if code == _ERROR and "no such table" in str(error):
        return Halt(f"There are no tables in {name}: run `adjourn setup`.")
    return None


def _cannot_open(name: str) -> Halt:
    return Halt(f"No opening {name}: see that it is a file in a folder where this user may write.")
