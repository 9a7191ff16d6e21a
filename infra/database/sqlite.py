"""SQLite behind the database: one file, opened durably, and what its errors ask of us."""

import asyncio
import sqlite3
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from infra.database.base import Backend
from infra.errors import Halt, Retryable


async def open_sqlite(url: str, *, busy_seconds: float) -> Backend:
    """Its folder is made when missing. Raises `Halt` when the URL or the file cannot be used."""
    location = _location(url)
    name = f"the database {location.database}"
    await asyncio.to_thread(_open_once, Path(location.database or ""), busy_seconds, name)
    engine = create_async_engine(
        location.set(drivername="sqlite+aiosqlite"),
        connect_args={"timeout": busy_seconds},
        hide_parameters=True,  # an error's text must not hold what people said
    )
    event.listen(engine.sync_engine, "connect", _prepare_connection)
    event.listen(engine.sync_engine, "begin", _begin_transaction)
    return Backend(
        engine=engine,
        name=name,
        queue=asyncio.Lock(),  # writers of one process queue here, in order, and not inside SQLite
        reading={"sqlite_begin": "BEGIN"},
        writing={"sqlite_begin": "BEGIN IMMEDIATE"},
        instruction=partial(_instruction, name=name),
        turns=None,
    )


def _location(url: str) -> URL:
    try:
        location = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise Halt(
            "The database URL cannot be read: write it as sqlite:///var/adjourn.db"
            " or as postgresql://user:password@host/name."
        ) from error
    if location.drivername != "sqlite" or not location.database:
        raise Halt(
            "The database URL must be sqlite:/// and a file, or postgresql:// and a server,"
            f" it is {location.drivername}:…."
        )
    return location


def _open_once(file: Path, busy_seconds: float, name: str) -> None:
    """Here and not at the first transaction: aiosqlite leaves a thread behind where it cannot open.

    The file stays in WAL mode from now on. Going there does not wait for others who do the same.
    """
    deadline = time.monotonic() + busy_seconds
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


def _instruction(error: BaseException, name: str) -> Exception | None:
    """What to do about an error of SQLite (https://www.sqlite.org/rescode.html); null for a bug."""
    reason = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(reason, "sqlite_errorcode", 0) & 0xFF
    if code in (_BUSY, _LOCKED, _NO_MEMORY, _INTERRUPT, _IO):
        return Retryable(f"{name} is not ready: {reason}")
    if code == _FULL:
        return Halt(f"There is no room for {name}: free space on its disk, then start again.")
    if code == _READ_ONLY:
        return Halt(f"No writing to {name}: let this user write to it and to its folder, then start again.")
    if code == _CANNOT_OPEN:
        return _cannot_open(name)
    if code in (_NOT_A_DATABASE, _CORRUPT):
        return Halt(f"Damaged, or not SQLite's: {name}. Restore it, or move it away to begin anew.")
    if code == _ERROR and "no such table" in str(reason):
        return Halt(f"There are no tables in {name}: run `adjourn setup`.")
    return None


def _cannot_open(name: str) -> Halt:
    return Halt(f"No opening {name}: see that it is a file in a folder where this user may write.")
