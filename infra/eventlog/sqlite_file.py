"""The database file of a log: its tables, and a thread of its own that holds a connection and heals it."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from infra.errors import LogUnavailable

T = TypeVar("T")
Identity = tuple[tuple[int, int], tuple[int, int]]

_BUSY_SECONDS = 1.5
"""An append waits for one running commit and then for its own: twice this stays well under a sender's 5 s."""

_WAL_KEPT_BYTES = 64 * 1024 * 1024

_GROUPS = """
CREATE TABLE IF NOT EXISTS groups (
    name TEXT NOT NULL, topic TEXT NOT NULL, committed INTEGER,
    PRIMARY KEY (name, topic)
) WITHOUT ROWID"""
_PROBE = "CREATE TABLE IF NOT EXISTS probe (id INTEGER PRIMARY KEY CHECK (id = 1), time_ms INTEGER NOT NULL)"


class ConnectionThread:
    """Runs functions of a connection, one after the other, off the event loop.

    Any trouble with the file becomes `LogUnavailable`; the connection is then opened anew for the next call.
    """

    def __init__(self, path: Path, topics: Sequence[str], *, create: bool, name: str) -> None:
        self._path = path
        self._topics = topics
        self._create = create
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._connection: sqlite3.Connection | None = None
        self._identity: Identity | None = None

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Raises `LogUnavailable`, also when the file that was worked on is no longer the one at its path."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._guarded, work)

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._drop)
        self._thread.shutdown()

    def _guarded(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            if self._connection is None:
                self._connection = connect(self._path, self._topics, create=self._create)
                self._identity = _identity(self._path)
            result = work(self._connection)
            if _identity(self._path) != self._identity:
                # SQLite goes on writing to a deleted file: what it calls durable would be gone.
                raise sqlite3.OperationalError("the file was deleted or replaced")
        except (sqlite3.Error, OSError) as exc:
            self._drop()
            raise LogUnavailable(f"the log {self._path} cannot be used: {exc}") from exc
        except BaseException:
            self._drop()
            raise
        return result

    def _drop(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
        self._connection = None


def table(topic: str) -> str:
    """The quoted name of a topic's table."""
    return '"topic.' + topic.replace('"', '""') + '"'


def connect(path: Path, topics: Sequence[str], *, create: bool) -> sqlite3.Connection:
    """A connection whose commits are fsynced, to a file that has its tables. The folder must exist.

    Raises `sqlite3.Error`.
    """
    uri = f"file:{quote(str(path.absolute()))}?mode={'rwc' if create else 'rw'}"
    connection = sqlite3.connect(
        uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA synchronous=FULL")
        if create:
            _make_tables(connection, topics)
        connection.execute("SELECT name FROM groups LIMIT 1").close()
    except BaseException:
        connection.close()
        raise
    return connection


def _make_tables(connection: sqlite3.Connection, topics: Sequence[str]) -> None:
    with closing(connection.execute("PRAGMA journal_mode=WAL")) as cursor:
        cursor.fetchall()
    connection.execute(f"PRAGMA journal_size_limit={_WAL_KEPT_BYTES}")
    connection.execute(_GROUPS)
    connection.execute(_PROBE)
    for topic in topics:
        # No AUTOINCREMENT: it costs a second table; trimming keeps a topic's last record instead.
        connection.execute(
            f"CREATE TABLE IF NOT EXISTS {table(topic)} (offset INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL,"
            " key BLOB NOT NULL, headers BLOB NOT NULL, value BLOB NOT NULL)"
        )


def _identity(path: Path) -> Identity:
    """Which file is at the path, and which write-ahead log beside it."""
    file, wal = path.stat(), path.with_name(path.name + "-wal").stat()
    return (file.st_dev, file.st_ino), (wal.st_dev, wal.st_ino)
